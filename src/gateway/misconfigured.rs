//! The responses of an edge whose settings have errors. It has no gateway.

use super::well_known::{health, is_health_check};
use crate::config::settings_table::Naming;
use crate::error::{Code, Error};
use crate::host::{Clock, Level, Telemetry};
use crate::http::head::RequestHead;
use crate::http::response::Response;
use crate::telemetry::{DecisionRecord, LineLimit};

/// An edge that cannot decide, because its settings have errors.
#[derive(Debug)]
pub struct Misconfigured {
    /// Those of all settings, as one text
    errors: String,
    limit: LineLimit,
}

impl Misconfigured {
    /// `errors` are those of all settings, as one text.
    pub fn new(errors: String) -> Self {
        Self { errors, limit: LineLimit::default() }
    }

    /// The response to a request. The line of the log is that of any other rejection, with the
    /// errors as its cause, and limited as theirs: the settings that turn the log off may be wrong
    /// too. A health check is not logged.
    pub fn respond<H: Telemetry + Clock>(
        &self,
        head: &RequestHead,
        request_id: &str,
        host: &H,
    ) -> Response {
        if is_health_check(head) {
            return health(503, r#"{"status":"misconfigured"}"#.to_owned());
        }
        let code = Code::Misconfigured;
        let error = Error::new(code, "the log names every error").with_source(&*self.errors);
        let response = Response::problem(&error, request_id);
        if self.limit.admits(Level::Error, code, host) {
            let record = DecisionRecord {
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
            };
            record.log(host);
        }
        response
    }
}
