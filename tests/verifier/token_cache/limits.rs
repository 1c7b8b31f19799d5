//! The limits of the cache of verified tokens.

use std::sync::Arc;

use super::{Bench, es256_jwk, es256_token, numbered};
use crate::common::{Signer, good_claims};
use better_auth_edge::{CacheLimits, Verified, VerifierOptions};

/// Whether each of these tokens is cached, in this order. Each miss caches the token again.
fn hits(bench: &Bench, cached: &[Arc<Verified>], numbers: &[usize]) -> Vec<bool> {
    let hit =
        |&number: &usize| Arc::ptr_eq(&bench.verify(&numbered(number)).unwrap(), &cached[number]);
    numbers.iter().map(hit).collect()
}

#[test]
fn the_least_recently_used_token_is_evicted() {
    let bench = Bench::fixed(&[Signer::default().jwk()], |o| o.token_cache = Some(3.0));
    let cached: Vec<_> = (0..3).map(|number| bench.verify(&numbered(number)).unwrap()).collect();
    assert_eq!(hits(&bench, &cached, &[2, 1, 0]), [true; 3]);
    // now token 2 is the least recently used, then token 1
    bench.verify(&numbered(3)).unwrap();
    assert_eq!(hits(&bench, &cached, &[0, 1]), [true; 2]);
    bench.verify(&numbered(4)).unwrap();
    bench.verify(&numbered(5)).unwrap();
    assert_eq!(hits(&bench, &cached, &[1, 0, 2]), [true, false, false]);
}

/// Verifies `count` tokens, and returns how many of the newest ones are cached.
fn cached_of(bench: &Bench, count: usize) -> usize {
    let all: Vec<_> = (0..count).map(|number| bench.verify(&numbered(number)).unwrap()).collect();
    (0..count).rev().take_while(|&number| hits(bench, &all, &[number])[0]).count()
}

#[test]
fn the_number_of_cached_tokens_is_bounded() {
    for most in [1, 2, 7, 40] {
        let change = |o: &mut VerifierOptions| o.token_cache = Some(most as f64);
        let bench = Bench::fixed(&[Signer::default().jwk()], change);
        assert_eq!(cached_of(&bench, 50), most);
    }
    let bench = Bench::fixed(&[Signer::default().jwk()], |_| ());
    assert_eq!(cached_of(&bench, 1_010), 1_000, "the default");
}

#[test]
fn the_bytes_of_cached_tokens_are_bounded() {
    let each = numbered(0).len() + good_claims().with("jti", "\"0000\"").to_string().len();
    for bytes in [20_000, 40_000, 100_000] {
        let verifier =
            crate::common::default_verifier().with_cache(CacheLimits { tokens: 1_000, bytes });
        let cached = cached_of(&Bench::new(verifier), 300);
        let likely = (bytes / each / 8).max(1)..=bytes / each / 5;
        assert!(likely.contains(&cached), "{cached} tokens of {each} in {bytes} bytes");
    }
}

#[test]
fn a_token_larger_than_the_cache_is_accepted_and_evicts_nothing() {
    let limits = CacheLimits { tokens: 1_000, bytes: 8_000 };
    let bench = Bench::new(crate::common::default_verifier().with_cache(limits));
    let small = bench.verify(&numbered(0)).unwrap();
    let padding = format!("{:?}", "x".repeat(8_000));
    let large = Signer::default().token(&good_claims().with("padding", &padding));
    let first = bench.verify(&large).unwrap();
    assert!(!Arc::ptr_eq(&bench.verify(&large).unwrap(), &first), "it is not cached");
    assert!(Arc::ptr_eq(&bench.verify(&numbered(0)).unwrap(), &small));
}

#[test]
fn without_a_cache_every_token_is_verified_each_time() {
    let bench = Bench::fixed(&[es256_jwk(1, "a")], |o| o.token_cache = Some(0.0));
    let token = es256_token(1, "a", &good_claims());
    for time in 1..=3 {
        assert_eq!((bench.outcome(&token), bench.verifications()), ("ok", time));
    }
}
