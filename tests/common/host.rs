//! A runtime with a scripted clock and network. Time passes only when every task waits.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use better_auth_edge::host::{
    Clock, Fetch, GetError, GetRequest, GetResponse, KeyStore, Level, Limit, Random, RateLimiter,
    RevocationStore, SignatureVerifier, Tasks, Telemetry, Timer, native,
};
use better_auth_edge::jose::{Algorithm, PublicKey};
use futures_util::FutureExt;

use super::{NOW, ScriptedResponse, ScriptedStore};

/// The runtime. Clones share everything.
#[derive(Clone)]
pub(crate) struct TestHost(Rc<State>);

struct State {
    now: Cell<f64>,
    random: Cell<f64>,
    request_ids: Cell<u32>,
    timers: RefCell<Vec<(f64, Waker)>>,
    next_responses: RefCell<VecDeque<ScriptedResponse>>,
    responses_by_request: RefCell<Vec<(RequestMatcher, ScriptedResponse)>>,
    default_response: RefCell<ScriptedResponse>,
    requests: RefCell<Vec<GetRequest>>,
    tasks: RefCell<Vec<Pin<Box<dyn Future<Output = ()>>>>>,
    loads: Cell<usize>,
    store_delay: Cell<f64>,
    store: Store,
    log: RefCell<Vec<(Level, String)>>,
    points: RefCell<Vec<String>>,
    reached_limits: RefCell<Vec<Limit>>,
    counted: RefCell<Vec<(Limit, String)>>,
    revocations: ScriptedStore,
}

/// Selects the requests that a response is for.
type RequestMatcher = Box<dyn Fn(&GetRequest) -> bool>;

/// The store, which outlives an isolate.
type Store = Rc<RefCell<BTreeMap<String, Vec<u8>>>>;

impl TestHost {
    /// At [`NOW`], with a network on which every request fails.
    pub(crate) fn new() -> Self {
        Self::with_store(Store::default(), ScriptedStore::new())
    }

    /// The same with this store of revocations.
    pub(crate) fn with_revocations(revocations: &ScriptedStore) -> Self {
        Self::with_store(Store::default(), revocations.clone())
    }

    /// A new runtime at the same time that shares only the store with this one.
    pub(crate) fn restarted(&self) -> Self {
        let host = Self::with_store(self.0.store.clone(), self.0.revocations.clone());
        host.0.now.set(self.now());
        host
    }

    fn with_store(store: Store, revocations: ScriptedStore) -> Self {
        Self(Rc::new(State {
            now: Cell::new(NOW),
            random: Cell::new(0.5),
            request_ids: Cell::new(0),
            timers: RefCell::default(),
            next_responses: RefCell::default(),
            responses_by_request: RefCell::default(),
            default_response: RefCell::new(ScriptedResponse::error(GetError::Unreachable)),
            requests: RefCell::default(),
            tasks: RefCell::default(),
            loads: Cell::new(0),
            store_delay: Cell::new(0.0),
            store,
            log: RefCell::default(),
            points: RefCell::default(),
            reached_limits: RefCell::default(),
            counted: RefCell::default(),
            revocations,
        }))
    }

    /// Sets the response of the network from now on.
    pub(crate) fn respond_with(&self, response: ScriptedResponse) {
        *self.0.default_response.borrow_mut() = response;
    }

    /// Queues a response that the network returns once, before it continues as before.
    pub(crate) fn respond_once_with(&self, response: ScriptedResponse) {
        self.0.next_responses.borrow_mut().push_back(response);
    }

    /// Sets the response of the network to these requests from now on.
    pub(crate) fn respond_to(
        &self,
        which: impl Fn(&GetRequest) -> bool + 'static,
        response: ScriptedResponse,
    ) {
        self.0.responses_by_request.borrow_mut().push((Box::new(which), response));
    }

    /// The number of fetches so far.
    pub(crate) fn fetches(&self) -> usize {
        self.0.requests.borrow().len()
    }

    /// The requests of all fetches so far.
    pub(crate) fn requests(&self) -> Vec<GetRequest> {
        self.0.requests.borrow().clone()
    }

    /// The contents of the store, by URL.
    pub(crate) fn stored(&self) -> BTreeMap<String, Vec<u8>> {
        self.0.store.borrow().clone()
    }

    /// Replaces every entry of the store.
    pub(crate) fn replace_stored(&self, entry: impl Into<Vec<u8>>) {
        let entry = entry.into();
        self.0.store.borrow_mut().values_mut().for_each(|stored| *stored = entry.clone());
    }

    /// The number of reads of the store so far.
    pub(crate) fn loads(&self) -> usize {
        self.0.loads.get()
    }

    /// Sets how many seconds each read of the store takes.
    pub(crate) fn set_store_delay(&self, seconds: f64) {
        self.0.store_delay.set(seconds);
    }

    /// Sets the random number, which is the jitter, from now on.
    pub(crate) fn set_random(&self, random: f64) {
        self.0.random.set(random);
    }

    /// The lines logged since the last call.
    pub(crate) fn logged(&self) -> Vec<(Level, String)> {
        self.0.log.take()
    }

    /// The records of the data points since the last call.
    pub(crate) fn points(&self) -> Vec<String> {
        self.0.points.take()
    }

    /// Sets which rate limits are reached from now on.
    pub(crate) fn set_reached_limits(&self, reached: &[Limit]) {
        *self.0.reached_limits.borrow_mut() = reached.to_vec();
    }

    /// The keys counted against each rate limit since the last call.
    pub(crate) fn counted(&self) -> Vec<(Limit, String)> {
        self.0.counted.take()
    }

    /// Advances the clock by that many seconds.
    pub(crate) fn advance(&self, seconds: f64) {
        self.advance_to(self.now() + seconds);
    }

    /// Seconds since [`NOW`].
    pub(crate) fn elapsed(&self) -> f64 {
        self.now() - NOW
    }

    /// The number of unfinished background tasks.
    pub(crate) fn background_tasks(&self) -> usize {
        self.0.tasks.borrow().len()
    }

    /// Starts a task in the background.
    pub(crate) fn start(&self, task: impl Future<Output = ()> + 'static) {
        self.0.tasks.borrow_mut().push(Box::pin(task));
    }

    /// Starts a task in the background, and waits for its end.
    pub(crate) async fn start_and_wait(&self, task: impl Future<Output = ()> + 'static) {
        let ended = Rc::new(Ended::default());
        let guard = EndsOnDrop(ended.clone());
        self.start(async move {
            let _guard = guard;
            task.await;
        });
        poll_fn(|context| {
            *ended.waker.borrow_mut() = Some(context.waker().clone());
            if ended.has_ended.get() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Runs the background tasks to completion.
    pub(crate) fn run_background(&self) {
        for task in self.0.tasks.take() {
            self.run(task);
        }
    }

    /// Polls the background tasks once. Returns whether one of them finished.
    fn poll_background(&self) -> bool {
        let mut tasks = self.0.tasks.take();
        let count = tasks.len();
        tasks.retain_mut(|task| task.now_or_never().is_none());
        let has_ended = tasks.len() < count;
        self.0.tasks.borrow_mut().extend(tasks);
        has_ended
    }

    /// Drops the background tasks, as a runtime does that stops an isolate.
    pub(crate) fn drop_background(&self) {
        self.0.tasks.take();
    }

    /// Runs a future to completion. While it waits, background tasks run. When they wait too, the
    /// clock advances to the next timer.
    pub(crate) fn run<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
            if self.poll_background() {
                continue;
            }
            let deadlines = self.0.timers.borrow();
            let next = deadlines.iter().map(|(deadline, _)| *deadline).min_by(f64::total_cmp);
            drop(deadlines);
            self.advance_to(next.expect("the future waits for an event that never happens"));
        }
    }

    fn advance_to(&self, now: f64) {
        self.0.now.set(now);
        let due = |(deadline, _): &mut (f64, Waker)| *deadline <= now;
        let due: Vec<_> = self.0.timers.borrow_mut().extract_if(.., due).collect();
        due.into_iter().for_each(|(_, waker)| waker.wake());
    }

    fn response_to(&self, request: &GetRequest) -> ScriptedResponse {
        let responses = self.0.responses_by_request.borrow();
        let matching = responses.iter().find(|(which, _)| which(request)).map(|(_, found)| found);
        let next = matching.cloned().or_else(|| self.0.next_responses.borrow_mut().pop_front());
        next.unwrap_or_else(|| self.0.default_response.borrow().clone())
    }

    /// What the store of revocations answers, after its delay.
    async fn answer<T>(&self, answer: T) -> T {
        match self.0.revocations.delay() {
            Some(seconds) => self.wait(seconds).await,
            None => pending().await,
        }
        answer
    }

    async fn wait(&self, seconds: f64) {
        let deadline = self.now() + seconds;
        poll_fn(|context| {
            if self.now() >= deadline {
                return Poll::Ready(());
            }
            self.0.timers.borrow_mut().push((deadline, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

impl Clock for TestHost {
    fn now(&self) -> f64 {
        self.0.now.get()
    }
}

impl Random for TestHost {
    fn random(&self) -> f64 {
        self.0.random.get()
    }

    fn request_id(&self) -> String {
        self.0.request_ids.set(self.0.request_ids.get() + 1);
        format!("made-by-host-{}", self.0.request_ids.get())
    }
}

impl Timer for TestHost {
    async fn sleep(&self, milliseconds: u32) {
        self.wait(f64::from(milliseconds) / 1_000.0).await;
    }
}

impl Fetch for TestHost {
    async fn get(&self, request: GetRequest) -> Result<GetResponse, GetError> {
        let response = self.response_to(&request);
        self.0.requests.borrow_mut().push(request);
        match response.delay {
            Some(seconds) => self.wait(seconds).await,
            None => pending().await,
        }
        response.result
    }
}

impl KeyStore for TestHost {
    async fn load(&self, url: &str) -> Option<Vec<u8>> {
        self.0.loads.set(self.loads() + 1);
        self.wait(self.0.store_delay.get()).await;
        self.0.store.borrow().get(url).cloned()
    }

    fn save(&self, url: &str, record: impl FnOnce() -> Vec<u8>, _max_age: u32) {
        self.0.store.borrow_mut().insert(url.to_owned(), record());
    }
}

impl SignatureVerifier for TestHost {
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

impl Telemetry for TestHost {
    fn log(&self, level: Level, line: &str) {
        self.0.log.borrow_mut().push((level, line.to_owned()));
    }

    fn data_point(&self, record: &str) {
        self.0.points.borrow_mut().push(record.to_owned());
    }
}

impl RateLimiter for TestHost {
    async fn admits(&self, limit: Limit, key: &str) -> bool {
        self.0.counted.borrow_mut().push((limit, key.to_owned()));
        !self.0.reached_limits.borrow().contains(&limit)
    }
}

impl RevocationStore for TestHost {
    async fn read_revocations(&self, shard: u32, after: &str) -> Result<String, String> {
        let page = self.0.revocations.read(shard, after);
        self.answer(page).await
    }

    async fn append_revocations(
        &self,
        shard: u32,
        id: &str,
        until: f64,
        entries: &str,
    ) -> Result<bool, String> {
        let appended = self.0.revocations.append(shard, id, until, entries);
        self.answer(appended).await
    }
}

impl Tasks for TestHost {
    fn background<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        self.start(task(self.clone()));
    }

    async fn run_to_end<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        self.start_and_wait(task(self.clone())).await;
    }
}

/// Whether a background task finished or was dropped, and the waker that waits for it.
#[derive(Default)]
struct Ended {
    has_ended: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

struct EndsOnDrop(Rc<Ended>);

impl Drop for EndsOnDrop {
    fn drop(&mut self) {
        self.0.has_ended.set(true);
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
    }
}
