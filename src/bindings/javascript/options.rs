//! Reads the options of `createVerifier` and `createGateway` into settings, by the settings table.
//! An unknown option is an error, because the caller may mean it as a restriction.
//!
//! The options are not one deserialized struct, because that would report the first error only.

use js_sys::{Array, Function, JSON, Object, Reflect, Symbol, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

#[cfg(feature = "js-gateway")]
use crate::config::bindings::RevocationsBinding;
use crate::config::error::SettingError;
use crate::config::reader::Reader;
use crate::config::settings_table::{Kind, Naming, SETTINGS, Setting};
use crate::config::value::{SettingValue, SettingValues};
use crate::policy::tokens::{token_options, verifier};
use crate::similar::{did_you_mean, suggestion};
use crate::verifier::Verifier;

/// The options of a caller.
pub(super) struct Options {
    pub(super) settings: SettingValues,
    /// The function that fetches documents in place of the runtime's own
    pub(super) fetch: Option<Function>,
    /// The store of revocations
    #[cfg(feature = "js-gateway")]
    pub(super) revocations: Option<JsValue>,
}

/// The function whose options they are.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Target {
    /// `createVerifier`, which takes values of their own types only
    Verifier,
    /// `createGateway`, which also takes every value as the string that an environment variable has
    #[cfg_attr(not(feature = "js-gateway"), expect(dead_code))]
    Gateway,
}

impl Options {
    /// Reads the members of an object. Members that are `undefined` are absent.
    ///
    /// # Errors
    /// If `options` is not an object. All other errors are in the settings.
    pub(super) fn read(options: &JsValue, target: Target) -> Result<Self, String> {
        let none = Self {
            settings: SettingValues::new(Naming::Options),
            fetch: None,
            #[cfg(feature = "js-gateway")]
            revocations: None,
        };
        none.with(options, target)
    }

    /// The same options, overridden by the members of an object.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn with(self, options: &JsValue, target: Target) -> Result<Self, String> {
        if !options.is_object() {
            let detail = match target {
                Target::Verifier => "the options are not an object: pass one with baseURL",
                Target::Gateway => "the options are not an object",
            };
            return Err(detail.to_owned());
        }
        let mut read = self;
        let mut values = Vec::new();
        for entry in Object::entries(options.unchecked_ref()).iter() {
            let entry: Array = entry.unchecked_into();
            let (name, value) = (entry.get(0).as_string().unwrap_or_default(), entry.get(1));
            if value.is_undefined() {
                continue;
            }
            if name == FETCH {
                read.fetch = value.dyn_into().ok();
                if read.fetch.is_none() {
                    values.push((FETCH, Err("is not a function")));
                }
                continue;
            }
            #[cfg(feature = "js-gateway")]
            if name == REVOCATIONS && target == Target::Gateway {
                match is_store(&value) {
                    true => {
                        read.settings.set_revocations(RevocationsBinding::Consistent);
                        read.revocations = Some(value);
                    }
                    false => values.push((REVOCATIONS, Err(NO_STORE))),
                }
                continue;
            }
            let Some(setting) = target.settings().find(|it| it.option == Some(name.as_str()))
            else {
                read.add_unknown(&name, options, target);
                continue;
            };
            values.push((setting.name, target.value(setting.kind, value)));
        }
        // errors of values follow those of names
        for (name, value) in values {
            match value {
                Ok(value) => read.settings.set(name, value),
                Err(detail) => read.settings.add_error(SettingError::new(name, detail)),
            }
        }
        Ok(read)
    }

    fn add_unknown(&mut self, name: &str, options: &JsValue, target: Target) {
        let known = || target.options(options);
        let detail = ["is not an option", &did_you_mean(name, known())].concat();
        self.settings.add_error(SettingError::new("", detail).in_name(name));
        let meant = suggestion(name, known()).filter(|option| is_absent(options, option));
        let is_meant = |setting: &&Setting| meant.is_some() && setting.option == meant;
        if let Some(setting) = target.settings().find(is_meant) {
            self.settings.add_misspelled(setting.name);
        }
    }

    /// The verifier of these options.
    ///
    /// # Errors
    /// All errors of names, types and values, in one text.
    pub(super) fn verifier(&self) -> Result<Verifier, String> {
        let source = |name: &str| self.settings.get(name);
        let errors = self.settings.errors();
        let mut reader = Reader::beside(&source, errors).within_app();
        let mut options = token_options(&mut reader);
        options.secret = reader.better_auth_secret();
        match verifier(&mut reader, options) {
            Some(verifier) if reader.is_valid() => Ok(verifier),
            _ => Err(joined(&reader.into_errors())),
        }
    }
}

/// All errors in one text.
pub(super) fn joined(errors: &[SettingError]) -> String {
    errors.iter().map(SettingError::to_string).collect::<Vec<_>>().join("; ")
}

/// Options that are not settings.
const FETCH: &str = "fetch";
#[cfg(feature = "js-gateway")]
const REVOCATIONS: &str = "revocations";

#[cfg(feature = "js-gateway")]
const NO_STORE: &str = "is not an object with the functions read and append";

/// Whether an object has no member of that name, or an undefined one.
fn is_absent(object: &JsValue, name: &str) -> bool {
    Reflect::get(object, &name.into()).is_ok_and(|value| value.is_undefined())
}

impl Target {
    fn settings(self) -> impl Iterator<Item = &'static Setting> {
        SETTINGS.iter().filter(move |setting| match self {
            Self::Verifier => setting.hosts.have_verifier(),
            Self::Gateway => setting.hosts.have_gateway(),
        })
    }

    /// The names of all options, for the caller who has written these.
    fn options(self, given: &JsValue) -> impl Iterator<Item = &'static str> {
        // only the middleware sets ownPaths; it reads these three itself
        let is_middleware = Reflect::has(given, &"ownPaths".into()).unwrap_or(false);
        let of_middleware = ["signInPath", "returnParameter", "isPage"];
        let of_middleware = of_middleware.into_iter().filter(move |_| is_middleware);
        #[cfg(feature = "js-gateway")]
        let of_gateway = (self == Self::Gateway).then_some(REVOCATIONS);
        #[cfg(not(feature = "js-gateway"))]
        let of_gateway = None;
        let own = [FETCH].into_iter().chain(of_gateway).chain(of_middleware);
        self.settings().filter_map(|setting| setting.option).chain(own)
    }

    /// The value of a setting of that kind.
    fn value(self, kind: Kind, value: JsValue) -> Result<SettingValue, &'static str> {
        if self == Self::Verifier {
            return match self.typed(kind, value)? {
                SettingValue::Texts(texts) if texts.is_empty() => Err(EMPTY),
                value => Ok(value),
            };
        }
        if let Some(text) = value.as_string() {
            return variable(text);
        }
        match self.typed(kind, value)? {
            SettingValue::Bytes(bytes) if bytes.is_empty() => Err(EMPTY),
            value => Ok(value),
        }
    }

    /// The value, if it is of the type that the settings table names.
    fn typed(self, kind: Kind, value: JsValue) -> Result<SettingValue, &'static str> {
        let typed = match kind {
            Kind::Text | Kind::Url => {
                SettingValue::Text(value.as_string().ok_or("is not a string")?)
            }
            Kind::Label => {
                let number = value.as_f64().filter(|number| number.is_finite());
                let text = number.and_then(|_| JSON::stringify(&value).ok()?.as_string());
                let text = text.or_else(|| value.as_string());
                SettingValue::Text(text.ok_or("is neither a string nor a number")?)
            }
            Kind::Number | Kind::Seconds => {
                SettingValue::Number(value.as_f64().ok_or("is not a number")?)
            }
            Kind::Duration => {
                let milliseconds = value.as_f64().ok_or("is not a number of milliseconds")?;
                SettingValue::Number(milliseconds / 1_000.0)
            }
            Kind::Switch => SettingValue::Switch(value.as_bool().ok_or("is not a boolean")?),
            Kind::List | Kind::OptionalList | Kind::ClaimList => {
                SettingValue::Texts(texts(&value).ok_or("is neither a string nor an array of strings")?)
            }
            Kind::Json if value.is_object() => SettingValue::Json(structured(&value).ok_or(
                "contains a value that JSON cannot represent, such as undefined, a Map, a Date or a \
                 function",
            )?),
            Kind::Json => {
                return Err(match self {
                    Self::Verifier => "is neither an object nor an array",
                    Self::Gateway => "is neither an object, an array nor JSON",
                });
            }
            Kind::Secret => {
                SettingValue::Bytes(bytes(&value).ok_or("is neither a string nor a Uint8Array")?)
            }
        };
        Ok(typed)
    }
}

/// An empty text is an error, because an environment variable that is not set must not become a
/// default.
fn variable(text: String) -> Result<SettingValue, &'static str> {
    if text.trim().is_empty() { Err(EMPTY) } else { Ok(SettingValue::Variable(text)) }
}

const EMPTY: &str = "is empty";

/// One string, or an array of strings.
fn texts(value: &JsValue) -> Option<Vec<String>> {
    if let Some(text) = value.as_string() {
        return Some(vec![text]);
    }
    // other iterables are rejected: a Map would be a list of its entries
    if !Array::is_array(value) {
        return None;
    }
    let members: &Array = value.unchecked_ref();
    members.iter().map(|member| member.as_string()).collect()
}

/// A string in UTF-8, or bytes.
fn bytes(value: &JsValue) -> Option<Vec<u8>> {
    if let Some(text) = value.as_string() {
        return Some(text.into_bytes());
    }
    is_bytes(value).then(|| Uint8Array::new(value).to_vec())
}

/// Whether a value is a `Uint8Array`, also one of another realm: a sandbox has its own class.
fn is_bytes(value: &JsValue) -> bool {
    let tag = Reflect::get(value, &Symbol::to_string_tag()).unwrap_or_default();
    tag == "Uint8Array"
}

#[cfg(feature = "js-gateway")]
#[wasm_bindgen(module = "/src/bindings/runtime/revocations.js")]
extern "C" {
    /// Whether a value can be called as a store of revocations.
    #[wasm_bindgen(js_name = isStore)]
    fn is_store(value: &JsValue) -> bool;
}

#[wasm_bindgen(module = "/src/bindings/javascript/result.js")]
extern "C" {
    /// The JSON of a value; `undefined` if it cannot represent all of it.
    fn structured(value: &JsValue) -> Option<String>;
}
