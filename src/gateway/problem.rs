//! How the edge says no: problem details (RFC 9457) and, on 401, a challenge (RFC 6750, section 3).

use serde::Serialize;

use crate::error::{Code, Error};

/// A response that the edge gives by itself.
#[derive(Clone, Debug)]
pub struct ProblemResponse {
    /// The HTTP status
    pub status: u16,
    /// Names and values of its headers
    pub headers: Vec<(&'static str, String)>,
    /// JSON
    pub body: String,
}

impl ProblemResponse {
    /// The response for an error. What went wrong inside of the edge is for its log: the response
    /// to a `misconfigured` says only that.
    pub fn new(error: &Error, request_id: &str) -> Self {
        let code = error.code();
        let detail = match code {
            Code::Misconfigured => {
                "a setting of the edge is missing or unusable; its log says which"
            }
            _ => error.detail(),
        };
        let problem = Problem {
            kind: format!("{ERRORS_PAGE}#{code}"),
            title: code.title(),
            status: code.status(),
            code: code.as_str(),
            detail,
            request_id,
        };
        let body = serde_json::to_string(&problem).expect("a struct of strings is JSON");

        let mut headers = vec![
            ("content-type", "application/problem+json".to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            ("x-request-id", request_id.to_owned()),
        ];
        if let Some(challenge) = challenge(code) {
            headers.push(("www-authenticate", challenge));
        }
        if let Some(seconds) = error.retry_after() {
            headers.push(("retry-after", seconds.to_string()));
        }
        Self { status: code.status(), headers, body }
    }
}

/// RFC 9457, section 3.1, and `code` and `request_id` beside it.
#[derive(Serialize)]
struct Problem<'e> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'e str,
    request_id: &'e str,
}

/// A relative reference is resolved against the request (RFC 9457, section 3.1.1); a tag URI
/// (RFC 4151) is not, and promises no page that may move.
const ERRORS_PAGE: &str = "tag:better-auth-edge,2026:errors";

/// RFC 6750, section 3: no error code where the request had no token.
fn challenge(code: Code) -> Option<String> {
    let error = match (code, code.status()) {
        (Code::MissingToken, _) => return Some(format!("Bearer realm=\"{REALM}\"")),
        (Code::MalformedRequest, _) => "invalid_request",
        (_, 401) => "invalid_token",
        _ => return None,
    };
    let title = code.title();
    Some(format!("Bearer realm=\"{REALM}\", error=\"{error}\", error_description=\"{title}\""))
}

const REALM: &str = "better-auth-edge";
