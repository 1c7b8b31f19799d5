//! Attacks with session cookies that a sibling host plants before the user's own.

use crate::common::{Edge, ScriptedResponse, good_claims, request};
use better_auth_edge::gateway::RequestHead;

const NAME: &str = "better-auth.session_token";
const LIVE: &str = "better-auth.session_token=live.x";

/// An edge whose auth server accepts sessions that begin with `live`.
fn edge() -> Edge {
    let edge = Edge::new(&[("SESSION_EXCHANGE", "true")]);
    let (name, bearer) = edge.bearer(&good_claims());
    assert_eq!(edge.outcome(&request("GET", "/x", &[(name, bearer)])), "forward");
    let exp = (crate::common::NOW + 900.0).to_string();
    let token = edge.signer.token(&good_claims().with("exp", &exp));
    edge.host.respond_to(
        |request| request.cookie.as_deref().is_some_and(|cookie| cookie.contains("=live")),
        ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#)),
    );
    edge.host.respond_with(ScriptedResponse::status(401, ""));
    edge
}

/// A request with `count` ended sessions before the live one.
fn behind(count: usize, guard: &str) -> RequestHead {
    let planted = (0..count).map(|i| format!("{guard}{NAME}=dead{i}.x; "));
    with_cookies(&format!("{}{LIVE}", planted.collect::<String>()))
}

fn with_cookies(cookies: &str) -> RequestHead {
    request("GET", "/x", &[("cookie", cookies)])
}

#[test]
fn a_known_session_stays_valid_beside_any_number_of_planted_cookies_with_any_prefix() {
    for guard in ["", "__Secure-"] {
        for count in [4, 16, 17, 100] {
            let edge = edge();
            assert_eq!(edge.outcome(&with_cookies(LIVE)), "forward");
            let head = behind(count, guard);
            assert_eq!(edge.outcome(&head), "forward", "the token is cached: {guard} {count}");
            // past the time-to-live of cached tokens and cached rejections
            for seconds in [61.0, 61.0, 11.0, 200.0] {
                edge.host.advance(seconds);
                assert_eq!(edge.outcome(&head), "forward", "{guard} {count} {seconds}");
            }
        }
    }
}

#[test]
fn a_new_session_is_exchanged_after_each_planted_session_was_tried_once() {
    for guard in ["", "__Secure-"] {
        for count in [3, 4, 10, 100] {
            let edge = edge();
            let head = behind(count, guard);
            let before = edge.host.fetches();
            for _ in 0..count / 4 {
                assert_eq!(edge.outcome(&head), "missing_token", "{guard} {count}");
                // longer than a rejection is final, shorter than it is cached
                edge.host.advance(11.0);
            }
            assert_eq!(edge.outcome(&head), "forward", "{guard} {count}");
            assert_eq!(edge.host.fetches(), before + count + 1);
        }
    }
}

#[test]
fn one_request_tries_four_unknown_and_four_previously_valid_sessions() {
    let edge = edge();
    let sessions =
        |name: &str| -> Vec<_> { (0..9).map(|i| format!("{NAME}={name}{i}.x")).collect() };
    let (ended, dead) = (sessions("ended"), sessions("dead"));
    let exp = (crate::common::NOW + 900.0).to_string();
    let token = edge.signer.token(&good_claims().with("exp", &exp));
    for cookie in &ended {
        edge.host.respond_once_with(ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#)));
        assert_eq!(edge.outcome(&with_cookies(cookie)), "forward");
    }
    edge.host.advance(61.0);
    let before = edge.host.fetches();
    let cookies = [dead, ended].concat().join("; ");
    assert_eq!(edge.outcome(&with_cookies(&cookies)), "missing_token");
    assert_eq!(edge.host.fetches(), before + 8);
}

#[test]
fn a_cached_session_does_not_precede_one_with_a_stricter_cookie_prefix_that_may_be_live() {
    let edge = edge();
    let attackers = format!("{NAME}=live-of-a-stranger.x");
    assert_eq!(edge.outcome(&with_cookies(&attackers)), "forward");
    for guard in ["__Host-", "__Secure-"] {
        let before = edge.host.fetches();
        let cookies = format!("{attackers}; {guard}{NAME}=dead.x; {guard}{NAME}=live{guard}.x");
        assert_eq!(edge.outcome(&with_cookies(&cookies)), "forward");
        let requests = edge.host.requests().split_off(before);
        let last = requests.last().and_then(|request| request.cookie.clone());
        assert_eq!(last, Some(format!("{guard}{NAME}=live{guard}.x")), "not the stranger's");
    }
}

#[test]
fn different_encodings_of_a_signature_are_one_session() {
    let edge = edge();
    for last in ["o", "p", "q", "r"] {
        let signature = format!("Ge8ADjtw5KRPYnDnMPQwq1rJY1rFPBAp1aEAklzdSf{last}%3D");
        assert_eq!(
            edge.outcome(&with_cookies(&format!("{NAME}=dead.{signature}"))),
            "missing_token"
        );
    }
    let requests = edge.host.requests().into_iter().filter_map(|request| request.cookie);
    assert_eq!(
        requests.collect::<Vec<_>>(),
        [format!("{NAME}=dead.Ge8ADjtw5KRPYnDnMPQwq1rJY1rFPBAp1aEAklzdSfo%3D")]
    );
}
