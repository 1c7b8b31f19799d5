//! Wycheproof's Ed25519 vectors.

use crate::common::TestHost;

#[test]
fn ed25519_verdicts_match_wycheproof() {
    check("EdDSA");
}

fn check(algorithm: &str) {
    let host = TestHost::new();
    host.run(crate::vectors::check(algorithm, &host));
}
