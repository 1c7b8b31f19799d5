//! Sessions without a known client address: the auth server counts them all as one client.

use std::cell::Cell;

use crate::common::{Edge, ScriptedResponse, good_claims, request};
use better_auth_edge::gateway::{Decision, RequestHead};

const LIMITED: &str = r#"{"message":"Too many requests. Please try again later."}"#;

/// An edge whose auth server accepts sessions that begin with `live` and responds 429 if `is_busy`.
fn edge(more: &[(&str, &str)], is_busy: impl Fn(&str) -> bool + 'static, seconds: &str) -> Edge {
    let edge = Edge::new(&[&[("SESSION_EXCHANGE", "true")], more].concat());
    let (name, bearer) = edge.bearer(&good_claims());
    assert_eq!(edge.outcome(&request("GET", "/x", &[(name, bearer)])), "forward");
    let exp = (crate::common::NOW + 900.0).to_string();
    let token = edge.signer.token(&good_claims().with("exp", &exp));
    edge.host.respond_to(
        move |request| is_busy(request.cookie.as_deref().unwrap_or_default()),
        ScriptedResponse::status(429, LIMITED).with_header("x-retry-after", seconds),
    );
    edge.host.respond_to(
        |request| request.cookie.as_deref().is_some_and(|cookie| cookie.contains("=live")),
        ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#)),
    );
    edge.host.respond_with(ScriptedResponse::status(401, ""));
    edge
}

fn with(session: &str) -> RequestHead {
    request("GET", "/x", &[("cookie", format!("better-auth.session_token={session}"))])
}

/// The code of a rejected request, and its `Retry-After`.
fn rejection(edge: &Edge, session: &str) -> (&'static str, Option<u32>) {
    let Decision::Respond(_, Some(error)) = edge.decide(&with(session)) else {
        panic!("forwarded")
    };
    (error.code().as_str(), error.retry_after())
}

#[test]
fn forged_sessions_leave_a_part_of_the_budget_to_previously_valid_ones() {
    let count = Cell::new(0);
    let is_busy = move |_: &str| count.replace(count.get() + 1) >= 100;
    let edge = edge(&[], is_busy, "10");
    assert_eq!(edge.outcome(&with("live-known.x")), "forward");
    edge.host.advance(61.0);
    for i in 0..300 {
        let (code, seconds) = rejection(&edge, &format!("made-up{i}.x"));
        match i {
            0..80 => assert_eq!((code, seconds), ("missing_token", None), "{i}"),
            _ => assert_eq!((code, seconds), ("keys_unavailable", Some(10)), "{i}"),
        }
    }
    assert_eq!(edge.outcome(&with("live-known.x")), "forward");
    assert_eq!(rejection(&edge, "live-new.x"), ("keys_unavailable", Some(10)));
    edge.host.advance(10.0);
    assert_eq!(edge.outcome(&with("live-new.x")), "forward");
}

#[test]
fn with_the_secret_or_a_client_address_no_budget_applies() {
    let edge = edge(&[("CLIENT_IP_HEADER", "x-real-ip")], |_| false, "10");
    for i in 0..300 {
        let cookie = format!("better-auth.session_token=live{i}.x");
        let head = request("GET", "/x", &[("cookie", cookie.as_str()), ("x-real-ip", "192.0.2.7")]);
        assert_eq!(edge.outcome(&head), "forward");
    }
}

#[test]
fn a_429_for_one_session_delays_unknown_sessions_for_ten_seconds_and_no_known_session() {
    let edge = edge(&[], |cookie| cookie.contains("=live-limited"), "60");
    assert_eq!(edge.outcome(&with("live-known.x")), "forward");
    edge.host.advance(61.0);
    assert_eq!(edge.outcome(&with("live-cached.x")), "forward");
    assert_eq!(rejection(&edge, "live-limited.x"), ("keys_unavailable", Some(60)));
    assert_eq!(edge.outcome(&with("live-known.x")), "forward");
    assert_eq!(edge.outcome(&with("live-cached.x")), "forward");
    let before = edge.host.fetches();
    assert_eq!(rejection(&edge, "live-new.x"), ("keys_unavailable", Some(10)));
    edge.host.advance(5.0);
    assert_eq!(rejection(&edge, "live-limited.x"), ("keys_unavailable", Some(55)));
    assert_eq!(edge.host.fetches(), before);
    edge.host.advance(5.0);
    assert_eq!(edge.outcome(&with("live-new.x")), "forward");
}
