//! Limits the exchanges of sessions that may be made up, while no client's address is known. Better
//! Auth then counts all requests of the edge as one client's and by default allows 100 in 10
//! seconds. A flood must leave some of these to sessions that have been valid before.

/// The exchanges of the current window.
#[derive(Default)]
pub(super) struct Budget {
    /// When the window began
    since: f64,
    count: u32,
    /// When the last exchange of a full window began
    spent: Option<f64>,
}

impl Budget {
    /// The seconds from `now` on for which no exchange is left. `None` if one is left.
    pub(super) fn spent_for(&self, now: f64) -> Option<u32> {
        let spent = self.spent.filter(|spent| is_within(*spent, now))?;
        Some((spent + SECONDS - now).ceil().max(1.0) as u32)
    }

    /// Counts an exchange at `now`.
    pub(super) fn take(&mut self, now: f64) {
        if self.spent.is_some() || !is_within(self.since, now) {
            *self = Self { since: now, ..Self::default() };
        }
        self.count += 1;
        // a whole window of silence follows, because Better Auth counts until there is one
        self.spent = (self.count >= MOST).then_some(now);
    }
}

/// Whether a window that began then still runs, and the clock has not been set back.
fn is_within(began: f64, now: f64) -> bool {
    began <= now && now < began + SECONDS
}

/// Exchanges in a window.
const MOST: u32 = 80;

/// The length of a window.
const SECONDS: f64 = 10.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eighty_exchanges_in_ten_seconds_are_followed_by_ten_seconds_of_silence() {
        let mut budget = Budget::default();
        for i in 0..80 {
            assert_eq!(budget.spent_for(100.0 + f64::from(i) / 10.0), None, "{i}");
            budget.take(100.0 + f64::from(i) / 10.0);
        }
        assert_eq!(budget.spent_for(107.9), Some(10));
        assert_eq!(budget.spent_for(117.8), Some(1));
        assert_eq!(budget.spent_for(117.9), None);
        budget.take(118.0);
        assert_eq!(budget.spent_for(118.0), None);
    }

    #[test]
    fn fewer_exchanges_are_never_limited_and_a_clock_that_is_set_back_limits_none() {
        let mut budget = Budget::default();
        for i in 0..1_000 {
            let now = 100.0 + f64::from(i) / 7.9;
            assert_eq!(budget.spent_for(now), None, "{i}");
            budget.take(now);
        }
        for _ in 0..80 {
            budget.take(300.0);
        }
        assert_eq!(budget.spent_for(300.0), Some(10));
        assert_eq!(budget.spent_for(299.0), None);
        budget.take(299.0);
        assert_eq!(budget.spent_for(299.0), None);
    }
}
