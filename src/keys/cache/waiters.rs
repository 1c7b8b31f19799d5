//! Limits how many requests wait for a fetch. Each of them polls.
//!
//! A request whose client hangs up can end without notice. So requests are counted again in each
//! short window of time, whenever they poll.

use crate::host::MAX_POLL_INTERVAL;

/// The numbers of requests in this window and in the one before.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    window: u64,
    count: usize,
    previous: usize,
}

/// The place of a waiting request: the window in which it was counted last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place(u64);

impl Waiters {
    /// Counts a request that polls at `now`, in seconds since 1970. `place` is what the last call
    /// returned for it. Returns `None` for a new request if `limit` requests wait.
    pub(super) fn join(&mut self, place: Option<Place>, now: f64, limit: usize) -> Option<Place> {
        self.follow(now);
        let is_counted = place == Some(Place(self.window));
        if place.is_none() && self.count.max(self.previous) >= limit {
            return None;
        }
        self.count += usize::from(!is_counted);
        Some(Place(self.window))
    }

    /// Frees the place of a request that stops waiting.
    pub(super) fn leave(&mut self, Place(window): Place) {
        if window == self.window {
            self.count = self.count.saturating_sub(1);
        } else if window + 1 == self.window {
            self.previous = self.previous.saturating_sub(1);
        }
    }

    fn follow(&mut self, now: f64) {
        let window = (now / WINDOW) as u64;
        if window == self.window {
            return;
        }
        let is_next = window == self.window + 1;
        self.previous = if is_next { self.count } else { 0 };
        (self.window, self.count) = (window, 0);
    }
}

/// Seconds. Each waiting request polls at least once in this time.
const WINDOW: f64 = MAX_POLL_INTERVAL as f64 / 1_000.0 + 0.05;
