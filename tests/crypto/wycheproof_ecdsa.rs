//! Wycheproof's vectors for ECDSA whose signatures are r‖s, as JOSE writes them.

use crate::common::TestHost;

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
    host.run(crate::vectors::check(algorithm, &host));
}
