//! Ed25519 by ed25519-compact, which jwt-compact knows.

use ed25519_compact::{KeyPair, SecretKey, Seed};

/// The key of a seed, and its public half.
pub(super) fn key_pair(seed: [u8; 32]) -> (SecretKey, [u8; 32]) {
    let KeyPair { sk, pk } = KeyPair::from_seed(Seed::new(seed));
    (sk, *pk)
}
