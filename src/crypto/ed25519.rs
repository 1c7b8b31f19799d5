//! Ed25519 (RFC 8032, section 5.1) with the strictest of the verification rules in use: canonical
//! S, canonical A and R, neither of small order, and the equation without the cofactor. What passes
//! here passes every other verifier.

use ed25519_dalek::{Signature, VerifyingKey};

use crate::jose::Unusable;

/// An Ed25519 public key.
#[derive(Clone, Debug)]
pub(super) struct Key(VerifyingKey);

impl Key {
    /// Decodes a point, or says that it is none that a signer could own.
    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Unusable> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| Unusable::WeakPoint)?;
        let canonical = key.to_edwards().compress().to_bytes() == *bytes;
        if !canonical || key.is_weak() {
            return Err(Unusable::WeakPoint);
        }
        Ok(Self(key))
    }

    /// Whether `signature` is this key's over `message`.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else {
            return false;
        };
        self.0.verify_strict(message, &signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_and_non_canonical_points_are_no_keys() {
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut order_two = [0xff; 32];
        order_two[0] = 0xec;
        order_two[31] = 0x7f;
        // y = p + 3, the second encoding of y = 3, whose order is large
        let mut non_canonical = [0xff; 32];
        non_canonical[0] = 0xf0;
        non_canonical[31] = 0x7f;
        let mut off_the_curve = [0; 32];
        off_the_curve[0] = 2;
        for bytes in [[0; 32], identity, order_two, non_canonical, off_the_curve] {
            assert_eq!(Key::from_bytes(&bytes).err(), Some(Unusable::WeakPoint), "{bytes:02x?}");
        }
        let mut three = [0; 32];
        three[0] = 3;
        assert!(Key::from_bytes(&three).is_ok());
    }
}
