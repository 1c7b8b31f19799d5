//! Published vectors for Ed25519. Each is verified so often that the key gets all its tables.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use better_auth_edge::crypto::VerifyingKey;
use better_auth_edge::host::{
    Clock, Fetch, GetError, GetRequest, GetResponse, KeyStore, Random, RateLimiter,
    RevocationStore, SignatureVerifier, Tasks, Telemetry, Timer,
};
use better_auth_edge::jose::{Algorithm, Jwk, Object, PublicKey, Unusable};
use curve25519_dalek::constants::EIGHT_TORSION;
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

#[test]
fn a_host_that_verifies_ed25519_is_asked_until_the_key_has_tables() {
    let signer = SigningKey::from_bytes(&[7; 32]);
    let key = key(signer.verifying_key().as_bytes()).unwrap();
    let well_formed = signer.sign(b"another message").to_bytes();
    let host = PureHost::with_verdict(Some(true));
    let by_host = (0..USES).take_while(|_| verifies_on(&host, &key, b"message", &well_formed));
    let by_host = by_host.count();
    // one more without the base point's table, which another test of this process may have built
    assert!(matches!(by_host, 16 | 17), "{by_host}");
    assert_eq!(host.asked.get(), by_host);
    assert!(!verifies_on(&host, &key, b"message", &well_formed));
    assert!(verifies_on(&host, &key, b"another message", &well_formed));
    assert_eq!(host.asked.get(), by_host);
}

#[test]
fn the_core_verifies_what_the_host_leaves_to_it() {
    let signer = SigningKey::from_bytes(&[8; 32]);
    let key = key(signer.verifying_key().as_bytes()).unwrap();
    let signature = signer.sign(b"message").to_bytes();
    let host = PureHost::with_verdict(None);
    assert!(verifies_on(&host, &key, b"message", &signature));
    assert!(!verifies_on(&host, &key, b"another message", &signature));
    assert_eq!(host.asked.get(), 2);
}

#[test]
fn a_host_is_not_asked_about_signatures_on_which_verifiers_disagree() {
    let signer = SigningKey::from_bytes(&[9; 32]);
    let key = key(signer.verifying_key().as_bytes()).unwrap();
    let [r, s]: [[u8; 32]; 2] = {
        let signature = signer.sign(b"message");
        [*signature.r_bytes(), *signature.s_bytes()]
    };
    let field = |low| {
        let mut y = [0xff; 32];
        (y[0], y[31]) = (low, 0x7f);
        y
    };
    let mut order = (-curve25519_dalek::Scalar::ONE).to_bytes();
    order[0] += 1;
    let with_r = |r: [u8; 32]| [r, s].concat();
    let with_s = |s: [u8; 32]| [r, s].concat();
    let mut malformed = vec![vec![], r.to_vec(), [&with_s(s)[..], &[0]].concat()];
    malformed.extend([order, [0xff; 32]].map(with_s));
    malformed.extend((0xed..=0xff).map(|low| with_r(field(low))));
    for point in EIGHT_TORSION {
        let mut encoding = point.compress().to_bytes();
        malformed.push(with_r(encoding));
        encoding[31] ^= 0x80;
        malformed.push(with_r(encoding));
    }
    for signature in malformed {
        let host = PureHost::with_verdict(Some(true));
        assert!(!verifies_on(&host, &key, b"message", &signature), "{signature:02x?}");
        assert_eq!(host.asked.get(), 0, "{signature:02x?}");
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
    verifies_on(&PureHost::with_verdict(None), key, message, signature)
}

fn verifies_on(host: &PureHost, key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    block_on(key.verifies(host, Algorithm::EdDsa, message, signature))
}

/// A host with this verdict about Ed25519 signatures. It panics on any other call, because Ed25519
/// needs nothing else.
#[derive(Clone)]
struct PureHost {
    verdict: Option<bool>,
    asked: Rc<Cell<usize>>,
}

impl PureHost {
    fn with_verdict(verdict: Option<bool>) -> Self {
        Self { verdict, asked: Rc::default() }
    }
}

impl Clock for PureHost {
    fn now(&self) -> f64 {
        unreachable!()
    }
}

impl Random for PureHost {
    fn random(&self) -> f64 {
        unreachable!()
    }

    fn request_id(&self) -> String {
        unreachable!()
    }
}

impl Timer for PureHost {
    async fn sleep(&self, _: u32) {
        unreachable!()
    }
}

impl Fetch for PureHost {
    async fn get(&self, _: GetRequest) -> Result<GetResponse, GetError> {
        unreachable!()
    }
}

impl KeyStore for PureHost {}

impl SignatureVerifier for PureHost {
    async fn verify(&self, _: &PublicKey, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
        unreachable!()
    }

    async fn verify_ed25519(&self, key: &PublicKey, _: &[u8], _: &[u8]) -> Option<bool> {
        assert!(key.jwk().starts_with(r#"{"crv":"Ed25519","kty":"OKP","x":""#));
        self.asked.set(self.asked.get() + 1);
        self.verdict
    }
}

impl Telemetry for PureHost {}

impl RevocationStore for PureHost {}

impl RateLimiter for PureHost {}

impl Tasks for PureHost {
    fn background<F: Future<Output = ()> + 'static>(&self, _: impl FnOnce(Self) -> F) {
        unreachable!()
    }
}
