//! What happens if the store of revocations fails, is slow, or answers nonsense.

use crate::common::{Edge, NOW, request};
use better_auth_edge::host::{Level, Timer};
use futures_util::FutureExt;

use super::revocations::{SESSION_ENDED, isolates, report, session_claims, with_token};

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

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % limit
    }
}

#[test]
fn in_any_order_of_events_reads_and_requests_the_lag_is_kept() {
    let mut refused = 0;
    for seed in 0..150 {
        let mut numbers = Numbers(seed);
        let shards = ["1", "3"][numbers.below(2) as usize];
        let (store, one, edge) = isolates(&[("REVOCATION_SHARDS", shards)]);
        // when each session has ended
        let mut ended = [None; 6];
        for event in 0..60 {
            match numbers.below(8) {
                0 => {
                    let number = numbers.below(6) as usize;
                    one.host.advance(edge.host.elapsed() - one.host.elapsed());
                    store.set_delay(Some(0.0));
                    let (sid, sub) = (number, number % 4);
                    let events =
                        format!(r#"[{{"type":"session","sid":"s-{sid}","sub":"user-{sub}"}}]"#);
                    assert_eq!(report(&one, &event.to_string(), &events), 204);
                    ended[number].get_or_insert(edge.host.elapsed());
                }
                1 => edge.host.run_background(),
                2 => edge.host.drop_background(),
                3 => edge.host.advance(numbers.below(40) as f64 / 10.0),
                _ => {
                    edge.host.advance(numbers.below(9) as f64 / 10.0);
                    store.set_delay(Some([0.0, 0.1, 0.7, 1.5][numbers.below(4) as usize]));
                    let number = numbers.below(6) as usize;
                    let claims = session_claims()
                        .with("sid", &format!(r#""s-{number}""#))
                        .with("sub", &format!(r#""user-{}""#, number % 4));
                    let arrived = edge.host.elapsed();
                    let outcome = edge.outcome(&with_token(&edge, &claims));
                    match ended[number] {
                        None => assert_eq!(outcome, "forward", "{seed} {event}"),
                        Some(at) if arrived >= at + 2.0 => {
                            assert_eq!(outcome, "session_revoked", "{seed} {event}");
                            refused += 1;
                        }
                        Some(_) => assert!(["forward", "session_revoked"].contains(&outcome)),
                    }
                }
            }
        }
    }
    assert!(refused > 500, "{refused}");
}
