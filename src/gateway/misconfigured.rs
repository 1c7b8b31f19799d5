//! The responses of an edge whose settings have errors. It has no gateway.

use super::well_known::{health, is_health_check};
use crate::config::settings_table::Naming;
use crate::error::{Code, Error};
use crate::host::Telemetry;
use crate::http::head::RequestHead;
use crate::http::response::Response;
use crate::telemetry::DecisionRecord;

/// The response to a request. The line of the log is that of any other rejection, with the errors
/// as its cause: the settings that turn the log off may be wrong too. A health check is not logged.
///
/// `errors` are those of the settings, as one text.
pub fn misconfigured<T: Telemetry>(
    head: &RequestHead,
    errors: &str,
    request_id: &str,
    host: &T,
) -> Response {
    if is_health_check(head) {
        return health(503, r#"{"status":"misconfigured"}"#.to_owned());
    }
    let error = Error::new(Code::Misconfigured, "the log names every error").with_source(errors);
    let response = Response::problem(&error, request_id);
    DecisionRecord {
        status: Some(response.status),
        error: Some(&error),
        rule: None,
        method: Some(head.method()),
        user: None,
        credential: None,
        keys_age: None,
        revocations_age: None,
        request_id,
        naming: Naming::Variables,
    }
    .log(host);
    response
}
