//! HMAC with a shared secret (RFC 2104; RFC 7518, section 3.2).

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};
use std::fmt;

use crate::jose::Algorithm;

/// A secret that verifies MACs. No key of a JWK Set can become a secret.
#[derive(Clone)]
pub struct Secret {
    bytes: Vec<u8>,
}

impl Secret {
    /// A secret for these algorithms.
    ///
    /// # Errors
    /// [`SecretTooShort`] if the secret is shorter than the hash of one of the algorithms.
    pub fn new(bytes: &[u8], algorithms: &[Algorithm]) -> Result<Self, SecretTooShort> {
        let needed = algorithms.iter().map(|algorithm| hash_bytes(*algorithm)).max().unwrap_or(32);
        match bytes.len() >= needed {
            true => Ok(Self { bytes: bytes.to_vec() }),
            false => Err(SecretTooShort { needed }),
        }
    }

    /// A secret of any length, for MACs that are never the only check.
    pub(crate) fn of_any_length(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// Whether `mac` is the whole MAC of `message`, compared in constant time. Returns false for
    /// algorithms other than HMAC.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], mac: &[u8]) -> bool {
        macro_rules! verify {
            ($hash:ty) => {{
                let keyed = Hmac::<$hash>::new_from_slice(&self.bytes);
                keyed.is_ok_and(|hmac| hmac.chain_update(message).verify_slice(mac).is_ok())
            }};
        }
        match algorithm {
            Algorithm::Hs256 => verify!(Sha256),
            Algorithm::Hs384 => verify!(Sha384),
            Algorithm::Hs512 => verify!(Sha512),
            _ => false,
        }
    }
}

/// Omits the bytes.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The secret has fewer bytes than the hash (RFC 7518, section 3.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SecretTooShort {
    /// The minimum number of bytes
    pub needed: usize,
}

impl fmt::Display for SecretTooShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "has fewer than {} bytes", self.needed)
    }
}

impl std::error::Error for SecretTooShort {}

fn hash_bytes(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Hs384 => 48,
        Algorithm::Hs512 => 64,
        _ => 32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_mac_of_the_message_is_accepted() {
        // RFC 4231, section 4.2: test case 1 has a key of 20 bytes, too short here
        let key = [0x0b; 20];
        assert_eq!(
            Secret::new(&key, &[Algorithm::Hs256]).err(),
            Some(SecretTooShort { needed: 32 })
        );
        assert!(Secret::new(&[0; 63], &[Algorithm::Hs256, Algorithm::Hs512]).is_err());
        assert!(Secret::new(&[0; 64], &[Algorithm::Hs256, Algorithm::Hs512]).is_ok());
        assert!(Secret::new(b"", &[]).is_err());

        let secret = Secret::new(&[0xaa; 131], &[Algorithm::Hs256]).unwrap();
        // RFC 4231, section 4.7: test case 6
        let message = b"Test Using Larger Than Block-Size Key - Hash Key First";
        let mac = [
            0x60, 0xe4, 0x31, 0x59, 0x1e, 0xe0, 0xb6, 0x7f, 0x0d, 0x8a, 0x26, 0xaa, 0xcb, 0xf5,
            0xb7, 0x7f, 0x8e, 0x0b, 0xc6, 0x21, 0x37, 0x28, 0xc5, 0x14, 0x05, 0x46, 0x04, 0x0f,
            0x0e, 0xe3, 0x7f, 0x54,
        ];
        assert!(secret.verifies(Algorithm::Hs256, message, &mac));
        assert!(!secret.verifies(Algorithm::Hs256, message, &mac[..31]));
        assert!(!secret.verifies(Algorithm::Hs256, message, &[]));
        assert!(!secret.verifies(Algorithm::Hs384, message, &mac));
        assert!(!secret.verifies(Algorithm::EdDsa, message, &mac));
        assert!(!secret.verifies(Algorithm::Hs256, b"another message", &mac));
    }
}
