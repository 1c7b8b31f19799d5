//! The verifier's reading of the keys in a JWK Set, for tools that show sets to people.

use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::base_url::BaseUrl;
use crate::bindings::to_js;
use crate::crypto::VerifyingKey;
use crate::jose::{JwkSet, Unusable};

/// Why the verifier ignores a key of a JWK Set.
#[derive(Serialize)]
struct KeyError {
    code: &'static str,
    /// The member that is missing or invalid
    member: Option<&'static str>,
}

/// The errors of the keys in a JWK Set, in its order: for each a `KeyError`, or `null` if the key
/// is usable. Returns `undefined` for a text that is not a JWK Set.
#[wasm_bindgen(js_name = keyErrors)]
pub fn key_errors(set: &str) -> JsValue {
    let Ok(set) = JwkSet::parse(set.as_bytes()) else {
        return JsValue::UNDEFINED;
    };
    let errors = set.entries().iter().map(|entry| {
        let key = entry.as_ref().map_err(|unusable| *unusable).and_then(VerifyingKey::from_jwk);
        key.err().map(KeyError::from)
    });
    to_js(&errors.collect::<Vec<_>>())
}

impl From<Unusable> for KeyError {
    fn from(unusable: Unusable) -> Self {
        let (code, member) = match unusable {
            Unusable::UnknownType => ("unknown_type", None),
            Unusable::WrongForm(member) => ("wrong_form", Some(member)),
            Unusable::NotAnObject => ("wrong_form", None),
            Unusable::Private => ("private", None),
            Unusable::NotForVerifying => ("not_for_verifying", None),
            Unusable::Contradictory => ("contradictory", None),
            Unusable::WeakPoint => ("weak_point", None),
            Unusable::WeakRsa => ("weak_rsa", None),
        };
        Self { code, member }
    }
}

/// The warning about a base URL from which keys could be intercepted, as a sentence. `undefined` if
/// the URL is safe or invalid.
#[wasm_bindgen(js_name = keyUrlWarning)]
pub fn key_url_warning(url: &str) -> Option<String> {
    BaseUrl::parse(url).ok()?.exposure()
}
