//! Exchanges, told the time.

use std::sync::Arc;

use super::*;
use crate::host::{GetError, GetResponse, Unanswered};
use crate::policy::credentials::failure::Rejection;

const MAX_AGE: f64 = 60.0;

fn exchanges() -> Exchanges {
    Exchanges::new(MAX_AGE, true, || 0.5)
}

/// What to do at `now` for a request that came in just then.
fn lookup(exchanges: &mut Exchanges, session: &str, now: f64) -> &'static str {
    name(&look(exchanges, session, now, now, None))
}

/// The same for one that came in earlier, or for which that token is of no use.
fn look(
    exchanges: &mut Exchanges,
    session: &str,
    now: f64,
    arrived: f64,
    but: Option<&str>,
) -> Lookup {
    let demand = Demand { session, visitor: None, network: None, arrived, but };
    let mut ticket = None;
    let lookup = exchanges.lookup(&demand, &mut ticket, now);
    exchanges.leave(&mut ticket);
    lookup
}

fn name(lookup: &Lookup) -> &'static str {
    match lookup {
        Lookup::Use(_) => "use",
        Lookup::Refuse(Failure::Rejected(_)) => "rejected",
        Lookup::Refuse(Failure::Unanswered(cause)) if cause.is_of_the_server() => "silent",
        Lookup::Refuse(Failure::Unanswered(_)) => "answered",
        Lookup::Refuse(Failure::Busy(..)) => "busy",
        Lookup::Refuse(Failure::Unreadable) => "unreadable",
        Lookup::Begin(_) => "begin",
        Lookup::Wait => "wait",
        Lookup::Crowded => "crowded",
        Lookup::Spent(_) => "spent",
    }
}

/// An exchange that begins at `now`.
fn begin(exchanges: &mut Exchanges, session: &str, now: f64) -> Exchange {
    match look(exchanges, session, now, now, None) {
        Lookup::Begin(exchange) => exchange,
        other => panic!("{} {session}", name(&other)),
    }
}

fn end(exchanges: &mut Exchanges, session: &str, asked: f64, result: Result<&str, Failure>) {
    let exchange = begin(exchanges, session, asked);
    exchanges.report(session, &exchange, result.map(str::to_owned), asked + 2.0);
}

fn silent() -> Failure {
    Failure::Unanswered(Arc::new(Unanswered::failed("u", GetError::TimedOut)))
}

fn answered() -> Failure {
    let response = GetResponse { status: 500, ..GetResponse::default() };
    Failure::Unanswered(Arc::new(Unanswered::refused("u", &response, 0.0)))
}

fn rejected() -> Failure {
    Failure::Rejected(Arc::new(Rejection { url: "u".into(), status: 401, code: None }))
}

fn busy(until: f64) -> Failure {
    Failure::Busy(Arc::new(Unanswered::failed("u", GetError::TimedOut)), until)
}

#[test]
fn a_token_is_used_for_its_age_counted_from_when_it_was_asked_for() {
    let mut all = exchanges();
    end(&mut all, "s", 100.0, Ok("token"));
    assert_eq!(lookup(&mut all, "s", 159.9), "use");
    assert_eq!(lookup(&mut all, "s", 160.0), "begin");
}

#[test]
fn a_token_that_is_of_no_use_is_asked_for_again() {
    let mut all = exchanges();
    end(&mut all, "s", 100.0, Ok("token"));
    assert_eq!(name(&look(&mut all, "s", 110.0, 110.0, Some("another"))), "use");
    assert_eq!(name(&look(&mut all, "s", 110.0, 110.0, Some("token"))), "begin");
}

#[test]
fn what_began_after_a_request_came_in_counts_for_it_however_old_it_is() {
    let mut all = exchanges();
    end(&mut all, "s", 100.0, Ok("token"));
    assert_eq!(name(&look(&mut all, "s", 200.0, 100.0, None)), "use");
    assert_eq!(name(&look(&mut all, "s", 200.0, 100.1, None)), "begin");
}

#[test]
fn a_clock_that_was_set_back_neither_prolongs_nor_repeats() {
    // the request came in before the clock was set back from 200 to 100
    let mut all = exchanges();
    end(&mut all, "s", 100.0, Ok("token"));
    assert_eq!(name(&look(&mut all, "s", 100.0, 200.0, None)), "use");
    assert_eq!(name(&look(&mut all, "s", 99.9, 200.0, None)), "begin");

    let mut all = exchanges();
    begin(&mut all, "s", 100.0);
    assert_eq!(lookup(&mut all, "s", 94.6), "wait");
    assert_eq!(lookup(&mut all, "s", 94.5), "begin");
}

#[test]
fn failures_are_remembered_for_as_long_as_their_kind_says() {
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
fn the_last_result_replaces_the_one_before() {
    let mut all = exchanges();
    end(&mut all, "s", 100.0, Err(rejected()));
    end(&mut all, "s", 110.0, Ok("token"));
    assert!(all.failures.is_empty());
    end(&mut all, "s", 170.0, Err(rejected()));
    assert!(all.tokens.is_empty());
}

#[test]
fn requests_wait_for_an_exchange_until_nothing_is_to_be_heard_of_it() {
    let mut all = exchanges();
    begin(&mut all, "s", 100.0);
    assert_eq!(lookup(&mut all, "s", 105.4), "wait");
    assert_eq!(lookup(&mut all, "s", 105.5), "begin");
}

#[test]
fn one_that_vanished_and_comes_back_does_not_end_its_successor() {
    let mut all = exchanges();
    let vanished = begin(&mut all, "s", 100.0);
    let successor = begin(&mut all, "s", 106.0);
    all.abandon(&vanished);
    assert_eq!(lookup(&mut all, "s", 106.0), "wait");
    all.abandon(&successor);
    assert_eq!(lookup(&mut all, "s", 106.0), "begin");
}

#[test]
fn a_hundred_exchanges_are_under_way_at_most_and_vanished_ones_make_room() {
    let mut all = exchanges();
    for i in 0..100 {
        begin(&mut all, &i.to_string(), 100.0 + f64::from(i) / 100.0);
    }
    assert_eq!(lookup(&mut all, "another", 105.4), "wait");
    assert_eq!(lookup(&mut all, "another", 105.5), "begin", "the first has vanished");
    assert_eq!(lookup(&mut all, "one more", 105.5), "wait");
}

#[test]
fn a_thousand_tokens_are_kept_and_those_that_are_used_stay() {
    let mut all = exchanges();
    for i in 0..MOST_TOKENS {
        end(&mut all, &i.to_string(), 100.0, Ok("token"));
    }
    assert_eq!(all.tokens.len(), 1_000);
    // a new token for one that is kept takes no place
    let exchange = match look(&mut all, "5", 101.0, 101.0, Some("token")) {
        Lookup::Begin(exchange) => exchange,
        other => panic!("{}", name(&other)),
    };
    all.report("5", &exchange, Ok("another".to_owned()), 101.0);
    assert_eq!(lookup(&mut all, "0", 100.0), "use");
    end(&mut all, "one more", 100.0, Ok("token"));
    assert_eq!(all.tokens.len(), 1_000);
    assert_eq!(lookup(&mut all, "0", 100.0), "use");
    assert_eq!(lookup(&mut all, "1", 100.0), "begin", "the least recently used");
}

#[test]
fn five_thousand_failures_are_remembered() {
    let mut all = exchanges();
    for i in 0..5_001 {
        end(&mut all, &i.to_string(), 100.0, Err(rejected()));
    }
    assert_eq!(all.failures.len(), 5_000);
    assert_eq!(lookup(&mut all, "1", 102.0), "rejected");
    assert_eq!(lookup(&mut all, "0", 102.0), "begin", "the least recently used");
}

#[test]
fn a_visitor_for_whom_the_auth_server_is_busy_waits_and_no_other() {
    let mut all = exchanges();
    let mut look = |session: &str, visitor: Option<&str>, now: f64| {
        let demand = Demand { session, visitor, network: None, arrived: now, but: None };
        all.lookup(&demand, &mut None, now)
    };
    let Lookup::Begin(exchange) = look("s", Some("a"), 100.0) else { panic!() };
    all.report("s", &exchange, Err(busy(107.0)), 100.2);
    let mut look = |session: &str, visitor: Option<&str>, now: f64| {
        let demand = Demand { session, visitor, network: None, arrived: now, but: None };
        let lookup = all.lookup(&demand, &mut None, now);
        if let Lookup::Begin(exchange) = &lookup {
            all.abandon(exchange);
        }
        name(&lookup)
    };
    for session in ["s", "another"] {
        assert_eq!(look(session, Some("a"), 106.9), "busy");
        assert_eq!(look(session, Some("b"), 101.0), "begin", "not for another visitor");
        assert_eq!(look(session, None, 101.0), "begin");
        assert_eq!(look(session, Some("a"), 107.0), "begin");
        assert_eq!(look(session, Some("a"), 99.0), "begin", "a clock that was set back");
    }
    let error = busy(107.0).into_error(103.5);
    assert_eq!((error.code().as_str(), error.retry_after()), ("keys_unavailable", Some(4)));
}

#[test]
fn a_session_that_has_been_good_is_known_until_it_is_rejected() {
    let mut all = exchanges();
    end(&mut all, "s", 100.0, Ok("token"));
    let name = all.hasher.hash_one("s");
    assert!(all.known.contains(name));
    end(&mut all, "s", 200.0, Err(answered()));
    assert!(all.known.contains(name));
    end(&mut all, "s", 300.0, Err(rejected()));
    assert!(!all.known.contains(name));
}

#[test]
fn only_a_kept_token_counts_as_one() {
    let mut all = exchanges();
    end(&mut all, "s", 100.0, Ok("token"));
    assert!(all.has_token("s", 159.9) && !all.has_token("s", 160.0) && !all.has_token("t", 100.0));
}

#[test]
fn where_no_address_is_known_a_busy_auth_server_is_left_alone_for_ten_seconds_and_not_by_known_sessions()
 {
    let mut all = exchanges();
    end(&mut all, "known", 30.0, Ok("token"));
    end(&mut all, "kept", 90.0, Ok("token"));
    // reported at 102
    end(&mut all, "s", 100.0, Err(busy(160.0)));
    assert_eq!(lookup(&mut all, "another", 103.0), "busy");
    assert_eq!(lookup(&mut all, "kept", 103.0), "use");
    let Lookup::Refuse(failure) = look(&mut all, "s", 104.0, 104.0, None) else { panic!() };
    assert_eq!(failure.into_error(104.0).retry_after(), Some(56), "what the auth server has said");
    let Lookup::Refuse(failure) = look(&mut all, "another", 104.0, 104.0, None) else { panic!() };
    assert_eq!(failure.into_error(104.0).retry_after(), Some(8));
    let exchange = begin(&mut all, "known", 103.0);
    all.report("known", &exchange, Err(busy(105.0)), 103.0);
    assert_eq!(lookup(&mut all, "known", 104.9), "busy", "its own answer counts for it");
    begin(&mut all, "known", 105.0);
    begin(&mut all, "s", 112.0);
    begin(&mut all, "another", 112.0);
}

#[test]
fn a_rejected_session_stays_behind_others_while_it_comes_again_within_a_minute() {
    let mut all = exchanges();
    assert_eq!(all.standing("s", 100.0), Standing::Unknown);
    end(&mut all, "s", 100.0, Err(rejected()));
    for now in [102.0, 159.9, 219.8] {
        assert_eq!(all.standing("s", now), Standing::Rejected, "{now}");
    }
    assert_eq!(all.standing("s", 279.8), Standing::Unknown);
    assert_eq!(all.standing("s", 99.0), Standing::Unknown, "a clock that was set back");
    end(&mut all, "s", 300.0, Err(answered()));
    assert_eq!(all.standing("s", 302.0), Standing::Unknown);
    end(&mut all, "s", 310.0, Ok("token"));
    assert_eq!(all.standing("s", 312.0), Standing::HasToken);
    assert_eq!(all.standing("s", 370.0), Standing::Known);
    end(&mut all, "s", 380.0, Err(answered()));
    assert_eq!(all.standing("s", 382.0), Standing::Known);
}

#[test]
fn made_up_sessions_of_unknown_visitors_have_a_budget_and_known_ones_and_addresses_need_none() {
    let mut all = Exchanges::new(MAX_AGE, false, || 0.5);
    end(&mut all, "known", 30.0, Ok("token"));
    for i in 0..80 {
        end(&mut all, &format!("made up {i}"), 100.0, Err(rejected()));
    }
    let Lookup::Spent(10) = look(&mut all, "another", 100.0, 100.0, None) else { panic!() };
    begin(&mut all, "known", 100.0);
    let demand = Demand {
        session: "another",
        visitor: Some("192.0.2.7"),
        network: None,
        arrived: 100.0,
        but: None,
    };
    let Lookup::Begin(exchange) = all.lookup(&demand, &mut None, 100.0) else { panic!() };
    assert_eq!(lookup(&mut all, "another", 100.0), "wait", "it shares what is under way");
    all.abandon(&exchange);
    assert_eq!(lookup(&mut all, "another", 109.9), "spent");
    begin(&mut all, "another", 110.0);
}
