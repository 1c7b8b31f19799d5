//! The wasm-bindgen API for JavaScript runtimes, on which the npm package is built.
//!
//! Glue only: options in, results out. Payloads cross as text and are parsed by the host.

use std::rc::Rc;

use js_sys::{Error as JsError, JSON, Object, Promise, Reflect};
use serde::Deserialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::future_to_promise;

use crate::error::{Code, Error};
use crate::host::JsHost;
use crate::verifier::{Fault, Verified, Verifier, VerifierOptions};

/// Makes a verifier. Nothing is fetched before the first token asks for a key.
///
/// Options: `baseURL`, or `jwksUrl`, or `jwks` (an object), each with its meaning in
/// [`VerifierOptions`]; `issuer`, `audience` (a string or an array), `algorithms`,
/// `clockTolerance` (seconds), `userClaim`.
///
/// # Errors
/// An `Error` with `code` `misconfigured` whose message lists every fault.
#[wasm_bindgen(js_name = createVerifier)]
pub fn create_verifier(options: JsValue) -> Result<JsVerifier, JsValue> {
    let misconfigured = |detail: String| to_js_error(&Error::new(Code::Misconfigured, detail));
    let options: Options = serde_wasm_bindgen::from_value(options)
        .map_err(|error| misconfigured(format!("the options cannot be read: {error}")))?;
    let verifier = VerifierOptions::from(options).build().map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(Fault::to_string).collect();
        misconfigured(faults.join("; "))
    })?;
    Ok(JsVerifier(Rc::new(verifier)))
}

/// A verifier of session tokens.
#[wasm_bindgen(js_name = Verifier)]
pub struct JsVerifier(Rc<Verifier>);

#[wasm_bindgen(js_class = Verifier)]
impl JsVerifier {
    /// Verifies a compact JWS. Resolves to `{ payload, protectedHeader, user }`; rejects with an
    /// `Error` that has `code` and `status`.
    pub fn verify(&self, token: JsValue) -> Promise {
        let verifier = Rc::clone(&self.0);
        future_to_promise(async move {
            let Some(token) = token.as_string() else {
                let error = Error::new(Code::MalformedToken, "the token is not a string");
                return Err(to_js_error(&error));
            };
            // tasks just run here: nobody has to wait for them
            let host = JsHost::new(|_| ());
            let verified =
                verifier.verify(&token, &host).await.map_err(|error| to_js_error(&error))?;
            to_js_result(&verified)
        })
    }
}

/// The options as JavaScript writes them. A misspelled one is an error: it may be a restriction.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Options {
    #[serde(rename = "baseURL")]
    base_url: Option<String>,
    jwks_url: Option<String>,
    #[serde(default, with = "serde_wasm_bindgen::preserve")]
    jwks: JsValue,
    issuer: Option<OneOrMore>,
    audience: Option<OneOrMore>,
    algorithms: Option<Vec<String>>,
    clock_tolerance: Option<f64>,
    user_claim: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl From<Options> for VerifierOptions {
    fn from(options: Options) -> Self {
        let list = |values: OneOrMore| match values {
            OneOrMore::One(value) => vec![value],
            OneOrMore::More(values) => values,
        };
        let jwks = (!options.jwks.is_undefined()).then(|| {
            // what has no JSON is no set, and is refused as such
            JSON::stringify(&options.jwks)
                .ok()
                .and_then(|text| text.as_string())
                .unwrap_or_default()
        });
        Self {
            base_url: options.base_url,
            jwks_url: options.jwks_url,
            jwks,
            issuer: options.issuer.map(list),
            audience: options.audience.map(list),
            algorithms: options.algorithms,
            clock_tolerance: options.clock_tolerance,
            user_claim: options.user_claim,
        }
    }
}

fn to_js_result(verified: &Verified) -> Result<JsValue, JsValue> {
    let payload = JSON::parse(verified.claims().as_json())?;
    let header = object(&[
        ("alg", verified.algorithm().name().into()),
        ("kid", verified.kid().map_or(JsValue::UNDEFINED, JsValue::from)),
    ])?;
    let text = |name| verified.claims().text_claim(name).map_or(JsValue::UNDEFINED, JsValue::from);
    let user = object(&[
        ("id", verified.user().into()),
        ("uuid", text("uuid")),
        ("email", text("email")),
        ("name", text("name")),
        ("claims", payload.clone()),
    ])?;
    object(&[("payload", payload), ("protectedHeader", header), ("user", user)])
}

/// An object of what is not undefined.
fn object(members: &[(&str, JsValue)]) -> Result<JsValue, JsValue> {
    let object = Object::new();
    for (name, value) in members.iter().filter(|(_, value)| !value.is_undefined()) {
        Reflect::set(&object, &JsValue::from_str(name), value)?;
    }
    Ok(object.into())
}

fn to_js_error(error: &Error) -> JsValue {
    let js_error = JsValue::from(JsError::new(error.detail()));
    for (name, value) in
        [("code", error.code().as_str().into()), ("status", JsValue::from(error.status()))]
    {
        // a new Error is extensible, so this cannot fail
        let _ = Reflect::set(&js_error, &JsValue::from_str(name), &value);
    }
    js_error
}
