//! Wycheproof's vectors for RSASSA-PKCS1-v1_5 and RSASSA-PSS, with a salt of the length of the hash.

use crate::common::TestHost;

#[test]
fn rs256_verdicts_match_wycheproof() {
    check("RS256");
}

#[test]
fn rs384_verdicts_match_wycheproof() {
    check("RS384");
}

#[test]
fn rs512_verdicts_match_wycheproof() {
    check("RS512");
}

#[test]
fn ps256_verdicts_match_wycheproof() {
    check("PS256");
}

#[test]
fn ps384_verdicts_match_wycheproof() {
    check("PS384");
}

#[test]
fn ps512_verdicts_match_wycheproof() {
    check("PS512");
}

fn check(algorithm: &str) {
    let host = TestHost::new();
    host.run(crate::vectors::check(algorithm, &host));
}
