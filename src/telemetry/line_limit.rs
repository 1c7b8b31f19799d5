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
    /// That of the last line that was not written
    level: Level,
    /// Seconds since 1970, whole
    second: f64,
    /// The lines of that second, at most [`PER_SECOND`]
    written: u32,
    /// Lines that were not written since the last one that was
    omitted: u32,
}

impl LineLimit {
    /// Whether this line with that code is written. Before it, a line for each code says how many
    /// were not in the seconds before: those of another code may have ended.
    pub(crate) fn admits<H: Telemetry + Clock>(&self, level: Level, code: Code, host: &H) -> bool {
        let Some(all_omitted) = self.admit(level, code, host.now()) else { return false };
        for omitted in all_omitted {
            host.log(omitted.level, &omitted.line());
        }
        true
    }

    /// Counts a line with this code at `now`, in seconds since 1970. Returns what was omitted in
    /// other seconds and is not counted in the log yet, or `None` to omit this line too.
    fn admit(&self, level: Level, code: Code, now: f64) -> Option<Vec<Omitted>> {
        let second = now.floor();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = all.iter().position(|lines| lines.code == code).unwrap_or_else(|| {
            all.push(Lines { code, level, second, written: 0, omitted: 0 });
            all.len() - 1
        });
        let lines = &mut all[index];
        if lines.second == second && lines.written == PER_SECOND {
            lines.level = level;
            lines.omitted = lines.omitted.saturating_add(1);
            return None;
        }
        let finished = all.iter_mut().filter(|lines| lines.second != second);
        let omitted = finished.filter_map(Lines::take_omitted).collect();
        let lines = &mut all[index];
        if lines.second != second {
            (lines.second, lines.written) = (second, 0);
        }
        lines.written += 1;
        Some(omitted)
    }
}

impl Lines {
    fn take_omitted(&mut self) -> Option<Omitted> {
        let Self { code, level, .. } = *self;
        let lines = std::mem::take(&mut self.omitted);
        (lines > 0).then_some(Omitted { level, code, lines })
    }
}

/// Lines with one code that were not written.
#[derive(Debug, Eq, PartialEq)]
struct Omitted {
    level: Level,
    code: Code,
    lines: u32,
}

impl Omitted {
    fn line(&self) -> String {
        let Self { level, code, lines } = self;
        let level = level.name();
        format!(r#"{{"level":"{level}","event":"lines_omitted","code":"{code}","lines":{lines}}}"#)
    }
}

/// The lines of each code that an isolate writes in a second.
const PER_SECOND: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_twenty_lines_a_second_and_the_next_line_counts_the_omitted_ones() {
        let limit = LineLimit::default();
        let admit = |now| limit.admit(Level::Warn, Code::BadSignature, now);
        for i in 0..20 {
            assert_eq!(admit(1_000.0 + f64::from(i) / 20.0), Some(vec![]));
        }
        assert_eq!([1_000.5, 1_000.9, 1_000.9].map(admit), [None, None, None]);
        assert_eq!(limit.admit(Level::Warn, Code::UserMismatch, 1_000.9), Some(vec![]));
        let omitted = Omitted { level: Level::Warn, code: Code::BadSignature, lines: 3 };
        assert_eq!([1_001.0, 1_001.1].map(admit), [Some(vec![omitted]), Some(vec![])]);
    }

    #[test]
    fn a_line_with_another_code_counts_the_omitted_ones_of_a_finished_second() {
        let limit = LineLimit::default();
        for (level, code, lines) in
            [(Level::Warn, Code::Expired, 25), (Level::Error, Code::KeysUnavailable, 21)]
        {
            for _ in 0..lines {
                limit.admit(level, code, 1_000.0);
            }
        }
        let admit = |now| limit.admit(Level::Warn, Code::MissingToken, now);
        assert_eq!(admit(1_000.9), Some(vec![]));
        let omitted = vec![
            Omitted { level: Level::Warn, code: Code::Expired, lines: 5 },
            Omitted { level: Level::Error, code: Code::KeysUnavailable, lines: 1 },
        ];
        assert_eq!([1_001.0, 1_002.0].map(admit), [Some(omitted), Some(vec![])]);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_end_the_log() {
        let limit = LineLimit::default();
        let admit = |now| limit.admit(Level::Warn, Code::Expired, now);
        assert_eq!((0..30).filter_map(|_| admit(2_000.0)).count(), 20);
        let omitted = Omitted { level: Level::Warn, code: Code::Expired, lines: 10 };
        assert_eq!(admit(1_000.0), Some(vec![omitted]));
    }
}
