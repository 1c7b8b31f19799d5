//! A runtime whose clock stands still and whose network always has the same answer.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use better_auth_edge::host::{
    Clock, Fetch, GetError, GetRequest, GetResponse, KeyStore, Random, RateLimiter,
    SignatureVerifier, Tasks, Telemetry, Timer, native,
};
use better_auth_edge::jose::{Algorithm, PublicKey};

/// Nothing on it waits. Clones share everything.
#[derive(Clone, Default)]
pub struct StillHost(Rc<State>);

#[derive(Default)]
struct State {
    now: Cell<f64>,
    body: RefCell<Option<String>>,
}

impl StillHost {
    /// A host at that time, in seconds since 1970, that nobody answers.
    pub fn at(now: f64) -> Self {
        let host = Self::default();
        host.0.now.set(now);
        host
    }

    /// The same, and every URL has this document.
    pub fn serving(self, body: &str) -> Self {
        *self.0.body.borrow_mut() = Some(body.to_owned());
        self
    }

    /// Runs a future that waits for this host only.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        match poll(pin!(future)) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it waits for something that is not the host"),
        }
    }
}

impl Clock for StillHost {
    fn now(&self) -> f64 {
        self.0.now.get()
    }
}

impl Random for StillHost {
    fn random(&self) -> f64 {
        0.5
    }

    fn request_id(&self) -> String {
        "made-by-host".to_owned()
    }
}

impl Timer for StillHost {
    async fn sleep(&self, milliseconds: u32) {
        self.0.now.set(self.now() + f64::from(milliseconds) / 1_000.0);
    }
}

impl Fetch for StillHost {
    async fn get(&self, _request: GetRequest) -> Result<GetResponse, GetError> {
        let body = self.0.body.borrow().clone().ok_or(GetError::Unreachable)?;
        Ok(GetResponse { status: 200, body: body.into_bytes(), ..GetResponse::default() })
    }
}

impl KeyStore for StillHost {}

impl SignatureVerifier for StillHost {
    async fn verify(
        &self,
        key: &PublicKey,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        native::verify(key, algorithm, message, signature)
    }
}

impl Telemetry for StillHost {}

impl RateLimiter for StillHost {}

impl Tasks for StillHost {
    fn background<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        self.run(task(self.clone()));
    }
}

/// Polls once. Whoever drives the future looks again by itself, so nobody is woken.
pub fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
