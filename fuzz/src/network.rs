//! A runtime whose clock and network do what a script says, for many requests at once.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use better_auth_edge::host::{
    Clock, Fetch, GetError, GetRequest, GetResponse, KeyStore, Random, RateLimiter,
    SignatureVerifier, Tasks, Telemetry, Timer,
};
use better_auth_edge::jose::{Algorithm, PublicKey};

use crate::host::poll;

/// The runtime. Clones share everything; whoever has futures on it polls them after each step.
#[derive(Clone)]
pub struct Network(Rc<State>);

struct State {
    now: Cell<f64>,
    /// Counts what happens, since much happens at one time
    moment: Cell<u64>,
    answer: RefCell<Answer>,
    slow: Cell<bool>,
    gets: RefCell<Vec<Get>>,
    tasks: RefCell<Vec<Pin<Box<dyn Future<Output = ()>>>>>,
}

/// What the auth server answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A JWK Set, and which keys are in it
    Set(String, u8),
    /// Another document, or another status
    Response(u16, &'static str),
    /// None
    Fails(GetError),
}

/// One request for the set.
#[derive(Clone, Debug)]
pub struct Get {
    /// Seconds since 1970
    pub called: f64,
    /// Seconds
    timeout: f64,
    /// What the server thought of at that time
    answer: Answer,
    /// When it came back
    pub delivered: Option<Delivery>,
    /// Whoever asked is gone
    dropped: bool,
}

/// When an answer came back.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    /// Seconds since 1970
    pub time: f64,
    /// The number of the moment
    pub moment: u64,
}

impl Get {
    /// The keys of the set that somebody was given.
    pub fn keys(&self) -> Option<u8> {
        match (&self.answer, self.delivered) {
            (Answer::Set(_, mask), Some(_)) if !self.dropped => Some(*mask),
            _ => None,
        }
    }

    /// Whether somebody was told that there is no set.
    pub fn has_failed(&self) -> bool {
        !self.dropped && self.delivered.is_some() && self.keys().is_none()
    }

    /// Whether somebody waits for an answer.
    pub fn is_open(&self) -> bool {
        self.delivered.is_none() && !self.dropped
    }
}

impl Network {
    /// At that time, and nobody answers.
    pub fn at(now: f64) -> Self {
        Self(Rc::new(State {
            now: Cell::new(now),
            moment: Cell::new(0),
            answer: RefCell::new(Answer::Fails(GetError::Unreachable)),
            slow: Cell::new(false),
            gets: RefCell::default(),
            tasks: RefCell::default(),
        }))
    }

    /// The number of this moment.
    pub fn moment(&self) -> u64 {
        self.0.moment.get()
    }

    /// What the auth server answers from now on.
    pub fn answers(&self, answer: Answer) {
        *self.0.answer.borrow_mut() = answer;
    }

    /// Whether answers wait until they are delivered.
    pub fn set_slow(&self, slow: bool) {
        self.0.slow.set(slow);
    }

    /// All requests for the set, in their order.
    pub fn gets(&self) -> Vec<Get> {
        self.0.gets.borrow().clone()
    }

    /// Lets time go by; requests that take too long are given up.
    pub fn pass(&self, seconds: f64) {
        let now = self.now() + seconds;
        self.0.now.set(now);
        let late = |get: &Get| get.is_open() && now >= get.called + get.timeout;
        let mut gets = self.0.gets.borrow_mut();
        for get in gets.iter_mut().filter(|get| late(get)) {
            get.answer = Answer::Fails(GetError::TimedOut);
            get.delivered = Some(self.delivery());
        }
    }

    /// Delivers one of the open answers.
    pub fn deliver(&self, number: usize) {
        let delivery = self.delivery();
        let mut gets = self.0.gets.borrow_mut();
        let mut open: Vec<_> = gets.iter_mut().filter(|get| get.is_open()).collect();
        let count = open.len().max(1);
        if let Some(get) = open.get_mut(number % count) {
            get.delivered = Some(delivery);
        }
    }

    /// Forgets the background tasks, as a runtime does that has no more time for them.
    pub fn drop_tasks(&self) {
        self.0.tasks.take();
    }

    /// Lets the background tasks go on as far as they can, and says whether one has ended.
    pub fn run_tasks(&self) -> bool {
        let mut tasks = self.0.tasks.take();
        let count = tasks.len();
        tasks.retain_mut(|task| poll(task.as_mut()).is_pending());
        let has_ended = tasks.len() < count;
        self.0.tasks.borrow_mut().extend(tasks);
        has_ended
    }

    fn delivery(&self) -> Delivery {
        self.0.moment.set(self.moment() + 1);
        Delivery { time: self.now(), moment: self.moment() }
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
        "made-by-host".to_owned()
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
        let waiting = Waiting { network: self.clone(), number: self.0.gets.borrow().len() };
        let (called, timeout) = (self.now(), f64::from(request.timeout) / 1_000.0);
        let answer = self.0.answer.borrow().clone();
        self.0.gets.borrow_mut().push(Get { called, timeout, answer, delivered, dropped: false });
        match poll_fn(|_| waiting.answer()).await {
            Answer::Set(body, _) => {
                Ok(GetResponse { status: 200, body: body.into_bytes(), ..GetResponse::default() })
            }
            Answer::Response(status, body) => {
                Ok(GetResponse { status, body: body.into(), ..GetResponse::default() })
            }
            Answer::Fails(error) => Err(error),
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

impl RateLimiter for Network {}

impl Tasks for Network {
    fn background<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        self.0.tasks.borrow_mut().push(Box::pin(task(self.clone())));
    }

    async fn run_to_end<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        let running = Rc::new(());
        let ended = Rc::downgrade(&running);
        self.background(|network| {
            let task = task(network);
            async move {
                // dropped when the task is
                let _running = running;
                task.await;
            }
        });
        poll_fn(|_| if ended.strong_count() == 0 { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

/// Somebody who waits for an answer.
struct Waiting {
    network: Network,
    number: usize,
}

impl Waiting {
    fn answer(&self) -> Poll<Answer> {
        let get = &self.network.0.gets.borrow()[self.number];
        if get.delivered.is_some() { Poll::Ready(get.answer.clone()) } else { Poll::Pending }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // after an answer it makes no difference
        let get = &mut self.network.0.gets.borrow_mut()[self.number];
        get.dropped = get.delivered.is_none();
    }
}
