//! Users with their tokens and requests, for loads.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use crate::token;

/// A user with a token that is valid for an hour.
pub(super) struct User {
    pub(super) uuid: String,
    pub(super) token: String,
}

impl User {
    /// Creates a user. The claims are Better Auth's default payload and the application's id.
    pub(super) fn new(number: usize, issuer: &str) -> Result<Self> {
        let uuid = format!("0199f3a4-7c21-7e55-9b0d-{number:012}");
        let mut claims = claims(number, issuer, 3600)?;
        claims["uuid"] = json!(uuid);
        Ok(Self { uuid, token: sign(&claims) })
    }

    /// A token of this user in which one claim has another value.
    pub(super) fn token_with(&self, claim: &str, value: Value) -> String {
        let mut claims = token::segment(&self.token, 1);
        claims[claim] = value;
        sign(&claims)
    }

    /// A token of this user that names a key which the auth server does not publish. It has
    /// expired as well: for a token with good claims, a gateway would fetch the keys again.
    pub(super) fn token_of_unknown_key(&self) -> String {
        let mut claims = token::segment(&self.token, 1);
        claims["exp"] = json!(1_000_000_000);
        token::signed_by_foreign_key(&json!({"alg": "EdDSA", "kid": "unknown"}), &claims)
    }

    /// The user's own path, with a query.
    pub(super) fn target(&self) -> String {
        format!("/api/{}/tasks?done=false", self.uuid)
    }

    /// A request for the user's own path, with the headers of a browser's `fetch`.
    pub(super) fn request(&self) -> String {
        request(&self.target(), &self.token)
    }
}

/// A request with the headers of a browser's `fetch`. An empty token is not sent.
pub(super) fn request(target: &str, token: &str) -> String {
    let authorization = match token {
        "" => String::new(),
        token => format!("Authorization: Bearer {token}\r\n"),
    };
    format!(
        "GET {target} HTTP/1.1\r\n\
         Host: edge.example.com\r\n\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0\r\n\
         Accept: application/json\r\n\
         Accept-Language: en-GB,en;q=0.7\r\n\
         Accept-Encoding: gzip, deflate, br\r\n\
         {authorization}\
         Origin: https://app.example.com\r\n\
         Sec-Fetch-Mode: cors\r\n\
         Sec-Fetch-Site: same-site\r\n\
         \r\n"
    )
}

/// A token with Better Auth's default claims and lifetime, 15 minutes.
pub(super) fn default_token(number: usize, issuer: &str) -> Result<String> {
    Ok(sign(&claims(number, issuer, 15 * 60)?))
}

/// A token by which the auth server tells an edge about events. `number` tells such tokens apart.
pub(super) fn event(issuer: &str, edge: &str, number: usize, events: &Value) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let claims = json!({
        "iss": issuer, "aud": edge, "iat": now, "exp": now + 120,
        "jti": format!("event-{number}"), "events": events,
    });
    Ok(signed(&json!({"alg": "EdDSA", "kid": KEY_ID, "typ": "edge-event+jwt"}), &claims))
}

/// The JWK Set of the auth server.
pub(super) fn jwks() -> Value {
    let x = BASE64URL.encode(key().verifying_key().as_bytes());
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": KEY_ID, "x": x}]})
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

const KEY_ID: &str = "m3kVtqYzvKjzQpY1w8cXb2RrT0sLhGfD";

fn sign(claims: &Value) -> String {
    signed(&json!({"alg": "EdDSA", "kid": KEY_ID}), claims)
}

fn signed(header: &Value, claims: &Value) -> String {
    token::signed(header, claims, |input| key().sign(input).to_bytes().to_vec())
}

/// Better Auth's default claims. The lifetime is in seconds.
fn claims(number: usize, issuer: &str, lifetime: u64) -> Result<Value> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let id = format!("k7dJx0QvA2mNcY5bWzLrP9sT{number:08}");
    Ok(json!({
        "iat": now,
        "name": "Ada",
        "email": format!("ada.{number}@example.com"),
        "emailVerified": true,
        "createdAt": "2026-10-03T09:14:07.311Z",
        "updatedAt": "2026-11-02T17:40:55.102Z",
        "id": id,
        "sub": id,
        "exp": now + lifetime,
        "iss": issuer,
        "aud": issuer,
    }))
}
