//! The JWK Set cache as a pure state machine. It receives the time and what a token needs, and
//! returns what to do. It neither waits nor performs I/O.

mod absent;
mod attempt;
mod bucket;
mod replaced;
mod timing;
mod waiters;

pub use attempt::Attempt;
pub use replaced::Recheck;
pub use timing::Timing;
pub use waiters::Place;

use std::sync::Arc;

use absent::AbsentKeys;
use attempt::{InFlight, MissingKey};
use bucket::Bucket;
use waiters::Waiters;

use super::key_set::{KeySet, Selection, Wanted};
use crate::crypto::VerifyingKey;
use crate::error::{Code, Error};

/// The next step for a token.
#[derive(Debug)]
pub enum Lookup {
    /// Verify with these keys
    Use(Vec<Arc<VerifyingKey>>),
    /// Verify with these keys, and perform this attempt in the background
    UseAndRefresh(Vec<Arc<VerifyingKey>>, Attempt),
    /// Perform this attempt, report it, and look again
    Fetch(Attempt),
    /// Another request's attempt is in flight: poll
    Wait,
    /// The set has keys with that `kid`, but none fits the token. The auth server may have replaced
    /// them: call [`KeyCache::recheck`], and reject the token with this error if it returns no keys
    Recheck(Error),
    /// The set has no key for this token
    Reject(Error),
}

/// The state of an issuer's keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyStatus {
    /// The number of usable keys
    pub usable: usize,
    /// Seconds since the fetch of the set. `None` for a fixed set, or without a set
    pub age: Option<f64>,
}

/// The cached JWK Set of an issuer, and when to fetch another one.
#[derive(Debug, Default)]
pub struct KeyCache {
    timing: Timing,
    cached: Option<CachedSet>,
    attempts: u64,
    in_flight: Option<InFlight>,
    /// Whether an attempt has ended
    has_tried: bool,
    permits: Bucket,
    absent: AbsentKeys,
    /// Keys that a fetch has confirmed
    confirmed: AbsentKeys,
    waiters: Waiters,
    failures: Failures,
    /// A set whose fetch began before that time must be fetched again
    due_before: Option<f64>,
}

#[derive(Debug)]
struct CachedSet {
    set: Arc<KeySet>,
    /// When its fetch began. The set may lack later changes
    fetched_at: f64,
    attempt: u64,
    /// Whether another isolate has fetched it, maybe long ago
    is_restored: bool,
}

#[derive(Debug, Default)]
struct Failures {
    /// The number since the last success
    count: u32,
    retry_at: f64,
    /// The length of the back-off, in seconds
    backoff: f64,
}

impl KeyCache {
    /// An empty cache.
    pub fn new(timing: Timing) -> Self {
        Self { timing, permits: Bucket::new(timing.miss_cooldown), ..Self::default() }
    }

    /// The next step at `now`, in seconds since 1970, for a token that needs a key.
    ///
    /// An unknown `kid` causes a fetch at once, even if the set is fresh: Better Auth publishes a
    /// new key when it first signs with it. Such a fetch takes a permit. Without a permit, a `kid`
    /// that no fetch has looked for is [`Code::KeysUnavailable`]. A set whose fetch began after the
    /// request arrived is recent enough to reject the token. The cache serves keys that are not too
    /// old while an attempt is in flight, and while the source fails. A token that would be
    /// rejected anyway neither causes a fetch nor waits for one, if a set is cached.
    pub fn lookup(&mut self, now: f64, wanted: &Wanted<'_>) -> Lookup {
        self.follow_clock_back(now);
        self.drop_lost_attempt(now);
        let busy = self.in_flight.is_some();
        let backing_off = self.is_backing_off(now);
        let Some((cached, age)) = self.usable(now) else {
            return match () {
                () if busy => Lookup::Wait,
                () if backing_off => Lookup::Reject(self.unavailable(now, NO_SET)),
                () => Lookup::Fetch(self.attempt(now, None)),
            };
        };
        let (fetched_at, selection) = (cached.fetched_at, cached.set.select(wanted));
        let is_due = self.is_due(fetched_at);
        let failing = self.failures.count > 0;
        let failed_lately = failing && now - self.failures.retry_at < self.timing.max_backoff;
        let has_keys = matches!(selection, Selection::Keys(_));
        if (age >= self.timing.fresh || is_due) && wanted.plausible && !backing_off {
            match busy {
                true if !has_keys || is_due => return Lookup::Wait,
                false if !has_keys || !failed_lately => {
                    return Lookup::Fetch(self.attempt(now, None));
                }
                _ => {}
            }
        }
        let refreshes = age >= self.timing.refresh_ahead && wanted.plausible;
        match selection {
            Selection::Keys(keys) if refreshes && !busy && !backing_off => {
                Lookup::UseAndRefresh(keys, self.attempt(now, None))
            }
            Selection::Keys(keys) => Lookup::Use(keys),
            Selection::Unknown if fetched_at >= wanted.since => {
                self.absent.note(wanted, fetched_at);
                Lookup::Reject(selection.rejection(wanted))
            }
            Selection::Unknown if wanted.plausible => self.fetch_missing(wanted, now),
            Selection::OtherAlgorithm | Selection::Ambiguous if wanted.plausible => {
                Lookup::Recheck(selection.rejection(wanted))
            }
            _ => Lookup::Reject(selection.rejection(wanted)),
        }
    }

    /// The next step for a plausible token whose key is not in the set.
    fn fetch_missing(&mut self, wanted: &Wanted<'_>, now: f64) -> Lookup {
        if self.in_flight.is_some() {
            return Lookup::Wait;
        }
        if self.is_backing_off(now) {
            return Lookup::Reject(self.unavailable(now, NO_NEWER_SET));
        }
        let is_absent_for = |seconds: f64| {
            self.absent.contains(wanted, now, seconds.min(self.timing.miss_cooldown))
        };
        let (just_now, lately) = (is_absent_for(RETRY_AFTER), is_absent_for(ABSENT_FOR));
        if !just_now && self.permits.take(now) {
            return Lookup::Fetch(self.attempt(now, Some(wanted)));
        }
        Lookup::Reject(match self.failures.count {
            _ if lately => Selection::Unknown.rejection(wanted),
            0 => self.unavailable(now, NOT_YET),
            _ => self.unavailable(now, NO_NEWER_SET),
        })
    }

    /// The set, if it is so fresh that [`lookup`](Self::lookup) would use its keys without a fetch.
    pub fn fresh(&self, now: f64) -> Option<&Arc<KeySet>> {
        let cached = self.cached.as_ref()?;
        let Timing { fresh, refresh_ahead, stale, .. } = self.timing;
        // negative if the clock was set back
        let age = now - cached.fetched_at;
        let is_fresh = (0.0..refresh_ahead.min(fresh).min(stale)).contains(&age);
        (is_fresh && !self.is_due(cached.fetched_at)).then_some(&cached.set)
    }

    /// Makes a set due whose fetch began before that time, in seconds since 1970. The cache serves
    /// it from then on only while fetches fail. Returns whether the cached set is such a set.
    pub fn mark_due(&mut self, before: f64) -> bool {
        self.due_before = Some(self.due_before.map_or(before, |due| due.max(before)));
        self.cached.as_ref().is_some_and(|cached| cached.fetched_at < before)
    }

    /// Caches a set that another isolate has fetched at `fetched_at` and stored. If that set is
    /// fresh, no fetch is necessary. Otherwise returns the attempt, and the set serves if the
    /// attempt fails. Ignores a set that is too old or from the future.
    pub fn restore(
        &mut self,
        attempt: Attempt,
        set: KeySet,
        fetched_at: f64,
        now: f64,
    ) -> Option<Attempt> {
        let age = now - fetched_at;
        let is_usable = (0.0..self.timing.stale).contains(&age);
        if !is_usable || self.cached.is_some() {
            return Some(attempt);
        }
        let (set, number) = (Arc::new(set), attempt.number);
        self.cached = Some(CachedSet { set, fetched_at, attempt: number, is_restored: true });
        if age >= self.timing.fresh || self.is_due(fetched_at) {
            return Some(attempt);
        }
        self.has_tried = true;
        self.end(attempt.number);
        None
    }

    /// Reports the result of an attempt. `jitter`, from 0 up to 1, spreads the back-off after a
    /// failure. A failure leaves the cached keys in place.
    pub fn report(&mut self, attempt: Attempt, fetched: Option<KeySet>, now: f64, jitter: f64) {
        let Attempt { number, started, .. } = attempt;
        self.has_tried = true;
        let missing = self.end(number).and_then(|ended| ended.missing);
        if self.cached.as_ref().is_some_and(|cached| cached.attempt > number) {
            return; // a later attempt has already succeeded
        }
        match fetched {
            Some(set) => {
                self.failures = Failures::default();
                if let Some(MissingKey { kid, algorithm, is_recheck }) = missing {
                    let kid = kid.as_deref();
                    let wanted = Wanted { kid, algorithm, since: started, plausible: true };
                    match set.select(&wanted) {
                        _ if is_recheck => self.note_rechecked(&wanted, &set, started),
                        // only the auth server can make a key, so clients cannot cause many of
                        // these
                        Selection::Keys(_) => self.permits.put_back(),
                        _ => self.absent.note(&wanted, started),
                    }
                }
                let (set, fetched_at) = (Arc::new(set), started);
                self.cached =
                    Some(CachedSet { set, fetched_at, attempt: number, is_restored: false });
            }
            None => {
                let count = self.failures.count.saturating_add(1);
                let backoff = 2f64.powi(count.min(16) as i32 - 1).min(self.timing.max_backoff);
                let backoff = backoff * (0.5 + 0.5 * jitter);
                self.failures = Failures { count, retry_at: now + backoff, backoff };
            }
        }
    }

    /// Extends the back-off after the last failure to these seconds, as the source demands.
    pub fn back_off(&mut self, seconds: f64, now: f64) {
        if self.failures.count > 0 && now + seconds > self.failures.retry_at {
            self.failures.retry_at = now + seconds;
            self.failures.backoff = seconds;
        }
    }

    /// Whether an attempt is in flight.
    pub fn is_fetching(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Ends an attempt without a report, because its runtime has stopped it. Another request can
    /// fetch at once.
    pub fn abandon(&mut self, attempt: Attempt) {
        let ended = self.end(attempt.number);
        self.put_back_permit(ended);
    }

    /// The same for the attempt in flight.
    pub fn abandon_in_flight(&mut self) {
        let ended = self.in_flight.take();
        self.put_back_permit(ended);
    }

    /// Counts a request among those that wait for an attempt. `place` is what the last call
    /// returned for the request.
    ///
    /// # Errors
    /// [`Code::KeysUnavailable`] if too many requests wait. A request that has a place keeps it.
    pub fn join(
        &mut self,
        place: Option<Place>,
        now: f64,
        plausible: bool,
    ) -> Result<Place, Error> {
        let limit = if plausible { self.timing.max_waiting } else { self.timing.max_waiting / 2 };
        let place = self.waiters.join(place, now, limit);
        place.ok_or_else(|| Error::new(Code::KeysUnavailable, TOO_MANY_WAIT).with_retry_after(1))
    }

    /// Ends the wait of a request.
    pub fn leave(&mut self, place: Place) {
        self.waiters.leave(place);
    }

    /// The state at `now`.
    pub fn status(&self, now: f64) -> KeyStatus {
        match self.usable(now) {
            Some((cached, age)) => KeyStatus { usable: cached.set.len(), age: Some(age) },
            None => KeyStatus { usable: 0, age: None },
        }
    }

    /// The cached set.
    pub fn cached(&self) -> Option<&Arc<KeySet>> {
        self.cached.as_ref().map(|cached| &cached.set)
    }

    /// When it fetches, and how long it waits.
    pub fn timing(&self) -> &Timing {
        &self.timing
    }

    /// The cached set and its age in seconds, unless it is too old.
    fn usable(&self, now: f64) -> Option<(&CachedSet, f64)> {
        let cached = self.cached.as_ref()?;
        let age = (now - cached.fetched_at).max(0.0);
        (age < self.timing.stale).then_some((cached, age))
    }

    fn is_due(&self, fetched_at: f64) -> bool {
        self.due_before.is_some_and(|due| fetched_at < due)
    }

    /// Corrects times in the future, so that a clock that was set back does not prolong them.
    fn follow_clock_back(&mut self, now: f64) {
        if let Some(cached) = self.cached.as_mut().filter(|cached| cached.fetched_at > now) {
            cached.fetched_at = now - MOMENT;
        }
        self.due_before = self.due_before.map(|due| due.min(now));
        if self.failures.retry_at > now + self.failures.backoff {
            self.failures.retry_at = now;
        }
    }

    /// Drops an attempt without a report after the timeout of a fetch.
    fn drop_lost_attempt(&mut self, now: f64) {
        let limit = self.timing.fetch_timeout + GRACE;
        let lost = self.in_flight.take_if(|it| (now - it.since).abs() >= limit);
        self.put_back_permit(lost);
    }

    fn put_back_permit(&mut self, ended: Option<InFlight>) {
        if ended.is_some_and(|it| it.missing.is_some()) {
            self.permits.put_back();
        }
    }

    /// Ends the attempt with that number, if it is in flight.
    fn end(&mut self, number: u64) -> Option<InFlight> {
        self.in_flight.take_if(|in_flight| in_flight.number == number)
    }

    fn is_backing_off(&self, now: f64) -> bool {
        self.failures.count > 0 && now < self.failures.retry_at
    }

    fn attempt(&mut self, now: f64, wanted: Option<&Wanted<'_>>) -> Attempt {
        self.attempts += 1;
        let number = self.attempts;
        let missing = wanted.map(|wanted| MissingKey {
            kid: wanted.kid.map(str::to_owned),
            algorithm: wanted.algorithm,
            is_recheck: false,
        });
        self.in_flight = Some(InFlight { number, since: now, missing });
        Attempt { number, started: now, is_first: !self.has_tried }
    }

    fn unavailable(&self, now: f64, detail: &'static str) -> Error {
        let next = match self.usable(now) {
            Some(_) => self.failures.retry_at.max(self.permits.next(now)),
            None => self.failures.retry_at,
        };
        let seconds = (next - now).ceil().max(1.0) as u32;
        Error::new(Code::KeysUnavailable, detail).with_retry_after(seconds)
    }
}

const NO_SET: &str = "the auth server's JWK Set could not be fetched";
const NO_NEWER_SET: &str =
    "no known key fits the token, and a newer JWK Set could not be fetched from the auth server";
const NOT_YET: &str = "no known key fits the token, and the auth server's JWK Set was fetched too often \
                       for unknown keys to be fetched again now";
const TOO_MANY_WAIT: &str = "too many requests wait for the auth server's JWK Set";

/// Seconds after which an unknown key can cause another fetch, if a permit is available.
const RETRY_AFTER: f64 = 1.0;

/// Seconds for which a key counts as unknown after a fetch without it. After that, without a
/// permit, it is not known yet. A client that guesses the next `kid` can keep its users out for
/// this time.
const ABSENT_FOR: f64 = 5.0;

/// The resolution of a host's clock, in seconds.
const MOMENT: f64 = 0.001;

/// Seconds beyond the timeout of a fetch before another request takes over.
const GRACE: f64 = 0.5;
