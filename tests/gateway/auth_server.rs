//! The edge's requests to Better Auth: their headers, their client address, and responses that are
//! not from Better Auth.

use crate::common::{AUTH_SERVER, Edge, ScriptedResponse, good_claims, key_set, request};
use better_auth_edge::gateway::{RequestHead, Response, Settings};
use better_auth_edge::host::GetRequest;
use serde_json::Value;

const EXCHANGE: (&str, &str) = ("SESSION_EXCHANGE", "true");
const FROM_PROXY: (&str, &str) = ("CLIENT_IP_HEADER", "x-real-ip");
const TOKEN_URL: &str = "https://app.example/api/auth/token?disableRefresh=true";

/// An edge with the session exchange. Its auth server returns keys, and `answer` for tokens.
fn edge(settings: &[(&str, &str)], answer: impl Fn(&Edge) -> ScriptedResponse) -> Edge {
    let edge = Edge::new(&[&[EXCHANGE], settings].concat());
    let answer = answer(&edge);
    edge.host.respond_to(|request| request.url.contains("/token"), answer);
    edge
}

fn token(edge: &Edge) -> ScriptedResponse {
    let token = edge.signer.token(&good_claims());
    ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#))
}

fn visit(session: &str, address: &str) -> RequestHead {
    let cookie = format!("better-auth.session_token={session}");
    request("GET", "/x", &[("cookie", cookie.as_str()), ("x-real-ip", address)])
}

/// The token requests so far.
fn token_requests(edge: &Edge) -> Vec<GetRequest> {
    let requests = edge.host.requests().into_iter();
    requests.filter(|request| request.url.contains("/token")).collect()
}

/// The headers of a request from the edge.
fn sent(request: &GetRequest) -> Vec<(String, String)> {
    request.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The only line in the log.
fn line(edge: &Edge) -> Value {
    let lines = edge.host.logged();
    let [(_, line)] = &lines[..] else { panic!("{lines:?}") };
    serde_json::from_str(line).unwrap()
}

fn header(response: &Response, name: &str) -> Option<String> {
    let mut headers = response.headers.iter();
    headers.find(|(given, _)| *given == name).map(|(_, value)| value.to_string())
}

#[test]
fn the_edge_names_itself_to_better_auth_and_does_not_change_the_session() {
    let edge = edge(&[], token);
    assert_eq!(edge.outcome(&visit("t.s", "192.0.2.7")), "forward");
    let name = format!("better-auth-edge/{}", env!("CARGO_PKG_VERSION"));
    let requests = edge.host.requests();
    assert_eq!(requests.len(), 2, "the token and the keys");
    for request in &requests {
        assert!(sent(request).contains(&("user-agent".to_owned(), name.clone())), "{request:?}");
    }
    assert_eq!(requests[0].url, TOKEN_URL);
    let cookie = ("cookie".to_owned(), "better-auth.session_token=t.s".to_owned());
    assert_eq!(
        sent(&requests[0]),
        [
            ("accept".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), name),
            cookie
        ]
    );
    assert!(sent(&requests[1]).iter().all(|(name, _)| name != "cookie"));
}

#[test]
fn better_auth_gets_the_client_address_when_it_is_known() {
    let sent_address = |settings: &[(&str, &str)], head: &RequestHead| {
        let edge = edge(settings, token);
        assert_eq!(edge.outcome(head), "forward");
        let keys = edge.host.requests().pop().unwrap();
        assert_eq!(keys.client_address, None, "keys do not depend on the client");
        token_requests(&edge)[0]
            .client_address
            .clone()
            .map(|(name, address)| format!("{name}: {address}"))
    };
    let visit = |address: &str| visit("t.s", address);
    let address = Some("x-forwarded-for: 192.0.2.7".to_owned());
    assert_eq!(sent_address(&[FROM_PROXY], &visit("192.0.2.7")), address);
    assert_eq!(sent_address(&[FROM_PROXY], &visit("1.1.1.1, 192.0.2.7")), address);
    assert_eq!(sent_address(&[FROM_PROXY], &visit("unknown")), None);
    assert_eq!(sent_address(&[], &visit("192.0.2.7")), None, "the edge trusts no header");
    let own = [FROM_PROXY, ("AUTH_CLIENT_IP_HEADER", "X-Visitor")];
    assert_eq!(
        sent_address(&own, &visit("2001:db8::7")),
        Some("x-visitor: 2001:db8::7".to_owned())
    );

    let cookie = ("cookie", "better-auth.session_token=t.s");
    let head = request("GET", "/x", &[cookie, ("cf-connecting-ip", "192.0.2.7")]);
    assert_eq!(sent_address(&[], &head), None, "not on Cloudflare");
    assert_eq!(sent_address(&[], &head.from_cloudflare()), address);
}

#[test]
fn the_header_for_the_client_address_must_not_have_another_meaning() {
    for name in [
        "cookie",
        "Authorization",
        "host",
        "User-Agent",
        "origin",
        "a b",
        "x:",
        "forwarded",
        "cf-ray",
    ] {
        let lookup = |setting: &str| match setting {
            "BETTER_AUTH_URL" => Some(AUTH_SERVER.to_owned()),
            "ORIGIN_URL" => Some("https://api.example".to_owned()),
            "AUTH_CLIENT_IP_HEADER" => Some(name.to_owned()),
            _ => None,
        };
        let errors = Settings::parse(lookup).unwrap_err();
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        let [error] = &errors[..] else { panic!("{name}: {errors:?}") };
        assert!(error.starts_with("AUTH_CLIENT_IP_HEADER is not the name"), "{error}");
    }
}

#[test]
fn a_rate_limited_client_address_waits_for_the_retry_after_of_better_auth_and_others_do_not_wait() {
    for name in ["x-retry-after", "retry-after"] {
        let edge = Edge::new(&[EXCHANGE, FROM_PROXY]);
        let limited = ScriptedResponse::status(429, r#"{"message":"Too many requests."}"#);
        edge.host.respond_to(
            |request| {
                request.client_address.as_ref().is_some_and(|(_, address)| address == "192.0.2.7")
            },
            limited.with_header(name, "7"),
        );
        let token = token(&edge);
        edge.host.respond_to(|request| request.url.contains("/token"), token);
        let response = edge.respond(&visit("t.1", "192.0.2.7"));
        assert_eq!(response.status, 503);
        assert_eq!(header(&response, "retry-after").as_deref(), Some("7"));
        let cause = line(&edge)["cause"].as_str().unwrap().to_owned();
        assert!(cause.contains("/api/auth/token: the server answered 429"), "{cause}");
        edge.host.advance(2.5);
        // all sessions of the same client address
        for session in ["t.1", "t.2", "t.3"] {
            let response = edge.respond(&visit(session, "192.0.2.7"));
            assert_eq!(response.status, 503);
            assert_eq!(header(&response, "retry-after").as_deref(), Some("5"));
        }
        assert_eq!(token_requests(&edge).len(), 1);
        assert_eq!(edge.outcome(&visit("t.2", "192.0.2.8")), "forward");
        assert_eq!(edge.outcome(&visit("t.2", "192.0.2.7")), "forward", "its token is cached");
        edge.host.advance(5.0);
        edge.respond(&visit("t.1", "192.0.2.7"));
        assert_eq!(token_requests(&edge).len(), 3, "the edge sends another request");
    }
}

#[test]
fn a_retry_after_from_the_auth_server_is_capped_at_five_minutes() {
    let edge = edge(&[FROM_PROXY], |_| {
        ScriptedResponse::status(503, "").with_header("retry-after", "86400")
    });
    let response = edge.respond(&visit("t.1", "192.0.2.7"));
    assert_eq!(header(&response, "retry-after").as_deref(), Some("300"));
    edge.host.advance(299.0);
    edge.respond(&visit("t.1", "192.0.2.7"));
    assert_eq!(token_requests(&edge).len(), 1);
    edge.host.advance(1.0);
    edge.respond(&visit("t.1", "192.0.2.7"));
    assert_eq!(token_requests(&edge).len(), 2);
}

#[test]
fn a_response_that_is_not_from_better_auth_does_not_end_a_session() {
    let html = "<!doctype html><title>Sign in</title>";
    for (answer, says) in [
        (ScriptedResponse::status(403, "error code: 1010"), "403"),
        (ScriptedResponse::status(403, html), "a firewall"),
        (ScriptedResponse::status(401, html), "401"),
        (ScriptedResponse::status(401, "").with_header("www-authenticate", "Basic realm=x"), "401"),
        (ScriptedResponse::ok(html), "a page in place of JSON"),
        (
            ScriptedResponse::status(302, "").with_header("location", "https://sso.example/?s=1"),
            ": 302 to https://sso.example/",
        ),
        (ScriptedResponse::status(404, html), "the jwt plugin is missing"),
        (ScriptedResponse::status(429, ""), "429"),
        (ScriptedResponse::status(500, ""), "500"),
    ] {
        let edge = edge(&[], |_| answer.clone());
        let response = edge.respond(&visit("t.1", ""));
        assert_eq!(response.status, 503, "{says}");
        assert!(response.body.contains("\"keys_unavailable\""), "{}", response.body);
        assert!(!response.body.contains("app.example"), "{}", response.body);
        let cause = line(&edge)["cause"].as_str().expect(says).to_owned();
        assert!(cause.starts_with("GET https://app.example/api/auth/token: "), "{cause}");
        assert!(cause.contains(says), "{cause}");
    }
    // the response would be the same for all sessions of a request
    let edge = edge(&[], |_| ScriptedResponse::status(404, ""));
    let cookies = "__Secure-better-auth.session_token=a.1; better-auth.session_token=b.2";
    edge.respond(&request("GET", "/x", &[("cookie", cookies)]));
    assert_eq!(token_requests(&edge).len(), 1);
}

#[test]
fn better_auths_own_rejection_is_a_client_error_and_the_log_names_it() {
    for (answer, detail, cause) in [
        (ScriptedResponse::status(401, ""), "has ended", "answered 401"),
        (
            ScriptedResponse::status(401, r#"{"code":"UNAUTHORIZED","message":"Unauthorized"}"#),
            "has ended",
            "answered 401 UNAUTHORIZED",
        ),
        (
            ScriptedResponse::status(403, r#"{"code":"BANNED_USER","message":"You are banned"}"#),
            "is banned",
            "answered 403 BANNED_USER",
        ),
    ] {
        let edge = edge(&[], |_| answer.clone());
        let response = edge.respond(&visit("t.1", ""));
        assert_eq!(response.status, 401);
        assert!(response.body.contains(detail), "{}", response.body);
        let line = line(&edge);
        assert_eq!(line["code"], "missing_token");
        assert!(line["cause"].as_str().is_some_and(|it| it.ends_with(cause)), "{line}");
    }
}

#[test]
fn an_auth_server_that_redirects_to_a_trailing_slash_is_called_with_one() {
    let edge = Edge::new(&[EXCHANGE]);
    let redirect =
        |location: &str| ScriptedResponse::status(308, "").with_header("location", location);
    let keys = ScriptedResponse::ok(key_set(&[edge.signer.jwk()]));
    let token = token(&edge);
    for (path, answer) in [
        ("/token?disableRefresh=true", redirect("/api/auth/token/?disableRefresh=true")),
        ("/token/?disableRefresh=true", token),
        ("/jwks", redirect("https://app.example/api/auth/jwks/")),
        ("/jwks/", keys),
    ] {
        edge.host.respond_to(move |request| request.url.ends_with(path), answer);
    }
    assert_eq!(edge.outcome(&visit("t.1", "")), "forward");
    assert_eq!(edge.host.fetches(), 4);
    let cookies: Vec<_> = token_requests(&edge).into_iter().map(|request| request.cookie).collect();
    assert_eq!(cookies[0], cookies[1]);
}

#[test]
fn unavailable_keys_cause_an_error_with_a_reason_and_a_retry_after() {
    for (answer, retry_after, says) in [
        (ScriptedResponse::status(429, "").with_header("retry-after", "17"), "17", "answered 429"),
        (
            ScriptedResponse::status(503, "").with_header("retry-after", "9999"),
            "300",
            "answered 503",
        ),
        (ScriptedResponse::status(404, ""), "1", "the jwt plugin is missing"),
        (ScriptedResponse::status(403, "error code: 1010"), "1", "a firewall"),
    ] {
        let edge = Edge::new(&[]);
        edge.host.respond_with(answer);
        let (name, bearer) = edge.bearer(&good_claims());
        let head = request("GET", "/x", &[(name, bearer)]);
        for _ in 0..2 {
            let response = edge.respond(&head);
            assert_eq!(response.status, 503);
            assert_eq!(header(&response, "retry-after").as_deref(), Some(retry_after), "{says}");
            assert!(!response.body.contains("app.example"), "{}", response.body);
            let cause = line(&edge)["cause"].as_str().expect(says).to_owned();
            assert!(cause.starts_with("GET https://app.example/api/auth/jwks: "), "{cause}");
            assert!(cause.contains(says), "{cause}");
        }
        assert_eq!(edge.host.fetches(), 1);
        let seconds: f64 = retry_after.parse().unwrap();
        edge.host.advance(seconds - 0.5);
        edge.respond(&head);
        assert_eq!(edge.host.fetches(), 1, "{says}");
        edge.host.advance(0.5);
        edge.respond(&head);
        assert_eq!(edge.host.fetches(), 2, "{says}");
    }
}

#[test]
fn a_key_set_that_is_not_found_is_reported_with_the_setting_that_named_its_url() {
    let (url, keys) = ("BETTER_AUTH_URL", "JWKS_URL");
    let (path, apart) = ("https://app.example/auth", ("BETTER_AUTH_BASE_PATH", "/auth"));
    for (settings, named, unnamed) in [
        (vec![], vec![url, "BETTER_AUTH_BASE_PATH", "jwksPath", keys], vec![]),
        (vec![apart], vec![url, "BETTER_AUTH_BASE_PATH", "jwksPath", keys], vec![]),
        (vec![(url, path)], vec![url, "jwksPath", keys], vec!["BASE_PATH"]),
        (vec![(keys, "https://keys.example/set")], vec![keys], vec![url, "BASE_PATH", "jwksPath"]),
    ] {
        let edge = Edge::new(&settings);
        edge.host.respond_with(ScriptedResponse::status(404, ""));
        let (name, bearer) = edge.bearer(&good_claims());
        let response = edge.respond(&request("GET", "/x", &[(name, bearer)]));
        let cause = line(&edge)["cause"].as_str().unwrap().to_owned();
        for text in [response.body.as_str(), &cause] {
            assert!(text.contains("the jwt plugin is missing"), "{text}");
            assert!(named.iter().all(|it| text.contains(it)), "{named:?} in {text}");
            assert!(!unnamed.iter().any(|it| text.contains(it)), "{unnamed:?} in {text}");
        }
    }
    let edge = edge(&[], |_| ScriptedResponse::status(404, ""));
    edge.respond(&visit("t.1", ""));
    let cause = line(&edge)["cause"].as_str().unwrap().to_owned();
    assert!(cause.contains("(BETTER_AUTH_BASE_PATH, or the path in BETTER_AUTH_URL)"), "{cause}");
}
