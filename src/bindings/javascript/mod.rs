//! The wasm-bindgen API for JavaScript runtimes, on which the npm package is built.
//!
//! Glue only: options in, results out. Payloads cross as text and are parsed by the host.

#[cfg(feature = "inspector")]
mod explain;
#[cfg(feature = "js-gateway")]
mod gateway;
#[cfg(feature = "js-gateway")]
mod keys;
mod options;

#[cfg(feature = "inspector")]
pub use explain::explain;

use std::error::Error as _;
use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

#[cfg(feature = "js-gateway")]
pub use gateway::{JsGateway, create_gateway};
#[cfg(feature = "js-gateway")]
pub use keys::{key_errors, key_url_warning};

use crate::bindings::runtime::JsHost;
use crate::error::{Code, Error};
use crate::host::{Level, Telemetry};
use crate::jose::json::quote;
use crate::verifier::{Verified, Verifier};
use options::{Options, Target};

/// Makes a verifier. It fetches nothing before the first token needs a key.
///
/// The options are `VerifierOptions` of the npm package (`npm/src/options.ts`).
///
/// # Errors
/// An `Error` with `code` `misconfigured` whose message lists all errors.
#[wasm_bindgen(js_name = createVerifier)]
pub fn create_verifier(options: JsValue) -> Result<JsVerifier, JsValue> {
    let options = read(&options)?;
    let verifier = options.verifier().map_err(misconfigured)?;
    if let Some(warning) = verifier.warning() {
        JsHost::new(|_| ()).log(Level::Warn, warning);
    }
    let service = options.fetch.as_ref().map(|fetch| Rc::new(service(fetch)));
    let wait_until = JsValue::UNDEFINED;
    Ok(JsVerifier {
        verifier: Rc::new(verifier),
        service,
        wait_until,
        clock: None,
        is_for_warm_up: false,
    })
}

fn read(options: &JsValue) -> Result<Options, JsValue> {
    Options::read(options, Target::Verifier).map_err(misconfigured)
}

fn misconfigured(detail: String) -> JsValue {
    to_js_error(&Error::new(Code::Misconfigured, detail))
}

/// A verifier of tokens.
#[wasm_bindgen(js_name = Verifier)]
pub struct JsVerifier {
    verifier: Rc<Verifier>,
    /// Replaces the runtime's `fetch`
    service: Option<Rc<JsValue>>,
    wait_until: JsValue,
    /// Replaces the runtime's clock
    clock: Option<Rc<Function>>,
    is_for_warm_up: bool,
}

#[wasm_bindgen(js_class = Verifier)]
impl JsVerifier {
    /// Sets the function that keeps tasks alive after the request that started them.
    #[wasm_bindgen(js_name = setWaitUntil)]
    pub fn set_wait_until(&mut self, wait_until: JsValue) {
        self.wait_until = wait_until;
    }

    /// Sets the clock, a function that returns milliseconds since 1970.
    #[wasm_bindgen(js_name = setClock)]
    pub fn set_clock(&mut self, clock: Function) {
        self.clock = Some(Rc::new(clock));
    }

    /// Makes this verifier one that serves no request: see [`JsHost::for_warm_up`].
    #[wasm_bindgen(js_name = setForWarmUp)]
    pub fn set_for_warm_up(&mut self) {
        self.is_for_warm_up = true;
    }

    /// Verifies a compact JWS. Resolves to `{ payload, protectedHeader, user }`. Rejects with an
    /// `Error` that has `code` and `status`, and `cause` and `retryAfter` if they are known. A
    /// verification that needs neither the network nor WebCrypto is done before this returns.
    pub fn verify(&self, token: JsValue) -> Promise {
        let verifier = Rc::clone(&self.verifier);
        let host = host(self.wait_until.clone())
            .with_service(self.service.clone())
            .with_clock(self.clock.clone())
            .for_warm_up(self.is_for_warm_up);
        let driver = host.driver();
        let result = driver.run(async move {
            let Some(token) = text(&token) else {
                let error = Error::new(Code::MalformedToken, "the token is not a string");
                return Err(to_js_error(&error));
            };
            match verifier.verify(&token, &host).await {
                Ok(verified) => Ok(to_js_result(&verified)),
                Err(error) => Err(to_js_error(&error)),
            }
        });
        match result {
            Ok(result) => Promise::resolve(&result),
            Err(error) => Promise::reject(&error),
        }
    }
}

/// The text of a value; `None` if it is not a string.
///
/// Copies a short text in ASCII by one call. `as_string` would copy it character by character.
fn text(value: &JsValue) -> Option<String> {
    let mut bytes = [0; 2_048];
    let length = copy_ascii(value, &mut bytes);
    match bytes.get(..length).map(str::from_utf8) {
        Some(Ok(text)) if !text.is_empty() => Some(text.to_owned()),
        _ => value.as_string(),
    }
}

/// The host of a request. Without `wait_until`, the runtime must run tasks to their end.
fn host(wait_until: JsValue) -> JsHost {
    JsHost::new(move |task| {
        if let Some(wait_until) = wait_until.dyn_ref::<Function>() {
            // the task can run even if this fails
            let _ = wait_until.call1(&JsValue::UNDEFINED, &task);
        }
    })
}

fn to_js_result(verified: &Verified) -> JsValue {
    result(&to_text(verified))
}

/// One text, because each text costs a call.
fn to_text(verified: &Verified) -> String {
    let (header, claims) = (verified.header().as_json(), verified.claims().as_json());
    let impersonator = verified.session().impersonator().map(quote);
    let impersonator = impersonator.as_deref().unwrap_or("null");
    ["[", header, ",", &quote(verified.user()), ",", claims, ",", impersonator, "]"].concat()
}

fn to_js_error(error: &Error) -> JsValue {
    let cause = error.source().map(ToString::to_string);
    let (code, status) = (error.code().as_str(), error.status());
    auth_error(code, status, error.detail(), cause.as_deref(), error.retry_after())
}

#[wasm_bindgen(module = "/src/bindings/javascript/result.js")]
extern "C" {
    fn result(text: &str) -> JsValue;

    #[wasm_bindgen(js_name = copyAscii)]
    fn copy_ascii(value: &JsValue, bytes: &mut [u8]) -> usize;

    fn service(fetch: &Function) -> JsValue;

    #[wasm_bindgen(js_name = authError)]
    fn auth_error(
        code: &str,
        status: u16,
        detail: &str,
        cause: Option<&str>,
        retry_after: Option<u32>,
    ) -> JsValue;
}
