//! What became of sessions that were exchanged for tokens, and which exchanges are under way: one for
//! each session at a time, so many in all. Told the time, it never waits and never asks.

mod known_sessions;
mod places;

#[cfg(test)]
mod tests;

use std::hash::BuildHasher;

use lru::LruCache;

use super::failure::Failure;
use crate::verifier::Keyed;
use known_sessions::KnownSessions;
use places::{Claim, Places, Turn};

pub(super) use places::Ticket;

/// The exchanges of one auth server.
pub(super) struct Exchanges {
    tokens: LruCache<Box<str>, Ended<String>, Keyed>,
    /// Apart, so that made-up sessions push no others out
    failures: Failures,
    /// By visitors for whom the auth server asks to be left alone
    busy: Failures,
    /// Sessions that have been good
    known: KnownSessions,
    places: Places,
    /// Names sessions and visitors
    hasher: Keyed,
    /// Seconds for which a token is used again
    max_age: f64,
}

type Failures = LruCache<u64, Ended<Failure>, Keyed>;

/// What an exchange has come to.
struct Ended<T> {
    result: T,
    /// When it began: what happened to the session later, it may not know
    asked: f64,
    until: f64,
}

/// A request that needs the token of a session.
#[derive(Clone, Copy)]
pub(super) struct Demand<'d> {
    pub(super) session: &'d str,
    /// As whom the visitor counts, where the address is known
    pub(super) visitor: Option<&'d str>,
    /// When it came in
    pub(super) arrived: f64,
    /// The token that is of no more use
    pub(super) but: Option<&'d str>,
}

/// Permission to ask for a session's token once.
pub(super) struct Exchange {
    number: u64,
    session: u64,
    visitor: Option<u64>,
    asked: f64,
}

/// What to do for a session.
pub(super) enum Lookup {
    Use(String),
    Refuse(Failure),
    /// Carry this out, report it, and look again
    Begin(Exchange),
    /// Look again in a moment
    Wait,
    /// Too many wait
    Crowded,
}

impl Exchanges {
    pub(super) fn new(max_age: f64, random: impl Fn() -> f64) -> Self {
        let keyed = || Keyed::new(&random);
        Self {
            tokens: LruCache::unbounded_with_hasher(keyed()),
            failures: LruCache::unbounded_with_hasher(keyed()),
            busy: LruCache::unbounded_with_hasher(keyed()),
            known: KnownSessions::default(),
            places: Places::default(),
            hasher: keyed(),
            max_age,
        }
    }

    /// What to do at `now`. A request that has to wait for its turn gets a ticket, with which it looks again.
    pub(super) fn lookup(
        &mut self,
        demand: &Demand<'_>,
        ticket: &mut Option<Ticket>,
        now: f64,
    ) -> Lookup {
        let Demand { session, visitor, arrived, but } = *demand;
        if let Some(ended) = self.tokens.get(session).filter(|it| it.counts(now, arrived))
            && (ended.asked >= arrived || Some(ended.result.as_str()) != but)
        {
            return Lookup::Use(ended.result.clone());
        }
        let session = self.hasher.hash_one(session);
        let visitor = visitor.map(|visitor| self.hasher.hash_one(visitor));
        if let Some(ended) = self.failures.get(&session).filter(|it| it.counts(now, arrived)) {
            return Lookup::Refuse(ended.result.clone());
        }
        let busy = self.busy.get(&visitor.unwrap_or_default());
        if let Some(ended) = busy.filter(|it| it.is_young(now)) {
            return Lookup::Refuse(ended.result.clone());
        }
        let claim = Claim { session, visitor, is_known: self.known.contains(session) };
        match self.places.claim(claim, ticket, now) {
            Turn::Now(number) => Lookup::Begin(Exchange { number, session, visitor, asked: now }),
            Turn::Wait => Lookup::Wait,
            Turn::Never => Lookup::Crowded,
        }
    }

    /// Whether a token of that session is kept which may be used at `now`.
    pub(super) fn has_token(&self, session: &str, now: f64) -> bool {
        self.tokens.peek(session).is_some_and(|ended| ended.is_young(now))
    }

    /// Reports what came of an exchange.
    pub(super) fn report(
        &mut self,
        session: &str,
        exchange: &Exchange,
        result: Result<String, Failure>,
        now: f64,
    ) {
        let asked = exchange.asked;
        self.abandon(exchange);
        self.tokens.pop(session);
        self.failures.pop(&exchange.session);
        match result {
            Ok(result) => {
                let until = asked + self.max_age;
                if self.tokens.len() >= MOST_TOKENS {
                    self.tokens.pop_lru();
                }
                self.tokens.put(session.into(), Ended { result, asked, until });
                self.known.add(exchange.session);
            }
            Err(failure) => self.note_failure(exchange, failure, now),
        }
    }

    /// Gives up an exchange that its runtime has stopped.
    pub(super) fn abandon(&mut self, exchange: &Exchange) {
        self.places.end(exchange.number);
    }

    /// Waits no longer.
    pub(super) fn leave(&mut self, ticket: &mut Option<Ticket>) {
        self.places.leave(ticket);
    }

    fn note_failure(&mut self, exchange: &Exchange, failure: Failure, now: f64) {
        let &Exchange { session, visitor, asked, .. } = exchange;
        let until = match &failure {
            Failure::Busy(_, until) => {
                let ended = Ended { until: *until, asked, result: failure };
                keep(&mut self.busy, MOST_BUSY, visitor.unwrap_or_default(), ended);
                return;
            }
            Failure::Unanswered(_) => now + FAILED_FOR,
            Failure::Rejected(_) | Failure::Unreadable => {
                self.known.remove(session);
                asked + REJECTED_FOR
            }
        };
        let ended = Ended { result: failure, asked, until };
        keep(&mut self.failures, MOST_FAILURES, session, ended);
    }
}

impl<T> Ended<T> {
    /// Whether it is young enough, or at least as young as a request that came in at `arrived`.
    fn counts(&self, now: f64, arrived: f64) -> bool {
        self.asked >= arrived || self.is_young(now)
    }

    fn is_young(&self, now: f64) -> bool {
        self.asked <= now && now < self.until
    }
}

fn keep(failures: &mut Failures, most: usize, key: u64, failure: Ended<Failure>) {
    failures.put(key, failure);
    if failures.len() > most {
        failures.pop_lru();
    }
}

/// Tokens that are kept.
const MOST_TOKENS: usize = 1_000;

/// Sessions without a token that are remembered.
const MOST_FAILURES: usize = 5_000;

/// Visitors for whom the auth server is left alone.
const MOST_BUSY: usize = 1_000;

/// Seconds for which a session that the auth server does not know is refused without asking again.
const REJECTED_FOR: f64 = 10.0;

/// Seconds before the auth server is asked again after it has failed.
const FAILED_FOR: f64 = 1.0;

/// Milliseconds that an exchange may take.
pub(super) const TIMEOUT: u32 = 5_000;

/// Seconds after which an exchange that nothing was heard of has vanished with what carried it out.
const PATIENCE: f64 = TIMEOUT as f64 / 1_000.0 + 0.5;
