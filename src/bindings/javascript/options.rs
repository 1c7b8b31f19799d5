//! Reads the options of `createVerifier` and `createGateway` as settings, by the table of all
//! settings. This module checks names and types; the core checks the values.

use js_sys::{Array, Function, Number, Object, Reflect, Symbol, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::config::error::SettingError;
use crate::config::reader::Reader;
use crate::config::table::{self, Kind, SETTINGS, Setting};
use crate::config::value::{Options, Value};
use crate::policy::tokens;
use crate::similar::{did_you_mean, suggestion};
use crate::verifier::Verifier;

/// The function that takes the options.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Api {
    /// `createVerifier`, whose options have exactly the types of TypeScript
    Verifier,
    /// `createGateway`, whose options can be the texts of environment variables
    #[cfg(feature = "js-gateway")]
    Gateway,
}

/// The options of a call.
pub(super) struct JsOptions {
    pub(super) settings: Options,
    /// Replaces the runtime's `fetch`
    pub(super) fetch: Option<Function>,
    /// Errors about members that are not options, and about `fetch`
    errors: Vec<String>,
}

impl JsOptions {
    /// The result, or all errors as one message: those of names and types, and those of values.
    /// Errors name options.
    pub(super) fn checked<T>(&self, result: Result<T, Vec<SettingError>>) -> Result<T, String> {
        let errors = match result {
            Ok(value) if self.errors.is_empty() => return Ok(value),
            Ok(_) => Vec::new(),
            Err(errors) => errors,
        };
        let errors = errors.iter().map(|error| with_option_names(&error.to_string()));
        Err(self.errors.iter().cloned().chain(errors).collect::<Vec<_>>().join("; "))
    }
}

/// The verifier with the options of `createVerifier`.
///
/// # Errors
/// Every error in the options.
pub(super) fn verifier(options: &Options) -> Result<Verifier, Vec<SettingError>> {
    let lookup = |name: &str| options.value(name);
    let mut reader = Reader::of_options(&lookup, options);
    let mut token_options = tokens::token_options(&mut reader);
    token_options.secret = reader.better_auth_secret();
    match tokens::verifier(&mut reader, token_options) {
        Some(verifier) if reader.has_no_errors() => Ok(verifier),
        _ => Err(reader.errors()),
    }
}

/// A text with the names of options in place of the names of settings.
pub(super) fn with_option_names(text: &str) -> String {
    let is_in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_in_name) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_in_name(c)).unwrap_or(from.len()));
        replaced.push_str(before);
        replaced.push_str(table::setting(word).and_then(|setting| setting.option).unwrap_or(word));
        rest = after;
    }
    replaced + rest
}

/// Reads an object with options. A member that is `undefined` counts as absent.
///
/// # Errors
/// The value is not an object.
pub(super) fn read(options: &JsValue, api: Api) -> Result<JsOptions, String> {
    if !options.is_object() {
        return Err("the options are not an object".to_owned());
    }
    let mut read = JsOptions { settings: Options::default(), fetch: None, errors: Vec::new() };
    for entry in Object::entries(options.unchecked_ref()).iter() {
        let entry: Array = entry.unchecked_into();
        let (name, value) = (entry.get(0).as_string().unwrap_or_default(), entry.get(1));
        if value.is_undefined() {
            continue;
        }
        if name == FETCH {
            match value.dyn_into() {
                Ok(fetch) => read.fetch = Some(fetch),
                Err(_) => read.errors.push("fetch is not a function".to_owned()),
            }
            continue;
        }
        let setting = table::option(&name);
        let Some(setting) = setting.filter(|setting| api.has(setting)) else {
            let question = did_you_mean(&name, known(options, api));
            read.errors.push([&name, " is not an option", &question].concat());
            let meant = suggestion(&name, known(options, api));
            let meant = meant.filter(|option| is_absent(options, option));
            let meant = meant.and_then(|option| Some(table::option(option)?.name));
            read.settings.misspelled.extend(meant);
            continue;
        };
        match value_of(setting.kind, &value, api) {
            Ok(value) => read.settings.values.extend(value.map(|value| (setting.name, value))),
            Err(detail) => read.settings.errors.push(SettingError::new(setting.name, detail)),
        }
    }
    Ok(read)
}

impl Api {
    /// Whether the function has an option. `createGateway` has all of them.
    fn has(self, setting: &Setting) -> bool {
        self != Self::Verifier || setting.hosts.verifier
    }
}

const FETCH: &str = "fetch";

/// The names of all options, for suggestions.
fn known(options: &JsValue, api: Api) -> impl Iterator<Item = &'static str> {
    // the middleware's own options never get here; only the middleware sets `ownPaths`
    let is_middleware = Reflect::has(options, &"ownPaths".into()).unwrap_or(false);
    let of_middleware = ["signInPath", "returnParameter", "isPage"];
    let of_middleware = of_middleware.into_iter().filter(move |_| is_middleware);
    let options = SETTINGS.iter().filter(move |setting| api.has(setting));
    options.filter_map(|setting| setting.option).chain([FETCH]).chain(of_middleware)
}

/// Whether an object lacks a member, or has an undefined one.
fn is_absent(object: &JsValue, name: &str) -> bool {
    Reflect::get(object, &name.into()).is_ok_and(|value| value.is_undefined())
}

/// The value of an option. `None` for an empty list that counts as absent.
///
/// # Errors
/// The option has another type. The error completes a sentence that begins with its name.
fn value_of(kind: Kind, value: &JsValue, api: Api) -> Result<Option<Value>, &'static str> {
    if let Some(text) = value.as_string() {
        return from_text(kind, text, api).map(Some);
    }
    Ok(Some(match kind {
        Kind::Text | Kind::Url => return Err("is not a string"),
        Kind::Label => {
            let number: Option<&Number> = value.dyn_ref();
            let text = number.and_then(|number| number.to_string_with_radix(10).ok());
            Value::Text(text.ok_or("is neither a string nor a number")?.into())
        }
        Kind::Number => Value::Number(value.as_f64().ok_or("is not a number")?),
        Kind::Seconds => {
            let milliseconds = value.as_f64().ok_or("is not a number of milliseconds")?;
            Value::Number(milliseconds / 1_000.0)
        }
        Kind::Switch => Value::Switch(value.as_bool().ok_or("is not a boolean")?),
        Kind::Secret => match bytes(value)? {
            secret if secret.is_empty() => return Err("is empty"),
            secret => Value::Bytes(secret),
        },
        Kind::Json => Value::Text(json(value)?),
        Kind::List | Kind::Names | Kind::Claims => {
            let texts = texts(value).ok_or("is neither a string nor an array of strings")?;
            match kind {
                _ if api == Api::Verifier || !texts.is_empty() => Value::Texts(texts),
                Kind::Names => return Ok(None),
                Kind::Claims => Value::Texts(vec!["sub".to_owned()]),
                _ => return Err("is empty"),
            }
        }
    }))
}

/// The value of an option that is a string.
fn from_text(kind: Kind, text: String, api: Api) -> Result<Value, &'static str> {
    // an environment variable that is not set must not select a default
    if text.trim().is_empty() {
        return Err("is empty");
    }
    if api != Api::Verifier {
        return Ok(Value::Text(text));
    }
    match kind {
        Kind::Text | Kind::Label | Kind::Url | Kind::Secret => Ok(Value::Text(text)),
        Kind::List | Kind::Names | Kind::Claims => Ok(Value::Texts(vec![text])),
        Kind::Number => Err("is not a number"),
        Kind::Seconds => Err("is not a number of milliseconds"),
        Kind::Switch => Err("is not a boolean"),
        Kind::Json => Err("is neither an object nor an array"),
    }
}

/// The strings of an array, or of another iterable.
fn texts(value: &JsValue) -> Option<Vec<String>> {
    let values = js_sys::try_iter(value).ok()??;
    values.map(|value| value.ok()?.as_string()).collect()
}

/// Bytes, also those of another realm: a sandbox has its own `Uint8Array`.
fn bytes(value: &JsValue) -> Result<Vec<u8>, &'static str> {
    let tag = Reflect::get(value, &Symbol::to_string_tag()).unwrap_or_default();
    match tag == "Uint8Array" {
        true => Ok(Uint8Array::new(value).to_vec()),
        false => Err("is neither a string nor a Uint8Array"),
    }
}

/// An object or array as JSON.
fn json(value: &JsValue) -> Result<String, &'static str> {
    if !value.is_object() {
        return Err("is neither an object, an array nor JSON");
    }
    structured(value).ok_or(
        "contains a value that JSON cannot represent, such as undefined within a table, a Map, a \
         Date or a function",
    )
}

#[wasm_bindgen(module = "/src/bindings/javascript/result.js")]
extern "C" {
    /// The JSON of a value; `undefined` if it cannot represent all of it.
    fn structured(value: &JsValue) -> Option<String>;
}
