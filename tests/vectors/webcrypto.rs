//! Compares the verdicts about Ed25519 signatures for which the core asks WebCrypto with those of
//! ed25519-dalek's `verify_strict`: published vectors, and signatures of an adversarial signer.

#[path = "../../src/crypto/ed25519/cases.rs"]
pub(crate) mod cases;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use better_auth_edge::bindings::runtime::JsHost;
use better_auth_edge::crypto::{TableSettings, VerifyingKey};
use better_auth_edge::jose::Algorithm;
use ed25519_dalek::Signature;
use serde_json::Value;
use wasm_bindgen::prelude::wasm_bindgen;

use super::comparison::Comparison;
use super::ed25519_speccheck;
use super::files::FILES;
use super::keys::verifying_key;
use super::report::Report;
use super::run_file;
use cases::{Case, Random, Signer};

/// Compares all published signatures of RFC 8032 with a bit flipped, those of ed25519-speccheck, and
/// thousands that a signer makes with the private key.
pub(crate) async fn compare() -> Comparison {
    let settings = WithoutTables::new();
    let mut comparison = Comparison::default();
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("rfc/rfc8032.json")).expect("the file is JSON");
    for vector in vectors {
        let [public, message, signature] =
            ["public_key", "message", "signature"].map(|name| bytes(&vector[name]));
        let public = public.try_into().expect("a key has 32 bytes");
        let judge = Judge::new(public).expect("the key is strong");
        judge.compare(&message, &signature, &mut comparison).await;
        for bit in 0..512 {
            let mut signature = signature.clone();
            signature[bit / 8] ^= 1 << (bit % 8);
            judge.compare(&message, &signature, &mut comparison).await;
        }
    }
    for case in ed25519_speccheck::cases().map(|(case, ..)| case) {
        if let Some(judge) = Judge::new(case.key.bytes) {
            judge.compare(&case.message, &case.signature(), &mut comparison).await;
        }
    }
    let mut random = Random(7);
    for round in 0..SIGNERS {
        let signer = Signer::new(&mut random, round % 3 == 0);
        let judge = Judge::new(signer.public).expect("the key is strong");
        for _ in 0..CASES_PER_SIGNER {
            let Case { message, signature, .. } = signer.case(&mut random);
            judge.compare(&message, &signature, &mut comparison).await;
        }
    }
    drop(settings);
    comparison
}

/// Runs Wycheproof's vectors with a host that verifies all signatures by WebCrypto.
pub(crate) async fn run_wycheproof() -> Report {
    let settings = WithoutTables::new();
    let file = FILES.iter().find(|file| file.algorithm == "EdDSA").expect("there is one");
    let report = run_file(file, &host()).await;
    drop(settings);
    report
}

const SIGNERS: usize = 120;
const CASES_PER_SIGNER: usize = 50;

fn host() -> JsHost {
    JsHost::new(|_| ()).with_webcrypto_for_ed25519(true)
}

/// A public key, and the two verifiers.
struct Judge {
    strict: ed25519_dalek::VerifyingKey,
    key: VerifyingKey,
}

impl Judge {
    /// Returns `None` if the core rejects the key.
    fn new(public: [u8; 32]) -> Option<Self> {
        let x = URL_SAFE_NO_PAD.encode(public);
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
        let key = verifying_key(&jwk).ok()?;
        let strict = ed25519_dalek::VerifyingKey::from_bytes(&public).ok()?;
        Some(Self { strict, key })
    }

    async fn compare(&self, message: &[u8], signature: &[u8], comparison: &mut Comparison) {
        let expected = Signature::from_slice(signature)
            .is_ok_and(|signature| self.strict.verify_strict(message, &signature).is_ok());
        let before = webcrypto_calls();
        let verdict = self.key.verifies(&host(), Algorithm::EdDsa, message, signature).await;
        comparison.by_webcrypto += webcrypto_calls() - before;
        match (verdict, expected) {
            (true, true) => comparison.accepted += 1,
            (false, false) => comparison.rejected += 1,
            _ => {
                let public = self.strict.as_bytes();
                comparison.differences.push(format!(
                    "{public:02x?} {message:02x?} {signature:02x?}: {verdict}, not {expected}"
                ));
            }
        }
    }
}

/// While it exists, new keys get no tables, so that the host verifies all signatures.
struct WithoutTables;

impl WithoutTables {
    fn new() -> Self {
        TableSettings { max_keys: 0, ..TableSettings::default() }.apply();
        Self
    }
}

impl Drop for WithoutTables {
    fn drop(&mut self) {
        TableSettings::default().apply();
    }
}

fn bytes(hexadecimal: &Value) -> Vec<u8> {
    let text = hexadecimal.as_str().expect("bytes are a text");
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("the text is hexadecimal");
    (0..text.len()).step_by(2).map(byte).collect()
}

#[wasm_bindgen(inline_js = r#"
    let calls = 0;
    const prototype = Object.getPrototypeOf(crypto.subtle);
    const { verify } = prototype;
    prototype.verify = function (...args) {
      calls += 1;
      return verify.apply(this, args);
    };
    export function webcryptoCalls() {
      return calls;
    }
"#)]
extern "C" {
    /// The number of signatures that WebCrypto has verified.
    #[wasm_bindgen(js_name = webcryptoCalls)]
    fn webcrypto_calls() -> usize;
}
