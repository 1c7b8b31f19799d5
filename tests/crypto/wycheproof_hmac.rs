//! Wycheproof's HMAC vectors.

use crate::common::TestHost;

#[test]
fn hs256_macs_are_judged_as_wycheproof_says_but_short_keys_and_tags_are_refused() {
    check("HS256");
}

#[test]
fn hs384_macs_are_judged_as_wycheproof_says_but_short_keys_and_tags_are_refused() {
    check("HS384");
}

#[test]
fn hs512_macs_are_judged_as_wycheproof_says_but_short_keys_and_tags_are_refused() {
    check("HS512");
}

fn check(algorithm: &str) {
    let host = TestHost::new();
    host.run(crate::vectors::check(algorithm, &host));
}
