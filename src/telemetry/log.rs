//! Which decisions are logged.

use crate::config::reader::Reader;
use crate::error::Code;
use crate::host::{Host, Level};
use crate::telemetry::line_limit::LineLimit;

/// `LOG_LEVEL` and `LOG_SAMPLE`.
#[derive(Debug)]
pub(super) struct Log {
    /// `None` turns the log off
    level: Option<Level>,
    /// The share of info lines that are written, from 0 to 1
    sample: f64,
    limit: LineLimit,
}

impl Log {
    pub(super) fn from_settings(reader: &mut Reader<'_>) -> Self {
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
        Self { level, sample, limit: LineLimit::default() }
    }

    /// Whether lines of this level are written.
    pub(super) fn has_level(&self, level: Level) -> bool {
        self.level.is_some_and(|most| level <= most)
    }

    /// Whether this line of level info is written: they are sampled.
    pub(super) fn writes_info<H: Host>(&self, host: &H) -> bool {
        self.has_level(Level::Info) && (self.sample == 1.0 || host.random() < self.sample)
    }

    /// Whether this line about a rejection with that code is written.
    pub(super) fn writes_rejection<H: Host>(&self, level: Level, code: Code, host: &H) -> bool {
        self.has_level(level) && self.limit.admits(level, code, host)
    }
}
