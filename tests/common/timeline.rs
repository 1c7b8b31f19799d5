//! A key cache without a host: a test sets each time and `kid`, and gets the cache's next step.

use std::collections::VecDeque;

use better_auth_edge::Error;
use better_auth_edge::jose::Algorithm;
use better_auth_edge::keys::{Attempt, KeyCache, KeySet, Lookup, Timing, Wanted};

use super::{Signer, key_set};

/// A cache with the default timing, and the attempts that it has permitted.
pub(crate) struct Timeline {
    pub(crate) cache: KeyCache,
    open: VecDeque<Attempt>,
    /// The last error
    pub(crate) last_error: Option<Error>,
}

impl Timeline {
    /// An empty cache.
    pub(crate) fn new() -> Self {
        let cache = KeyCache::new(Timing::default());
        Self { cache, open: VecDeque::new(), last_error: None }
    }

    /// A cache that fetched these keys at 0.
    pub(crate) fn with_keys(kids: &[&str]) -> Self {
        let mut timeline = Self::new();
        assert_eq!(timeline.step(0.0, "any"), "fetch");
        timeline.succeed(0.0, kids);
        timeline
    }

    /// The cache's next step at `now` for a plausible token that has just arrived with this `kid`.
    pub(crate) fn step(&mut self, now: f64, kid: &str) -> &'static str {
        self.step_for(now, &wanted(kid, now))
    }

    /// The same for a token that can have arrived earlier or can be implausible.
    pub(crate) fn step_for(&mut self, now: f64, wanted: &Wanted<'_>) -> &'static str {
        match self.cache.lookup(now, wanted) {
            Lookup::Use(keys) => {
                assert!(!keys.is_empty());
                "use"
            }
            Lookup::UseAndRefresh(keys, attempt) => {
                assert!(!keys.is_empty());
                self.open.push_back(attempt);
                "use and refresh"
            }
            Lookup::Fetch(attempt) => {
                self.open.push_back(attempt);
                "fetch"
            }
            Lookup::Wait => "wait",
            Lookup::Recheck(_) => "recheck",
            Lookup::Reject(error) => {
                let code = error.code().as_str();
                self.last_error = Some(error);
                code
            }
        }
    }

    /// Asserts each step of a table of time, `kid` and expected step.
    pub(crate) fn assert_steps(&mut self, table: &[(f64, &str, &str)]) {
        for (now, kid, expected) in table {
            assert_eq!(self.step(*now, kid), *expected, "{kid:?} at {now} s");
        }
    }

    /// The oldest open attempt succeeds with a set of these keys.
    pub(crate) fn succeed(&mut self, now: f64, kids: &[&str]) {
        let attempt = self.open.pop_front().expect("an attempt is under way");
        self.cache.report(attempt, Some(set(kids)), now, 0.5);
    }

    /// The oldest open attempt fails; the jitter is the longest.
    pub(crate) fn fail(&mut self, now: f64) {
        self.fail_with(now, 1.0);
    }

    /// The oldest open attempt fails.
    pub(crate) fn fail_with(&mut self, now: f64, jitter: f64) {
        let attempt = self.open.pop_front().expect("an attempt is under way");
        self.cache.report(attempt, None, now, jitter);
    }

    /// The oldest open attempt is canceled.
    pub(crate) fn abandon(&mut self) {
        let attempt = self.open.pop_front().expect("an attempt is under way");
        self.cache.abandon(attempt);
    }

    /// The newest open attempt becomes the oldest, so that responses overtake each other.
    pub(crate) fn newest_first(&mut self) {
        self.open.rotate_right(1);
    }

    /// The `Retry-After` of the last error, in seconds.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        self.last_error.as_ref().and_then(Error::retry_after)
    }
}

/// A plausible token that arrived at `since`.
pub(crate) fn wanted(kid: &str, since: f64) -> Wanted<'_> {
    Wanted { kid: Some(kid), algorithm: Algorithm::EdDsa, since, plausible: true }
}

fn set(kids: &[&str]) -> KeySet {
    let keys: Vec<_> =
        (1..).zip(kids).map(|(number, kid)| Signer::new(number, kid).jwk()).collect();
    KeySet::parse(key_set(&keys).as_bytes()).expect("this is a set")
}
