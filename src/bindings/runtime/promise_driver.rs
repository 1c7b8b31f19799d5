//! Drives a future by the promises that it awaits, without an executor.
//!
//! An executor costs a verification two turns of the microtask queue and four closures. A future of
//! the core awaits the promises of its host one at a time, so JavaScript can await them instead.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

/// Passes promises from a future to JavaScript, and their results back to the future.
#[derive(Clone, Default)]
pub struct PromiseDriver(Rc<State>);

#[derive(Default)]
struct State {
    awaited: RefCell<Option<Promise>>,
    settled: RefCell<Option<Result<JsValue, JsValue>>>,
}

impl PromiseDriver {
    /// Runs a future. Returns its result if the future never waits, and otherwise a promise of it.
    ///
    /// The future may await only promises of a host that has this driver. A program with an
    /// executor, a Worker in Rust for example, does not need a driver: it awaits the future.
    ///
    /// # Errors
    /// The error of the future, thrown or as the rejection of the promise.
    pub fn run(
        self,
        future: impl Future<Output = Result<JsValue, JsValue>> + 'static,
    ) -> Result<JsValue, JsValue> {
        PendingTask { future: Box::pin(future), driver: self }.poll()
    }

    /// Awaits a promise.
    pub(super) async fn settled(&self, promise: Promise) -> Result<JsValue, JsValue> {
        let by_hand =
            poll_fn(|context| Poll::Ready(context.waker().will_wake(Waker::noop()))).await;
        if !by_hand {
            return JsFuture::from(promise).await;
        }
        *self.0.awaited.borrow_mut() = Some(promise);
        poll_fn(|_| match self.0.settled.take() {
            Some(settled) => Poll::Ready(settled),
            None => Poll::Pending,
        })
        .await
    }
}

/// A future that waits for a promise of the host.
#[wasm_bindgen]
pub struct PendingTask {
    future: Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>,
    driver: PromiseDriver,
}

#[wasm_bindgen]
impl PendingTask {
    /// Polls the future again after its promise was fulfilled or rejected. Returns the result or a
    /// promise of it; throws the error.
    pub fn resume(self, fulfilled: bool, value: JsValue) -> Result<JsValue, JsValue> {
        let settled = if fulfilled { Ok(value) } else { Err(value) };
        *self.driver.0.settled.borrow_mut() = Some(settled);
        self.poll()
    }

    fn poll(mut self) -> Result<JsValue, JsValue> {
        match self.future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => {
                let awaited = self.driver.0.awaited.take();
                Ok(resume(awaited.unwrap_or_else(never), self))
            }
        }
    }
}

/// Stands in for a future that awaits something else: such a future is never polled again.
fn never() -> Promise {
    Promise::new(&mut |_, _| ())
}

#[wasm_bindgen(module = "/src/bindings/runtime/runtime.js")]
extern "C" {
    /// A promise of what `task.resume` returns once `promise` is settled.
    fn resume(promise: Promise, task: PendingTask) -> JsValue;
}
