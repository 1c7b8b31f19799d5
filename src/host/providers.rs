//! The small traits that a runtime implements, one for each thing that the core needs of it.

use std::future::{Future, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{GetError, GetRequest, GetResponse, Level, Limit};
use crate::jose::{Algorithm, PublicKey};

/// Tells the time.
pub trait Clock {
    /// Seconds since 1970.
    fn now(&self) -> f64;
}

/// Makes random numbers and the ids of requests.
pub trait Random {
    /// An unpredictable number, at least 0 and less than 1. It seeds hashes and spreads retries.
    fn random(&self) -> f64;

    /// A unique id for a request: printable ASCII without spaces.
    fn request_id(&self) -> String;
}

/// Waits.
pub trait Timer {
    /// Completes after `milliseconds`.
    fn sleep(&self, milliseconds: u32) -> impl Future<Output = ()>;
}

/// Fetches documents.
pub trait Fetch {
    /// Fetches a small document by GET, without following redirects.
    fn get(&self, request: GetRequest) -> impl Future<Output = Result<GetResponse, GetError>>;
}

/// Stores JWK Sets outside of the isolate. A runtime without a store uses the default methods.
pub trait KeyStore {
    /// Returns what [`save`](Self::save) stored for `url`, in this isolate or in another one.
    fn load(&self, _url: &str) -> impl Future<Output = Option<Vec<u8>>> {
        async { None }
    }

    /// Stores the result of `record` for `url`, for about `max_age` seconds. Best effort: the
    /// caller does not wait, and a failed write is not reported.
    fn save(&self, _url: &str, _record: impl FnOnce() -> Vec<u8>, _max_age: u32) {}
}

/// Stores revocations outside of the isolate. A runtime without a store uses the default methods.
pub trait RevocationStore {
    /// The entries after `after`, a cursor that an earlier page named (`""` for all): a page as
    /// text. Its first line is `<cursor> <more>`, where `more` is `1` if further pages follow at
    /// once and `0` otherwise, and a third word `reset` says that the cursor is unknown and the
    /// page begins from the start. Each other line is an entry. The error is a sentence for the
    /// log.
    fn read_revocations(
        &self,
        _shard: u32,
        _after: &str,
    ) -> impl Future<Output = Result<String, String>> {
        ready(Err(NO_STORE.to_owned()))
    }

    /// Appends entries, one per line, of the event `id`, which the store remembers until `until`,
    /// in seconds since 1970. `Ok(false)`: the store has seen the event, and appends nothing. The
    /// error is a sentence for the log.
    fn append_revocations(
        &self,
        _shard: u32,
        _id: &str,
        _until: f64,
        _entries: &str,
    ) -> impl Future<Output = Result<bool, String>> {
        ready(Err(NO_STORE.to_owned()))
    }
}

const NO_STORE: &str = "this runtime has no store of revocations";

/// Verifies signatures by RSA and EC keys, and by Ed25519 keys if the runtime is faster than the
/// core.
pub trait SignatureVerifier {
    /// Whether `signature` is a signature of `message` by `key`. The core has already checked the
    /// numbers of the key, and the length and range of the signature. Returns false if the runtime
    /// does not support the algorithm.
    fn verify(
        &self,
        key: &PublicKey,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> impl Future<Output = bool>;

    /// The same for a signature by an Ed25519 key that the core has verified little with: later the
    /// core is faster. The core has already checked that the key and R are canonical and of large
    /// order, and S is in range. `None`, the default, if the core should verify the signature.
    ///
    /// Implement it with a verifier that compares R with \[S\]B - \[k\]A, without the cofactor.
    fn verify_ed25519(
        &self,
        _key: &PublicKey,
        _message: &[u8],
        _signature: &[u8],
    ) -> impl Future<Output = Option<bool>> {
        ready(None)
    }
}

/// Receives logs and data points. The default methods drop them.
pub trait Telemetry {
    /// Writes a line to the log.
    fn log(&self, _level: Level, _line: &str) {}

    /// Writes a data point from the record of a decision.
    fn data_point(&self, _record: &str) {}
}

/// Counts requests against limits. The default method allows all requests.
pub trait RateLimiter {
    /// Counts a request of `key` against `limit`. Returns false if the request exceeds the limit,
    /// and true if the limit cannot be checked.
    fn admits(&self, _limit: Limit, _key: &str) -> impl Future<Output = bool> {
        ready(true)
    }
}

/// Runs tasks in the background.
pub trait Tasks: Timer + Clone + 'static {
    /// Runs a task with a host of its own, on this thread or on another one. The task can outlive
    /// the response, for as long as the runtime allows.
    fn background<F: Future<Output = ()> + 'static>(
        &self,
        task: impl FnOnce(Self) -> F + Send + 'static,
    );

    /// Runs a task in the [`background`](Self::background). Completes when the task has ended or
    /// the runtime has stopped it. Dropping the returned future does not stop the task.
    fn run_to_end<F: Future<Output = ()> + 'static>(
        &self,
        task: impl FnOnce(Self) -> F + Send + 'static,
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
                self.sleep(POLL_INTERVAL).await;
            }
        }
    }
}

/// Milliseconds.
const POLL_INTERVAL: u32 = 5;

/// Records that a task has ended, whether it completed or was dropped.
struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
