//! The edge's own requests, for small documents.

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
    /// The header that authorizes the edge, its name in lower case, and its value
    pub authorization: Option<(Arc<str>, String)>,
    /// The header that forwards the client address, and the address
    pub client_address: Option<(Arc<str>, String)>,
    /// The largest body to read, in bytes
    pub max_bytes: usize,
    /// Milliseconds until the whole response must have arrived
    pub timeout: u32,
}

impl GetRequest {
    /// The value of `User-Agent` (RFC 9110, section 10.1.5). Firewalls reject requests without one.
    pub const USER_AGENT: &'static str = concat!("better-auth-edge/", env!("CARGO_PKG_VERSION"));

    /// The headers: names in lower case, and values. A host sends all of them. A browser omits
    /// `user-agent`, which would cause a preflight request (CORS).
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let always = [("accept", self.accept), ("user-agent", Self::USER_AGENT)];
        let cookie = self.cookie.as_deref().map(|cookie| ("cookie", cookie));
        let further = self.authorization.iter().chain(&self.client_address);
        let further = further.map(|(name, value)| (&**name, value.as_str()));
        always.into_iter().chain(cookie).chain(further)
    }
}

/// Shows neither the cookie nor the authorization.
impl fmt::Debug for GetRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetRequest").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The response to a [`GetRequest`].
#[derive(Clone, Debug, Default)]
pub struct GetResponse {
    /// The HTTP status
    pub status: u16,
    /// The headers that [`HEADERS`](Self::HEADERS) lists: names in lower case, and values
    pub headers: Vec<(String, String)>,
    /// The body; for another status than 200, at most the first kilobyte
    pub body: Vec<u8>,
}

impl GetResponse {
    /// The headers that the core reads, in lower case. A host may return more.
    pub const HEADERS: [&'static str; 8] = [
        "cf-mitigated",
        "location",
        "retry-after",
        "www-authenticate",
        "x-amzn-errortype",
        "x-amzn-waf-action",
        "x-retry-after",
        "x-revocation-shards",
    ];

    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Whether the body contains a text.
    pub(crate) fn contains(&self, text: &str) -> bool {
        self.body.windows(text.len()).any(|part| part == text.as_bytes())
    }

    /// Whether the body looks like HTML.
    pub(crate) fn is_html(&self) -> bool {
        self.body.trim_ascii_start().first() == Some(&b'<')
    }
}

/// Why a fetch has no response.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GetError {
    /// The server did not respond, or the connection broke
    Unreachable,
    /// The response took too long
    TimedOut,
    /// The response was larger than [`GetRequest::max_bytes`]
    TooLarge,
    /// The runtime does not allow the fetch. The text says why and what to change
    NotAllowed(&'static str),
    /// Another reason, in the words of the host
    Other(String),
    /// The server responded with status 200, and the body is unusable for this reason
    Unusable(String),
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "the server could not be reached",
            Self::TimedOut => "the server did not answer in time",
            Self::TooLarge => "the answer is too large",
            Self::NotAllowed(why) => why,
            Self::Other(why) | Self::Unusable(why) => why,
        })
    }
}

impl std::error::Error for GetError {}
