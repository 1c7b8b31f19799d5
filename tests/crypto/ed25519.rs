//! Published vectors for Ed25519. Each is verified so often that the key gets all its tables.

use std::future::Future;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use better_auth_edge::crypto::VerifyingKey;
use better_auth_edge::host::{
    Clock, Fetch, GetError, GetRequest, GetResponse, KeyStore, Random, RateLimiter,
    RevocationStore, SignatureVerifier, Tasks, Telemetry, Timer,
};
use better_auth_edge::jose::{Algorithm, Jwk, Object, PublicKey, Unusable};
use ed25519_dalek::{Signer, SigningKey};
use futures_executor::block_on;
use serde_json::Value;

/// More verifications than a key needs to get all its tables.
const USES: usize = 300;

#[test]
fn the_signatures_of_rfc_8032_verify_and_altered_ones_are_rejected() {
    for vector in vectors(include_str!("../vectors/rfc/rfc8032.json")) {
        let (message, signature) = (vector.bytes("message"), vector.bytes("signature"));
        let secret = SigningKey::from_bytes(&vector.bytes("secret_key").try_into().unwrap());
        assert_eq!(secret.verifying_key().to_bytes(), *vector.bytes("public_key"));
        assert_eq!(secret.sign(&message).to_bytes(), *signature);

        let key = key(&vector.bytes("public_key")).unwrap();
        assert!((0..USES).all(|_| verifies(&key, &message, &signature)), "{}", vector.0);
        for bit in 0..512 {
            let mut signature = signature.clone();
            signature[bit / 8] ^= 1 << (bit % 8);
            assert!(!verifies(&key, &message, &signature), "bit {bit}");
        }
        assert!(!verifies(&key, &[&message[..], &[0]].concat(), &signature));
    }
}

#[test]
fn a_key_returns_the_same_results_before_and_after_it_gets_tables() {
    let signer = SigningKey::from_bytes(&[5; 32]);
    let other = SigningKey::from_bytes(&[6; 32]);
    let key = key(signer.verifying_key().as_bytes()).unwrap();
    for number in 0..USES {
        let message = vec![number as u8; number];
        assert!(verifies(&key, &message, &signer.sign(&message).to_bytes()), "{number}");
        assert!(!verifies(&key, &message, &other.sign(&message).to_bytes()), "{number}");
    }
}

struct Vector(Value);

impl Vector {
    /// The bytes of a hexadecimal member.
    fn bytes(&self, name: &str) -> Vec<u8> {
        let text = self.0[name].as_str().unwrap();
        let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    }
}

fn vectors(json: &str) -> Vec<Vector> {
    let values: Vec<Value> = serde_json::from_str(json).unwrap();
    values.into_iter().map(Vector).collect()
}

fn key(public: &[u8]) -> Result<VerifyingKey, Unusable> {
    let x = URL_SAFE_NO_PAD.encode(public);
    let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
    VerifyingKey::from_jwk(&Jwk::from_object(&Object::parse(jwk.as_bytes()).unwrap()).unwrap())
}

fn verifies(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    block_on(key.verifies(&NoHost, Algorithm::EdDsa, message, signature))
}

/// A host that panics on any call, because Ed25519 needs no host.
#[derive(Clone)]
struct NoHost;

impl Clock for NoHost {
    fn now(&self) -> f64 {
        unreachable!()
    }
}

impl Random for NoHost {
    fn random(&self) -> f64 {
        unreachable!()
    }

    fn request_id(&self) -> String {
        unreachable!()
    }
}

impl Timer for NoHost {
    async fn sleep(&self, _: u32) {
        unreachable!()
    }
}

impl Fetch for NoHost {
    async fn get(&self, _: GetRequest) -> Result<GetResponse, GetError> {
        unreachable!()
    }
}

impl KeyStore for NoHost {}

impl SignatureVerifier for NoHost {
    async fn verify(&self, _: &PublicKey, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
        unreachable!()
    }
}

impl Telemetry for NoHost {}

impl RevocationStore for NoHost {}

impl RateLimiter for NoHost {}

impl Tasks for NoHost {
    fn background<F: Future<Output = ()> + 'static>(&self, _: impl FnOnce(Self) -> F) {
        unreachable!()
    }
}
