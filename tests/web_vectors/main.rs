//! Wycheproof's vectors in a real browser, whose WebCrypto verifies RSA, ECDSA and, on demand,
//! Ed25519; otherwise the core computes Ed25519 and HMAC as wasm.
//!
//! `wasm-pack test --headless --chrome` runs this file.
#![cfg(target_arch = "wasm32")]

#[path = "../vectors/mod.rs"]
mod vectors;

use better_auth_edge::bindings::runtime::JsHost;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn ed25519_signatures_are_judged_as_they_are_natively() {
    check("EdDSA").await;
}

#[wasm_bindgen_test]
async fn webcrypto_judges_ed25519_as_verify_strict_does() {
    let file = vectors::files::FILES.iter().find(|file| file.algorithm == "EdDSA").unwrap();
    vectors::webcrypto::run_wycheproof().await.check(file);
    vectors::webcrypto::compare().await.check();
}

#[wasm_bindgen_test]
async fn es256_signatures_are_judged_as_they_are_natively() {
    check("ES256").await;
}

#[wasm_bindgen_test]
async fn es384_signatures_are_judged_as_they_are_natively() {
    check("ES384").await;
}

#[wasm_bindgen_test]
async fn es512_signatures_are_judged_as_they_are_natively() {
    check("ES512").await;
}

#[wasm_bindgen_test]
async fn rs256_signatures_are_judged_as_they_are_natively() {
    check("RS256").await;
}

#[wasm_bindgen_test]
async fn rs384_signatures_are_judged_as_they_are_natively() {
    check("RS384").await;
}

#[wasm_bindgen_test]
async fn rs512_signatures_are_judged_as_they_are_natively() {
    check("RS512").await;
}

#[wasm_bindgen_test]
async fn ps256_signatures_are_judged_as_they_are_natively() {
    check("PS256").await;
}

#[wasm_bindgen_test]
async fn ps384_signatures_are_judged_as_they_are_natively() {
    check("PS384").await;
}

#[wasm_bindgen_test]
async fn ps512_signatures_are_judged_as_they_are_natively() {
    check("PS512").await;
}

#[wasm_bindgen_test]
async fn hs256_macs_are_judged_as_they_are_natively() {
    check("HS256").await;
}

#[wasm_bindgen_test]
async fn hs384_macs_are_judged_as_they_are_natively() {
    check("HS384").await;
}

#[wasm_bindgen_test]
async fn hs512_macs_are_judged_as_they_are_natively() {
    check("HS512").await;
}

async fn check(algorithm: &str) {
    vectors::check(algorithm, &JsHost::new(|_| ())).await;
}
