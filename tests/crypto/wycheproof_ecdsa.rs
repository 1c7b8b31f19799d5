//! Wycheproof's vectors for ECDSA with signatures r‖s, the encoding of JOSE.

use crate::common::TestHost;

#[test]
fn es256_verdicts_match_wycheproof() {
    check("ES256");
}

#[test]
fn es384_verdicts_match_wycheproof() {
    check("ES384");
}

#[test]
fn es512_verdicts_match_wycheproof() {
    check("ES512");
}

fn check(algorithm: &str) {
    let host = TestHost::new();
    host.run(crate::vectors::check(algorithm, &host));
}
