//! How often a set may be fetched for keys that it lacks: a token bucket, whose tokens are called permits
//! here. It holds a few, so that strangers who use up one do not use up the one that a rotation needs.

/// The permits that are left, and when that was.
#[derive(Debug)]
pub(super) struct Bucket {
    permits: f64,
    counted: f64,
    /// Seconds in which one permit comes back
    refill: f64,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(refill: f64) -> Self {
        Self { permits: BURST, counted: 0.0, refill }
    }

    /// Takes a permit, if there is one.
    pub(super) fn take(&mut self, now: f64) -> bool {
        self.permits = self.level(now);
        self.counted = now;
        let is_permitted = self.permits >= ONE;
        if is_permitted {
            self.permits = (self.permits - 1.0).max(0.0);
        }
        is_permitted
    }

    /// The same, but never the last one.
    pub(super) fn take_all_but_one(&mut self, now: f64) -> bool {
        self.level(now) >= 1.0 + ONE && self.take(now)
    }

    /// Puts back a permit that does not count.
    pub(super) fn put_back(&mut self) {
        self.permits = (self.permits + 1.0).min(BURST);
    }

    /// When there is a permit, or `now` where there is one.
    pub(super) fn next(&self, now: f64) -> f64 {
        now + (ONE - self.level(now)).max(0.0) * self.refill
    }

    /// A clock that was set back brings nothing.
    fn level(&self, now: f64) -> f64 {
        let elapsed = (now - self.counted).max(0.0);
        if elapsed >= BURST * self.refill {
            return BURST;
        }
        (self.permits + elapsed / self.refill).min(BURST)
    }
}

impl Default for Bucket {
    fn default() -> Self {
        Self::new(super::Timing::default().miss_cooldown)
    }
}

/// Permits of a full bucket.
const BURST: f64 = 4.0;

/// A whole permit, where sums of fractions may be rounded down.
const ONE: f64 = 1.0 - 1e-6;
