//! Lessons about the fetch of keys: how often, and from which URL.

use crate::common::{
    AUTH_SERVER, ScriptedResponse, Signer, TestHost, good_claims, key_set, options, outcome,
};
use better_auth_edge::Verifier;
use futures_util::future::join_all;

const KEYS_URL: &str = "https://app.example/api/auth/jwks";

/// A verifier that fetches its keys, and a host that returns this response.
fn remote(answer: ScriptedResponse) -> (Verifier, TestHost) {
    let mut options = options("");
    (options.jwks, options.jwks_url) = (None, Some(KEYS_URL.to_owned()));
    let host = TestHost::new();
    host.respond_with(answer);
    (options.build().unwrap(), host)
}

fn unknown(number: usize) -> String {
    Signer::new(66, &format!("no-key-{number}")).token(&good_claims())
}

#[test]
fn cve_2026_48524_unknown_key_ids_cause_few_fetches_and_a_failed_fetch_keeps_the_cached_keys() {
    let (verifier, host) = remote(ScriptedResponse::ok(key_set(&[Signer::default().jwk()])));
    let run = |token: &str| outcome(&host.run(verifier.verify(token, &host)));
    let good = Signer::default().token(&good_claims());
    assert_eq!(run(&good), "ok");
    for number in 0..290 {
        host.advance(0.1);
        // without a fetch for this key, the verifier cannot decide
        let expected = if number < 4 { "unknown_key" } else { "keys_unavailable" };
        assert_eq!(run(&unknown(number)), expected);
    }
    assert_eq!(host.fetches(), 5, "four, and one more in the cool-down of 30 s");
    for answer in [
        ScriptedResponse::status(500, "{}"),
        ScriptedResponse::ok("<html>"),
        ScriptedResponse::ok(r#"{"keys":7}"#),
    ] {
        host.respond_with(answer);
        host.advance(31.0);
        run(&unknown(1_000));
        assert_eq!(run(&good), "ok", "the cached keys are still used");
    }
    assert_eq!(host.fetches(), 8, "each of the bad responses was fetched");
}

#[test]
fn mobula_an_empty_set_does_not_disable_the_cool_down() {
    let (verifier, host) = remote(ScriptedResponse::ok(key_set(&[])));
    for number in 0..290 {
        host.advance(0.1);
        let outcome = outcome(&host.run(verifier.verify(&unknown(number), &host)));
        assert_eq!(outcome, if number < 5 { "unknown_key" } else { "keys_unavailable" });
    }
    assert_eq!(host.fetches(), 5);
}

#[test]
fn tilegroxy_and_fastapi_zitadel_auth_concurrent_tokens_share_one_fetch() {
    let (verifier, host) = remote(ScriptedResponse::ok(key_set(&[])).after(1.0));
    let tokens: Vec<_> = (0..50).map(unknown).collect();
    let results = host.run(join_all(tokens.iter().map(|token| verifier.verify(token, &host))));
    assert!(results.iter().all(|result| outcome(result) == "unknown_key"));
    assert_eq!(host.fetches(), 1, "the single flight begins before the fetch");
}

#[test]
fn albeast_a_token_does_not_choose_the_url_of_its_key() {
    // The token named the load balancer whose keys the verifier fetched, so it trusted every load
    // balancer.
    let (verifier, host) =
        remote(ScriptedResponse::ok(key_set(&[Signer::new(66, "stranger").jwk()])));
    for kid in ["stranger/../key-1", "?key=stranger", "https://evil.example/stranger", "key-1"] {
        let header = format!(
            r#"{{"alg":"EdDSA","kid":"{kid}","signer":"arn:aws:x","iss":"{AUTH_SERVER}",
                "jku":"https://evil.example/jwks","url":"https://evil.example"}}"#
        );
        let token = Signer::new(66, kid).sign(header, good_claims().to_string());
        assert_eq!(outcome(&host.run(verifier.verify(&token, &host))), "unknown_key", "{kid}");
    }
    assert!(host.requests().iter().all(|request| request.url == KEYS_URL));
}
