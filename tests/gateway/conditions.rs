//! The conditions of a rule on a verified token, claims and scopes; and the edge's health endpoint.

use crate::common::{Edge, ScriptedResponse, good_claims, key_set, request};
use better_auth_edge::gateway::Settings;

/// The errors of these settings together with the two required URLs.
pub(super) fn setting_errors(settings: &[(&str, &str)]) -> Vec<String> {
    let urls = [("BETTER_AUTH_URL", "https://app.example"), ("ORIGIN_URL", "https://api.example")];
    let all: Vec<_> = urls.iter().chain(settings).collect();
    let lookup = |wanted: &str| Some(all.iter().find(|(name, _)| *name == wanted)?.1.to_owned());
    let errors = Settings::parse(lookup).err().unwrap_or_default();
    errors.iter().map(ToString::to_string).collect()
}

const NO_HEADERS: [(&str, &str); 0] = [];

const RULES: (&str, &str) = (
    "ROUTES",
    r#"[
        {"path":"/admin/*","claims":{"role":["admin","owner"],"active":true}},
        {"path":"/tasks","methods":["POST"],"scopes":["tasks:write","tasks:read"]}
    ]"#,
);

#[test]
fn a_claim_must_have_one_of_the_values_of_the_rule() {
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
fn the_token_must_have_all_scopes_of_the_rule() {
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
fn a_null_or_empty_condition_is_a_setting_error() {
    for (condition, error) in [
        (r#""match":null"#, "match is null"),
        (r#""match":{}"#, "match is empty"),
        (r#""match":[]"#, "match is not a table"),
        (r#""match":"""#, "match is not a table"),
        (r#""match":{"u":null}"#, "match is not a table"),
        (r#""match":{"u":""}"#, "match is not a table"),
        (r#""claims":null"#, "claims is null"),
        (r#""claims":{}"#, "claims is empty"),
        (r#""claims":[]"#, "claims is not a table"),
        (r#""claims":{"role":null}"#, "claims is not a table"),
        (r#""claims":{"role":[]}"#, "claims is not a table"),
        (r#""claims":{"role":["admin",null]}"#, "claims is not a table"),
        (r#""claims":{"":"admin"}"#, "claims is not a table"),
        (r#""scopes":null"#, "scopes is null"),
        (r#""scopes":[]"#, "scopes is empty"),
        (r#""scopes":"""#, "scopes is not a list"),
        (r#""scopes":[""]"#, "scopes is not a list"),
        (r#""scopes":[null]"#, "scopes is not a list"),
        (r#""scopes":{}"#, "scopes is not a list"),
        (r#""methods":null"#, "methods is null"),
        (r#""methods":[]"#, "methods is not a list"),
        (r#""auth":null"#, "auth is null"),
        (r#""to":null"#, "to is null"),
    ] {
        let routes = format!(r#"[{{"path":"/api/{{u}}/*",{condition}}}]"#);
        let found = setting_errors(&[("ROUTES", &routes)]);
        assert_eq!(found.len(), 1, "{condition}: {found:?}");
        assert!(found[0].starts_with(&format!("ROUTES [0]: {error}")), "{condition}: {found:?}");
    }
    for (setting, value) in [
        ("REQUIRED_CLAIMS", r#"{"email_verified":null}"#),
        ("REQUIRED_CLAIMS", r#"{"email_verified":[]}"#),
        ("REQUIRED_CLAIMS", r#"{"email_verified":[true,null]}"#),
        ("REQUIRED_CLAIMS", r#"[null]"#),
        ("REQUIRED_CLAIMS", r#"[""]"#),
        ("REQUIRED_CLAIMS", "null,"),
        ("CLAIM_HEADERS", r#"{"role":null}"#),
        ("CLAIM_HEADERS", "null"),
        ("ROUTES", "null"),
        ("ROUTES", "[null]"),
        ("ISSUERS", "null"),
        ("ISSUERS", r#"[{"base_url":"https://b.example","audience":null}]"#),
        ("ISSUERS", r#"[{"base_url":"https://b.example","required_claims":null}]"#),
        ("ISSUERS", r#"[{"base_url":"https://b.example","required_claims":{"a":null}}]"#),
    ] {
        let found = setting_errors(&[(setting, value)]);
        assert!(found.len() == 1 && found[0].starts_with(setting), "{value}: {found:?}");
    }
}

#[test]
fn health_is_ok_while_keys_are_cached_or_can_be_fetched() {
    const HEALTH: &str = "/.well-known/better-auth-edge/health";
    let edge = Edge::new(&[]);
    let health = || edge.respond(&request("GET", HEALTH, &NO_HEADERS));
    edge.host.respond_with(ScriptedResponse::status(500, ""));
    assert_eq!((health().status, edge.host.fetches()), (503, 1));
    assert_eq!(
        (health().status, edge.host.fetches()),
        (503, 1),
        "the edge does not fetch again at once"
    );
    edge.host.advance(60.0);
    edge.host.respond_with(ScriptedResponse::ok(key_set(&[edge.signer.jwk()])));
    assert_eq!(
        health().body,
        r#"{"status":"ok","keys":1,"keys_age":0,"rules":0,"isolating_rules":0}"#
    );
    edge.host.advance(7.0);
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

#[test]
fn the_error_of_a_hidden_rule_names_the_rule_that_hides_it() {
    let routes = r#"[{"path":"/public"},{"path":"/api/*"},{"path":"/api/tasks"}]"#;
    let expected = "ROUTES [2]: can never match: [1] already matches all its paths";
    assert_eq!(setting_errors(&[("ROUTES", routes)]), [expected]);
    let routes = r#"[{"path":"/a","methods":["GET"]},{"path":"/a","methods":["GET","PUT"]}]"#;
    let expected = "ROUTES [1]: has the path of another rule, and a method too: [0] comes first";
    assert_eq!(setting_errors(&[("ROUTES", routes)]), [expected]);
}
