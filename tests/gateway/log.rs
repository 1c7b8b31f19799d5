//! The output of a decision: log lines, Analytics Engine data points and `Server-Timing`.

use crate::common::{Edge, ScriptedResponse, good_claims, request};
use better_auth_edge::gateway::{Bindings, Decision, Misconfigured, RequestHead};
use better_auth_edge::host::{GetError, Level};
use better_auth_edge::{Code, Error};
use serde_json::{Value, json};

const ROUTES: (&str, &str) = (
    "ROUTES",
    r#"[{"path":"/public/*","auth":"public"},{"path":"/api/{user_id}/*","match":{"user_id":"sub"}}]"#,
);
const INFO: (&str, &str) = ("LOG_LEVEL", "info");

/// The only log line of a request.
fn line(edge: &Edge, head: &RequestHead) -> (Level, Value) {
    let decision = edge.decide(head);
    let mut lines = edge.host.logged();
    if let Decision::Forward(forward) = decision {
        let report = forward.report.expect("the request has a report");
        assert_eq!((&report.data_point, &report.server_timing), (&None, &None));
        lines.push((Level::Info, report.log.expect("info lines are on")));
    }
    let [(level, line)] = &lines[..] else { panic!("{lines:?}") };
    (*level, serde_json::from_str(line).unwrap())
}

fn head(path: &str, authorization: Option<&str>) -> RequestHead {
    let mut headers = vec![("x-request-id", "request-0001")];
    headers.extend(authorization.map(|value| ("authorization", value)));
    request("GET", path, &headers)
}

#[test]
fn a_forwarded_request_is_not_logged_by_default() {
    let edge = Edge::new(&[ROUTES]);
    let (_, bearer) = edge.bearer(&good_claims());
    for head in [head("/public/a", None), head("/api/user-1/a", Some(&bearer))] {
        assert_eq!(edge.forward(&head).report, None);
        assert!(edge.host.logged().is_empty() && edge.host.points().is_empty());
    }
}

#[test]
fn a_log_line_has_the_decision_the_rule_and_the_user() {
    let edge = Edge::new(&[ROUTES, INFO]);
    let (_, bearer) = edge.bearer(&good_claims());
    let rule = json!({"index": 1, "path": "/api/{user_id}/*"});
    let (level, mut first) = line(&edge, &head("/api/user-1/secret-path?q=secret", Some(&bearer)));
    assert_eq!(level, Level::Info);
    let user = first["user"].take();
    assert!(user.as_str().is_some_and(|user| user.len() == 16 && user != "user-1"), "{user}");
    let expected = json!({
        "level": "info", "decision": "forward", "code": null, "cause": null, "rule": rule,
        "method": "GET", "issuer": crate::common::AUTH_SERVER, "kid": "key-1", "user": null,
        "credential": "jwt", "cached": false, "keys_age": 0, "request_id": "request-0001",
    });
    assert_eq!(first, expected);

    edge.host.advance(7.0);
    let (_, again) = line(&edge, &head("/api/user-1/secret-path", Some(&bearer)));
    assert_eq!((&again["cached"], &again["keys_age"]), (&json!(true), &json!(7)));
    assert_eq!(again["user"], user, "one user has one name");

    let (level, other) = line(&edge, &head("/api/user-2/secret-path", Some(&bearer)));
    assert_eq!((level, &other["level"]), (Level::Warn, &json!("warn")));
    assert_eq!((&other["decision"], &other["status"]), (&json!("respond"), &json!(403)));
    assert_eq!((&other["code"], &other["rule"]), (&json!("user_mismatch"), &rule));
    assert_eq!((&other["user"], &other["kid"]), (&user, &json!("key-1")), "it was verified");

    let (_, public) = line(&edge, &head("/public/a", Some(&bearer)));
    assert_eq!((&public["rule"]["index"], &public["user"]), (&json!(0), &Value::Null));
    let (level, health) = line(&edge, &head("/.well-known/better-auth-edge/health", None));
    assert_eq!(
        (level, &health["status"], &health["rule"]),
        (Level::Info, &json!(200), &Value::Null)
    );
}

#[test]
fn nothing_unverified_is_logged() {
    let edge = Edge::new(&[ROUTES, INFO]);
    let claims = good_claims();
    let token = edge.signer.token(&claims);
    let forged = format!("{}AAAA", &token[..token.len() - 4]);
    for credential in [forged.as_str(), "a.b.c", "secret-secret-secret-secret-secret"] {
        let (level, line) =
            line(&edge, &head("/api/secret-id/a?secret=1", Some(&format!("Bearer {credential}"))));
        assert_eq!(level, Level::Warn);
        for name in ["user", "kid", "issuer"] {
            assert_eq!(line[name], Value::Null, "{name} of {credential}");
        }
        let text = line.to_string();
        for secret in [credential, "secret", "user-1", "key-1"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn a_log_line_about_unavailable_keys_has_the_cause() {
    let edge = Edge::new(&[ROUTES]);
    let (_, bearer) = edge.bearer(&good_claims());
    edge.host.respond_with(ScriptedResponse::error(GetError::TimedOut));
    let (level, line) = line(&edge, &head("/a", Some(&bearer)));
    assert_eq!((level, &line["status"]), (Level::Error, &json!(503)));
    assert_eq!(line["code"], "keys_unavailable");
    assert_eq!(
        line["cause"],
        "GET https://app.example/api/auth/jwks: the server did not answer in time"
    );
    assert_eq!(line["keys_age"], Value::Null);
}

#[test]
fn a_failing_upstream_is_logged_as_an_error_with_the_request_id() {
    let edge = Edge::new(&[]);
    for (code, step) in [
        (Code::OriginTimeout, "the setting ORIGIN_TIMEOUT is the time that it has"),
        (Code::OriginUnreachable, "does the origin server run, and is ORIGIN_URL its address?"),
    ] {
        let error = Error::new(code, "gone").with_source("POST https://api.example/a: refused");
        let id = "request-0001";
        let answer = edge.gateway.upstream_failed(None, Some("POST"), error, id, "", &edge.host);
        assert!(!answer.body.contains("api.example"), "{}", answer.body);
        let [(Level::Error, line)] = &edge.host.logged()[..] else { panic!() };
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (&line["code"], &line["status"]),
            (&json!(code.as_str()), &json!(code.status()))
        );
        assert_eq!(line["request_id"], "request-0001");
        let cause = json!(format!("POST https://api.example/a: refused; {step}"));
        assert_eq!((&line["method"], &line["cause"]), (&json!("POST"), &cause));
    }
}

#[test]
fn a_failing_upstream_is_logged_with_the_rule_and_the_user_of_the_request() {
    let odd = good_claims().with("sub", r#""a\"\\\n\u0001é""#);
    for (path, claims) in [("/api/user-1/secret-path", good_claims()), ("/secret-path", odd)] {
        let settings = [ROUTES, ("LOG_SALT", "salt")];
        let edge = Edge::new(&settings);
        let informed = Edge::new(&[&settings[..], &[INFO]].concat());
        for is_cached in [false, true] {
            let head = |edge: &Edge| head(path, Some(&edge.bearer(&claims).1));
            let (_, expected) = line(&informed, &head(&informed));
            assert_eq!(expected["cached"], is_cached);
            let forward = edge.forward(&head(&edge));
            assert!(!forward.trace.contains(char::is_control), "{}", forward.trace);
            let error = Error::new(Code::OriginUnreachable, "gone").with_source("GET /: refused");
            let (id, trace) = (&forward.request_id, &forward.trace);
            edge.gateway.upstream_failed(None, Some("GET"), error, id, trace, &edge.host);
            let lines = edge.host.logged();
            let line: Value = serde_json::from_str(&lines.last().unwrap().1).unwrap();
            for name in ["rule", "issuer", "kid", "user", "credential", "cached"] {
                assert_eq!(line[name], expected[name], "{name}");
            }
            assert_eq!(line["user"].as_str().map(str::len), Some(16), "{line}");
            assert!(!line.to_string().contains("secret-path"), "{line}");
        }
    }
}

#[test]
fn a_trace_that_a_host_has_changed_is_an_empty_one() {
    let edge = Edge::new(&[ROUTES]);
    for trace in ["", "x", "{}", "[]", "[1,2]", r#"["99","x","","","",""]"#] {
        let error = Error::new(Code::OriginUnreachable, "gone");
        edge.gateway.upstream_failed(None, None, error, "id", trace, &edge.host);
    }
    for (_, line) in edge.host.logged() {
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&line["user"], &line["issuer"]), (&Value::Null, &Value::Null));
        assert_eq!((&line["credential"], &line["cached"]), (&Value::Null, &json!(false)));
    }
}

#[test]
fn a_request_to_an_edge_with_wrong_settings_is_logged_with_all_errors() {
    let edge = Edge::new(&[("LOG_LEVEL", "none")]);
    let id = "request-0001";
    let errors = "ROUTE is not a setting, but ROUTES is; ORIGIN_URL is required";
    let path = "/api/user-1/secret-path?q=secret";
    let misconfigured = Misconfigured::new(errors.to_owned());
    let response = misconfigured.respond(&head(path, Some("Bearer a.b.c")), id, &edge.host);
    assert_eq!(response.status, 500);
    assert!(!response.body.contains("ROUTE"), "{}", response.body);
    let logged = edge.host.logged();
    let [(Level::Error, line)] = &logged[..] else { panic!("{logged:?}") };
    let line: Value = serde_json::from_str(line).unwrap();
    let expected = json!({
        "level": "error", "decision": "respond", "status": 500, "code": "misconfigured",
        "cause": errors, "rule": null, "method": "GET", "issuer": null, "kid": null, "user": null,
        "credential": null, "cached": false, "keys_age": null, "request_id": id,
    });
    assert_eq!(line, expected);

    let health = head("/.well-known/better-auth-edge/health", None);
    let response = misconfigured.respond(&health, id, &edge.host);
    assert_eq!((response.status, &*response.body), (503, r#"{"status":"misconfigured"}"#));
}

#[test]
fn a_flood_of_requests_to_an_edge_with_wrong_settings_does_not_fill_the_log() {
    let edge = Edge::new(&[]);
    let misconfigured = Misconfigured::new("ORIGIN_URL is required".to_owned());
    for _ in 0..30 {
        let response = misconfigured.respond(&head("/a", None), "request-0001", &edge.host);
        assert_eq!(response.status, 500);
    }
    assert_eq!(edge.host.logged().len(), 20);
    edge.host.advance(1.0);
    misconfigured.respond(&head("/a", None), "request-0001", &edge.host);
    let (_, line) = &edge.host.logged()[0];
    let omitted = json!({
        "level": "error", "event": "lines_omitted", "code": "misconfigured", "lines": 10,
    });
    assert_eq!(serde_json::from_str::<Value>(line).unwrap(), omitted);
}

#[test]
fn the_log_level_selects_the_lines() {
    for (level, forwarded, rejected, failed) in [
        ("none", false, false, false),
        ("error", false, false, true),
        ("warn", false, true, true),
        ("info", true, true, true),
    ] {
        let edge = Edge::new(&[ROUTES, ("LOG_LEVEL", level)]);
        let report = edge.forward(&head("/public/a", None)).report;
        assert_eq!(report.is_some(), forwarded, "{level}");
        edge.respond(&head("/a", None));
        assert_eq!(edge.host.logged().len(), usize::from(rejected), "{level}");
        edge.host.respond_with(ScriptedResponse::error(GetError::Unreachable));
        edge.respond(&head("/a", Some(&edge.bearer(&good_claims()).1)));
        assert_eq!(edge.host.logged().len(), usize::from(failed), "{level}");
    }
}

#[test]
fn only_info_lines_are_sampled() {
    for (sample, random, written) in
        [("1", 0.999, true), ("0.5", 0.49, true), ("0.5", 0.5, false), ("0", 0.0, false)]
    {
        let edge = Edge::new(&[ROUTES, INFO, ("LOG_SAMPLE", sample)]);
        edge.host.set_random(random);
        let report = edge.forward(&head("/public/a", None)).report;
        assert_eq!(report.is_some(), written, "{sample} {random}");
        edge.respond(&head("/a", None));
        assert_eq!(edge.host.logged().len(), 1, "a rejection is always logged");
    }
}

#[test]
fn a_users_pseudonym_depends_on_the_salt_and_the_issuer_only() {
    let name = |settings: &[(&str, &str)], user: &str| {
        let edge = Edge::new(&[&[ROUTES, INFO], settings].concat());
        let bearer = edge.bearer(&good_claims().with("sub", &format!("\"{user}\""))).1;
        line(&edge, &head("/a", Some(&bearer))).1["user"].as_str().unwrap().to_owned()
    };
    let salted = name(&[("LOG_SALT", "salt")], "user-1");
    assert_eq!(salted, name(&[("LOG_SALT", "salt"), ("JWKS_MAX_AGE", "5")], "user-1"));
    assert_ne!(salted, name(&[("LOG_SALT", "another")], "user-1"));
    assert_ne!(salted, name(&[], "user-1"), "without a secret the salt is the isolate's");
    assert_ne!(salted, name(&[("LOG_SALT", "salt")], "user-2"));
}

#[test]
fn every_decision_is_a_data_point_when_a_dataset_is_bound() {
    let bindings = Bindings { analytics: true, ..Bindings::default() };
    let edge = Edge::with_bindings(&[ROUTES, ("LOG_LEVEL", "none")], bindings);
    let report = edge.forward(&head("/public/a", None)).report.unwrap();
    assert!(report.data_point.as_ref().is_some_and(|it| it.starts_with('{')), "{report:?}");
    assert_eq!(report.log, None);
    edge.respond(&head("/a", None));
    let [point] = &edge.host.points()[..] else { panic!() };
    assert!(point.contains(r#""code":"missing_token""#), "{point}");
    assert!(edge.host.logged().is_empty());
}

#[test]
fn bindings_of_the_wrong_kind_are_setting_errors_that_name_them() {
    let mut errors = Vec::new();
    let has = |name: &str, function: &str| match (name, function) {
        ("ANALYTICS", "writeDataPoint") => Some(false),
        ("RATE_LIMIT_USER", "limit") => Some(true),
        _ => None,
    };
    let bindings = Bindings::look(has, &mut errors);
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors, ["ANALYTICS is not an Analytics Engine dataset"]);
    assert!(bindings.rate_limit_user && !bindings.rate_limit_rejected);
}

#[test]
fn timings_are_reported_when_set_and_key_timings_only_when_the_request_caused_a_fetch() {
    let edge = Edge::new(&[ROUTES, ("SERVER_TIMING", "true")]);
    let timing = |head: &RequestHead| edge.forward(head).report.unwrap().server_timing.unwrap();
    let (_, bearer) = edge.bearer(&good_claims());
    edge.host.respond_with(
        ScriptedResponse::ok(crate::common::key_set(&[edge.signer.jwk()])).after(0.25),
    );
    let head = head("/api/user-1/a", Some(&bearer));
    assert_eq!(timing(&head), r#"edge;dur=250, jwks;dur=250, cred;desc="jwt""#);
    assert_eq!(timing(&head), r#"edge;dur=0, cred;desc="jwt""#);
    edge.host.advance(3.0);
    assert_eq!(timing(&head), r#"edge;dur=0, cred;desc="jwt""#);
    let rejection = edge.respond(&request::<&str>("GET", "/a", &[]));
    let timing = rejection.headers.iter().find(|(name, _)| *name == "server-timing");
    assert_eq!(timing.unwrap().1, "edge;dur=0");
    let silent = Edge::new(&[]).respond(&request::<&str>("GET", "/a", &[]));
    assert!(silent.headers.iter().all(|(name, _)| *name != "server-timing"));
}

#[test]
fn only_responses_for_a_user_are_kept_out_of_caches() {
    let edge = Edge::new(&[ROUTES]);
    let (_, bearer) = edge.bearer(&good_claims());
    assert!(edge.forward(&head("/a", Some(&bearer))).private);
    assert!(!edge.forward(&head("/public/a", Some(&bearer))).private);
}

#[test]
fn a_log_line_about_failing_health_has_the_cause() {
    let health = head("/.well-known/better-auth-edge/health", None);
    let no_key = r#"{"keys":[]}"#;
    for (answer, expected_cause) in [
        (ScriptedResponse::status(404, ""), Some("jwks: the server answered 404")),
        (
            ScriptedResponse::error(GetError::Unreachable),
            Some("GET https://app.example/api/auth/jwks: "),
        ),
        (ScriptedResponse::ok(no_key), None),
    ] {
        let edge = Edge::new(&[ROUTES]);
        edge.host.respond_with(answer);
        let (level, line) = line(&edge, &health);
        assert_eq!((level, &line["status"]), (Level::Error, &json!(503)));
        assert_eq!(line["code"], "keys_unavailable", "{line}");
        let cause = line["cause"].as_str();
        match expected_cause {
            Some(expected_cause) => {
                assert!(cause.is_some_and(|cause| cause.contains(expected_cause)), "{line}")
            }
            None => assert_eq!(cause, None),
        }
    }
    // the client does not learn the cause
    let edge = Edge::new(&[ROUTES]);
    edge.host.respond_with(ScriptedResponse::status(404, ""));
    let response = edge.respond(&health);
    assert!(response.body.starts_with(r#"{"status":"keys_unavailable","#), "{}", response.body);
    assert!(!response.body.contains("404"), "{}", response.body);
}

#[test]
fn a_flood_of_rejections_leaves_out_lines_and_says_how_many() {
    let edge = Edge::with_bindings(&[ROUTES], Bindings { analytics: true, ..Bindings::default() });
    let (_, bearer) = edge.bearer(&good_claims());
    for _ in 0..1_000 {
        edge.respond(&head("/api/user-1/a", None));
    }
    assert_eq!((edge.host.logged().len(), edge.host.points().len()), (20, 1_000));

    edge.respond(&head("/api/user-2/a", Some(&bearer)));
    let [(_, line)] = &edge.host.logged()[..] else { panic!("another code has its own lines") };
    assert!(line.contains(r#""code":"user_mismatch""#), "{line}");

    edge.host.advance(1.0);
    edge.respond(&head("/api/user-1/a", None));
    let [(level, omitted), (_, line)] = &edge.host.logged()[..] else { panic!("two lines") };
    let omitted: Value = serde_json::from_str(omitted).unwrap();
    let expected = json!({
        "level": "warn", "event": "lines_omitted", "code": "missing_token", "lines": 980,
    });
    assert_eq!((*level, omitted), (Level::Warn, expected));
    assert!(line.contains(r#""decision":"respond""#), "{line}");
}
