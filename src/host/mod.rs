//! What the core needs of a runtime: one trait, and its implementation for JavaScript runtimes.
//!
//! A native host brings its own HTTP client and clock; the feature `native` adds the signatures.

mod ask;
mod domain;
mod get;
mod pauses;
mod retry_after;
mod unanswered;

#[cfg(feature = "native")]
pub mod native;

pub use get::{GetError, GetRequest, GetResponse};

pub(crate) use ask::ask;
pub(crate) use domain::domain_to_ascii;
pub(crate) use pauses::{LONGEST_PAUSE, Pauses};
pub(crate) use retry_after::retry_after;
pub(crate) use unanswered::{NamedBy, SharedCause, Unanswered};

use std::future::{Future, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::jose::{Algorithm, PublicKey};

/// A runtime: its clock, its network, its timers, its randomness.
///
/// Cheap to clone. On Cloudflare a host belongs to one request, since promises, timers and
/// background tasks do; what outlives a request is data, and lives in the core.
pub trait Host: Clone + 'static {
    /// Seconds since 1970.
    fn now(&self) -> f64;

    /// A number from 0 up to 1 that nobody can predict: it seeds hashes and spreads retries.
    fn random(&self) -> f64;

    /// A unique id for a request, printable ASCII without spaces.
    fn request_id(&self) -> String;

    /// Comes back after that many milliseconds.
    fn sleep(&self, milliseconds: u32) -> impl Future<Output = ()>;

    /// Gets a small document, following no redirects.
    fn get(&self, request: GetRequest) -> impl Future<Output = Result<GetResponse, GetError>>;

    /// What was saved for that URL, perhaps by another isolate: soon, or nothing.
    fn load(&self, _url: &str) -> impl Future<Output = Option<Vec<u8>>> {
        async { None }
    }

    /// Keeps what `record` makes for that URL, for about so many seconds, where the runtime has a place
    /// for that. Nobody waits for it, and nobody hears that it failed.
    fn save(&self, _url: &str, _record: impl FnOnce() -> Vec<u8>, _max_age: u32) {}

    /// Whether `signature` is over `message` by an RSA or EC key, whose numbers and whose signature's
    /// length and range have been checked. What the host cannot verify is not verified: false.
    fn verify(
        &self,
        key: &PublicKey,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> impl Future<Output = bool>;

    /// Writes a line into the log.
    fn log(&self, _level: Level, _line: &str) {}

    /// Writes a data point, by the record of a decision.
    fn data_point(&self, _record: &str) {}

    /// Counts a request against a limit, and says whether it is within. A limit that cannot be asked limits
    /// nobody.
    fn admits(&self, _limit: Limit, _key: &str) -> impl Future<Output = bool> {
        ready(true)
    }

    /// Runs a task, with a host of its own, that may go on after the answer has been given, as long
    /// as the runtime lets it.
    fn background<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F);

    /// Runs a task in the [`background`](Self::background) and comes back when it has ended, or when the
    /// runtime has stopped it. The task goes on where this future is dropped.
    fn run_to_end<F: Future<Output = ()> + 'static>(
        &self,
        task: impl FnOnce(Self) -> F,
    ) -> impl Future<Output = ()> {
        let ended = Arc::new(AtomicBool::new(false));
        let end = SetOnDrop(Arc::clone(&ended));
        self.background(|host| {
            let task = task(host);
            async move {
                let _end = end;
                task.await;
            }
        });
        async move {
            while !ended.load(Ordering::Acquire) {
                self.sleep(LOOK_AGAIN).await;
            }
        }
    }
}

/// Milliseconds.
const LOOK_AGAIN: u32 = 5;

/// Notes that a task has ended, however that comes about.
struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// How much a line of the log matters; the most important is the least.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// Something is broken
    Error,
    /// A request was refused
    Warn,
    /// Everything else
    Info,
}

impl Level {
    /// Its name, which is that of a function of `console` too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
        }
    }
}

/// What is limited.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Limit {
    /// Requests of one user
    User,
    /// Refused requests from one address
    Rejected,
}

impl Limit {
    /// The name of the binding that counts.
    pub fn binding(self) -> &'static str {
        match self {
            Self::User => "RATE_LIMIT_USER",
            Self::Rejected => "RATE_LIMIT_REJECTED",
        }
    }
}
