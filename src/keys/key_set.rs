//! The usable keys of a JWK Set, and the selection of keys for a token.

use std::sync::Arc;

use crate::crypto::VerifyingKey;
use crate::error::{Code, Error};
use crate::jose::{Algorithm, Jwk, JwkSet, JwkSetError, Unusable};

/// The usable keys of one JWK Set, in its order.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<Arc<VerifyingKey>>,
    unusable: Vec<Unusable>,
}

impl KeySet {
    /// Parses a JWK Set. Ignores unusable keys.
    pub fn parse(bytes: &[u8]) -> Result<Self, JwkSetError> {
        Self::parse_after(&Self::default(), bytes)
    }

    /// Parses a JWK Set, and reuses the unchanged keys of an earlier set with their precomputed
    /// tables.
    pub fn parse_after(earlier: &Self, bytes: &[u8]) -> Result<Self, JwkSetError> {
        let set = JwkSet::parse(bytes)?;
        let usable = |entry: &Result<Jwk, Unusable>| {
            let jwk = entry.as_ref().map_err(|why| *why)?;
            match earlier.keys.iter().find(|key| key.jwk() == jwk) {
                Some(key) => Ok(Arc::clone(key)),
                None => VerifyingKey::from_jwk(jwk).map(Arc::new),
            }
        };
        let mut read = Self::default();
        for entry in set.entries() {
            match usable(entry) {
                Ok(key) => read.keys.push(key),
                Err(why) => read.unusable.push(why),
            }
        }
        Ok(read)
    }

    /// The usable keys.
    pub fn usable(&self) -> &[Arc<VerifyingKey>] {
        &self.keys
    }

    /// Why the set ignores each of the other entries.
    pub fn unusable(&self) -> &[Unusable] {
        &self.unusable
    }

    /// The keys for a token with that `kid` and algorithm.
    ///
    /// With a `kid`: the keys that have it. Without: the keys that have none, or else the only key
    /// that fits.
    pub fn select(&self, wanted: &Wanted<'_>) -> Selection {
        let fits = |key: &&Arc<VerifyingKey>| key.fits(wanted.algorithm);
        let named = || self.keys.iter().filter(|key| key.kid() == wanted.kid);
        let keys: Vec<_> = named().filter(fits).take(MAX_CANDIDATES).map(Arc::clone).collect();
        if !keys.is_empty() {
            return Selection::Keys(keys);
        }
        if wanted.kid.is_some() {
            return match named().next() {
                Some(_) => Selection::OtherAlgorithm,
                None => Selection::Unknown,
            };
        }
        let mut fitting = self.keys.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Selection::Keys(vec![Arc::clone(key)]),
            (Some(_), Some(_)) => Selection::Ambiguous,
            _ => Selection::Unknown,
        }
    }

    /// Whether this key object is among those to try.
    pub fn selects(&self, wanted: &Wanted<'_>, key: &Arc<VerifyingKey>) -> bool {
        match self.select(wanted) {
            Selection::Keys(keys) => keys.iter().any(|selected| Arc::ptr_eq(selected, key)),
            _ => false,
        }
    }

    /// The keys to try for a token, in order.
    ///
    /// # Errors
    /// [`Code::UnknownKey`], [`Code::UnsupportedAlgorithm`]
    pub(super) fn keys(&self, wanted: &Wanted<'_>) -> Result<Vec<Arc<VerifyingKey>>, Error> {
        match self.select(wanted) {
            Selection::Keys(keys) => Ok(keys),
            none => Err(none.rejection(wanted)),
        }
    }

    /// The number of usable keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether the set has no usable key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// The key that a token needs.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'t> {
    /// Its `kid`
    pub kid: Option<&'t str>,
    /// Its algorithm, which is on the allow-list
    pub algorithm: Algorithm,
    /// When the request arrived, in seconds since 1970
    pub since: f64,
    /// Whether a valid signature would make the token acceptable. Other tokens cause no fetch: they
    /// must not use up the permits that a new key needs.
    pub plausible: bool,
}

/// The keys of a set for a token.
#[derive(Debug)]
pub enum Selection {
    /// Keys to try, in this order; at least one, at most four
    Keys(Vec<Arc<VerifyingKey>>),
    /// A usable key has the `kid`, but is for another algorithm
    OtherAlgorithm,
    /// The token names no key, and several named ones would fit
    Ambiguous,
    /// No usable key fits
    Unknown,
}

impl Selection {
    /// The error for a token without keys to try.
    pub(super) fn rejection(&self, wanted: &Wanted<'_>) -> Error {
        match self {
            Self::OtherAlgorithm => Error::new(
                Code::UnsupportedAlgorithm,
                format!("the key that the token names is not one for {}", wanted.algorithm),
            ),
            Self::Ambiguous => Error::new(
                Code::UnknownKey,
                "the token names no key (\"kid\"), and several of the set would fit",
            ),
            Self::Keys(_) | Self::Unknown => Error::new(
                Code::UnknownKey,
                "no usable key of the auth server's JWK Set fits the token: it comes from another \
                 server, or the key has been removed",
            ),
        }
    }
}

/// Several keys can share a `kid`, or have none. A client must not make the verifier try many.
const MAX_CANDIDATES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const B: &str = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik";

    fn set(entries: &[String]) -> KeySet {
        KeySet::parse(format!(r#"{{"keys":[{}]}}"#, entries.join(",")).as_bytes()).unwrap()
    }

    fn key(kid: &str, x: &str) -> String {
        format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"}}"#)
    }

    fn wanted(kid: Option<&str>) -> Wanted<'_> {
        Wanted { kid, algorithm: Algorithm::EdDsa, since: 0.0, plausible: true }
    }

    fn selected(set: &KeySet, kid: Option<&str>) -> Option<usize> {
        match set.select(&wanted(kid)) {
            Selection::Keys(keys) => Some(keys.len()),
            _ => None,
        }
    }

    #[test]
    fn a_kid_selects_the_keys_that_have_it_and_at_most_four() {
        let set = set(&[key("a", A), key("b", B), key("b", A)]);
        assert_eq!(selected(&set, Some("a")), Some(1));
        assert_eq!(selected(&set, Some("b")), Some(2));
        assert_eq!(selected(&set, Some("c")), None);
        let many = self::set(&vec![key("a", A); 6]);
        assert_eq!(selected(&many, Some("a")), Some(4));
    }

    #[test]
    fn a_token_without_kid_is_served_by_the_one_named_key_that_fits() {
        assert_eq!(selected(&set(&[key("a", A)]), None), Some(1));
        let several = set(&[key("a", A), key("b", B)]);
        assert!(matches!(several.select(&wanted(None)), Selection::Ambiguous));
    }

    #[test]
    fn a_token_without_kid_is_tried_by_the_keys_without_and_at_most_four() {
        let unnamed = |x: &str| format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
        assert_eq!(selected(&set(&[unnamed(A), unnamed(B)]), None), Some(2));
        assert_eq!(selected(&set(&[key("a", A), unnamed(B)]), None), Some(1));
        assert_eq!(selected(&set(&vec![unnamed(A); 6]), None), Some(4));
        let other = r#"{"kty":"RSA","n":"AAAA","e":"AQAB"}"#.to_owned();
        assert_eq!(selected(&set(&[other, key("a", A)]), None), Some(1));
    }

    #[test]
    fn a_key_without_kid_serves_only_tokens_without() {
        let set = set(&[format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{A}"}}"#)]);
        assert_eq!(selected(&set, Some("")), None);
        assert_eq!(selected(&set, None), Some(1));
    }

    #[test]
    fn unusable_entries_are_ignored_and_the_others_used() {
        let okp = |members: &str| format!(r#"{{"kty":"OKP","kid":"a","x":"{A}",{members}}}"#);
        for unusable in [
            "7".to_owned(),
            "null".to_owned(),
            "{}".to_owned(),
            okp(r#""crv":"Ed448""#),
            okp(r#""crv":"Ed25519","alg":"ES256""#),
            okp(r#""crv":"Ed25519","use":"enc""#),
            okp(r#""crv":"Ed25519","use":7"#),
            okp(r#""crv":"Ed25519","key_ops":["sign"]"#),
            okp(r#""crv":"Ed25519","key_ops":["verify","verify"]"#),
            okp(r#""crv":"Ed25519","key_ops":"verify""#),
            okp(r#""crv":"Ed25519","d":"AAAA""#),
            okp(r#""crv":"Ed25519","k":"AAAA""#),
            r#"{"kty":"OKP","crv":"Ed25519","kid":7,"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#.to_owned(),
            r#"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AAAA"}"#.to_owned(),
            r#"{"kty":"OKP","crv":"Ed25519","kid":"a"}"#.to_owned(),
            r#"{"kty":"oct","kid":"a","k":"AAAA"}"#.to_owned(),
            r#"{"kty":"RSA","kid":"a","n":"AAAA","e":"AQAB"}"#.to_owned(),
        ] {
            let set = set(&[unusable.clone(), key("b", B)]);
            assert_eq!((set.len(), selected(&set, Some("b"))), (1, Some(1)), "{unusable}");
        }
        for usable in [
            r#""crv":"Ed25519","alg":"Ed25519""#,
            r#""crv":"Ed25519","alg":"EdDSA","use":"sig","key_ops":["verify"]"#,
            r#""crv":"Ed25519","alg":null,"extra":{"a":[1]}"#,
        ] {
            assert_eq!(set(&[okp(usable)]).len(), 1, "{usable}");
        }
    }

    #[test]
    fn an_invalid_document_is_an_error_as_a_whole() {
        for text in
            ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":null}"#, r#"{"keys":[],"keys":[]}"#]
        {
            assert!(KeySet::parse(text.as_bytes()).is_err(), "{text}");
        }
        let duplicate = format!(r#"{{"keys":[{},{{"a":1,"a":2}}]}}"#, key("a", A));
        assert!(KeySet::parse(duplicate.as_bytes()).is_err());
        assert!(KeySet::parse(br#"{"keys":[]}"#).unwrap().is_empty());
        let large = format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(JwkSet::MAX_BYTES));
        assert_eq!(KeySet::parse(large.as_bytes()).err(), Some(JwkSetError::TooLarge));
    }
}
