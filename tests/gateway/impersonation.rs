//! Administrators who act as a user: rules can refuse them, and the upstream learns who they are.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Value, json};

use crate::common::{Claims, Edge, good_claims, request, upstream_headers};
use crate::conditions::setting_errors;

/// RFC 8037, appendix A.1
pub(crate) const KEY: (&str, &str) = (
    "EDGE_SIGNING_KEY",
    r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
);

/// The claims of the assertion that the upstream receives.
pub(crate) fn assertion(edge: &Edge, claims: &Claims) -> Value {
    let head = request("GET", "/open", &[edge.bearer(claims)]);
    let headers = upstream_headers(&head, &edge.forward(&head));
    let (_, assertion) = headers.iter().find(|(name, _)| name == "x-edge-jwt-assertion").unwrap();
    let payload = BASE64URL.decode(assertion.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

const ROUTES: (&str, &str) = (
    "ROUTES",
    r#"[
        {"path":"/billing/*","impersonation":"refuse"},
        {"path":"/admin/*","impersonation":"refuse","max_session_age":60},
        {"path":"/support/*","impersonation":"allow"},
        {"path":"/public","auth":"public","impersonation":"allow"}
    ]"#,
);

fn outcome(edge: &Edge, path: &str, claims: &Claims) -> &'static str {
    edge.outcome(&request("GET", path, &[edge.bearer(claims)]))
}

fn impersonated() -> Claims {
    good_claims().with("impersonatedBy", r#""admin-1""#)
}

#[test]
fn a_rule_can_refuse_administrators_who_impersonate_a_user() {
    let edge = Edge::new(&[ROUTES]);
    for path in ["/billing/a", "/admin/a"] {
        assert_eq!(outcome(&edge, path, &impersonated()), "impersonation_refused", "{path}");
    }
    for path in ["/support/a", "/other", "/public"] {
        assert_eq!(outcome(&edge, path, &impersonated()), "forward", "{path}");
    }
    for alone in [good_claims(), good_claims().with("impersonatedBy", "null")] {
        assert_eq!(outcome(&edge, "/billing/a", &alone), "forward");
    }
    let response = edge.respond(&request("GET", "/billing/a", &[edge.bearer(&impersonated())]));
    assert_eq!(response.status, 403);
    assert!(!response.body.contains("admin-1"), "{}", response.body);
    assert!(!response.headers.iter().any(|(name, _)| *name == "www-authenticate"));
}

#[test]
fn a_malformed_claim_about_impersonation_is_invalid_on_every_path() {
    let edge = Edge::new(&[ROUTES]);
    for value in [r#""""#, "false", "true", "0", "1", "[]", r#"["admin-1"]"#, "{}"] {
        let claims = good_claims().with("impersonatedBy", value);
        for path in ["/billing/a", "/support/a", "/other"] {
            assert_eq!(outcome(&edge, path, &claims), "invalid_claim", "{value} {path}");
        }
    }
}

#[test]
fn the_assertion_names_the_administrator_in_act() {
    let edge = Edge::new(&[KEY, ROUTES]);
    let payload = assertion(&edge, &impersonated());
    assert_eq!(payload["act"], json!({"sub": "admin-1"}));
    assert_eq!(payload["sub"], "user-1");
    assert_eq!(payload["claims"].get("impersonatedBy"), None, "it is in act only");
    assert_eq!(assertion(&edge, &good_claims()).get("act"), None);
    // the token's own claim of that name says nothing about Better Auth's session
    let claims = good_claims().with("act", r#"{"sub":"chosen"}"#);
    assert_eq!(assertion(&edge, &claims).get("act"), None);
    assert_eq!(outcome(&edge, "/billing/a", &claims), "forward");
}

#[test]
fn a_header_names_the_administrator_only_if_the_operator_asks_for_it() {
    for (settings, expected) in
        [(&[][..], None), (&[("CLAIM_HEADERS", r#"{"impersonatedBy":"x-by"}"#)], Some("admin-1"))]
    {
        let edge = Edge::new(settings);
        let head = request("GET", "/a", &[edge.bearer(&impersonated())]);
        let headers = upstream_headers(&head, &edge.forward(&head));
        let header = headers.iter().find(|(name, _)| name == "x-by");
        assert_eq!(header.map(|(_, value)| value.as_str()), expected);
    }
}

#[test]
fn an_unknown_spelling_is_a_setting_error() {
    for (rule, expected) in [
        (r#""impersonation":"deny""#, "impersonation is neither allow nor refuse"),
        (r#""impersonation":"Refuse""#, "impersonation is neither allow nor refuse"),
        (r#""impersonation":"""#, "impersonation is neither allow nor refuse"),
        (r#""impersonation":false"#, "impersonation is neither allow nor refuse"),
        (r#""impersonation":["refuse"]"#, "impersonation is neither allow nor refuse"),
        (r#""impersonation":null"#, "impersonation is null: remove it, or give it a value"),
        (
            r#""impersonations":"refuse""#,
            "\"impersonations\" is not a member of a rule (did you mean impersonation?)",
        ),
        (
            r#""auth":"optional","impersonation":"refuse""#,
            "impersonation requires auth to be \"required\": a condition can hold only for a token",
        ),
        (
            r#""auth":"public","impersonation":"refuse""#,
            "impersonation requires auth to be \"required\": a condition can hold only for a token",
        ),
    ] {
        let routes = format!(r#"[{{"path":"/a/{{u}}/*",{rule}}}]"#);
        assert_eq!(
            setting_errors(&[("ROUTES", &routes)]),
            [format!("ROUTES [0]: {expected}")],
            "{rule}"
        );
    }
}

#[test]
fn a_catch_all_after_an_isolating_rule_keeps_its_own_conditions() {
    let routes = r#"[
        {"path":"/api/{user}/*","methods":["GET"],"match":{"user":"sub"}},
        {"path":"/*","impersonation":"refuse"}
    ]"#;
    let edge = Edge::new(&[("ROUTES", routes)]);
    let head = |method| request(method, "/api/user-1/a", &[edge.bearer(&impersonated())]);
    assert_eq!(edge.outcome(&head("GET")), "forward");
    assert_eq!(edge.outcome(&head("POST")), "impersonation_refused");
    assert_eq!(outcome(&edge, "/API/user-1/a", &impersonated()), "ambiguous_path");
}
