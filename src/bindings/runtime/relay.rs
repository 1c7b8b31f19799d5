//! Futures that are polled by hand.
//!
//! An executor costs a verification two turns of the microtask queue and four closures. A future of
//! the core awaits one promise of its host after the other, so whoever has called can await them in its
//! place.

use std::cell::RefCell;
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
    asked: RefCell<Option<Promise>>,
    settled: RefCell<Option<Result<JsValue, JsValue>>>,
}

impl Relay {
    /// Runs a future: what it gives without waiting is given at once, otherwise the promise of it.
    ///
    /// The future must await nothing but promises of a host that has this relay. (Who has an executor,
    /// a Worker in Rust for example, needs no relay: it just awaits.)
    ///
    /// # Errors
    /// What the future fails with, thrown or as a rejection.
    pub fn run(
        self,
        future: impl Future<Output = Result<JsValue, JsValue>> + 'static,
    ) -> Result<JsValue, JsValue> {
        Running { future: Box::pin(future), relay: self }.go_on()
    }

    /// Awaits a promise.
    pub(super) async fn settled(&self, promise: Promise) -> Result<JsValue, JsValue> {
        let by_hand =
            poll_fn(|context| Poll::Ready(context.waker().will_wake(Waker::noop()))).await;
        if !by_hand {
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

/// A future that waits for the host.
#[wasm_bindgen]
pub struct Running {
    future: Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>,
    relay: Relay,
}

#[wasm_bindgen]
impl Running {
    /// Goes on when the promise has been fulfilled or rejected. Gives the result, or the promise of
    /// it; throws the error.
    pub fn resume(self, fulfilled: bool, value: JsValue) -> Result<JsValue, JsValue> {
        let settled = if fulfilled { Ok(value) } else { Err(value) };
        *self.relay.0.settled.borrow_mut() = Some(settled);
        self.go_on()
    }

    fn go_on(mut self) -> Result<JsValue, JsValue> {
        match self.future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => {
                let asked = self.relay.0.asked.take();
                Ok(resume(asked.unwrap_or_else(never), self))
            }
        }
    }
}

/// A future that awaits something else is never woken.
fn never() -> Promise {
    Promise::new(&mut |_, _| ())
}

#[wasm_bindgen(module = "/src/bindings/runtime/runtime.js")]
extern "C" {
    /// The promise of what `waiting` gives when `promise` is settled.
    fn resume(promise: Promise, waiting: Running) -> JsValue;
}
