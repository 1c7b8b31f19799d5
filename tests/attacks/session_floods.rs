//! Floods of forged sessions while the auth server is slow: users with live sessions must not wait
//! for them.

use crate::common::{Edge, ScriptedResponse, good_claims, request};
use better_auth_edge::gateway::{Decision, RequestHead};
use futures_util::future::join_all;

const SETTINGS: [(&str, &str); 2] =
    [("SESSION_EXCHANGE", "true"), ("CLIENT_IP_HEADER", "x-real-ip")];

/// An edge whose auth server responds in a second and accepts sessions that begin with `live`.
fn edge() -> Edge {
    let edge = Edge::new(&SETTINGS);
    let (name, bearer) = edge.bearer(&good_claims());
    assert_eq!(edge.outcome(&request("GET", "/x", &[(name, bearer)])), "forward");
    let exp = (crate::common::NOW + 900.0).to_string();
    let token = edge.signer.token(&good_claims().with("exp", &exp));
    edge.host.respond_to(
        |request| request.cookie.as_deref().is_some_and(|cookie| cookie.contains("=live")),
        ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#)).after(1.0),
    );
    edge.host.respond_to(
        |request| request.cookie.is_some(),
        ScriptedResponse::status(401, "").after(1.0),
    );
    edge
}

fn visit(sessions: &[&str], address: &str) -> RequestHead {
    let cookies = sessions.iter().map(|it| format!("better-auth.session_token={it}"));
    let cookies = cookies.collect::<Vec<_>>().join("; ");
    request("GET", "/x", &[("cookie", cookies.as_str()), ("x-real-ip", address)])
}

/// The outcome of a request that arrives while two thousand forged ones wait, and its duration in
/// seconds.
fn within_a_flood(
    edge: &Edge,
    address_of: impl Fn(usize) -> String,
    head: &RequestHead,
) -> (&'static str, f64) {
    let made_up = |i| visit(&[&format!("made-up{i}.x")], &address_of(i));
    edge.outcome_within(&(0..2_000).map(made_up).collect::<Vec<_>>(), head)
}

#[test]
fn a_flood_from_one_address_delays_no_other_address() {
    let edge = edge();
    let head = visit(&["live1.x"], "198.51.100.1");
    let (outcome, seconds) = within_a_flood(&edge, |_| "192.0.2.7".to_owned(), &head);
    assert_eq!(outcome, "forward");
    assert!(seconds < 1.1, "{seconds}");
}

#[test]
fn a_flood_from_one_ipv6_network_counts_as_one_address() {
    let edge = edge();
    let head = visit(&["live1.x"], "2001:db8:0:2::1");
    let (outcome, seconds) = within_a_flood(&edge, |i| format!("2001:db8:0:1::{i:x}"), &head);
    assert_eq!(outcome, "forward");
    assert!(seconds < 1.1, "{seconds}");
}

#[test]
fn a_flood_from_a_network_of_many_subscribers_delays_no_other_network() {
    let edge = edge();
    let head = visit(&["live1.x"], "2001:db8:1:2::1");
    let address = |i: usize| format!("2001:db8:0:{:x}::{i:x}", i % 256);
    let (outcome, seconds) = within_a_flood(&edge, address, &head);
    assert_eq!(outcome, "forward");
    assert!(seconds < 1.1, "{seconds}");
}

#[test]
fn in_a_flood_from_many_or_unknown_addresses_the_newest_request_is_next() {
    for unknown in [true, false] {
        let address = |i: usize| match unknown {
            true => String::new(),
            false => format!("10.0.{}.{}", i / 256, i % 256),
        };
        let edge = edge();
        let (outcome, seconds) =
            within_a_flood(&edge, address, &visit(&["live1.x"], "198.51.100.1"));
        assert_eq!(outcome, "forward");
        assert!(seconds < 2.5, "{seconds}");
    }
}

#[test]
fn a_previously_valid_session_has_a_reserved_exchange() {
    let edge = edge();
    let head = visit(&["live1.x"], "");
    assert_eq!(edge.outcome(&head), "forward");
    edge.host.advance(61.0);
    let (outcome, seconds) = within_a_flood(&edge, |_| String::new(), &head);
    assert_eq!(outcome, "forward");
    assert!(seconds < 1.1, "{seconds}");
}

#[test]
fn requests_beyond_the_queue_get_a_retry_after_at_once() {
    let edge = edge();
    let heads: Vec<_> = (0..2_000).map(|i| visit(&[&format!("made-up{i}.x")], "")).collect();
    let decisions = heads.iter().map(|head| async {
        let decision = edge.gateway.decide(head, &edge.host).await;
        (decision, edge.host.elapsed())
    });
    let began = edge.host.elapsed();
    let decisions = edge.host.run(join_all(decisions));
    let mut early = 0;
    for (decision, at) in decisions {
        let Decision::Respond(response, Some(error)) = decision else { panic!("forwarded") };
        if error.code().as_str() == "keys_unavailable" {
            assert!(response.headers.iter().any(|(name, _)| *name == "retry-after"));
            early += usize::from(at - began < 0.5);
        }
    }
    assert!(early >= 1_400, "{early}");
}

#[test]
fn planted_cookies_neither_delay_nor_hide_a_user_with_a_cached_token() {
    let edge = edge();
    assert_eq!(edge.outcome(&visit(&["live1.x"], "")), "forward");
    let before = (edge.host.elapsed(), edge.host.fetches());
    let planted = ["a.x", "b.x", "c.x", "d.x", "e.x", "f.x", "live1.x"];
    assert_eq!(edge.outcome(&visit(&planted, "")), "forward");
    assert_eq!((edge.host.elapsed(), edge.host.fetches()), before, "the edge fetched nothing");
}

#[test]
fn a_known_planted_session_does_not_precede_one_with_a_stricter_cookie_prefix() {
    let edge = edge();
    assert_eq!(edge.outcome(&visit(&["live-of-a-stranger.x"], "")), "forward");
    let before = edge.host.fetches();
    let cookies =
        "better-auth.session_token=live-of-a-stranger.x; __Host-better-auth.session_token=live.x";
    assert_eq!(edge.outcome(&request("GET", "/x", &[("cookie", cookies)])), "forward");
    assert_eq!(edge.host.fetches(), before + 1, "the edge exchanged the user's own session");
}
