//! Claims that hold several values in one text, and claims within claims.

use crate::common::{
    Claims, Edge, Signer, good_claims, key_set, options, outcome, request, verify,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use better_auth_edge::VerifierOptions;
use better_auth_edge::claims::RequiredClaim;
use better_auth_edge::gateway::{HeaderEdit, SettingError, Settings};
use better_auth_edge::jose::Json;

/// Values of a claim for which `["admin","a,b"]` is required, as JSON, and whether one suffices
/// where the claim is a list.
fn values() -> Vec<(String, bool)> {
    let document: serde_json::Value =
        serde_json::from_str(include_str!("../vectors/named_claims.json")).unwrap();
    assert_eq!(document["accepted"], serde_json::json!(["admin", "a,b"]));
    let pairs = document["lists"].as_array().unwrap().iter();
    let values: Vec<_> =
        pairs.map(|pair| (pair[0].to_string(), pair[1].as_bool().unwrap())).collect();
    assert!(values.len() > 20);
    values
}

/// A claim that must hold one of the values of this JSON array.
fn one_of(name: &str, accepted: &str) -> RequiredClaim {
    let accepted = Json::parse(accepted).unwrap().as_array().unwrap().to_vec();
    RequiredClaim::one_of(name, accepted).unwrap()
}

fn verdict(change: impl FnOnce(&mut VerifierOptions), claims: &Claims) -> &'static str {
    let mut options = options(&key_set(&[Signer::default().jwk()]));
    change(&mut options);
    let verifier = options.build().expect("these options are good");
    outcome(&verify(&verifier, &Signer::default().token(claims)))
}

#[test]
fn one_of_several_roles_suffices_for_a_required_claim() {
    for (text, holds) in values() {
        let required = |options: &mut VerifierOptions| {
            options.required_claims = Some(vec![one_of("role", r#"["admin","a,b"]"#)]);
        };
        let expected = match text.as_str() {
            "null" => "missing_claim",
            _ if holds => "ok",
            _ => "insufficient_claims",
        };
        assert_eq!(verdict(required, &good_claims().with("role", &text)), expected, "{text}");
    }
}

#[test]
fn one_of_several_roles_suffices_for_a_rule() {
    let rule = r#"[{"path":"/admin/*","claims":{"role":["admin","a,b"]}}]"#;
    let edge = Edge::new(&[("ROUTES", rule)]);
    for (text, holds) in values() {
        let claims = good_claims().with("role", &text);
        let head = request("GET", "/admin/x", &[edge.bearer(&claims)]);
        let expected = if holds { "forward" } else { "insufficient_claims" };
        assert_eq!(edge.outcome(&head), expected, "{text}");
    }
}

#[test]
fn the_option_names_the_claims_that_hold_lists() {
    let groups = good_claims().with("groups", r#""a,b""#).with("role", r#""a,b""#);
    for (lists, name, expected) in [
        (None, "groups", "insufficient_claims"),
        (None, "role", "ok"),
        (Some("groups"), "groups", "ok"),
        (Some("groups"), "role", "insufficient_claims"),
        (Some("role,groups"), "role", "ok"),
    ] {
        let change = |options: &mut VerifierOptions| {
            options.required_claims = Some(vec![one_of(name, r#"["a"]"#)]);
            options.list_claims =
                lists.map(|lists: &str| lists.split(',').map(str::to_owned).collect());
        };
        assert_eq!(verdict(change, &groups), expected, "{lists:?} {name}");

        let rule = format!(r#"[{{"path":"/x","claims":{{"{name}":"a"}}}}]"#);
        let mut settings = vec![("ROUTES", rule.as_str())];
        settings.extend(lists.map(|lists| ("LIST_CLAIMS", lists)));
        let edge = Edge::new(&settings);
        let head = request("GET", "/x", &[edge.bearer(&groups)]);
        let expected = if expected == "ok" { "forward" } else { expected };
        assert_eq!(edge.outcome(&head), expected, "{lists:?} {name}");
    }
    let mut options = options(&key_set(&[]));
    options.list_claims = Some(vec![]);
    let faults = options.build().expect_err("an empty list is a fault");
    assert_eq!(faults.iter().map(SettingError::option).collect::<Vec<_>>(), ["listClaims"]);
}

#[test]
fn required_claims_in_the_settings_accept_lists_too() {
    let required = ("REQUIRED_CLAIMS", r#"{"role":["admin"]}"#);
    let edge = Edge::new(&[required]);
    for (role, expected) in [("admin,user", "forward"), ("superadmin", "insufficient_claims")] {
        let claims = good_claims().with("role", &format!("{role:?}"));
        let head = request("GET", "/x", &[edge.bearer(&claims)]);
        assert_eq!(edge.outcome(&head), expected, "{role}");
    }
}

#[test]
fn a_path_parameter_is_never_compared_with_a_member_of_a_list() {
    let rule = r#"[{"path":"/{name}/x","match":{"name":"role"}}]"#;
    let edge = Edge::new(&[("ROUTES", rule)]);
    let claims = good_claims().with("role", r#""admin,user""#);
    let head = request("GET", "/admin/x", &[edge.bearer(&claims)]);
    assert_eq!(edge.outcome(&head), "user_mismatch");
    let head = request("GET", "/admin,user/x", &[edge.bearer(&claims)]);
    assert_eq!(edge.outcome(&head), "forward");
}

/// A claim `org` with members, and one whose whole name has dots.
fn nested() -> Claims {
    good_claims()
        .with("org", r#"{"id":"o-1","role":"admin,user","team":{"id":"t-1"},"n":7}"#)
        .with("org.id", r#""literal""#)
        .with("https://x.example/roles", r#"["writer"]"#)
        .with("list", r#"[{"id":"l-1"}]"#)
}

#[test]
fn a_required_claim_may_be_nested() {
    for (name, accepted, expected) in [
        ("org.role", r#"["admin,user"]"#, "ok"),
        ("org.role", r#"["admin"]"#, "insufficient_claims"),
        ("org.team.id", r#"["t-1"]"#, "ok"),
        ("org.n", "[7.0]", "ok"),
        ("org.id", r#"["literal"]"#, "ok"),
        ("org.id", r#"["o-1"]"#, "insufficient_claims"),
        ("https://x.example/roles", r#"["writer"]"#, "ok"),
        ("org.name", r#"["x"]"#, "missing_claim"),
        ("org.team.id.x", r#"["x"]"#, "missing_claim"),
        ("list.0.id", r#"["l-1"]"#, "missing_claim"),
        ("org.", r#"["x"]"#, "missing_claim"),
    ] {
        let required = |options: &mut VerifierOptions| {
            options.required_claims = Some(vec![one_of(name, accepted)]);
        };
        assert_eq!(verdict(required, &nested()), expected, "{name} {accepted}");
    }
    let required = |options: &mut VerifierOptions| {
        options.required_claims = Some(vec![one_of("org.role", r#"["admin"]"#)]);
        options.list_claims = Some(vec!["org.role".into()]);
    };
    assert_eq!(verdict(required, &nested()), "ok");
}

#[test]
fn the_user_claim_may_be_nested() {
    for (name, expected) in [
        ("org.team.id", Ok("t-1")),
        ("org.id", Ok("literal")),
        ("org.n", Err("invalid_claim")),
        ("org.team", Err("invalid_claim")),
        ("org.none", Err("missing_claim")),
    ] {
        let mut options = options(&key_set(&[Signer::default().jwk()]));
        options.user_claim = Some(vec![name.into()]);
        let result = verify(&options.build().unwrap(), &Signer::default().token(&nested()));
        let user = result.as_ref().map(|verified| verified.user());
        assert_eq!(user.map_err(|error| error.code().as_str()), expected, "{name}");
    }
}

#[test]
fn rules_headers_and_the_assertion_can_name_nested_claims() {
    const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"edge-1",
        "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let edge = Edge::new(&[
        (
            "ROUTES",
            r#"[{"path":"/{team}/*","match":{"team":"org.team.id"},"claims":{"org.role":"admin"}}]"#,
        ),
        ("LIST_CLAIMS", "org.role"),
        ("CLAIM_HEADERS", r#"{"org.role":"x-role","org.id":"x-org","org.none":"x-none"}"#),
        ("CLAIMS", "sub,org.role,org.team,org.id,org.none"),
        ("EDGE_SIGNING_KEY", KEY),
    ]);
    let head = request("GET", "/t-1/x", &[edge.bearer(&nested())]);
    let forward = edge.forward(&head);
    let set: Vec<_> = forward
        .edits()
        .filter_map(|edit| match edit {
            HeaderEdit::Set(name, value) => Some((name.to_string(), value)),
            _ => None,
        })
        .collect();
    let value = |name: &str| set.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    assert_eq!(
        (value("x-role"), value("x-org"), value("x-none")),
        (Some("admin,user"), Some("literal"), None)
    );
    let assertion = value("x-edge-jwt-assertion").expect("an assertion");
    let payload = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1).unwrap()).unwrap();
    let said: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    let expected = serde_json::json!({
        "sub": "user-1", "org.role": "admin,user", "org.team": {"id": "t-1"}, "org.id": "literal"
    });
    assert_eq!(said["claims"], expected);

    let other = request("GET", "/t-2/x", &[edge.bearer(&nested())]);
    assert_eq!(edge.outcome(&other), "user_mismatch");
    let user = nested().with("org", r#"{"role":"superadmin","team":{"id":"t-1"}}"#);
    let head = request("GET", "/t-1/x", &[edge.bearer(&user)]);
    assert_eq!(edge.outcome(&head), "insufficient_claims");
}

#[test]
fn a_nested_claim_can_be_matched_when_its_parent_is_forwarded() {
    let parse = |claims: &str, claim: &str| {
        let rule = format!(r#"[{{"path":"/{{x}}/*","match":{{"x":"{claim}"}}}}]"#);
        let result = Settings::parse(|name| match name {
            "BETTER_AUTH_URL" | "ORIGIN_URL" => Some("https://a.example".to_owned()),
            "ROUTES" => Some(rule.clone()),
            "CLAIMS" => Some(claims.to_owned()),
            _ => None,
        });
        result.err().unwrap_or_default().iter().map(SettingError::setting).collect::<Vec<_>>()
    };
    assert!(parse("sub,org", "org.id").is_empty());
    assert!(parse("sub,org.id", "org.id").is_empty());
    assert_eq!(parse("sub,org.name", "org.id"), ["ROUTES"]);
    assert_eq!(parse("sub,org", "organization.id"), ["ROUTES"]);
    assert_eq!(parse("sub,org", "orgid"), ["ROUTES"]);
}
