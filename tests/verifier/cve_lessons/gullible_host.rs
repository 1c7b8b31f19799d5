//! A host that trusts every signature.

use std::future::Future;

use crate::common::TestHost;
use better_auth_edge::host::{
    Clock, Fetch, GetError, GetRequest, GetResponse, KeyStore, Random, RateLimiter,
    RevocationStore, SignatureVerifier, Tasks, Telemetry, Timer,
};
use better_auth_edge::jose::{Algorithm, PublicKey};

/// A host whose crypto accepts every signature.
#[derive(Clone)]
pub(super) struct GullibleHost(pub(super) TestHost);

impl Clock for GullibleHost {
    fn now(&self) -> f64 {
        self.0.now()
    }
}

impl Random for GullibleHost {
    fn random(&self) -> f64 {
        self.0.random()
    }

    fn request_id(&self) -> String {
        self.0.request_id()
    }
}

impl Timer for GullibleHost {
    async fn sleep(&self, milliseconds: u32) {
        self.0.sleep(milliseconds).await;
    }
}

impl Fetch for GullibleHost {
    async fn get(&self, request: GetRequest) -> Result<GetResponse, GetError> {
        self.0.get(request).await
    }
}

impl KeyStore for GullibleHost {}

impl SignatureVerifier for GullibleHost {
    async fn verify(&self, _: &PublicKey, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
        true
    }
}

impl Telemetry for GullibleHost {}

impl RevocationStore for GullibleHost {}

impl RateLimiter for GullibleHost {}

impl Tasks for GullibleHost {
    fn background<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        self.0.start(task(self.clone()));
    }
}
