//! Parses JWKs as the core does.

use better_auth_edge::crypto::VerifyingKey;
use better_auth_edge::jose::{Jwk, Object, Unusable};

/// Parses a JWK as a verifying key.
pub(crate) fn verifying_key(jwk: &str) -> Result<VerifyingKey, Unusable> {
    let object = Object::parse(jwk.as_bytes()).expect("the text is a JSON object");
    VerifyingKey::from_jwk(&Jwk::from_object(&object)?)
}
