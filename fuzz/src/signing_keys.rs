//! The keys that sign the harness's tokens, and a cache of their RSA signatures.

use std::cell::RefCell;
use std::collections::HashMap;

use ed25519_dalek::Signer;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, Pkcs1v15Sign, RsaPrivateKey};

use crate::base64url::{decode, encode};

/// Keys by number.
pub struct SigningKeys {
    keys: Vec<Key>,
    /// RSA signatures are slow
    cache: RefCell<HashMap<(usize, String), Vec<u8>>>,
}

/// A private key and its entry of a JWK Set.
pub struct Key {
    /// The key id
    pub kid: Option<&'static str>,
    /// The algorithm of its signatures
    pub algorithm: &'static str,
    /// The public key
    pub jwk: String,
    private: Private,
}

enum Private {
    Ed25519(ed25519_dalek::SigningKey),
    Es256(p256::ecdsa::SigningKey),
    Rs256(Box<RsaPrivateKey>),
}

impl SigningKeys {
    /// The number of keys that the auth server may publish. The keys after them are an attacker's.
    pub const PUBLISHED: usize = 7;

    /// Published keys, of which two share a `kid` and one has none, and an attacker's keys with the
    /// `kid`s of published ones.
    pub fn new() -> Self {
        let keys = vec![
            Key::ed25519(1, Some("ed-1")),
            Key::ed25519(2, Some("ed-2")),
            Key::ed25519(3, Some("shared")),
            Key::es256(4, Some("shared")),
            Key::es256(5, Some("ec-1")),
            Key::rs256(Some("rsa-1")),
            Key::ed25519(6, None),
            Key::ed25519(7, Some("ed-1")),
            Key::es256(8, Some("ec-1")),
        ];
        Self { keys, cache: RefCell::default() }
    }

    /// All keys.
    pub fn all(&self) -> &[Key] {
        &self.keys
    }

    /// The JWK Set of the published keys whose bits are set.
    pub fn set(&self, mask: u8) -> String {
        let published = self.keys.iter().take(Self::PUBLISHED).enumerate();
        let entries = published.filter(|(number, _)| mask >> number & 1 == 1);
        let entries: Vec<_> = entries.map(|(_, key)| key.jwk.as_str()).collect();
        format!(r#"{{"keys":[{}]}}"#, entries.join(","))
    }

    /// The deterministic signature of that key over these bytes.
    pub fn sign(&self, number: usize, message: &str) -> Vec<u8> {
        let key = &self.keys[number];
        let Private::Rs256(_) = key.private else { return key.sign(message.as_bytes()) };
        let mut cache = self.cache.borrow_mut();
        if cache.len() >= CACHE_SIZE {
            cache.clear();
        }
        let signature = cache.entry((number, message.to_owned()));
        signature.or_insert_with(|| key.sign(message.as_bytes())).clone()
    }
}

impl Default for SigningKeys {
    fn default() -> Self {
        Self::new()
    }
}

const CACHE_SIZE: usize = 4_096;

impl Key {
    /// The JWS header that Better Auth writes for this key.
    pub fn header(&self) -> String {
        match self.kid {
            Some(kid) => format!(r#"{{"alg":"{}","kid":"{kid}"}}"#, self.algorithm),
            None => format!(r#"{{"alg":"{}"}}"#, self.algorithm),
        }
    }

    fn ed25519(seed: u8, kid: Option<&'static str>) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
        let numbers =
            format!(r#""kty":"OKP","crv":"Ed25519","x":"{}""#, encode(key.verifying_key()));
        Self::new("EdDSA", kid, &numbers, Private::Ed25519(key))
    }

    fn es256(seed: u8, kid: Option<&'static str>) -> Self {
        let key = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).expect("the seed is a scalar");
        let point = key.verifying_key().to_sec1_point(false);
        let (x, y) = point.as_bytes()[1..].split_at(32);
        let (x, y) = (encode(x), encode(y));
        let numbers = format!(r#""kty":"EC","crv":"P-256","x":"{x}","y":"{y}""#);
        Self::new("ES256", kid, &numbers, Private::Es256(key))
    }

    /// The key of RFC 7515, appendix A.2.1.
    fn rs256(kid: Option<&'static str>) -> Self {
        let prime = |text| BigUint::from_bytes_be(&decode(text).expect("RFC 7515 has base64url"));
        let exponent = BigUint::from(65_537u32);
        let key = RsaPrivateKey::from_p_q(prime(RFC_7515_P), prime(RFC_7515_Q), exponent);
        let key = key.expect("the RFC's numbers are primes");
        let (n, e) = (encode(key.n().to_bytes_be()), encode(key.e().to_bytes_be()));
        let numbers = format!(r#""kty":"RSA","n":"{n}","e":"{e}""#);
        Self::new("RS256", kid, &numbers, Private::Rs256(Box::new(key)))
    }

    fn new(
        algorithm: &'static str,
        kid: Option<&'static str>,
        numbers: &str,
        private: Private,
    ) -> Self {
        let kid_member = kid.map(|kid| format!(r#","kid":"{kid}""#)).unwrap_or_default();
        let jwk = format!(r#"{{{numbers},"alg":"{algorithm}"{kid_member}}}"#);
        Self { kid, algorithm, jwk, private }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.private {
            Private::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Private::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Private::Rs256(key) => {
                let hash = <rsa::sha2::Sha256 as rsa::sha2::Digest>::digest(message);
                let padding = Pkcs1v15Sign::new::<rsa::sha2::Sha256>();
                key.sign(padding, &hash).expect("the key is long enough")
            }
        }
    }
}

const RFC_7515_P: &str = concat!(
    "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_",
    "Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
);
const RFC_7515_Q: &str = concat!(
    "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7Tje",
    "LQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
);
