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

/// Makes a verifier. Nothing is fetched before the first token asks for a key.
///
/// The options have the names and meanings of [`VerifierOptions`](crate::VerifierOptions): `baseURL`, `basePath`,
/// `jwksUrl`, `jwks` (an object), `secret` (a string or bytes), `issuer`, `audience`, `userClaim` (a string or several),
/// `algorithms`, `profile`, `requiredClaims` (names, or an object from names to accepted values);
/// `clockTolerance`, `maxTokenAge`, `maxTokenLifetime` in seconds; as jose has them in milliseconds,
/// `cacheMaxAge`, `cooldownDuration`, `timeoutDuration`, and with them `cacheStaleAge`;
/// `tokenCache`, `tableWindow`, `maxTokenBytes`, `maxHeaderBytes`. And `fetch`, a function by which
/// the key set is fetched, in place of the runtime's own.
///
/// # Errors
/// An `Error` with `code` `misconfigured` whose message lists every fault.
#[wasm_bindgen(js_name = createVerifier)]
pub fn create_verifier(options: JsValue) -> Result<JsVerifier, JsValue> {
    let options = read(&options)?;
    let verifier = options.verifier().map_err(misconfigured)?;
    let service = options.fetch.map(|fetch| Rc::new(service(&fetch)));
    if let Some(warning) = verifier.warning() {
        JsHost::new(|_| ()).log(Level::Warn, warning);
    }
    let wait_until = JsValue::UNDEFINED;
    Ok(JsVerifier { verifier: Rc::new(verifier), service, wait_until, clock: None })
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
    /// By which the key set is fetched, if not by the runtime
    service: Option<Rc<JsValue>>,
    wait_until: JsValue,
    /// What tells the time, if not the runtime
    clock: Option<Rc<Function>>,
}

#[wasm_bindgen(js_class = Verifier)]
impl JsVerifier {
    /// Tells that function, if it is one, of tasks that must not end with the request that has begun
    /// them.
    #[wasm_bindgen(js_name = setWaitUntil)]
    pub fn set_wait_until(&mut self, wait_until: JsValue) {
        self.wait_until = wait_until;
    }

    /// Has that function tell the time, in milliseconds since 1970.
    #[wasm_bindgen(js_name = setClock)]
    pub fn set_clock(&mut self, clock: Function) {
        self.clock = Some(Rc::new(clock));
    }

    /// Verifies a compact JWS. Resolves to `{ payload, protectedHeader, user }`; rejects with an
    /// `Error` that has `code` and `status`, and `cause` and `retryAfter` where they are known. What needs neither network nor host is done before it
    /// returns.
    pub fn verify(&self, token: JsValue) -> Promise {
        let verifier = Rc::clone(&self.verifier);
        let host = host(self.wait_until.clone())
            .with_service(self.service.clone())
            .with_clock(self.clock.clone());
        let driver = host.driver();
        let result = driver.run(async move {
            let Some(token) = token.as_string() else {
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

/// The host of a request. Where there is no `wait_until`, tasks just run.
fn host(wait_until: JsValue) -> JsHost {
    JsHost::new(move |task| {
        if let Some(wait_until) = wait_until.dyn_ref::<Function>() {
            // a task that nobody waits for may still run
            let _ = wait_until.call1(&JsValue::UNDEFINED, &task);
        }
    })
}

fn to_js_result(verified: &Verified) -> JsValue {
    result(&to_text(verified))
}

/// One text, because each that crosses costs a call.
fn to_text(verified: &Verified) -> String {
    let (header, claims) = (verified.header().as_json(), verified.claims().as_json());
    ["[", header, ",", &quote(verified.user()), ",", claims, "]"].concat()
}

fn to_js_error(error: &Error) -> JsValue {
    let cause = error.source().map(ToString::to_string);
    let (code, status) = (error.code().as_str(), error.status());
    auth_error(code, status, error.detail(), cause.as_deref(), error.retry_after())
}

#[wasm_bindgen(module = "/src/bindings/javascript/result.js")]
extern "C" {
    fn result(text: &str) -> JsValue;

    fn service(fetch: &Function) -> JsValue;

    /// JSON, if that says all that the value does.
    fn structured(value: &JsValue) -> Option<String>;

    #[wasm_bindgen(js_name = authError)]
    fn auth_error(
        code: &str,
        status: u16,
        detail: &str,
        cause: Option<&str>,
        retry_after: Option<u32>,
    ) -> JsValue;
}
