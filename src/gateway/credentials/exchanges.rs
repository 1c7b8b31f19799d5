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

/// Seconds after which an exchange that nothing was heard of has vanished with what carried it out.
const PATIENCE: f64 = super::session::TIMEOUT as f64 / 1_000.0 + 0.5;
