//! Public keys as JWKs, for hosts that verify signatures.

use sha2::{Digest, Sha256};

use super::base64url::encode;
use super::jwk::Curve;

/// An RSA or EC key with checked numbers, by which the host verifies signatures.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicKey {
    jwk: String,
    thumbprint: String,
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

    fn new(jwk: String) -> Self {
        let thumbprint = thumbprint(&jwk);
        Self { jwk, thumbprint }
    }

    /// The key as JSON: only the required members, in lexicographic order.
    pub fn jwk(&self) -> &str {
        &self.jwk
    }

    /// The thumbprint (RFC 7638). A host can cache its own form of the key by it.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }
}

/// The SHA-256 thumbprint (RFC 7638, section 3) of a JWK that has only the required members, in
/// lexicographic order.
pub(crate) fn thumbprint(jwk: &str) -> String {
    encode(&Sha256::digest(jwk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::base64url::decode;

    #[test]
    fn the_thumbprint_equals_the_example_of_rfc_7638_section_3_1() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = PublicKey::rsa(&decode(n).unwrap(), &[1, 0, 1]);
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }
}
