//! Log lines, data points and timings: the decisions as operators see them.
//!
//! Records contain no secret and nothing that a client claims without proof: no token, no cookie,
//! no path, no query, no unverified claim. With the default settings nothing is recorded about a
//! forwarded request, but a new decision carries the trace that a failure of the upstream needs.

mod line_limit;
mod log;
mod next_step;
mod record;
mod server_timing;
mod trace;

pub(crate) use line_limit::LineLimit;
pub(crate) use record::{DecisionRecord, LoggedUser, MatchedRule};
pub(crate) use server_timing::server_timing;
pub(crate) use trace::{RequestTrace, ReturnedTrace};

use serde::Serialize;

use crate::config::bindings::Bindings;
use crate::config::reader::Reader;
use crate::config::settings_table::Naming;
use crate::error::Code;
use crate::host::{Host, Level};
use log::Log;
use record::level;

/// Reports decisions, by the settings and the bindings.
#[derive(Debug)]
pub(crate) struct Reporter {
    log: Log,
    server_timing: bool,
    data_points: bool,
    /// How the operator calls settings
    naming: Naming,
    /// Hashed into the pseudonyms of users. Without a salt, records name no user
    salt: Option<Salt>,
}

/// The outcome of a forwarded request, once the upstream has responded or failed.
///
/// `log` and `data_point` are JSON objects with the same members as the records of the edge's own
/// responses. The host adds `upstream_status` and `upstream_ms`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ForwardReport {
    /// The log line, of level info
    pub log: Option<String>,
    /// The data point for Analytics Engine
    pub data_point: Option<String>,
    /// The edge's part of the `Server-Timing` header. The host adds `origin;dur=` in milliseconds
    pub server_timing: Option<String>,
}

impl Reporter {
    pub(crate) fn from_settings(reader: &mut Reader<'_>) -> Self {
        Self {
            log: Log::from_settings(reader),
            server_timing: reader.switch("SERVER_TIMING", false),
            data_points: false,
            naming: reader.naming(),
            salt: reader.text("LOG_SALT").map(Salt),
        }
    }

    /// `isolate_salt` is the salt for settings without `LOG_SALT`.
    pub(crate) fn with_bindings(mut self, bindings: Bindings, isolate_salt: String) -> Self {
        self.data_points = bindings.analytics;
        self.salt.get_or_insert(Salt(isolate_salt));
        self
    }

    /// Whether failures of the upstream are reported.
    pub(crate) fn reports_failures(&self) -> bool {
        self.data_points || self.log.has_level(Level::Error)
    }

    /// Whether forwarded requests may have a report.
    pub(crate) fn reports_forwards(&self) -> bool {
        self.data_points || self.server_timing || self.log.has_level(Level::Info)
    }

    /// A new trace. Reads the clock only if timings are on.
    pub(crate) fn trace<H: Host>(&self, host: &H) -> RequestTrace {
        RequestTrace { started: self.server_timing.then(|| host.now()), ..RequestTrace::default() }
    }

    /// Writes a line that is not about a decision to the log.
    pub(crate) fn note<H: Host>(&self, level: Level, line: &str, host: &H) {
        if self.log.has_level(level) {
            host.log(level, line);
        }
    }

    /// Logs a response of the edge itself, a rejection if it has a code, and writes its data point.
    /// Calls `record` only if one of them is due.
    pub(crate) fn report_response<'d, H: Host>(
        &self,
        status: u16,
        rejection: Option<Code>,
        record: impl FnOnce() -> DecisionRecord<'d>,
        host: &H,
    ) {
        let level = level(Some(status));
        let is_logged = match rejection {
            Some(code) => self.log.writes_rejection(level, code, host),
            None => self.log.writes_info(host),
        };
        if !is_logged && !self.data_points {
            return;
        }
        let json = record().to_json(self.salt());
        if is_logged {
            host.log(level, &json);
        }
        if self.data_points {
            host.data_point(&json);
        }
    }

    /// The report of a forwarded request, if the host has anything to report. Calls `record` only
    /// if a log line or a data point is due.
    pub(crate) fn forward_report<'d, H: Host>(
        &self,
        record: impl FnOnce() -> DecisionRecord<'d>,
        server_timing: Option<String>,
        host: &H,
    ) -> Option<ForwardReport> {
        let is_logged = self.log.writes_info(host);
        let is_recorded = is_logged || self.data_points;
        if !is_recorded && server_timing.is_none() {
            return None;
        }
        let json = is_recorded.then(|| record().to_json(self.salt()));
        let log = json.clone().filter(|_| is_logged);
        let data_point = json.filter(|_| self.data_points);
        Some(ForwardReport { log, data_point, server_timing })
    }

    /// How the operator calls settings.
    pub(crate) fn naming(&self) -> Naming {
        self.naming
    }

    fn salt(&self) -> Option<&str> {
        self.salt.as_ref().map(|Salt(salt)| &**salt)
    }
}

struct Salt(String);

/// Shows nothing of the salt.
impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt")
    }
}
