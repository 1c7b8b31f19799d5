//! Session cookies: recognition, allowed origins, and lifetime.

use crate::common::{Edge, ScriptedResponse, good_claims, key_set, request, upstream_headers};
use better_auth_edge::host::GetError;

const EXCHANGE: (&str, &str) = ("SESSION_EXCHANGE", "true");
const SESSION: &str = "better-auth.session_token=t.s%3D";

/// An edge whose auth server first returns a token with this lifetime in seconds, then its keys.
fn edge(more: &[(&str, &str)], lifetime: f64) -> Edge {
    let edge = Edge::new(&[&[EXCHANGE], more].concat());
    answers_with_token(&edge, lifetime);
    edge
}

fn answers_with_token(edge: &Edge, lifetime: f64) {
    let exp = (crate::common::NOW + edge.host.elapsed() + lifetime).to_string();
    let token = edge.signer.token(&good_claims().with("exp", &exp));
    edge.host.respond_once_with(ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#)));
}

fn cookie(cookie: &str) -> [(&str, &str); 1] {
    [("cookie", cookie)]
}

#[test]
fn a_session_cookie_is_exchanged_once_and_its_token_cached() {
    let edge = edge(&[], 900.0);
    let head = request("GET", "/x", &cookie(SESSION));
    let headers = upstream_headers(&head, &edge.forward(&head));
    let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(header("x-edge-user"), Some("user-1"));
    assert!(header("authorization").unwrap().starts_with("Bearer ey"));
    assert_eq!(header("cookie"), None);
    let requests = edge.host.requests();
    assert_eq!(requests[0].url, "https://app.example/api/auth/token?disableRefresh=true");
    assert_eq!(requests[0].cookie.as_deref(), Some(SESSION));
    assert_eq!(requests[1].cookie, None, "the keys are public");

    edge.host.advance(59.0);
    assert_eq!((edge.outcome(&head), edge.host.fetches()), ("forward", 2));
    edge.host.advance(2.0);
    answers_with_token(&edge, 900.0);
    assert_eq!((edge.outcome(&head), edge.host.fetches()), ("forward", 3));
}

#[test]
fn an_expired_cached_token_is_requested_again() {
    let edge = edge(&[], 10.0);
    let head = request("GET", "/x", &cookie(SESSION));
    assert_eq!(edge.outcome(&head), "forward");
    edge.host.advance(20.0);
    answers_with_token(&edge, 900.0);
    assert_eq!((edge.outcome(&head), edge.host.fetches()), ("forward", 3));
}

#[test]
fn the_token_of_one_session_never_serves_another() {
    let edge = edge(&[], 900.0);
    assert_eq!(edge.outcome(&request("GET", "/x", &cookie(SESSION))), "forward");
    edge.host.respond_once_with(ScriptedResponse::status(401, ""));
    let other = "better-auth.session_token=t.t%3D";
    assert_eq!(edge.outcome(&request("GET", "/x", &cookie(other))), "missing_token");
}

#[test]
fn a_failure_of_the_auth_server_is_not_a_client_error() {
    for answer in [
        ScriptedResponse::error(GetError::TimedOut),
        ScriptedResponse::status(500, ""),
        ScriptedResponse::status(302, ""),
        ScriptedResponse::ok("{}"),
        ScriptedResponse::ok("<html>"),
        ScriptedResponse::ok(r#"{"token":7}"#),
    ] {
        let edge = Edge::new(&[EXCHANGE]);
        edge.host.respond_once_with(answer);
        assert_eq!(edge.outcome(&request("GET", "/x", &cookie(SESSION))), "keys_unavailable");
    }
    let edge = Edge::new(&[EXCHANGE]);
    edge.host.respond_once_with(ScriptedResponse::ok(r#"{"token":"a.b.c"}"#));
    assert_eq!(edge.outcome(&request("GET", "/x", &cookie(SESSION))), "malformed_token");
}

#[test]
fn the_cookie_with_the_strictest_prefix_is_tried_first() {
    for (cookies, used) in [
        ("a=b; __Secure-better-auth.session_token=s", "__Secure-better-auth.session_token=s"),
        (
            "better-auth.session_token=p; __Host-better-auth.session_token=h; __Secure-better-auth.session_token=s",
            "__Host-better-auth.session_token=h",
        ),
    ] {
        let edge = edge(&[], 900.0);
        assert_eq!(edge.outcome(&request("GET", "/x", &cookie(cookies))), "forward");
        assert_eq!(edge.host.requests()[0].cookie.as_deref(), Some(used));
    }
}

#[test]
fn the_value_of_another_cookie_is_not_a_session() {
    let hidden = "a=1, __Host-better-auth.session_token=of-a-neighbor";
    let nothing_else = Edge::new(&[EXCHANGE]);
    assert_eq!(nothing_else.outcome(&request("GET", "/x", &cookie(hidden))), "missing_token");
    let edge = edge(&[], 900.0);
    let both = format!("{hidden}; {SESSION}");
    assert_eq!(edge.outcome(&request("GET", "/x", &cookie(&both))), "forward");
    assert_eq!(edge.host.requests()[0].cookie.as_deref(), Some(SESSION));
}

#[test]
fn a_bearer_token_takes_precedence_over_a_cookie() {
    let edge = Edge::new(&[EXCHANGE]);
    let (name, bearer) = edge.bearer(&good_claims());
    let head = request("POST", "/x", &[(name, bearer.as_str()), ("cookie", SESSION)]);
    assert_eq!((edge.outcome(&head), edge.host.fetches()), ("forward", 1));
}

#[test]
fn cookies_allow_unsafe_methods_only_from_trusted_origins() {
    const TRUSTED: (&str, &str) = ("TRUSTED_ORIGINS", "https://page.example");
    for (method, headers, expected) in [
        ("POST", vec![], "cross_site_request"),
        ("POST", vec![("origin", "https://edge.example")], "forward"),
        ("POST", vec![("origin", "https://app.example")], "forward"),
        ("DELETE", vec![("origin", "https://page.example")], "forward"),
        ("POST", vec![("origin", "https://page.example.evil")], "cross_site_request"),
        ("POST", vec![("origin", "null")], "cross_site_request"),
        // with `Referrer-Policy: no-referrer`, a page's own requests have the origin `null`
        ("POST", vec![("origin", "null"), ("sec-fetch-site", "same-origin")], "forward"),
        ("PUT", vec![("sec-fetch-site", "same-origin"), ("origin", "null")], "forward"),
        ("POST", vec![("origin", "null"), ("sec-fetch-site", "same-site")], "cross_site_request"),
        ("POST", vec![("origin", "null"), ("sec-fetch-site", "cross-site")], "cross_site_request"),
        ("POST", vec![("origin", "null"), ("sec-fetch-site", "none")], "cross_site_request"),
        ("POST", vec![("origin", "null"), ("sec-fetch-site", "")], "cross_site_request"),
        ("POST", vec![("origin", "null"), ("sec-fetch-site", "Same-Origin")], "cross_site_request"),
        ("POST", vec![("origin", "NULL"), ("sec-fetch-site", "same-origin")], "cross_site_request"),
        ("POST", vec![("origin", ""), ("sec-fetch-site", "same-origin")], "cross_site_request"),
        (
            "POST",
            vec![("origin", "null"), ("origin", "null"), ("sec-fetch-site", "same-origin")],
            "cross_site_request",
        ),
        (
            "POST",
            vec![("origin", "null, null"), ("sec-fetch-site", "same-origin")],
            "cross_site_request",
        ),
        (
            "POST",
            vec![("origin", "https://page.example"), ("origin", "null")],
            "cross_site_request",
        ),
        (
            "POST",
            vec![
                ("origin", "null"),
                ("sec-fetch-site", "same-origin"),
                ("sec-fetch-site", "same-origin"),
            ],
            "cross_site_request",
        ),
        (
            "POST",
            vec![("origin", "null"), ("sec-fetch-site", "same-origin, cross-site")],
            "cross_site_request",
        ),
        (
            "POST",
            vec![("origin", "https://page.example"), ("sec-fetch-site", "same-site")],
            "forward",
        ),
        ("POST", vec![("sec-fetch-site", "same-origin")], "forward"),
        ("POST", vec![("sec-fetch-site", "same-site")], "cross_site_request"),
        ("POST", vec![("sec-fetch-site", "none")], "cross_site_request"),
        (
            "POST",
            vec![("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
            "cross_site_request",
        ),
        ("GET", vec![("origin", "https://evil.example")], "forward"),
        ("GET", vec![("upgrade", "websocket")], "cross_site_request"),
        ("GET", vec![("upgrade", "websocket"), ("origin", "https://page.example")], "forward"),
        ("PROPFIND", vec![], "cross_site_request"),
    ] {
        let headers = [&headers[..], &cookie(SESSION)].concat();
        let edge = edge(&[TRUSTED], 900.0);
        edge.host.respond_with(ScriptedResponse::ok(key_set(&[edge.signer.jwk()])));
        assert_eq!(
            edge.outcome(&request(method, "/x", &headers)),
            expected,
            "{method} {headers:?}"
        );
    }
}

#[test]
fn without_the_setting_a_cookie_is_not_a_credential() {
    let edge = Edge::new(&[]);
    assert_eq!(edge.outcome(&request("GET", "/x", &cookie(SESSION))), "missing_token");
    assert_eq!(edge.host.fetches(), 0);
}

#[test]
fn better_auths_cookies_are_removed_and_others_are_forwarded() {
    const PUBLIC: (&str, &str) = ("ROUTES", r#"[{"path":"/*","auth":"public"}]"#);
    let seen = |settings: &[(&str, &str)], cookies: &str| {
        let head = request("GET", "/x", &cookie(cookies));
        let forward = Edge::new(&[settings, &[PUBLIC]].concat()).forward(&head);
        let headers = upstream_headers(&head, &forward);
        headers.into_iter().find(|(name, _)| name == "cookie").map(|(_, value)| value)
    };
    for (cookies, left) in [
        (SESSION, None),
        ("a=b; c=d", Some("a=b; c=d")),
        ("a=b; __Secure-better-auth.session_data.0=x; c=\"d\"", Some("a=b; c=\"d\"")),
        ("better-auth.dont_remember=1;a=1,2", Some("a=1,2")),
        ("a=1, better-auth.session_token=x", Some("a=1")),
        ("a={\"b\":1, \"c\":2}; better-auth.x=1", Some("a={\"b\":1, \"c\":2}")),
        ("a=1, b=2, __Host-better-auth.x=1, c=3, d=4", Some("a=1, b=2; c=3, d=4")),
        ("better-authority=x", Some("better-authority=x")),
    ] {
        assert_eq!(seen(&[], cookies).as_deref(), left, "{cookies}");
    }
    let mine = "mine.session_token=x; better-auth.session_token=y";
    let left = seen(&[("COOKIE_PREFIX", "mine")], mine);
    assert_eq!(left.as_deref(), Some("better-auth.session_token=y"));
    assert_eq!(seen(&[("FORWARD_COOKIES", "true")], SESSION).as_deref(), Some(SESSION));
}
