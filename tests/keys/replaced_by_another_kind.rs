//! The first token of a new key causes a fetch: a key of another algorithm with the same `kid`, and
//! a key without `kid` that replaces keys with `kid`.

use crate::common::{
    AUTH_SERVER, Claims, ScriptedResponse, Signer, TestHost, base64url, good_claims, key_set,
    outcome,
};
use better_auth_edge::host::{GetError, Timer};
use better_auth_edge::jose::Algorithm;
use better_auth_edge::keys::{KeyCache, KeySet, Lookup, Recheck, Timing, Wanted};
use better_auth_edge::{Verifier, VerifierOptions};
use futures_util::future::{join, join_all};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};

/// A verifier and its auth server.
struct Setup {
    verifier: Verifier,
    host: TestHost,
}

impl Setup {
    fn new(entries: &[String]) -> Self {
        let base_url = Some(AUTH_SERVER.to_owned());
        let verifier = VerifierOptions { base_url, ..VerifierOptions::default() }.build().unwrap();
        let setup = Self { verifier, host: TestHost::new() };
        setup.publishes(entries);
        setup
    }

    /// A verifier that fetched these keys ten seconds ago.
    fn knowing(entries: &[String], token: &str) -> Self {
        let setup = Self::new(entries);
        assert_eq!(setup.verdict(token), "ok");
        setup.host.advance(10.0);
        setup
    }

    /// A verifier with two keys with `kid`, both possible for a token without `kid`.
    fn knowing_two() -> Self {
        let (a, b) = (Signer::new(1, "a"), Signer::new(2, "b"));
        Self::knowing(&[a.jwk(), b.jwk()], &token(&a, 0))
    }

    fn verdict(&self, token: &str) -> &'static str {
        outcome(&self.host.run(self.verifier.verify(token, &self.host)))
    }

    fn publishes(&self, entries: &[String]) {
        self.host.respond_with(ScriptedResponse::ok(key_set(entries)));
    }
}

/// Claims that do not expire during a test.
fn claims() -> Claims {
    good_claims().with("exp", "253402300799")
}

/// A distinct token for each number.
fn token(signer: &Signer, number: usize) -> String {
    signer.token(&claims().with("number", &number.to_string()))
}

fn jwk_without_kid(signer: &Signer) -> String {
    signer.jwk_with(r#""alg":"EdDSA""#)
}

fn token_without_kid(signer: &Signer, number: usize) -> String {
    signer.sign(r#"{"alg":"EdDSA"}"#, claims().with("number", &number.to_string()).to_string())
}

/// A signer with a P-256 key.
struct Es256(SigningKey);

impl Es256 {
    fn new(number: u8) -> Self {
        Self(SigningKey::from_slice(&[number; 32]).expect("a scalar of the curve"))
    }

    fn jwk(&self, kid: &str) -> String {
        let point = self.0.verifying_key().to_sec1_point(false);
        let [x, y] = [1..33, 33..65].map(|range| base64url(&point.as_bytes()[range]));
        format!(r#"{{"kty":"EC","crv":"P-256","alg":"ES256","x":"{x}","y":"{y}","kid":"{kid}"}}"#)
    }

    fn token(&self, kid: &str, number: usize) -> String {
        let input = es256_input(kid, &claims().with("number", &number.to_string()));
        let signature: Signature = self.0.sign(input.as_bytes());
        format!("{input}.{}", base64url(signature.to_bytes()))
    }
}

/// A token without a valid signature.
fn forged_es256(kid: &str, number: usize) -> String {
    forged_es256_of(kid, &claims().with("number", &number.to_string()))
}

fn forged_es256_of(kid: &str, claims: &Claims) -> String {
    format!("{}.{}", es256_input(kid, claims), base64url([1; 64]))
}

fn es256_input(kid: &str, claims: &Claims) -> String {
    let header = base64url(format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#));
    format!("{header}.{}", base64url(claims.to_string()))
}

#[test]
fn a_key_of_another_algorithm_under_the_same_kid_is_picked_up() {
    let (old, new) = (Signer::new(1, "1"), Es256::new(2));
    let setup = Setup::knowing(&[old.jwk()], &token(&old, 0));
    setup.publishes(&[new.jwk("1")]);
    assert_eq!(setup.verdict(&new.token("1", 1)), "ok");
    assert_eq!(setup.verdict(&new.token("1", 2)), "ok");
    assert_eq!(setup.host.fetches(), 2);
    // tokens of the old key are verified with the new set
    assert_eq!(setup.verdict(&token(&old, 0)), "unsupported_algorithm");
    // and back again later
    setup.host.advance(60.0);
    setup.publishes(&[old.jwk()]);
    assert_eq!(setup.verdict(&token(&old, 3)), "ok");
}

#[test]
fn a_key_without_a_kid_that_replaces_several_with_kids_is_picked_up() {
    let (setup, new) = (Setup::knowing_two(), Signer::new(3, ""));
    setup.publishes(&[jwk_without_kid(&new)]);
    assert_eq!(setup.verdict(&token_without_kid(&new, 1)), "ok");
    assert_eq!(setup.verdict(&token_without_kid(&new, 2)), "ok");
    assert_eq!(setup.host.fetches(), 2);
}

#[test]
fn the_only_remaining_key_serves_a_token_without_a_kid() {
    let (setup, left) = (Setup::knowing_two(), Signer::new(2, "b"));
    setup.publishes(&[left.jwk()]);
    assert_eq!(setup.verdict(&token_without_kid(&left, 1)), "ok");
    assert_eq!(setup.host.fetches(), 2);
}

#[test]
fn the_newer_set_decides() {
    let ours = Signer::new(1, "1");
    for (published, verdict) in [
        (Es256::new(3).jwk("1"), "bad_signature"),
        (Signer::new(4, "2").jwk(), "unknown_key"),
        (Signer::new(4, "1").jwk(), "unsupported_algorithm"),
    ] {
        let setup = Setup::knowing(&[ours.jwk()], &token(&ours, 0));
        setup.publishes(&[published]);
        assert_eq!(setup.verdict(&forged_es256("1", 1)), verdict);
        assert_eq!(setup.host.fetches(), 2);
    }
}

#[test]
fn a_repeated_rejection_causes_one_fetch_within_the_cool_down() {
    let ours = Signer::new(1, "a");
    let setup = Setup::knowing_two();
    for number in 1..100 {
        assert_eq!(setup.verdict(&forged_es256("a", number)), "unsupported_algorithm");
        assert_eq!(setup.verdict(&token_without_kid(&ours, number)), "unknown_key");
        assert_eq!(setup.verdict(&token(&ours, number)), "ok");
        setup.host.advance(0.29);
    }
    assert_eq!(setup.host.fetches(), 1 + 2, "one for each kind");
    setup.host.advance(2.0);
    assert_eq!(setup.verdict(&forged_es256("a", 100)), "unsupported_algorithm");
    assert_eq!(setup.host.fetches(), 1 + 3);
}

#[test]
fn rejections_with_many_kids_leave_a_permit_for_a_new_kid() {
    let kids: Vec<_> = (0..10).map(|number| format!("key-{number}")).collect();
    let ours: Vec<_> = (1..).zip(&kids).map(|(number, kid)| Signer::new(number, kid)).collect();
    let entries: Vec<_> = ours.iter().map(Signer::jwk).collect();
    let setup = Setup::knowing(&entries, &token(&ours[0], 0));
    for kid in &kids {
        assert_eq!(setup.verdict(&forged_es256(kid, 1)), "unsupported_algorithm");
        assert_eq!(setup.verdict(&token_without_kid(&ours[0], 1)), "unknown_key");
        setup.host.advance(0.1);
    }
    assert_eq!(setup.host.fetches(), 1 + 3);
    let new = Signer::new(50, "new");
    setup.publishes(&[new.jwk()]);
    assert_eq!(setup.verdict(&token(&new, 2)), "ok");
}

#[test]
fn only_a_token_that_would_be_accepted_causes_a_fetch() {
    let setup = Setup::knowing_two();
    for (name, value) in
        [("iss", r#""https://other.example""#), ("aud", r#""other""#), ("exp", "1")]
    {
        let invalid = claims().with(name, value);
        let other = forged_es256_of("a", &invalid);
        assert_eq!(setup.verdict(&other), "unsupported_algorithm", "{name}");
        let without_kid = Signer::new(9, "").sign(r#"{"alg":"EdDSA"}"#, invalid.to_string());
        assert_eq!(setup.verdict(&without_kid), "unknown_key", "{name}");
    }
    assert_eq!(setup.host.fetches(), 1);
}

#[test]
fn after_a_failed_fetch_the_token_stays_rejected_and_the_known_keys_stay_in_use() {
    let (ours, setup) = (Signer::new(1, "a"), Setup::knowing_two());
    for answer in [ScriptedResponse::status(503, ""), ScriptedResponse::error(GetError::TimedOut)] {
        setup.host.respond_with(answer);
        for number in 0..20 {
            let other = forged_es256("a", number);
            assert_eq!(setup.verdict(&other), "unsupported_algorithm");
            assert_eq!(setup.verdict(&token_without_kid(&ours, number)), "unknown_key");
            assert_eq!(setup.verdict(&token(&ours, number)), "ok");
        }
        setup.host.advance(60.0);
    }
    assert_eq!(setup.host.fetches(), 3);
}

#[test]
fn a_token_that_waited_for_the_first_set_causes_no_second_fetch() {
    let ours = Signer::new(1, "1");
    let setup = Setup::new(&[]);
    setup.host.respond_with(ScriptedResponse::ok(key_set(&[ours.jwk()])).after(1.0));
    let Setup { verifier, host } = &setup;
    let (good, other) = (token(&ours, 0), forged_es256("1", 0));
    let late = async {
        host.sleep(500).await;
        verifier.verify(&other, host).await
    };
    let (first, second) = host.run(join(verifier.verify(&good, host), late));
    assert_eq!((outcome(&first), outcome(&second)), ("ok", "unsupported_algorithm"));
    assert_eq!(host.fetches(), 1);
}

#[test]
fn requests_with_such_a_key_share_one_fetch_and_other_requests_do_not_wait() {
    let (old, new) = (Signer::new(1, "1"), Es256::new(2));
    let setup = Setup::knowing(&[old.jwk()], &token(&old, 0));
    setup.host.respond_with(ScriptedResponse::ok(key_set(&[new.jwk("1")])).after(1.0));
    let Setup { verifier, host } = &setup;
    let timed = |token: String| async move {
        let begin = host.elapsed();
        (outcome(&verifier.verify(&token, host).await), host.elapsed() - begin)
    };
    let fresh = (0..10).map(|number| new.token("1", number));
    let known = (0..50).map(|number| token(&old, 100 + number));
    let results = host.run(join_all(fresh.chain(known).map(timed)));
    assert!(results[..10].iter().all(|(outcome, _)| *outcome == "ok"), "{results:?}");
    assert!(results[10..].iter().all(|(outcome, took)| *outcome == "ok" && *took == 0.0));
    assert_eq!(host.fetches(), 2);
}

#[test]
fn requests_without_a_waiting_place_are_rejected_with_the_known_keys() {
    let ours = Signer::new(1, "1");
    let setup = Setup::knowing(&[ours.jwk()], &token(&ours, 0));
    setup.host.respond_with(ScriptedResponse::ok(key_set(&[ours.jwk()])).after(4.0));
    let Setup { verifier, host } = &setup;
    let tokens = (0..600).map(|number| forged_es256("1", number));
    let verdicts = tokens.map(|token| async move { outcome(&verifier.verify(&token, host).await) });
    let verdicts = host.run(join_all(verdicts));
    assert!(verdicts.iter().all(|verdict| *verdict == "unsupported_algorithm"));
    assert_eq!(host.fetches(), 2);
}

#[test]
fn a_static_set_never_changes() {
    let (a, b) = (Signer::new(1, "a"), Signer::new(2, "b"));
    let verifier = crate::common::verifier(&key_set(&[a.jwk(), b.jwk()]));
    let verdict = |token: &str| outcome(&crate::common::verify(&verifier, token));
    assert_eq!(verdict(&forged_es256("a", 0)), "unsupported_algorithm");
    assert_eq!(verdict(&token_without_kid(&a, 0)), "unknown_key");
}

#[test]
fn a_set_requested_after_the_token_arrived_decides() {
    let mut cache = KeyCache::new(Timing::default());
    let wanted =
        |since| Wanted { kid: Some("1"), algorithm: Algorithm::Es256, since, plausible: true };
    let Lookup::Fetch(attempt) = cache.lookup(100.0, &wanted(100.0)) else { panic!() };
    let set = KeySet::parse(key_set(&[Signer::new(1, "1").jwk()]).as_bytes()).unwrap();
    cache.report(attempt, Some(set), 100.1, 0.0);
    let rejected = cache.recheck(100.2, &wanted(100.0), &[]);
    let Recheck::Reject(error) = rejected else { panic!("{rejected:?}") };
    assert_eq!(error.code().as_str(), "unsupported_algorithm");
    let invalid = Wanted { plausible: false, ..wanted(100.2) };
    assert!(matches!(cache.recheck(100.2, &invalid, &[]), Recheck::Reject(_)));
    assert!(matches!(cache.recheck(100.2, &wanted(100.2), &[]), Recheck::Fetch(_)));
    assert!(matches!(cache.recheck(100.3, &wanted(100.3), &[]), Recheck::Wait));
}
