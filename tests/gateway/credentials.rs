//! The kinds of credentials: in rules, assertions, logs and timings.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use better_auth_edge::gateway::{Forward, HeaderEdit, RequestHead, Settings};

use crate::common::{Claims, Edge, ScriptedResponse, good_claims, request};

const SESSION_TOKEN: &str = "nR7bYx2QmK5tWv8sLpJc3HdG6fZaE9uT";
const COOKIE: &str = "better-auth.session_token=t.s";

/// An edge whose auth server issues a token with these claims for a session, and another one for an
/// API key.
fn edge(settings: &[(&str, &str)], session: Claims, key: Claims) -> Edge {
    let both = [("SESSION_EXCHANGE", "true"), ("API_KEYS", "true")];
    let edge = Edge::new(&[&both, settings].concat());
    let token = |claims: Claims| {
        let exp = (crate::common::NOW + 900.0).to_string();
        let token = edge.signer.token(&claims.with("exp", &exp));
        ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#))
    };
    let (session, key) = (token(session), token(key));
    let is_key = |name: &str| name == "x-api-key";
    edge.host.respond_to(
        move |request| request.authorization.as_ref().is_some_and(|(name, _)| is_key(name)),
        key,
    );
    edge.host.respond_to(|request| request.url.contains("/token"), session);
    edge
}

fn usual(settings: &[(&str, &str)]) -> Edge {
    edge(settings, good_claims(), good_claims().with("cred", r#""api-key""#))
}

/// One request with each kind of credential, and the kind.
fn requests(edge: &Edge, path: &str) -> Vec<(RequestHead, &'static str)> {
    let with = |headers: &[(&str, &str)]| request("GET", path, headers);
    let (_, jwt) = edge.bearer(&good_claims());
    let (_, of_key) = edge.bearer(&good_claims().with("cred", r#""api-key""#));
    let opaque = ["Bearer ", SESSION_TOKEN].concat();
    vec![
        (with(&[("authorization", &jwt)]), "jwt"),
        (with(&[("authorization", &opaque)]), "session"),
        (with(&[("cookie", COOKIE)]), "session"),
        (with(&[("x-api-key", "a-key")]), "api-key"),
        (with(&[("authorization", &of_key)]), "api-key"),
    ]
}

#[test]
fn a_rule_accepts_the_kinds_that_it_names() {
    for (credentials, accepted) in [
        (r#"["jwt"]"#, &["jwt"][..]),
        (r#"["session"]"#, &["session"]),
        (r#"["api-key"]"#, &["api-key"]),
        (r#"["session","jwt"]"#, &["jwt", "session"]),
        (r#"["jwt","session","api-key"]"#, &["jwt", "session", "api-key"]),
    ] {
        let routes = format!(r#"[{{"path":"/*","credentials":{credentials}}}]"#);
        let edge = usual(&[("ROUTES", &routes)]);
        for (head, kind) in requests(&edge, "/x") {
            let expected = match accepted.contains(&kind) {
                true => "forward",
                false => "credential_not_accepted",
            };
            assert_eq!(edge.outcome(&head), expected, "{kind} {credentials}");
        }
    }
    let edge = usual(&[]);
    for (head, kind) in requests(&edge, "/x") {
        assert_eq!(edge.outcome(&head), "forward", "{kind} without the member");
    }
}

#[test]
fn the_rejection_names_the_kinds() {
    let routes = r#"[{"path":"/*","credentials":["session","jwt"]}]"#;
    let edge = usual(&[("ROUTES", routes)]);
    let response = edge.respond(&request("GET", "/x", &[("x-api-key", "a-key")]));
    assert_eq!(response.status, 403);
    let detail = "this path accepts jwt or session, and not api-key";
    assert!(response.body.contains(detail), "{}", response.body);
}

/// What is wrong with a rule.
fn rule_errors(rule: &str) -> String {
    let lookup = |name: &str| match name {
        "BETTER_AUTH_URL" | "ORIGIN_URL" => Some("https://a.example".to_owned()),
        "ROUTES" => Some(rule.to_owned()),
        _ => None,
    };
    match Settings::parse(lookup) {
        Ok(_) => String::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn a_rule_with_other_kinds_or_none_is_an_error() {
    for credentials in
        ["[]", r#""jwt""#, r#"["JWT"]"#, r#"["jwt","key"]"#, "[1]", "{}", r#"["api_key"]"#, "true"]
    {
        let errors = rule_errors(&format!(r#"[{{"path":"/a","credentials":{credentials}}}]"#));
        let expected = "credentials is not a list of jwt, session and api-key";
        assert!(errors.ends_with(expected), "{credentials}: {errors}");
    }
    for (rules, expected) in [
        (r#"[{"path":"/a","credentials":null}]"#, "credentials is null"),
        (r#"[{"path":"/a","auth":"public","credentials":["jwt"]}]"#, "requires auth"),
        (r#"[{"path":"/a","auth":"optional","credentials":["jwt"]}]"#, "requires auth"),
        (r#"[{"path":"/a","credential":["jwt"]}]"#, "did you mean credentials?"),
        (
            r#"[{"path":"/a/*","methods":["GET"]},{"path":"/a/b","credentials":["jwt"]}]"#,
            "comes first",
        ),
    ] {
        let errors = rule_errors(rules);
        assert!(errors.contains(expected), "{errors}");
    }
}

#[test]
fn a_loose_spelling_of_a_path_leads_to_no_wider_kinds() {
    let routes = r#"[{"path":"/admin/*","credentials":["session"]},
                     {"path":"/*","credentials":["session","jwt"]}]"#;
    let edge = usual(&[("ROUTES", routes)]);
    let head = |path| request("GET", path, &[("cookie", COOKIE)]);
    assert_eq!(edge.outcome(&head("/admin/x")), "forward");
    assert_eq!(edge.outcome(&head("/ADMIN/x")), "ambiguous_path");
    assert_eq!(edge.outcome(&head("/other/x")), "forward");
}

#[test]
fn an_isolating_rule_keeps_the_kinds_of_the_rule_for_the_method() {
    let routes = r#"[{"path":"/u/{id}/*","methods":["GET"],"match":{"id":"sub"}},
                     {"path":"/*","credentials":["session"]}]"#;
    let edge = usual(&[("ROUTES", routes)]);
    let with = |method, headers: &[(&str, &str)]| request(method, "/u/user-1/x", headers);
    let key = [("x-api-key", "a-key")];
    assert_eq!(edge.outcome(&with("GET", &key)), "forward");
    assert_eq!(edge.outcome(&with("DELETE", &key)), "credential_not_accepted");
}

#[test]
fn a_session_whose_token_is_of_an_api_key_is_refused() {
    let key = good_claims().with("cred", r#""api-key""#);
    let edge = edge(&[], key.clone(), key);
    assert_eq!(edge.outcome(&request("GET", "/x", &[("cookie", COOKIE)])), "invalid_claim");
    let bearer = ["Bearer ", SESSION_TOKEN].concat();
    let head = request("GET", "/x", &[("authorization", &bearer)]);
    assert_eq!(edge.outcome(&head), "invalid_claim");
}

#[test]
fn a_key_stays_an_api_key_if_its_token_names_another_kind() {
    let routes = r#"[{"path":"/*","credentials":["api-key"]}]"#;
    for cred in ["null", r#""session""#, "1"] {
        let claims = good_claims().with("cred", cred);
        let edge = edge(&[("ROUTES", routes)], claims.clone(), claims.clone());
        assert_eq!(edge.outcome(&request("GET", "/x", &[("x-api-key", "a-key")])), "forward");
        let (name, jwt) = edge.bearer(&claims);
        assert_eq!(edge.outcome(&request("GET", "/x", &[(name, jwt)])), "credential_not_accepted");
    }
}

/// The claims of a forwarded request's assertion.
fn assertion(forward: &Forward) -> String {
    let assertion = forward.edits().find_map(|edit| match edit {
        HeaderEdit::Set(name, value) if name == "x-edge-jwt-assertion" => Some(value),
        _ => None,
    });
    let payload = assertion.expect("an assertion").split('.').nth(1).expect("a payload");
    String::from_utf8(BASE64URL.decode(payload).expect("base64url")).expect("UTF-8")
}

#[test]
fn the_assertion_names_the_kind_even_if_two_kinds_have_the_same_token() {
    let edge = usual(&[crate::assertion::KEY]);
    let mut jwt = None;
    for (head, kind) in requests(&edge, "/x") {
        let forward = edge.forward(&head);
        let claims = assertion(&forward);
        assert!(claims.contains(&format!(r#""cred":"{kind}""#)), "{claims}");
        let token = forward.edits().find_map(|edit| match edit {
            HeaderEdit::Set(name, value) if name == "authorization" => Some(value.clone()),
            _ => None,
        });
        jwt = jwt.or(token);
    }
    // the session's own token, as a JWT that the client sends
    let jwt = jwt.expect("the token of a session");
    for _ in 0..2 {
        let by_jwt = request("GET", "/x", &[("authorization", &jwt)]);
        assert!(assertion(&edge.forward(&by_jwt)).contains(r#""cred":"jwt""#));
        let by_cookie = request("GET", "/x", &[("cookie", COOKIE)]);
        assert!(assertion(&edge.forward(&by_cookie)).contains(r#""cred":"session""#));
    }
}

#[test]
fn logs_and_timings_name_the_kind() {
    let edge = usual(&[("LOG_LEVEL", "info"), ("SERVER_TIMING", "true")]);
    for (head, kind) in requests(&edge, "/x") {
        let report = edge.forward(&head).report.expect("a report");
        let line = report.log.expect("a line");
        assert!(line.contains(&format!(r#""credential":"{kind}""#)), "{line}");
        assert!(!line.contains("a-key") && !line.contains(SESSION_TOKEN), "{line}");
        let timing = report.server_timing.expect("a timing");
        assert!(timing.ends_with(&format!(r#"cred;desc="{kind}""#)), "{timing}");
    }
    edge.respond(&request("GET", "/x", &[] as &[(&str, &str)]));
    let (_, line) = edge.host.logged().pop().expect("a line");
    assert!(line.contains(r#""credential":null"#), "{line}");
}
