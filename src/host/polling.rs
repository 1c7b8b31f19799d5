//! How a request waits for the task of another request: it polls. Not every host can await a
//! promise that belongs to another request.

use super::Host;

/// Polls for a bounded time, at intervals that grow with the time waited.
pub(crate) struct Polling {
    began: Option<f64>,
    /// Seconds
    limit: f64,
}

impl Polling {
    /// Polls for at most `limit` seconds.
    pub(crate) fn up_to(limit: f64) -> Self {
        Self { began: None, limit }
    }

    /// Waits until the next poll. Returns false if the time is up.
    pub(crate) async fn wait<H: Host>(&mut self, host: &H) -> bool {
        let now = host.now();
        let waited = now - *self.began.get_or_insert(now);
        // negative if the clock was set back
        if !(0.0..self.limit).contains(&waited) {
            return false;
        }
        let tenth = (waited * 1_000.0 / 10.0) as u32;
        host.sleep(tenth.clamp(MIN_INTERVAL, MAX_POLL_INTERVAL)).await;
        true
    }
}

/// Milliseconds.
const MIN_INTERVAL: u32 = 20;

/// Milliseconds.
pub(crate) const MAX_POLL_INTERVAL: u32 = 250;
