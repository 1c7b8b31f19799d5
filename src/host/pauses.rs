//! How a request waits for what another one does: it looks again and again. A promise that belongs to
//! another request cannot be awaited on every host.

use super::Host;

/// Pauses that grow with the time that has gone by, so that many who wait long cost little.
pub(crate) struct Pauses {
    began: Option<f64>,
    /// Seconds
    most: f64,
}

impl Pauses {
    /// So many seconds in all.
    pub(crate) fn up_to(most: f64) -> Self {
        Self { began: None, most }
    }

    /// Waits a moment, unless the time is up: false.
    pub(crate) async fn pause<H: Host>(&mut self, host: &H) -> bool {
        let now = host.now();
        let waited = now - *self.began.get_or_insert(now);
        // less than nothing where the clock was set back
        if !(0.0..self.most).contains(&waited) {
            return false;
        }
        let tenth = (waited * 1_000.0 / 10.0) as u32;
        host.sleep(tenth.clamp(SHORTEST, LONGEST_PAUSE)).await;
        true
    }
}

/// Milliseconds.
const SHORTEST: u32 = 20;

/// Milliseconds.
pub(crate) const LONGEST_PAUSE: u32 = 250;
