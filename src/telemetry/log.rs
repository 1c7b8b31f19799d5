//! The log: which decisions get a line, and what it says.

use std::fmt;

use crate::config::reader::Reader;
use crate::error::Error;
use crate::host::{Host, Level};
use crate::jose::json::quote;
use crate::policy::pseudonym::pseudonym;
use crate::telemetry::{Occasion, Outcome};
use crate::verifier::Verified;

/// What is logged.
pub(crate) struct Log {
    /// Nothing is logged where this is none
    level: Option<Level>,
    /// Which part of the lines of level info is written, from 0 to 1
    sample: f64,
    /// What users' names are hashed with
    pub(crate) salt: Option<String>,
}

impl Log {
    pub(crate) fn from_settings(reader: &mut Reader<'_>) -> Self {
        let level = match reader.text("LOG_LEVEL").as_deref() {
            Some("none") => None,
            Some("error") => Some(Level::Error),
            None | Some("warn") => Some(Level::Warn),
            Some("info") => Some(Level::Info),
            Some(_) => {
                reader.error("LOG_LEVEL", "is neither none, error, warn nor info");
                None
            }
        };
        let sample = reader.number("LOG_SAMPLE").unwrap_or(1.0);
        if !(0.0..=1.0).contains(&sample) {
            reader.error("LOG_SAMPLE", "is not a number from 0 to 1");
        }
        Self { level, sample, salt: reader.text("LOG_SALT") }
    }

    /// Whether lines of that level are written.
    pub(crate) fn has_level(&self, level: Level) -> bool {
        self.level.is_some_and(|most| level <= most)
    }

    /// Whether a line of that level is written, this time.
    pub(crate) fn writes<H: Host>(&self, level: Level, host: &H) -> bool {
        self.has_level(level)
            && (level != Level::Info || self.sample == 1.0 || host.random() < self.sample)
    }

    /// The record of a decision: a JSON object whose members are always the same, but that the edge's own
    /// answers have a `status` where others get an `upstream_status` and `upstream_ms` from the host.
    pub(crate) fn record<H: Host>(
        &self,
        outcome: Outcome<'_>,
        occasion: &Occasion<'_>,
        host: &H,
    ) -> String {
        let user = occasion.seen.user.as_deref();
        let salted = self.salt.as_deref().zip(user);
        let name = salted.map(|(salt, user)| pseudonym(salt, user));
        let cause = outcome.error().and_then(cause_of);
        let mut record = Record(String::with_capacity(512));
        record.text("{\"level\":", Some(outcome.level().name()));
        record.text(",\"decision\":", Some(outcome.name()));
        if let Outcome::Respond(status, _) = outcome {
            record.number(",\"status\":", Some(status.into()));
        }
        record.text(",\"code\":", outcome.code());
        record.text(",\"cause\":", cause.as_deref());
        record.push(",\"rule\":");
        match occasion.rule() {
            Some((i, path)) => {
                record.number("{\"index\":", Some(i as u32));
                record.text(",\"path\":", Some(path));
                record.push("}");
            }
            None => record.push("null"),
        }
        record.text(",\"method\":", occasion.method);
        record.text(",\"issuer\":", occasion.issuer());
        record.text(",\"kid\":", user.and_then(|user| user.header().kid()));
        record.text(",\"user\":", name.as_deref().map(|name| &name[..16]));
        let was_known = user.is_some_and(Verified::was_known);
        record.push(if was_known { ",\"cached\":true" } else { ",\"cached\":false" });
        let age = occasion.keys_age(host.now());
        record.number(",\"keys_age\":", age.map(|age| age as u32));
        record.text(",\"request_id\":", Some(occasion.request_id));
        record.push("}");
        record.0
    }
}

/// A JSON object that grows; names come with what is around them.
struct Record(String);

impl Record {
    #[inline(never)]
    fn push(&mut self, json: &str) {
        self.0 += json;
    }

    #[inline(never)]
    fn text(&mut self, name: &str, value: Option<&str>) {
        self.push(name);
        match value {
            Some(value) => self.push(&quote(value)),
            None => self.push("null"),
        }
    }

    #[inline(never)]
    fn number(&mut self, name: &str, value: Option<u32>) {
        self.push(name);
        match value {
            Some(value) => self.push(&value.to_string()),
            None => self.push("null"),
        }
    }
}

/// Why something could not be had. No source of an error holds what a client sent.
fn cause_of(error: &Error) -> Option<String> {
    std::error::Error::source(error).map(ToString::to_string)
}

/// Shows nothing of the salt.
impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("level", &self.level).finish_non_exhaustive()
    }
}
