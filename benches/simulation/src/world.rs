//! What all isolates share, and the host through which the core reaches it.

use std::cell::RefCell;
use std::future::{Future, ready};
use std::rc::Rc;

use better_auth_edge::host::{
    Clock, Fetch, GetError, GetRequest, GetResponse, KeyStore, Random as RandomNumbers,
    RateLimiter, RevocationStore, SignatureVerifier, Tasks, Telemetry, Timer,
};
use better_auth_edge::jose::{Algorithm, PublicKey};

use crate::auth_server::{Answer, AuthServer, verifies};
use crate::engine::Engine;
use crate::metrics::Metrics;
use crate::model::{Model, Store};
use crate::random::Random;
use crate::stores::Stores;

/// The world outside of the isolates.
pub(crate) struct World {
    pub(crate) model: Model,
    pub(crate) engine: Engine,
    pub(crate) random: RefCell<Random>,
    pub(crate) auth: RefCell<AuthServer>,
    pub(crate) stores: RefCell<Stores>,
    pub(crate) metrics: RefCell<Metrics>,
}

impl World {
    pub(crate) fn now(&self) -> f64 {
        self.engine.now()
    }

    fn random<T>(&self, draw: impl FnOnce(&mut Random) -> T) -> T {
        draw(&mut self.random.borrow_mut())
    }
}

impl AsRef<Engine> for World {
    fn as_ref(&self) -> &Engine {
        &self.engine
    }
}

/// The runtime of an isolate in a data center.
#[derive(Clone)]
pub(crate) struct IsolateHost {
    pub(crate) world: Rc<World>,
    pub(crate) datacenter: usize,
}

impl Clock for IsolateHost {
    fn now(&self) -> f64 {
        self.world.now()
    }
}

impl RandomNumbers for IsolateHost {
    fn random(&self) -> f64 {
        self.world.random(Random::fraction)
    }

    fn request_id(&self) -> String {
        String::new()
    }
}

impl Timer for IsolateHost {
    async fn sleep(&self, milliseconds: u32) {
        self.world.engine.sleep(f64::from(milliseconds) / 1_000.0).await;
    }
}

impl Fetch for IsolateHost {
    async fn get(&self, request: GetRequest) -> Result<GetResponse, GetError> {
        let World { model, engine, auth, metrics, .. } = &*self.world;
        let further = self.world.random(|random| random.exponential(model.fetch_mean));
        let timeout = f64::from(request.timeout) / 1_000.0;
        let latency = (model.fetch_least + further) * auth.borrow().slowness;
        let latency = latency.min(timeout);
        // the auth server reads its keys in the middle of the fetch
        engine.sleep(latency / 2.0).await;
        let answer = self.world.random(|random| auth.borrow().answer(random));
        let has_failed = !matches!(answer, Answer::Document(_));
        metrics.borrow_mut().fetch(engine.now(), has_failed);
        if matches!(answer, Answer::Silent) {
            engine.sleep(timeout - latency / 2.0).await;
            return Err(GetError::TimedOut);
        }
        engine.sleep(latency / 2.0).await;
        match answer {
            Answer::Document(document) => {
                let (headers, body) = (Vec::new(), document.to_vec());
                Ok(GetResponse { status: 200, headers, body })
            }
            Answer::Busy => {
                let headers = vec![("retry-after".to_owned(), "10".to_owned())];
                Ok(GetResponse { status: 503, headers, body: Vec::new() })
            }
            Answer::Unreachable | Answer::Silent => Err(GetError::Unreachable),
        }
    }
}

impl KeyStore for IsolateHost {
    async fn load(&self, _url: &str) -> Option<Vec<u8>> {
        let World { engine, stores, metrics, .. } = &*self.world;
        let kind = stores.borrow().kind();
        if kind == Store::Nowhere {
            return None;
        }
        engine.sleep(CACHE_LATENCY).await;
        let cached = stores.borrow().cached(self.datacenter, engine.now());
        metrics.borrow_mut().cache_read(engine.now(), cached.is_some());
        if cached.is_some() || kind == Store::Cache {
            return cached.map(|record| record.to_vec());
        }
        engine.sleep(KV_LATENCY).await;
        metrics.borrow_mut().kv_read(engine.now());
        let stored = stores.borrow().in_kv(engine.now());
        stored.map(|record| record.to_vec())
    }

    fn save(&self, _url: &str, record: impl FnOnce() -> Vec<u8>, _max_age: u32) {
        let World { model, stores, metrics, .. } = &*self.world;
        let (now, lifetime) = (self.world.now(), model.cache_lifetime);
        let accepted = self.world.random(|random| {
            stores.borrow_mut().save(self.datacenter, record(), lifetime, now, random)
        });
        if let Some(accepted) = accepted {
            metrics.borrow_mut().kv_write(now, accepted);
        }
    }
}

impl SignatureVerifier for IsolateHost {
    fn verify(
        &self,
        key: &PublicKey,
        _algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> impl Future<Output = bool> {
        let broken = self.world.model.broken_signatures;
        let is_broken = broken > 0.0 && self.world.random(|random| random.chance(broken));
        ready(!is_broken && verifies(key.jwk(), message, signature))
    }
}

impl Telemetry for IsolateHost {}
impl RateLimiter for IsolateHost {}
impl RevocationStore for IsolateHost {}

impl Tasks for IsolateHost {
    fn background<F: Future<Output = ()> + 'static>(
        &self,
        task: impl FnOnce(Self) -> F + Send + 'static,
    ) {
        self.world.engine.start(task(self.clone()));
    }

    fn run_to_end<F: Future<Output = ()> + 'static>(
        &self,
        task: impl FnOnce(Self) -> F + Send + 'static,
    ) -> impl Future<Output = ()> {
        self.world.engine.start_and_wait(Rc::clone(&self.world), task(self.clone()))
    }
}

/// Seconds.
const CACHE_LATENCY: f64 = 0.005;
const KV_LATENCY: f64 = 0.04;
