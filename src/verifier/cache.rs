//! Tokens that have been verified already, so that a token which comes a thousand times costs one
//! signature. Bounded, and keyed by the whole token. It never makes a verifier accept an invalid
//! token: each hit checks the times and the key again.

use std::hash::BuildHasher;
use std::sync::Arc;

use lru::LruCache;
use siphasher::sip::SipHasher13;

use super::Verified;

/// The most recently used tokens.
pub(super) struct TokenCache {
    entries: LruCache<Box<str>, Arc<Verified>, KeyedHasher>,
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
    pub(super) fn new(limits: CacheLimits, keyed: KeyedHasher) -> Self {
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
pub(crate) struct KeyedHasher((u64, u64));

impl KeyedHasher {
    /// `random` returns unpredictable numbers from 0 up to 1.
    pub(crate) fn new(random: impl Fn() -> f64) -> Self {
        let seed = || (random() * TWO_TO_53) as u64;
        Self((seed(), seed()))
    }
}

/// All that a random `f64` from 0 to 1 holds.
const TWO_TO_53: f64 = 9_007_199_254_740_992.0;

impl BuildHasher for KeyedHasher {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0.0, self.0.1)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::claims::{Claims, Expectations};
    use crate::jose::base64url::encode;
    use crate::jose::{Algorithm, CompactJws, Limits};
    use crate::verifier::Extension;

    const LIMITS: CacheLimits = CacheLimits { tokens: 3, bytes: 1_000_000 };

    #[test]
    fn a_token_is_known_from_its_insertion_to_its_removal() {
        let mut cache = cache(LIMITS);
        let (token, verified) = verified(1);
        assert!(!cache.contains(&token) && cache.get(&token).is_none());
        cache.insert(&token, &verified);
        assert!(cache.contains(&token));
        assert!(cache.get(&token).is_some_and(|kept| Arc::ptr_eq(&kept, &verified)));
        assert!(!cache.contains(&token[1..]), "a part of a token is another token");
        cache.remove(&token);
        assert!(!cache.contains(&token) && cache.get(&token).is_none());
    }

    #[test]
    fn the_bytes_are_those_of_the_tokens_that_are_kept() {
        let mut cache = cache(LIMITS);
        let kept: Vec<_> = (0..5).map(verified).collect();
        let costs: Vec<_> = kept.iter().map(|(token, verified)| cost(token, verified)).collect();
        for (token, verified) in &kept {
            cache.insert(token, verified);
            cache.insert(token, verified); // takes no more room than once
        }
        assert_eq!((cache.entries.len(), cache.bytes), (3, costs[2..].iter().sum()));
        cache.remove(&kept[3].0);
        cache.remove("never.been.here");
        assert_eq!((cache.entries.len(), cache.bytes), (2, costs[2] + costs[4]));
    }

    #[test]
    fn the_room_is_used_to_the_last_byte() {
        let (first, second) = (verified(1), verified(2));
        let both = cost(&first.0, &first.1) + cost(&second.0, &second.1);
        for (bytes, expected) in [(both, [true, true]), (both - 1, [false, true])] {
            let mut cache = cache(CacheLimits { tokens: 10, bytes });
            cache.insert(&first.0, &first.1);
            cache.insert(&second.0, &second.1);
            assert_eq!([&first, &second].map(|(token, _)| cache.contains(token)), expected);
        }
        let bytes = cost(&first.0, &first.1);
        for (bytes, fits) in [(bytes, true), (bytes - 1, false)] {
            let mut cache = cache(CacheLimits { tokens: 10, bytes });
            cache.insert(&first.0, &first.1);
            assert_eq!(cache.contains(&first.0), fits);
        }
    }

    #[test]
    fn a_token_costs_what_it_and_its_texts_take() {
        let (token, verified) = verified(1);
        let texts = HEADER.len() + claims(1).len();
        assert_eq!(cost(&token, &verified), token.len() + 4 * texts + 512);
    }

    #[test]
    fn the_log_shows_how_many_are_kept_and_none_of_them() {
        let mut cache = cache(LIMITS);
        let (token, verified) = verified(1);
        cache.insert(&token, &verified);
        assert_eq!(format!("{cache:?}"), "TokenCache { tokens: 1, .. }");
    }

    #[test]
    fn a_hash_depends_on_both_numbers_in_full() {
        let hash = |keyed: KeyedHasher| keyed.hash_one("a token");
        let next = std::cell::Cell::new(0.25);
        let keyed = KeyedHasher::new(|| next.replace(next.get() + 0.5));
        assert_eq!(keyed.0, (1 << 51, 3 << 51));
        let hashes = [(1, 2), (1, 3), (2, 2)].map(|seed| hash(KeyedHasher(seed)));
        assert!(hashes[0] != hashes[1] && hashes[0] != hashes[2] && hashes[1] != hashes[2]);
        assert_eq!(hash(KeyedHasher((1, 2))), hashes[0]);
    }

    fn cache(limits: CacheLimits) -> TokenCache {
        TokenCache::new(limits, KeyedHasher::new(|| 0.5))
    }

    const HEADER: &str = r#"{"alg":"EdDSA"}"#;

    fn claims(number: u8) -> String {
        format!(r#"{{"iss":"i","aud":"a","sub":"user-{number}","exp":2000}}"#)
    }

    /// A token, and what it says; nothing signed it.
    fn verified(number: u8) -> (String, Arc<Verified>) {
        let parts = [HEADER, &claims(number), "signature"].map(|part| encode(part.as_bytes()));
        let token = parts.join(".");
        let jws = CompactJws::parse(&token, &Limits::default()).unwrap();
        let CompactJws { header, payload, claims, .. } = jws;
        let mut claims = Claims::new(payload, claims);
        let expectations = Expectations::new(vec!["i".into()], vec!["a".into()]).unwrap();
        let verified = Verified {
            header,
            expected: expectations.accept(&mut claims, 1_000.0, &mut ()).unwrap(),
            claims,
            algorithm: Algorithm::EdDsa,
            key: None,
            extension: Extension::default(),
            was_cached: AtomicBool::new(false),
        };
        (token, Arc::new(verified))
    }
}
