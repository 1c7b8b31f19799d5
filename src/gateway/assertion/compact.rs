//! Ed25519 by ed25519-compact, which jwt-compact knows.

use ed25519_compact::{KeyPair, SecretKey, Seed};

pub(super) use jwt_compact::alg::Ed25519;

/// The key of a seed, and its public half.
pub(super) fn key_pair(seed: [u8; 32]) -> (SecretKey, [u8; 32]) {
    let KeyPair { sk, pk } = KeyPair::from_seed(Seed::new(seed));
    (sk, *pk)
}
