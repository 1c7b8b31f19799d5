//! Sessions that have ended: which tokens are refused, from when on, and what happens if nobody
//! knows.

use crate::common::{AUTH_SERVER, Claims, Edge, NOW, ScriptedStore, Signer, good_claims, request};
use better_auth_edge::gateway::{HeaderCache, RequestHead, RevocationsBinding, Settings};
use better_auth_edge::host::{Clock, Level, Timer};
use futures_util::FutureExt;

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

pub(super) fn message_claims(now: f64, jti: &str) -> Claims {
    good_claims()
        .without("sub")
        .with("aud", r#""https://edge.example""#)
        .with("iat", &now.to_string())
        .with("exp", &(now + 120.0).to_string())
        .with("jti", &format!("{jti:?}"))
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
fn isolates(settings: &[(&str, &str)]) -> (ScriptedStore, Edge, Edge) {
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
fn whatever_an_isolate_has_done_before_it_refuses_from_the_lag_on() {
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
        (with("session_iat", r#""1750000000""#), "session_revoked"),
        (with("sub", r#""user-2""#).with("session_iat", "7"), "forward"),
    ] {
        for edge in [&one, &other] {
            assert_eq!(edge.outcome(&with_token(edge, &claims)), expected, "{claims}");
        }
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
fn a_store_that_fails_is_tolerated_for_a_while_and_then_requests_are_refused_or_passed() {
    for (setting, expected) in [("refuse", "revocations_unavailable"), ("allow", "forward")] {
        let (store, one, edge) = isolates(&[("REVOCATION_ON_FAILURE", setting)]);
        let head = with_token(&edge, &session_claims());
        assert_eq!(edge.outcome(&head), "forward");
        assert_eq!(report(&one, "1", r#"[{"type":"session","sid":"x","sub":"user-1"}]"#), 204);
        edge.host.advance(2.0);
        assert_eq!(edge.outcome(&head), "forward");
        store.fail_reads(true);
        edge.host.logged();
        for _ in 0..9 {
            edge.host.advance(3.0);
            assert_eq!(edge.outcome(&head), "forward");
        }
        let warnings = edge.host.logged();
        assert_eq!(warnings.len(), 1, "once a minute: {warnings:?}");
        assert!(warnings[0].0 == Level::Warn && warnings[0].1.contains("the store is down"));
        // what is known counts as long as the store fails
        let ended = with_token(&edge, &session_claims().with("sid", r#""x""#));
        assert_eq!(edge.outcome(&ended), "session_revoked");
        edge.host.advance(4.0);
        assert_eq!(edge.outcome(&head), expected);
        assert_eq!(edge.outcome(&ended), "session_revoked");
        store.fail_reads(false);
        edge.host.advance(1.0);
        assert_eq!(edge.outcome(&head), "forward");
        assert_eq!(edge.outcome(&ended), "session_revoked");
    }
}

#[test]
fn an_isolate_that_has_never_read_refuses_and_says_when_to_retry() {
    let (store, edge, _) = isolates(&[]);
    store.fail_reads(true);
    let response = edge.respond(&with_token(&edge, &session_claims()));
    assert_eq!(response.status, 503);
    assert!(response.headers.contains(&("retry-after", "1".to_owned())));
    let lines = edge.host.logged();
    assert!(lines[0].1.contains("the store is down"), "{lines:?}");
    let head = request("GET", "/.well-known/better-auth-edge/health", &[("x", "y")]);
    let health = edge.respond(&head);
    assert_eq!(health.status, 503);
    assert!(health.body.contains(r#""status":"revocations_unavailable""#), "{}", health.body);
    assert!(health.body.contains(r#""revocations":{"age":null,"entries":0}"#), "{}", health.body);
    store.fail_reads(false);
    edge.host.advance(1.0);
    assert_eq!(edge.outcome(&with_token(&edge, &session_claims())), "forward");
    let health = edge.respond(&head);
    assert!(health.body.contains(r#""revocations":{"age":0,"entries":0}"#), "{}", health.body);
}

#[test]
fn a_slow_store_holds_a_request_up_once_and_not_again() {
    let (store, _, edge) = isolates(&[]);
    let head = with_token(&edge, &session_claims());
    assert_eq!(edge.outcome(&head), "forward");
    edge.host.advance(10.0);
    store.set_delay(None);
    let before = edge.host.elapsed();
    assert_eq!(edge.outcome(&head), "forward");
    let waited = edge.host.elapsed() - before;
    assert!((2.0..2.2).contains(&waited), "{waited}");
    for _ in 0..5 {
        let before = edge.host.elapsed();
        assert_eq!(edge.outcome(&head), "forward");
        assert_eq!(edge.host.elapsed(), before);
        edge.host.advance(0.5);
    }
    edge.host.advance(20.0);
    assert_eq!(edge.outcome(&head), "revocations_unavailable");
    // the runtime has stopped the reader
    edge.host.drop_background();
    store.set_delay(Some(0.0));
    edge.host.advance(1.0);
    assert_eq!(edge.outcome(&head), "forward");
}

#[test]
fn a_read_continues_if_the_client_disconnects() {
    let (store, _, edge) = isolates(&[]);
    store.set_delay(Some(1.0));
    let head = with_token(&edge, &session_claims());
    let abandoned = Box::pin(edge.gateway.decide(&head, &edge.host));
    edge.host.run(async {
        let mut abandoned = abandoned;
        for _ in 0..20 {
            assert!((&mut abandoned).now_or_never().is_none());
            edge.host.sleep(10).await;
        }
    });
    assert_eq!((store.reads(), edge.host.background_tasks()), (1, 1));
    assert_eq!(edge.outcome(&head), "forward");
    assert_eq!(store.reads(), 1, "the second request waits for the same read");
}

#[test]
fn malformed_entries_are_ignored_and_a_malformed_page_is_a_failure() {
    let (store, one, edge) = isolates(&[]);
    for line in ["nonsense", "", "\u{0}", &"x".repeat(5_000), "a b c", "* * *"] {
        store.push(0, line);
    }
    assert_eq!(report(&one, "1", SESSION_ENDED), 204);
    assert_eq!(edge.outcome(&with_token(&edge, &session_claims())), "session_revoked");
    let other = Edge::with_revocations(&[], &store);
    for page in ["", "<html>", "c 9\n", &format!("c 0\n{}", "x".repeat(2_000_000))] {
        store.answer_with(page);
        other.host.advance(2.0);
        assert_eq!(
            other.outcome(&with_token(&other, &session_claims())),
            "revocations_unavailable"
        );
    }
}

#[test]
fn a_store_that_lost_everything_is_read_from_the_start() {
    let (store, one, edge) = isolates(&[]);
    let head = with_token(&edge, &session_claims());
    assert_eq!(report(&one, "1", SESSION_ENDED), 204);
    assert_eq!(edge.outcome(&head), "session_revoked");
    store.wipe();
    edge.host.advance(2.0);
    assert_eq!(edge.outcome(&head), "forward");
    assert_eq!(report(&one, "2", SESSION_ENDED), 204);
    edge.host.advance(2.0);
    assert_eq!(edge.outcome(&head), "session_revoked");
}

#[test]
fn many_pages_are_read_before_the_first_request_passes() {
    let (store, one, edge) = isolates(&[]);
    store.set_page_size(7);
    for number in 0..50 {
        let event = format!(r#"[{{"type":"session","sid":"s-{number}","sub":"user-1"}}]"#);
        assert_eq!(report(&one, &number.to_string(), &event), 204);
    }
    let claims = session_claims().with("sid", r#""s-49""#);
    assert_eq!(edge.outcome(&with_token(&edge, &claims)), "session_revoked");
    assert_eq!(store.reads(), 8);
}

#[test]
fn a_clock_that_jumps_causes_a_read_and_no_gap() {
    for jump in [-3_600.0, -0.5, 3_600.0] {
        let (_, one, edge) = isolates(&[]);
        let claims = session_claims().with("iat", &(NOW - 4_000.0).to_string());
        let claims = claims.with("exp", &(NOW + 4_000.0).to_string());
        let head = with_token(&edge, &claims);
        assert_eq!(edge.outcome(&head), "forward");
        assert_eq!(report(&one, "1", SESSION_ENDED), 204);
        edge.host.advance(jump);
        if f64::abs(jump) > 1.0 {
            assert_eq!(edge.outcome(&head), "session_revoked", "{jump}");
        }
        edge.host.advance(2.5);
        assert_eq!(edge.outcome(&head), "session_revoked", "{jump}");
    }
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

#[test]
fn settings_that_break_the_promise_are_errors() {
    let errors = |store: Option<RevocationsBinding>, settings: &[(&str, &str)]| {
        let required = [("BETTER_AUTH_URL", AUTH_SERVER), ("ORIGIN_URL", "https://api.example")];
        let lookup = |name: &str| {
            let mut all = settings.iter().chain(&required);
            all.find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
        };
        let parsed = match store {
            Some(store) => Settings::parse_with_revocations(store, lookup),
            None => Settings::parse(lookup),
        };
        let errors = parsed.err().unwrap_or_default();
        errors.iter().map(|error| error.setting().to_owned()).collect::<Vec<_>>()
    };
    let issuer = ("EDGE_ISSUER", "https://edge.example");
    let token = ("REVOCATIONS_TOKEN", "0123456789abcdef0123456789abcdef");
    let url = ("REVOCATIONS_URL", "https://other.example");
    let consistent = Some(RevocationsBinding::Consistent);
    let eventual = Some(RevocationsBinding::Eventual);
    for (store, settings, expected) in [
        (consistent, vec![], vec!["EDGE_ISSUER"]),
        (consistent, vec![issuer], vec![]),
        (consistent, vec![issuer, ("MAX_TOKEN_LIFETIME", "86401")], vec!["MAX_TOKEN_LIFETIME"]),
        (consistent, vec![issuer, ("MAX_TOKEN_LIFETIME", "86400")], vec![]),
        (None, vec![("MAX_TOKEN_LIFETIME", "86401")], vec![]),
        (consistent, vec![issuer, url, token], vec!["REVOCATIONS_URL"]),
        (None, vec![url], vec!["REVOCATIONS_TOKEN"]),
        (None, vec![url, ("REVOCATIONS_TOKEN", "short")], vec!["REVOCATIONS_TOKEN"]),
        (None, vec![url, token], vec![]),
        (
            None,
            vec![("REVOCATIONS_URL", "http://other.example.com"), token],
            vec!["REVOCATIONS_URL"],
        ),
        (eventual, vec![issuer], vec![]),
        (eventual, vec![issuer, ("REVOCATION_LAG", "59")], vec!["REVOCATION_LAG"]),
        (
            consistent,
            vec![issuer, ("REVOCATION_LAG", "10"), ("REVOCATION_FAILURE_AGE", "9")],
            vec!["REVOCATION_FAILURE_AGE"],
        ),
        (consistent, vec![issuer, ("REVOCATION_LAG", "100")], vec![]),
    ] {
        assert_eq!(errors(store, &settings), expected, "{store:?} {settings:?}");
    }
}
