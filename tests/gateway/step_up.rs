//! `max_session_age`: a path that needs a recent sign-in (RFC 9470).

use crate::common::{Claims, Edge, NOW, ScriptedResponse, good_claims, request};
use crate::conditions::setting_errors;
use better_auth_edge::gateway::{HeaderCache, Settings};
use better_auth_edge::host::Clock;

const ROUTES: (&str, &str) = (
    "ROUTES",
    r#"[
        {"path":"/account/*","methods":["POST"],"max_session_age":600},
        {"path":"/account/*","methods":["GET"]},
        {"path":"/admin/*","claims":{"role":["admin"]},"max_session_age":60},
        {"path":"/api/{user}/*","match":{"user":"sub"},"max_session_age":600}
    ]"#,
);

/// A token whose session began this many seconds before the test.
fn of_session(seconds_ago: f64) -> Claims {
    good_claims().with("session_iat", &(NOW - seconds_ago).to_string())
}

fn outcome(edge: &Edge, method: &str, path: &str, claims: &Claims) -> &'static str {
    edge.outcome(&request(method, path, &[edge.bearer(claims)]))
}

#[test]
fn a_session_that_began_too_long_ago_needs_a_new_sign_in() {
    let edge = Edge::new(&[ROUTES]);
    for (ago, expected) in [
        (0.0, "forward"),
        (599.75, "forward"),
        (600.0, "forward"),
        (600.25, "session_too_old"),
        (86_400.0, "session_too_old"),
        (-4.0, "forward"),
        (-6.0, "invalid_claim"),
    ] {
        let claims = of_session(ago);
        assert_eq!(outcome(&edge, "POST", "/account/password", &claims), expected, "{ago}");
    }
    assert_eq!(outcome(&edge, "GET", "/account/password", &of_session(86_400.0)), "forward");
}

#[test]
fn a_token_that_does_not_say_when_its_session_began_is_too_old() {
    let edge = Edge::new(&[ROUTES]);
    for claims in [good_claims(), good_claims().with("session_iat", "null")] {
        assert_eq!(outcome(&edge, "POST", "/account/a", &claims), "session_too_old");
        assert_eq!(outcome(&edge, "GET", "/account/a", &claims), "forward");
    }
}

#[test]
fn a_time_that_no_session_can_have_is_an_invalid_claim_on_every_path() {
    let edge = Edge::new(&[ROUTES]);
    for value in [r#""2025-06-15""#, "true", "-1", "1750000000000", "[]", "{}", "4000000000"] {
        let claims = good_claims().with("session_iat", value);
        for method in ["GET", "POST"] {
            assert_eq!(outcome(&edge, method, "/account/a", &claims), "invalid_claim", "{value}");
        }
    }
}

#[test]
fn a_session_cookie_counts_from_the_sign_in_and_not_from_the_exchange() {
    for (ago, expected) in [(300.0, "forward"), (700.0, "session_too_old")] {
        let edge = Edge::new(&[ROUTES, ("SESSION_EXCHANGE", "true")]);
        let token = edge.signer.token(&of_session(ago));
        let body = format!(r#"{{"token":"{token}"}}"#);
        edge.host.respond_once_with(ScriptedResponse::ok(body));
        let headers =
            [("cookie", "better-auth.session_token=t.s%3D"), ("origin", "https://edge.example")];
        let head = request("POST", "/account/a", &headers);
        assert_eq!(edge.outcome(&head), expected, "{ago}");
        assert_eq!(edge.outcome(&request("GET", "/account/a", &headers)), "forward");
    }
}

#[test]
fn the_challenge_names_the_accepted_age() {
    let edge = Edge::new(&[ROUTES]);
    for claims in [of_session(601.0), good_claims()] {
        let head = request("POST", "/account/a", &[edge.bearer(&claims)]);
        let response = edge.respond(&head);
        assert_eq!(response.status, 401);
        let challenge = response.headers.iter().find(|(name, _)| *name == "www-authenticate");
        let expected = "Bearer realm=\"better-auth-edge\", \
                        error=\"insufficient_user_authentication\", \
                        error_description=\"A newer sign-in is required\", max_age=\"600\"";
        assert_eq!(challenge.unwrap().1, expected);
        assert!(response.body.contains(r#""code":"session_too_old""#), "{}", response.body);
    }
}

#[test]
fn other_conditions_are_checked_first() {
    let edge = Edge::new(&[ROUTES]);
    let old = of_session(3_600.0);
    assert_eq!(outcome(&edge, "GET", "/admin/a", &old), "insufficient_claims");
    let admin = old.with("role", r#""admin""#);
    assert_eq!(outcome(&edge, "GET", "/admin/a", &admin), "session_too_old");
    assert_eq!(outcome(&edge, "GET", "/api/user-2/a", &old), "user_mismatch");
    assert_eq!(outcome(&edge, "GET", "/api/user-1/a", &old), "session_too_old");
    // the first rule that matches decides, and a looser spelling does not bypass it
    assert_eq!(outcome(&edge, "POST", "/Account/a", &old), "ambiguous_path");
}

#[test]
fn a_looser_spelling_does_not_lead_to_a_rule_with_a_longer_limit() {
    let claims = of_session(30.0);
    for (first, second, expected) in
        [(60, 600, "ambiguous_path"), (600, 60, "forward"), (60, 60, "forward")]
    {
        let routes = format!(
            r#"[{{"path":"/a/*","max_session_age":{first}}},
                {{"path":"/{{any}}/*","max_session_age":{second}}}]"#
        );
        let edge = Edge::new(&[("ROUTES", &routes)]);
        assert_eq!(outcome(&edge, "GET", "/A/b", &claims), expected, "{first} {second}");
    }
}

#[test]
fn a_cached_token_becomes_too_old_while_it_is_valid() {
    let edge = Edge::new(&[ROUTES]);
    let claims = of_session(590.0);
    assert_eq!(outcome(&edge, "POST", "/account/a", &claims), "forward");
    edge.host.advance(10.0);
    assert_eq!(outcome(&edge, "POST", "/account/a", &claims), "forward");
    edge.host.advance(0.5);
    assert_eq!(outcome(&edge, "POST", "/account/a", &claims), "session_too_old");
}

#[test]
fn a_cached_decision_does_not_outlive_the_accepted_age() {
    let edge = Edge::new(&[ROUTES]);
    let mut heads = HeaderCache::default();
    let mut decision = |method: &str, claims: &Claims| {
        let fields = format!("authorization: Bearer {}\n", edge.signer.token(claims));
        let own = format!("{method}\nhttps://edge.example/account/a\n");
        let head = heads.read(format!("+0\n{own}\n{fields}")).unwrap();
        edge.forward(&head).decision_id.unwrap()
    };
    let is_valid = |id, later: f64| edge.gateway.decision_is_valid(id, edge.host.now() + later);
    let limited = decision("POST", &of_session(590.0));
    assert_eq!(
        [0.0, 9.5, 10.0, 11.0].map(|later| is_valid(limited, later)),
        [true, true, false, false]
    );
    let unlimited = decision("GET", &of_session(590.0));
    assert!(is_valid(unlimited, 11.0), "the other rule has no limit");
}

#[test]
fn an_age_that_is_not_a_number_of_seconds_is_a_setting_error() {
    let errors = |rule: &str| {
        let routes = format!(r#"[{{"path":"/a/{{u}}/*",{rule}}}]"#);
        setting_errors(&[("ROUTES", &routes)])
    };
    for valid in ["1", "600", "6e2", "31536000"] {
        assert_eq!(errors(&format!(r#""max_session_age":{valid}"#)), [""; 0], "{valid}");
    }
    for invalid in ["0", "-1", "0.5", "600.5", "31536001", r#""600""#, "true", "[600]", "1e999"] {
        let expected = "ROUTES [0]: max_session_age is not a whole number of seconds from 1 to \
                        31536000";
        assert_eq!(errors(&format!(r#""max_session_age":{invalid}"#)), [expected], "{invalid}");
    }
    for (rule, expected) in [
        (r#""max_session_age":null"#, "max_session_age is null: remove it, or give it a value"),
        (
            r#""auth":"optional","max_session_age":60"#,
            "max_session_age requires auth to be \"required\": a condition can hold only for a token",
        ),
        (
            r#""maxSessionAge":60"#,
            "\"maxSessionAge\" is not a member of a rule (did you mean max_session_age?)",
        ),
    ] {
        assert_eq!(errors(rule), [format!("ROUTES [0]: {expected}")], "{rule}");
    }
}

#[test]
fn a_rule_whose_limit_another_removes_is_a_setting_error_and_a_gap_is_a_warning() {
    let parse = |routes: &str| {
        Settings::parse(|name| match name {
            "BETTER_AUTH_URL" => Some("https://app.example".to_owned()),
            "ORIGIN_URL" => Some("https://api.example".to_owned()),
            "ROUTES" => Some(routes.to_owned()),
            _ => None,
        })
    };
    let hidden = r#"[{"path":"/a/*","methods":["GET"]},{"path":"/a/b","max_session_age":60}]"#;
    let errors = parse(hidden).unwrap_err();
    assert!(errors[0].to_string().contains("asks for more, but not for all"), "{errors:?}");
    let both = r#"[{"path":"/a/*","methods":["GET"],"max_session_age":9},
                   {"path":"/a/b","max_session_age":60}]"#;
    assert!(parse(both).is_ok());
    let gap = r#"[{"path":"/a/*","methods":["POST"],"max_session_age":60}]"#;
    let warnings = parse(gap).unwrap().warnings();
    let expected = "has conditions for some methods only";
    assert!(warnings.iter().any(|warning| warning.contains(expected)), "{warnings:?}");
    let all = r#"[{"path":"/a/*","max_session_age":60}]"#;
    let warnings = parse(all).unwrap().warnings();
    assert!(!warnings.iter().any(|warning| warning.contains(expected)), "{warnings:?}");
}

#[test]
fn the_assertion_tells_the_upstream_which_session_it_is_and_when_it_began() {
    let edge = Edge::new(&[crate::impersonation::KEY]);
    let claims = of_session(10.5).with("sid", r#""session-1""#);
    let payload = crate::impersonation::assertion(&edge, &claims);
    assert_eq!(payload["claims"]["session_iat"].as_f64(), Some(NOW - 10.5));
    assert_eq!(payload["claims"]["sid"], "session-1");
}
