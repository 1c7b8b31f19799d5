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
    /// By sessions
    tokens: Results,
    /// By sessions too; apart, so that made-up sessions push no others out
    failures: Results,
    /// By visitors for whom the auth server asks to be left alone
    busy: Results,
    /// Sessions that have been good
    known: KnownSessions,
    places: Places,
    /// Names sessions and visitors
    hasher: Keyed,
    /// Seconds for which a token is used again
    max_age: f64,
}

type Results = LruCache<u64, Ended, Keyed>;

/// What an exchange has come to.
struct Ended {
    result: Result<Token, Failure>,
    /// When it began: what happened to the session later, it may not know
    asked: f64,
    until: f64,
}

struct Token {
    /// A keyed hash is enough to remember a failure by, and not to give somebody a token by
    session: Box<str>,
    token: String,
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
        let Demand { arrived, but, .. } = *demand;
        let session = self.name(demand.session);
        let visitor = demand.visitor.map(|visitor| self.name(visitor));
        for (results, name) in [
            (&mut self.tokens, session),
            (&mut self.failures, session),
            (&mut self.busy, visitor.unwrap_or_default()),
        ] {
            let Some(ended) = results.get(&name) else { continue };
            // young enough, or at least as young as the request
            let is_new = ended.asked >= arrived;
            match &ended.result {
                Err(Failure::Busy(..)) if !ended.is_young(now) => {}
                _ if !is_new && !ended.is_young(now) => {}
                Ok(kept) if kept.is_of(demand.session) && (is_new || Some(&*kept.token) != but) => {
                    return Lookup::Use(kept.token.clone());
                }
                Ok(_) => {}
                Err(failure) => return Lookup::Refuse(failure.clone()),
            }
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
        let ended = self.tokens.peek(&self.name(session)).filter(|ended| ended.is_young(now));
        ended.is_some_and(|it| it.result.as_ref().is_ok_and(|kept| kept.is_of(session)))
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
        let name = exchange.session;
        self.tokens.pop(&name);
        self.failures.pop(&name);
        let (results, most, name, until) = match &result {
            Ok(_) => {
                self.known.add(name);
                (&mut self.tokens, MOST_TOKENS, name, asked + self.max_age)
            }
            Err(Failure::Busy(_, until)) => {
                (&mut self.busy, MOST_BUSY, exchange.visitor.unwrap_or_default(), *until)
            }
            Err(Failure::Unanswered(_)) => {
                (&mut self.failures, MOST_FAILURES, name, now + FAILED_FOR)
            }
            Err(Failure::Rejected(_) | Failure::Unreadable) => {
                self.known.remove(name);
                (&mut self.failures, MOST_FAILURES, name, asked + REJECTED_FOR)
            }
        };
        let result = result.map(|token| Token { session: session.into(), token });
        results.put(name, Ended { result, asked, until });
        if results.len() > most {
            results.pop_lru();
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

    /// The keyed hash of a session or a visitor.
    fn name(&self, of: &str) -> u64 {
        self.hasher.hash_one(of)
    }
}

impl Token {
    fn is_of(&self, session: &str) -> bool {
        *self.session == *session
    }
}

impl Ended {
    fn is_young(&self, now: f64) -> bool {
        self.asked <= now && now < self.until
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
