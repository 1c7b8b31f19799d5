//! The host of a JavaScript runtime: its `fetch`, clock, timers and crypto, through the functions
//! of `runtime.js`.

mod identifiers;
mod promise_driver;
mod webcrypto;

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::rc::Rc;

use js_sys::{Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::host::{
    Clock, Fetch, GetError, GetRequest, GetResponse, KeyStore, Level, Limit, Random, RateLimiter,
    RevocationStore, Tasks, Telemetry, Timer,
};

use identifiers::{hexadecimal, numbered_id};

pub use promise_driver::PromiseDriver;

/// The runtime that this module runs in: workerd, a browser, Node.
#[derive(Clone)]
pub struct JsHost {
    keep_alive: Rc<dyn Fn(Promise)>,
    driver: PromiseDriver,
    service: Option<Rc<JsValue>>,
    clock: Option<Rc<Function>>,
    revocations: Option<Rc<JsValue>>,
    is_for_warm_up: bool,
    ed25519: Option<bool>,
}

impl JsHost {
    /// `keep_alive` receives the promise of each background task, so that the runtime does not stop
    /// the task: `waitUntil` on Cloudflare, no operation in runtimes that run tasks to their end.
    pub fn new(keep_alive: impl Fn(Promise) + 'static) -> Self {
        Self {
            keep_alive: Rc::new(keep_alive),
            driver: PromiseDriver::default(),
            service: None,
            clock: None,
            revocations: None,
            is_for_warm_up: false,
            ed25519: None,
        }
    }

    /// Fetches documents through this service, an object with a function `fetch`, instead of the
    /// network.
    pub fn with_service(self, service: Option<Rc<JsValue>>) -> Self {
        Self { service, ..self }
    }

    /// Reads the time from this function, in milliseconds since 1970, instead of the runtime's
    /// clock.
    pub fn with_clock(self, clock: Option<Rc<Function>>) -> Self {
        Self { clock, ..self }
    }

    /// Stores revocations in this object: see `revocations.js`.
    pub fn with_revocations(self, revocations: Option<Rc<JsValue>>) -> Self {
        Self { revocations, ..self }
    }

    /// Whether the host is a warm-up's. It then takes fixed numbers for random ones, because the
    /// global scope of a Worker has none. Nothing that is made with such numbers may serve a
    /// request.
    pub fn for_warm_up(self, is_for_warm_up: bool) -> Self {
        Self { is_for_warm_up, ..self }
    }

    /// Verifies Ed25519 by WebCrypto while a key has no tables, or never. By default, WebCrypto
    /// verifies it where it is faster than the wasm. The results do not depend on it.
    pub fn with_webcrypto_for_ed25519(self, ed25519: bool) -> Self {
        Self { ed25519: Some(ed25519), ..self }
    }

    /// A random secret of 128 bits, in hexadecimal.
    pub fn secret(&self) -> String {
        hexadecimal(&|| self.random()) + &hexadecimal(&|| self.random())
    }

    /// Seconds since 1970.
    pub fn time() -> f64 {
        js_sys::Date::now() / 1_000.0
    }

    /// A unique request id.
    pub fn new_request_id() -> String {
        thread_local! {
            /// A random prefix of this isolate, and a counter
            static LAST: (String, Cell<u64>) = (hexadecimal(&random), Cell::new(0));
        }
        LAST.with(|(isolate, last)| {
            last.set(last.get() + 1);
            numbered_id(isolate, last.get())
        })
    }

    /// Runs the futures that use this host.
    pub fn driver(&self) -> PromiseDriver {
        self.driver.clone()
    }

    /// Awaits a promise.
    ///
    /// # Errors
    /// The reason, if the promise is rejected.
    pub async fn settled(&self, promise: Promise) -> Result<JsValue, JsValue> {
        self.driver.settled(promise).await
    }

    /// Starts a task with a host of its own. Returns the promise of its end, unless it has ended
    /// already.
    pub fn start<F: Future<Output = ()> + 'static>(
        &self,
        task: impl FnOnce(Self) -> F,
    ) -> Option<Promise> {
        let driver = PromiseDriver::default();
        let task = task(self.with_driver(&driver));
        let running = driver.run(async move {
            task.await;
            Ok(JsValue::UNDEFINED)
        });
        // a task never fails
        let running = running.ok().filter(JsValue::is_object)?;
        let running = Promise::resolve(&running);
        (self.keep_alive)(running.clone());
        Some(running)
    }

    /// Waits for the end of a task that [`start`](Self::start) has started.
    pub async fn end_of(&self, running: Option<Promise>) {
        if let Some(running) = running {
            // it is never rejected
            let _ = self.driver.settled(running).await;
        }
    }

    fn with_driver(&self, driver: &PromiseDriver) -> Self {
        Self { driver: driver.clone(), ..self.clone() }
    }

    /// Keeps the runtime alive until the promise is settled.
    pub fn keep_alive(&self, task: Promise) {
        (self.keep_alive)(task);
    }

    /// The first bytes of a body, a `ReadableStream` or `null`. The rest is not read.
    ///
    /// # Errors
    /// If the body does not arrive, or another reader has it.
    pub async fn read_body(&self, stream: &JsValue, max_bytes: usize) -> Result<Vec<u8>, JsValue> {
        let bytes = self.driver.settled(read_body(stream, max_bytes as u32)).await?;
        Ok(Uint8Array::new(&bytes).to_vec())
    }

    /// Fetches a small document through a service, an object with a function `fetch`; `undefined`
    /// for the network.
    ///
    /// # Errors
    /// As [`Fetch::get`].
    pub async fn get_by(
        &self,
        request: GetRequest,
        service: JsValue,
    ) -> Result<GetResponse, GetError> {
        let mut headers = String::new();
        for (name, value) in request.headers() {
            headers.extend([name, ": ", value, "\n"]);
        }
        let names = GetResponse::HEADERS.join(" ");
        let GetRequest { url, max_bytes, timeout, .. } = request;
        let promise = get(&url, &headers, &names, max_bytes as u32, timeout, &service);
        let response = self.driver.settled(promise).await;
        let response = response.map_err(|_| GetError::Unreachable)?;
        if let Some(failure) = response.as_string() {
            return Err(match failure.as_str() {
                "too large" => GetError::TooLarge,
                "timed out" => GetError::TimedOut,
                _ => GetError::Unreachable,
            });
        }
        let member = |name| Reflect::get(&response, &JsValue::from_str(name)).unwrap_or_default();
        let status = member("status").as_f64().ok_or(GetError::Unreachable)? as u16;
        let headers = member("headers").as_string().unwrap_or_default();
        let headers = headers.lines().filter_map(|line| line.split_once(": "));
        Ok(GetResponse {
            status,
            headers: headers.map(|(name, value)| (name.into(), value.into())).collect(),
            body: Uint8Array::new(&member("body")).to_vec(),
        })
    }
}

impl fmt::Debug for JsHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JsHost")
    }
}

impl Clock for JsHost {
    fn now(&self) -> f64 {
        let milliseconds =
            self.clock.as_ref().and_then(|clock| clock.call0(&JsValue::UNDEFINED).ok());
        match milliseconds.and_then(|milliseconds| milliseconds.as_f64()) {
            Some(milliseconds) => milliseconds / 1_000.0,
            None => Self::time(),
        }
    }
}

impl Random for JsHost {
    fn random(&self) -> f64 {
        if self.is_for_warm_up { 0.5 } else { random() }
    }

    fn request_id(&self) -> String {
        if self.is_for_warm_up { numbered_id("warm-up", 1) } else { Self::new_request_id() }
    }
}

impl Timer for JsHost {
    async fn sleep(&self, milliseconds: u32) {
        // the promise of a timer is never rejected
        let _ = self.driver.settled(sleep(milliseconds)).await;
    }
}

impl Fetch for JsHost {
    fn get(&self, request: GetRequest) -> impl Future<Output = Result<GetResponse, GetError>> {
        let service = self.service.as_deref().cloned();
        self.get_by(request, service.unwrap_or(JsValue::UNDEFINED))
    }
}

impl KeyStore for JsHost {}

impl Telemetry for JsHost {
    fn log(&self, level: Level, line: &str) {
        log(level.name(), line);
    }

    fn data_point(&self, record: &str) {
        write_point(record);
    }
}

impl RevocationStore for JsHost {
    async fn read_revocations(&self, shard: u32, after: &str) -> Result<String, String> {
        let store = self.revocations.as_deref().ok_or(NO_STORE)?;
        let page = self.driver.settled(read_revocations(store, shard, after)).await;
        page.map_err(sentence)?.as_string().ok_or_else(|| NO_STORE.to_owned())
    }

    async fn append_revocations(
        &self,
        shard: u32,
        id: &str,
        until: f64,
        entries: &str,
    ) -> Result<bool, String> {
        let store = self.revocations.as_deref().ok_or(NO_STORE)?;
        let promise = append_revocations(store, shard, id, until, entries);
        Ok(self.driver.settled(promise).await.map_err(sentence)?.is_truthy())
    }
}

const NO_STORE: &str = "there is no store of revocations";

/// `revocations.js` rejects with texts.
fn sentence(reason: JsValue) -> String {
    reason.as_string().unwrap_or_else(|| "the store of revocations failed".to_owned())
}

impl RateLimiter for JsHost {
    async fn admits(&self, limit: Limit, key: &str) -> bool {
        let admitted = self.driver.settled(admits(limit.binding(), key)).await;
        admitted.is_ok_and(|admitted| admitted.is_truthy())
    }
}

impl Tasks for JsHost {
    fn background<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        self.start(task);
    }

    async fn run_to_end<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        self.end_of(self.start(task)).await;
    }
}

#[wasm_bindgen(module = "/src/bindings/runtime/runtime.js")]
extern "C" {
    fn get(
        url: &str,
        headers: &str,
        names: &str,
        max_bytes: u32,
        timeout: u32,
        service: &JsValue,
    ) -> Promise;
    #[wasm_bindgen(js_name = readBody)]
    fn read_body(stream: &JsValue, max_bytes: u32) -> Promise;
    fn sleep(milliseconds: u32) -> Promise;
    fn random() -> f64;
}

#[wasm_bindgen(module = "/src/bindings/runtime/revocations.js")]
extern "C" {
    #[wasm_bindgen(js_name = readRevocations)]
    fn read_revocations(store: &JsValue, shard: u32, after: &str) -> Promise;
    #[wasm_bindgen(js_name = appendRevocations)]
    fn append_revocations(
        store: &JsValue,
        shard: u32,
        id: &str,
        until: f64,
        entries: &str,
    ) -> Promise;
}

#[wasm_bindgen(module = "/src/bindings/runtime/telemetry.js")]
extern "C" {
    fn log(level: &str, line: &str);
    #[wasm_bindgen(js_name = writePoint)]
    fn write_point(record: &str);
    fn admits(binding: &str, key: &str) -> Promise;
}
