//! What the verifier makes of each entry of a JWK Set, for tools that show sets to people.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::base_url::BaseUrl;
use crate::crypto::VerifyingKey;
use crate::jose::JwkSet;

/// Why entries of a JWK Set are ignored: `:`, then a letter for each in the set's order, or `-` for a
/// key that can be used. Empty where the text is no set at all. The letters are those of the alphabet in
/// the order of [`Unusable`](crate::jose::Unusable); `npm/src/cli/key-set.ts` writes them out, where no
/// wasm has to carry it.
#[wasm_bindgen(js_name = keyFaults)]
pub fn key_faults(set: &str) -> String {
    let mut letters = String::new();
    let Ok(set) = JwkSet::parse(set.as_bytes()) else {
        return letters;
    };
    letters.push(':');
    for entry in set.entries() {
        let key = entry.as_ref().map_err(|unusable| *unusable).and_then(VerifyingKey::from_jwk);
        letters.push(key.err().map_or('-', |unusable| char::from(b'a' + unusable as u8)));
    }
    letters
}

/// Why keys that are fetched from a URL may be another's, as a sentence; nothing where that is not to be
/// feared, or for what is no base URL.
#[wasm_bindgen(js_name = keyUrlWarning)]
pub fn key_url_warning(url: &str) -> Option<String> {
    BaseUrl::parse(url).ok()?.exposure()
}
