//! A token bucket that limits fetches for unknown keys. Its tokens are called permits here. It
//! holds several, so that forged ids do not use up the permit that a key rotation needs.

/// The permits, as of a time.
#[derive(Debug)]
pub(super) struct Bucket {
    permits: f64,
    counted: f64,
    /// Seconds until the bucket gets one permit back
    refill: f64,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(refill: f64) -> Self {
        Self { permits: BURST, counted: 0.0, refill }
    }

    /// Takes a permit. Returns false if none is available.
    pub(super) fn take(&mut self, now: f64) -> bool {
        self.permits = self.level(now);
        self.counted = now;
        let is_permitted = self.permits >= ONE;
        if is_permitted {
            self.permits = (self.permits - 1.0).max(0.0);
        }
        is_permitted
    }

    /// Takes a permit, but never the last one.
    pub(super) fn take_all_but_one(&mut self, now: f64) -> bool {
        self.level(now) >= 1.0 + ONE && self.take(now)
    }

    /// Puts a permit back.
    pub(super) fn put_back(&mut self) {
        self.permits = (self.permits + 1.0).min(BURST);
    }

    /// When the next permit is available, `now` or later.
    pub(super) fn next(&self, now: f64) -> f64 {
        now + (ONE - self.level(now)).max(0.0) * self.refill
    }

    /// The permits at `now`. A clock that was set back adds none.
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

/// A whole permit. Sums of fractions may be rounded down.
const ONE: f64 = 1.0 - 1e-6;
