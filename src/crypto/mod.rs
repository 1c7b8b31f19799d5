//! Verifies signatures and MACs over bytes. Does not use tokens, claims or a clock.
//!
//! This module computes Ed25519 and HMAC. The host computes RSA and ECDSA, because its native code
//! is ten times faster, and Ed25519 for a key without tables, if its native code is faster. Before
//! that, this module checks the key, the lengths and the ranges.

mod ecdsa;
mod ed25519;
mod rsa;
mod secret;

pub use ed25519::{TableSettings, Tier};
pub use secret::{Secret, SecretTooShort};

use crate::host::Host;
use crate::jose::{Algorithm, Jwk, KeyMaterial, PublicKey, Unusable};

/// A public key that has passed all checks.
#[derive(Debug)]
pub struct VerifyingKey {
    jwk: Jwk,
    public: PublicKey,
    /// The point of an Ed25519 key, and its tables
    ed25519: Option<ed25519::Key>,
}

impl VerifyingKey {
    /// Checks the key: the point is canonical, on its curve and of large order, or the RSA modulus
    /// is strong.
    ///
    /// # Errors
    /// The reason why the key is unusable.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, Unusable> {
        let (public, ed25519) = match jwk.material() {
            KeyMaterial::Ed25519(x) => (PublicKey::ed25519(x), Some(ed25519::Key::from_bytes(x)?)),
            KeyMaterial::EllipticCurve { curve, x, y } => {
                ecdsa::check_point(*curve, x, y)?;
                (PublicKey::elliptic_curve(*curve, x, y), None)
            }
            KeyMaterial::Rsa { n, e } => {
                rsa::check_key(n, e)?;
                (PublicKey::rsa(n, e), None)
            }
        };
        Ok(Self { jwk: jwk.clone(), public, ed25519 })
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
    pub fn thumbprint(&self) -> &str {
        self.public.thumbprint()
    }

    /// Whether the key can verify the algorithm.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        self.jwk.fits(algorithm)
    }

    /// Whether `signature` is this key's signature of `message` with this algorithm. The future is
    /// ready at once for Ed25519, unless the host verifies it.
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
        if let Some(key) = &self.ed25519 {
            let verdict = match key.verifies_at_once(message, signature) {
                None => host.verify_ed25519(&self.public, message, signature).await,
                known => known,
            };
            return verdict.unwrap_or_else(|| key.verifies_without_tables(message, signature));
        }
        let in_range = match self.jwk.material() {
            KeyMaterial::EllipticCurve { curve, .. } => ecdsa::is_in_range(*curve, signature),
            KeyMaterial::Rsa { n, .. } => rsa::is_in_range(n, signature),
            KeyMaterial::Ed25519(_) => false,
        };
        in_range && host.verify(&self.public, algorithm, message, signature).await
    }
}
