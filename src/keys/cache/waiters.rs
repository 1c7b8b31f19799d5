//! How many requests wait for a fetch. Each looks again and again, so there is a limit to how many may.
//!
//! A request whose client hangs up may vanish without a word. So requests are counted anew in each short
//! window of time, whenever they look: one that has vanished takes no place for long.

use crate::host::MAX_POLL_INTERVAL;

/// The requests of this window and of the one before.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    window: u64,
    seen: usize,
    seen_before: usize,
}

/// That a request waits, and in which window it was counted last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place(u64);

impl Waiters {
    /// Counts a request that looks at `now`, in seconds since 1970: a new one, or one with the place that
    /// this gave before. `None` for a new one where `most` wait already.
    pub(super) fn join(&mut self, place: Option<Place>, now: f64, most: usize) -> Option<Place> {
        self.follow(now);
        let is_counted = place == Some(Place(self.window));
        if place.is_none() && self.seen.max(self.seen_before) >= most {
            return None;
        }
        self.seen += usize::from(!is_counted);
        Some(Place(self.window))
    }

    /// Gives a place back at once, where the request can still say so.
    pub(super) fn leave(&mut self, Place(window): Place) {
        if window == self.window {
            self.seen = self.seen.saturating_sub(1);
        } else if window + 1 == self.window {
            self.seen_before = self.seen_before.saturating_sub(1);
        }
    }

    fn follow(&mut self, now: f64) {
        let window = (now / WINDOW) as u64;
        if window == self.window {
            return;
        }
        let is_next = window == self.window + 1;
        self.seen_before = if is_next { self.seen } else { 0 };
        (self.window, self.seen) = (window, 0);
    }
}

/// Seconds. Whatever waits looks at least once in this time.
const WINDOW: f64 = MAX_POLL_INTERVAL as f64 / 1_000.0 + 0.05;

/// How many may wait at once.
pub(super) const MOST: usize = 500;
