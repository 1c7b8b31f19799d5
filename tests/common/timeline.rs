//! A key cache that is driven by hand: at this time, for that key id, it says what to do.

use std::collections::VecDeque;

use better_auth_edge::Error;
use better_auth_edge::jose::Algorithm;
use better_auth_edge::keys::{Attempt, KeyCache, KeySet, Lookup, Timing, Wanted};

use super::{Signer, key_set};

/// A cache with the default timing, and the attempts that it has permitted.
pub(crate) struct Timeline {
    pub(crate) cache: KeyCache,
    open: VecDeque<Attempt>,
    /// The last refusal
    pub(crate) refusal: Option<Error>,
}

impl Timeline {
    /// A cache that knows nothing.
    pub(crate) fn new() -> Self {
        let cache = KeyCache::new(Timing::default());
        Self { cache, open: VecDeque::new(), refusal: None }
    }

    /// A cache that asked at 0 and has known these keys since.
    pub(crate) fn knowing(kids: &[&str]) -> Self {
        let mut timeline = Self::new();
        assert_eq!(timeline.ask(0.0, "any"), "fetch");
        timeline.succeed(0.0, kids);
        timeline
    }

    /// What the cache says at that time to a plausible token with that `kid` that came in just now.
    pub(crate) fn ask(&mut self, now: f64, kid: &str) -> &'static str {
        self.ask_for(now, &wanted(kid, now))
    }

    /// The same for a token that may have come in earlier or may be hopeless.
    pub(crate) fn ask_for(&mut self, now: f64, wanted: &Wanted<'_>) -> &'static str {
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
            Lookup::Refuse(error) => {
                let code = error.code().as_str();
                self.refusal = Some(error);
                code
            }
        }
    }

    /// Asks as a table says: time, `kid`, expected answer.
    pub(crate) fn follow(&mut self, table: &[(f64, &str, &str)]) {
        for (now, kid, expected) in table {
            assert_eq!(self.ask(*now, kid), *expected, "{kid:?} at {now} s");
        }
    }

    /// The oldest open attempt comes back with a set of these keys.
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

    /// The oldest open attempt ends without a word.
    pub(crate) fn abandon(&mut self) {
        let attempt = self.open.pop_front().expect("an attempt is under way");
        self.cache.abandon(attempt);
    }

    /// The newest open attempt becomes the oldest: answers overtake each other.
    pub(crate) fn newest_first(&mut self) {
        self.open.rotate_right(1);
    }

    /// Seconds that the last refusal asks to wait.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        self.refusal.as_ref().and_then(Error::retry_after)
    }
}

/// A plausible token that came in at `since`.
pub(crate) fn wanted(kid: &str, since: f64) -> Wanted<'_> {
    Wanted { kid: Some(kid), algorithm: Algorithm::EdDsa, since, plausible: true }
}

fn set(kids: &[&str]) -> KeySet {
    let keys: Vec<_> =
        (1..).zip(kids).map(|(number, kid)| Signer::new(number, kid).jwk()).collect();
    KeySet::parse(key_set(&keys).as_bytes()).expect("this is a set")
}
