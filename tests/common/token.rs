//! Tokens and keys of any form, valid and invalid.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};

use super::{AUTH_SERVER, NOW};

/// base64url without padding.
pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A JWK Set of these entries.
pub(crate) fn key_set(entries: &[String]) -> String {
    format!(r#"{{"keys":[{}]}}"#, entries.join(","))
}

/// An issuer of tokens with an Ed25519 key.
pub(crate) struct Signer {
    key: SigningKey,
    kid: String,
}

impl Signer {
    /// The key whose 32 bytes are all `number`, with this key ID.
    pub(crate) fn new(number: u8, kid: &str) -> Self {
        Self { key: SigningKey::from_bytes(&[number; 32]), kid: kid.to_owned() }
    }

    /// The key ID.
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// The private key.
    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The public key as Better Auth publishes it.
    pub(crate) fn jwk(&self) -> String {
        self.jwk_with(&format!(r#""alg":"EdDSA","kid":"{}""#, self.kid))
    }

    /// The public key with these members, given as JSON, instead of `alg` and `kid`.
    pub(crate) fn jwk_with(&self, members: &str) -> String {
        let x = base64url(self.key.verifying_key());
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}",{members}}}"#)
    }

    /// The header as Better Auth writes it: `alg` and `kid`.
    pub(crate) fn header(&self) -> String {
        format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, self.kid)
    }

    /// The header with one more member, given as JSON.
    pub(crate) fn header_with(&self, name: &str, value: &str) -> String {
        format!(r#"{{"alg":"EdDSA","kid":"{}","{name}":{value}}}"#, self.kid)
    }

    /// A token with the usual header.
    pub(crate) fn token(&self, claims: &Claims) -> String {
        self.sign(self.header(), claims.to_string())
    }

    /// A signed token with any header and payload.
    pub(crate) fn sign(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        self.sign_encoded(&base64url(header), &base64url(payload))
    }

    /// A token with any two segments and a valid signature over them.
    pub(crate) fn sign_encoded(&self, header: &str, payload: &str) -> String {
        let input = format!("{header}.{payload}");
        let signature = self.key.sign(input.as_bytes());
        format!("{input}.{}", base64url(signature.to_bytes()))
    }
}

impl Default for Signer {
    fn default() -> Self {
        Self::new(1, "key-1")
    }
}

/// A claims set as text: names with values as JSON.
#[derive(Clone, Debug)]
pub(crate) struct Claims(Vec<(String, String)>);

/// The claims of a valid session token at [`NOW`].
pub(crate) fn good_claims() -> Claims {
    Claims(Vec::new())
        .with("iss", &format!("{AUTH_SERVER:?}"))
        .with("aud", &format!("{AUTH_SERVER:?}"))
        .with("sub", r#""user-1""#)
        .with("iat", &NOW.to_string())
        .with("exp", &(NOW + 900.0).to_string())
}

/// The claims of a message of the auth server that the edge receives at `now`.
pub(crate) fn message_claims(now: f64, jti: &str) -> Claims {
    good_claims()
        .without("sub")
        .with("aud", r#""https://edge.example""#)
        .with("iat", &now.to_string())
        .with("exp", &(now + 120.0).to_string())
        .with("jti", &format!("{jti:?}"))
}

impl Claims {
    /// The same claims with this one, whose value is JSON.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut claims = self.without(name);
        claims.0.push((name.to_owned(), value.to_owned()));
        claims
    }

    /// The same claims without this one.
    pub(crate) fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(given, _)| given != name).cloned().collect())
    }
}

impl fmt::Display for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members: Vec<_> =
            self.0.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
        write!(f, "{{{}}}", members.join(","))
    }
}
