//! The JWK Set cache as a pure state machine: told the time and what a token asks for, it answers
//! what to do. It never waits and never talks to anybody.

mod absent;
mod bucket;
mod replaced;
mod timing;
mod waiters;

pub use replaced::Recheck;
pub use timing::Timing;
pub use waiters::Place;

use std::sync::Arc;

use absent::AbsentKeys;
use bucket::Bucket;
use waiters::Waiters;

use super::key_set::{KeySet, Selection, Wanted};
use crate::crypto::VerifyingKey;
use crate::error::{Code, Error};
use crate::jose::Algorithm;

/// What to do for a token.
#[derive(Debug)]
pub enum Lookup {
    /// Verify with these keys
    Use(Vec<Arc<VerifyingKey>>),
    /// Verify with these keys, and carry this attempt out in the background
    UseAndRefresh(Vec<Arc<VerifyingKey>>, Attempt),
    /// Carry this attempt out, report it, and look again
    Fetch(Attempt),
    /// Another request's attempt is under way: look again in a moment
    Wait,
    /// The set has keys of that name, and none for this token. They may have been replaced: go on with
    /// [`KeyCache::recheck`], and refuse the token with this error if nothing comes of it
    Recheck(Error),
    /// There is no key for this token
    Refuse(Error),
}

/// What is known of an issuer's keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyStatus {
    /// How many keys can verify
    pub usable: usize,
    /// Seconds since they were asked for; nothing for a set that was handed over, or where there is
    /// none
    pub age: Option<f64>,
}

/// Permission to fetch once. The slot was taken when it was given, so that no other request fetches.
#[derive(Debug, PartialEq)]
pub struct Attempt {
    number: u64,
    pub(super) asked: f64,
    is_first: bool,
}

impl Attempt {
    /// Whether none has come to an end before, so that a set that others have kept is worth a look.
    pub fn is_first(&self) -> bool {
        self.is_first
    }
}

/// The keys that are known, and when to ask for others.
#[derive(Debug, Default)]
pub struct KeyCache {
    timing: Timing,
    known: Option<Known>,
    attempts: u64,
    in_flight: Option<InFlight>,
    /// Whether an attempt has come to an end
    has_tried: bool,
    permits: Bucket,
    absent: AbsentKeys,
    /// Keys that were fetched again, and were still the same
    confirmed: AbsentKeys,
    waiters: Waiters,
    failures: Failures,
}

#[derive(Debug)]
struct Known {
    set: Arc<KeySet>,
    /// When its fetch began: what happened later, it may not know
    asked: f64,
    attempt: u64,
}

#[derive(Debug)]
struct InFlight {
    number: u64,
    since: f64,
    /// The key that it was permitted for, where it needed a permit
    looks_for: Option<Sought>,
}

#[derive(Debug)]
struct Sought {
    kid: Option<String>,
    algorithm: Algorithm,
    /// Whether the set has such a key, which may have been replaced
    is_known: bool,
}

#[derive(Debug, Default)]
struct Failures {
    /// Since the last success
    count: u32,
    retry_at: f64,
    /// Seconds that the pause was to take when it began
    pause: f64,
}

impl KeyCache {
    /// An empty cache.
    pub fn new(timing: Timing) -> Self {
        Self { timing, permits: Bucket::new(timing.miss_cooldown), ..Self::default() }
    }

    /// What to do at `now`, in seconds since 1970, for a token that needs a key.
    ///
    /// An unknown `kid` is looked for at once even when the set is fresh: Better Auth publishes a new
    /// key at the moment it signs with it. Such fetches need a permit; without one, a `kid` that was
    /// not looked for yet is [`Code::KeysUnavailable`]. A set that was asked for after the token came in
    /// is recent enough to refuse it. Known keys that are not too old are used while an attempt is under
    /// way, and while the source keeps failing. A token that would be refused anyway causes no fetch and
    /// waits for none, where a set is known.
    pub fn lookup(&mut self, now: f64, wanted: &Wanted<'_>) -> Lookup {
        self.follow_clock_back(now);
        self.give_up_vanished(now);
        let busy = self.in_flight.is_some();
        let backing_off = self.is_backing_off(now);
        let Some((known, age)) = self.believed(now) else {
            return match () {
                () if busy => Lookup::Wait,
                () if backing_off => Lookup::Refuse(self.unavailable(now, NO_SET)),
                () => Lookup::Fetch(self.attempt(now, None)),
            };
        };
        let (asked, selection) = (known.asked, known.set.select(wanted));
        let failing = self.failures.count > 0;
        let failed_lately = failing && now - self.failures.retry_at < self.timing.max_backoff;
        let has_keys = matches!(selection, Selection::Keys(_));
        if age >= self.timing.fresh && wanted.plausible && !backing_off {
            match busy {
                true if !has_keys => return Lookup::Wait,
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
            Selection::Unknown if asked >= wanted.since => {
                self.absent.note(wanted, asked);
                Lookup::Refuse(selection.refusal(wanted))
            }
            Selection::Unknown if wanted.plausible => self.look_for(wanted, now),
            Selection::OtherAlgorithm | Selection::Ambiguous if wanted.plausible => {
                Lookup::Recheck(selection.refusal(wanted))
            }
            _ => Lookup::Refuse(selection.refusal(wanted)),
        }
    }

    /// What to do for a plausible token whose key is not in the set.
    fn look_for(&mut self, wanted: &Wanted<'_>, now: f64) -> Lookup {
        if self.in_flight.is_some() {
            return Lookup::Wait;
        }
        if self.is_backing_off(now) {
            return Lookup::Refuse(self.unavailable(now, NO_NEWER_SET));
        }
        let is_absent_for = |seconds: f64| {
            self.absent.contains(wanted, now, seconds.min(self.timing.miss_cooldown))
        };
        let (just_now, lately) = (is_absent_for(AGAIN_AFTER), is_absent_for(ABSENT_FOR));
        if !just_now && self.permits.take(now) {
            return Lookup::Fetch(self.attempt(now, Some(wanted)));
        }
        Lookup::Refuse(match self.failures.count {
            _ if lately => Selection::Unknown.refusal(wanted),
            0 => self.unavailable(now, NOT_YET),
            _ => self.unavailable(now, NO_NEWER_SET),
        })
    }

    /// The set where it is so fresh that [`lookup`](Self::lookup) would use what it has, and ask nobody.
    pub fn fresh(&self, now: f64) -> Option<&Arc<KeySet>> {
        let known = self.known.as_ref()?;
        let Timing { fresh, refresh_ahead, stale, .. } = self.timing;
        // less than nothing where the clock was set back
        let age = now - known.asked;
        (0.0..refresh_ahead.min(fresh).min(stale)).contains(&age).then_some(&known.set)
    }

    /// Takes over a set that somebody else asked for, before the attempt is carried out. Where that set
    /// is fresh, there is nothing left to fetch. Otherwise it gives the attempt back, and the set serves
    /// if that fails. One that is too old, or from the future, is ignored.
    pub fn recall(
        &mut self,
        attempt: Attempt,
        set: KeySet,
        asked: f64,
        now: f64,
    ) -> Option<Attempt> {
        let age = now - asked;
        let is_believed = (0.0..self.timing.stale).contains(&age);
        if !is_believed || self.known.is_some() {
            return Some(attempt);
        }
        self.known = Some(Known { set: Arc::new(set), asked, attempt: attempt.number });
        if age >= self.timing.fresh {
            return Some(attempt);
        }
        self.has_tried = true;
        self.end(attempt.number);
        None
    }

    /// Reports what came of an attempt. `jitter`, from 0 up to 1, spreads the pause after a
    /// failure. A failure leaves the known keys in place.
    pub fn report(&mut self, attempt: Attempt, fetched: Option<KeySet>, now: f64, jitter: f64) {
        let Attempt { number, asked, .. } = attempt;
        self.has_tried = true;
        let looked_for = self.end(number).and_then(|ended| ended.looks_for);
        if self.known.as_ref().is_some_and(|known| known.attempt > number) {
            return; // a later attempt has already succeeded
        }
        match fetched {
            Some(set) => {
                self.failures = Failures::default();
                if let Some(Sought { kid, algorithm, is_known }) = looked_for {
                    let kid = kid.as_deref();
                    let wanted = Wanted { kid, algorithm, since: asked, plausible: true };
                    match set.select(&wanted) {
                        _ if is_known => self.note_rechecked(&wanted, &set, asked),
                        // only the auth server can make a new key, so strangers cannot cause many such
                        Selection::Keys(_) => self.permits.put_back(),
                        _ => self.absent.note(&wanted, asked),
                    }
                }
                self.known = Some(Known { set: Arc::new(set), asked, attempt: number });
            }
            None => {
                let count = self.failures.count.saturating_add(1);
                let pause = 2f64.powi(count.min(16) as i32 - 1).min(self.timing.max_backoff);
                let pause = pause * (0.5 + 0.5 * jitter);
                self.failures = Failures { count, retry_at: now + pause, pause };
            }
        }
    }

    /// The source has asked to be left alone for so many seconds, with the failure that was reported last.
    pub fn hold_off(&mut self, seconds: f64, now: f64) {
        if self.failures.count > 0 && now + seconds > self.failures.retry_at {
            self.failures.retry_at = now + seconds;
            self.failures.pause = seconds;
        }
    }

    /// Whether an attempt is under way.
    pub fn is_asking(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Gives up an attempt that ends without a report: its runtime has stopped it. Any request may take
    /// over at once.
    pub fn abandon(&mut self, attempt: Attempt) {
        if self.end(attempt.number).is_some_and(|ended| ended.looks_for.is_some()) {
            self.permits.put_back();
        }
    }

    /// Joins the requests that wait for an attempt, and gives a place; `place` is what this gave before.
    ///
    /// # Errors
    /// [`Code::KeysUnavailable`] where too many wait. A request that has a place keeps it.
    pub fn join(&mut self, place: Option<Place>, now: f64) -> Result<Place, Error> {
        let place = self.waiters.join(place, now, waiters::MOST);
        place.ok_or_else(|| Error::new(Code::KeysUnavailable, CROWDED).with_retry_after(1))
    }

    /// Waits no longer.
    pub fn leave(&mut self, place: Place) {
        self.waiters.leave(place);
    }

    /// What is known at `now`, and not too old to be used.
    pub fn status(&self, now: f64) -> KeyStatus {
        match self.believed(now) {
            Some((known, age)) => KeyStatus { usable: known.set.len(), age: Some(age) },
            None => KeyStatus { usable: 0, age: None },
        }
    }

    /// The set that is known, if any.
    pub fn known(&self) -> Option<&Arc<KeySet>> {
        self.known.as_ref().map(|known| &known.set)
    }

    /// Milliseconds that one fetch may take.
    pub fn fetch_timeout_milliseconds(&self) -> u32 {
        (self.timing.fetch_timeout * 1_000.0) as u32
    }

    /// Seconds for which a set is worth keeping.
    pub fn stale_seconds(&self) -> u32 {
        self.timing.stale as u32
    }

    /// The known set and its age in seconds, unless it is too old to be believed.
    fn believed(&self, now: f64) -> Option<(&Known, f64)> {
        let known = self.known.as_ref()?;
        let age = (now - known.asked).max(0.0);
        (age < self.timing.stale).then_some((known, age))
    }

    /// A clock that was set back must not prolong anything: what lies in the future happened a moment
    /// ago.
    fn follow_clock_back(&mut self, now: f64) {
        if let Some(known) = self.known.as_mut().filter(|known| known.asked > now) {
            known.asked = now - MOMENT;
        }
        if self.failures.retry_at > now + self.failures.pause {
            self.failures.retry_at = now;
        }
    }

    /// An attempt that nothing was heard of for longer than a fetch may take has vanished with what
    /// carried it out. Its permit has not been used.
    fn give_up_vanished(&mut self, now: f64) {
        let patience = self.timing.fetch_timeout + GRACE;
        let vanished = self.in_flight.take_if(|it| (now - it.since).abs() >= patience);
        if vanished.is_some_and(|it| it.looks_for.is_some()) {
            self.permits.put_back();
        }
    }

    /// Ends the attempt of that number, if it is the one under way.
    fn end(&mut self, number: u64) -> Option<InFlight> {
        self.in_flight.take_if(|in_flight| in_flight.number == number)
    }

    fn is_backing_off(&self, now: f64) -> bool {
        self.failures.count > 0 && now < self.failures.retry_at
    }

    fn attempt(&mut self, now: f64, wanted: Option<&Wanted<'_>>) -> Attempt {
        self.attempts += 1;
        let number = self.attempts;
        let looks_for = wanted.map(|wanted| Sought {
            kid: wanted.kid.map(str::to_owned),
            algorithm: wanted.algorithm,
            is_known: false,
        });
        self.in_flight = Some(InFlight { number, since: now, looks_for });
        Attempt { number, asked: now, is_first: !self.has_tried }
    }

    fn unavailable(&self, now: f64, detail: &'static str) -> Error {
        let next = match self.believed(now) {
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
const CROWDED: &str = "too many requests wait for the auth server's JWK Set";

/// Seconds after which a key that was looked for and not found is looked for again, if there is a permit.
const AGAIN_AFTER: f64 = 1.0;

/// Seconds for which it is unknown if there is none, and not known yet after that. So long can a stranger
/// who guesses the name of the next key keep that key's users out.
const ABSENT_FOR: f64 = 5.0;

/// The least that a host's clock tells apart, in seconds.
const MOMENT: f64 = 0.001;

/// What a request that waits allows another's fetch beyond its timeout, in seconds.
const GRACE: f64 = 0.5;
