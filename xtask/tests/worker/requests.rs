//! The Worker in workerd: requests to the upstream, and its responses.

use std::sync::mpsc;

use crate::common::wire::{Wire, WireEdge};
use crate::common::{Auth, Scripted, UUID, bearer, echo, edge, key_set, respond, seen};
use serde_json::json;
use xtask::http;

#[test]
fn method_path_query_body_and_ordinary_headers_are_forwarded_unchanged() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    let bearer = bearer(&auth.token("a"));
    let url = format!("{}/api/{UUID}/tasks?q=%2F..%2F&empty=&x=a+b", edge.url);
    let headers = [("authorization", bearer.as_str()), ("x-custom", "kept"), ("cookie", "a=b")];
    let echoed = http::post(&url, &headers, &json!({"title": "x"})).unwrap().json();
    assert_eq!(echoed["method"], "POST");
    assert_eq!(echoed["target"], format!("/api/{UUID}/tasks?q=%2F..%2F&empty=&x=a+b"));
    assert_eq!(echoed["bytes"], r#"{"title":"x"}"#.len());
    assert_eq!(seen(&echoed, "x-custom"), ["kept"]);
    assert_eq!(seen(&echoed, "authorization"), [bearer]);
    assert_eq!(seen(&echoed, "x-edge-user"), [UUID]);
    assert_eq!(seen(&echoed, "x-request-id").len(), 1);
    assert_eq!(seen(&echoed, "host"), [upstream.url.strip_prefix("http://").unwrap()]);
}

#[test]
fn header_values_are_forwarded_byte_for_byte() {
    let (sender, receiver) = mpsc::channel();
    let edge = WireEdge::before(move |mut wire| {
        sender.send(wire.head_bytes()?).unwrap();
        wire.respond(b"")
    });
    let values = [
        &b"J\xc3\xbcrgen"[..],
        b"caf\xe9",
        b"\xff\xfe",
        "\u{141}\u{f3}d\u{17a}".as_bytes(),
        b"a, b;c=\"d\"",
    ];
    for (body, method) in [("", "GET"), ("content-length: 0\r\n", "POST")] {
        for value in values {
            let authorization = edge.authorization();
            let start = format!("{method} /api/{UUID}/x HTTP/1.1\r\nhost: edge.example");
            let head = format!("{start}\r\n{body}{authorization}\r\nx-Value: ");
            let mut wire = Wire::connect(edge.url());
            wire.send([head.as_bytes(), value, b"\r\n\r\n"].concat()).unwrap();
            assert_eq!(wire.head().unwrap().status(), 200, "{method} {value:?}");
            let seen = receiver.recv().unwrap().to_ascii_lowercase();
            let line = [b"\r\nx-value: ", value, b"\r\n"].concat().to_ascii_lowercase();
            let found = seen.windows(line.len()).any(|window| window == line);
            assert!(found, "{method} {value:?} in {}", String::from_utf8_lossy(&seen));
        }
    }
}

#[test]
fn forged_identity_headers_never_reach_the_upstream() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let more = [("CLAIM_HEADERS", json!({"email": "X-User-Email"}))];
    let edge = edge(&auth, &upstream, &more);
    let bearer = bearer(&auth.token_with("a", json!({"email": "Jürgen\r\nx-edge-user: admin"})));
    let forged = [
        ("X-Edge-User", "admin"),
        ("x-EDGE-user", "admin"),
        ("x_edge_user", "admin"),
        ("X-Edge-Jwt-Assertion", "a.b.c"),
        ("x-edge-anything", "1"),
        ("X-User-Email", "admin@a"),
        ("x_user_email", "admin@a"),
    ];
    for (path, user) in [(format!("/api/{UUID}/x"), vec![UUID]), ("/public/x".into(), vec![])] {
        let headers = [&[("authorization", bearer.as_str())], &forged[..]].concat();
        let echoed = http::get(&format!("{}{path}", edge.url), &headers).unwrap().json();
        assert_eq!(seen(&echoed, "x-edge-user"), user, "{path}");
        let emails: &[&str] = match user.is_empty() {
            true => &[],
            false => &["J%C3%BCrgen%0D%0Ax-edge-user: admin"],
        };
        assert_eq!(seen(&echoed, "x-user-email"), emails, "{path}");
        for name in ["x_edge_user", "x-edge-jwt-assertion", "x-edge-anything", "x_user_email"] {
            assert!(seen(&echoed, name).is_empty(), "{name} on {path}");
        }
    }
}

#[test]
fn only_the_users_own_paths_are_reachable_in_any_encoding() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    let bearer = bearer(&auth.token("a"));
    let other = "0f8fad5b-d9cb-469f-a165-70867728950f";
    let status = |target: &str| {
        let host = edge.url.strip_prefix("http://").unwrap();
        let request = format!(
            "GET {target} HTTP/1.1\r\nhost: {host}\r\nauthorization: {bearer}\r\nconnection: close\r\n\r\n"
        );
        http::raw(&edge.url, &request).unwrap()
    };
    for own in [format!("/api/{UUID}/x"), format!("/%61pi/{}/x", UUID.to_uppercase())] {
        assert_eq!(status(&own), 200, "{own}");
    }
    for target in [
        format!("/api/{other}/x"),
        format!("/api/{UUID}/../{other}/x"),
        format!("/api/{UUID}/%2e%2e/{other}/x"),
        format!("/api/{UUID}%2F..%2F{other}/x"),
        format!("/api/{UUID}/..%2F{other}/x"),
        format!("/api/{UUID}%5C..%5C{other}/x"),
        format!("//api/{other}/x"),
        format!("/api//{other}/x"),
        format!("/api/{UUID}/..;/{other}/x"),
        format!("/%2561pi/{other}/x"),
        format!("/api/{other}"),
        format!("/api/{other}/"),
        "/api/%00/x".into(),
        "/api/%ff/x".into(),
    ] {
        let status = status(&target);
        assert!(matches!(status, 400 | 403), "{target} gave {status}");
    }
    let reached = upstream.count();
    assert_eq!(reached, 2, "only the two own paths reached the upstream");
}

#[test]
fn the_response_of_the_upstream_is_returned_unchanged() {
    let auth = Auth::start(&key_set(&["a"]));
    let upstream = Scripted::start(|request| {
        let headers = [("location", "/elsewhere"), ("set-cookie", "a=1"), ("x-origin", "yes")];
        respond(request, 307, &headers, "moved");
    });
    let edge = edge(&auth, &upstream, &[]);
    let response = http::get(&format!("{}/public/x", edge.url), &[]).unwrap();
    assert_eq!(response.status, 307);
    assert_eq!(response.header("location"), Some("/elsewhere"));
    assert_eq!(response.header("set-cookie"), Some("a=1"));
    assert_eq!(response.header("x-origin"), Some("yes"));
    assert_eq!(response.body, b"moved");
    assert_eq!(upstream.count(), 1, "the client follows redirects, not the Worker");
}

#[test]
fn an_upstream_that_sends_no_response_is_a_502() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[("ORIGIN_URL", json!("http://127.0.0.1:9"))]);
    let response = http::get(&format!("{}/public/x", edge.url), &[]).unwrap();
    assert_eq!(response.outcome(), "502 origin_unreachable");
}

#[test]
fn a_rejection_is_a_problem_response_with_a_challenge_and_without_the_token() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    let token = auth.token_with("a", json!({"exp": 1_700_000_000, "email": "ada@example.com"}));
    let headers = [("authorization", bearer(&token)), ("x-request-id", "request-0001".into())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let response = http::get(&format!("{}/api/{UUID}/x", edge.url), &headers).unwrap();
    assert_eq!(response.outcome(), "401 expired");
    let problem = response.json();
    let members: Vec<_> = problem.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["type", "title", "status", "code", "detail", "request_id"]);
    assert_eq!(problem["status"], 401);
    assert_eq!(problem["request_id"], "request-0001");
    let challenge = response.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Bearer ") && challenge.contains(r#"error="invalid_token""#));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let text = String::from_utf8(response.body).unwrap();
    assert!(!text.contains(&token) && !text.contains("ada@example.com"), "{text}");
    assert!(!edge.log().contains(&token), "the log contains no token");
}

#[test]
fn an_optional_route_accepts_no_token_or_a_valid_one() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    let url = format!("{}/maybe", edge.url);
    assert!(seen(&http::get(&url, &[]).unwrap().json(), "x-edge-user").is_empty());
    let bearer = bearer(&auth.token("a"));
    let echoed = http::get(&url, &[("authorization", &bearer)]).unwrap().json();
    assert_eq!(seen(&echoed, "x-edge-user"), [UUID]);
    let bad = http::get(&url, &[("authorization", "Bearer x.y.z")]).unwrap();
    assert_eq!(bad.outcome(), "401 malformed_token");
}
