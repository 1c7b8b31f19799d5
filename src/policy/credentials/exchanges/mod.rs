//! What became of sessions that were exchanged for tokens, and which exchanges are under way: one for
//! each session at a time, so many in all. Told the time, it never waits and never asks.

mod budget;
mod known_sessions;
mod places;

#[cfg(test)]
mod tests;

use std::hash::BuildHasher;
use std::sync::Arc;

use lru::LruCache;

use crate::policy::credentials::failure::Failure;
use crate::verifier::Keyed;
use budget::Budget;
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
    /// For sessions that may be made up, of visitors whose address is not known
    budget: Option<Budget>,
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
    /// Until when other sessions of a request are tried before this one
    behind_others_until: f64,
}

/// What is known of a session before it is asked for, the best first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Standing {
    /// Its token is kept
    HasToken,
    /// It has been good before
    Known,
    Unknown,
    /// It was rejected lately
    Rejected,
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
    /// The larger network of the visitor, where there is one
    pub(super) network: Option<&'d str>,
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

impl Standing {
    /// Whether the session is, or has been, a live one.
    pub(super) fn is_good(self) -> bool {
        matches!(self, Self::HasToken | Self::Known)
    }
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
    /// Too many were asked for; come back after that many seconds
    Spent(u32),
}

impl Exchanges {
    /// `max_age` is in seconds. `is_signed` says that made-up sessions never come here.
    pub(super) fn new(max_age: f64, is_signed: bool, random: impl Fn() -> f64) -> Self {
        let keyed = || Keyed::new(&random);
        Self {
            tokens: LruCache::unbounded_with_hasher(keyed()),
            failures: LruCache::unbounded_with_hasher(keyed()),
            busy: LruCache::unbounded_with_hasher(keyed()),
            known: KnownSessions::default(),
            places: Places::default(),
            budget: (!is_signed).then(Budget::default),
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
        let is_known = self.known.contains(session);
        // one visitor's 429 must not hold back all whose addresses are not known either
        let counted_as = visitor.or((!is_known).then_some(UNKNOWN_VISITORS));
        for (results, name) in [
            (&mut self.tokens, Some(session)),
            (&mut self.failures, Some(session)),
            (&mut self.busy, counted_as),
        ] {
            let Some(ended) = name.and_then(|name| results.get(&name)) else { continue };
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
        let budget = self.budget.as_mut().filter(|_| visitor.is_none() && !is_known);
        if let Some(seconds) = budget.as_ref().and_then(|budget| budget.spent_for(now))
            && !self.places.has_under_way(session)
        {
            self.places.leave(ticket);
            return Lookup::Spent(seconds);
        }
        let network = demand.network.map(|network| self.hasher.hash_one(network));
        let claim = Claim { session, visitor, network, is_known };
        match self.places.claim(claim, ticket, now) {
            Turn::Now(number) => {
                if let Some(budget) = budget {
                    budget.take(now);
                }
                Lookup::Begin(Exchange { number, session, visitor, asked: now })
            }
            Turn::Wait => Lookup::Wait,
            Turn::Never => Lookup::Crowded,
        }
    }

    /// What is known of a session at `now`. A request with a rejected one prolongs the memory of that, so that a
    /// live session behind many planted ones is reached by and by.
    pub(super) fn standing(&mut self, session: &str, now: f64) -> Standing {
        let name = self.name(session);
        if self.has_token(session, now) {
            return Standing::HasToken;
        }
        if self.known.contains(name) {
            return Standing::Known;
        }
        match self.failures.get_mut(&name) {
            Some(ended) if ended.asked <= now && now < ended.behind_others_until => {
                ended.behind_others_until = now + BEHIND_OTHERS_FOR;
                Standing::Rejected
            }
            _ => Standing::Unknown,
        }
    }

    /// Whether a token of that session is kept which may be used at `now`.
    fn has_token(&self, session: &str, now: f64) -> bool {
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
            Err(Failure::Busy(cause, until)) => match exchange.visitor {
                Some(visitor) => (&mut self.busy, MOST_BUSY, visitor, *until),
                None => {
                    let until = until.min(now + HELD_BACK_FOR);
                    let busy = Failure::Busy(Arc::clone(cause), until);
                    self.busy.put(UNKNOWN_VISITORS, Ended::new(Err(busy), asked, until));
                    (&mut self.failures, MOST_FAILURES, name, until)
                }
            },
            Err(Failure::Unanswered(_)) => {
                (&mut self.failures, MOST_FAILURES, name, now + FAILED_FOR)
            }
            Err(Failure::Rejected(_) | Failure::Unreadable) => {
                self.known.remove(name);
                (&mut self.failures, MOST_FAILURES, name, asked + REJECTED_FOR)
            }
        };
        let result = result.map(|token| Token { session: session.into(), token });
        results.put(name, Ended::new(result, asked, until));
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
    fn new(result: Result<Token, Failure>, asked: f64, until: f64) -> Self {
        let is_rejected = matches!(result, Err(Failure::Rejected(_)));
        let behind_others_until = if is_rejected { asked + BEHIND_OTHERS_FOR } else { asked };
        Self { result, asked, until, behind_others_until }
    }

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

/// Seconds after the last request with a rejected session in which other sessions are tried before it.
const BEHIND_OTHERS_FOR: f64 = 60.0;

/// All visitors whose addresses are not known, among those for whom the auth server is left alone.
const UNKNOWN_VISITORS: u64 = 0;

/// Seconds for which the auth server is left alone for these at most, whatever it asks for.
const HELD_BACK_FOR: f64 = 10.0;

/// Seconds before the auth server is asked again after it has failed.
const FAILED_FOR: f64 = 1.0;

/// Milliseconds that an exchange may take.
pub(super) const TIMEOUT: u32 = 5_000;

/// Seconds after which an exchange that nothing was heard of has vanished with what carried it out.
const PATIENCE: f64 = TIMEOUT as f64 / 1_000.0 + 0.5;
