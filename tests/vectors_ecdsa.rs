//! Wycheproof's vectors for ECDSA whose signatures are r‖s, as JOSE writes them.
#![cfg(not(target_arch = "wasm32"))]

mod common;
mod vectors;

use common::TestHost;

#[test]
fn es256_signatures_are_judged_as_wycheproof_says() {
    check("ES256");
}

#[test]
fn es384_signatures_are_judged_as_wycheproof_says() {
    check("ES384");
}

#[test]
fn es512_signatures_are_judged_as_wycheproof_says() {
    check("ES512");
}

fn check(algorithm: &str) {
    let host = TestHost::new();
    host.run(vectors::check(algorithm, &host));
}
