//! A runtime with a scripted clock and network, for many concurrent requests.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use better_auth_edge::host::{
    Clock, Fetch, GetError, GetRequest, GetResponse, KeyStore, Random, RateLimiter,
    RevocationStore, SignatureVerifier, Tasks, Telemetry, Timer,
};
use better_auth_edge::jose::{Algorithm, PublicKey};

use crate::host::poll;

/// The runtime. Clones share their state. The caller polls its futures after each step.
#[derive(Clone)]
pub struct Network(Rc<State>);

struct State {
    now: Cell<f64>,
    /// Number of the latest event: several events can have the same time
    event: Cell<u64>,
    response: RefCell<ScriptedResponse>,
    slow: Cell<bool>,
    fetches: RefCell<Vec<RecordedFetch>>,
    tasks: RefCell<Vec<Pin<Box<dyn Future<Output = ()>>>>>,
}

/// A response of the auth server.
#[derive(Clone, Debug)]
pub enum ScriptedResponse {
    /// A JWK Set, and a bit mask of its keys
    Set(String, u8),
    /// Another document, or another status
    Other(u16, &'static str),
    /// No response
    Error(GetError),
}

/// One fetch of the set.
#[derive(Clone, Debug)]
pub struct RecordedFetch {
    /// Seconds since 1970
    pub called: f64,
    /// In seconds
    timeout: f64,
    /// The server's response at that time
    response: ScriptedResponse,
    /// When the response arrived
    pub delivered: Option<Delivery>,
    /// Whether the caller dropped the fetch
    dropped: bool,
}

/// When a response arrived.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    /// Seconds since 1970
    pub time: f64,
    /// The number of the event
    pub event: u64,
}

impl RecordedFetch {
    /// The keys of the set that the caller received.
    pub fn keys(&self) -> Option<u8> {
        match (&self.response, self.delivered) {
            (ScriptedResponse::Set(_, mask), Some(_)) if !self.dropped => Some(*mask),
            _ => None,
        }
    }

    /// Whether the caller received an error.
    pub fn has_failed(&self) -> bool {
        !self.dropped && self.delivered.is_some() && self.keys().is_none()
    }

    /// Whether the caller waits for a response.
    pub fn is_open(&self) -> bool {
        self.delivered.is_none() && !self.dropped
    }
}

impl Network {
    /// A network at that time on which every fetch fails.
    pub fn at(now: f64) -> Self {
        Self(Rc::new(State {
            now: Cell::new(now),
            event: Cell::new(0),
            response: RefCell::new(ScriptedResponse::Error(GetError::Unreachable)),
            slow: Cell::new(false),
            fetches: RefCell::default(),
            tasks: RefCell::default(),
        }))
    }

    /// The number of the latest event.
    pub fn event(&self) -> u64 {
        self.0.event.get()
    }

    /// Sets the auth server's response from now on.
    pub fn set_response(&self, response: ScriptedResponse) {
        *self.0.response.borrow_mut() = response;
    }

    /// Whether responses wait for [`Network::deliver`].
    pub fn set_slow(&self, slow: bool) {
        self.0.slow.set(slow);
    }

    /// All fetches of the set, in order.
    pub fn fetches(&self) -> Vec<RecordedFetch> {
        self.0.fetches.borrow().clone()
    }

    /// Advances the clock. Fetches that exceed their timeout fail.
    pub fn advance(&self, seconds: f64) {
        let now = self.now() + seconds;
        self.0.now.set(now);
        let late = |fetch: &RecordedFetch| fetch.is_open() && now >= fetch.called + fetch.timeout;
        let mut fetches = self.0.fetches.borrow_mut();
        for fetch in fetches.iter_mut().filter(|fetch| late(fetch)) {
            fetch.response = ScriptedResponse::Error(GetError::TimedOut);
            fetch.delivered = Some(self.delivery());
        }
    }

    /// Delivers the response of an open fetch.
    pub fn deliver(&self, number: usize) {
        let delivery = self.delivery();
        let mut fetches = self.0.fetches.borrow_mut();
        let mut open: Vec<_> = fetches.iter_mut().filter(|fetch| fetch.is_open()).collect();
        let count = open.len().max(1);
        if let Some(fetch) = open.get_mut(number % count) {
            fetch.delivered = Some(delivery);
        }
    }

    /// Drops the background tasks, as a runtime does that stops a request.
    pub fn drop_tasks(&self) {
        self.0.tasks.take();
    }

    /// Polls the background tasks. Returns whether one has completed.
    pub fn run_tasks(&self) -> bool {
        let mut tasks = self.0.tasks.take();
        let count = tasks.len();
        tasks.retain_mut(|task| poll(task.as_mut()).is_pending());
        let has_completed = tasks.len() < count;
        self.0.tasks.borrow_mut().extend(tasks);
        has_completed
    }

    fn delivery(&self) -> Delivery {
        self.0.event.set(self.event() + 1);
        Delivery { time: self.now(), event: self.event() }
    }
}

impl Clock for Network {
    fn now(&self) -> f64 {
        self.0.now.get()
    }
}

impl Random for Network {
    fn random(&self) -> f64 {
        0.5
    }

    fn request_id(&self) -> String {
        "host-request-id".to_owned()
    }
}

impl Timer for Network {
    async fn sleep(&self, milliseconds: u32) {
        let deadline = self.now() + f64::from(milliseconds) / 1_000.0;
        let is_over = || if self.now() >= deadline { Poll::Ready(()) } else { Poll::Pending };
        poll_fn(|_| is_over()).await;
    }
}

impl Fetch for Network {
    async fn get(&self, request: GetRequest) -> Result<GetResponse, GetError> {
        let delivered = if self.0.slow.get() { None } else { Some(self.delivery()) };
        let waiting = Waiting { network: self.clone(), number: self.0.fetches.borrow().len() };
        let (called, timeout) = (self.now(), f64::from(request.timeout) / 1_000.0);
        let response = self.0.response.borrow().clone();
        self.0.fetches.borrow_mut().push(RecordedFetch {
            called,
            timeout,
            response,
            delivered,
            dropped: false,
        });
        match poll_fn(|_| waiting.poll_response()).await {
            ScriptedResponse::Set(body, _) => {
                Ok(GetResponse { status: 200, body: body.into_bytes(), ..GetResponse::default() })
            }
            ScriptedResponse::Other(status, body) => {
                Ok(GetResponse { status, body: body.into(), ..GetResponse::default() })
            }
            ScriptedResponse::Error(error) => Err(error),
        }
    }
}

impl KeyStore for Network {}

impl SignatureVerifier for Network {
    async fn verify(&self, _: &PublicKey, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
        false
    }
}

impl Telemetry for Network {}

impl RevocationStore for Network {}

impl RateLimiter for Network {}

impl Tasks for Network {
    fn background<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        self.0.tasks.borrow_mut().push(Box::pin(task(self.clone())));
    }

    async fn run_to_end<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        let running = Rc::new(());
        let ended = Rc::downgrade(&running);
        let task = task(self.clone());
        self.0.tasks.borrow_mut().push(Box::pin(async move {
            // dropped together with the task
            let _running = running;
            task.await;
        }));
        poll_fn(|_| if ended.strong_count() == 0 { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

/// A caller that waits for a response.
struct Waiting {
    network: Network,
    number: usize,
}

impl Waiting {
    fn poll_response(&self) -> Poll<ScriptedResponse> {
        let fetch = &self.network.0.fetches.borrow()[self.number];
        if fetch.delivered.is_some() { Poll::Ready(fetch.response.clone()) } else { Poll::Pending }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // has no effect after a response
        let fetch = &mut self.network.0.fetches.borrow_mut()[self.number];
        fetch.dropped = fetch.delivered.is_none();
    }
}
