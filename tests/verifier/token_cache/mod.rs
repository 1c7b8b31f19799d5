//! The cache of verified tokens saves the second signature check. It never extends the lifetime of
//! a token: the verifier checks times and key on each hit.

mod counting_host;
mod keys;
mod limits;

use std::rc::Rc;
use std::sync::Arc;

use crate::common::{
    Claims, NOW, ScriptedResponse, Signer, TestHost, base64url, good_claims, key_set, outcome,
};
use better_auth_edge::host::Clock;
use better_auth_edge::{Error, Verified, Verifier, VerifierOptions};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};

use counting_host::CountingHost;

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

    /// A verifier with these keys in a set that never changes.
    fn fixed(keys: &[String], change: impl FnOnce(&mut VerifierOptions)) -> Self {
        let mut options = crate::common::options(&key_set(keys));
        change(&mut options);
        Self::new(options.build().expect("these options are valid"))
    }

    /// A verifier that fetches these keys, and fetches them again after 600 s.
    fn remote(keys: &[String]) -> Self {
        let mut options = crate::common::options("");
        options.jwks = None;
        options.jwks_url = Some("https://app.example/api/auth/jwks".to_owned());
        options.cache_stale_age = Some(700.0);
        let bench = Self::new(options.build().expect("these options are valid"));
        bench.publish(keys);
        bench
    }

    fn publish(&self, keys: &[String]) {
        self.host.inner.respond_with(ScriptedResponse::ok(key_set(keys)));
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

    fn advance(&self, seconds: f64) {
        self.host.inner.advance(seconds);
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

/// A valid token that contains this number.
fn numbered(number: usize) -> String {
    Signer::default().token(&good_claims().with("jti", &format!("\"{number:04}\"")))
}

#[test]
fn a_repeated_token_is_verified_once() {
    let bench = Bench::fixed(&[es256_jwk(1, "a")], |_| ());
    let token = es256_token(1, "a", &good_claims());
    let first = bench.verify(&token).unwrap();
    for _ in 0..10 {
        bench.advance(10.0);
        assert!(Arc::ptr_eq(&bench.verify(&token).unwrap(), &first));
    }
    assert_eq!(bench.verifications(), 1);
    assert_eq!(bench.outcome(&es256_token(1, "a", &good_claims().with("jti", r#""1""#))), "ok");
    assert_eq!(bench.verifications(), 2, "another token has its own verification");
}

#[test]
fn a_repeated_ed25519_token_is_verified_once_too() {
    let bench = Bench::fixed(&[Signer::default().jwk()], |_| ());
    let first = bench.verify(&numbered(1)).unwrap();
    assert!(Arc::ptr_eq(&bench.verify(&numbered(1)).unwrap(), &first));
    assert!(!Arc::ptr_eq(&bench.verify(&numbered(2)).unwrap(), &first));
    assert_eq!(bench.verifications(), 0, "the core verifies Ed25519 itself");
}

/// An option, claims that are valid at [`NOW`], and pairs of seconds after it and the outcome.
type Late = (fn(&mut VerifierOptions), Claims, &'static [(f64, &'static str)]);

#[test]
fn times_are_checked_on_every_cache_hit() {
    let nothing: fn(&mut VerifierOptions) = |_| ();
    let bounds: [Late; 6] = [
        (nothing, good_claims(), &[(904.0, "ok"), (905.0, "expired"), (9_000.0, "expired")]),
        (|o| o.clock_tolerance = Some(0.0), good_claims(), &[(899.5, "ok"), (900.0, "expired")]),
        (|o| o.max_token_age = Some(60.0), good_claims(), &[(65.0, "ok"), (65.5, "expired")]),
        // the clock is set back: a token that was valid is not valid yet
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
            bench.advance(NOW + at - bench.host.now());
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
        // a wrong clock is corrected
        (-10.0, "ok", 3),
        (0.0, "ok", 3),
        (-1e6, "not_yet_valid", 4),
        (1e6, "ok", 5),
    ] {
        bench.advance(seconds);
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
    bench.host.inner.respond_with(ScriptedResponse::ok(key_set(&keys)).after(3.0));
    bench.advance(605.0);
    assert_eq!((bench.outcome(&token), bench.host.inner.elapsed()), ("expired", 608.0));
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
            assert_eq!(bench.verifications(), 2 * i + time, "{expected} is verified each time");
        }
    }
    bench.advance(100.0);
    let in_time = es256_token(1, "a", &claims.with("nbf", "1750000100"));
    assert_eq!(bench.outcome(&in_time), "ok", "a rejection is not cached either");
}
