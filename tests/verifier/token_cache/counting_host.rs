//! A host that counts signature checks.

use std::cell::Cell;
use std::rc::Rc;

use crate::common::TestHost;
use better_auth_edge::host::{
    Clock, Fetch, GetError, GetRequest, GetResponse, KeyStore, Random, RateLimiter,
    RevocationStore, SignatureVerifier, Tasks, Telemetry, Timer,
};
use better_auth_edge::jose::{Algorithm, PublicKey};

/// A [`TestHost`] that counts the signatures that it verifies.
#[derive(Clone)]
pub(super) struct CountingHost {
    pub(super) inner: TestHost,
    pub(super) verifications: Rc<Cell<usize>>,
}

impl Clock for CountingHost {
    fn now(&self) -> f64 {
        self.inner.now()
    }
}

impl Random for CountingHost {
    fn random(&self) -> f64 {
        self.inner.random()
    }

    fn request_id(&self) -> String {
        self.inner.request_id()
    }
}

impl Timer for CountingHost {
    async fn sleep(&self, milliseconds: u32) {
        self.inner.sleep(milliseconds).await;
    }
}

impl Fetch for CountingHost {
    async fn get(&self, request: GetRequest) -> Result<GetResponse, GetError> {
        self.inner.get(request).await
    }
}

impl KeyStore for CountingHost {}

impl SignatureVerifier for CountingHost {
    async fn verify(&self, key: &PublicKey, alg: Algorithm, message: &[u8], mac: &[u8]) -> bool {
        self.verifications.set(self.verifications.get() + 1);
        self.inner.verify(key, alg, message, mac).await
    }
}

impl Telemetry for CountingHost {}

impl RevocationStore for CountingHost {}

impl RateLimiter for CountingHost {}

impl Tasks for CountingHost {
    fn background<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        self.inner.start(task(self.clone()));
    }

    async fn run_to_end<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        self.inner.start_and_wait(task(self.clone())).await;
    }
}
