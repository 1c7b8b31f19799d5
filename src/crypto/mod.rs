//! Is this signature over these bytes by this key?
//!
//! This module knows keys and bytes. It knows no tokens, no claims and no clock.

mod ed25519;

use crate::jose::{Algorithm, Jwk, KeyMaterial, Unusable};

/// A public key that has been checked and is ready to verify.
#[derive(Clone, Debug)]
pub struct VerifyingKey {
    kid: Option<String>,
    kind: Kind,
}

impl VerifyingKey {
    /// Checks the key itself: a point of the curve, canonical, of large order.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, Unusable> {
        let kind = match jwk.material() {
            KeyMaterial::Ed25519(bytes) => Kind::Ed25519(ed25519::Key::from_bytes(bytes)?),
        };
        Ok(Self { kid: jwk.kid().map(str::to_owned), kind })
    }

    /// The key id under which the set holds it.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm that it verifies.
    pub fn algorithm(&self) -> Algorithm {
        match self.kind {
            Kind::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    /// Whether `signature` is a signature over `message` by this key.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.kind {
            Kind::Ed25519(key) => key.verifies(message, signature),
        }
    }
}

#[derive(Clone, Debug)]
enum Kind {
    Ed25519(ed25519::Key),
}
