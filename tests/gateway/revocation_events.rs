//! Messages about events: which are accepted, once, and from whom.

use crate::common::{
    Edge, NOW, ScriptedResponse, ScriptedStore, Signer, good_claims, key_set, message_claims,
    request,
};
use better_auth_edge::gateway::{Decision, RequestHead, Response};
use better_auth_edge::host::Limit;

use super::revocations::{
    SESSION_ENDED, message, message_of, report, session_claims, to_events, with_token,
};

fn edge(settings: &[(&str, &str)]) -> (ScriptedStore, Edge) {
    let store = ScriptedStore::new();
    let edge = Edge::with_revocations(settings, &store);
    (store, edge)
}

/// The code of a problem response, or `ok`.
fn code(response: &Response) -> String {
    let problem: serde_json::Value = serde_json::from_str(&response.body).unwrap_or_default();
    problem["code"].as_str().unwrap_or("ok").to_owned()
}

#[test]
fn an_event_is_accepted_once() {
    let (store, edge) = edge(&[]);
    let token = message(&edge.signer, NOW, "1", SESSION_ENDED);
    let response = edge.receive(&to_events(), &token);
    assert_eq!((response.status, response.body.as_str()), (204, ""));
    let again = edge.receive(&to_events(), &token);
    assert_eq!((again.status, code(&again)), (409, "replayed_event".to_owned()));
    assert_eq!(store.entries(0).len(), 1);
    let [(shard, id, until)] = &store.seen()[..] else { panic!("one event") };
    assert_eq!((*shard, id.len()), (0, 22));
    assert!(*until >= NOW + 125.0, "the id is kept for as long as the token is accepted");
    // no id of a user, a session or an event is in the store
    let stored = format!("{:?} {:?}", store.entries(0), store.seen());
    assert!(!stored.contains("user-1") && !stored.contains("session-1"));
    // another isolate knows it as well
    let other = Edge::with_revocations(&[], &store);
    assert_eq!(other.receive(&to_events(), &token).status, 409);
    // the same id of another issuer is another event
    assert_eq!(report(&edge, "2", SESSION_ENDED), 204);
}

#[test]
fn messages_that_are_not_the_auth_servers_change_nothing() {
    let (store, edge) = edge(&[]);
    let good = message_claims(NOW, "1").with("events", SESSION_ENDED);
    let with = |name: &str, value: &str| message_of(&edge.signer, &good.with(name, value));
    let without = |name: &str| message_of(&edge.signer, &good.without(name));
    let typed = |typ: &str| {
        edge.signer.sign(edge.signer.header_with("typ", &format!("{typ:?}")), good.to_string())
    };
    let now = |seconds: f64| (NOW + seconds).to_string();
    for (token, expected) in [
        (message_of(&Signer::new(2, "key-1"), &good), "bad_signature"),
        (message_of(&Signer::new(2, "key-2"), &good), "unknown_key"),
        (edge.signer.token(&good), "wrong_token_type"),
        (edge.signer.token(&session_claims()), "wrong_token_type"),
        (typed("JWT"), "wrong_token_type"),
        (typed("logout+jwt"), "wrong_token_type"),
        (typed("edge-assertion+jwt"), "wrong_token_type"),
        (with("iss", r#""https://evil.example""#), "issuer_mismatch"),
        (with("aud", r#""https://app.example""#), "audience_mismatch"),
        (with("aud", r#""https://edge.example/""#), "audience_mismatch"),
        (with("exp", &now(-6.0)), "expired"),
        (with("iat", &now(6.0)), "not_yet_valid"),
        (with("exp", &now(126.0)), "invalid_claim"),
        (without("jti"), "missing_claim"),
        (without("iat"), "missing_claim"),
        (without("exp"), "missing_claim"),
        (without("events"), "missing_claim"),
        (with("jti", "7"), "invalid_claim"),
        (with("events", r#"[{"type":"other"}]"#), "invalid_claim"),
        (with("events", "{}"), "invalid_claim"),
        ("not a token".to_owned(), "malformed_token"),
        (String::new(), "missing_token"),
    ] {
        let response = edge.receive(&to_events(), &token);
        assert_eq!(code(&response), expected, "{token}");
    }
    assert_eq!((store.entries(0).len(), store.seen().len()), (0, 0));
    assert_eq!(edge.outcome(&with_token(&edge, &session_claims())), "forward");
}

#[test]
fn the_log_names_the_issuer_that_the_plugin_must_send_events_to() {
    let (_, edge) = edge(&[]);
    let good = message_claims(NOW, "1").with("events", SESSION_ENDED);
    let of_another = good.with("aud", r#""https://other.example""#);
    let response = edge.receive(&to_events(), message_of(&edge.signer, &of_another));
    assert_eq!(code(&response), "audience_mismatch");
    let cause = edge.logged_cause().expect("a cause");
    assert!(cause.contains("edgeURL") && cause.ends_with(": https://edge.example"), "{cause}");
    assert!(!cause.contains("other.example") && !response.body.contains("edgeURL"), "{cause}");
    // a client that forges a token causes no such line
    let forged = message_of(&Signer::new(2, "key-1"), &of_another);
    assert_eq!(code(&edge.receive(&to_events(), forged)), "bad_signature");
    assert_eq!(edge.logged_cause(), None);
}

#[test]
fn an_unknown_event_among_known_ones_spoils_the_message() {
    let (store, edge) = edge(&[]);
    let events = r#"[{"type":"session","sid":"session-1","sub":"user-1"},{"type":"future"}]"#;
    assert_eq!(report(&edge, "1", events), 401);
    assert!(store.entries(0).is_empty());
    assert_eq!(edge.outcome(&with_token(&edge, &session_claims())), "forward");
}

#[test]
fn a_hundred_events_fit_into_one_message() {
    let (store, edge) = edge(&[]);
    let event =
        |number| format!(r#"{{"type":"session","sid":"{number:032}","sub":"user-{number}"}}"#);
    let events: Vec<_> = (0..100).map(event).collect();
    let token = message(&edge.signer, NOW, "1", &format!("[{}]", events.join(",")));
    assert!(token.len() <= edge.gateway.body_limit(&to_events()).unwrap(), "{}", token.len());
    assert_eq!(edge.receive(&to_events(), token).status, 204);
    assert_eq!(store.entries(0).len(), 100);
}

#[test]
fn a_message_is_not_a_session_token() {
    let (_, edge) = edge(&[]);
    let claims = message_claims(NOW, "1").with("events", SESSION_ENDED).with("sub", r#""user-1""#);
    let claims = claims.with("aud", r#"["https://edge.example","https://app.example"]"#);
    let head = request(
        "GET",
        "/x",
        &[("authorization", format!("Bearer {}", message_of(&edge.signer, &claims)))],
    );
    assert_eq!(edge.outcome(&head), "wrong_token_type");
    // not even without the type
    let head = request("GET", "/x", &[edge.bearer(&claims)]);
    assert_eq!(edge.outcome(&head), "wrong_token_type");
}

#[test]
fn each_issuer_reports_the_end_of_its_own_sessions_only() {
    let issuers = ("ISSUERS", r#"[{"base_url":"https://b.example"}]"#);
    let (store, edge) = edge(&[issuers]);
    let b = Signer::new(2, "key-b");
    edge.host.respond_to(
        |request| request.url.starts_with("https://b.example"),
        ScriptedResponse::ok(key_set(&[b.jwk()])),
    );
    let claims = message_claims(NOW, "1").with("events", SESSION_ENDED);
    // signed by B, in the name of A
    let response = edge.receive(&to_events(), message_of(&b, &claims));
    assert_eq!(code(&response), "unknown_key");
    assert!(store.entries(0).is_empty());
    // by B about a user with the same id as one of A
    let of_b = claims.with("iss", r#""https://b.example""#);
    assert_eq!(edge.receive(&to_events(), message_of(&b, &of_b)).status, 204);
    assert_eq!(edge.outcome(&with_token(&edge, &session_claims())), "forward");
}

#[test]
fn a_store_that_fails_makes_the_sender_retry() {
    let (store, edge) = edge(&[]);
    store.fail_appends(true);
    let token = message(&edge.signer, NOW, "1", SESSION_ENDED);
    let response = edge.receive(&to_events(), &token);
    assert_eq!((response.status, code(&response)), (503, "revocations_unavailable".to_owned()));
    assert!(response.headers.contains(&("retry-after", "1".to_owned())));
    // this isolate does not wait for the retry
    assert_eq!(edge.outcome(&with_token(&edge, &session_claims())), "session_revoked");
    store.fail_appends(false);
    assert_eq!(edge.receive(&to_events(), &token).status, 204);
}

#[test]
fn a_message_that_reached_some_shards_reaches_the_others_by_a_retry() {
    let (store, edge) = edge(&[("REVOCATION_SHARDS", "4")]);
    let event = format!(r#"[{{"type":"keys","not_before":{NOW}}}]"#);
    let token = message(&edge.signer, NOW, "1", &event);
    assert_eq!(edge.receive(&to_events(), &token).status, 204);
    assert!((0..4).all(|shard| store.entries(shard).len() == 1));
    assert_eq!(edge.receive(&to_events(), &token).status, 409);
    // as if only the first shard had it
    let seen = store.seen();
    let partly = ScriptedStore::new();
    partly.append(0, &seen[0].1, seen[0].2, "x").unwrap();
    let other = Edge::with_revocations(&[("REVOCATION_SHARDS", "4")], &partly);
    assert_eq!(other.receive(&to_events(), &token).status, 204);
    assert!((1..4).all(|shard| partly.entries(shard).len() == 1));
}

#[test]
fn forged_messages_count_against_the_rate_limit_and_fetch_no_keys() {
    let (_, edge) = edge(&[("CLIENT_IP_HEADER", "x-real-ip")]);
    assert_eq!(edge.outcome(&with_token(&edge, &session_claims())), "forward");
    let fetches = edge.host.fetches();
    let headers = [("content-type", "application/jwt"), ("x-real-ip", "192.0.2.7")];
    let head = request("POST", "/.well-known/better-auth-edge/events", &headers);
    let forged = message(&Signer::new(2, "key-1"), NOW, "1", SESSION_ENDED);
    edge.host.counted();
    for _ in 0..100 {
        assert_eq!(code(&edge.receive(&head, &forged)), "bad_signature");
    }
    assert_eq!(edge.host.counted().len(), 100);
    // the key under that id may have been replaced, but not a hundred times
    assert!(edge.host.fetches() - fetches <= 4, "{}", edge.host.fetches() - fetches);
    edge.host.set_reached_limits(&[Limit::Rejected]);
    assert_eq!(edge.receive(&head, &forged).status, 429);
    // an event of the auth server is not rejected
    assert_eq!(report(&edge, "2", SESSION_ENDED), 204);
}

#[test]
fn only_a_post_with_the_right_type_and_size_is_a_message() {
    let (_, edge) = edge(&[]);
    let token = message(&edge.signer, NOW, "1", SESSION_ENDED);
    let post = |content_type: &str| {
        request("POST", "/.well-known/better-auth-edge/events", &[("content-type", content_type)])
    };
    for wrong in ["application/json", "", "application/jwt2", "text/plain; application/jwt"] {
        assert_eq!(code(&edge.receive(&post(wrong), &token)), "malformed_request", "{wrong}");
    }
    assert_eq!(
        code(&edge.receive(&post("application/jwt"), vec![b'a'; 16_385])),
        "token_too_large"
    );
    assert_eq!(code(&edge.receive(&post("application/jwt"), [0xff; 4])), "malformed_request");
    assert_eq!(edge.receive(&post("Application/JWT; charset=utf-8"), &token).status, 204);
    let none = |method, path| edge.gateway.body_limit(&request(method, path, &[("a", "b")]));
    for (method, path) in [
        ("GET", "/.well-known/better-auth-edge/events"),
        ("PUT", "/.well-known/better-auth-edge/events"),
        ("POST", "/.well-known/better-auth-edge/events/"),
        ("POST", "/.well-known/better-auth-edge/health"),
        ("POST", "/x"),
    ] {
        assert_eq!(none(method, path), None, "{method} {path}");
    }
}

#[test]
fn an_edge_without_a_store_has_none_of_these_paths() {
    let url = [
        ("REVOCATIONS_URL", "https://other.example"),
        ("REVOCATIONS_TOKEN", "0123456789abcdef0123456789abcdef"),
    ];
    for edge in [Edge::new(&[]), Edge::new(&url)] {
        for path in ["events", "backchannel-logout", "revocations"] {
            for method in ["POST", "GET"] {
                let path = format!("/.well-known/better-auth-edge/{path}");
                let head: RequestHead = request(method, &path, &[edge.bearer(&good_claims())]);
                assert_eq!(edge.gateway.body_limit(&head), None);
                let Decision::Respond(response, _) = edge.decide(&head) else {
                    panic!("forwarded: {path}")
                };
                assert_eq!(response.status, 404, "{path}");
            }
        }
    }
}
