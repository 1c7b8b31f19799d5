//! Sessions that have ended: which tokens are refused, and from when on.

use crate::common::{
    Claims, Edge, NOW, ScriptedStore, Signer, good_claims, message_claims, request,
};
use better_auth_edge::gateway::{HeaderCache, RequestHead};
use better_auth_edge::host::Clock;

/// The claims of a token of session `session-1`, which began at [`NOW`].
pub(super) fn session_claims() -> Claims {
    let claims = good_claims().with("sid", r#""session-1""#);
    claims.with("session_iat", &NOW.to_string()).with("exp", &(NOW + 3_600.0).to_string())
}

/// A request with a token of these claims.
pub(super) fn with_token(edge: &Edge, claims: &Claims) -> RequestHead {
    request("GET", "/x", &[edge.bearer(claims)])
}

/// A message with these events, given as JSON.
pub(super) fn message(signer: &Signer, now: f64, jti: &str, events: &str) -> String {
    message_of(signer, &message_claims(now, jti).with("events", events))
}

pub(super) fn message_of(signer: &Signer, claims: &Claims) -> String {
    signer.sign(signer.header_with("typ", r#""edge-event+jwt""#), claims.to_string())
}

pub(super) fn to_events() -> RequestHead {
    let headers = [("content-type", "application/jwt")];
    request("POST", "/.well-known/better-auth-edge/events", &headers)
}

/// The status of the response to a message with these events, which the edge receives now.
pub(super) fn report(edge: &Edge, jti: &str, events: &str) -> u16 {
    let token = message(&edge.signer, NOW + edge.host.elapsed(), jti, events);
    edge.receive(&to_events(), token).status
}

pub(super) const SESSION_ENDED: &str = r#"[{"type":"session","sid":"session-1","sub":"user-1"}]"#;

fn user_ended(not_before: f64) -> String {
    format!(r#"[{{"type":"user","sub":"user-1","not_before":{not_before}}}]"#)
}

/// Two isolates with one store, whose clocks run together.
pub(super) fn isolates(settings: &[(&str, &str)]) -> (ScriptedStore, Edge, Edge) {
    let store = ScriptedStore::new();
    let one = Edge::with_revocations(settings, &store);
    let other = Edge::with_revocations(settings, &store);
    (store, one, other)
}

#[test]
fn a_session_that_has_ended_is_refused_everywhere_within_the_lag() {
    let (_, one, other) = isolates(&[]);
    for edge in [&one, &other] {
        assert_eq!(edge.outcome(&with_token(edge, &session_claims())), "forward");
    }
    assert_eq!(report(&one, "1", SESSION_ENDED), 204);
    assert_eq!(one.outcome(&with_token(&one, &session_claims())), "session_revoked", "at once");
    // just before the half of the lag, nothing is read
    other.host.advance(0.9);
    assert_eq!(other.outcome(&with_token(&other, &session_claims())), "forward");
    other.host.advance(1.1);
    assert_eq!(other.outcome(&with_token(&other, &session_claims())), "session_revoked");
    let of_another = session_claims().with("sid", r#""session-2""#);
    for edge in [&one, &other] {
        assert_eq!(edge.outcome(&with_token(edge, &of_another)), "forward");
    }
}

#[test]
fn any_isolate_refuses_from_the_lag_on_at_every_age_of_its_last_read() {
    for tenths in 0..=25 {
        let (_, one, other) = isolates(&[]);
        let head = with_token(&other, &session_claims());
        assert_eq!(other.outcome(&head), "forward");
        other.host.advance(f64::from(tenths) / 10.0);
        one.host.advance(f64::from(tenths) / 10.0);
        assert_eq!(other.outcome(&head), "forward", "nothing has ended");
        if tenths % 2 == 0 {
            other.host.run_background();
        }
        assert_eq!(report(&one, "1", SESSION_ENDED), 204);
        // a request in between may or may not know
        other.host.advance(0.7);
        other.outcome(&head);
        other.host.advance(1.3);
        assert_eq!(other.outcome(&head), "session_revoked", "{tenths}");
        assert_eq!(other.outcome(&head), "session_revoked", "{tenths}");
    }
}

#[test]
fn a_busy_isolate_reads_once_in_half_a_lag_and_no_request_waits() {
    let (store, _, edge) = isolates(&[]);
    let head = with_token(&edge, &session_claims());
    assert_eq!(edge.outcome(&head), "forward");
    let (reads, began) = (store.reads(), edge.host.elapsed());
    for _ in 0..100 {
        edge.host.advance(0.1);
        let before = edge.host.elapsed();
        assert_eq!(edge.outcome(&head), "forward");
        assert_eq!(edge.host.elapsed(), before, "it has not waited");
        edge.host.run_background();
    }
    let halves = edge.host.elapsed() - began;
    assert!(store.reads() - reads <= halves.ceil() as usize, "{}", store.reads() - reads);
}

#[test]
fn the_end_of_a_users_sessions_spares_later_ones_and_other_users() {
    let (_, one, other) = isolates(&[]);
    assert_eq!(report(&one, "1", &user_ended(NOW - 10.0)), 204);
    other.host.advance(5.0);
    let with = |name: &str, value: &str| session_claims().with(name, value);
    let iat = |iat: f64| session_claims().without("session_iat").with("iat", &iat.to_string());
    for (claims, expected) in [
        (with("session_iat", &(NOW - 10.001).to_string()), "session_revoked"),
        (with("session_iat", &(NOW - 10.0).to_string()), "forward"),
        // the time of the session counts, not that of the token
        (with("session_iat", &(NOW - 20.0).to_string()), "session_revoked"),
        (iat(NOW - 11.0), "session_revoked"),
        (iat(NOW - 10.0), "forward"),
        (session_claims().without("session_iat").without("iat"), "missing_claim"),
        (with("session_iat", r#""1750000000""#), "invalid_claim"),
        (with("sub", r#""user-2""#).with("session_iat", "7"), "forward"),
    ] {
        for edge in [&one, &other] {
            assert_eq!(edge.outcome(&with_token(edge, &claims)), expected, "{claims}");
        }
    }
}

#[test]
fn the_end_of_a_sessions_tokens_spares_later_ones() {
    let (_, one, other) = isolates(&[]);
    let until_now =
        |rest: &str| format!(r#"[{{"type":"session","sid":"session-1","sub":"user-1"{rest}}}]"#);
    let not_before = format!(r#","not_before":{NOW}"#);
    assert_eq!(report(&one, "1", &until_now(&not_before)), 204);
    other.host.advance(5.0);
    let issued = |iat: f64| session_claims().with("iat", &iat.to_string());
    for edge in [&one, &other] {
        assert_eq!(edge.outcome(&with_token(edge, &issued(NOW - 1.0))), "session_revoked");
        assert_eq!(edge.outcome(&with_token(edge, &issued(NOW))), "forward");
    }
    // the end of the session counts, in whichever order the edge is told
    assert_eq!(report(&one, "2", &until_now("")), 204);
    assert_eq!(report(&one, "3", &until_now(&not_before)), 204);
    other.host.advance(5.0);
    for edge in [&one, &other] {
        assert_eq!(edge.outcome(&with_token(edge, &issued(NOW))), "session_revoked");
    }
}

#[test]
fn events_that_arrive_late_or_out_of_order_end_the_same_sessions() {
    for order in [[0.0, 20.0, 10.0], [20.0, 10.0, 0.0], [10.0, 0.0, 20.0]] {
        let (_, one, other) = isolates(&[]);
        one.host.advance(100.0);
        other.host.advance(100.0);
        for (number, at) in order.iter().enumerate() {
            assert_eq!(report(&one, &number.to_string(), &user_ended(NOW + at)), 204);
        }
        for (at, expected) in [(19.9, "session_revoked"), (20.0, "forward")] {
            let claims = session_claims().with("session_iat", &(NOW + at).to_string());
            for edge in [&one, &other] {
                assert_eq!(edge.outcome(&with_token(edge, &claims)), expected, "{order:?} {at}");
            }
        }
    }
}

#[test]
fn revocations_of_one_issuer_do_not_affect_another() {
    let issuers =
        ("ISSUERS", r#"[{"base_url":"https://b.example","audience":"https://app.example"}]"#);
    let (store, one, _) = isolates(&[issuers]);
    // both issuers have the same keys here, so only the name tells them apart
    let of_b = |claims: Claims| claims.with("iss", r#""https://b.example""#);
    let events = message_claims(NOW, "1").with("events", SESSION_ENDED);
    let message = message_of(&one.signer, &of_b(events));
    assert_eq!(one.receive(&to_events(), message).status, 204);
    assert_eq!(store.entries(0).len(), 1);
    assert_eq!(one.outcome(&with_token(&one, &session_claims())), "forward");
    assert_eq!(one.outcome(&with_token(&one, &of_b(session_claims()))), "session_revoked");
}

#[test]
fn an_entry_is_forgotten_when_no_token_can_be_of_its_session_any_more() {
    let (store, one, _) = isolates(&[("REVOCATION_RETENTION", "600")]);
    assert_eq!(report(&one, "1", SESSION_ENDED), 204);
    let until = store.entries(0)[0].split(' ').nth(1).unwrap().parse::<f64>().unwrap();
    assert_eq!(until, NOW + 600.0 + 10.0);
    let claims = |lifetime: f64| good_claims().with("exp", &(NOW + lifetime).to_string());
    assert_eq!(one.outcome(&with_token(&one, &claims(600.0))), "forward");
    assert_eq!(one.outcome(&with_token(&one, &claims(601.0))), "invalid_claim");
}

#[test]
fn a_shard_has_the_users_of_its_own_and_sessions_without_a_user_are_everywhere() {
    let (store, one, other) = isolates(&[("REVOCATION_SHARDS", "8")]);
    for number in 0..16 {
        let event = format!(r#"[{{"type":"session","sid":"s-{number}","sub":"user-{number}"}}]"#);
        assert_eq!(report(&one, &number.to_string(), &event), 204);
    }
    let sizes: Vec<_> = (0..8).map(|shard| store.entries(shard).len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 16);
    assert!(sizes.iter().filter(|size| **size > 0).count() >= 4, "{sizes:?}");
    let reads = store.reads();
    for number in 0..16 {
        let claims = session_claims().with("sid", &format!(r#""s-{number}""#));
        let claims = claims.with("sub", &format!(r#""user-{number}""#));
        assert_eq!(other.outcome(&with_token(&other, &claims)), "session_revoked");
        let alive = claims.with("sid", r#""another""#);
        assert_eq!(other.outcome(&with_token(&other, &alive)), "forward");
    }
    assert!(store.reads() - reads <= 8);
    let without_sub = session_claims().with("uuid", r#""u""#).without("sub");
    let edge =
        Edge::with_revocations(&[("REVOCATION_SHARDS", "8"), ("USER_CLAIM", "uuid")], &store);
    let sid = |sid: &str| with_token(&edge, &without_sub.with("sid", &format!("{sid:?}")));
    assert_eq!(edge.outcome(&sid("s-3")), "session_revoked");
    assert_eq!(edge.outcome(&sid("s-33")), "forward");
}

#[test]
fn new_keys_of_the_auth_server_end_the_use_of_old_ones_everywhere() {
    let (_, one, other) = isolates(&[]);
    let head = |edge: &Edge| with_token(edge, &session_claims());
    for edge in [&one, &other] {
        assert_eq!((edge.outcome(&head(edge)), edge.host.fetches()), ("forward", 1));
        edge.host.advance(5.0);
        // a key set without the old key
        let new = Signer::new(9, "key-9");
        let keys = crate::common::key_set(&[new.jwk()]);
        edge.host.respond_with(crate::common::ScriptedResponse::ok(keys));
    }
    let event = format!(r#"[{{"type":"keys","not_before":{}}}]"#, NOW + 4.0);
    assert_eq!(report(&one, "1", &event), 204);
    for edge in [&one, &other] {
        assert_eq!(edge.outcome(&head(edge)), "unknown_key");
        assert_eq!(edge.host.fetches(), 2);
        edge.host.advance(2.0);
        let token = Signer::new(9, "key-9").token(&session_claims());
        let head = request("GET", "/x", &[("authorization", format!("Bearer {token}"))]);
        assert_eq!(edge.outcome(&head), "forward");
        assert_eq!(edge.host.fetches(), 2, "the new set is not fetched again");
    }
}

#[test]
fn the_log_has_the_age_of_the_revocations_and_lines_without_ids() {
    let (_, edge, _) = isolates(&[("LOG_LEVEL", "info")]);
    edge.outcome(&with_token(&edge, &session_claims()));
    assert_eq!(report(&edge, "1", SESSION_ENDED), 204);
    edge.host.logged();
    edge.host.advance(1.0);
    assert_eq!(report(&edge, "2", SESSION_ENDED), 204);
    let lines: Vec<_> = edge.host.logged().into_iter().map(|(_, line)| line).collect();
    let received = lines.iter().find(|line| line.contains("revocations_received")).unwrap();
    assert!(received.contains(r#""sessions":1,"users":0,"keys":0"#), "{received}");
    assert!(lines.iter().any(|line| line.contains(r#""revocations_age":1"#)), "{lines:?}");
    for line in lines {
        assert!(!line.contains("session-1") && !line.contains("user-1"), "{line}");
    }
    assert_eq!(edge.outcome(&with_token(&edge, &session_claims())), "session_revoked");
}

#[test]
fn a_decision_is_replayed_only_while_its_session_lives() {
    let (store, one, edge) = isolates(&[]);
    let mut heads = HeaderCache::default();
    let token = edge.signer.token(&session_claims());
    let head = format!("+0\nGET\nhttps://edge.example/x\n\nAuthorization: Bearer {token}\n");
    let mut head = || heads.read(head.clone()).expect("a head of a returning client");
    let is_valid = |edge: &Edge, id| edge.gateway.decision_is_valid(id, edge.host.now());
    let first = edge.forward(&head()).decision_id.expect("the decision can be replayed");
    let reads = store.reads();
    edge.host.advance(0.5);
    assert!(is_valid(&edge, first));
    assert_eq!(report(&one, "1", SESSION_ENDED), 204);
    edge.host.advance(0.5);
    assert!(!is_valid(&edge, first), "something must be read first");
    assert_eq!(store.reads(), reads);
    edge.forward(&head());
    edge.host.run_background();
    assert!(!is_valid(&edge, first));
    assert_eq!(edge.outcome(&head()), "session_revoked");
    // and where the event arrived
    let other = session_claims().with("sid", r#""session-2""#);
    let token = one.signer.token(&other);
    let text = format!("+1\nGET\nhttps://edge.example/x\n\nAuthorization: Bearer {token}\n");
    let head = heads.read(text).unwrap();
    let id = one.forward(&head).decision_id.unwrap();
    assert!(is_valid(&one, id));
    assert_eq!(report(&one, "2", r#"[{"type":"session","sid":"session-2","sub":"user-1"}]"#), 204);
    assert!(!is_valid(&one, id));
}
