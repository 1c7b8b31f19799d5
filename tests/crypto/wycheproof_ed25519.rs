//! Wycheproof's Ed25519 vectors.

use crate::common::TestHost;

#[test]
fn ed25519_signatures_are_judged_as_wycheproof_says() {
    check("EdDSA");
}

fn check(algorithm: &str) {
    let host = TestHost::new();
    host.run(crate::vectors::check(algorithm, &host));
}
