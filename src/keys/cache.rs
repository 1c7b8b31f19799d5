//! The JWK Set cache as a pure state machine: told the time and what a token asks for, it answers
//! what to do. It never waits and never talks to anybody.

use std::sync::Arc;

use super::key_set::{KeySet, Selection, Wanted};
use crate::crypto::VerifyingKey;
use crate::error::{Code, Error};
use crate::jose::Algorithm;

/// When to fetch, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Younger than this, a set is used without asking again
    pub fresh: f64,
    /// From this age on, it is refreshed in the background while it is used
    pub refresh_ahead: f64,
    /// Up to this age it is used when the source fails
    pub stale: f64,
    /// An unknown `kid` causes one fetch in this time, whether the fetch succeeds or not, unless it
    /// finds the key
    pub miss_cooldown: f64,
    /// A fetch that takes longer is given up
    pub fetch_timeout: f64,
    /// The longest pause after failures, which doubles from one second
    pub max_backoff: f64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            fresh: 600.0,
            refresh_ahead: 480.0,
            stale: 86_400.0,
            miss_cooldown: 30.0,
            fetch_timeout: 5.0,
            max_backoff: 30.0,
        }
    }
}

/// What to do for a token.
#[derive(Debug)]
pub enum Lookup {
    /// Verify with these keys
    Use(Vec<Arc<VerifyingKey>>),
    /// Verify with these keys, and carry this attempt out in the background
    UseAndRefresh(Vec<Arc<VerifyingKey>>, Attempt),
    /// Carry this attempt out, report it, and look again
    Fetch(Attempt),
    /// Somebody else's attempt is under way: look again in a moment
    Wait,
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

/// Permission to fetch once. The slot was taken when it was given, so that nobody else fetches.
#[derive(Debug, PartialEq)]
pub struct Attempt {
    number: u64,
    pub(super) asked: f64,
}

impl Attempt {
    /// Whether nobody has asked before, so that a set that others have kept is worth a look.
    pub fn is_first(&self) -> bool {
        self.number == 1
    }
}

/// The keys that are known, and when to ask for others.
#[derive(Debug, Default)]
pub struct KeyCache {
    timing: Timing,
    known: Option<Known>,
    attempts: u64,
    in_flight: Option<InFlight>,
    last_miss: Option<Miss>,
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
}

/// The last fetch that was made for an unknown `kid`.
#[derive(Debug)]
struct Miss {
    attempt: u64,
    since: f64,
    kid: Option<String>,
    algorithm: Algorithm,
    /// Whether it has come to an end
    reported: bool,
}

#[derive(Debug, Default)]
struct Failures {
    /// Since the last success
    count: u32,
    retry_at: f64,
}

impl KeyCache {
    /// An empty cache.
    pub fn new(timing: Timing) -> Self {
        Self { timing, ..Self::default() }
    }

    /// What to do at `now`, in seconds since 1970, for somebody who wants a key.
    ///
    /// An unknown `kid` is looked for once even when the set is fresh: Better Auth publishes a new
    /// key at the moment it signs with it. A set that was asked for after the token came in is
    /// recent enough to refuse it without looking again. While the source keeps failing, keys that
    /// are not too old are used, and nobody who could use them waits for it.
    pub fn lookup(&mut self, now: f64, wanted: &Wanted<'_>) -> Lookup {
        self.follow_clock_back(now);
        let busy = self.is_busy(now);
        let backing_off = self.is_backing_off(now);
        let Some((known, age)) = self.believed(now) else {
            return match () {
                () if busy => Lookup::Wait,
                () if backing_off => Lookup::Refuse(self.unavailable(now)),
                () => Lookup::Fetch(self.attempt(now)),
            };
        };
        let selection = known.set.select(wanted);
        let asked_since = known.asked >= wanted.since;
        let failing = self.failures.count > 0;
        let failed_lately = failing && now - self.failures.retry_at < self.timing.max_backoff;
        let makes_do = failed_lately && matches!(selection, Selection::Keys(_));
        if age >= self.timing.fresh && !backing_off && !makes_do {
            return if busy { Lookup::Wait } else { Lookup::Fetch(self.attempt(now)) };
        }
        match selection {
            Selection::Keys(keys) if busy || backing_off || age < self.timing.refresh_ahead => {
                Lookup::Use(keys)
            }
            Selection::Keys(keys) => Lookup::UseAndRefresh(keys, self.attempt(now)),
            Selection::Unknown if asked_since => Lookup::Refuse(selection.refusal(wanted)),
            Selection::Unknown if busy => Lookup::Wait,
            Selection::Unknown if wanted.plausible && self.may_look_for_missing(now) => {
                let attempt = self.attempt(now);
                let Wanted { kid, algorithm, .. } = *wanted;
                let kid = kid.map(str::to_owned);
                let (attempt_number, reported) = (attempt.number, false);
                self.last_miss =
                    Some(Miss { attempt: attempt_number, since: now, kid, algorithm, reported });
                Lookup::Fetch(attempt)
            }
            Selection::Unknown if failing => Lookup::Refuse(self.unavailable(now)),
            _ => Lookup::Refuse(selection.refusal(wanted)),
        }
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
        if self.in_flight.as_ref().is_some_and(|in_flight| in_flight.number == attempt.number) {
            self.in_flight = None;
        }
        None
    }

    /// Reports what came of an attempt. `jitter`, from 0 up to 1, spreads the pause after a
    /// failure. A failure leaves the known keys in place.
    pub fn report(&mut self, attempt: Attempt, fetched: Option<KeySet>, now: f64, jitter: f64) {
        let Attempt { number, asked } = attempt;
        if self.in_flight.as_ref().is_some_and(|in_flight| in_flight.number == number) {
            self.in_flight = None;
        }
        if let Some(miss) = self.last_miss.as_mut().filter(|miss| miss.attempt == number) {
            miss.reported = true;
        }
        if self.known.as_ref().is_some_and(|known| known.attempt > number) {
            return; // a later attempt has already succeeded
        }
        match fetched {
            Some(set) => {
                self.failures = Failures::default();
                if self.last_miss.as_ref().is_some_and(|miss| miss.is_found(number, &set)) {
                    self.last_miss = None;
                }
                self.known = Some(Known { set: Arc::new(set), asked, attempt: number });
            }
            None => {
                let count = self.failures.count.saturating_add(1);
                let pause = 2f64.powi(count.min(16) as i32 - 1).min(self.timing.max_backoff);
                let retry_at = now + pause * (0.5 + 0.5 * jitter);
                self.failures = Failures { count, retry_at };
            }
        }
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
        if self.failures.retry_at > now + self.timing.max_backoff {
            self.failures.retry_at = now;
        }
    }

    /// Whether a fetch is under way whose request can still be alive.
    fn is_busy(&self, now: f64) -> bool {
        let Some(in_flight) = &self.in_flight else { return false };
        (now - in_flight.since).abs() < self.timing.fetch_timeout + GRACE
    }

    fn is_backing_off(&self, now: f64) -> bool {
        self.failures.count > 0 && now < self.failures.retry_at
    }

    fn may_look_for_missing(&self, now: f64) -> bool {
        let cooldown = self.timing.miss_cooldown;
        let is_over = |miss: &Miss| (now - miss.since).abs() >= cooldown;
        // asked only when nothing is under way: what was not reported has vanished with its request
        self.last_miss.as_ref().is_none_or(|miss| is_over(miss) || !miss.reported)
    }

    fn attempt(&mut self, now: f64) -> Attempt {
        self.attempts += 1;
        self.in_flight = Some(InFlight { number: self.attempts, since: now });
        Attempt { number: self.attempts, asked: now }
    }

    fn unavailable(&self, now: f64) -> Error {
        let cooldown = self.timing.miss_cooldown;
        let next_miss = self.last_miss.as_ref().map_or(now, |miss| miss.since + cooldown);
        let next = match self.believed(now) {
            Some(_) => self.failures.retry_at.max(next_miss),
            None => self.failures.retry_at,
        };
        let detail =
            "the auth server's JWK Set could not be fetched, and no known key fits the token";
        Error::new(Code::KeysUnavailable, detail)
            .with_retry_after((next - now).ceil().max(1.0) as u32)
    }
}

impl Miss {
    /// Whether this attempt was the miss's and found what it was made for. Such a fetch does not
    /// count: only the auth server can make a new key, so strangers cannot cause many.
    fn is_found(&self, attempt: u64, set: &KeySet) -> bool {
        let wanted = Wanted {
            kid: self.kid.as_deref(),
            algorithm: self.algorithm,
            since: self.since,
            plausible: true,
        };
        attempt == self.attempt && matches!(set.select(&wanted), Selection::Keys(_))
    }
}

/// The least that a host's clock tells apart, in seconds.
const MOMENT: f64 = 0.001;

/// What a request that waits allows another's fetch beyond its timeout, in seconds.
const GRACE: f64 = 0.5;
