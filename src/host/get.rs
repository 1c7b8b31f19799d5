//! A request of the edge's own, for a small document: what is asked, and what comes back.

use std::fmt;
use std::sync::Arc;

/// A request for a small document.
#[derive(Clone)]
pub struct GetRequest {
    /// An absolute URL
    pub url: String,
    /// The value of the header `Accept`
    pub accept: &'static str,
    /// The value of the header `Cookie`, if there is one
    pub cookie: Option<String>,
    /// For whom it is asked: the name of a header, and the visitor's IP address as its value
    pub visitor: Option<(Arc<str>, String)>,
    /// More bytes than this are not read
    pub max_bytes: usize,
    /// Milliseconds until the whole answer must be there
    pub timeout: u32,
}

impl GetRequest {
    /// What the edge calls itself (RFC 9110, section 10.1.5). Firewalls refuse requests without a name.
    pub const USER_AGENT: &'static str = concat!("better-auth-edge/", env!("CARGO_PKG_VERSION"));

    /// The names, in lower case, and values of its headers. A host sends them all; only a browser
    /// leaves out `user-agent`, which would make it ask for permission first (CORS).
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let always = [("accept", self.accept), ("user-agent", Self::USER_AGENT)];
        let cookie = self.cookie.as_deref().map(|cookie| ("cookie", cookie));
        let visitor = self.visitor.as_ref().map(|(name, address)| (&**name, address.as_str()));
        always.into_iter().chain(cookie).chain(visitor)
    }
}

/// Shows nothing of a cookie.
impl fmt::Debug for GetRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetRequest").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Its answer.
#[derive(Clone, Debug, Default)]
pub struct GetResponse {
    /// The HTTP status
    pub status: u16,
    /// Those of [`HEADERS`](Self::HEADERS) that it has: names in lower case, and values
    pub headers: Vec<(String, String)>,
    /// The body; for another status than 200 what fits into a kilobyte, or nothing
    pub body: Vec<u8>,
}

impl GetResponse {
    /// The headers that the core looks at, in lower case. A host may hand over more.
    pub const HEADERS: [&'static str; 7] = [
        "cf-mitigated",
        "location",
        "retry-after",
        "www-authenticate",
        "x-amzn-errortype",
        "x-amzn-waf-action",
        "x-retry-after",
    ];

    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Whether the body has that text in it.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.body.windows(text.len()).any(|part| part == text.as_bytes())
    }

    /// Whether the body looks like a page for people.
    pub(crate) fn is_html(&self) -> bool {
        self.body.trim_ascii_start().first() == Some(&b'<')
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GetError {
    /// The server did not answer, or the connection broke
    Unreachable,
    /// The answer took too long
    TimedOut,
    /// The answer was larger than asked for
    TooLarge,
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "the server could not be reached",
            Self::TimedOut => "the server did not answer in time",
            Self::TooLarge => "the answer is too large",
        })
    }
}

impl std::error::Error for GetError {}
