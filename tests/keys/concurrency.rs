//! Concurrent requests share one fetch, and a request can finish the fetch of another one.

use std::future::Future;

use crate::common::{
    AUTH_SERVER, NOW, ScriptedResponse, Signer, TestHost, good_claims, key_set, outcome,
};
use better_auth_edge::host::GetError;
use better_auth_edge::{Verifier, VerifierOptions};
use futures_util::FutureExt;
use futures_util::future::{join, join_all};

fn verifier() -> Verifier {
    let base_url = Some(AUTH_SERVER.to_owned());
    VerifierOptions { base_url, ..VerifierOptions::default() }.build().unwrap()
}

fn set_of(signers: &[&Signer]) -> ScriptedResponse {
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
    ScriptedResponse::ok(key_set(&keys))
}

/// Runs a request with a token of that signer, `begins_after` seconds from now. Returns its code
/// and its duration in seconds.
async fn request(
    verifier: &Verifier,
    host: &TestHost,
    signer: &Signer,
    begins_after: f64,
) -> (&'static str, f64) {
    use better_auth_edge::host::Timer;
    host.sleep((begins_after * 1_000.0) as u32).await;
    let begin = host.elapsed();
    let result = verifier.verify(&signer.token(&good_claims()), host).await;
    (outcome(&result), host.elapsed() - begin)
}

/// Polls a request once and drops it, as if its client disconnects.
fn abandon(request: impl Future) {
    assert!(request.now_or_never().is_none(), "the request is pending");
}

#[test]
fn requests_that_need_the_same_set_share_one_fetch() {
    let (verifier, host, signer) = (verifier(), TestHost::new(), Signer::default());
    host.respond_with(set_of(&[&signer]).after(0.3));
    let requests = (0..100).map(|i| request(&verifier, &host, &signer, f64::from(i % 10) * 0.02));
    let results = host.run(join_all(requests));
    assert!(results.iter().all(|(outcome, _)| *outcome == "ok"), "{results:?}");
    assert_eq!(host.fetches(), 1);
    assert!(host.elapsed() < 0.33, "they finish once the set is fetched: {}", host.elapsed());
}

#[test]
fn requests_that_search_for_the_same_new_key_share_one_fetch() {
    let (verifier, host) = (verifier(), TestHost::new());
    let (old, new) = (Signer::default(), Signer::new(2, "key-2"));
    host.respond_with(set_of(&[&old]));
    assert_eq!(host.run(request(&verifier, &host, &old, 0.0)).0, "ok");
    host.advance(2.0);
    host.respond_with(set_of(&[&old, &new]).after(0.3));
    let by_new = join_all((0..50).map(|_| request(&verifier, &host, &new, 0.0)));
    let by_old = join_all((0..50).map(|_| request(&verifier, &host, &old, 0.1)));
    let (by_new, by_old) = host.run(join(by_new, by_old));
    assert!(by_new.iter().all(|(outcome, _)| *outcome == "ok"), "{by_new:?}");
    assert_eq!(by_old, vec![("ok", 0.0); 50], "requests with known keys do not wait");
    assert_eq!(host.fetches(), 2);
}

#[test]
fn waiting_requests_share_a_failure_too() {
    let (verifier, host, signer) = (verifier(), TestHost::new(), Signer::default());
    host.respond_with(ScriptedResponse::error(GetError::TimedOut).after(5.0));
    let requests = (0..20).map(|i| request(&verifier, &host, &signer, f64::from(i) * 0.2));
    let results = host.run(join_all(requests));
    assert!(results.iter().all(|(outcome, _)| *outcome == "keys_unavailable"), "{results:?}");
    assert_eq!(host.fetches(), 1);
}

#[test]
fn a_request_takes_over_from_a_canceled_one() {
    let (verifier, host, signer) = (verifier(), TestHost::new(), Signer::default());
    host.respond_with(set_of(&[&signer]));
    host.respond_once_with(ScriptedResponse::never());
    abandon(request(&verifier, &host, &signer, 0.0));
    let (outcome, seconds) = host.run(request(&verifier, &host, &signer, 0.0));
    assert_eq!((outcome, host.fetches()), ("ok", 2));
    assert!((5.4..5.6).contains(&seconds), "one fetch's time: {seconds}");
}

#[test]
fn one_of_several_waiting_requests_takes_over_from_a_canceled_one() {
    let (verifier, host, signer) = (verifier(), TestHost::new(), Signer::default());
    host.respond_with(set_of(&[&signer]).after(0.5));
    host.respond_once_with(ScriptedResponse::never());
    abandon(request(&verifier, &host, &signer, 0.0));
    let requests = (0..50).map(|i| request(&verifier, &host, &signer, f64::from(i) * 0.1));
    let results = host.run(join_all(requests));
    assert!(results.iter().all(|(outcome, _)| *outcome == "ok"), "{results:?}");
    assert_eq!(host.fetches(), 2);
    assert!(host.elapsed() < 6.3, "{}", host.elapsed());
}

#[test]
fn a_search_for_a_new_key_is_taken_over_from_a_canceled_request() {
    let (verifier, host) = (verifier(), TestHost::new());
    let (old, new) = (Signer::default(), Signer::new(2, "key-2"));
    host.respond_with(set_of(&[&old]));
    assert_eq!(host.run(request(&verifier, &host, &old, 0.0)).0, "ok");
    host.advance(2.0);
    host.respond_with(set_of(&[&old, &new]));
    host.respond_once_with(ScriptedResponse::never());
    abandon(request(&verifier, &host, &new, 0.0));
    assert_eq!(host.run(request(&verifier, &host, &old, 0.0)), ("ok", 0.0));
    let (outcome, seconds) = host.run(request(&verifier, &host, &new, 0.0));
    assert_eq!((outcome, host.fetches()), ("ok", 3));
    assert!((5.4..5.6).contains(&seconds), "one fetch's time: {seconds}");
}

#[test]
fn a_set_requested_before_the_key_was_created_does_not_decide() {
    let (verifier, host) = (verifier(), TestHost::new());
    let (old, new) = (Signer::default(), Signer::new(2, "key-2"));
    // the server slowly returns an old set; in the meantime it creates a key and signs with it
    host.respond_once_with(set_of(&[&old]).after(1.0));
    host.respond_with(set_of(&[&old, &new]));
    let requests = join(request(&verifier, &host, &old, 0.0), request(&verifier, &host, &new, 0.5));
    let (by_old, by_new) = host.run(requests);
    assert_eq!((by_old.0, by_new.0), ("ok", "ok"));
    assert_eq!(host.fetches(), 2);
}

#[test]
fn a_late_response_does_not_restore_an_old_set() {
    let (verifier, host) = (verifier(), TestHost::new());
    let (old, new) = (Signer::default(), Signer::new(2, "key-2"));
    host.respond_once_with(set_of(&[&old]).after(8.0));
    host.respond_with(set_of(&[&new]));
    // the timeout of the first request never fires; the second request takes over
    let requests = join(request(&verifier, &host, &old, 0.0), request(&verifier, &host, &new, 1.0));
    let (by_old, by_new) = host.run(requests);
    assert_eq!(by_new.0, "ok");
    assert_eq!(by_old.0, "unknown_key");
    let (again, _) = host.run(request(&verifier, &host, &new, 0.0));
    assert_eq!(again, "ok");
}

#[test]
fn a_token_that_expires_while_its_keys_are_fetched_is_expired() {
    let (verifier, host, signer) = (verifier(), TestHost::new(), Signer::default());
    host.respond_with(set_of(&[&signer]).after(4.0));
    // with the tolerance it expires three seconds after the request arrived
    let token = signer.token(&good_claims().with("exp", &(NOW - 2.0).to_string()));
    assert_eq!(outcome(&host.run(verifier.verify(&token, &host))), "expired");
}
