//! Ed25519 (RFC 8032, section 5.1) with the strictest verification rules in use: S, A and R are
//! canonical, A and R have no small order, and the equation has no cofactor. Every other verifier
//! accepts a signature that this one accepts.
//!
//! For a key in frequent use, tables of multiples make verification faster than the native code of
//! JavaScript runtimes. The results are the same.

#[cfg(any(test, target_feature = "simd128"))]
mod affine;
#[cfg(test)]
mod cases;
mod digits;
mod encodings;
#[cfg(any(test, target_feature = "simd128"))]
mod field;
#[cfg(any(test, target_feature = "simd128"))]
mod point;
#[cfg(not(target_feature = "simd128"))]
mod table;
mod tables;
#[cfg(test)]
mod tests;

pub use tables::{TableSettings, Tier};

use std::sync::Arc;

use curve25519_dalek::Scalar;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha512};

use crate::jose::Unusable;
use encodings::{is_below_order, is_canonical_and_strong};
use tables::{Pool, Tables};

/// An Ed25519 public key. Clones share its tables.
#[derive(Clone, Debug)]
pub(super) struct Key {
    key: VerifyingKey,
    /// Multiples of -A
    tables: Arc<Tables>,
}

impl Key {
    /// Decodes a point. Fails unless it is canonical and of large order.
    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Unusable> {
        static POOL: Pool = Pool::new();
        Self::with_tables(bytes, TableSettings::applied(), &POOL)
    }

    fn with_tables(
        bytes: &[u8; 32],
        settings: TableSettings,
        pool: &'static Pool,
    ) -> Result<Self, Unusable> {
        if !is_canonical_and_strong(bytes) {
            return Err(Unusable::WeakPoint);
        }
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| Unusable::WeakPoint)?;
        Ok(Self { key, tables: Arc::new(Tables::new(-key.to_edwards(), settings, pool)) })
    }

    /// Verifies `signature` of `message` by the key's tables, which are built when they are due.
    /// Without tables, `None` says that the signature can be the key's: its form is right.
    ///
    /// The host or [`verifies_without_tables`](Self::verifies_without_tables) must then decide. Every
    /// verifier that neither decodes R nor multiplies by the cofactor comes to the same result.
    pub(super) fn verifies_at_once(&self, message: &[u8], signature: &[u8]) -> Option<bool> {
        let Ok(signature) = Signature::from_slice(signature) else {
            return Some(false);
        };
        let tables = self.tables.for_use();
        let (r, s) = (signature.r_bytes(), signature.s_bytes());
        if !is_canonical_and_strong(r) || !is_below_order(s) {
            return Some(false);
        }
        tables.map(|tables| self.verifies_by(|s, k| tables.encoded_sum(s, k), message, &signature))
    }

    /// Whether `signature` is this key's signature of `message`.
    pub(super) fn verifies_without_tables(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }

    /// Equals `verify_strict`, which decodes R to check its order and then compares encodings.
    /// `encoded_sum` returns the encoding of \[s\]B - \[k\]A.
    fn verifies_by(
        &self,
        encoded_sum: impl FnOnce(&Scalar, &Scalar) -> [u8; 32],
        message: &[u8],
        signature: &Signature,
    ) -> bool {
        let r = signature.r_bytes();
        let Some(s) = Scalar::from_canonical_bytes(*signature.s_bytes()).into_option() else {
            return false;
        };
        let hash =
            Sha512::new().chain_update(r).chain_update(self.key.as_bytes()).chain_update(message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        encoded_sum(&s, &k) == *r
    }
}
