//! The host of a Worker's request: the JavaScript runtime and the Worker's bindings.

use std::future::Future;
use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::js_sys::{Promise, Uint8Array};

use super::Deployment;
use crate::bindings::runtime::JsHost;
use crate::error::ERRORS_PAGE;
use crate::host::{
    Clock, Fetch, GetError, GetRequest, GetResponse, KeyStore, Level, Limit, Random, RateLimiter,
    RevocationStore, SignatureVerifier, Tasks, Telemetry, Timer,
};
use crate::jose::{Algorithm, PublicKey};

/// The runtime and bindings of a request.
#[derive(Clone)]
pub(super) struct WorkerHost {
    pub(super) runtime: JsHost,
    pub(super) deployment: Rc<Deployment>,
}

impl WorkerHost {
    /// Starts a task with a host of its own: see [`JsHost::start`].
    fn start<F: Future<Output = ()> + 'static>(
        &self,
        task: impl FnOnce(Self) -> F,
    ) -> Option<Promise> {
        let deployment = Rc::clone(&self.deployment);
        self.runtime.start(|runtime| task(Self { runtime, deployment }))
    }
}

impl Clock for WorkerHost {
    fn now(&self) -> f64 {
        self.runtime.now()
    }
}

impl Random for WorkerHost {
    fn random(&self) -> f64 {
        self.runtime.random()
    }

    fn request_id(&self) -> String {
        self.runtime.request_id()
    }
}

impl Timer for WorkerHost {
    fn sleep(&self, milliseconds: u32) -> impl Future<Output = ()> {
        self.runtime.sleep(milliseconds)
    }
}

impl Fetch for WorkerHost {
    async fn get(&self, request: GetRequest) -> Result<GetResponse, GetError> {
        let service = self.deployment.services.service_for(&request.url);
        let response = self.runtime.get_by(request, service).await?;
        match misrouted(&response) {
            Some(why) => Err(GetError::NotAllowed(why)),
            None => Ok(response),
        }
    }
}

/// Why the response does not come from the auth server, if its body says so. Both mistakes of
/// deployment have the same remedy.
fn misrouted(response: &GetResponse) -> Option<&'static str> {
    if response.status == 200 {
        return None;
    }
    if response.contains("error code: 1042") {
        return Some(
            "a Worker must not fetch from its own zone (error 1042): bind the auth server as AUTH",
        );
    }
    // the core reads the Retry-After of a busy server, also of an edge
    let is_busy = matches!(response.status, 429 | 503);
    (!is_busy && response.contains(ERRORS_PAGE))
        .then_some("the URL is an edge's own: bind the auth server as AUTH")
}

impl KeyStore for WorkerHost {
    async fn load(&self, url: &str) -> Option<Vec<u8>> {
        let found = load(url, &self.deployment.services.keys);
        let found = self.runtime.settled(found).await.ok()?;
        (!found.is_undefined()).then(|| Uint8Array::new(&found).to_vec())
    }

    fn save(&self, url: &str, record: impl FnOnce() -> Vec<u8>, max_age: u32) {
        let saved = save(url, &record(), max_age, &self.deployment.services.keys);
        self.runtime.keep_alive(saved);
    }
}

impl SignatureVerifier for WorkerHost {
    fn verify(
        &self,
        key: &PublicKey,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> impl Future<Output = bool> {
        self.runtime.verify(key, algorithm, message, signature)
    }

    fn verify_ed25519(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> impl Future<Output = Option<bool>> {
        self.runtime.verify_ed25519(key, message, signature)
    }
}

impl Telemetry for WorkerHost {
    fn log(&self, level: Level, line: &str) {
        self.runtime.log(level, line);
    }

    fn data_point(&self, record: &str) {
        self.runtime.data_point(record);
    }
}

impl RevocationStore for WorkerHost {
    fn read_revocations(
        &self,
        shard: u32,
        after: &str,
    ) -> impl Future<Output = Result<String, String>> {
        self.runtime.read_revocations(shard, after)
    }

    fn append_revocations(
        &self,
        shard: u32,
        id: &str,
        until: f64,
        entries: &str,
    ) -> impl Future<Output = Result<bool, String>> {
        self.runtime.append_revocations(shard, id, until, entries)
    }
}

impl RateLimiter for WorkerHost {
    fn admits(&self, limit: Limit, key: &str) -> impl Future<Output = bool> {
        self.runtime.admits(limit, key)
    }
}

impl Tasks for WorkerHost {
    fn background<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        self.start(task);
    }

    async fn run_to_end<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        self.runtime.end_of(self.start(task)).await;
    }
}

#[wasm_bindgen(module = "/src/bindings/runtime/store.js")]
extern "C" {
    fn load(url: &str, kv: &JsValue) -> Promise;
    fn save(url: &str, record: &[u8], max_age: u32, kv: &JsValue) -> Promise;
}
