//! Wycheproof's HMAC vectors.

use crate::common::TestHost;

#[test]
fn hs256_macs_match_wycheproof_except_that_short_keys_and_tags_are_rejected() {
    check("HS256");
}

#[test]
fn hs384_macs_match_wycheproof_except_that_short_keys_and_tags_are_rejected() {
    check("HS384");
}

#[test]
fn hs512_macs_match_wycheproof_except_that_short_keys_and_tags_are_rejected() {
    check("HS512");
}

fn check(algorithm: &str) {
    let host = TestHost::new();
    host.run(crate::vectors::check(algorithm, &host));
}
