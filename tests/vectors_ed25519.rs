//! Wycheproof's Ed25519 vectors.
#![cfg(not(target_arch = "wasm32"))]

mod common;
mod vectors;

use common::TestHost;

#[test]
fn ed25519_signatures_are_judged_as_wycheproof_says() {
    check("EdDSA");
}

fn check(algorithm: &str) {
    let host = TestHost::new();
    host.run(vectors::check(algorithm, &host));
}
