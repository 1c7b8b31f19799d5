//! A cache of decisions that a host may replay.
//!
//! Some decisions depend on nothing but the head, the settings and the time. Such a decision has an
//! id. If the host gets the same head again, it asks whether the decision with that id is still
//! valid, and then forwards the request as before. Neither the head nor the decision crosses to the
//! host again.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::gateway::Gateway;
use crate::gateway::authenticate::AuthenticatedUser;
use crate::http::head::RequestHead;
use crate::verifier::Verified;

impl Gateway {
    /// Whether the decision with that id still holds for the same head: the host may forward the
    /// request to the same URL with the same edits, except for another request id. `now` is in
    /// seconds since 1970. Fetches nothing and reports nothing.
    ///
    /// The id belongs to one head. Only headers that no decision depends on may differ.
    pub fn decision_is_valid(&self, id: u32, now: f64) -> bool {
        self.decisions.is_valid(id, |it| {
            let Some(user) = it.user.upgrade() else { return false };
            let revocations = self.revocations.as_ref();
            now < it.valid_until
                && self.issuers.is_valid_now(&user, it.issuer, now)
                && revocations.is_none_or(|known| known.is_known_valid(&user, now))
        })
    }

    /// Caches a decision if the host can replay it and nothing would change.
    pub(super) fn cache_decision(
        &self,
        head: &RequestHead,
        user: Option<&AuthenticatedUser>,
        valid_until: Option<f64>,
    ) -> Option<u32> {
        let user = user?;
        let issuer = user.issuer?;
        let is_replayable = head.may_return() && self.issuers.caches_tokens(issuer);
        let is_reported = self.reporter.reports_forwards() || self.rate_limits.limits_users();
        if !is_replayable || head.request_id().is_some() || is_reported {
            return None;
        }
        let user = Arc::downgrade(&user.verified);
        self.decisions.insert(CachedDecision { user, issuer, valid_until: valid_until? })
    }
}

/// The most recent replayable decisions.
#[derive(Default)]
pub(super) struct DecisionCache(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    /// The decision with id `i` is at index `i % CAPACITY`
    decisions: Vec<CachedDecision>,
    next_id: u32,
}

/// The inputs of a decision.
struct CachedDecision {
    /// The token, while the cache of verified tokens keeps it: that cache has a limit of bytes
    user: Weak<Verified>,
    /// The index of the issuer that verified the token
    issuer: usize,
    /// When the edge must sign another assertion, or the session becomes too old for the path, in
    /// seconds since 1970
    valid_until: f64,
}

impl DecisionCache {
    /// Replaces the oldest decision and returns the new one's id, which is unique. `None` when
    /// there are no ids left.
    fn insert(&self, decision: CachedDecision) -> Option<u32> {
        let mut entries = self.entries();
        let id = entries.next_id;
        entries.next_id = id.checked_add(1)?;
        let index = index(id);
        match entries.decisions.get_mut(index) {
            Some(oldest) => *oldest = decision,
            None => entries.decisions.push(decision),
        }
        Some(id)
    }

    /// Whether the decision is still cached, and its inputs hold: its token is cached and valid,
    /// the token's key known, and its session has not ended.
    fn is_valid(&self, id: u32, holds: impl FnOnce(&CachedDecision) -> bool) -> bool {
        let entries = self.entries();
        let is_cached = id < entries.next_id && entries.next_id - id <= CAPACITY;
        let decision = entries.decisions.get(index(id)).filter(|_| is_cached);
        decision.is_some_and(holds)
    }

    /// A poisoned lock is harmless: no code panics while it holds the lock.
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for DecisionCache {
    /// Shows the number of decisions, not the users.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecisionCache")
            .field("next_id", &self.entries().next_id)
            .finish_non_exhaustive()
    }
}

fn index(id: u32) -> usize {
    (id % CAPACITY) as usize
}

/// Decisions in the cache.
const CAPACITY: u32 = 2048;
