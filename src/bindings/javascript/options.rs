//! Reads the options of `createVerifier`, member by member. A misspelled one is a fault: it may be
//! meant as a restriction.

use js_sys::{Array, Function, Object, Reflect, Symbol, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::bindings::javascript::structured;
use crate::claims::RequiredClaim;
use crate::jose::Json;
use crate::similar::{did_you_mean, suggestion};
use crate::verifier::{Fault, Verifier, VerifierOptions};

/// What the options say.
pub(super) struct Given {
    pub(super) options: VerifierOptions,
    pub(super) fetch: Option<Function>,
    /// What is wrong with members that are no options
    unknown: Vec<String>,
    /// The options that those stand for, as far as that is clear
    meant: Vec<&'static str>,
    /// Options that are not of their type
    faults: Vec<Fault>,
}

impl Given {
    /// The verifier of these options.
    ///
    /// # Errors
    /// Every fault, of names, types and values, in one text.
    pub(super) fn build(self) -> Result<Verifier, String> {
        let faults = match self.options.build_beside(self.faults, &self.meant) {
            Ok(verifier) if self.unknown.is_empty() => return Ok(verifier),
            Ok(_) => Vec::new(),
            Err(faults) => faults,
        };
        let faults = faults.iter().map(Fault::to_string);
        Err(self.unknown.into_iter().chain(faults).collect::<Vec<_>>().join("; "))
    }
}

/// The options that an object holds; members that are `undefined` are not there.
///
/// # Errors
/// That it is no object.
pub(super) fn read(object: &JsValue) -> Result<Given, String> {
    if !object.is_object() {
        return Err("the options are not an object".into());
    }
    let entries = Object::entries(object.unchecked_ref());
    let (options, fetch) = (VerifierOptions::default(), None);
    let (unknown, meant, faults) = (Vec::new(), Vec::new(), Vec::new());
    let mut given = Given { options, fetch, unknown, meant, faults };
    for entry in entries.iter() {
        let entry: Array = entry.unchecked_into();
        let (name, value) = (entry.get(0).as_string().unwrap_or_default(), entry.get(1));
        if value.is_undefined() {
            continue;
        }
        let Some((option, read)) = OPTIONS.iter().find(|(option, _)| *option == name) else {
            let known = || OPTIONS.iter().map(|(option, _)| *option);
            let question = did_you_mean(&name, known());
            given.unknown.push([&name, " is not an option", &question].concat());
            given
                .meant
                .extend(suggestion(&name, known()).filter(|option| is_absent(object, option)));
            continue;
        };
        if let Err(expected) = read(&mut given, &value) {
            given.faults.push(Fault::new(option, expected));
        }
    }
    Ok(given)
}

/// Whether an object has no member of that name, or an undefined one.
pub(super) fn is_absent(object: &JsValue, name: &str) -> bool {
    Reflect::get(object, &name.into()).is_ok_and(|value| value.is_undefined())
}

/// Reads an option.
type Read = fn(&mut Given, &JsValue) -> Result<(), &'static str>;

/// Every option, and how it is read into where it is kept.
const OPTIONS: &[(&str, Read)] = &[
    ("baseURL", |given, value| set(&mut given.options.base_url, text(value))),
    ("basePath", |given, value| set(&mut given.options.base_path, text(value))),
    ("jwksUrl", |given, value| set(&mut given.options.jwks_url, text(value))),
    ("jwks", |given, value| set(&mut given.options.jwks, json(value))),
    ("secret", |given, value| set(&mut given.options.secret, bytes(value))),
    ("issuer", |given, value| set(&mut given.options.issuer, texts(value))),
    ("audience", |given, value| set(&mut given.options.audience, texts(value))),
    ("algorithms", |given, value| set(&mut given.options.algorithms, texts(value))),
    ("clockTolerance", |given, value| set(&mut given.options.clock_tolerance, number(value))),
    ("maxTokenAge", |given, value| set(&mut given.options.max_token_age, number(value))),
    ("maxTokenLifetime", |given, value| set(&mut given.options.max_token_lifetime, number(value))),
    ("profile", |given, value| set(&mut given.options.profile, text(value))),
    ("userClaim", |given, value| set(&mut given.options.user_claim, texts(value))),
    ("requiredClaims", |given, value| {
        set(&mut given.options.required_claims, required_claims(value))
    }),
    ("cacheMaxAge", |given, value| set(&mut given.options.cache_max_age, milliseconds(value))),
    ("cacheStaleAge", |given, value| set(&mut given.options.cache_stale_age, milliseconds(value))),
    ("cooldownDuration", |given, value| set(&mut given.options.cooldown, milliseconds(value))),
    ("timeoutDuration", |given, value| set(&mut given.options.timeout, milliseconds(value))),
    ("listClaims", |given, value| set(&mut given.options.list_claims, texts(value))),
    ("exclusiveAudience", |given, value| set(&mut given.options.exclusive_audience, switch(value))),
    ("tokenCache", |given, value| set(&mut given.options.token_cache, number(value))),
    ("tableWindow", |given, value| set(&mut given.options.table_window, number(value))),
    ("maxTokenBytes", |given, value| set(&mut given.options.max_token_bytes, number(value))),
    ("maxHeaderBytes", |given, value| set(&mut given.options.max_header_bytes, number(value))),
    ("fetch", |given, value| set(&mut given.fetch, function(value))),
];

fn switch(value: &JsValue) -> Result<bool, &'static str> {
    value.as_bool().ok_or("is not a boolean")
}

fn set<T>(option: &mut Option<T>, value: Result<T, &'static str>) -> Result<(), &'static str> {
    *option = Some(value?);
    Ok(())
}

fn text(value: &JsValue) -> Result<String, &'static str> {
    value.as_string().ok_or("is not a string")
}

fn number(value: &JsValue) -> Result<f64, &'static str> {
    value.as_f64().ok_or("is not a number")
}

/// As jose has them; they are kept in seconds.
fn milliseconds(value: &JsValue) -> Result<f64, &'static str> {
    number(value).map(|milliseconds| milliseconds / 1_000.0)
}

fn function(value: &JsValue) -> Result<Function, &'static str> {
    value.dyn_ref().cloned().ok_or("is not a function")
}

/// One string, or an array of strings.
fn texts(value: &JsValue) -> Result<Vec<String>, &'static str> {
    const EXPECTED: &str = "is neither a string nor an array of strings";
    match (value.as_string(), value.dyn_ref::<Array>()) {
        (Some(text), _) => Ok(vec![text]),
        (None, Some(texts)) => {
            texts.iter().map(|text| text.as_string()).collect::<Option<_>>().ok_or(EXPECTED)
        }
        (None, None) => Err(EXPECTED),
    }
}

/// A string, in UTF-8, or bytes, also those of another realm: sandboxes have a `Uint8Array` of their
/// own.
pub(super) fn bytes(value: &JsValue) -> Result<Vec<u8>, &'static str> {
    if let Some(text) = value.as_string() {
        return Ok(text.into_bytes());
    }
    match is_bytes(value) {
        true => Ok(Uint8Array::new(value).to_vec()),
        false => Err("is neither a string nor a Uint8Array"),
    }
}

/// Whether a value is bytes, also those of another realm: sandboxes have a `Uint8Array` of their own.
pub(super) fn is_bytes(value: &JsValue) -> bool {
    let tag = Reflect::get(value, &Symbol::to_string_tag()).unwrap_or_default();
    tag == "Uint8Array"
}

/// A value as JSON, where nothing of it gets lost.
pub(super) fn json(value: &JsValue) -> Result<String, &'static str> {
    structured(value).ok_or(
        "holds what JSON cannot write, such as undefined within a table, a Map, a Date or a function",
    )
}

/// Names, or an object from names to one accepted value or several.
fn required_claims(value: &JsValue) -> Result<Vec<RequiredClaim>, &'static str> {
    let claims = Json::parse(&json(value)?).ok();
    let claims = claims.and_then(|json| RequiredClaim::list_from_json(&json));
    claims.ok_or("is neither a list of names nor an object of accepted values")
}
