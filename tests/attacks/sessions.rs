//! Attacks on sessions: clients that disconnect, one session in many encodings, forged cookies, and
//! cookies planted by a sibling host.

use std::future::Future;

use crate::common::{Edge, ScriptedResponse, good_claims, request};
use better_auth_edge::gateway::{Decision, RequestHead};
use better_auth_edge::host::GetError;
use futures_util::FutureExt;
use futures_util::future::join_all;

const EXCHANGE: (&str, &str) = ("SESSION_EXCHANGE", "true");
const ADDRESS: (&str, &str) = ("CLIENT_IP_HEADER", "x-real-ip");
const NAME: &str = "better-auth.session_token";
const LIVE: &str = "better-auth.session_token=t.s%3D";

/// An edge that has cached its keys.
fn edge(more: &[(&str, &str)]) -> Edge {
    let edge = Edge::new(&[&[EXCHANGE], more].concat());
    let (name, bearer) = edge.bearer(&good_claims());
    assert_eq!(edge.outcome(&request("GET", "/x", &[(name, bearer)])), "forward");
    edge
}

/// The auth server's response for a session: a token.
fn token(edge: &Edge) -> ScriptedResponse {
    let exp = (crate::common::NOW + edge.host.elapsed() + 900.0).to_string();
    let token = edge.signer.token(&good_claims().with("exp", &exp));
    ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#))
}

fn with_cookies(cookies: &str) -> RequestHead {
    request("GET", "/x", &[("cookie", cookies)])
}

/// The same from a distinct client address.
fn from(i: usize, cookies: &str) -> RequestHead {
    let address = format!("10.0.{}.{}", i / 256, i % 256);
    request("GET", "/x", &[("cookie", cookies), ("x-real-ip", &*address)])
}

/// The session cookies that the auth server received, in order.
fn exchanged(edge: &Edge) -> Vec<String> {
    edge.host.requests().into_iter().filter_map(|request| request.cookie).collect()
}

/// Polls a request once and drops it, as if its client disconnects.
fn disconnect(request: impl Future) {
    assert!(request.now_or_never().is_none(), "the request is pending");
}

/// The outcomes of concurrent requests.
fn outcomes(edge: &Edge, heads: &[RequestHead]) -> Vec<&'static str> {
    let decisions = heads.iter().map(|head| edge.gateway.decide(head, &edge.host));
    let decisions = edge.host.run(join_all(decisions));
    decisions.into_iter().map(outcome).collect()
}

fn outcome(decision: Decision) -> &'static str {
    match decision {
        Decision::Forward(..) => "forward",
        Decision::Respond(_, error) => error.expect("a reason").code().as_str(),
    }
}

#[test]
fn a_client_that_disconnects_does_not_cancel_the_exchange_of_others() {
    let edge = edge(&[]);
    edge.host.respond_with(token(&edge).after(0.3));
    let head = with_cookies(LIVE);
    disconnect(edge.gateway.decide(&head, &edge.host));
    let before = edge.host.elapsed();
    assert_eq!(edge.outcome(&head), "forward");
    assert!(edge.host.elapsed() - before < 0.4, "it waits only as long as the auth server takes");
    assert_eq!(exchanged(&edge), [LIVE]);
}

#[test]
fn an_exchange_that_the_runtime_stopped_is_taken_over_at_once() {
    let edge = edge(&[]);
    edge.host.respond_with(token(&edge).after(0.3));
    let head = with_cookies(LIVE);
    disconnect(edge.gateway.decide(&head, &edge.host));
    edge.host.drop_background();
    let before = edge.host.elapsed();
    assert_eq!(edge.outcome(&head), "forward");
    assert!(edge.host.elapsed() - before < 0.4);
}

#[test]
fn requests_with_one_session_share_one_exchange_in_any_encoding() {
    let edge = edge(&[]);
    edge.host.respond_with(token(&edge).after(0.3));
    let spellings = ["t.s%3D", "t.s=", "t.s%3d", "%74.s%3D", "%74%2E%73%3d", "\"t.s%3D\""];
    let heads = spellings.map(|value| with_cookies(&format!("{NAME}={value}")));
    assert_eq!(outcomes(&edge, &heads), ["forward"; 6]);
    for head in &heads {
        assert_eq!(edge.outcome(head), "forward");
    }
    let all = spellings.map(|value| format!("{NAME}={value}")).join("; ");
    assert_eq!(edge.outcome(&with_cookies(&all)), "forward");
    assert_eq!(exchanged(&edge), [LIVE], "one encoding is sent");
}

#[test]
fn waiting_requests_share_a_failure_too() {
    for answer in [
        ScriptedResponse::error(GetError::TimedOut).after(5.0),
        ScriptedResponse::status(500, "").after(1.0),
    ] {
        let edge = edge(&[]);
        edge.host.respond_with(answer);
        let heads: Vec<_> = (0..20).map(|_| with_cookies(LIVE)).collect();
        assert_eq!(outcomes(&edge, &heads), ["keys_unavailable"; 20]);
        assert_eq!(exchanged(&edge).len(), 1);
        edge.host.respond_with(token(&edge));
        edge.host.advance(1.0);
        assert_eq!(edge.outcome(&with_cookies(LIVE)), "forward");
    }
}

#[test]
fn without_a_token_cache_an_exchange_serves_only_requests_that_came_before_it() {
    let edge = edge(&[("SESSION_MAX_AGE", "0")]);
    edge.host.respond_with(token(&edge).after(0.3));
    let heads: Vec<_> = (0..20).map(|_| with_cookies(LIVE)).collect();
    assert_eq!(outcomes(&edge, &heads), ["forward"; 20]);
    assert_eq!(exchanged(&edge).len(), 1);
    edge.host.advance(0.1);
    assert_eq!(edge.outcome(&with_cookies(LIVE)), "forward");
    assert_eq!(exchanged(&edge).len(), 2);
}

#[test]
fn a_bounded_number_of_exchanges_runs_at_once_and_the_rest_queue() {
    let edge = edge(&[ADDRESS]);
    edge.host.respond_with(token(&edge).after(0.3));
    let heads: Vec<_> = (0..250).map(|i| from(i, &format!("{NAME}=t{i}.s"))).collect();
    for head in &heads {
        disconnect(edge.gateway.decide(head, &edge.host));
    }
    // only the exchanges of these requests continue
    assert_eq!(outcomes(&edge, &heads[..1]), ["forward"]);
    assert_eq!(exchanged(&edge).len(), 100);
    assert_eq!(outcomes(&edge, &heads), ["forward"; 250]);
    assert_eq!(exchanged(&edge).len(), 250);
}

#[test]
fn a_forged_session_is_tried_once_in_ten_seconds() {
    let edge = edge(&[]);
    edge.host.respond_with(ScriptedResponse::status(401, ""));
    for _ in 0..50 {
        assert_eq!(edge.outcome(&with_cookies(LIVE)), "missing_token");
        edge.host.advance(0.19);
    }
    assert_eq!(exchanged(&edge).len(), 1);
    edge.host.advance(1.0);
    edge.host.respond_with(token(&edge));
    assert_eq!(edge.outcome(&with_cookies(LIVE)), "forward");
}

#[test]
fn forged_sessions_evict_no_live_session() {
    let edge = edge(&[ADDRESS, ("SESSION_MAX_AGE", "300")]);
    edge.host.respond_once_with(token(&edge));
    assert_eq!(edge.outcome(&with_cookies(LIVE)), "forward");
    edge.host.respond_with(ScriptedResponse::status(401, ""));
    for i in 0..2_500 {
        assert_eq!(edge.outcome(&from(i, &format!("{NAME}={i}.x"))), "missing_token");
    }
    assert_eq!(edge.outcome(&with_cookies(LIVE)), "forward");
}

#[test]
fn a_cookie_planted_by_a_sibling_host_does_not_shadow_a_live_session() {
    for cookies in [
        format!("__Secure-{NAME}=x; {LIVE}"),
        format!("{LIVE}; __Secure-{NAME}=x"),
        format!("{NAME}=x; {LIVE}"),
        format!("{LIVE}; {NAME}=x"),
        format!("{NAME}=; {LIVE}"),
        format!("{NAME}=%; {NAME}=%ff; {LIVE}"),
        format!("{NAME}={}; {LIVE}", "x".repeat(5_000)),
        format!("__Secure-{NAME}=x; __Secure-{NAME}=x; __Secure-{NAME}=y; {NAME}=z; {LIVE}"),
    ] {
        let edge = edge(&[]);
        edge.host.respond_to(
            |request| request.cookie.as_deref().is_some_and(|cookie| cookie != LIVE),
            ScriptedResponse::status(401, ""),
        );
        edge.host.respond_with(token(&edge));
        for _ in 0..3 {
            assert_eq!(edge.outcome(&with_cookies(&cookies)), "forward", "{cookies}");
        }
        let live = exchanged(&edge).iter().filter(|cookie| *cookie == LIVE).count();
        assert_eq!(live, 1);
        assert!(exchanged(&edge).len() <= 4, "rejections are cached: {:?}", exchanged(&edge));
    }
}

#[test]
fn no_more_than_four_sessions_of_a_request_are_tried() {
    let edge = edge(&[]);
    edge.host.respond_with(ScriptedResponse::status(401, ""));
    let cookies: Vec<_> = (0..20).map(|i| format!("{NAME}={i}.x")).collect();
    assert_eq!(edge.outcome(&with_cookies(&cookies.join("; "))), "missing_token");
    assert_eq!(exchanged(&edge).len(), 4);
}

#[test]
fn a_silent_auth_server_is_tried_once_per_request_and_causes_a_server_error() {
    let edge = edge(&[]);
    edge.host.respond_with(ScriptedResponse::error(GetError::TimedOut).after(5.0));
    let cookies = format!("__Secure-{NAME}=x; {LIVE}");
    assert_eq!(edge.outcome(&with_cookies(&cookies)), "keys_unavailable");
    assert_eq!(exchanged(&edge).len(), 1);
    // an auth server that fails for one session and rejects the other
    let edge = self::edge(&[]);
    edge.host.respond_once_with(ScriptedResponse::status(500, ""));
    edge.host.respond_once_with(ScriptedResponse::status(401, ""));
    assert_eq!(edge.outcome(&with_cookies(&cookies)), "keys_unavailable");
}

#[test]
fn a_planted_cookie_cache_does_not_shadow_the_exchange() {
    let edge = edge(&[("COOKIE_CACHE", "jwks")]);
    edge.host.respond_with(token(&edge));
    let cookies = format!(
        "{LIVE}; better-auth.session_data=x; better-auth.session_data=y; better-auth.session_data.5=z"
    );
    assert_eq!(edge.outcome(&with_cookies(&cookies)), "forward");
}
