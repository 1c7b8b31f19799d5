//! A verifier with fetched keys: a network failure never makes a known key unknown or a foreign key
//! known.

use std::sync::Arc;

use crate::common::{
    AUTH_SERVER, Claims, ScriptedResponse, Signer, TestHost, good_claims, key_set, outcome,
};
use better_auth_edge::host::GetError;
use better_auth_edge::{Error, Verified, Verifier, VerifierOptions};

fn options() -> VerifierOptions {
    VerifierOptions { base_url: Some(AUTH_SERVER.to_owned()), ..VerifierOptions::default() }
}

/// A verifier and its auth server.
struct Setup {
    verifier: Verifier,
    host: TestHost,
}

impl Setup {
    fn new() -> Self {
        Self { verifier: options().build().unwrap(), host: TestHost::new() }
    }

    /// A verifier that has just fetched the keys of these signers.
    fn knowing(signers: &[&Signer]) -> Self {
        let setup = Self::new();
        setup.host.respond_with(set_of(signers));
        assert_eq!(setup.verdict(signers[0]), "ok");
        assert_eq!(setup.host.fetches(), 1);
        setup
    }

    fn verify(&self, token: &str) -> Result<Arc<Verified>, Error> {
        self.host.run(self.verifier.verify(token, &self.host))
    }

    fn verdict(&self, signer: &Signer) -> &'static str {
        outcome(&self.verify(&signer.token(&lasting_claims())))
    }
}

/// Claims that do not expire during a test.
fn lasting_claims() -> Claims {
    good_claims().with("exp", "253402300799")
}

fn set_of(signers: &[&Signer]) -> ScriptedResponse {
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
    ScriptedResponse::ok(key_set(&keys))
}

#[test]
fn the_set_is_fetched_from_better_auth_when_the_first_token_needs_it() {
    for (base_url, jwks_url, expected) in [
        (AUTH_SERVER, None, "https://app.example/api/auth/jwks"),
        ("https://App.example:443/", None, "https://app.example/api/auth/jwks"),
        ("http://127.0.0.1:3000/auth/v1/", None, "http://127.0.0.1:3000/auth/v1/jwks"),
        (AUTH_SERVER, Some("https://cdn.example/keys.json"), "https://cdn.example/keys.json"),
    ] {
        let verifier = VerifierOptions {
            base_url: Some(base_url.to_owned()),
            jwks_url: jwks_url.map(str::to_owned),
            issuer: Some(vec![AUTH_SERVER.to_owned()]),
            audience: Some(vec![AUTH_SERVER.to_owned()]),
            ..VerifierOptions::default()
        };
        let setup = Setup { verifier: verifier.build().unwrap(), host: TestHost::new() };
        setup.host.respond_with(set_of(&[&Signer::default()]));
        assert_eq!(setup.host.fetches(), 0);
        assert_eq!(setup.verdict(&Signer::default()), "ok");
        assert_eq!(setup.verdict(&Signer::default()), "ok");
        let [request] = &setup.host.requests()[..] else { panic!("fetched more than once") };
        assert_eq!(request.url, expected);
        assert_eq!(request.accept, "application/jwk-set+json, application/json");
        assert_eq!((request.max_bytes, request.timeout), (256 * 1_024, 5_000));
    }
}

#[test]
fn a_set_of_256_kib_is_read() {
    let setup = Setup::new();
    let set = key_set(&[Signer::default().jwk()]);
    setup.host.respond_with(ScriptedResponse::ok(padded(&set, 256 * 1_024)));
    assert_eq!(setup.verdict(&Signer::default()), "ok");
}

/// The document, padded with spaces to this size.
fn padded(set: &str, bytes: usize) -> String {
    format!("{set}{}", " ".repeat(bytes - set.len()))
}

/// Responses that are not JWK Sets, although some contain keys.
fn invalid_sets() -> Vec<(&'static str, ScriptedResponse)> {
    let jwk = Signer::default().jwk();
    let set = key_set(std::slice::from_ref(&jwk));
    let statuses = [
        ("201", 201),
        ("204", 204),
        ("206", 206),
        ("301", 301),
        ("302", 302),
        ("304", 304),
        ("307", 307),
        ("400", 400),
        ("401", 401),
        ("403", 403),
        ("404", 404),
        ("429", 429),
        ("500", 500),
        ("503", 503),
    ];
    let bodies = [
        ("nothing", String::new()),
        ("HTML", "<!doctype html><title>Sign in</title>".into()),
        ("half a set", set[..set.len() - 1].into()),
        ("two sets", format!("{set}{set}")),
        ("an array", format!("[{jwk}]")),
        ("one key", jwk.clone()),
        ("an object without keys", "{}".into()),
        ("keys that are null", r#"{"keys":null}"#.into()),
        ("keys that are an object", format!(r#"{{"keys":{{"0":{jwk}}}}}"#)),
        ("keys that are text", format!(r#"{{"keys":{jwk:?}}}"#)),
        ("keys twice", format!(r#"{{"keys":[{jwk}],"keys":[{jwk}]}}"#)),
        ("a member twice in a key", format!(r#"{{"keys":[{jwk},{{"kty":"RSA","kty":"RSA"}}]}}"#)),
        ("a byte order mark", format!("\u{feff}{set}")),
        ("a lone surrogate", format!(r#"{{"keys":[{jwk}],"x":"\ud800"}}"#)),
        ("many levels", format!(r#"{{"keys":[{jwk}],"x":{}{}}}"#, "[".repeat(32), "]".repeat(32))),
        ("one byte too many", padded(&set, 256 * 1_024 + 1)),
    ];
    let failures = [
        ("too large for the host", GetError::TooLarge),
        ("a timeout", GetError::TimedOut),
        ("no connection", GetError::Unreachable),
    ];
    let statuses =
        statuses.map(|(what, status)| (what, ScriptedResponse::status(status, set.clone())));
    let bodies = bodies.map(|(what, body)| (what, ScriptedResponse::ok(body)));
    let failures = failures.map(|(what, error)| (what, ScriptedResponse::error(error)));
    statuses.into_iter().chain(bodies).chain(failures).collect()
}

#[test]
fn an_invalid_set_keeps_the_known_keys() {
    let (known, new) = (Signer::default(), Signer::new(2, "key-2"));
    for (what, answer) in invalid_sets() {
        let setup = Setup::knowing(&[&known]);
        setup.host.respond_with(answer);
        setup.host.advance(600.0);
        assert_eq!(setup.verdict(&known), "ok", "{what}");
        assert_eq!(setup.host.fetches(), 2, "{what}");
        assert_eq!(setup.verdict(&new), "keys_unavailable", "{what}");
        setup.host.advance(86_400.0 - 600.0 - 1.0);
        assert_eq!(setup.verdict(&known), "ok", "{what}");
        setup.host.advance(1.0);
        assert_eq!(setup.verdict(&known), "keys_unavailable", "{what}");
    }
}

#[test]
fn an_invalid_set_makes_the_keys_unavailable_when_none_are_known() {
    for (what, answer) in invalid_sets() {
        let setup = Setup::new();
        setup.host.respond_with(answer);
        let token = Signer::default().token(&lasting_claims());
        let error = setup.verify(&token).expect_err(what);
        assert_eq!((error.code().as_str(), error.status()), ("keys_unavailable", 503), "{what}");
        assert_eq!(error.retry_after(), Some(1), "{what}");
        assert_eq!(setup.host.fetches(), 1, "{what}");
        let source = std::error::Error::source(&error).expect("the log says why");
        assert!(!source.to_string().is_empty());
        // other requests do not fetch before that time, and then the fetch succeeds
        assert_eq!(outcome(&setup.verify(&token)), "keys_unavailable", "{what}");
        assert_eq!(setup.host.fetches(), 1, "{what}");
        setup.host.respond_with(set_of(&[&Signer::default()]));
        setup.host.advance(1.0);
        assert_eq!(outcome(&setup.verify(&token)), "ok", "{what}");
    }
}

#[test]
fn a_set_without_usable_keys_is_a_set() {
    let signer = Signer::default();
    for body in [
        r#"{"keys":[]}"#.to_owned(),
        r#"{"keys":[null,7,"x",[],{}]}"#.into(),
        key_set(&[signer.jwk_with(r#""kid":"key-1","use":"enc""#)]),
        r#"{"keys":[{"kty":"RSA","kid":"key-1","n":"AAAA","e":"AQAB"}]}"#.into(),
    ] {
        let setup = Setup::new();
        setup.host.respond_with(ScriptedResponse::ok(body));
        assert_eq!(setup.verdict(&signer), "unknown_key");
        assert_eq!(setup.host.fetches(), 1);
    }
}

#[test]
fn a_key_created_after_the_last_fetch_is_fetched_at_once() {
    let (old, new) = (Signer::default(), Signer::new(2, "key-2"));
    let setup = Setup::knowing(&[&old]);
    setup.host.advance(2.0);
    setup.host.respond_with(set_of(&[&old, &new]));
    assert_eq!(setup.verdict(&new), "ok");
    assert_eq!(setup.host.fetches(), 2);
    assert_eq!(setup.verdict(&old), "ok");
    // and the next key too
    let newer = Signer::new(3, "key-3");
    setup.host.advance(2.0);
    setup.host.respond_with(set_of(&[&new, &newer]));
    assert_eq!(setup.verdict(&newer), "ok");
    assert_eq!(setup.host.fetches(), 3);
    assert_eq!(setup.verdict(&old), "unknown_key", "the set no longer contains it");
}

#[test]
fn a_key_replaced_with_the_same_kid_is_fetched_at_the_next_refresh() {
    let (old, new) = (Signer::new(1, "key"), Signer::new(2, "key"));
    let setup = Setup::knowing(&[&old]);
    setup.host.respond_with(set_of(&[&new]));
    assert_eq!(setup.verdict(&new), "bad_signature");
    assert_eq!(setup.host.fetches(), 1, "a bad signature causes no fetch");
    setup.host.advance(600.0);
    assert_eq!(setup.verdict(&old), "bad_signature");
    assert_eq!(setup.verdict(&new), "ok");
}

#[test]
fn ten_thousand_unknown_keys_cause_a_few_fetches_and_a_503_during_the_cool_down() {
    let signer = Signer::default();
    let setup = Setup::knowing(&[&signer]);
    let good = signer.token(&lasting_claims());
    let (_, rest) = good.split_once('.').unwrap();
    for i in 0..10_000 {
        setup.host.advance(0.002);
        let header = crate::common::base64url(format!(r#"{{"alg":"EdDSA","kid":"{i}"}}"#));
        let error = setup.verify(&format!("{header}.{rest}")).unwrap_err();
        let expected = if i < 4 { "unknown_key" } else { "keys_unavailable" };
        assert_eq!(error.code().as_str(), expected, "{i}");
        assert!(std::error::Error::source(&error).is_none(), "no fetch has failed");
    }
    assert_eq!(setup.host.fetches(), 5);
    assert_eq!(setup.verdict(&signer), "ok");
}

#[test]
fn tokens_that_would_be_rejected_anyway_do_not_delay_a_new_key() {
    let (old, new, attacker) =
        (Signer::default(), Signer::new(2, "key-2"), Signer::new(66, "stranger"));
    let setup = Setup::knowing(&[&old]);
    setup.host.respond_with(set_of(&[&old, &new]));
    for (name, value) in [
        ("exp", "1"),
        ("nbf", "253402300799"),
        ("iss", r#""https://evil.example""#),
        ("aud", r#""https://evil.example""#),
        ("sub", "null"),
        ("nonce", "1"),
    ] {
        setup.host.advance(1.0);
        let token = attacker.token(&lasting_claims().with(name, value));
        assert_eq!(outcome(&setup.verify(&token)), "unknown_key", "{name} is {value}");
        assert_eq!(setup.host.fetches(), 1, "{name} is {value}");
    }
    assert_eq!(setup.verdict(&new), "ok");
    assert_eq!(setup.host.fetches(), 2);
}

#[test]
fn unknown_keys_cause_a_few_fetches_while_the_server_is_down() {
    let (known, unknown) = (Signer::default(), Signer::new(2, "key-2"));
    let setup = Setup::knowing(&[&known]);
    setup.host.respond_with(ScriptedResponse::status(500, ""));
    for _ in 0..100 {
        setup.host.advance(0.29);
        assert_eq!(setup.verdict(&unknown), "keys_unavailable");
        assert_eq!(setup.verdict(&known), "ok");
    }
    assert_eq!(setup.host.fetches(), 5);
}

#[test]
fn a_token_that_is_invalid_with_any_key_causes_no_fetch() {
    let setup = Setup::new();
    setup.host.respond_with(set_of(&[&Signer::default()]));
    let signer = Signer::default();
    let claims = lasting_claims().to_string();
    for (token, expected) in [
        (String::new(), "missing_token"),
        ("x".repeat(20_000), "token_too_large"),
        ("x".repeat(40), "opaque_token"),
        ("a.b.c".into(), "malformed_token"),
        (signer.sign(signer.header(), "[]"), "malformed_token"),
        (signer.sign(signer.header_with("crit", "[]"), &claims), "malformed_token"),
        (signer.sign(signer.header_with("typ", r#""at+jwt""#), &claims), "wrong_token_type"),
        (signer.sign(r#"{"alg":"HS256","kid":"key-1"}"#, &claims), "unsupported_algorithm"),
        (signer.sign(r#"{"alg":"none","kid":"key-1"}"#, &claims), "unsupported_algorithm"),
    ] {
        assert_eq!(outcome(&setup.verify(&token)), expected);
        assert_eq!(setup.host.fetches(), 0, "{expected}");
    }
}

#[test]
fn a_set_is_refreshed_in_the_background_before_it_expires() {
    let (old, new) = (Signer::default(), Signer::new(2, "key-2"));
    let setup = Setup::knowing(&[&old]);
    setup.host.advance(480.0);
    setup.host.respond_with(set_of(&[&old, &new]).after(3.0));
    let before = setup.host.elapsed();
    assert_eq!(setup.verdict(&old), "ok");
    assert_eq!(setup.verdict(&old), "ok");
    assert_eq!(setup.host.elapsed(), before, "no request waits for it");
    assert_eq!(setup.host.background_tasks(), 1);
    setup.host.run_background();
    assert_eq!(setup.host.fetches(), 2);
    assert_eq!(setup.verdict(&new), "ok");
    assert_eq!(setup.verdict(&old), "ok");
    assert_eq!((setup.host.fetches(), setup.host.background_tasks()), (2, 0));
}

#[test]
fn a_refresh_that_the_runtime_stopped_is_repeated() {
    let signer = Signer::default();
    let setup = Setup::knowing(&[&signer]);
    setup.host.advance(480.0);
    assert_eq!(setup.verdict(&signer), "ok");
    setup.host.drop_background();
    setup.host.advance(5.5);
    assert_eq!(setup.verdict(&signer), "ok");
    assert_eq!(setup.host.background_tasks(), 1);
    setup.host.run_background();
    assert_eq!(setup.host.fetches(), 2);
}

#[test]
fn the_cause_names_deployment_mistakes() {
    for (status, body, expected) in [
        (404, "error code: 1042", "the server answered 404, not 200"),
        (404, "error code: 1016", "the server answered 404, not 200"),
        (401, r#"{"type":"tag:better-auth-edge,2026:errors#missing_token"}"#, "an edge's own"),
        (401, "\u{fffd}", "the server answered 401, not 200"),
        (307, "", "the server answered with a redirect, which is not followed"),
    ] {
        let setup = Setup::new();
        setup.host.respond_with(ScriptedResponse::status(status, body));
        let error = setup.verify(&Signer::default().token(&lasting_claims())).unwrap_err();
        assert_eq!(error.code().as_str(), "keys_unavailable");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(expected), "{cause}");
        assert!(!error.detail().contains("Worker"), "the response must not contain the cause");
    }
}
