//! The cache of verified tokens saves the second signature check. It never extends a token's life:
//! times and key are checked each time.

use std::rc::Rc;
use std::sync::Arc;

use crate::common::{
    Answer, Claims, NOW, Signer, TestHost, base64url, good_claims, key_set, outcome,
};
use crate::counting_host::CountingHost;
use better_auth_edge::host::{Clock, GetError};
use better_auth_edge::{CacheLimits, Error, Verified, Verifier, VerifierOptions};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};

/// A verifier and its host.
struct Bench {
    verifier: Verifier,
    host: CountingHost,
}

impl Bench {
    fn new(verifier: Verifier) -> Self {
        let host = CountingHost { inner: TestHost::new(), verifications: Rc::default() };
        Self { verifier, host }
    }

    /// With these keys in a set that never changes.
    fn fixed(keys: &[String], change: impl FnOnce(&mut VerifierOptions)) -> Self {
        let mut options = crate::common::options(&key_set(keys));
        change(&mut options);
        Self::new(options.build().expect("these options are good"))
    }

    /// With these keys in a set that is fetched, and fetched again after 600 s.
    fn remote(keys: &[String]) -> Self {
        let mut options = crate::common::options("");
        options.jwks = None;
        options.jwks_url = Some("https://app.example/api/auth/jwks".to_owned());
        options.cache_stale_age = Some(700.0);
        let bench = Self::new(options.build().expect("these options are good"));
        bench.publish(keys);
        bench
    }

    fn publish(&self, keys: &[String]) {
        self.host.inner.answers(Answer::ok(key_set(keys)));
    }

    fn verify(&self, token: &str) -> Result<Arc<Verified>, Error> {
        self.host.inner.run(self.verifier.verify(token, &self.host))
    }

    fn outcome(&self, token: &str) -> &'static str {
        outcome(&self.verify(token))
    }

    fn verifications(&self) -> usize {
        self.host.verifications.get()
    }

    fn pass(&self, seconds: f64) {
        self.host.inner.pass(seconds);
    }
}

/// A P-256 key. The host verifies its signatures.
fn es256(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).expect("this is below the order")
}

fn es256_jwk(number: u8, kid: &str) -> String {
    let point = es256(number).verifying_key().to_sec1_point(false);
    let (x, y) = (base64url(&point.as_bytes()[1..33]), base64url(&point.as_bytes()[33..]));
    format!(r#"{{"kty":"EC","crv":"P-256","alg":"ES256","x":"{x}","y":"{y}","kid":"{kid}"}}"#)
}

fn es256_token(number: u8, kid: &str, claims: &Claims) -> String {
    let header = base64url(format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#));
    let input = format!("{header}.{}", base64url(claims.to_string()));
    let signature: Signature = es256(number).sign(input.as_bytes());
    format!("{input}.{}", base64url(signature.to_bytes()))
}

/// A token that good keys sign, and that differs from all others by its number.
fn numbered(number: usize) -> String {
    Signer::default().token(&good_claims().with("jti", &format!("\"{number:04}\"")))
}

#[test]
fn a_repeated_token_is_verified_once() {
    let bench = Bench::fixed(&[es256_jwk(1, "a")], |_| ());
    let token = es256_token(1, "a", &good_claims());
    let first = bench.verify(&token).unwrap();
    for _ in 0..10 {
        bench.pass(10.0);
        assert!(Arc::ptr_eq(&bench.verify(&token).unwrap(), &first));
    }
    assert_eq!(bench.verifications(), 1);
    assert_eq!(bench.outcome(&es256_token(1, "a", &good_claims().with("jti", r#""1""#))), "ok");
    assert_eq!(bench.verifications(), 2, "another token is verified by itself");
}

#[test]
fn a_repeated_ed25519_token_is_verified_once_too() {
    let bench = Bench::fixed(&[Signer::default().jwk()], |_| ());
    let first = bench.verify(&numbered(1)).unwrap();
    assert!(Arc::ptr_eq(&bench.verify(&numbered(1)).unwrap(), &first));
    assert!(!Arc::ptr_eq(&bench.verify(&numbered(2)).unwrap(), &first));
    assert_eq!(bench.verifications(), 0, "the core verifies Ed25519 itself");
}

/// An option, claims that are good at [`NOW`], and what is said to them so many seconds later.
type Late = (fn(&mut VerifierOptions), Claims, &'static [(f64, &'static str)]);

#[test]
fn times_are_checked_on_every_cache_hit() {
    let nothing: fn(&mut VerifierOptions) = |_| ();
    let bounds: [Late; 6] = [
        (nothing, good_claims(), &[(904.0, "ok"), (905.0, "expired"), (9_000.0, "expired")]),
        (|o| o.clock_tolerance = Some(0.0), good_claims(), &[(899.5, "ok"), (900.0, "expired")]),
        (|o| o.max_token_age = Some(60.0), good_claims(), &[(65.0, "ok"), (65.5, "expired")]),
        // the clock goes backwards: what was good is not yet good again
        (
            nothing,
            good_claims().with("nbf", "1749999990"),
            &[(-5.0, "ok"), (-5.5, "not_yet_valid"), (-15.5, "not_yet_valid"), (0.0, "ok")],
        ),
        (
            nothing,
            good_claims().without("iat").with("nbf", "1749999990"),
            &[(-15.0, "ok"), (-15.5, "not_yet_valid"), (-1e9, "not_yet_valid"), (0.0, "ok")],
        ),
        (
            |o| o.max_token_lifetime = Some(900.0),
            good_claims(),
            &[(904.0, "ok"), (905.0, "expired"), (904.0, "ok")],
        ),
    ];
    for (change, claims, times) in bounds {
        let bench = Bench::fixed(&[Signer::default().jwk()], change);
        let token = Signer::default().token(&claims);
        assert_eq!(bench.outcome(&token), "ok", "{claims}");
        for (at, expected) in times {
            bench.pass(NOW + at - bench.host.now());
            assert_eq!(bench.outcome(&token), *expected, "{claims} after {at} s");
        }
    }
}

#[test]
fn a_token_rejected_on_a_cache_hit_is_evicted() {
    let bench = Bench::fixed(&[es256_jwk(1, "a")], |_| ());
    let token = es256_token(1, "a", &good_claims());
    for (seconds, expected, verifications) in [
        (0.0, "ok", 1),
        (904.0, "ok", 1),
        (1.0, "expired", 2),
        // a clock that was wrong is set right
        (-10.0, "ok", 3),
        (0.0, "ok", 3),
        (-1e6, "not_yet_valid", 4),
        (1e6, "ok", 5),
    ] {
        bench.pass(seconds);
        let seen = (bench.outcome(&token), bench.verifications());
        assert_eq!(seen, (expected, verifications), "after {seconds} s");
    }
}

#[test]
fn times_are_checked_after_the_keys_were_fetched() {
    let keys = [es256_jwk(1, "a")];
    let bench = Bench::remote(&keys);
    let token = es256_token(1, "a", &good_claims().with("exp", "1750000602"));
    assert_eq!(bench.outcome(&token), "ok");
    bench.host.inner.answers(Answer::ok(key_set(&keys)).after(3.0));
    bench.pass(605.0);
    assert_eq!((bench.outcome(&token), bench.host.inner.elapsed()), ("expired", 608.0));
}

#[test]
fn a_key_removed_from_the_set_evicts_its_tokens() {
    let bench = Bench::remote(&[es256_jwk(1, "a"), es256_jwk(2, "b")]);
    let (a, b) = (es256_token(1, "a", &good_claims()), es256_token(2, "b", &good_claims()));
    assert_eq!((bench.outcome(&a), bench.outcome(&b)), ("ok", "ok"));
    bench.publish(&[es256_jwk(2, "b")]);
    bench.pass(10.0);
    assert_eq!(bench.outcome(&a), "ok", "the edge cannot know yet");
    // a token by a new key makes the edge look again
    bench.publish(&[es256_jwk(2, "b"), es256_jwk(3, "c")]);
    assert_eq!(bench.outcome(&es256_token(3, "c", &good_claims())), "ok");
    assert_eq!(bench.host.inner.fetches(), 2);
    assert_eq!(bench.outcome(&a), "unknown_key", "at once, and for good");
    assert_eq!(bench.outcome(&a), "unknown_key");
    assert_eq!((bench.outcome(&b), bench.verifications()), ("ok", 3), "the others stay");
}

#[test]
fn the_last_key_removed_from_the_set_evicts_its_tokens_too() {
    let bench = Bench::remote(&[es256_jwk(1, "a")]);
    let token = es256_token(1, "a", &good_claims());
    assert_eq!(bench.outcome(&token), "ok");
    bench.publish(&[]);
    bench.pass(600.0);
    assert_eq!(bench.outcome(&token), "unknown_key");
}

#[test]
fn a_key_replaced_under_its_kid_evicts_its_tokens() {
    let bench = Bench::remote(&[es256_jwk(1, "a")]);
    let (old, new) = (es256_token(1, "a", &good_claims()), es256_token(2, "a", &good_claims()));
    assert_eq!((bench.outcome(&old), bench.outcome(&new)), ("ok", "bad_signature"));
    bench.publish(&[es256_jwk(2, "a")]);
    bench.pass(600.0);
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
    bench.pass(600.0);
    assert_eq!(bench.outcome(&token), "unsupported_algorithm");
}

#[test]
fn a_refreshed_set_with_the_same_key_keeps_its_tokens() {
    let bench = Bench::remote(&[es256_jwk(1, "a")]);
    let token = es256_token(1, "a", &good_claims());
    let first = bench.verify(&token).unwrap();
    bench.publish(&[es256_jwk(2, "b"), es256_jwk(1, "a")]);
    bench.pass(600.0);
    assert!(Arc::ptr_eq(&bench.verify(&token).unwrap(), &first));
    assert_eq!((bench.host.inner.fetches(), bench.verifications()), (2, 1));
}

#[test]
fn keys_that_are_too_old_evict_their_tokens() {
    let bench = Bench::remote(&[es256_jwk(1, "a")]);
    let token = es256_token(1, "a", &good_claims());
    assert_eq!(bench.outcome(&token), "ok");
    bench.host.inner.answers(Answer::fails(GetError::Unreachable));
    for (seconds, expected) in [(650.0, "ok"), (49.0, "ok"), (1.0, "keys_unavailable")] {
        bench.pass(seconds);
        assert_eq!(bench.outcome(&token), expected, "{} s on", bench.host.inner.elapsed());
    }
}

#[test]
fn a_rejected_token_is_not_cached() {
    let bench = Bench::fixed(&[es256_jwk(1, "a")], |_| ());
    let claims = good_claims();
    for (i, (token, expected)) in [
        (es256_token(2, "a", &claims), "bad_signature"),
        (es256_token(1, "a", &claims.with("exp", "1")), "expired"),
        (es256_token(1, "a", &claims.with("aud", r#""x""#)), "audience_mismatch"),
        (es256_token(1, "a", &claims.with("nbf", "1750000100")), "not_yet_valid"),
    ]
    .into_iter()
    .enumerate()
    {
        for time in 1..=2 {
            assert_eq!(bench.outcome(&token), expected, "{i}");
            assert_eq!(bench.verifications(), 2 * i + time, "{expected} is found out each time");
        }
    }
    bench.pass(100.0);
    let in_time = es256_token(1, "a", &claims.with("nbf", "1750000100"));
    assert_eq!(bench.outcome(&in_time), "ok", "a refusal is not kept either");
}

#[test]
fn a_token_rejected_for_an_unknown_key_is_accepted_once_the_key_is_published() {
    let bench = Bench::remote(&[]);
    let token = es256_token(1, "a", &good_claims());
    assert_eq!(bench.outcome(&token), "unknown_key");
    bench.publish(&[es256_jwk(1, "a")]);
    bench.pass(1.0);
    assert_eq!(bench.outcome(&token), "ok");
}

/// Whether each of these tokens is there, tried in this order. Those that are not get in again.
fn hits(bench: &Bench, kept: &[Arc<Verified>], numbers: &[usize]) -> Vec<bool> {
    let hit =
        |&number: &usize| Arc::ptr_eq(&bench.verify(&numbered(number)).unwrap(), &kept[number]);
    numbers.iter().map(hit).collect()
}

#[test]
fn the_least_recently_used_token_is_evicted() {
    let bench = Bench::fixed(&[Signer::default().jwk()], |o| o.token_cache = Some(3.0));
    let kept: Vec<_> = (0..3).map(|number| bench.verify(&numbered(number)).unwrap()).collect();
    assert_eq!(hits(&bench, &kept, &[2, 1, 0]), [true; 3]);
    // now 2 is the oldest, and then 1
    bench.verify(&numbered(3)).unwrap();
    assert_eq!(hits(&bench, &kept, &[0, 1]), [true; 2]);
    bench.verify(&numbered(4)).unwrap();
    bench.verify(&numbered(5)).unwrap();
    assert_eq!(hits(&bench, &kept, &[1, 0, 2]), [true, false, false]);
}

/// How many of the tokens that went through are still there, counted from the newest back.
fn kept_of(bench: &Bench, count: usize) -> usize {
    let all: Vec<_> = (0..count).map(|number| bench.verify(&numbered(number)).unwrap()).collect();
    (0..count).rev().take_while(|&number| hits(bench, &all, &[number])[0]).count()
}

#[test]
fn the_number_of_cached_tokens_is_bounded() {
    for most in [1, 2, 7, 40] {
        let change = |o: &mut VerifierOptions| o.token_cache = Some(most as f64);
        let bench = Bench::fixed(&[Signer::default().jwk()], change);
        assert_eq!(kept_of(&bench, 50), most);
    }
    let bench = Bench::fixed(&[Signer::default().jwk()], |_| ());
    assert_eq!(kept_of(&bench, 1_010), 1_000, "the default");
}

#[test]
fn the_bytes_of_cached_tokens_are_bounded() {
    let each = numbered(0).len() + good_claims().with("jti", "\"0000\"").to_string().len();
    for bytes in [20_000, 40_000, 100_000] {
        let verifier =
            crate::common::default_verifier().with_cache(CacheLimits { tokens: 1_000, bytes });
        let kept = kept_of(&Bench::new(verifier), 300);
        assert!((1..=bytes / each).contains(&kept), "{kept} tokens of {each} in {bytes} bytes");
        assert!(kept >= bytes / each / 5, "{kept} tokens of {each} in {bytes} bytes");
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
    assert!(!Arc::ptr_eq(&bench.verify(&large).unwrap(), &first), "it is not kept");
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
