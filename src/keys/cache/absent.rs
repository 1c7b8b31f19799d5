//! Keys that were looked for a moment ago and are not there.

use crate::jose::Algorithm;
use crate::keys::Wanted;

/// The last ones, no more than [`MOST`].
#[derive(Debug, Default)]
pub(super) struct AbsentKeys(Vec<AbsentKey>);

#[derive(Debug)]
struct AbsentKey {
    kid: Option<String>,
    algorithm: Algorithm,
    /// When the set was asked for that lacks it
    asked: f64,
}

impl AbsentKeys {
    /// A set that was asked for at `asked` does not have the key.
    pub(super) fn note(&mut self, wanted: &Wanted<'_>, asked: f64) {
        if wanted.kid.is_some_and(|kid| kid.len() > MOST_BYTES) {
            return;
        }
        if let Some(known) = self.0.iter_mut().find(|key| key.is(wanted)) {
            known.asked = known.asked.max(asked);
            return;
        }
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        let kid = wanted.kid.map(str::to_owned);
        self.0.push(AbsentKey { kid, algorithm: wanted.algorithm, asked });
    }

    /// Whether the key was looked for just now, no longer ago than so many seconds.
    pub(super) fn contains(&self, wanted: &Wanted<'_>, now: f64, seconds: f64) -> bool {
        let is_recent = |key: &&AbsentKey| (0.0..seconds).contains(&(now - key.asked));
        self.0.iter().filter(is_recent).any(|key| key.is(wanted))
    }
}

impl AbsentKey {
    fn is(&self, wanted: &Wanted<'_>) -> bool {
        self.algorithm == wanted.algorithm && self.kid.as_deref() == wanted.kid
    }
}

/// A flood of made-up names pushes others out; these are then looked for again as if they were new.
const MOST: usize = 64;

/// Better Auth's names have 32.
const MOST_BYTES: usize = 256;
