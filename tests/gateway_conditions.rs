//! What a rule asks of a token beside being good: claims and scopes. And what the edge says of itself.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{Answer, Edge, good_claims, key_set, request};

const NO_HEADERS: [(&str, &str); 0] = [];

const RULES: (&str, &str) = (
    "ROUTES",
    r#"[
        {"path":"/admin/*","claims":{"role":["admin","owner"],"active":true}},
        {"path":"/tasks","methods":["POST"],"scopes":["tasks:write","tasks:read"]}
    ]"#,
);

#[test]
fn a_claim_holds_one_of_the_values_of_the_rule() {
    let edge = Edge::new(&[RULES]);
    for (role, active, expected) in [
        (r#""admin""#, "true", "forward"),
        (r#"["user","owner"]"#, "true", "forward"),
        (r#""user""#, "true", "insufficient_claims"),
        (r#""Admin""#, "true", "insufficient_claims"),
        (r#"["user"]"#, "true", "insufficient_claims"),
        (r#""admin""#, r#""true""#, "insufficient_claims"),
        (r#""admin""#, "null", "insufficient_claims"),
        ("null", "true", "insufficient_claims"),
        ("{}", "true", "insufficient_claims"),
    ] {
        let claims = good_claims().with("role", role).with("active", active);
        let head = request("GET", "/admin/x", &[edge.bearer(&claims)]);
        assert_eq!(edge.outcome(&head), expected, "{role} {active}");
    }
    let head = request("GET", "/admin", &[edge.bearer(&good_claims())]);
    assert_eq!(edge.outcome(&head), "insufficient_claims");
}

#[test]
fn all_scopes_of_the_rule_are_in_the_tokens() {
    let edge = Edge::new(&[RULES]);
    for (scope, expected) in [
        (r#""tasks:read tasks:write""#, "forward"),
        (r#""a tasks:write b tasks:read""#, "forward"),
        (r#""tasks:read""#, "insufficient_scope"),
        (r#""tasks:readtasks:write""#, "insufficient_scope"),
        (r#""tasks:read,tasks:write""#, "insufficient_scope"),
        (r#""""#, "insufficient_scope"),
        ("null", "insufficient_scope"),
        (r#"["tasks:read","tasks:write"]"#, "invalid_claim"),
    ] {
        let claims = good_claims().with("scope", scope);
        let head = request("POST", "/tasks", &[edge.bearer(&claims)]);
        assert_eq!(edge.outcome(&head), expected, "{scope}");
    }
    let response = edge.respond(&request("POST", "/tasks", &[edge.bearer(&good_claims())]));
    let challenge = response.headers.iter().find(|(name, _)| *name == "www-authenticate");
    let (_, challenge) = challenge.unwrap();
    assert!(challenge.contains(r#"error="insufficient_scope""#), "{challenge}");
    assert!(challenge.ends_with(r#"scope="tasks:write tasks:read""#), "{challenge}");
}

#[test]
fn health_is_good_while_keys_are_known_or_can_be_had() {
    const HEALTH: &str = "/.well-known/better-auth-edge/health";
    let edge = Edge::new(&[]);
    let health = || edge.respond(&request("GET", HEALTH, &NO_HEADERS));
    edge.host.answers(Answer::status(500, ""));
    assert_eq!((health().status, edge.host.fetches()), (503, 1));
    assert_eq!((health().status, edge.host.fetches()), (503, 1), "it is not asked again at once");
    edge.host.pass(60.0);
    edge.host.answers(Answer::ok(key_set(&[edge.signer.jwk()])));
    assert_eq!(
        health().body,
        r#"{"status":"ok","keys":1,"keys_age":0,"rules":0,"isolating_rules":0}"#
    );
    edge.host.pass(7.0);
    assert_eq!(
        health().body,
        r#"{"status":"ok","keys":1,"keys_age":7,"rules":0,"isolating_rules":0}"#
    );
    assert_eq!(edge.host.fetches(), 2);
    for method in ["POST", "OPTIONS"] {
        assert_eq!(edge.outcome(&request(method, HEALTH, &NO_HEADERS)), "missing_token");
    }
    assert_eq!(edge.outcome(&request("HEAD", HEALTH, &NO_HEADERS)), "answered");
}
