//! Ed25519 by the curve that tokens are verified with.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use ed25519_dalek::{Signer, SigningKey, Verifier, VerifyingKey};
use jwt_compact::{Algorithm, AlgorithmSignature};

/// EdDSA (RFC 8037) for jwt-compact.
pub(super) struct Ed25519;

/// The key of a seed, and its public half.
pub(super) fn key_pair(seed: [u8; 32]) -> (SigningKey, [u8; 32]) {
    let secret = SigningKey::from_bytes(&seed);
    let public = secret.verifying_key().to_bytes();
    (secret, public)
}

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
        key.verify(message, &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok()
    }
}

/// As it stands in a token.
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

    #[test]
    fn a_signature_is_that_of_rfc_8037() {
        let seed = decode_array("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let (key, _) = key_pair(seed);
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(Some(Ed25519.sign(&key, message).0), decode_array(signature));
    }

    #[test]
    fn what_is_signed_here_is_good_for_ed25519_compact_and_the_other_way_round() {
        for byte in 1..=255 {
            let (seed, message) = ([byte; 32], [byte; 7]);
            let (key, public) = key_pair(seed);
            let (other_key, other_public) = crate::proxy::assertion::compact::key_pair(seed);
            assert_eq!(public, other_public);

            let signature = ed25519_compact::Signature::new(Ed25519.sign(&key, &message).0);
            assert!(other_key.public_key().verify(message, &signature).is_ok());
            let other = jwt_compact::alg::Ed25519.sign(&other_key, &message);
            let other = Signature::try_from_slice(other.as_ref()).unwrap();
            assert!(Ed25519.verify_signature(&other, &key.verifying_key(), &message));
        }
    }
}
