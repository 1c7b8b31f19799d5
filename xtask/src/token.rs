//! Forged tokens for tests.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// Seconds since 1970, with fractions.
pub fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("the clock is later than 1970").as_secs_f64()
}

/// A key that the auth server does not publish.
pub fn foreign_key() -> SigningKey {
    // to make the public key takes as long as a signature
    static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_bytes(&[7; 32]));
    KEY.clone()
}

/// The public JWK of [`foreign_key`] with that `kid`.
pub fn foreign_jwk(kid: &str) -> Value {
    let x = BASE64URL.encode(foreign_key().verifying_key().as_bytes());
    json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": kid, "x": x})
}

/// A private key as a JWK, in the format of `EDGE_SIGNING_KEY`.
pub fn private_jwk(key: &SigningKey) -> Value {
    let x = BASE64URL.encode(key.verifying_key().as_bytes());
    json!({"kty": "OKP", "crv": "Ed25519", "d": BASE64URL.encode(key.as_bytes()), "x": x})
}

/// A token with this header and these claims, signed with the foreign key.
pub fn signed_by_foreign_key(header: &Value, claims: &Value) -> String {
    signed(header, claims, |input| foreign_key().sign(input).to_bytes().to_vec())
}

/// A token with this header and these claims, signed with HS256 and `secret`.
pub fn signed_by_secret(header: &Value, claims: &Value, secret: &[u8]) -> String {
    signed(header, claims, |input| {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
        mac.update(input);
        mac.finalize().into_bytes().to_vec()
    })
}

/// A token with this header, these claims and any signature, even an empty one.
pub fn signed(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    signed_text(&header.to_string(), &claims.to_string(), sign)
}

/// The same with the JSON as text.
pub fn signed_text(header: &str, claims: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let input = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(claims));
    let signature = BASE64URL.encode(sign(input.as_bytes()));
    format!("{input}.{signature}")
}

/// The same token with one bit of its signature flipped.
pub fn with_flipped_bit(token: &str) -> String {
    let (input, signature) = token.rsplit_once('.').expect("a compact JWS has two dots");
    let mut signature = BASE64URL.decode(signature).expect("a signature is base64url");
    signature[20] ^= 1;
    format!("{input}.{}", BASE64URL.encode(signature))
}

/// The JSON of a token's segment: 0 is the header, 1 the claims.
pub fn segment(token: &str, index: usize) -> Value {
    let segment = token.split('.').nth(index).expect("a compact JWS has three segments");
    let bytes = BASE64URL.decode(segment).expect("a segment is base64url");
    serde_json::from_slice(&bytes).expect("a segment is JSON")
}

/// Whether the token's signature verifies with this Ed25519 JWK.
pub fn verified_by(jwk: &Value, token: &str) -> bool {
    let decode = |text: &str| BASE64URL.decode(text).unwrap_or_default();
    let verified = || {
        let (input, signature) = token.rsplit_once('.')?;
        let x = <[u8; 32]>::try_from(decode(jwk["x"].as_str()?)).ok()?;
        let signature = Signature::from_slice(&decode(signature)).ok()?;
        VerifyingKey::from_bytes(&x).ok()?.verify_strict(input.as_bytes(), &signature).ok()
    };
    verified().is_some()
}
