//! Exchanges at given times.

use std::sync::Arc;

use super::*;
use crate::host::{FetchError, GetError, GetResponse};
use crate::policy::credentials::CredentialKind;
use crate::policy::credentials::failure::Rejection;

const MAX_AGE: f64 = 60.0;
const AGES: Ages = Ages { token: MAX_AGE, rejection: 10.0 };

/// A request with a session that Better Auth has signed.
fn request(session: &str, arrived: f64) -> TokenRequest<'_> {
    TokenRequest {
        session,
        client: None,
        network: None,
        arrived,
        is_signed: true,
        expired: None,
        ages: AGES,
    }
}

fn exchanges() -> Exchanges {
    Exchanges::new(|| 0.5)
}

/// The lookup of a request that arrives at `now`.
fn lookup(exchanges: &mut Exchanges, session: &str, now: f64) -> &'static str {
    kind(&look(exchanges, session, now, now, None))
}

/// The same for a request that arrived earlier, or whose token has expired.
fn look(
    exchanges: &mut Exchanges,
    session: &str,
    now: f64,
    arrived: f64,
    expired: Option<&str>,
) -> Lookup {
    let request = TokenRequest { expired, ..request(session, arrived) };
    let mut ticket = None;
    let lookup = exchanges.lookup(&request, &mut ticket, now);
    exchanges.leave(&mut ticket);
    lookup
}

fn kind(lookup: &Lookup) -> &'static str {
    match lookup {
        Lookup::Use(_) => "use",
        Lookup::Reject(Failure::Rejected(_)) => "rejected",
        Lookup::Reject(Failure::Limited(..)) => "limited",
        Lookup::Reject(Failure::Unanswered(cause)) if cause.concerns_server() => "silent",
        Lookup::Reject(Failure::Unanswered(_)) => "answered",
        Lookup::Reject(Failure::Busy(..)) => "busy",
        Lookup::Reject(Failure::Unreadable) => "unreadable",
        Lookup::Begin(_) => "begin",
        Lookup::Wait => "wait",
        Lookup::QueueFull => "queue full",
        Lookup::BudgetSpent(_) => "budget spent",
    }
}

/// An exchange that begins at `now`.
fn begin(exchanges: &mut Exchanges, session: &str, now: f64) -> Exchange {
    match look(exchanges, session, now, now, None) {
        Lookup::Begin(exchange) => exchange,
        other => panic!("{} {session}", kind(&other)),
    }
}

fn end(exchanges: &mut Exchanges, session: &str, asked: f64, result: Result<&str, Failure>) {
    let exchange = begin(exchanges, session, asked);
    exchanges.report(session, &exchange, result.map(str::to_owned), asked + 2.0);
}

fn silent() -> Failure {
    Failure::Unanswered(Arc::new(FetchError::failed("u", GetError::TimedOut)))
}

fn answered() -> Failure {
    let response = GetResponse { status: 500, ..GetResponse::default() };
    Failure::Unanswered(Arc::new(FetchError::status("u", &response, 0.0)))
}

fn rejected() -> Failure {
    Failure::Rejected(Arc::new(Rejection { url: "u".into(), status: 401, code: None }))
}

fn busy(until: f64) -> Failure {
    Failure::Busy(Arc::new(FetchError::failed("u", GetError::TimedOut)), until)
}

#[test]
fn a_token_is_used_for_its_time_to_live_from_the_beginning_of_its_exchange() {
    let mut all = exchanges();
    end(&mut all, "s", 100.0, Ok("token"));
    assert_eq!(lookup(&mut all, "s", 159.9), "use");
    assert_eq!(lookup(&mut all, "s", 160.0), "begin");
}

#[test]
fn an_expired_token_is_exchanged_again() {
    let mut all = exchanges();
    end(&mut all, "s", 100.0, Ok("token"));
    assert_eq!(kind(&look(&mut all, "s", 110.0, 110.0, Some("another"))), "use");
    assert_eq!(kind(&look(&mut all, "s", 110.0, 110.0, Some("token"))), "begin");
}

#[test]
fn an_exchange_that_began_after_a_request_arrived_counts_for_it_at_any_age() {
    let mut all = exchanges();
    end(&mut all, "s", 100.0, Ok("token"));
    assert_eq!(kind(&look(&mut all, "s", 200.0, 100.0, None)), "use");
    assert_eq!(kind(&look(&mut all, "s", 200.0, 100.1, None)), "begin");
}

#[test]
fn a_clock_that_is_set_back_neither_extends_a_result_nor_repeats_an_exchange() {
    // the request arrived before the clock was set back from 200 to 100
    let mut all = exchanges();
    end(&mut all, "s", 100.0, Ok("token"));
    assert_eq!(kind(&look(&mut all, "s", 100.0, 200.0, None)), "use");
    assert_eq!(kind(&look(&mut all, "s", 99.9, 200.0, None)), "begin");

    let mut all = exchanges();
    begin(&mut all, "s", 100.0);
    assert_eq!(lookup(&mut all, "s", 94.6), "wait");
    assert_eq!(lookup(&mut all, "s", 94.5), "begin");
}

#[test]
fn each_kind_of_failure_is_cached_for_its_own_time() {
    for (failure, name, lasts) in
        [(rejected(), "rejected", 10.0), (answered(), "answered", 3.0), (silent(), "silent", 3.0)]
    {
        let mut all = exchanges();
        end(&mut all, "s", 100.0, Err(failure));
        assert_eq!(lookup(&mut all, "s", 100.0 + lasts - 0.1), name);
        assert_eq!(lookup(&mut all, "s", 100.0 + lasts), "begin", "{name}");
    }
}

#[test]
fn a_result_replaces_the_previous_one() {
    let mut all = exchanges();
    end(&mut all, "s", 100.0, Err(rejected()));
    end(&mut all, "s", 110.0, Ok("token"));
    assert!(all.failures.is_empty());
    end(&mut all, "s", 170.0, Err(rejected()));
    assert!(all.tokens.is_empty());
}

#[test]
fn requests_wait_for_an_exchange_until_it_counts_as_ended() {
    let mut all = exchanges();
    begin(&mut all, "s", 100.0);
    assert_eq!(lookup(&mut all, "s", 105.4), "wait");
    assert_eq!(lookup(&mut all, "s", 105.5), "begin");
}

#[test]
fn a_late_exchange_does_not_end_its_successor() {
    let mut all = exchanges();
    let late = begin(&mut all, "s", 100.0);
    let successor = begin(&mut all, "s", 106.0);
    all.abandon(&late);
    assert_eq!(lookup(&mut all, "s", 106.0), "wait");
    all.abandon(&successor);
    assert_eq!(lookup(&mut all, "s", 106.0), "begin");
}

#[test]
fn at_most_a_hundred_exchanges_run_and_ended_ones_make_room() {
    let mut all = exchanges();
    for i in 0..100 {
        begin(&mut all, &i.to_string(), 100.0 + f64::from(i) / 100.0);
    }
    assert_eq!(lookup(&mut all, "another", 105.4), "wait");
    assert_eq!(lookup(&mut all, "another", 105.5), "begin", "the first has ended");
    assert_eq!(lookup(&mut all, "one more", 105.5), "wait");
}

#[test]
fn a_thousand_tokens_are_cached_and_the_least_recently_used_is_evicted() {
    let mut all = exchanges();
    for i in 0..MOST_TOKENS {
        end(&mut all, &i.to_string(), 100.0, Ok("token"));
    }
    assert_eq!(all.tokens.len(), 1_000);
    // a new token of a cached session replaces the old one
    let exchange = match look(&mut all, "5", 101.0, 101.0, Some("token")) {
        Lookup::Begin(exchange) => exchange,
        other => panic!("{}", kind(&other)),
    };
    all.report("5", &exchange, Ok("another".to_owned()), 101.0);
    assert_eq!(lookup(&mut all, "0", 100.0), "use");
    end(&mut all, "one more", 100.0, Ok("token"));
    assert_eq!(all.tokens.len(), 1_000);
    assert_eq!(lookup(&mut all, "0", 100.0), "use");
    assert_eq!(lookup(&mut all, "1", 100.0), "begin", "the least recently used");
}

#[test]
fn five_thousand_failures_are_cached() {
    let mut all = exchanges();
    for i in 0..5_001 {
        end(&mut all, &i.to_string(), 100.0, Err(rejected()));
    }
    assert_eq!(all.failures.len(), 5_000);
    assert_eq!(lookup(&mut all, "1", 102.0), "rejected");
    assert_eq!(lookup(&mut all, "0", 102.0), "begin", "the least recently used");
}

#[test]
fn only_the_client_that_the_auth_server_limits_must_wait() {
    let mut all = exchanges();
    let mut look = |session: &str, client: Option<&str>, now: f64| {
        let request = TokenRequest { client, ..request(session, now) };
        all.lookup(&request, &mut None, now)
    };
    let Lookup::Begin(exchange) = look("s", Some("a"), 100.0) else { panic!() };
    all.report("s", &exchange, Err(busy(107.0)), 100.2);
    let mut look = |session: &str, client: Option<&str>, now: f64| {
        let request = TokenRequest { client, ..request(session, now) };
        let lookup = all.lookup(&request, &mut None, now);
        if let Lookup::Begin(exchange) = &lookup {
            all.abandon(exchange);
        }
        kind(&lookup)
    };
    for session in ["s", "another"] {
        assert_eq!(look(session, Some("a"), 106.9), "busy");
        assert_eq!(look(session, Some("b"), 101.0), "begin", "not for another client");
        assert_eq!(look(session, None, 101.0), "begin");
        assert_eq!(look(session, Some("a"), 107.0), "begin");
        assert_eq!(look(session, Some("a"), 99.0), "begin", "a clock that is set back");
    }
    let error = busy(107.0).into_error(CredentialKind::Session, "", 103.5);
    assert_eq!((error.code().as_str(), error.retry_after()), ("keys_unavailable", Some(4)));
}

#[test]
fn a_session_that_has_been_valid_is_known_until_it_is_rejected() {
    let mut all = exchanges();
    end(&mut all, "s", 100.0, Ok("token"));
    let key = all.hasher.hash_one("s");
    assert!(all.known.contains(key));
    end(&mut all, "s", 200.0, Err(answered()));
    assert!(all.known.contains(key));
    end(&mut all, "s", 300.0, Err(rejected()));
    assert!(!all.known.contains(key));
}

#[test]
fn a_session_has_a_token_while_its_token_is_fresh() {
    let mut all = exchanges();
    end(&mut all, "s", 100.0, Ok("token"));
    assert!(all.has_token("s", 159.9) && !all.has_token("s", 160.0) && !all.has_token("t", 100.0));
}

#[test]
fn without_addresses_all_clients_back_off_for_ten_seconds_except_for_known_sessions() {
    let mut all = exchanges();
    end(&mut all, "known", 30.0, Ok("token"));
    end(&mut all, "cached", 90.0, Ok("token"));
    // reported at 102
    end(&mut all, "s", 100.0, Err(busy(160.0)));
    assert_eq!(lookup(&mut all, "another", 103.0), "busy");
    assert_eq!(lookup(&mut all, "cached", 103.0), "use");
    let Lookup::Reject(failure) = look(&mut all, "s", 104.0, 104.0, None) else { panic!() };
    assert_eq!(
        failure.into_error(CredentialKind::Session, "", 104.0).retry_after(),
        Some(56),
        "as the auth server asks"
    );
    let Lookup::Reject(failure) = look(&mut all, "another", 104.0, 104.0, None) else { panic!() };
    assert_eq!(failure.into_error(CredentialKind::Session, "", 104.0).retry_after(), Some(8));
    let exchange = begin(&mut all, "known", 103.0);
    all.report("known", &exchange, Err(busy(105.0)), 103.0);
    assert_eq!(lookup(&mut all, "known", 104.9), "busy", "its own response counts for it");
    begin(&mut all, "known", 105.0);
    begin(&mut all, "s", 112.0);
    begin(&mut all, "another", 112.0);
}

#[test]
fn a_rejected_session_comes_last_while_requests_repeat_it_within_a_minute() {
    let mut all = exchanges();
    assert_eq!(all.standing("s", 100.0), Standing::Unknown);
    end(&mut all, "s", 100.0, Err(rejected()));
    for now in [102.0, 159.9, 219.8] {
        assert_eq!(all.standing("s", now), Standing::Rejected, "{now}");
    }
    assert_eq!(all.standing("s", 279.8), Standing::Unknown);
    assert_eq!(all.standing("s", 99.0), Standing::Unknown, "a clock that is set back");
    end(&mut all, "s", 300.0, Err(answered()));
    assert_eq!(all.standing("s", 302.0), Standing::Unknown);
    end(&mut all, "s", 310.0, Ok("token"));
    assert_eq!(all.standing("s", 312.0), Standing::HasToken);
    assert_eq!(all.standing("s", 370.0), Standing::Known);
    end(&mut all, "s", 380.0, Err(answered()));
    assert_eq!(all.standing("s", 382.0), Standing::Known);
}

#[test]
fn unknown_sessions_of_clients_without_an_address_share_a_budget() {
    let mut all = Exchanges::new(|| 0.5);
    end(&mut all, "known", 30.0, Ok("token"));
    for i in 0..80 {
        let session = format!("made up {i}");
        let Lookup::Begin(exchange) = unsigned(&mut all, &session, None, 100.0) else { panic!() };
        all.report(&session, &exchange, Err(rejected()), 102.0);
    }
    let Lookup::BudgetSpent(10) = unsigned(&mut all, "another", None, 100.0) else { panic!() };
    begin(&mut all, "signed", 100.0);
    let Lookup::Begin(_) = unsigned(&mut all, "known", None, 100.0) else { panic!() };
    let client = Some("192.0.2.7");
    let Lookup::Begin(exchange) = unsigned(&mut all, "another", client, 100.0) else { panic!() };
    let shared = unsigned(&mut all, "another", None, 100.0);
    assert_eq!(kind(&shared), "wait", "it shares the running exchange");
    all.abandon(&exchange);
    assert_eq!(kind(&unsigned(&mut all, "another", None, 109.9)), "budget spent");
    assert_eq!(kind(&unsigned(&mut all, "another", None, 110.0)), "begin");
}

/// The lookup of a request whose session may be made up.
fn unsigned(exchanges: &mut Exchanges, session: &str, client: Option<&str>, now: f64) -> Lookup {
    let request = TokenRequest { client, is_signed: false, ..request(session, now) };
    exchanges.lookup(&request, &mut None, now)
}

#[test]
fn the_results_of_each_request_have_ages_of_their_own() {
    let mut all = exchanges();
    for (key, result) in [("x-api-key: a", Ok("token")), ("x-api-key: b", Err(rejected()))] {
        let ages = Ages { token: 5.0, rejection: 20.0 };
        let request = TokenRequest { ages, ..request(key, 100.0) };
        let Lookup::Begin(exchange) = all.lookup(&request, &mut None, 100.0) else { panic!() };
        all.report(key, &exchange, result.map(str::to_owned), 100.1);
    }
    end(&mut all, "cookie: a", 100.0, Ok("token"));
    end(&mut all, "cookie: b", 100.0, Err(rejected()));
    let mut at = |now: f64| {
        ["x-api-key: a", "cookie: a", "x-api-key: b", "cookie: b"]
            .map(|name| kind(&look_and_leave(&mut all, name, now)))
    };
    assert_eq!(at(104.9), ["use", "use", "rejected", "rejected"]);
    assert_eq!(at(105.1), ["begin", "use", "rejected", "rejected"]);
    assert_eq!(at(110.1), ["begin", "use", "rejected", "begin"]);
    assert_eq!(at(120.1), ["begin", "use", "begin", "begin"]);
}

#[test]
fn a_limit_of_one_key_delays_that_key_alone_and_keeps_it_known() {
    let mut all = exchanges();
    end(&mut all, "x-api-key: a", 30.0, Ok("token"));
    let rejection = Rejection { url: "https://auth.example".into(), status: 429, code: None };
    end(&mut all, "x-api-key: a", 100.0, Err(Failure::Limited(Arc::new(rejection), 130.0)));
    let Lookup::Reject(limited) = look_and_leave(&mut all, "x-api-key: a", 107.5) else { panic!() };
    let error = limited.into_error(CredentialKind::ApiKey, "", 107.5);
    assert_eq!((error.code().as_str(), error.retry_after()), ("rate_limited", Some(23)));
    assert_eq!(kind(&look_and_leave(&mut all, "x-api-key: b", 107.5)), "begin");
    assert_eq!(all.standing("x-api-key: a", 107.5), Standing::Known);
    assert_eq!(kind(&look_and_leave(&mut all, "x-api-key: a", 130.1)), "begin");
}

/// The lookup of a request whose exchange, if it begins, is abandoned.
fn look_and_leave(all: &mut Exchanges, session: &str, now: f64) -> Lookup {
    let lookup = look(all, session, now, now, None);
    if let Lookup::Begin(exchange) = &lookup {
        all.abandon(exchange);
    }
    lookup
}
