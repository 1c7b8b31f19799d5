//! A key that was replaced under its old name: the table of keys was emptied and the names are serial
//! numbers, or keys have no names. The set has a key for the token, and the signature fails by it. Or the
//! key of that name is for another algorithm, or the token has no name and several named keys fit.

use std::sync::Arc;

use super::waiters::{MOST, Place};
use super::{Attempt, KeyCache};
use crate::crypto::VerifyingKey;
use crate::error::Error;
use crate::keys::{KeySet, Selection, Wanted};

/// What to do for a token whose signature failed by every key that was known for it, or that no key of
/// its name fits.
#[derive(Debug)]
pub enum Recheck {
    /// Verify with these keys, which were not tried yet
    Use(Vec<Arc<VerifyingKey>>),
    /// Carry this attempt out, report it, and look again
    Fetch(Attempt),
    /// Another request's attempt is under way: look again in a moment
    Wait,
    /// The set has no key for this token, and there is no newer set to be had now
    Refuse(Error),
    /// There is no newer key to be had now: the signature is bad
    Settled,
}

impl KeyCache {
    /// What to do at `now` for a token whose signature failed by the keys `tried`, or for which
    /// [`lookup`](Self::lookup) has said [`Recheck`](super::Lookup::Recheck): then there are none.
    ///
    /// A stranger can send any number of such tokens. So a plausible token causes a fetch only where
    /// the set was asked for before the token came in, where no fetch has confirmed that key within the
    /// cool-down, and where the bucket of permits for unknown keys has one to spare: the last permit stays
    /// for a key of a new name. The refusal is never [`Code::KeysUnavailable`].
    ///
    /// [`Code::KeysUnavailable`]: crate::error::Code::KeysUnavailable
    pub fn recheck(
        &mut self,
        now: f64,
        wanted: &Wanted<'_>,
        tried: &[Arc<VerifyingKey>],
    ) -> Recheck {
        self.follow_clock_back(now);
        self.give_up_vanished(now);
        let Some((known, _)) = self.believed(now) else {
            return Recheck::Settled;
        };
        let asked = known.asked;
        let settled = match known.set.select(wanted) {
            Selection::Keys(keys) => match untried(keys, tried) {
                keys if !keys.is_empty() => return Recheck::Use(keys),
                _ => Recheck::Settled,
            },
            none => Recheck::Refuse(none.refusal(wanted)),
        };
        if !wanted.plausible || asked >= wanted.since {
            return settled;
        }
        if self.in_flight.is_some() {
            return Recheck::Wait;
        }
        let is_settled = self.is_backing_off(now)
            || self.confirmed.contains(wanted, now, self.timing.miss_cooldown)
            || !self.permits.take_all_but_one(now);
        match is_settled {
            true => settled,
            false => Recheck::Fetch(self.recheck_attempt(now, wanted)),
        }
    }

    /// Joins the requests that wait, as [`join`](Self::join) does, while at least half of the places are
    /// free: such tokens must not take the places of good ones. `None` where there is none.
    pub fn join_for_recheck(&mut self, place: Option<Place>, now: f64) -> Option<Place> {
        self.waiters.join(place, now, MOST / 2)
    }

    /// Remembers a key that was fetched again and is still the same. One that has changed is not
    /// remembered: it may change again.
    pub(super) fn note_rechecked(&mut self, wanted: &Wanted<'_>, set: &KeySet, asked: f64) {
        let keys = |set: &KeySet| match set.select(wanted) {
            Selection::Keys(keys) => keys,
            _ => Vec::new(),
        };
        let before = self.known.as_ref().map(|known| keys(&known.set)).unwrap_or_default();
        if untried(keys(set), &before).is_empty() {
            self.confirmed.note(wanted, asked);
        }
    }

    fn recheck_attempt(&mut self, now: f64, wanted: &Wanted<'_>) -> Attempt {
        let attempt = self.attempt(now, Some(wanted));
        if let Some(sought) = self.in_flight.as_mut().and_then(|it| it.looks_for.as_mut()) {
            sought.is_known = true;
        }
        attempt
    }
}

/// Keys of a newer set that are still the same are the same objects.
fn untried(keys: Vec<Arc<VerifyingKey>>, tried: &[Arc<VerifyingKey>]) -> Vec<Arc<VerifyingKey>> {
    let is_tried = |key: &Arc<VerifyingKey>| tried.iter().any(|tried| Arc::ptr_eq(tried, key));
    keys.into_iter().filter(|key| !is_tried(key)).collect()
}
