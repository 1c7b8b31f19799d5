//! What became of sessions that were exchanged for tokens, and which exchanges are under way: one for
//! each session at a time, so many in all. Told the time, it never waits and never asks.

use std::error::Error as StdError;
use std::sync::Arc;

use lru::LruCache;

use crate::error::{Code, Error};
use crate::verifier::Keyed;

/// The exchanges of one auth server.
pub(super) struct Exchanges {
    tokens: Kept,
    /// Apart, so that made-up sessions push no others out
    failures: Kept,
    under_way: Vec<UnderWay>,
    count: u64,
    /// Seconds for which a token is used again
    max_age: f64,
}

type Kept = LruCache<Box<str>, Ended, Keyed>;

/// What an exchange has come to.
struct Ended {
    result: Result<String, Failure>,
    /// When it began: what happened to the session later, it may not know
    asked: f64,
    until: f64,
}

struct UnderWay {
    session: Box<str>,
    number: u64,
    since: f64,
}

/// Permission to ask for a session's token once.
pub(super) struct Exchange {
    number: u64,
    asked: f64,
}

/// Why there is no token.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The auth server knows no such session
    Rejected,
    /// The auth server has answered, but not with a token
    Answered(Arc<dyn StdError + Send + Sync>),
    /// The auth server has not answered
    Silent(Arc<dyn StdError + Send + Sync>),
}

/// What to do for a session.
pub(super) enum Lookup {
    Use(String),
    Refuse(Failure),
    /// Carry this out, report it, and look again
    Begin(Exchange),
    /// Look again in a moment
    Wait,
}

impl Exchanges {
    pub(super) fn new(max_age: f64, random: impl Fn() -> f64) -> Self {
        let keyed = || Keyed::new(&random);
        Self {
            tokens: LruCache::unbounded_with_hasher(keyed()),
            failures: LruCache::unbounded_with_hasher(keyed()),
            under_way: Vec::new(),
            count: 0,
            max_age,
        }
    }

    /// What to do at `now` for a request with that session that came in at `arrived`. The token `but` is
    /// of no more use.
    pub(super) fn lookup(
        &mut self,
        session: &str,
        now: f64,
        arrived: f64,
        but: Option<&str>,
    ) -> Lookup {
        for kept in [&mut self.tokens, &mut self.failures] {
            let Some(ended) = kept.get(session) else { continue };
            // young enough, or at least as young as the request
            let is_new = ended.asked >= arrived;
            let counts = is_new || ended.asked <= now && now < ended.until;
            match &ended.result {
                _ if !counts => {}
                Ok(token) if is_new || Some(token.as_str()) != but => {
                    return Lookup::Use(token.clone());
                }
                Ok(_) => {}
                Err(failure) => return Lookup::Refuse(failure.clone()),
            }
        }
        self.under_way.retain(|it| (now - it.since).abs() < PATIENCE);
        let is_under_way = self.under_way.iter().any(|it| *it.session == *session);
        if is_under_way || self.under_way.len() >= MOST_UNDER_WAY {
            return Lookup::Wait;
        }
        self.count += 1;
        let (number, asked) = (self.count, now);
        self.under_way.push(UnderWay { session: session.into(), number, since: now });
        Lookup::Begin(Exchange { number, asked })
    }

    /// Reports what came of an exchange.
    pub(super) fn report(
        &mut self,
        session: &str,
        exchange: Exchange,
        result: Result<String, Failure>,
        now: f64,
    ) {
        let asked = exchange.asked;
        self.abandon(&exchange);
        self.tokens.pop(session);
        self.failures.pop(session);
        let (kept, until) = match &result {
            Ok(_) => (&mut self.tokens, asked + self.max_age),
            Err(Failure::Rejected) => (&mut self.failures, asked + REJECTED_FOR),
            Err(_) => (&mut self.failures, now + FAILED_FOR),
        };
        if kept.len() >= MOST_KEPT {
            kept.pop_lru();
        }
        kept.put(session.into(), Ended { result, asked, until });
    }

    /// Gives up an exchange that its runtime has stopped.
    pub(super) fn abandon(&mut self, exchange: &Exchange) {
        self.under_way.retain(|it| it.number != exchange.number);
    }
}

impl Failure {
    /// Whether another session of the same request is worth asking for.
    pub(super) fn is_of_this_session(&self) -> bool {
        !matches!(self, Self::Silent(_))
    }

    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Rejected => {
                let detail = "the session of the cookie has ended; sign in again";
                Error::new(Code::MissingToken, detail)
            }
            Self::Answered(source) | Self::Silent(source) => unavailable().with_source(source),
        }
    }
}

fn unavailable() -> Error {
    let detail = "the auth server could not be asked for the token of the session";
    Error::new(Code::KeysUnavailable, detail).with_retry_after(1)
}

/// Sessions, of each kind.
const MOST_KEPT: usize = 1_000;

/// Exchanges. Beyond these, requests wait for their turn.
const MOST_UNDER_WAY: usize = 100;

/// Seconds for which a session that the auth server does not know is refused without asking again.
const REJECTED_FOR: f64 = 10.0;

/// Seconds before the auth server is asked again after it has failed.
const FAILED_FOR: f64 = 1.0;

/// Milliseconds that an exchange may take.
pub(super) const TIMEOUT: u32 = 5_000;

/// Seconds after which an exchange that nothing was heard of has vanished with what carried it out.
const PATIENCE: f64 = TIMEOUT as f64 / 1_000.0 + 0.5;

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_AGE: f64 = 60.0;

    fn exchanges() -> Exchanges {
        Exchanges::new(MAX_AGE, || 0.5)
    }

    /// What to do at `now` for a request that came in just then.
    fn lookup(exchanges: &mut Exchanges, session: &str, now: f64) -> &'static str {
        name(&exchanges.lookup(session, now, now, None))
    }

    fn name(lookup: &Lookup) -> &'static str {
        match lookup {
            Lookup::Use(_) => "use",
            Lookup::Refuse(Failure::Rejected) => "rejected",
            Lookup::Refuse(Failure::Answered(_)) => "answered",
            Lookup::Refuse(Failure::Silent(_)) => "silent",
            Lookup::Begin(_) => "begin",
            Lookup::Wait => "wait",
        }
    }

    /// An exchange that begins at `now`.
    fn begin(exchanges: &mut Exchanges, session: &str, now: f64) -> Exchange {
        match exchanges.lookup(session, now, now, None) {
            Lookup::Begin(exchange) => exchange,
            other => panic!("{} {session}", name(&other)),
        }
    }

    fn end(exchanges: &mut Exchanges, session: &str, asked: f64, result: Result<&str, Failure>) {
        let exchange = begin(exchanges, session, asked);
        exchanges.report(session, exchange, result.map(str::to_owned), asked + 2.0);
    }

    fn silent() -> Failure {
        Failure::Silent(Arc::new(unavailable()))
    }

    fn answered() -> Failure {
        Failure::Answered(Arc::new(unavailable()))
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
        assert_eq!(name(&all.lookup("s", 110.0, 110.0, Some("another"))), "use");
        assert_eq!(name(&all.lookup("s", 110.0, 110.0, Some("token"))), "begin");
    }

    #[test]
    fn what_began_after_a_request_came_in_counts_for_it_however_old_it_is() {
        let mut all = exchanges();
        end(&mut all, "s", 100.0, Ok("token"));
        assert_eq!(name(&all.lookup("s", 200.0, 100.0, None)), "use");
        assert_eq!(name(&all.lookup("s", 200.0, 100.1, None)), "begin");
    }

    #[test]
    fn a_clock_that_was_set_back_neither_prolongs_nor_repeats() {
        // the request came in before the clock was set back from 200 to 100
        let mut all = exchanges();
        end(&mut all, "s", 100.0, Ok("token"));
        assert_eq!(name(&all.lookup("s", 100.0, 200.0, None)), "use");
        assert_eq!(name(&all.lookup("s", 99.9, 200.0, None)), "begin");

        let mut all = exchanges();
        begin(&mut all, "s", 100.0);
        assert_eq!(lookup(&mut all, "s", 94.6), "wait");
        assert_eq!(lookup(&mut all, "s", 94.5), "begin");
    }

    #[test]
    fn failures_are_remembered_for_as_long_as_their_kind_says() {
        for (failure, name, lasts) in [
            (Failure::Rejected, "rejected", 10.0),
            (answered(), "answered", 3.0),
            (silent(), "silent", 3.0),
        ] {
            let mut all = exchanges();
            end(&mut all, "s", 100.0, Err(failure));
            assert_eq!(lookup(&mut all, "s", 100.0 + lasts - 0.1), name);
            assert_eq!(lookup(&mut all, "s", 100.0 + lasts), "begin", "{name}");
        }
    }

    #[test]
    fn the_last_result_replaces_the_one_before() {
        let mut all = exchanges();
        end(&mut all, "s", 100.0, Err(Failure::Rejected));
        end(&mut all, "s", 110.0, Ok("token"));
        assert!(all.failures.is_empty());
        end(&mut all, "s", 170.0, Err(Failure::Rejected));
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
        for i in 0..MOST_UNDER_WAY {
            begin(&mut all, &i.to_string(), 100.0 + i as f64 / 100.0);
        }
        assert_eq!(all.under_way.len(), 100);
        assert_eq!(lookup(&mut all, "another", 105.4), "wait");
        assert_eq!(lookup(&mut all, "another", 105.5), "begin", "the first has vanished");
        assert_eq!(lookup(&mut all, "one more", 105.5), "wait");
    }

    #[test]
    fn a_thousand_of_each_kind_are_kept_and_those_that_are_used_stay() {
        let mut all = exchanges();
        for i in 0..MOST_KEPT {
            end(&mut all, &i.to_string(), 100.0, Ok("token"));
        }
        assert_eq!(all.tokens.len(), 1_000);
        // a new token for one that is kept takes no place
        let exchange = match all.lookup("5", 101.0, 101.0, Some("token")) {
            Lookup::Begin(exchange) => exchange,
            other => panic!("{}", name(&other)),
        };
        all.report("5", exchange, Ok("another".to_owned()), 101.0);
        assert_eq!(lookup(&mut all, "0", 100.0), "use");
        end(&mut all, "one more", 100.0, Ok("token"));
        assert_eq!(all.tokens.len(), 1_000);
        assert_eq!(lookup(&mut all, "0", 100.0), "use");
        assert_eq!(lookup(&mut all, "1", 100.0), "begin", "the least recently used");
    }

    #[test]
    fn only_a_silent_server_speaks_for_all_sessions() {
        assert!(Failure::Rejected.is_of_this_session() && answered().is_of_this_session());
        assert!(!silent().is_of_this_session());
        assert_eq!(Failure::Rejected.into_error().code(), Code::MissingToken);
        assert_eq!(silent().into_error().code(), Code::KeysUnavailable);
        assert_eq!(answered().into_error().code(), Code::KeysUnavailable);
    }
}
