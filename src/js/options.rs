//! Reads the options of `createVerifier`, member by member. A misspelled one is a fault: it may be
//! meant as a restriction.

use js_sys::{Array, Function, JSON, Object, Reflect, Symbol, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::claims::RequiredClaim;
use crate::jose::Json;
use crate::verifier::VerifierOptions;

/// The options that an object holds, and its `fetch`; members that are `undefined` are not there.
///
/// # Errors
/// Every member that is unknown or of the wrong type, in one text.
pub(super) fn read(given: &JsValue) -> Result<(VerifierOptions, Option<Function>), String> {
    if !given.is_object() {
        return Err("the options are not an object".into());
    }
    let given: &Object = given.unchecked_ref();
    let (mut options, mut fetch) = (VerifierOptions::default(), None);
    let mut faults = Vec::new();
    for entry in Object::entries(given).iter() {
        let entry: Array = entry.unchecked_into();
        let (name, value) = (entry.get(0).as_string().unwrap_or_default(), entry.get(1));
        if value.is_undefined() {
            continue;
        }
        let read = match name.as_str() {
            "fetch" => function(&value).map(|function| fetch = Some(function)),
            _ => read_member(&mut options, &name, &value),
        };
        if let Err(expected) = read {
            faults.push(format!("{name} {expected}"));
        }
    }
    match faults.is_empty() {
        true => Ok((options, fetch)),
        false => Err(faults.join("; ")),
    }
}

fn read_member(
    options: &mut VerifierOptions,
    name: &str,
    value: &JsValue,
) -> Result<(), &'static str> {
    match member(options, name).ok_or("is not an option")? {
        Member::Text(option) => *option = Some(text(value)?),
        Member::Texts(option) => *option = Some(texts(value)?),
        Member::Number(option) => *option = Some(number(value)?),
        Member::Milliseconds(option) => *option = Some(number(value)? / 1_000.0),
        Member::Secret(option) => *option = Some(bytes(value)?),
        Member::Json(option) => *option = Some(json(value)),
        Member::Claims(option) => *option = Some(required_claims(value)?),
    }
    Ok(())
}

/// Where an option is kept, by what it is.
enum Member<'o> {
    Text(&'o mut Option<String>),
    Texts(&'o mut Option<Vec<String>>),
    Number(&'o mut Option<f64>),
    /// As jose has them; they are kept in seconds
    Milliseconds(&'o mut Option<f64>),
    Secret(&'o mut Option<Vec<u8>>),
    Json(&'o mut Option<String>),
    Claims(&'o mut Option<Vec<RequiredClaim>>),
}

fn member<'o>(options: &'o mut VerifierOptions, name: &str) -> Option<Member<'o>> {
    Some(match name {
        "baseURL" => Member::Text(&mut options.base_url),
        "jwksUrl" => Member::Text(&mut options.jwks_url),
        "jwks" => Member::Json(&mut options.jwks),
        "secret" => Member::Secret(&mut options.secret),
        "issuer" => Member::Texts(&mut options.issuer),
        "audience" => Member::Texts(&mut options.audience),
        "algorithms" => Member::Texts(&mut options.algorithms),
        "clockTolerance" => Member::Number(&mut options.clock_tolerance),
        "maxTokenAge" => Member::Number(&mut options.max_token_age),
        "maxTokenLifetime" => Member::Number(&mut options.max_token_lifetime),
        "profile" => Member::Text(&mut options.profile),
        "userClaim" => Member::Texts(&mut options.user_claim),
        "requiredClaims" => Member::Claims(&mut options.required_claims),
        "cacheMaxAge" => Member::Milliseconds(&mut options.cache_max_age),
        "cacheStaleAge" => Member::Milliseconds(&mut options.cache_stale_age),
        "cooldownDuration" => Member::Milliseconds(&mut options.cooldown),
        "timeoutDuration" => Member::Milliseconds(&mut options.timeout),
        "tokenCache" => Member::Number(&mut options.token_cache),
        "tableWindow" => Member::Number(&mut options.table_window),
        "maxTokenBytes" => Member::Number(&mut options.max_token_bytes),
        "maxHeaderBytes" => Member::Number(&mut options.max_header_bytes),
        _ => return None,
    })
}

fn text(value: &JsValue) -> Result<String, &'static str> {
    value.as_string().ok_or("is not a string")
}

fn number(value: &JsValue) -> Result<f64, &'static str> {
    value.as_f64().ok_or("is not a number")
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
    let tag = Reflect::get(value, &Symbol::to_string_tag()).unwrap_or_default();
    match tag == "Uint8Array" {
        true => Ok(Uint8Array::new(value).to_vec()),
        false => Err("is neither a string nor a Uint8Array"),
    }
}

/// A value as JSON; what has none becomes the empty text, which nothing accepts.
fn json(value: &JsValue) -> String {
    JSON::stringify(value).ok().and_then(|text| text.as_string()).unwrap_or_default()
}

/// Names, or an object from names to one accepted value or several.
fn required_claims(value: &JsValue) -> Result<Vec<RequiredClaim>, &'static str> {
    let claims = Json::parse(&json(value)).ok();
    let claims = claims.and_then(|json| RequiredClaim::list_from_json(&json));
    claims.ok_or("is neither a list of names nor an object of accepted values")
}
