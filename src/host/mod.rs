//! The core's requirements of a runtime, as small traits; [`Host`] combines them.
//!
//! A native host brings its own HTTP client and clock. The feature `native` adds RSA and ECDSA.

mod fetch_document;
mod fetch_error;
mod get;
mod polling;
mod providers;
mod retry_after;

#[cfg(feature = "native")]
pub mod native;

pub use get::{GetError, GetRequest, GetResponse};
pub use providers::{
    Clock, Fetch, KeyStore, Random, RateLimiter, RevocationStore, SignatureVerifier, Tasks,
    Telemetry, Timer,
};

pub(crate) use fetch_document::fetch_document;
pub(crate) use fetch_error::SharedFetchError;
pub use fetch_error::{FetchError, UrlKind, UrlSetting};
pub(crate) use polling::{MAX_POLL_INTERVAL, Polling};
pub(crate) use retry_after::retry_after;

/// A runtime that provides everything the core needs.
///
/// Implemented for each type that implements the small traits. Cheap to clone. On Cloudflare a host
/// belongs to one request, because promises, timers and background tasks do. Data that outlives a
/// request lives in the core.
pub trait Host:
    Clock
    + Random
    + Timer
    + Fetch
    + KeyStore
    + RevocationStore
    + SignatureVerifier
    + Telemetry
    + RateLimiter
    + Tasks
{
}

impl<T> Host for T where
    T: Clock
        + Random
        + Timer
        + Fetch
        + KeyStore
        + RevocationStore
        + SignatureVerifier
        + Telemetry
        + RateLimiter
        + Tasks
{
}

/// The level of a log line; the most important level is the least.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// Something is broken
    Error,
    /// A request was rejected
    Warn,
    /// Everything else
    Info,
}

impl Level {
    /// The name of the level, which is also the name of the `console` function.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
        }
    }
}

/// A rate limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Limit {
    /// Requests of one user
    User,
    /// Rejected requests from one client address
    Rejected,
}

impl Limit {
    /// The name of the binding that counts the requests.
    pub fn binding(self) -> &'static str {
        match self {
            Self::User => "RATE_LIMIT_USER",
            Self::Rejected => "RATE_LIMIT_REJECTED",
        }
    }
}
