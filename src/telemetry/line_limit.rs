//! A limit of the log's lines: a flood of requests that the edge rejects must neither fill the log
//! nor cost more than requests that it forwards.
//!
//! Each code has a limit of its own, so that a flood of one kind hides no other.

use std::sync::{Mutex, PoisonError};

use crate::error::Code;
use crate::host::{Clock, Level, Telemetry};

/// The lines of this second, by the codes that they contain.
#[derive(Debug, Default)]
pub(crate) struct LineLimit(Mutex<Vec<Lines>>);

/// The lines with one code.
#[derive(Debug)]
struct Lines {
    code: Code,
    /// Seconds since 1970, whole
    second: f64,
    /// The lines of that second, at most [`PER_SECOND`]
    written: u32,
    /// Lines that were not written since the last one that was
    omitted: u32,
}

impl LineLimit {
    /// Whether this line with that code is written. Before it, a line says how many were not.
    pub(crate) fn admits<H: Telemetry + Clock>(&self, level: Level, code: Code, host: &H) -> bool {
        let Some(omitted) = self.admit(code, host.now()) else { return false };
        if omitted > 0 {
            host.log(level, &lines_omitted(level, code, omitted));
        }
        true
    }

    /// Counts a line with this code at `now`, in seconds since 1970. Returns the number of lines
    /// that were omitted before it, or `None` to omit it too.
    fn admit(&self, code: Code, now: f64) -> Option<u32> {
        let second = now.floor();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = all.iter().position(|lines| lines.code == code).unwrap_or_else(|| {
            all.push(Lines { code, second, written: 0, omitted: 0 });
            all.len() - 1
        });
        let lines = &mut all[index];
        if lines.second != second {
            (lines.second, lines.written) = (second, 0);
        }
        if lines.written == PER_SECOND {
            lines.omitted = lines.omitted.saturating_add(1);
            return None;
        }
        lines.written += 1;
        Some(std::mem::take(&mut lines.omitted))
    }
}

/// The lines of each code that an isolate writes in a second.
const PER_SECOND: u32 = 20;

fn lines_omitted(level: Level, code: Code, lines: u32) -> String {
    let level = level.name();
    format!(r#"{{"level":"{level}","event":"lines_omitted","code":"{code}","lines":{lines}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_twenty_lines_a_second_and_the_next_line_counts_the_omitted_ones() {
        let limit = LineLimit::default();
        let admit = |now| limit.admit(Code::BadSignature, now);
        for i in 0..20 {
            assert_eq!(admit(1_000.0 + f64::from(i) / 20.0), Some(0));
        }
        assert_eq!([1_000.5, 1_000.9, 1_000.9].map(admit), [None; 3]);
        assert_eq!(limit.admit(Code::UserMismatch, 1_000.9), Some(0));
        assert_eq!([1_001.0, 1_001.1].map(admit), [Some(3), Some(0)]);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_end_the_log() {
        let limit = LineLimit::default();
        let written = (0..30).filter_map(|_| limit.admit(Code::Expired, 2_000.0)).count();
        assert_eq!(written, 20);
        assert_eq!(limit.admit(Code::Expired, 1_000.0), Some(10));
    }
}
