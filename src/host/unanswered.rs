//! Why a document could not be had: which one, and what came in its place. For the log and for the `cause`
//! of an error; the answer to a stranger names no URL.

use std::fmt;
use std::sync::Arc;

use super::{GetError, GetResponse, retry_after};
use crate::error::ERRORS_PAGE;
use crate::host::naming::NAMING;

/// A request of the edge's own that did not bring what it was sent for.
#[derive(Debug)]
pub(crate) struct Unanswered {
    url: String,
    problem: Problem,
    named_by: NamedBy,
    /// Seconds for which the server asks to be left alone
    retry_after: Option<u32>,
}

/// What the operator has said of a URL, and may have to correct.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum NamedBy {
    /// A base URL or a base path
    #[default]
    Base,
    /// A base URL without a path, for a key set: the base path is the default, or said apart
    BasePath,
    /// A base URL with a path, for a key set
    BaseUrl,
    /// The key set's own URL
    KeyUrl,
}

#[derive(Debug)]
enum Problem {
    Get(GetError),
    /// Where to, if that is known
    Redirect(u16, Option<String>),
    Status(u16),
    /// Cloudflare's: a Worker must not fetch from a Worker of its own zone
    SameZone,
    /// The answer is an edge's
    Edge,
    /// A page for people, with status 200
    Page,
    /// Status 200 with something else
    Content(String),
    Pending,
}

impl Unanswered {
    /// There is no answer.
    pub(crate) fn failed(url: &str, error: GetError) -> Self {
        Self::new(url, Problem::Get(error))
    }

    /// There is an answer, at `now`, with another status than the one that was hoped for.
    pub(crate) fn refused(url: &str, response: &GetResponse, now: f64) -> Self {
        let status = response.status;
        let problem = match status {
            // two mistakes of deployment are told by the body
            _ if response.says("error code: 1042") => Problem::SameZone,
            _ if response.says(ERRORS_PAGE) => Problem::Edge,
            // a browser gives no status for it
            0 | 301 | 302 | 303 | 307 | 308 => {
                Problem::Redirect(status, response.header("location").map(without_query))
            }
            status => Problem::Status(status),
        };
        Self { retry_after: retry_after(response, now), ..Self::new(url, problem) }
    }

    /// The same, where the URL comes from that.
    pub(crate) fn named_by(self, named_by: NamedBy) -> Self {
        Self { named_by, ..self }
    }

    /// The status is as it should be, and the content is not: half a sentence says what that is.
    pub(crate) fn content(url: &str, response: &GetResponse, what: impl fmt::Display) -> Self {
        let problem = match response.is_html() {
            true => Problem::Page,
            false => Problem::Content(what.to_string()),
        };
        Self::new(url, problem)
    }

    /// Another request has asked, and waits for the answer.
    pub(crate) fn pending(url: &str) -> Self {
        Self::new(url, Problem::Pending)
    }

    /// Seconds for which the server asks to be left alone, where it does.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }

    /// Whether the next request for another document of that server would fare no better.
    pub(crate) fn is_of_the_server(&self) -> bool {
        match self.problem {
            Problem::Get(_) | Problem::SameZone | Problem::Edge | Problem::Pending => true,
            Problem::Redirect(..) | Problem::Page => true,
            Problem::Status(status) => matches!(status, 404 | 429 | 502..=504),
            Problem::Content(_) => false,
        }
    }

    /// What a stranger may know of it, as half a sentence about the server: no URL.
    pub(crate) fn outline(&self) -> Option<String> {
        match &self.problem {
            Problem::Redirect(..) => Some("it answered with a redirect".to_owned()),
            Problem::Status(status) => {
                Some(format!("it answered {status}{}", hint(*status, self.named_by)))
            }
            Problem::Page => Some("it answered with a page".to_owned()),
            _ => None,
        }
    }

    fn new(url: &str, problem: Problem) -> Self {
        Self { url: without_query(url), problem, named_by: NamedBy::default(), retry_after: None }
    }
}

/// What is behind a status, as far as can be guessed.
fn hint(status: u16, named_by: NamedBy) -> String {
    const FIREWALL: &str = ": a firewall or a sign-in in front of it may have refused the edge";
    const ELSEWHERE: &str = ": the jwt plugin is missing, or ";
    let [base_path, base_url, jwks_url] =
        ["BETTER_AUTH_BASE_PATH", "BETTER_AUTH_URL", "JWKS_URL"].map(|it| NAMING.name_of(it));
    let other_base_path = |setting: &str| {
        let other = "the base path is another one (";
        [ELSEWHERE, other, setting, "), or the plugin's jwksPath is (", jwks_url, ")"].concat()
    };
    match (status, named_by) {
        (404, NamedBy::Base) => {
            let other = "the base path is another one (";
            [ELSEWHERE, other, base_path, ", or the path in ", base_url, ")"].concat()
        }
        (404, NamedBy::BasePath) => other_base_path(base_path),
        (404, NamedBy::BaseUrl) => other_base_path(base_url),
        (404, NamedBy::KeyUrl) => [ELSEWHERE, "its key set is elsewhere (", jwks_url, ")"].concat(),
        (401 | 403, _) => FIREWALL.to_owned(),
        _ => String::new(),
    }
}

/// A query may hold what must not be logged.
fn without_query(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    url[..end].to_owned()
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GET {}: ", self.url)?;
        match &self.problem {
            Problem::Get(error) => write!(f, "{error}"),
            Problem::Redirect(status, location) => {
                f.write_str("the server answered with a redirect, which is not followed")?;
                match (status, location) {
                    (0, _) => Ok(()),
                    (status, None) => write!(f, ": {status}"),
                    (status, Some(location)) => write!(f, ": {status} to {location}"),
                }
            }
            Problem::Status(status) => {
                write!(f, "the server answered {status}, not 200{}", hint(*status, self.named_by))
            }
            Problem::SameZone => f.write_str(
                "a Worker must not fetch from its own zone (error 1042): bind the auth server as AUTH",
            ),
            Problem::Edge => f.write_str("the URL is an edge's own: bind the auth server as AUTH"),
            Problem::Page => f.write_str(
                "the server answered 200 with a page in place of JSON: it may be a sign-in page, or \
                 another server's",
            ),
            Problem::Content(what) => write!(f, "the server answered 200, but {what}"),
            Problem::Pending => f.write_str("the server has not answered yet"),
        }
    }
}

impl std::error::Error for Unanswered {}

/// It serves all who have waited for it.
pub(crate) type SharedCause = Arc<Unanswered>;
