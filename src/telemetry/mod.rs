//! What operators see of decisions, and how often they let one happen: log lines, data points, timings,
//! rate limits.
//!
//! Nothing gets here that is secret, nor what a client says of itself: no token, no cookie, no path, no
//! query, no claim that is not verified. With the defaults, a request that is forwarded costs a branch.

pub(crate) mod log;

use std::sync::Arc;

use crate::config::reader::Reader;
use crate::error::Error;
use crate::gateway::Bindings;
use crate::gateway::Gateway;
use crate::host::{Host, Level};
use crate::http::response::Response;
use crate::policy::rate_limits::RateLimits;
use crate::verifier::Verified;
use log::Log;

/// What is to be seen, from the settings and the bindings.
#[derive(Debug)]
pub(crate) struct Operations {
    pub(crate) log: Log,
    server_timing: bool,
    pub(crate) limits: RateLimits,
    pub(crate) bindings: Bindings,
}

/// What has been seen of a request on its way.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The rule that matched
    pub(crate) rule: Option<usize>,
    /// Whose token has been verified
    pub(crate) user: Option<Arc<Verified>>,
    /// When it came, in seconds since 1970, if anybody wants to know
    started: Option<f64>,
}

/// A request about which something is decided, and what is known of it.
pub(crate) struct Occasion<'d> {
    pub(crate) gateway: &'d Gateway,
    pub(crate) seen: &'d Seen,
    pub(crate) method: Option<&'d str>,
    pub(crate) request_id: &'d str,
}

/// What has been decided.
#[derive(Clone, Copy)]
pub(crate) enum Outcome<'d> {
    Forward,
    /// With this status; for this reason, where the answer is no
    Respond(u16, Option<&'d Error>),
}

impl Operations {
    pub(crate) fn from_settings(reader: &mut Reader<'_>) -> Self {
        Self {
            log: Log::from_settings(reader),
            server_timing: reader.switch("SERVER_TIMING", false),
            limits: RateLimits::from_settings(reader),
            bindings: Bindings::default(),
        }
    }

    /// Whether anything is told or counted of requests that are forwarded.
    pub(crate) fn concern_forwards(&self) -> bool {
        let Bindings { analytics, rate_limit_user, .. } = self.bindings;
        analytics || rate_limit_user || self.server_timing || self.log.has_level(Level::Info)
    }

    /// Begins to look at a request.
    pub(crate) fn watch<H: Host>(&self, host: &H) -> Seen {
        Seen { started: self.server_timing.then(|| host.now()), ..Seen::default() }
    }

    /// Tells of an answer of the edge's own, in the log and in its headers.
    pub(crate) fn answered<H: Host>(
        &self,
        response: &mut Response,
        error: Option<&Error>,
        occasion: &Occasion<'_>,
        host: &H,
    ) {
        let outcome = Outcome::Respond(response.status, error);
        let level = outcome.level();
        let writes = self.log.writes(level, host);
        if writes || self.bindings.analytics {
            let record = self.log.record(outcome, occasion, host);
            if writes {
                host.log(level, &record);
            }
            if self.bindings.analytics {
                host.data_point(&record);
            }
        }
        if let Some(timing) = timing(occasion, host) {
            response.headers.push(("server-timing", timing));
        }
    }

    /// What the host is to tell of a request that is forwarded, if anything.
    pub(crate) fn forwarded<H: Host>(&self, occasion: &Occasion<'_>, host: &H) -> Option<String> {
        let (writes, points) = (self.log.writes(Level::Info, host), self.bindings.analytics);
        let timing = timing(occasion, host);
        if !writes && !points && timing.is_none() {
            return None;
        }
        let record = self.log.record(Outcome::Forward, occasion, host);
        let log = if writes { "log" } else { "" };
        let point = if points { "point" } else { "" };
        Some([log, point, "\n", &record, "\n", &timing.unwrap_or_default()].concat())
    }
}

impl Occasion<'_> {
    /// The rule that matched: which one it is, and its path as the settings have it.
    fn rule(&self) -> Option<(usize, &str)> {
        self.seen.rule.map(|rule| (rule, self.gateway.rules.path(rule)))
    }

    /// Who issued the token: of a verified one, this is one of those that are configured.
    fn issuer(&self) -> Option<&str> {
        self.seen.user.as_ref()?.claims().text_claim("iss")
    }

    /// Seconds since keys were asked for; of several issuers, by the one that was asked last.
    fn keys_age(&self, now: f64) -> Option<f64> {
        self.gateway.issuers.keys_age(now)
    }
}

impl Outcome<'_> {
    fn level(&self) -> Level {
        match *self {
            Self::Respond(500.., _) => Level::Error,
            Self::Respond(400.., _) => Level::Warn,
            _ => Level::Info,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Respond(..) => "respond",
        }
    }

    fn error(&self) -> Option<&Error> {
        match self {
            Self::Respond(_, error) => *error,
            Self::Forward => None,
        }
    }

    fn code(&self) -> Option<&'static str> {
        Some(self.error()?.code().as_str())
    }
}

/// The value of `Server-Timing`, as far as the edge knows it (W3C Server Timing, section 2). Keys that
/// were asked for after the request had come were fetched for it, and just now.
fn timing<H: Host>(occasion: &Occasion<'_>, host: &H) -> Option<String> {
    let started = occasion.seen.started?;
    let now = host.now();
    let elapsed = now - started;
    let mut timing = duration("edge", elapsed);
    if let Some(age) = occasion.keys_age(now).filter(|age| *age <= elapsed && *age > 0.0) {
        timing += ", ";
        timing += &duration("jwks", age);
    }
    Some(timing)
}

fn duration(name: &str, seconds: f64) -> String {
    let milliseconds = (seconds * 1_000.0 + 0.5) as u32;
    [name, ";dur=", &milliseconds.to_string()].concat()
}
