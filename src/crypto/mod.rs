//! Verifies signatures and MACs over bytes. Does not use tokens, claims or a clock.
//!
//! This module computes Ed25519 and HMAC. The host computes RSA and ECDSA, because its native code
//! is ten times faster. Before that, this module checks the key, the lengths and the ranges.

mod ecdsa;
mod ed25519;
mod rsa;
mod secret;

pub use ed25519::{TableSettings, Tier};
pub use secret::{Secret, SecretTooShort};

use crate::host::Host;
use crate::jose::base64url::encode;
use crate::jose::{Algorithm, Jwk, KeyMaterial, PublicKey, Unusable, thumbprint};

/// A public key that has passed all checks.
#[derive(Debug)]
pub struct VerifyingKey {
    jwk: Jwk,
    kind: Kind,
}

impl VerifyingKey {
    /// Checks the key: the point is canonical, on its curve and of large order, or the RSA modulus
    /// is strong.
    ///
    /// # Errors
    /// The reason why the key is unusable.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, Unusable> {
        let kind = match jwk.material() {
            KeyMaterial::Ed25519(bytes) => Kind::Ed25519(ed25519::Key::from_bytes(bytes)?),
            KeyMaterial::EllipticCurve { curve, x, y } => {
                ecdsa::check_point(*curve, x, y)?;
                Kind::ByHost(PublicKey::elliptic_curve(*curve, x, y))
            }
            KeyMaterial::Rsa { n, e } => {
                rsa::check_key(n, e)?;
                Kind::ByHost(PublicKey::rsa(n, e))
            }
        };
        Ok(Self { jwk: jwk.clone(), kind })
    }

    /// The key ID, if present.
    pub fn kid(&self) -> Option<&str> {
        self.jwk.kid()
    }

    /// The published key.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The SHA-256 thumbprint (RFC 7638).
    pub fn thumbprint(&self) -> String {
        match (&self.kind, self.jwk.material()) {
            (Kind::ByHost(key), _) => key.thumbprint().to_owned(),
            (Kind::Ed25519(_), KeyMaterial::Ed25519(x)) => {
                thumbprint(&format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x)))
            }
            // `from_jwk` creates no such key
            (Kind::Ed25519(_), _) => String::new(),
        }
    }

    /// Whether the key can verify the algorithm.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        self.jwk.fits(algorithm)
    }

    /// Whether `signature` is this key's signature of `message` with this algorithm. The future is
    /// ready at once for Ed25519; the host verifies the other algorithms.
    pub async fn verifies<H: Host>(
        &self,
        host: &H,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        if !self.fits(algorithm) {
            return false;
        }
        let key = match &self.kind {
            Kind::Ed25519(key) => return key.verifies(message, signature),
            Kind::ByHost(key) => key,
        };
        let in_range = match self.jwk.material() {
            KeyMaterial::EllipticCurve { curve, .. } => ecdsa::is_in_range(*curve, signature),
            KeyMaterial::Rsa { n, .. } => rsa::is_in_range(n, signature),
            KeyMaterial::Ed25519(_) => false,
        };
        in_range && host.verify(key, algorithm, message, signature).await
    }
}

#[derive(Debug)]
enum Kind {
    Ed25519(ed25519::Key),
    ByHost(PublicKey),
}
