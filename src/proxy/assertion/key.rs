//! The edge's signing keys: private Ed25519 JWKs (RFC 8037), and their public keys.

use crate::jose::base64url::{decode_array, encode};
use crate::jose::json::quote;
use crate::jose::{Object, thumbprint};

/// A private key and its `kid`.
#[derive(Clone)]
pub(super) struct SigningKey {
    secret: ed25519_dalek::SigningKey,
    x: String,
    kid: String,
}

impl SigningKey {
    /// Parses a private JWK. The default of `kid` is the thumbprint (RFC 7638).
    ///
    /// # Errors
    /// The reason why it is not a signing key, as a predicate without any part of the key.
    pub(super) fn from_jwk(text: &str) -> Result<Self, &'static str> {
        let jwk =
            Object::parse(text.trim().as_bytes()).map_err(|_| "is not a JWK: no JSON object")?;
        let member = |name: &str| jwk.member(name).and_then(|value| value.as_str());
        if (member("kty"), member("crv")) != (Some("OKP"), Some("Ed25519")) {
            return Err("is not an Ed25519 key: \"kty\" must be OKP and \"crv\" Ed25519");
        }
        let seed = member("d").and_then(decode_array::<32>);
        let seed = seed.ok_or("is not a private key: \"d\" must be 32 bytes in base64url")?;
        // no generator returns this seed by chance: it is a placeholder
        if seed == [0; 32] {
            return Err("is not a private key: its \"d\" contains only zeros");
        }
        let secret = ed25519_dalek::SigningKey::from_bytes(&seed);
        let x = encode(secret.verifying_key().as_bytes());
        if member("x") != Some(&x) {
            return Err("has an \"x\" that is not the public key of its \"d\"");
        }
        let kid = match member("kid") {
            Some("") => return Err("has an empty \"kid\""),
            Some(kid) => kid.to_owned(),
            None if jwk.has("kid") => return Err("has a \"kid\" that is not a string"),
            None => thumbprint(&format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)),
        };
        Ok(Self { secret, x, kid })
    }

    pub(super) fn secret(&self) -> &ed25519_dalek::SigningKey {
        &self.secret
    }

    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key, for a JWK Set.
    pub(super) fn public_jwk(&self) -> String {
        let (x, kid) = (&self.x, quote(&self.kid));
        format!(
            r#"{{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":{kid},"x":"{x}"}}"#
        )
    }
}

impl std::fmt::Debug for SigningKey {
    /// Shows the `kid` only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.1 to A.3
    const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    #[test]
    fn a_private_jwk_is_parsed_and_its_public_key_published() {
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{D}","x":"{X}"}}"#);
        let key = SigningKey::from_jwk(&jwk).unwrap();
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert!(key.public_jwk().contains(X) && !key.public_jwk().contains(D));
        assert!(!format!("{key:?}").contains(D));
        let named = jwk.replace("\"d\"", "\"kid\":\"edge-1\",\"d\"");
        assert_eq!(SigningKey::from_jwk(&named).unwrap().kid(), "edge-1");
    }

    #[test]
    fn a_key_in_another_format_is_rejected() {
        for jwk in [
            String::new(),
            "-----BEGIN PRIVATE KEY-----".into(),
            D.into(),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"X25519","d":"{D}","x":"{X}"}}"#),
            format!(r#"{{"kty":"EC","crv":"Ed25519","d":"{D}","x":"{X}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{D}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{X}","x":"{X}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{D}=","x":"{X}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{}","x":"{X}"}}"#, "A".repeat(43)),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{D}","x":"{X}","kid":""}}"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{D}","x":"{X}","kid":7}}"#),
        ] {
            let error = SigningKey::from_jwk(&jwk).expect_err(&jwk);
            assert!(!error.contains(D), "{error}");
        }
    }
}
