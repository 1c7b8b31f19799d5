//! Virtual time: a queue of events, and tasks that wait for one of them.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Something that happens at a time.
#[derive(Debug)]
pub(crate) enum Event {
    /// A visit begins in a data center
    Visit(u32),
    /// The next request of a visit
    Request(u32),
    /// The edge has decided about a request of a visit
    Decided(Box<crate::edge::Decided>),
    /// A task continues
    Wake(u32),
    /// The attacker sends a token
    Attack,
    /// The action of the scenario with this index
    Action(usize),
    /// The auth server removes a key
    Remove(usize),
    /// The isolates are counted
    Count,
}

/// The clock, the queue of events and the tasks.
#[derive(Default)]
pub(crate) struct Engine {
    now: Cell<f64>,
    queue: RefCell<BinaryHeap<Reverse<Entry>>>,
    sequence: Cell<u64>,
    tasks: RefCell<Vec<Option<Task>>>,
    free: RefCell<Vec<u32>>,
    ready: RefCell<VecDeque<u32>>,
    current: Cell<u32>,
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

struct Entry {
    /// The time as the bits of an `f64`, which have the order of times
    at: u64,
    /// Events of one time happen in the order in which they were planned
    sequence: u64,
    event: Event,
}

impl Engine {
    /// An engine at this time, in seconds since 1970.
    pub(crate) fn at(now: f64) -> Self {
        Self { now: Cell::new(now), ..Self::default() }
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> f64 {
        self.now.get()
    }

    /// Plans an event. An event of the past happens at once.
    pub(crate) fn plan(&self, at: f64, event: Event) {
        let sequence = self.sequence.get();
        self.sequence.set(sequence + 1);
        let at = at.max(self.now()).to_bits();
        self.queue.borrow_mut().push(Reverse(Entry { at, sequence, event }));
    }

    /// Advances the clock to the next event before `end`. `None` if none is planned.
    pub(crate) fn next(&self, end: f64) -> Option<Event> {
        let mut queue = self.queue.borrow_mut();
        let is_due = queue.peek().is_some_and(|Reverse(next)| f64::from_bits(next.at) < end);
        let Reverse(entry) = is_due.then(|| queue.pop()).flatten()?;
        self.now.set(f64::from_bits(entry.at));
        Some(entry.event)
    }

    /// Starts a task, which begins with the next [`run`](Self::run).
    pub(crate) fn start(&self, task: impl Future<Output = ()> + 'static) {
        let mut tasks = self.tasks.borrow_mut();
        let id = self.free.borrow_mut().pop().unwrap_or_else(|| {
            tasks.push(None);
            tasks.len() as u32 - 1
        });
        tasks[id as usize] = Some(Box::pin(task));
        self.wake(id);
    }

    /// Lets a task continue with the next [`run`](Self::run).
    pub(crate) fn wake(&self, id: u32) {
        self.ready.borrow_mut().push_back(id);
    }

    /// Runs all tasks that can continue.
    pub(crate) fn run(&self) {
        loop {
            let Some(id) = self.ready.borrow_mut().pop_front() else { return };
            let Some(mut task) = self.tasks.borrow_mut()[id as usize].take() else { continue };
            self.current.set(id);
            match task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Pending => self.tasks.borrow_mut()[id as usize] = Some(task),
                Poll::Ready(()) => self.free.borrow_mut().push(id),
            }
        }
    }

    /// Drops all tasks, as the end of the model does. They own what owns the engine.
    pub(crate) fn stop(&self) {
        let tasks = self.tasks.take();
        drop(tasks);
    }

    /// Waits. A task can be polled early, because a number of an ended task is used again.
    pub(crate) async fn sleep(&self, seconds: f64) {
        let end = self.now() + seconds;
        let mut is_planned = false;
        poll_fn(|_| {
            if self.now() >= end {
                return Poll::Ready(());
            }
            if !is_planned {
                self.plan(end, Event::Wake(self.current.get()));
                is_planned = true;
            }
            Poll::Pending
        })
        .await;
    }

    /// Starts a task. The returned future waits for its end.
    pub(crate) fn start_and_wait(
        &self,
        engine: Rc<impl AsRef<Engine> + 'static>,
        task: impl Future<Output = ()> + 'static,
    ) -> impl Future<Output = ()> {
        let ended = Rc::new(Ended::default());
        let guard = EndsOnDrop { ended: Rc::clone(&ended), engine };
        self.start(async move {
            let _guard = guard;
            task.await;
        });
        poll_fn(move |_| {
            ended.waiting.set(Some(self.current.get()));
            if ended.has_ended.get() { Poll::Ready(()) } else { Poll::Pending }
        })
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

/// Whether a task has ended, and which task waits for it.
#[derive(Default)]
struct Ended {
    has_ended: Cell<bool>,
    waiting: Cell<Option<u32>>,
}

struct EndsOnDrop<E: AsRef<Engine>> {
    ended: Rc<Ended>,
    engine: Rc<E>,
}

impl<E: AsRef<Engine>> Drop for EndsOnDrop<E> {
    fn drop(&mut self) {
        self.ended.has_ended.set(true);
        if let Some(waiting) = self.ended.waiting.take() {
            (*self.engine).as_ref().wake(waiting);
        }
    }
}
