//! A change of the key set evicts the tokens of the changed keys.

use std::sync::Arc;

use super::{Bench, es256_jwk, es256_token};
use crate::common::{ScriptedResponse, Signer, good_claims};
use better_auth_edge::host::GetError;

#[test]
fn a_key_removed_from_the_set_evicts_its_tokens() {
    let bench = Bench::remote(&[es256_jwk(1, "a"), es256_jwk(2, "b")]);
    let (a, b) = (es256_token(1, "a", &good_claims()), es256_token(2, "b", &good_claims()));
    assert_eq!((bench.outcome(&a), bench.outcome(&b)), ("ok", "ok"));
    bench.publish(&[es256_jwk(2, "b")]);
    bench.advance(10.0);
    assert_eq!(bench.outcome(&a), "ok", "the edge has not fetched the new set");
    // the edge fetches the set again for a token by a new key
    bench.publish(&[es256_jwk(2, "b"), es256_jwk(3, "c")]);
    assert_eq!(bench.outcome(&es256_token(3, "c", &good_claims())), "ok");
    assert_eq!(bench.host.inner.fetches(), 2);
    assert_eq!(bench.outcome(&a), "unknown_key", "at once");
    assert_eq!(bench.outcome(&a), "unknown_key");
    assert_eq!((bench.outcome(&b), bench.verifications()), ("ok", 3), "other tokens stay cached");
}

#[test]
fn the_last_key_removed_from_the_set_evicts_its_tokens_too() {
    let bench = Bench::remote(&[es256_jwk(1, "a")]);
    let token = es256_token(1, "a", &good_claims());
    assert_eq!(bench.outcome(&token), "ok");
    bench.publish(&[]);
    bench.advance(600.0);
    assert_eq!(bench.outcome(&token), "unknown_key");
}

#[test]
fn a_key_replaced_under_its_kid_evicts_its_tokens() {
    let bench = Bench::remote(&[es256_jwk(1, "a")]);
    let (old, new) = (es256_token(1, "a", &good_claims()), es256_token(2, "a", &good_claims()));
    assert_eq!((bench.outcome(&old), bench.outcome(&new)), ("ok", "bad_signature"));
    bench.publish(&[es256_jwk(2, "a")]);
    bench.advance(600.0);
    assert_eq!((bench.outcome(&old), bench.outcome(&new)), ("bad_signature", "ok"));
    assert_eq!(bench.outcome(&old), "bad_signature");
}

#[test]
fn a_key_that_changes_its_algorithm_evicts_its_tokens() {
    let signer = Signer::default();
    let bench = Bench::remote(&[signer.jwk()]);
    let token = signer.token(&good_claims());
    assert_eq!(bench.outcome(&token), "ok");
    bench.publish(&[es256_jwk(1, signer.kid())]);
    bench.advance(600.0);
    assert_eq!(bench.outcome(&token), "unsupported_algorithm");
}

#[test]
fn a_refreshed_set_with_the_same_key_keeps_its_tokens() {
    let bench = Bench::remote(&[es256_jwk(1, "a")]);
    let token = es256_token(1, "a", &good_claims());
    let first = bench.verify(&token).unwrap();
    bench.publish(&[es256_jwk(2, "b"), es256_jwk(1, "a")]);
    bench.advance(600.0);
    assert!(Arc::ptr_eq(&bench.verify(&token).unwrap(), &first));
    assert_eq!((bench.host.inner.fetches(), bench.verifications()), (2, 1));
}

#[test]
fn keys_that_are_too_old_evict_their_tokens() {
    let bench = Bench::remote(&[es256_jwk(1, "a")]);
    let token = es256_token(1, "a", &good_claims());
    assert_eq!(bench.outcome(&token), "ok");
    bench.host.inner.respond_with(ScriptedResponse::error(GetError::Unreachable));
    for (seconds, expected) in [(650.0, "ok"), (49.0, "ok"), (1.0, "keys_unavailable")] {
        bench.advance(seconds);
        assert_eq!(bench.outcome(&token), expected, "{} s on", bench.host.inner.elapsed());
    }
}

#[test]
fn a_token_rejected_for_an_unknown_key_is_accepted_once_the_key_is_published() {
    let bench = Bench::remote(&[]);
    let token = es256_token(1, "a", &good_claims());
    assert_eq!(bench.outcome(&token), "unknown_key");
    bench.publish(&[es256_jwk(1, "a")]);
    bench.advance(1.0);
    assert_eq!(bench.outcome(&token), "ok");
}
