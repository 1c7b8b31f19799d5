//! Why a fetch of a document failed. The log and the `cause` of an error show the URL; responses to
//! clients do not.

use std::fmt;
use std::sync::Arc;

use super::{GetError, GetResponse, retry_after};
use crate::config::settings_table::Naming;
use crate::error::ERRORS_PAGE;

/// The error of a fetch. It is the source of an [`Error`](crate::Error) with the code
/// `keys_unavailable`, as `Arc<FetchError>`.
#[derive(Debug)]
pub struct FetchError {
    url: String,
    reason: Reason,
    url_setting: UrlSetting,
    /// Seconds to wait before the next request, as the server says
    retry_after: Option<u32>,
}

/// The setting that a URL comes from, by the name that the operator writes and can correct.
#[derive(Clone, Copy, Debug, Default)]
pub struct UrlSetting {
    /// The kind of setting
    pub kind: UrlKind,
    /// How the operator writes its name
    pub naming: Naming,
}

/// The kind of setting that a URL comes from.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum UrlKind {
    /// A base URL or a base path
    #[default]
    Base,
    /// A base URL without a path, for a JWK Set: the base path is the default or a setting
    BasePath,
    /// A base URL with a path, for a JWK Set
    BaseUrl,
    /// The URL of the JWK Set
    KeyUrl,
    /// The URL of an edge's JWK Set
    EdgeKeyUrl,
}

#[derive(Debug)]
enum Reason {
    Get(GetError),
    /// The status, and the target if it is known
    Redirect(u16, Option<String>),
    Status(u16),
    /// The response comes from an edge, with this status
    Edge(u16),
    /// An HTML page, with status 200
    Page,
    /// Another document, with status 200
    Content(String),
    Pending,
}

impl UrlSetting {
    /// The name of the setting that says where the server is.
    fn name(self) -> &'static str {
        match self.kind {
            UrlKind::Base | UrlKind::BasePath | UrlKind::BaseUrl => {
                self.naming.name_of("BETTER_AUTH_URL")
            }
            UrlKind::KeyUrl => self.naming.name_of("JWKS_URL"),
            UrlKind::EdgeKeyUrl => "EDGE_JWKS_URL",
        }
    }
}

impl FetchError {
    /// The server did not respond.
    pub(crate) fn failed(url: &str, error: GetError) -> Self {
        let reason = match error {
            GetError::Unusable(why) => Reason::Content(why),
            error => Reason::Get(error),
        };
        Self::new(url, reason)
    }

    /// The server responded at `now` with another status than 200.
    pub(crate) fn status(url: &str, response: &GetResponse, now: f64) -> Self {
        let status = response.status;
        let reason = match status {
            _ if response.contains(ERRORS_PAGE) => Reason::Edge(status),
            // browsers report the status of a redirect as 0
            0 | 301 | 302 | 303 | 307 | 308 => {
                Reason::Redirect(status, response.header("location").map(without_query))
            }
            status => Reason::Status(status),
        };
        Self { retry_after: retry_after(response, now), ..Self::new(url, reason) }
    }

    /// The same for a URL that comes from this setting.
    pub(crate) fn url_setting(self, url_setting: UrlSetting) -> Self {
        Self { url_setting, ..self }
    }

    /// The server responded with status 200 and unusable content. `what` completes "the server
    /// answered 200, but".
    pub(crate) fn content(url: &str, response: &GetResponse, what: impl fmt::Display) -> Self {
        let reason = match response.is_html() {
            true => Reason::Page,
            false => Reason::Content(what.to_string()),
        };
        Self::new(url, reason)
    }

    /// Another request has started the fetch, and it is not done.
    pub(crate) fn pending(url: &str) -> Self {
        Self::new(url, Reason::Pending)
    }

    /// The URL without its query.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The status of the response. `None` without a response.
    pub fn status_code(&self) -> Option<u16> {
        match &self.reason {
            Reason::Get(_) | Reason::Pending => None,
            Reason::Redirect(status, _) | Reason::Status(status) | Reason::Edge(status) => {
                Some(*status)
            }
            Reason::Page | Reason::Content(_) => Some(200),
        }
    }

    /// The reason without the URL.
    pub fn reason(&self) -> String {
        match &self.reason {
            Reason::Get(GetError::Unreachable) => {
                let error = GetError::Unreachable.to_string();
                [&error, ": does it run, and is ", self.url_setting.name(), " its address?"]
                    .concat()
            }
            Reason::Get(error) => error.to_string(),
            Reason::Redirect(status, location) => {
                let redirect = "the server answered with a redirect, which is not followed";
                let setting = self.url_setting.name();
                match (status, location) {
                    (0, _) => redirect.to_owned(),
                    (status, None) => format!("{redirect}: {status}"),
                    (status, Some(location)) => {
                        format!(
                            "{redirect}: {status} to {location}; if Better Auth is there, change {setting}"
                        )
                    }
                }
            }
            Reason::Status(status) => self.other_status(*status),
            Reason::Edge(status) if self.url_setting.kind == UrlKind::EdgeKeyUrl => {
                self.other_status(*status)
            }
            Reason::Edge(_) => "the URL is an edge's own".to_owned(),
            Reason::Page => "the server answered 200 with a page in place of JSON: it may be a \
                             sign-in page, or another server's"
                .to_owned(),
            Reason::Content(what) => format!("the server answered 200, but {what}"),
            Reason::Pending => "the server has not answered yet".to_owned(),
        }
    }

    fn other_status(&self, status: u16) -> String {
        format!("the server answered {status}, not 200{}", hint(status, self.url_setting))
    }

    /// Seconds to wait before the next request, if the server says so.
    pub fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }

    /// Whether a fetch of another document from that server would fail too.
    pub(crate) fn concerns_server(&self) -> bool {
        match self.reason {
            Reason::Get(_) | Reason::Edge(_) | Reason::Pending => true,
            Reason::Redirect(..) | Reason::Page => true,
            Reason::Status(status) => matches!(status, 404 | 429 | 502..=504),
            Reason::Content(_) => false,
        }
    }

    /// The part that a client may know, as a predicate about the server, without a URL.
    pub(crate) fn outline(&self) -> Option<String> {
        match &self.reason {
            Reason::Redirect(..) => Some("it answered with a redirect".to_owned()),
            Reason::Status(status) => {
                Some(format!("it answered {status}{}", hint(*status, self.url_setting)))
            }
            Reason::Page => Some("it answered with a page".to_owned()),
            _ => None,
        }
    }

    fn new(url: &str, reason: Reason) -> Self {
        Self {
            url: without_query(url),
            reason,
            url_setting: UrlSetting::default(),
            retry_after: None,
        }
    }
}

/// The likely reason for a status.
fn hint(status: u16, UrlSetting { kind, naming }: UrlSetting) -> String {
    const FIREWALL: &str = ": a firewall or a sign-in in front of it may have rejected the request";
    const ELSEWHERE: &str = ": the jwt plugin is missing, or ";
    const ELSEWHERE_OR_OTHER: &str = ": the jwt plugin is missing, another server answers there (";
    const NO_EDGE: &str =
        ": no edge answers there; EDGE_JWKS_URL must be the URL of the edge, not of this app";
    let [base_path, base_url, jwks_url] =
        ["BETTER_AUTH_BASE_PATH", "BETTER_AUTH_URL", "JWKS_URL"].map(|name| naming.name_of(name));
    match (status, kind) {
        (404, UrlKind::Base) => {
            let other = "the base path is another one (";
            [ELSEWHERE, other, base_path, ", or the path in ", base_url, ")"].concat()
        }
        (404, UrlKind::BasePath) => {
            let other = "), the base path is another one (";
            let paths = [base_path, "), or the plugin's jwksPath is (", jwks_url, ")"].concat();
            [ELSEWHERE_OR_OTHER, base_url, other, &paths].concat()
        }
        (404, UrlKind::BaseUrl) => {
            let other = "the base path is another one (";
            [ELSEWHERE, other, base_url, "), or the plugin's jwksPath is (", jwks_url, ")"].concat()
        }
        (404, UrlKind::KeyUrl) => [ELSEWHERE, "its key set is elsewhere (", jwks_url, ")"].concat(),
        (404, UrlKind::EdgeKeyUrl) => NO_EDGE.to_owned(),
        (401 | 403, _) => FIREWALL.to_owned(),
        _ => String::new(),
    }
}

/// A query can contain secrets, which must not be logged.
fn without_query(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    url[..end].to_owned()
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GET {}: {}", self.url, self.reason())
    }
}

impl std::error::Error for FetchError {}

/// The error for all requests that wait for the same fetch.
pub(crate) type SharedFetchError = Arc<FetchError>;
