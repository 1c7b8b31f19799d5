//! What the verifier makes of each entry of a JWK Set, for tools that show sets to people.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::crypto::VerifyingKey;
use crate::error::{Code, Error};
use crate::jose::{JwkSet, Unusable};

/// Why entries of a JWK Set are ignored: a text with one line for each, in the set's order. The line
/// is empty where the key can be used.
///
/// # Errors
/// An `Error` with `code` `keys_unavailable` where the text is no set at all.
#[wasm_bindgen(js_name = keyFaults)]
pub fn key_faults(set: &str) -> Result<String, JsValue> {
    let set = JwkSet::parse(set.as_bytes()).map_err(|error| {
        super::to_js_error(&Error::new(Code::KeysUnavailable, error.to_string()))
    })?;
    let lines = set.entries().iter().map(|entry| {
        let key = entry.as_ref().map_err(|unusable| *unusable).and_then(VerifyingKey::from_jwk);
        key.err().map_or("", name)
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

fn name(unusable: Unusable) -> &'static str {
    match unusable {
        Unusable::UnknownType => "unknown_type",
        Unusable::WrongForm => "wrong_form",
        Unusable::Private => "private",
        Unusable::NotForVerifying => "not_for_verifying",
        Unusable::Contradictory => "contradictory",
        Unusable::WeakPoint => "weak_point",
        Unusable::WeakRsa => "weak_rsa",
    }
}
