//! When to fetch, and how long to wait.

/// When to fetch, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// A younger set is used without a fetch
    pub fresh: f64,
    /// An older set is refreshed in the background while it is used
    pub refresh_ahead: f64,
    /// The largest age of a set that is used while the source fails
    pub stale: f64,
    /// An unknown `kid` causes one fetch in this time, unless the fetch finds the key
    pub miss_cooldown: f64,
    /// The timeout of a fetch
    pub fetch_timeout: f64,
    /// The longest back-off after failures, which doubles from one second
    pub max_backoff: f64,
    /// The most requests that wait for a fetch at once. Half of the places are for plausible tokens
    pub max_waiting: usize,
}

impl Timing {
    /// Milliseconds that one fetch may take.
    pub fn fetch_timeout_milliseconds(&self) -> u32 {
        (self.fetch_timeout * 1_000.0) as u32
    }

    /// Seconds for which a stored set is useful.
    pub fn stale_seconds(&self) -> u32 {
        self.stale as u32
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            fresh: 600.0,
            refresh_ahead: 480.0,
            stale: 86_400.0,
            miss_cooldown: 30.0,
            fetch_timeout: 5.0,
            max_backoff: 30.0,
            max_waiting: 500,
        }
    }
}
