//! The explanation of a verifier's decision, for the inspector.

use std::error::Error as StdError;

use js_sys::Promise;
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::{misconfigured, read};
use crate::bindings::runtime::JsHost;
use crate::bindings::to_js;
use crate::check::Check;
use crate::config::value::SettingValue;
use crate::verifier::{self, CheckReport, KeyReport};

/// Explains how a verifier with these options decides about a token. The options are those of
/// [`create_verifier`](super::create_verifier). `jwks` is a JWK Set as its server published it:
/// reading it as JSON first would hide its errors.
///
/// Resolves to an `Explanation` of `www/src/core.d.ts`.
///
/// # Errors
/// An `Error` with `code` `misconfigured` whose message lists all errors.
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
        Ok(to_js(&Explanation::from(&explanation)))
    });
    Ok(Promise::resolve(&explained?))
}

#[derive(Serialize)]
struct Explanation<'e> {
    /// The error; absent if the token is valid
    code: Option<&'static str>,
    status: Option<u16>,
    title: Option<&'static str>,
    detail: Option<&'e str>,
    cause: Option<String>,
    user: Option<&'e str>,
    /// Seconds since 1970
    now: f64,
    /// Seconds
    tolerance: f64,
    checks: Vec<CheckResult<'e>>,
    /// JSON
    header: Option<&'e str>,
    /// JSON
    claims: Option<&'e str>,
    source: Option<&'e str>,
    keys: Vec<Key<'e>>,
    unusable: Vec<String>,
}

#[derive(Serialize)]
struct CheckResult<'e> {
    name: &'static str,
    #[serde(rename = "in")]
    place: &'static str,
    outcome: &'static str,
    code: Option<&'static str>,
    detail: Option<&'e str>,
    members: &'e [String],
    expected: &'e str,
}

#[derive(Serialize)]
struct Key<'e> {
    kid: Option<&'e str>,
    kty: &'e str,
    size: &'e str,
    alg: Option<&'static str>,
    thumbprint: &'e str,
    used: bool,
}

impl<'e> From<&'e verifier::Explanation> for Explanation<'e> {
    fn from(explanation: &'e verifier::Explanation) -> Self {
        let error = explanation.result.as_ref().err();
        Self {
            code: error.map(|error| error.code().as_str()),
            status: error.map(|error| error.status()),
            title: error.map(|error| error.code().title()),
            detail: error.map(|error| error.detail()),
            cause: error.and_then(StdError::source).map(ToString::to_string),
            user: explanation.result.as_ref().ok().map(|verified| verified.user()),
            now: explanation.now,
            tolerance: explanation.tolerance,
            checks: explanation.checks.iter().map(CheckResult::from).collect(),
            header: explanation.header.as_deref(),
            claims: explanation.claims.as_deref(),
            source: explanation.source.as_deref(),
            keys: explanation.keys.iter().map(Key::from).collect(),
            unusable: explanation.unusable.iter().map(ToString::to_string).collect(),
        }
    }
}

impl<'e> From<&'e CheckReport> for CheckResult<'e> {
    fn from(report: &'e CheckReport) -> Self {
        let (code, detail) = match &report.rejection {
            Some((code, detail)) => (Some(code.as_str()), Some(detail.as_str())),
            None => (None, None),
        };
        Self {
            name: report.check.name(),
            place: if report.check < Check::Kind { "header" } else { "claims" },
            outcome: report.outcome.name(),
            code,
            detail,
            members: &report.members,
            expected: &report.expected,
        }
    }
}

impl<'e> From<&'e KeyReport> for Key<'e> {
    fn from(report: &'e KeyReport) -> Self {
        Self {
            kid: report.kid.as_deref(),
            kty: report.kty,
            size: &report.size,
            alg: report.algorithm.map(|algorithm| algorithm.name()),
            thumbprint: &report.thumbprint,
            used: report.used,
        }
    }
}
