//! The cache of verified tokens: a client that sends a token a thousand times costs one signature
//! verification.
//!
//! The cache is bounded, and its key is the whole token. A cached token is not a valid one: the
//! verifier checks its times and its key again on each hit.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use lru::LruCache;
use siphasher::sip::SipHasher13;

use super::Verified;
use crate::jose::json::allocation;

/// The most recently used tokens.
pub(super) struct TokenCache {
    entries: LruCache<Box<str>, CachedToken, TokenHasher>,
    bytes: usize,
    limits: CacheLimits,
}

/// A verified token and its share of the limit of bytes.
struct CachedToken {
    verified: Arc<Verified>,
    cost: usize,
}

/// The limits of the cache of verified tokens.
#[derive(Clone, Copy, Debug)]
pub struct CacheLimits {
    /// The maximum number of tokens; 0 disables the cache
    pub tokens: usize,
    /// The maximum memory in bytes of tokens, headers and claims
    pub bytes: usize,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { tokens: 1_000, bytes: 4 * 1024 * 1024 }
    }
}

impl TokenCache {
    /// An empty cache.
    pub(super) fn new(limits: CacheLimits, hasher: KeyedHasher) -> Self {
        Self { entries: LruCache::unbounded_with_hasher(TokenHasher(hasher)), bytes: 0, limits }
    }

    pub(super) fn get(&mut self, token: &str) -> Option<Arc<Verified>> {
        self.entries.get(token).map(|cached| Arc::clone(&cached.verified))
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
            let Some((_, oldest)) = self.entries.pop_lru() else { break };
            self.bytes -= oldest.cost;
        }
        self.entries.put(token.into(), CachedToken { verified: Arc::clone(verified), cost });
        self.bytes += cost;
    }

    pub(super) fn remove(&mut self, token: &str) {
        if let Some(removed) = self.entries.pop(token) {
            self.bytes -= removed.cost;
        }
    }
}

impl std::fmt::Debug for TokenCache {
    /// Shows the number of tokens, never a token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenCache").field("tokens", &self.entries.len()).finish_non_exhaustive()
    }
}

/// The memory in bytes of a cached token: the token, its header and its claims. An assertion that
/// is made later repeats the claims, so it counts as another copy of the token.
fn cost(token: &str, verified: &Verified) -> usize {
    2 * allocation(token.len()) + verified.allocated() + OVERHEAD
}

/// Bytes for the cache's own list and table, the lookups of a usual token, and what an assertion
/// has beside claims.
const OVERHEAD: usize = 512;

/// SipHash with a random key, so that an attacker cannot compute collisions. The keys of std's
/// hasher are constants in wasm.
#[derive(Clone)]
pub(crate) struct KeyedHasher((u64, u64));

impl KeyedHasher {
    /// Derives the key from `random`, which must return unpredictable numbers from 0 up to 1.
    pub(crate) fn new(random: impl Fn() -> f64) -> Self {
        let seed = || (random() * TWO_TO_53) as u64;
        Self((seed(), seed()))
    }
}

/// The number of different values of a random `f64` from 0 up to 1.
const TWO_TO_53: f64 = 9_007_199_254_740_992.0;

impl BuildHasher for KeyedHasher {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0.0, self.0.1)
    }
}

/// Hashes the end of a token. It is the end of a signature, which no client can choose, and an
/// insertion hashes the token several times.
struct TokenHasher(KeyedHasher);

impl BuildHasher for TokenHasher {
    type Hasher = EndHasher;

    fn build_hasher(&self) -> EndHasher {
        EndHasher(self.0.build_hasher())
    }
}

/// Hashes at most the last 32 bytes of each text.
struct EndHasher(SipHasher13);

impl Hasher for EndHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes.last_chunk::<32>().map_or(bytes, |end| end));
    }

    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, AtomicU64};

    use super::*;
    use crate::claims::{Claims, Expectations};
    use crate::jose::base64url::encode;
    use crate::jose::{Algorithm, CompactJws, Json, Limits};
    use crate::verifier::Extension;

    const LIMITS: CacheLimits = CacheLimits { tokens: 3, bytes: 1_000_000 };

    #[test]
    fn a_token_is_cached_from_its_insertion_to_its_removal() {
        let mut cache = cache(LIMITS);
        let (token, verified) = verified(1);
        assert!(!cache.contains(&token) && cache.get(&token).is_none());
        cache.insert(&token, &verified);
        assert!(cache.contains(&token));
        assert!(cache.get(&token).is_some_and(|cached| Arc::ptr_eq(&cached, &verified)));
        assert!(!cache.contains(&token[1..]), "a part of a token is another token");
        cache.remove(&token);
        assert!(!cache.contains(&token) && cache.get(&token).is_none());
    }

    #[test]
    fn the_size_of_the_cache_is_the_sum_of_the_costs_of_its_tokens() {
        let mut cache = cache(LIMITS);
        let tokens: Vec<_> = (0..5).map(verified).collect();
        let costs: Vec<_> = tokens.iter().map(|(token, verified)| cost(token, verified)).collect();
        for (token, verified) in &tokens {
            cache.insert(token, verified);
            cache.insert(token, verified); // a second insertion costs nothing
        }
        assert_eq!((cache.entries.len(), cache.bytes), (3, costs[2..].iter().sum()));
        cache.remove(&tokens[3].0);
        cache.remove("never.been.here");
        assert_eq!((cache.entries.len(), cache.bytes), (2, costs[2] + costs[4]));
    }

    #[test]
    fn tokens_are_cached_up_to_exactly_the_limit_of_bytes() {
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
    fn the_cost_of_a_token_counts_its_bytes_and_those_of_its_header_and_claims() {
        let (token, verified) = verified(1);
        let own = allocation(size_of::<Verified>() + 2 * size_of::<usize>());
        let header = [HEADER, "EdDSA", "a key", "JWT"].map(|text| allocation(text.len()));
        let parsed = Json::parse(&claims(1)).unwrap().allocated();
        let claims = allocation(claims(1).len()) + parsed + allocation("user-1".len());
        let expected =
            2 * allocation(token.len()) + own + header.iter().sum::<usize>() + claims + 512;
        assert_eq!(cost(&token, &verified), expected);
        let (act, user) = (r#","impersonatedBy":"#, "x".repeat(1_000));
        let impersonated = verified_with(&format!("{act}{user:?}")).1.allocated();
        let copies = impersonated - verified_with(&format!("{act}\"x\"")).1.allocated();
        assert!(copies > 2_900, "the text, the claim and its copy: {copies}");
    }

    #[test]
    fn small_claims_of_a_list_cost_the_memory_that_they_take() {
        let plain = verified_with("");
        for (element, least) in [("0", 16), ("[0]", 20), ("{\"a\":0}", 20), ("null", 3)] {
            let list = vec![element; 1_024].join(",");
            let (token, verified) = verified_with(&format!(r#","list":[{list}]"#));
            let more = cost(&token, &verified) - cost(&plain.0, &plain.1);
            assert!(more > least * list.len(), "{element}: {more} for {} bytes", list.len());
        }
    }

    #[test]
    fn debug_output_shows_the_number_of_tokens_and_no_token() {
        let mut cache = cache(LIMITS);
        let (token, verified) = verified(1);
        cache.insert(&token, &verified);
        assert_eq!(format!("{cache:?}"), "TokenCache { tokens: 1, .. }");
    }

    #[test]
    fn a_hash_depends_on_every_bit_of_both_random_numbers() {
        let hash = |hasher: KeyedHasher| hasher.hash_one("a token");
        let next = std::cell::Cell::new(0.25);
        let hasher = KeyedHasher::new(|| next.replace(next.get() + 0.5));
        assert_eq!(hasher.0, (1 << 51, 3 << 51));
        let hashes = [(1, 2), (1, 3), (2, 2)].map(|seed| hash(KeyedHasher(seed)));
        assert!(hashes[0] != hashes[1] && hashes[0] != hashes[2] && hashes[1] != hashes[2]);
        assert_eq!(hash(KeyedHasher((1, 2))), hashes[0]);
    }

    fn cache(limits: CacheLimits) -> TokenCache {
        TokenCache::new(limits, KeyedHasher::new(|| 0.5))
    }

    const HEADER: &str = r#"{"alg":"EdDSA","kid":"a key","typ":"JWT"}"#;

    fn claims(number: u8) -> String {
        format!(r#"{{"iss":"i","aud":"a","sub":"user-{number}","exp":2000}}"#)
    }

    fn verified(number: u8) -> (String, Arc<Verified>) {
        verified_claims(&claims(number))
    }

    /// The same with these further members of the claims.
    fn verified_with(members: &str) -> (String, Arc<Verified>) {
        verified_claims(&claims(1).replace('}', &format!("{members}}}")))
    }

    /// An unsigned token, and its claims as if they had been verified.
    fn verified_claims(claims: &str) -> (String, Arc<Verified>) {
        let parts = [HEADER, claims, "signature"].map(|part| encode(part.as_bytes()));
        let token = parts.join(".");
        let jws = CompactJws::parse(&token, &Limits::default()).unwrap();
        let CompactJws { header, payload, claims, .. } = jws;
        let mut claims = Claims::new(payload, claims);
        let expectations = Expectations::new(vec!["i".into()], vec!["a".into()]).unwrap();
        let verified = Verified {
            header,
            accepted: expectations.accept(&mut claims, 1_000.0, &mut ()).unwrap(),
            claims,
            algorithm: Algorithm::EdDsa,
            key: None,
            extension: Extension::default(),
            was_cached: AtomicBool::new(false),
            seen_at: AtomicU64::new(0),
            lookups: OnceLock::new(),
        };
        (token, Arc::new(verified))
    }
}
