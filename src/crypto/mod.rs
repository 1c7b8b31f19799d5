//! Is this signature over these bytes by this key?
//!
//! This module knows keys and bytes. It knows no tokens, no claims and no clock. Ed25519 and HMAC
//! are computed here; RSA and ECDSA by the host, whose native code is ten times faster, after this
//! module has checked key, lengths and ranges itself.

mod ecdsa;
mod ed25519;
mod rsa;
mod secret;

pub use ed25519::{TableSettings, Tier};
pub use secret::{Secret, SecretTooShort};

use crate::host::Host;
use crate::jose::base64url::encode;
use crate::jose::{Algorithm, Jwk, KeyMaterial, PublicKey, Unusable, thumbprint};

/// A public key that has been checked and is ready to verify.
#[derive(Debug)]
pub struct VerifyingKey {
    jwk: Jwk,
    kind: Kind,
}

impl VerifyingKey {
    /// Checks the key itself: a point of its curve, canonical, of large order; a strong RSA
    /// modulus.
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

    /// The key id under which the set holds it.
    pub fn kid(&self) -> Option<&str> {
        self.jwk.kid()
    }

    /// The key as it was published.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Its name that it has wherever it is published (RFC 7638), with SHA-256.
    pub fn thumbprint(&self) -> String {
        match (&self.kind, self.jwk.material()) {
            (Kind::ByHost(key), _) => key.thumbprint().to_owned(),
            (Kind::Ed25519(_), KeyMaterial::Ed25519(x)) => {
                thumbprint(&format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x)))
            }
            // such a key is not made
            (Kind::Ed25519(_), _) => String::new(),
        }
    }

    /// Whether it verifies that algorithm.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        self.jwk.fits(algorithm)
    }

    /// Whether `signature` is a signature over `message` by this key with that algorithm. Ready at
    /// once for Ed25519; the host is asked for the others.
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
