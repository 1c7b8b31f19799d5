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
#[cfg(any(test, target_feature = "simd128"))]
mod field;
#[cfg(any(test, target_feature = "simd128"))]
mod point;
#[cfg(any(test, not(target_feature = "simd128")))]
mod table;
mod tables;
#[cfg(test)]
mod tests;

pub use tables::{TableSettings, Tier};

use std::sync::{Arc, LazyLock};

use curve25519_dalek::Scalar;
use curve25519_dalek::constants::EIGHT_TORSION;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha512};

use crate::jose::Unusable;
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
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| Unusable::WeakPoint)?;
        let point = key.to_edwards();
        let canonical = point.compress().to_bytes() == *bytes;
        if !canonical || key.is_weak() {
            return Err(Unusable::WeakPoint);
        }
        Ok(Self { key, tables: Arc::new(Tables::new(-point, settings, pool)) })
    }

    /// Whether `signature` is this key's signature of `message`.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else {
            return false;
        };
        match self.tables.for_use() {
            Some(tables) => self.verifies_by(|s, k| tables.encoded_sum(s, k), message, &signature),
            None => self.key.verify_strict(message, &signature).is_ok(),
        }
    }

    /// Equals `verify_strict`, which decodes R to check its order and then compares encodings.
    /// Comparing suffices, because an encoding that equals a computed one is canonical.
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
        if SMALL_ORDER.contains(r) {
            return false;
        }
        let hash =
            Sha512::new().chain_update(r).chain_update(self.key.as_bytes()).chain_update(message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        encoded_sum(&s, &k) == *r
    }
}

/// The canonical encodings of the points whose order divides the cofactor.
static SMALL_ORDER: LazyLock<[[u8; 32]; 8]> =
    LazyLock::new(|| EIGHT_TORSION.map(|point| point.compress().to_bytes()));
