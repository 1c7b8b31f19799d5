//! Promises for a future that is polled by hand.
//!
//! An executor for futures costs a verification two turns of the microtask queue and four closures.
//! The future of a verification awaits one promise after the other, so its caller can await them in
//! its place.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

/// Between a future and whoever polls it: a promise goes out, what becomes of it comes back.
#[derive(Clone, Default)]
pub struct Relay(Rc<State>);

#[derive(Default)]
struct State {
    polling: Cell<bool>,
    asked: RefCell<Option<Promise>>,
    settled: RefCell<Option<Result<JsValue, JsValue>>>,
}

impl Relay {
    /// Runs a future until it is done, or until it awaits a promise, which is handed out: poll again
    /// when [`settle`](Self::settle) has been told what became of it.
    ///
    /// The future must await nothing but promises of a host that has this relay.
    pub fn poll<T>(
        &self,
        future: Pin<&mut (impl Future<Output = T> + ?Sized)>,
    ) -> Result<T, Promise> {
        self.0.polling.set(true);
        let poll = future.poll(&mut Context::from_waker(Waker::noop()));
        self.0.polling.set(false);
        match poll {
            Poll::Ready(output) => Ok(output),
            Poll::Pending => Err(self.0.asked.take().unwrap_or_else(never)),
        }
    }

    /// Says what became of the promise that was handed out.
    pub fn settle(&self, settled: Result<JsValue, JsValue>) {
        *self.0.settled.borrow_mut() = Some(settled);
    }

    /// Awaits a promise. A task in the background, which an executor polls, does so by itself.
    pub(super) async fn settled(&self, promise: Promise) -> Result<JsValue, JsValue> {
        if !self.0.polling.get() {
            return JsFuture::from(promise).await;
        }
        *self.0.asked.borrow_mut() = Some(promise);
        poll_fn(|_| match self.0.settled.take() {
            Some(settled) => Poll::Ready(settled),
            None => Poll::Pending,
        })
        .await
    }
}

/// A future that awaits something else is never woken.
fn never() -> Promise {
    Promise::new(&mut |_, _| ())
}

#[wasm_bindgen(module = "/src/host/js.js")]
extern "C" {
    /// The promise of what `waiting`, an object with a method `resume(fulfilled, value)`, gives when
    /// `promise` is settled.
    pub fn resume(promise: Promise, waiting: JsValue) -> JsValue;
}
