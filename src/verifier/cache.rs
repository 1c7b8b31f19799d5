//! Tokens that have been verified already, so that a token which comes a thousand times costs one
//! signature. Bounded, keyed by the whole token, and never a reason to accept what would be refused:
//! whoever takes something out checks its times and its key again.

use std::hash::BuildHasher;
use std::sync::Arc;

use lru::LruCache;
use siphasher::sip::SipHasher13;

use super::Verified;

/// The most recently used tokens.
pub(super) struct TokenCache {
    entries: LruCache<Box<str>, Arc<Verified>, Keyed>,
    bytes: usize,
    limits: CacheLimits,
}

/// How much a cache of verified tokens may hold.
#[derive(Clone, Copy, Debug)]
pub struct CacheLimits {
    /// So many tokens; with none the cache is off
    pub tokens: usize,
    /// So many bytes, counting token and claims
    pub bytes: usize,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { tokens: 1_000, bytes: 4 * 1024 * 1024 }
    }
}

impl TokenCache {
    /// An empty cache.
    pub(super) fn new(limits: CacheLimits, keyed: Keyed) -> Self {
        Self { entries: LruCache::unbounded_with_hasher(keyed), bytes: 0, limits }
    }

    pub(super) fn get(&mut self, token: &str) -> Option<Arc<Verified>> {
        self.entries.get(token).cloned()
    }

    pub(super) fn contains(&self, token: &str) -> bool {
        self.entries.contains(token)
    }

    pub(super) fn insert(&mut self, token: &str, verified: &Arc<Verified>) {
        let cost = cost(token, verified);
        if self.limits.tokens == 0 || cost > self.limits.bytes {
            return;
        }
        self.remove(token);
        while self.entries.len() >= self.limits.tokens || self.bytes + cost > self.limits.bytes {
            let Some((token, verified)) = self.entries.pop_lru() else { break };
            self.bytes -= self::cost(&token, &verified);
        }
        self.entries.put(token.into(), Arc::clone(verified));
        self.bytes += cost;
    }

    pub(super) fn remove(&mut self, token: &str) {
        if let Some(verified) = self.entries.pop(token) {
            self.bytes -= cost(token, &verified);
        }
    }
}

impl std::fmt::Debug for TokenCache {
    /// Shows how many, never which.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenCache").field("tokens", &self.entries.len()).finish_non_exhaustive()
    }
}

/// The token, its header and claims as text, and about three times as much for them as read.
fn cost(token: &str, verified: &Verified) -> usize {
    let texts = verified.header().as_json().len() + verified.claims().as_json().len();
    token.len() + 4 * texts + OVERHEAD
}

const OVERHEAD: usize = 512;

/// A hash whose collisions a stranger cannot compute. std's own keys are constants in wasm.
#[derive(Clone)]
pub(crate) struct Keyed((u64, u64));

impl Keyed {
    /// `random` gives numbers from 0 up to 1 that nobody can predict.
    pub(crate) fn new(random: impl Fn() -> f64) -> Self {
        let seed = || (random() * TWO_TO_53) as u64;
        Self((seed(), seed()))
    }
}

/// All that a random `f64` from 0 to 1 holds.
const TWO_TO_53: f64 = 9_007_199_254_740_992.0;

impl BuildHasher for Keyed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0.0, self.0.1)
    }
}
