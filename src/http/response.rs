//! The edge's own responses. Most are problem details (RFC 9457), on 401 with a challenge (RFC
//! 6750, section 3; RFC 9470, section 3).

use crate::error::{Code, ERRORS_PAGE, Error};
use crate::jose::json::push_quoted;

/// A response of the edge itself.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status
    pub status: u16,
    /// Names and values of its headers
    pub headers: Vec<(&'static str, String)>,
    /// The body, perhaps empty
    pub body: String,
}

impl Response {
    /// The problem response for an error: JSON with the members of RFC 9457, section 3.1, and with
    /// `code` and `request_id`. Only the log contains the details of `misconfigured`.
    pub fn problem(error: &Error, request_id: &str) -> Self {
        Self::problem_with_status(error, error.status(), request_id)
    }

    /// The same with another status.
    pub(crate) fn problem_with_status(error: &Error, status: u16, request_id: &str) -> Self {
        let code = error.code();
        let detail = match code {
            Code::Misconfigured => {
                "a setting of the edge is missing or unusable; its log says which"
            }
            _ => error.detail(),
        };
        let body = problem_body(code, status, detail, request_id);

        let mut headers = vec![
            ("x-request-id", request_id.to_owned()),
            ("content-type", "application/problem+json".to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
        ];
        if let Some(challenge) = challenge(error).filter(|_| status == code.status()) {
            headers.push(("www-authenticate", challenge));
        }
        if let Some(seconds) = error.retry_after() {
            headers.push(("retry-after", seconds.to_string()));
        }
        Self { status, headers, body }
    }

    /// The headers as text for the host, in the form of
    /// [`HeaderEdit::as_text`](crate::gateway::HeaderEdit::as_text). The first line of a problem is
    /// the request's id, so that a host finds the same headers without it.
    pub fn headers_as_text(&self) -> String {
        let mut text = String::with_capacity(512);
        for (name, value) in &self.headers {
            // appended, because a name can repeat
            text.extend([",", name, ": ", value, "\n"]);
        }
        text
    }
}

/// The members of RFC 9457, section 3.1, `code` and `request_id`. A flood of forged tokens makes
/// many of these, so each is written once and in order.
fn problem_body(code: Code, status: u16, detail: &str, request_id: &str) -> String {
    let mut body = String::with_capacity(512);
    body.extend(["{\"type\":\"", ERRORS_PAGE, "#", code.as_str(), "\",\"title\":"]);
    push_quoted(&mut body, code.title());
    body.extend([",\"status\":", &status.to_string(), ",\"code\":\"", code.as_str(), "\""]);
    body.push_str(",\"detail\":");
    push_quoted(&mut body, detail);
    body.push_str(",\"request_id\":");
    push_quoted(&mut body, request_id);
    body.push('}');
    body
}

/// RFC 6750, section 3: without an error code if the request has no token. RFC 9470, section 3: if
/// the session is too old, with the accepted age.
fn challenge(error: &Error) -> Option<String> {
    let code = error.code();
    let reason = match (code, code.status()) {
        (Code::MissingToken, _) => return Some(format!("Bearer realm=\"{REALM}\"")),
        (Code::MalformedRequest, _) => "invalid_request",
        (Code::InsufficientScope, _) => "insufficient_scope",
        (Code::SessionTooOld, _) => "insufficient_user_authentication",
        (_, 401) => "invalid_token",
        _ => return None,
    };
    let title = code.title();
    let mut challenge =
        format!("Bearer realm=\"{REALM}\", error=\"{reason}\", error_description=\"{title}\"");
    if let Some(scopes) = error.scopes() {
        // scopes contain no characters to escape
        challenge.push_str(&format!(", scope=\"{scopes}\""));
    }
    if let Some(seconds) = error.max_age() {
        challenge.push_str(&format!(", max_age=\"{seconds}\""));
    }
    Some(challenge)
}

const REALM: &str = "better-auth-edge";
