//! The wasm-bindgen API for JavaScript runtimes, on which the npm package is built.
//!
//! Glue only: options in, results out. Payloads cross as text and are parsed by the host.

use std::future::Future;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use js_sys::{JSON, Promise, Uint8Array};
use serde::Deserialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::future_to_promise;

use crate::claims::RequiredClaim;
use crate::error::{Code, Error};
use crate::host::JsHost;
use crate::jose::Json;
use crate::verifier::{Fault, Verified, Verifier, VerifierOptions};

/// Makes a verifier. Nothing is fetched before the first token asks for a key.
///
/// The options have the names and meanings of [`VerifierOptions`]: `baseURL`, `jwksUrl`, `jwks` (an
/// object), `secret` (a string or bytes), `issuer`, `audience`, `userClaim` (a string or several),
/// `algorithms`, `profile`, `requiredClaims` (names, or an object from names to accepted values);
/// `clockTolerance`, `maxTokenAge`, `maxTokenLifetime` in seconds; as jose has them in milliseconds,
/// `cacheMaxAge`, `cooldownDuration`, `timeoutDuration`, and with them `cacheStaleAge`;
/// `tokenCache`, `tableWindow`, `maxTokenBytes`, `maxHeaderBytes`.
///
/// # Errors
/// An `Error` with `code` `misconfigured` whose message lists every fault.
#[wasm_bindgen(js_name = createVerifier)]
pub fn create_verifier(options: JsValue) -> Result<JsVerifier, JsValue> {
    let misconfigured = |detail: String| to_js_error(&Error::new(Code::Misconfigured, detail));
    let options: Options = serde_wasm_bindgen::from_value(options)
        .map_err(|error| misconfigured(format!("the options cannot be read: {error}")))?;
    let options = VerifierOptions::try_from(options).map_err(misconfigured)?;
    let verifier = options.build().map_err(|faults| {
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
    /// `Error` that has `code` and `status`. What needs neither network nor host is done before it
    /// returns.
    pub fn verify(&self, token: JsValue) -> Promise {
        let verifier = Rc::clone(&self.0);
        let mut result = Box::pin(async move {
            let Some(token) = token.as_string() else {
                let error = Error::new(Code::MalformedToken, "the token is not a string");
                return Err(to_js_error(&error));
            };
            // tasks just run here: nobody has to wait for them
            let host = JsHost::new(|_| ());
            match verifier.verify(&token, &host).await {
                Ok(verified) => Ok(to_js_result(&verified)),
                Err(error) => Err(to_js_error(&error)),
            }
        });
        match result.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(result)) => Promise::resolve(&result),
            Poll::Ready(Err(error)) => Promise::reject(&error),
            Poll::Pending => future_to_promise(result),
        }
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
    max_token_age: Option<f64>,
    max_token_lifetime: Option<f64>,
    profile: Option<String>,
    user_claim: Option<OneOrMore>,
    #[serde(default, with = "serde_wasm_bindgen::preserve")]
    required_claims: JsValue,
    #[serde(default, with = "serde_wasm_bindgen::preserve")]
    secret: JsValue,
    cache_max_age: Option<f64>,
    cache_stale_age: Option<f64>,
    cooldown_duration: Option<f64>,
    timeout_duration: Option<f64>,
    token_cache: Option<f64>,
    table_window: Option<f64>,
    max_token_bytes: Option<f64>,
    max_header_bytes: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl TryFrom<Options> for VerifierOptions {
    type Error = String;

    fn try_from(options: Options) -> Result<Self, String> {
        let list = |values: OneOrMore| match values {
            OneOrMore::One(value) => vec![value],
            OneOrMore::More(values) => values,
        };
        let seconds = |milliseconds: Option<f64>| milliseconds.map(|given| given / 1_000.0);
        Ok(Self {
            base_url: options.base_url,
            jwks_url: options.jwks_url,
            jwks: json_text(&options.jwks),
            secret: secret(&options.secret)?,
            issuer: options.issuer.map(list),
            audience: options.audience.map(list),
            algorithms: options.algorithms,
            clock_tolerance: options.clock_tolerance,
            max_token_age: options.max_token_age,
            max_token_lifetime: options.max_token_lifetime,
            profile: options.profile,
            user_claim: options.user_claim.map(list),
            required_claims: required_claims(&options.required_claims)?,
            cache_max_age: seconds(options.cache_max_age),
            cache_stale_age: seconds(options.cache_stale_age),
            cooldown: seconds(options.cooldown_duration),
            timeout: seconds(options.timeout_duration),
            token_cache: options.token_cache,
            table_window: options.table_window,
            max_token_bytes: options.max_token_bytes,
            max_header_bytes: options.max_header_bytes,
        })
    }
}

/// A value as JSON; what has none becomes the empty text, which nothing accepts.
fn json_text(value: &JsValue) -> Option<String> {
    let text = || JSON::stringify(value).ok()?.as_string();
    (!value.is_undefined()).then(|| text().unwrap_or_default())
}

/// A string, in UTF-8, or bytes.
fn secret(value: &JsValue) -> Result<Option<Vec<u8>>, String> {
    if value.is_undefined() {
        return Ok(None);
    }
    match (value.as_string(), value.dyn_ref::<Uint8Array>()) {
        (Some(text), _) => Ok(Some(text.into_bytes())),
        (None, Some(bytes)) => Ok(Some(bytes.to_vec())),
        (None, None) => Err("secret is neither a string nor a Uint8Array".into()),
    }
}

/// Names, or an object from names to one accepted value or several.
fn required_claims(value: &JsValue) -> Result<Option<Vec<RequiredClaim>>, String> {
    const FAULT: &str =
        "requiredClaims is neither a list of names nor an object of accepted values";
    let Some(text) = json_text(value) else {
        return Ok(None);
    };
    let claims: Option<Vec<_>> = match Json::parse(&text) {
        Ok(Json::Array(names)) => {
            names.iter().map(|name| RequiredClaim::present(name.as_str()?)).collect()
        }
        Ok(Json::Object(values)) => values
            .members()
            .map(|(name, accepted)| match accepted {
                Json::Array(accepted) if accepted.is_empty() => None,
                Json::Array(accepted) => RequiredClaim::one_of(name, accepted.clone()),
                accepted => RequiredClaim::one_of(name, vec![accepted.clone()]),
            })
            .collect(),
        _ => None,
    };
    claims.map(Some).ok_or_else(|| FAULT.into())
}

fn to_js_result(verified: &Verified) -> JsValue {
    let payload = verified.claims().as_json();
    result(payload, verified.algorithm().name(), verified.kid(), verified.user())
}

fn to_js_error(error: &Error) -> JsValue {
    auth_error(error.code().as_str(), error.status(), error.detail())
}

#[wasm_bindgen(module = "/src/js.js")]
extern "C" {
    fn result(payload: &str, alg: &str, kid: Option<&str>, user_id: &str) -> JsValue;

    #[wasm_bindgen(js_name = authError)]
    fn auth_error(code: &str, status: u16, detail: &str) -> JsValue;
}
