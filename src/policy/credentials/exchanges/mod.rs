//! The results of exchanges, and which exchanges run: one for each session at a time, and a limited
//! number in all. An API key counts as a session. This state machine gets the time from its caller.
//! It neither waits nor fetches.

mod admission;
mod budget;
mod known_sessions;
mod queue;

#[cfg(test)]
mod tests;

use std::hash::BuildHasher;
use std::sync::Arc;

use lru::LruCache;

use crate::policy::credentials::failure::Failure;
use crate::verifier::KeyedHasher;
use admission::{Admission, Slot};
use budget::Budget;
use known_sessions::KnownSessions;
use queue::Requester;

pub(super) use queue::Ticket;

/// The exchanges of one auth server.
pub(super) struct Exchanges {
    /// By session
    tokens: Results,
    /// By session too, but apart, so that made-up sessions evict no tokens
    failures: Results,
    /// By client: rate limits of the auth server
    busy: Results,
    known: KnownSessions,
    admission: Admission,
    /// For sessions that may be made up, of clients whose address is not known
    budget: Budget,
    /// Hashes the names of sessions and clients
    hasher: KeyedHasher,
}

type Results = LruCache<u64, CachedResult, KeyedHasher>;

/// The result of an exchange.
struct CachedResult {
    result: Result<CachedToken, Failure>,
    /// When the exchange began. It may not reflect later changes of the session
    asked: f64,
    until: f64,
    /// Until when the edge tries other sessions of a request before this one
    behind_others_until: f64,
}

struct CachedToken {
    /// The hash alone would do for a failure, but a collision must not hand out a token
    session: Box<str>,
    token: String,
}

/// The edge's knowledge of a session before its exchange, the best first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Standing {
    /// Its token is cached
    HasToken,
    /// It has been valid before
    Known,
    Unknown,
    /// The auth server rejected it recently
    Rejected,
}

/// A request that needs the token of a session.
#[derive(Clone, Copy)]
pub(super) struct TokenRequest<'d> {
    pub(super) session: &'d str,
    /// The client's rate limit key, if the address is known
    pub(super) client: Option<&'d str>,
    /// The client's IPv6 /48, if the address is an IPv6 address
    pub(super) network: Option<&'d str>,
    /// When the request arrived
    pub(super) arrived: f64,
    /// Whether Better Auth has signed the session, so that the client has not made it up
    pub(super) is_signed: bool,
    /// A token that has expired
    pub(super) expired: Option<&'d str>,
    pub(super) ages: Ages,
}

/// For how long the results of exchanges count, in seconds since an exchange began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ages {
    pub(super) token: f64,
    pub(super) rejection: f64,
}

/// Permission to fetch a session's token once.
pub(super) struct Exchange {
    number: u64,
    session: u64,
    client: Option<u64>,
    asked: f64,
    ages: Ages,
}

impl Standing {
    /// Whether the session is, or has been, valid.
    pub(super) fn has_been_valid(self) -> bool {
        matches!(self, Self::HasToken | Self::Known)
    }
}

/// The next step of a request that needs its session's token.
pub(super) enum Lookup {
    Use(String),
    Reject(Failure),
    /// Carry out this exchange, report its result, and look up again
    Begin(Exchange),
    /// Look up again in a moment
    Wait,
    /// Too many requests wait
    QueueFull,
    /// The budget is used up for this many seconds
    BudgetSpent(u32),
}

impl Exchanges {
    /// No exchanges yet. `random` seeds hashes.
    pub(super) fn new(random: impl Fn() -> f64) -> Self {
        let keyed = || KeyedHasher::new(&random);
        Self {
            tokens: LruCache::unbounded_with_hasher(keyed()),
            failures: LruCache::unbounded_with_hasher(keyed()),
            busy: LruCache::unbounded_with_hasher(keyed()),
            known: KnownSessions::default(),
            admission: Admission::default(),
            budget: Budget::default(),
            hasher: keyed(),
        }
    }

    /// The next step at `now`. A request that must wait gets a ticket and looks up again with it.
    pub(super) fn lookup(
        &mut self,
        request: &TokenRequest<'_>,
        ticket: &mut Option<Ticket>,
        now: f64,
    ) -> Lookup {
        let TokenRequest { arrived, is_signed, expired, ages, .. } = *request;
        let session = self.hash(request.session);
        let client = request.client.map(|client| self.hash(client));
        let is_known = self.known.contains(session);
        // a known session must not wait because unknown clients share one 429
        let busy_key = client.or((!is_known).then_some(UNKNOWN_CLIENTS));
        for (results, key) in [
            (&mut self.tokens, Some(session)),
            (&mut self.failures, Some(session)),
            (&mut self.busy, busy_key),
        ] {
            let Some(cached) = key.and_then(|key| results.get(&key)) else { continue };
            // fresh, or at least not older than the request
            let is_new = cached.asked >= arrived;
            match &cached.result {
                Err(Failure::Busy(..)) if !cached.is_fresh(now) => {}
                _ if !is_new && !cached.is_fresh(now) => {}
                Ok(it) if it.is_of(request.session) && (is_new || Some(&*it.token) != expired) => {
                    return Lookup::Use(it.token.clone());
                }
                Ok(_) => {}
                Err(failure) => return Lookup::Reject(failure.clone()),
            }
        }
        let is_counted = !is_signed && client.is_none() && !is_known;
        let spent_for = self.budget.spent_for(now).filter(|_| is_counted);
        if let Some(seconds) = spent_for
            && !self.admission.is_running(session)
        {
            self.admission.leave(ticket);
            return Lookup::BudgetSpent(seconds);
        }
        let network = request.network.map(|network| self.hasher.hash_one(network));
        let requester = Requester { session, client, network, is_known };
        match self.admission.request(requester, ticket, now) {
            Slot::Granted(number) => {
                if is_counted {
                    self.budget.take(now);
                }
                Lookup::Begin(Exchange { number, session, client, asked: now, ages })
            }
            Slot::Wait => Lookup::Wait,
            Slot::Dropped => Lookup::QueueFull,
        }
    }

    /// The knowledge of a session at `now`. Remembers a rejected session for longer each time,
    /// so that the edge gradually reaches a live session behind many planted ones.
    pub(super) fn standing(&mut self, session: &str, now: f64) -> Standing {
        let key = self.hash(session);
        if self.has_token(session, now) {
            return Standing::HasToken;
        }
        if self.known.contains(key) {
            return Standing::Known;
        }
        match self.failures.get_mut(&key) {
            Some(cached) if cached.asked <= now && now < cached.behind_others_until => {
                cached.behind_others_until = now + BEHIND_OTHERS_FOR;
                Standing::Rejected
            }
            _ => Standing::Unknown,
        }
    }

    /// Whether a fresh token of that session is cached.
    fn has_token(&self, session: &str, now: f64) -> bool {
        let cached = self.tokens.peek(&self.hash(session)).filter(|it| it.is_fresh(now));
        cached.is_some_and(|it| it.result.as_ref().is_ok_and(|token| token.is_of(session)))
    }

    /// Caches the result of an exchange.
    pub(super) fn report(
        &mut self,
        session: &str,
        exchange: &Exchange,
        result: Result<String, Failure>,
        now: f64,
    ) {
        let Exchange { asked, ages, .. } = *exchange;
        self.abandon(exchange);
        let key = exchange.session;
        self.tokens.pop(&key);
        self.failures.pop(&key);
        let (results, most, key, until) = match &result {
            Ok(_) => {
                self.known.add(key);
                (&mut self.tokens, MOST_TOKENS, key, asked + ages.token)
            }
            Err(Failure::Busy(cause, until)) => match exchange.client {
                Some(client) => (&mut self.busy, MOST_BUSY, client, *until),
                None => {
                    let until = until.min(now + BUSY_FOR);
                    let busy = Failure::Busy(Arc::clone(cause), until);
                    self.busy.put(UNKNOWN_CLIENTS, CachedResult::new(Err(busy), asked, until));
                    (&mut self.failures, MOST_FAILURES, key, until)
                }
            },
            // the key is valid, so it stays known
            Err(Failure::Limited(_, until)) => (&mut self.failures, MOST_FAILURES, key, *until),
            Err(Failure::Unanswered(_)) => {
                (&mut self.failures, MOST_FAILURES, key, now + FAILED_FOR)
            }
            Err(Failure::Rejected(_) | Failure::Unreadable) => {
                self.known.remove(key);
                (&mut self.failures, MOST_FAILURES, key, asked + ages.rejection)
            }
        };
        let result = result.map(|token| CachedToken { session: session.into(), token });
        results.put(key, CachedResult::new(result, asked, until));
        if results.len() > most {
            results.pop_lru();
        }
    }

    /// Ends an exchange without a result, because its runtime has stopped it.
    pub(super) fn abandon(&mut self, exchange: &Exchange) {
        self.admission.end(exchange.number);
    }

    /// Removes a request from the queue.
    pub(super) fn leave(&mut self, ticket: &mut Option<Ticket>) {
        self.admission.leave(ticket);
    }

    /// The keyed hash of a session or a client.
    fn hash(&self, name: &str) -> u64 {
        self.hasher.hash_one(name)
    }
}

impl CachedToken {
    fn is_of(&self, session: &str) -> bool {
        *self.session == *session
    }
}

impl CachedResult {
    fn new(result: Result<CachedToken, Failure>, asked: f64, until: f64) -> Self {
        let is_rejected = matches!(result, Err(Failure::Rejected(_)));
        let behind_others_until = if is_rejected { asked + BEHIND_OTHERS_FOR } else { asked };
        Self { result, asked, until, behind_others_until }
    }

    fn is_fresh(&self, now: f64) -> bool {
        self.asked <= now && now < self.until
    }
}

/// Cached tokens.
const MOST_TOKENS: usize = 1_000;

/// Cached failures.
const MOST_FAILURES: usize = 5_000;

/// Clients that the auth server limits.
const MOST_BUSY: usize = 1_000;

/// Seconds after the last request with a rejected session in which the edge tries other sessions
/// first.
const BEHIND_OTHERS_FOR: f64 = 60.0;

/// The key for all clients whose address is not known.
const UNKNOWN_CLIENTS: u64 = 0;

/// The longest back-off for these clients, in seconds. The auth server may ask for more.
const BUSY_FOR: f64 = 10.0;

/// Back-off after the auth server has failed, in seconds.
const FAILED_FOR: f64 = 1.0;

/// The time limit of an exchange, in milliseconds.
pub(super) const TIMEOUT: u32 = 5_000;

/// Seconds after which an exchange without a result has ended together with its runtime.
const RUN_LIMIT: f64 = TIMEOUT as f64 / 1_000.0 + 0.5;
