//! When to fetch, and how long to wait.

/// When to fetch, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Younger than this, a set is used without asking again
    pub fresh: f64,
    /// From this age on, it is refreshed in the background while it is used
    pub refresh_ahead: f64,
    /// Up to this age it is used when the source fails
    pub stale: f64,
    /// An unknown `kid` causes one fetch in this time, whether the fetch succeeds or not, unless it
    /// finds the key
    pub miss_cooldown: f64,
    /// A fetch that takes longer is given up
    pub fetch_timeout: f64,
    /// The longest pause after failures, which doubles from one second
    pub max_backoff: f64,
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
        }
    }
}
