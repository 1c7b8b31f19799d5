//! Ed25519 for jwt-compact, by the curve that also verifies tokens.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use jwt_compact::{Algorithm, AlgorithmSignature};

/// The algorithm `EdDSA` (RFC 8037, section 3.1).
pub(super) struct Ed25519;

impl Algorithm for Ed25519 {
    type SigningKey = SigningKey;
    type VerifyingKey = VerifyingKey;
    type Signature = Signature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("EdDSA")
    }

    fn sign(&self, key: &SigningKey, message: &[u8]) -> Signature {
        Signature(key.sign(message).to_bytes())
    }

    fn verify_signature(&self, signature: &Signature, key: &VerifyingKey, message: &[u8]) -> bool {
        key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok()
    }
}

/// The 64 bytes of a signature.
pub(super) struct Signature([u8; 64]);

impl AlgorithmSignature for Signature {
    const LENGTH: Option<NonZeroUsize> = NonZeroUsize::new(64);

    fn try_from_slice(bytes: &[u8]) -> anyhow::Result<Self> {
        Ok(Self(bytes.try_into()?))
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::base64url::decode_array;

    /// RFC 8037, appendix A.1 and A.4
    #[test]
    fn a_signature_is_that_of_rfc_8037() {
        let seed = decode_array("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let signed = Ed25519.sign(&SigningKey::from_bytes(&seed), message);
        assert_eq!(Some(signed.0), decode_array(signature));
    }

    #[test]
    fn a_signature_is_valid_for_its_key_and_message_only() {
        for byte in 1..=255 {
            let (key, message) = (SigningKey::from_bytes(&[byte; 32]), [byte; 7]);
            let signature = Ed25519.sign(&key, &message);
            let parsed = Signature::try_from_slice(&signature.as_bytes()).unwrap();
            let is_valid = |key: &SigningKey, message: &[u8]| {
                Ed25519.verify_signature(&parsed, &key.verifying_key(), message)
            };
            assert!(is_valid(&key, &message));
            assert!(!is_valid(&key, &[0; 7]));
            assert!(!is_valid(&SigningKey::from_bytes(&[0; 32]), &message));
        }
    }
}
