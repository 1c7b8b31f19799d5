//! Wycheproof's vectors for RSASSA-PKCS1-v1_5 and RSASSA-PSS, with the salt as long as the hash.

use crate::common::TestHost;

#[test]
fn rs256_signatures_are_judged_as_wycheproof_says() {
    check("RS256");
}

#[test]
fn rs384_signatures_are_judged_as_wycheproof_says() {
    check("RS384");
}

#[test]
fn rs512_signatures_are_judged_as_wycheproof_says() {
    check("RS512");
}

#[test]
fn ps256_signatures_are_judged_as_wycheproof_says() {
    check("PS256");
}

#[test]
fn ps384_signatures_are_judged_as_wycheproof_says() {
    check("PS384");
}

#[test]
fn ps512_signatures_are_judged_as_wycheproof_says() {
    check("PS512");
}

fn check(algorithm: &str) {
    let host = TestHost::new();
    host.run(crate::vectors::check(algorithm, &host));
}
