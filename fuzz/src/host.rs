//! A runtime with a fixed clock and a fixed response.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use better_auth_edge::host::{
    Clock, Fetch, GetError, GetRequest, GetResponse, KeyStore, Random, RateLimiter,
    RevocationStore, SignatureVerifier, Tasks, Telemetry, Timer, native,
};
use better_auth_edge::jose::{Algorithm, PublicKey};

/// Its operations never wait. Clones share their state.
#[derive(Clone, Default)]
pub struct FixedHost(Rc<State>);

#[derive(Default)]
struct State {
    now: Cell<f64>,
    body: RefCell<Option<String>>,
}

impl FixedHost {
    /// A host at that time, in seconds since 1970, without a network.
    pub fn at(now: f64) -> Self {
        let host = Self::default();
        host.0.now.set(now);
        host
    }

    /// The same host, on which every URL returns this document.
    pub fn serving(self, body: &str) -> Self {
        *self.0.body.borrow_mut() = Some(body.to_owned());
        self
    }

    /// Runs a future that awaits only operations of this host.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        match poll(pin!(future)) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("the future awaits an operation that is not the host's"),
        }
    }
}

impl Clock for FixedHost {
    fn now(&self) -> f64 {
        self.0.now.get()
    }
}

impl Random for FixedHost {
    fn random(&self) -> f64 {
        0.5
    }

    fn request_id(&self) -> String {
        "host-request-id".to_owned()
    }
}

impl Timer for FixedHost {
    async fn sleep(&self, milliseconds: u32) {
        self.0.now.set(self.now() + f64::from(milliseconds) / 1_000.0);
    }
}

impl Fetch for FixedHost {
    async fn get(&self, _request: GetRequest) -> Result<GetResponse, GetError> {
        let body = self.0.body.borrow().clone().ok_or(GetError::Unreachable)?;
        Ok(GetResponse { status: 200, body: body.into_bytes(), ..GetResponse::default() })
    }
}

impl KeyStore for FixedHost {}

impl SignatureVerifier for FixedHost {
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

impl Telemetry for FixedHost {}

impl RevocationStore for FixedHost {}

impl RateLimiter for FixedHost {}

impl Tasks for FixedHost {
    fn background<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        self.run(task(self.clone()));
    }
}

/// Polls once. The caller polls again by itself, so the waker does nothing.
pub fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
