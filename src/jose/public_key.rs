//! Public keys as JWKs, for hosts that verify signatures.

use std::any::Any;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::base64url::encode;
use super::jwk::Curve;

/// A key with checked numbers, by which the host verifies signatures.
#[derive(Debug)]
pub struct PublicKey {
    jwk: String,
    thumbprint: OnceLock<String>,
    host_form: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl PublicKey {
    pub(crate) fn elliptic_curve(curve: Curve, x: &[u8], y: &[u8]) -> Self {
        let (crv, x, y) = (curve.name(), encode(x), encode(y));
        Self::new(format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#))
    }

    pub(crate) fn rsa(n: &[u8], e: &[u8]) -> Self {
        let (e, n) = (encode(e), encode(n));
        Self::new(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#))
    }

    pub(crate) fn ed25519(x: &[u8; 32]) -> Self {
        let x = encode(x);
        Self::new(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#))
    }

    fn new(jwk: String) -> Self {
        Self { jwk, thumbprint: OnceLock::new(), host_form: OnceLock::new() }
    }

    /// The key as JSON: only the required members, in lexicographic order.
    pub fn jwk(&self) -> &str {
        &self.jwk
    }

    /// The thumbprint (RFC 7638).
    pub fn thumbprint(&self) -> &str {
        self.thumbprint.get_or_init(|| thumbprint(&self.jwk))
    }

    /// A host's own form of the key. The first call makes it; it is dropped with the key. `None` if
    /// another host has made a form of another type.
    pub fn host_form<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.host_form.get_or_init(|| Box::new(make())).downcast_ref()
    }
}

/// The SHA-256 thumbprint (RFC 7638, section 3) of a JWK that has only the required members, in
/// lexicographic order.
pub(crate) fn thumbprint(jwk: &str) -> String {
    encode(&Sha256::digest(jwk))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::jose::base64url::decode;

    #[test]
    fn the_thumbprint_equals_the_example_of_rfc_7638_section_3_1() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = PublicKey::rsa(&decode(n).unwrap(), &[1, 0, 1]);
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn the_thumbprint_equals_the_example_of_rfc_8037_appendix_a_3() {
        let x = decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let key = PublicKey::ed25519(&x.try_into().unwrap());
        assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_host_form_is_made_once_and_dropped_with_the_key() {
        let key = PublicKey::ed25519(&[0; 32]);
        let form = Arc::new(1);
        for _ in 0..2 {
            assert!(key.host_form(|| Arc::clone(&form)).is_some());
            assert_eq!(Arc::strong_count(&form), 2);
        }
        assert_eq!(key.host_form(|| "of another host"), None);
        drop(key);
        assert_eq!(Arc::strong_count(&form), 1);
    }
}
