//! The first token with a replaced key causes a fetch of the new key with the same `kid`, and bad
//! signatures cause no more fetches than unknown `kid`s.

use crate::common::{
    AUTH_SERVER, Claims, ScriptedResponse, Signer, TestHost, good_claims, key_set, outcome,
};
use better_auth_edge::host::GetError;
use better_auth_edge::keys::{KeyCache, Timing};
use better_auth_edge::{Verifier, VerifierOptions};
use futures_util::future::join_all;

/// A verifier and its auth server.
struct Setup {
    verifier: Verifier,
    host: TestHost,
}

impl Setup {
    /// A verifier that fetched these keys ten seconds ago.
    fn knowing(entries: &[String], token: &str) -> Self {
        let base_url = Some(AUTH_SERVER.to_owned());
        let verifier = VerifierOptions { base_url, ..VerifierOptions::default() }.build().unwrap();
        let setup = Self { verifier, host: TestHost::new() };
        setup.host.respond_with(ScriptedResponse::ok(key_set(entries)));
        assert_eq!(setup.verdict(token), "ok");
        setup.host.advance(10.0);
        setup
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

fn token_without_kid(signer: &Signer) -> String {
    signer.sign(r#"{"alg":"EdDSA"}"#, claims().to_string())
}

#[test]
fn a_key_replaced_under_its_kid_is_picked_up() {
    let (old, new) = (Signer::new(1, "1"), Signer::new(2, "1"));
    let setup = Setup::knowing(&[old.jwk()], &token(&old, 0));
    setup.publishes(&[new.jwk()]);
    assert_eq!(setup.verdict(&token(&new, 1)), "ok");
    assert_eq!(setup.host.fetches(), 2);
    assert_eq!(setup.verdict(&token(&new, 2)), "ok");
    assert_eq!(setup.host.fetches(), 2);
    // tokens of the old key are rejected, cached or not
    assert_eq!(setup.verdict(&token(&old, 0)), "bad_signature");
    assert_eq!(setup.verdict(&token(&old, 3)), "bad_signature");
}

#[test]
fn a_replaced_key_without_a_kid_is_picked_up() {
    let (old, new) = (Signer::new(1, ""), Signer::new(2, ""));
    let setup = Setup::knowing(&[jwk_without_kid(&old)], &token_without_kid(&old));
    setup.publishes(&[jwk_without_kid(&new)]);
    assert_eq!(setup.verdict(&token_without_kid(&new)), "ok");
    assert_eq!(setup.host.fetches(), 2);
}

#[test]
fn all_keys_without_a_kid_are_tried() {
    let signers: Vec<_> = (1..=5).map(|number| Signer::new(number, "")).collect();
    let entries: Vec<_> = signers.iter().map(jwk_without_kid).collect();
    let setup = Setup::knowing(&entries, &token_without_kid(&signers[0]));
    for signer in &signers[1..4] {
        assert_eq!(setup.verdict(&token_without_kid(signer)), "ok");
    }
    assert_eq!(setup.host.fetches(), 1);
    assert_eq!(setup.verdict(&token_without_kid(&signers[4])), "bad_signature", "the fifth");
}

#[test]
fn a_signature_that_stays_bad_causes_one_fetch_within_the_cool_down() {
    let (ours, forger) = (Signer::new(1, "1"), Signer::new(9, "1"));
    let setup = Setup::knowing(&[ours.jwk()], &token(&ours, 0));
    for number in 1..100 {
        assert_eq!(setup.verdict(&token(&forger, number)), "bad_signature");
        assert_eq!(setup.verdict(&token(&ours, number)), "ok");
        setup.host.advance(0.29);
    }
    assert_eq!(setup.host.fetches(), 2);
    setup.host.advance(2.0);
    assert_eq!(setup.verdict(&token(&forger, 100)), "bad_signature");
    assert_eq!(setup.host.fetches(), 3);
}

#[test]
fn bad_signatures_with_many_kids_leave_a_permit_for_a_new_kid() {
    let kids: Vec<_> = (0..10).map(|number| format!("key-{number}")).collect();
    let ours: Vec<_> = (1..).zip(&kids).map(|(number, kid)| Signer::new(number, kid)).collect();
    let entries: Vec<_> = ours.iter().map(Signer::jwk).collect();
    let setup = Setup::knowing(&entries, &token(&ours[0], 0));
    for kid in &kids {
        assert_eq!(setup.verdict(&token(&Signer::new(99, kid), 1)), "bad_signature");
        setup.host.advance(0.1);
    }
    assert_eq!(setup.host.fetches(), 1 + 3);
    let new = Signer::new(50, "new");
    setup.publishes(&[new.jwk()]);
    assert_eq!(setup.verdict(&token(&new, 2)), "ok");
}

#[test]
fn only_a_token_that_would_be_accepted_causes_a_fetch() {
    let (ours, forger) = (Signer::new(1, "1"), Signer::new(9, "1"));
    let setup = Setup::knowing(&[ours.jwk()], &token(&ours, 0));
    for (name, value) in [
        ("iss", r#""https://other.example""#),
        ("aud", r#""other""#),
        ("exp", "1"),
        ("azp", r#""x""#),
    ] {
        let invalid = forger.token(&claims().with(name, value));
        assert_eq!(setup.verdict(&invalid), "bad_signature", "{name}");
    }
    assert_eq!(setup.host.fetches(), 1);
}

#[test]
fn after_a_failed_fetch_the_signature_stays_bad_and_the_known_keys_stay_in_use() {
    let (ours, forger) = (Signer::new(1, "1"), Signer::new(9, "1"));
    let setup = Setup::knowing(&[ours.jwk()], &token(&ours, 0));
    for answer in [ScriptedResponse::status(500, ""), ScriptedResponse::error(GetError::TimedOut)] {
        setup.host.respond_with(answer);
        for number in 0..20 {
            assert_eq!(setup.verdict(&token(&forger, number)), "bad_signature");
            assert_eq!(setup.verdict(&token(&ours, number)), "ok");
        }
        setup.host.advance(60.0);
    }
    assert_eq!(setup.host.fetches(), 3);
}

#[test]
fn a_bad_signature_that_waited_for_the_first_set_causes_no_second_fetch() {
    let (ours, forger) = (Signer::new(1, "1"), Signer::new(9, "1"));
    let base_url = Some(AUTH_SERVER.to_owned());
    let verifier = VerifierOptions { base_url, ..VerifierOptions::default() }.build().unwrap();
    let host = TestHost::new();
    host.respond_with(ScriptedResponse::ok(key_set(&[ours.jwk()])).after(1.0));
    let (good, bad) = (token(&ours, 0), token(&forger, 0));
    let late = async {
        use better_auth_edge::host::Timer;
        host.sleep(500).await;
        verifier.verify(&bad, &host).await
    };
    let (first, second) = host.run(futures_util::future::join(verifier.verify(&good, &host), late));
    assert_eq!((outcome(&first), outcome(&second)), ("ok", "bad_signature"));
    assert_eq!(host.fetches(), 1);
}

#[test]
fn a_newer_set_without_the_key_makes_it_unknown() {
    let (ours, forger) = (Signer::new(1, "1"), Signer::new(9, "1"));
    let setup = Setup::knowing(&[ours.jwk()], &token(&ours, 0));
    setup.publishes(&[Signer::new(3, "2").jwk()]);
    assert_eq!(setup.verdict(&token(&forger, 1)), "unknown_key");
}

#[test]
fn requests_with_a_replaced_key_share_one_fetch_and_other_requests_do_not_wait() {
    let (old, new) = (Signer::new(1, "1"), Signer::new(2, "1"));
    let setup = Setup::knowing(&[old.jwk()], &token(&old, 0));
    setup.host.respond_with(ScriptedResponse::ok(key_set(&[new.jwk()])).after(1.0));
    let Setup { verifier, host } = &setup;
    let fresh: Vec<_> = (0..50).map(|number| token(&new, number)).collect();
    let known: Vec<_> = (0..50).map(|number| token(&old, 100 + number)).collect();
    let timed = |token: &'static str| async move {
        let begin = host.elapsed();
        (outcome(&verifier.verify(token, host).await), host.elapsed() - begin)
    };
    let leak = |tokens: Vec<String>| tokens.into_iter().map(|token| &*token.leak());
    let results = host.run(join_all(leak(fresh).chain(leak(known)).map(timed)));
    assert!(results[..50].iter().all(|(outcome, _)| *outcome == "ok"), "{results:?}");
    assert!(results[50..].iter().all(|(outcome, took)| *outcome == "ok" && *took == 0.0));
    assert_eq!(host.fetches(), 2);
}

#[test]
fn bad_signatures_use_at_most_half_of_the_waiting_places() {
    let mut cache = KeyCache::new(Timing::default());
    let place = cache.join_for_recheck(None, 90.1).expect("there is room");
    assert!((1..250).all(|_| cache.join_for_recheck(None, 90.1).is_some()));
    assert!(cache.join_for_recheck(None, 90.1).is_none());
    assert!(
        cache.join_for_recheck(Some(place), 90.1).is_some(),
        "a waiting request keeps its place"
    );
    assert!((0..250).all(|_| cache.join(None, 90.1, true).is_ok()));
    assert!(cache.join(None, 90.1, true).is_err());
}

#[test]
fn a_static_set_never_changes() {
    let verifier = crate::common::verifier(&key_set(&[Signer::new(1, "1").jwk()]));
    let result = crate::common::verify(&verifier, &token(&Signer::new(2, "1"), 0));
    assert_eq!(outcome(&result), "bad_signature");
}
