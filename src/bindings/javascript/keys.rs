//! What the verifier makes of each entry of a JWK Set, for tools that show sets to people.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::base_url::BaseUrl;
use crate::crypto::VerifyingKey;
use crate::jose::{JwkSet, Unusable};

/// Why entries of a JWK Set are ignored: `:`, then for each in the set's order a comma and a letter, or `-`
/// for a key that can be used. A member that is missing or wrong follows its letter by name. Empty where
/// the text is no set at all. `npm/src/cli/key-set.ts` writes the letters out, where no wasm has to carry it.
#[wasm_bindgen(js_name = keyFaults)]
pub fn key_faults(set: &str) -> String {
    let mut faults = String::new();
    let Ok(set) = JwkSet::parse(set.as_bytes()) else {
        return faults;
    };
    faults.push(':');
    for entry in set.entries() {
        let key = entry.as_ref().map_err(|unusable| *unusable).and_then(VerifyingKey::from_jwk);
        let (letter, member) = key.err().map_or(("-", ""), letter);
        faults.extend([",", letter, member]);
    }
    faults
}

/// The letter, and the member that is wrong where one is.
fn letter(unusable: Unusable) -> (&'static str, &'static str) {
    match unusable {
        Unusable::UnknownType => ("a", ""),
        Unusable::WrongForm(member) => ("b", member),
        Unusable::Private => ("c", ""),
        Unusable::NotForVerifying => ("d", ""),
        Unusable::Contradictory => ("e", ""),
        Unusable::WeakPoint => ("f", ""),
        Unusable::WeakRsa => ("g", ""),
        Unusable::NotAnObject => ("h", ""),
    }
}

/// Why keys that are fetched from a URL may be another's, as a sentence; nothing where that is not to be
/// feared, or for what is no base URL.
#[wasm_bindgen(js_name = keyUrlWarning)]
pub fn key_url_warning(url: &str) -> Option<String> {
    BaseUrl::parse(url).ok()?.exposure()
}
