//! Attacks on the key set: clients that disconnect, floods of forged `kid`s during a rotation, and
//! many waiting requests while the auth server hangs.

use std::future::Future;
use std::sync::Arc;

use crate::common::{
    AUTH_SERVER, Claims, NOW, ScriptedResponse, Signer, TestHost, good_claims, key_set, outcome,
};
use better_auth_edge::host::{Clock, GetError, Timer};
use better_auth_edge::{Error, Verified, Verifier, VerifierOptions};
use futures_util::FutureExt;
use futures_util::future::{join, join_all};

struct Setup {
    verifier: Verifier,
    host: TestHost,
}

impl Setup {
    fn cold() -> Self {
        let base_url = Some(AUTH_SERVER.to_owned());
        // every token looks up its key
        let options =
            VerifierOptions { base_url, token_cache: Some(0.0), ..VerifierOptions::default() };
        Self { verifier: options.build().unwrap(), host: TestHost::new() }
    }

    fn knowing(signer: &Signer) -> Self {
        let setup = Self::cold();
        setup.host.respond_with(set_of(&[signer]));
        assert_eq!(setup.verdict(signer), ("ok", 0.0));
        setup
    }

    fn verify(&self, token: &str) -> Result<Arc<Verified>, Error> {
        self.host.run(self.verifier.verify(token, &self.host))
    }

    /// The verdict on a valid token of that signer, and the duration in seconds.
    fn verdict(&self, signer: &Signer) -> (&'static str, f64) {
        let before = self.host.elapsed();
        let verdict = outcome(&self.verify(&signer.token(&lasting_claims())));
        (verdict, self.host.elapsed() - before)
    }

    /// Runs a request `later` seconds from now. Returns its verdict and its duration in seconds.
    async fn request(&self, token: &str, later: f64) -> (&'static str, f64) {
        self.host.sleep((later * 1_000.0) as u32).await;
        let before = self.host.elapsed();
        let result = self.verifier.verify(token, &self.host).await;
        (outcome(&result), self.host.elapsed() - before)
    }

    /// Sends a request with a forged token and cancels it.
    fn disconnect(&self, kid: &str) {
        let token = Signer::new(66, kid).token(&lasting_claims());
        disconnect(self.verifier.verify(&token, &self.host));
    }
}

fn lasting_claims() -> Claims {
    good_claims().with("exp", "253402300799")
}

fn set_of(signers: &[&Signer]) -> ScriptedResponse {
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
    ScriptedResponse::ok(key_set(&keys))
}

/// Polls a request once and drops it, as if its client disconnects.
fn disconnect(request: impl Future) {
    assert!(request.now_or_never().is_none(), "the request is pending");
}

#[test]
fn a_fetch_outlives_the_client_that_caused_it() {
    let (old, new) = (Signer::default(), Signer::new(2, "key-2"));
    for (situation, idle) in [("cold", None), ("idle", Some(700.0)), ("very idle", Some(1e5))] {
        let setup = idle.map_or_else(Setup::cold, |_| Setup::knowing(&old));
        setup.host.advance(idle.unwrap_or(0.0));
        setup.host.respond_with(set_of(&[&old]).after(0.15));
        setup.disconnect("key-1");
        let (verdict, seconds) = setup.verdict(&old);
        assert_eq!(verdict, "ok", "{situation}");
        assert!(seconds < 0.2, "{situation}: {seconds} s");
    }
    let setup = Setup::knowing(&old);
    setup.host.advance(2.0);
    setup.host.respond_with(set_of(&[&old, &new]).after(0.15));
    setup.disconnect("made-up");
    let (verdict, seconds) = setup.verdict(&new);
    assert_eq!(verdict, "ok", "rotated");
    assert!(seconds < 0.4, "rotated: {seconds} s");
}

#[test]
fn a_read_of_the_store_outlives_the_client_that_caused_it() {
    let signer = Signer::default();
    let warm = Setup::knowing(&signer);
    let cold = Setup { host: warm.host.restarted(), ..Setup::cold() };
    cold.host.set_store_delay(0.1);
    cold.disconnect("key-1");
    let (verdict, seconds) = cold.verdict(&signer);
    assert_eq!((verdict, cold.host.fetches(), cold.host.loads()), ("ok", 0, 1));
    assert!(seconds < 0.2, "{seconds} s");
}

#[test]
fn clients_that_keep_disconnecting_delay_no_other_client() {
    let (old, new) = (Signer::default(), Signer::new(2, "key-2"));
    for situation in ["cold", "idle", "rotated"] {
        let setup = if situation == "cold" { Setup::cold() } else { Setup::knowing(&old) };
        setup.host.advance(if situation == "idle" { 700.0 } else { 2.0 });
        setup.host.respond_with(set_of(&[&old, &new]).after(0.15));
        for i in 0..60 {
            setup.disconnect(&format!("made-up-{i}"));
        }
        let signer = if situation == "rotated" { &new } else { &old };
        let (verdict, seconds) = setup.verdict(signer);
        assert_eq!(verdict, "ok", "{situation}");
        assert!(seconds < 0.4, "{situation}: {seconds} s");
    }
}

#[test]
fn a_fetch_that_the_runtime_stopped_is_taken_over_at_once() {
    let signer = Signer::default();
    for idle in [None, Some(700.0)] {
        let setup = idle.map_or_else(Setup::cold, |_| Setup::knowing(&signer));
        setup.host.advance(idle.unwrap_or(0.0));
        setup.host.respond_with(set_of(&[&signer]).after(0.15));
        for _ in 0..20 {
            setup.disconnect("key-1");
            setup.host.drop_background();
        }
        let (verdict, seconds) = setup.verdict(&signer);
        assert_eq!(verdict, "ok");
        assert!(seconds < 0.2, "{seconds} s");
    }
}

#[test]
fn tokens_with_known_keys_do_not_wait_while_the_auth_server_hangs() {
    let signer = Signer::default();
    let setup = Setup::knowing(&signer);
    setup.host.advance(700.0);
    setup.host.respond_with(ScriptedResponse::error(GetError::TimedOut).after(5.0));
    let token = signer.token(&lasting_claims());
    let first = setup.request(&token, 0.0);
    let others = join_all((1..50).map(|i| setup.request(&token, f64::from(i) * 0.1)));
    let (first, others) = setup.host.run(join(first, others));
    assert_eq!((first.0, others), ("ok", vec![("ok", 0.0); 49]));
    assert_eq!(setup.host.fetches(), 2);
}

#[test]
fn a_short_flood_of_unknown_kids_leaves_a_fetch_for_a_rotation() {
    let (old, new) = (Signer::default(), Signer::new(2, "key-2"));
    let setup = Setup::knowing(&old);
    for i in 0..3 {
        setup.host.advance(0.1);
        assert_eq!(setup.verdict(&Signer::new(66, &format!("made-up-{i}"))).0, "unknown_key");
    }
    setup.host.respond_with(set_of(&[&old, &new]));
    setup.host.advance(0.1);
    assert_eq!(setup.verdict(&new).0, "ok");
}

#[test]
fn a_long_flood_of_unknown_kids_never_signs_a_user_out() {
    let (old, new) = (Signer::default(), Signer::new(2, "key-2"));
    let setup = Setup::knowing(&old);
    let (_, rest) = setup_token(&lasting_claims());
    let made_up = |i: u32| {
        let header = crate::common::base64url(format!(r#"{{"alg":"EdDSA","kid":"made-up-{i}"}}"#));
        format!("{header}.{rest}")
    };
    for i in 0..1_000 {
        setup.host.advance(0.01);
        let _ = setup.verify(&made_up(i));
    }
    setup.host.respond_with(set_of(&[&old, &new]));
    let by_new = new.token(&lasting_claims());
    let mut waited = 0.0;
    for i in 1_000..10_000 {
        setup.host.advance(0.01);
        waited += 0.01;
        assert_ne!(outcome(&setup.verify(&made_up(i))), "ok");
        assert_eq!(setup.verdict(&old), ("ok", 0.0));
        match setup.verify(&by_new) {
            Ok(_) => break,
            Err(error) => {
                assert_eq!(error.code().as_str(), "keys_unavailable", "after {waited} s");
                let seconds = error.retry_after().expect("it says when to come back");
                assert!((1..=30).contains(&seconds), "{seconds}");
                assert!(
                    waited + f64::from(seconds) < 31.1,
                    "the Retry-After is correct: {seconds}"
                );
            }
        }
    }
    assert!(waited < 30.1, "{waited}");
    assert!(setup.host.fetches() <= 6, "{}", setup.host.fetches());
}

/// The segments of a forged token.
fn setup_token(claims: &Claims) -> (String, String) {
    let token = Signer::new(66, "any").token(claims);
    let (header, rest) = token.split_once('.').unwrap();
    (header.to_owned(), rest.to_owned())
}

#[test]
fn an_attacker_who_guesses_the_next_kid_locks_its_users_out_for_one_second_at_most() {
    let (old, new) = (Signer::default(), Signer::new(2, "2"));
    let setup = Setup::knowing(&old);
    for _ in 0..2 {
        assert_eq!(setup.verdict(&Signer::new(66, "2")).0, "unknown_key");
        setup.host.advance(0.1);
    }
    setup.host.respond_with(set_of(&[&old, &new]));
    setup.host.advance(1.0);
    assert_eq!(setup.verdict(&new).0, "ok");
}

#[test]
fn tokens_that_are_invalid_with_any_key_do_not_wait_while_the_auth_server_hangs() {
    let (signer, attacker) = (Signer::default(), Signer::new(66, "stranger"));
    let invalid_claims = [
        ("exp", "1"),
        ("nbf", "253402300799"),
        ("iss", r#""https://evil.example""#),
        ("aud", r#""https://evil.example""#),
        ("sub", "null"),
        ("nonce", "1"),
    ];
    for idle in [2.0, 700.0] {
        let setup = Setup::knowing(&signer);
        setup.host.advance(idle);
        setup.host.respond_with(ScriptedResponse::error(GetError::TimedOut).after(5.0));
        setup.disconnect("made-up");
        for (name, value) in invalid_claims {
            for signer in [&signer, &attacker] {
                let token = signer.token(&lasting_claims().with(name, value));
                let rejected = setup.verifier.verify(&token, &setup.host).now_or_never();
                let rejected = rejected.expect("it is rejected at once").unwrap_err();
                assert_eq!(rejected.status(), 401, "{name}");
            }
        }
        assert_eq!(setup.host.fetches(), 1, "and they cause no fetch");
    }
}

#[test]
fn a_bounded_number_of_requests_waits_for_one_fetch_and_the_rest_get_a_retry_after() {
    let setup = Setup::cold();
    let signer = Signer::default();
    setup.host.respond_with(set_of(&[&signer]).after(2.0));
    let token = signer.token(&lasting_claims());
    let requests = (0..2_000).map(|_| setup.verifier.verify(&token, &setup.host));
    let results = setup.host.run(join_all(requests));
    let served = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(served, 501, "one fetches, others wait");
    for error in results.into_iter().filter_map(Result::err) {
        assert_eq!((error.code().as_str(), error.retry_after()), ("keys_unavailable", Some(1)));
    }
    assert_eq!(setup.host.elapsed(), setup.host.now() - NOW);
    assert!(setup.host.elapsed() < 2.3, "{}", setup.host.elapsed());
}

#[test]
fn waiting_clients_that_disconnect_leave_the_queue() {
    let setup = Setup::cold();
    let signer = Signer::default();
    setup.host.respond_with(set_of(&[&signer]).after(2.0));
    for _ in 0..2_000 {
        setup.disconnect("key-1");
    }
    assert_eq!(setup.verdict(&signer).0, "ok");
    assert_eq!(setup.host.fetches(), 1);
}
