//! Keys that the auth server has replaced under the same `kid`, for example after its table of keys
//! was emptied and ids are serial numbers. The cached set has a key for the token, but the
//! signature does not verify. Or the key with that `kid` is for another algorithm, or the token has
//! no `kid` and several keys fit.

use std::sync::Arc;

use super::waiters::Place;
use super::{Attempt, KeyCache};
use crate::crypto::VerifyingKey;
use crate::error::Error;
use crate::keys::{KeySet, Selection, Wanted};

/// The next step for a token that no cached key verifies, or that no key with its `kid` fits.
#[derive(Debug)]
pub enum Recheck {
    /// Verify with these keys, which are new
    Use(Vec<Arc<VerifyingKey>>),
    /// Perform this attempt, report it, and look again
    Fetch(Attempt),
    /// Another request's attempt is in flight: poll
    Wait,
    /// The set has no key for this token, and no newer set is available
    Reject(Error),
    /// No newer key is available: the signature is invalid
    NoNewerKey,
}

impl KeyCache {
    /// The next step at `now` for a token that none of the keys `tried` verifies. `tried` is empty
    /// after [`Lookup::Recheck`](super::Lookup::Recheck).
    ///
    /// A client can send any number of such tokens. So a plausible token causes a fetch only if the
    /// fetch of the set began before the request arrived, if no fetch has confirmed the key within
    /// the cool-down, and if the bucket has two permits: the last permit stays for a new `kid`. The
    /// error is never [`Code::KeysUnavailable`].
    ///
    /// [`Code::KeysUnavailable`]: crate::error::Code::KeysUnavailable
    pub fn recheck(
        &mut self,
        now: f64,
        wanted: &Wanted<'_>,
        tried: &[Arc<VerifyingKey>],
    ) -> Recheck {
        self.follow_clock_back(now);
        self.drop_lost_attempt(now);
        let Some((cached, _)) = self.usable(now) else {
            return Recheck::NoNewerKey;
        };
        let fetched_at = cached.fetched_at;
        let otherwise = match cached.set.select(wanted) {
            Selection::Keys(keys) => match untried(keys, tried) {
                keys if !keys.is_empty() => return Recheck::Use(keys),
                _ => Recheck::NoNewerKey,
            },
            none => Recheck::Reject(none.rejection(wanted)),
        };
        if !wanted.plausible || fetched_at >= wanted.since {
            return otherwise;
        }
        if self.in_flight.is_some() {
            return Recheck::Wait;
        }
        let is_settled = self.is_backing_off(now)
            || self.confirmed.contains(wanted, now, self.timing.miss_cooldown)
            || !self.permits.take_all_but_one(now);
        match is_settled {
            true => otherwise,
            false => Recheck::Fetch(self.recheck_attempt(now, wanted)),
        }
    }

    /// Counts a waiting request like [`join`](Self::join), but only while at least half of the
    /// places are free: such tokens must not take the places of valid ones. Returns `None` if no
    /// place is free.
    pub fn join_for_recheck(&mut self, place: Option<Place>, now: f64) -> Option<Place> {
        self.waiters.join(place, now, self.timing.max_waiting / 2)
    }

    /// Whether another isolate has fetched the set, maybe long ago: a request that has waited for
    /// it can need a newer one.
    pub(in crate::keys) fn is_restored(&self) -> bool {
        self.cached.as_ref().is_some_and(|cached| cached.is_restored)
    }

    /// Notes a key that a fetch has confirmed. A key that has changed is not noted: it may change
    /// again.
    pub(super) fn note_rechecked(&mut self, wanted: &Wanted<'_>, set: &KeySet, fetched_at: f64) {
        let keys = |set: &KeySet| match set.select(wanted) {
            Selection::Keys(keys) => keys,
            _ => Vec::new(),
        };
        let before = self.cached.as_ref().map(|cached| keys(&cached.set)).unwrap_or_default();
        if untried(keys(set), &before).is_empty() {
            self.confirmed.note(wanted, fetched_at);
        }
    }

    fn recheck_attempt(&mut self, now: f64, wanted: &Wanted<'_>) -> Attempt {
        let attempt = self.attempt(now, Some(wanted));
        if let Some(missing) = self.in_flight.as_mut().and_then(|it| it.missing.as_mut()) {
            missing.is_recheck = true;
        }
        attempt
    }
}

/// The keys that are not among `tried`. A newer set shares the objects of unchanged keys.
fn untried(keys: Vec<Arc<VerifyingKey>>, tried: &[Arc<VerifyingKey>]) -> Vec<Arc<VerifyingKey>> {
    let is_tried = |key: &Arc<VerifyingKey>| tried.iter().any(|tried| Arc::ptr_eq(tried, key));
    keys.into_iter().filter(|key| !is_tried(key)).collect()
}
