//! The Worker in workerd with settings that are missing or wrong.

use serde_json::json;
use xtask::http;
use xtask::stack::Edge;

#[test]
fn missing_and_unusable_settings_are_a_500_and_logged_all_at_once() {
    let edge = Edge::start(&[
        ("JWKS_URL", json!("ftp://keys.example")),
        ("ALGORITHMS", json!("none")),
        ("CLOCK_TOLERANCE", json!(301)),
        ("ROUTES", json!([{"path": "/a"}, {"path": "/{x}", "match": {"y": "sub"}}])),
        ("FORWARD_AUTHORIZATION", json!("perhaps")),
    ])
    .unwrap();
    for path in ["/", "/api/any", "/public/x"] {
        let response = http::get(&format!("{}{path}", edge.url), &[]).unwrap();
        assert_eq!(response.outcome(), "500 misconfigured");
        assert_eq!(response.header("content-type"), Some("application/problem+json"));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        let body = String::from_utf8(response.body).unwrap();
        assert!(!body.contains("ALGORITHMS"), "the response names no setting: {body}");
    }
    // once for the isolate, and with each rejection
    let log = edge.log_with("\"code\":\"misconfigured\"");
    let event = r#""event":"misconfigured""#;
    let line = log.lines().find(|line| line.contains(event)).expect("a line");
    assert_eq!(log.matches(event).count(), 1, "{log}");
    let rejection = log.lines().find(|line| line.contains("\"code\"")).expect("a rejection");
    for setting in [
        "BETTER_AUTH_URL",
        "ORIGIN_URL",
        "JWKS_URL",
        "ALGORITHMS",
        "CLOCK_TOLERANCE",
        "ROUTES [1]",
        "FORWARD_AUTHORIZATION",
    ] {
        assert!(line.contains(setting), "{setting} is not in: {line}");
        assert!(rejection.contains(setting), "{setting} is not in: {rejection}");
    }
}

#[test]
fn a_misspelled_setting_rejects_requests_and_is_named_in_the_log() {
    let url = json!("http://127.0.0.1:9");
    let rules = json!([{"path": "/api/{user_id}/*", "match": {"user_id": "sub"}}]);
    let edge = Edge::start(&[
        ("BETTER_AUTH_URL", url.clone()),
        ("ORIGIN_URL", url.clone()),
        ("ROUTE", rules.clone()),
        ("NODE_ENV", json!("production")),
        ("CF_VERSION_METADATA", json!({"id": "a", "tag": "b"})),
    ])
    .unwrap();
    let health = format!("{}/.well-known/better-auth-edge/health", edge.url);
    assert_eq!(http::get(&health, &[]).unwrap().json(), json!({"status": "misconfigured"}));
    let log = edge.log_with("misconfigured");
    let line = log.lines().find(|line| line.contains("misconfigured")).expect("a line in the log");
    let event = r#"{"level":"error","event":"misconfigured","message":"ROUTE is not a setting, but ROUTES is"}"#;
    assert!(line.ends_with(event), "{line}");

    let ignored = json!("ROUTE");
    let settings = [
        ("BETTER_AUTH_URL", url.clone()),
        ("ORIGIN_URL", url),
        ("ROUTE", rules),
        ("IGNORED_VARIABLES", ignored),
    ];
    let edge = Edge::start(&settings).unwrap();
    for _ in 0..3 {
        let response = http::get(&format!("{}/api/a", edge.url), &[]).unwrap();
        assert_eq!(response.outcome(), "401 missing_token");
    }
    let log = edge.log_with("no rule in ROUTES has a match");
    assert_eq!(log.matches("no rule in ROUTES has a match").count(), 1, "{log}");
}

#[test]
fn structured_settings_can_be_tables_and_arrays_or_json_text() {
    let url = json!("http://127.0.0.1:9");
    let edge = Edge::start(&[
        ("BETTER_AUTH_URL", url.clone()),
        ("ORIGIN_URL", url),
        ("CLOCK_TOLERANCE", json!(5)),
        ("FORWARD_AUTHORIZATION", json!(false)),
        ("ROUTES", json!(r#"[{"path":"/open","auth":"public"}]"#)),
        ("CLAIM_HEADERS", json!({"email": "X-User-Email"})),
        ("ALGORITHMS", json!(["EdDSA", "ES256"])),
        ("CORS_ORIGINS", json!(["https://app.example.com", "https://admin.example.com"])),
    ])
    .unwrap();
    let outcome = |path: &str| http::get(&format!("{}{path}", edge.url), &[]).unwrap().outcome();
    assert_eq!(outcome("/open"), "502 origin_unreachable");
    assert_eq!(outcome("/closed"), "401 missing_token");
}
