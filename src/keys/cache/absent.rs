//! The negative cache: keys that a recent fetch has not found.

use crate::jose::Algorithm;
use crate::keys::Wanted;

/// The latest keys, at most [`MAX_KEYS`].
#[derive(Debug, Default)]
pub(super) struct AbsentKeys(Vec<AbsentKey>);

#[derive(Debug)]
struct AbsentKey {
    kid: Option<String>,
    algorithm: Algorithm,
    /// When the fetch of the set without it began
    fetched_at: f64,
}

impl AbsentKeys {
    /// Notes that a set whose fetch began at `fetched_at` lacks the key.
    pub(super) fn note(&mut self, wanted: &Wanted<'_>, fetched_at: f64) {
        if wanted.kid.is_some_and(|kid| kid.len() > MAX_KID_BYTES) {
            return;
        }
        if let Some(known) = self.0.iter_mut().find(|key| key.is(wanted)) {
            known.fetched_at = known.fetched_at.max(fetched_at);
            return;
        }
        if self.0.len() == MAX_KEYS {
            self.0.remove(0);
        }
        let kid = wanted.kid.map(str::to_owned);
        self.0.push(AbsentKey { kid, algorithm: wanted.algorithm, fetched_at });
    }

    /// Whether a fetch in the last seconds has not found the key.
    pub(super) fn contains(&self, wanted: &Wanted<'_>, now: f64, seconds: f64) -> bool {
        let is_recent = |key: &&AbsentKey| (0.0..seconds).contains(&(now - key.fetched_at));
        self.0.iter().filter(is_recent).any(|key| key.is(wanted))
    }
}

impl AbsentKey {
    fn is(&self, wanted: &Wanted<'_>) -> bool {
        self.algorithm == wanted.algorithm && self.kid.as_deref() == wanted.kid
    }
}

/// A flood of forged ids evicts others, which can then cause a fetch again.
const MAX_KEYS: usize = 64;

/// Better Auth's ids have 32.
const MAX_KID_BYTES: usize = 256;
