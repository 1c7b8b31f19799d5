//! What the inspector shows of a verifier: an explanation as JSON.

use std::error::Error as StdError;

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::{misconfigured, read};
use crate::bindings::runtime::JsHost;
use crate::check::Check;
use crate::config::value::SettingValue;
use crate::jose::json::quote;
use crate::verifier::{CheckReport, Explanation, KeyReport};

/// Explains what a verifier with these options, those of [`create_verifier`](super::create_verifier),
/// says to a token. A JWK Set may be given as it was published, since reading it would hide what is
/// wrong with it. Resolves to JSON, whose shape `www/src/explanation.js` has.
///
/// # Errors
/// An `Error` with `code` `misconfigured` whose message lists every fault.
#[wasm_bindgen]
pub fn explain(options: JsValue, jwks: Option<String>, token: String) -> Result<Promise, JsValue> {
    let mut options = read(&options)?;
    if let Some(jwks) = jwks {
        options.settings.set("JWKS", SettingValue::Json(jwks));
    }
    let verifier = options.verifier().map_err(misconfigured)?;
    let host = JsHost::new(|_| ());
    let driver = host.driver();
    let explained = driver.run(async move {
        let explanation = verifier.explain(&token, &host).await;
        Ok(JsValue::from(to_json(&explanation)))
    });
    Ok(Promise::resolve(&explained?))
}

fn to_json(explanation: &Explanation) -> String {
    let Explanation { result, checks, header, claims, source, keys, unusable, now, tolerance } =
        explanation;
    let error = result.as_ref().err();
    let user = result.as_ref().ok().map(|verified| verified.user());
    let cause = error.and_then(StdError::source).map(|cause| cause.to_string());
    let unusable = unusable.iter().map(|why| quote(&why.to_string()));
    object(&[
        ("code", optional(error.map(|error| error.code().as_str()))),
        ("status", error.map_or("null".into(), |error| error.status().to_string())),
        ("title", optional(error.map(|error| error.code().title()))),
        ("detail", optional(error.map(|error| error.detail()))),
        ("cause", optional(cause.as_deref())),
        ("user", optional(user)),
        ("now", seconds(*now)),
        ("tolerance", tolerance.to_string()),
        ("checks", array(checks.iter().map(check))),
        ("header", header.clone().unwrap_or("null".into())),
        ("claims", claims.clone().unwrap_or("null".into())),
        ("source", optional(source.as_deref())),
        ("keys", array(keys.iter().map(key))),
        ("unusable", array(unusable)),
    ])
}

fn check(report: &CheckReport) -> String {
    let CheckReport { check, outcome, refusal, members, expected } = report;
    let (code, detail) = match refusal {
        Some((code, detail)) => (Some(code.as_str()), Some(detail.as_str())),
        None => (None, None),
    };
    object(&[
        ("name", quote(check.name())),
        ("in", quote(if *check < Check::Kind { "header" } else { "claims" })),
        ("outcome", quote(outcome.name())),
        ("code", optional(code)),
        ("detail", optional(detail)),
        ("members", array(members.iter().map(|name| quote(name)))),
        ("expected", quote(expected)),
    ])
}

fn key(report: &KeyReport) -> String {
    let KeyReport { kid, kty, size, algorithm, thumbprint, used } = report;
    object(&[
        ("kid", optional(kid.as_deref())),
        ("kty", quote(kty)),
        ("size", quote(size)),
        ("alg", optional(algorithm.map(|algorithm| algorithm.name()))),
        ("thumbprint", quote(thumbprint)),
        ("used", used.to_string()),
    ])
}

fn object(members: &[(&str, String)]) -> String {
    let members = members.iter().map(|(name, value)| [&quote(name), ":", value].concat());
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn array(elements: impl Iterator<Item = String>) -> String {
    format!("[{}]", elements.collect::<Vec<_>>().join(","))
}

/// To the millisecond. What std has for fractions brings tables of 13 kB for their last bit.
fn seconds(time: f64) -> String {
    let milliseconds = (time * 1_000.0).round() as u64;
    format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
}

fn optional(text: Option<&str>) -> String {
    text.map_or("null".into(), quote)
}
