//! Verifies tokens: form, type, algorithm, key, signature, claims. The first check that fails
//! determines the error code. An error reveals nothing about later checks.

mod cache;
mod explain;
mod lookup;
mod opaque;
mod options;
mod verified;

pub use cache::CacheLimits;
pub(crate) use cache::KeyedHasher;
pub use explain::{CheckOutcome, CheckReport, Explanation, KeyReport};
pub(crate) use lookup::Lookup;
pub use options::{DEFAULT_ALGORITHMS, VerifierOptions, issuing_url};
pub use verified::{Extension, Verified};

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use cache::TokenCache;
use opaque::detect_session_token;
pub(crate) use opaque::is_like_session_token;

use crate::check::{Check, Observer};
use crate::claims::{Claims, Expectations, Profile};
use crate::crypto::{Secret, VerifyingKey};
use crate::error::{Code, Error};
use crate::host::Host;
use crate::jose::{Algorithm, CompactJws, Header, Json, Limits, Segments};
use crate::keys::{KeySource, KeyStatus, Wanted};

/// Verifies Better Auth tokens of one issuer and one kind.
#[derive(Debug)]
pub struct Verifier {
    keys: Keys,
    algorithms: Vec<Algorithm>,
    expectations: Expectations,
    limits: Limits,
    cache_limits: CacheLimits,
    cache: OnceLock<Mutex<TokenCache>>,
    warning: Option<String>,
}

/// The keys that verify signatures. The two kinds are never mixed: an HMAC is never verified with a
/// public key (RFC 8725, section 2.1).
#[derive(Clone, Debug)]
pub enum Keys {
    /// The auth server's published keys
    Published(KeySource),
    /// A secret shared with the auth server
    Shared(Secret),
}

impl Verifier {
    /// Accepts tokens that one of `keys` signed with one of `algorithms` and whose claims meet the
    /// expectations.
    pub fn new(keys: Keys, algorithms: Vec<Algorithm>, expectations: Expectations) -> Self {
        Self {
            keys,
            algorithms,
            expectations,
            limits: Limits::default(),
            cache_limits: CacheLimits::default(),
            cache: OnceLock::new(),
            warning: None,
        }
    }

    /// Sets the limits of the cache of verified tokens.
    pub fn with_cache(self, cache_limits: CacheLimits) -> Self {
        Self { cache_limits, ..self }
    }

    /// Sets the limits of a token's size.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// A warning about options that are valid but possibly unintended. A host logs it once, when it
    /// creates the verifier.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Makes this a verifier of Better Auth's cookie caches with this version. Shares the key
    /// source of `tokens` if both use published keys, so that the set is fetched once.
    pub(crate) fn make_cookie_cache(&mut self, version: String, tokens: &Self) {
        self.expectations.expect_cookie_cache(version, self.is_by_secret());
        if let (Keys::Published(own), Keys::Published(source)) = (&mut self.keys, &tokens.keys) {
            *own = source.clone();
        }
    }

    /// A verifier of messages that the same issuer signs with the same keys: see
    /// [`Expectations::for_messages`]. It caches none.
    pub(crate) fn for_messages(
        &self,
        profile: Profile,
        audiences: Option<Vec<String>>,
        max_lifetime: f64,
    ) -> Option<Self> {
        let expectations = self.expectations.for_messages(profile, audiences, max_lifetime)?;
        let verifier = Self::new(self.keys.clone(), self.algorithms.clone(), expectations);
        Some(verifier.with_cache(CacheLimits { tokens: 0, bytes: 0 }))
    }

    /// The accepted issuers.
    pub(crate) fn issuers(&self) -> &[String] {
        self.expectations.issuers()
    }

    /// The source of published keys.
    pub(crate) fn key_source(&self) -> Option<&KeySource> {
        match &self.keys {
            Keys::Published(source) => Some(source),
            Keys::Shared(_) => None,
        }
    }

    /// Verifies a compact JWS (RFC 7515, section 7.1) and returns its claims and user.
    ///
    /// # Errors
    /// Every code with status 401, [`Code::InsufficientClaims`] and [`Code::KeysUnavailable`].
    pub async fn verify<H: Host>(&self, token: &str, host: &H) -> Result<Arc<Verified>, Error> {
        // a token that is too large is never cached, so skip the look-up
        let may_be_cached = token.len() <= self.limits.token_bytes;
        let cached = may_be_cached.then(|| self.cache(host).get(token)).flatten();
        if let Some(verified) = cached {
            if self.is_still_valid(&verified, host).await {
                verified.was_cached.store(true, Ordering::Relaxed);
                return Ok(verified);
            }
            self.cache(host).remove(token);
        }
        let verified = Arc::new(self.verify_uncached(token, host, &mut ()).await?);
        self.cache(host).insert(token, &verified);
        Ok(verified)
    }

    /// A token that this verifier verified before, if it is cached and valid at `now`, in seconds
    /// since 1970. Fetches nothing: `None` says only that [`verify`](Self::verify) must decide.
    pub fn verified_before(&self, token: &str, now: f64) -> Option<Arc<Verified>> {
        if token.len() > self.limits.token_bytes {
            return None;
        }
        let cache = self.cache.get()?;
        let cached = cache.lock().unwrap_or_else(PoisonError::into_inner).get(token)?;
        self.is_valid_now(&cached, now).then_some(cached)
    }

    /// Whether a token that this verifier verified before is valid at `now`, in seconds since 1970.
    /// Fetches nothing: `false` can also mean that the keys must be fetched first.
    pub(crate) fn is_valid_now(&self, verified: &Verified, now: f64) -> bool {
        let in_time = self.expectations.check_times(&verified.accepted, now, &mut ()).is_ok();
        let key_is_current = || match (&self.keys, &verified.key) {
            (Keys::Published(source), Some(signed_by)) => {
                let (kid, algorithm) = (verified.header.kid(), verified.algorithm);
                let wanted = Wanted { kid, algorithm, since: now, plausible: true };
                source.fresh(now).is_some_and(|set| set.selects(&wanted, signed_by))
            }
            _ => true,
        };
        let is_valid = in_time && key_is_current();
        verified.was_cached.fetch_or(is_valid, Ordering::Relaxed);
        is_valid
    }

    /// Whether verified tokens are cached.
    pub(crate) fn caches_tokens(&self) -> bool {
        self.cache_limits.tokens > 0
    }

    /// Whether exactly this token is in the cache. It can be invalid by now.
    pub(crate) fn is_cached<H: Host>(&self, token: &str, host: &H) -> bool {
        token.len() <= self.limits.token_bytes && self.cache(host).contains(token)
    }

    /// Parses a token and verifies nothing. `None` if it is malformed.
    pub(crate) fn read<'t>(&self, token: &'t str) -> Option<CompactJws<'t>> {
        CompactJws::parse(token, &self.limits).ok()
    }

    /// Whether the issuer in an unverified token is accepted, compared exactly.
    pub(crate) fn accepts_issuer_of(&self, token: &CompactJws<'_>) -> bool {
        let issuer = token.claims.member("iss").and_then(Json::as_str);
        issuer.is_some_and(|issuer| self.expectations.accepts_issuer(issuer))
    }

    /// Whether the `typ` of an unverified token is accepted.
    pub(crate) fn accepts_type_of(&self, token: &CompactJws<'_>) -> bool {
        self.expectations.check_type(token.header(), self.is_by_secret()).is_ok()
    }

    /// An issuer that both verifiers accept for the same kind of tokens.
    pub(crate) fn common_issuer(&self, other: &Self) -> Option<&str> {
        self.expectations.common_issuer(&other.expectations)
    }

    /// The status of the keys, and the error if they are unavailable. Fetches the set if it is not
    /// cached.
    pub(crate) async fn key_status<H: Host>(&self, host: &H) -> (KeyStatus, Option<Error>) {
        let Keys::Published(source) = &self.keys else {
            return (KeyStatus { usable: 1, age: None }, None);
        };
        // any key will do; ignore the error that no key of this algorithm exists
        let algorithm = self.algorithms.first().copied().unwrap_or(Algorithm::EdDsa);
        let wanted = Wanted { kid: None, algorithm, since: host.now(), plausible: false };
        let failure = source.keys(host, &wanted).await.err();
        let failure = failure.filter(|error| error.code() == Code::KeysUnavailable);
        (source.status(host.now()), failure)
    }

    /// Seconds since the last fetch of the keys. Fetches nothing.
    pub(crate) fn keys_age(&self, now: f64) -> Option<f64> {
        match &self.keys {
            Keys::Published(source) => source.status(now).age,
            Keys::Shared(_) => None,
        }
    }

    /// Whether a cached token is still valid: checks its times, and that its key is still in the
    /// set. The caller verifies an invalid token again to find the reason.
    async fn is_still_valid<H: Host>(&self, verified: &Verified, host: &H) -> bool {
        let now = host.now();
        if self.expectations.check_times(&verified.accepted, now, &mut ()).is_err() {
            return false;
        }
        verified.seen_at.store(now.to_bits(), Ordering::Relaxed);
        let (Keys::Published(source), Some(signed_by)) = (&self.keys, &verified.key) else {
            return true;
        };
        let (kid, algorithm) = (verified.header.kid(), verified.algorithm);
        let wanted = Wanted { kid, algorithm, since: now, plausible: true };
        let Ok(keys) = source.keys(host, &wanted).await else {
            return false;
        };
        let now = host.now();
        verified.seen_at.store(now.to_bits(), Ordering::Relaxed);
        let in_time = self.expectations.check_times(&verified.accepted, now, &mut ()).is_ok();
        in_time && keys.iter().any(|key| Arc::ptr_eq(key, signed_by))
    }

    async fn verify_uncached<H: Host>(
        &self,
        token: &str,
        host: &H,
        observer: &mut impl Observer,
    ) -> Result<Verified, Error> {
        let segments = Segments::parse(token, &self.limits)
            .map_err(|error| detect_session_token(error, token));
        let segments = observer.record(Check::Form, segments)?;
        let jws = observer.record(Check::Header, segments.into_jws())?;
        let by_secret = self.is_by_secret();
        observer.record(Check::Type, self.expectations.check_type(jws.header(), by_secret))?;
        let algorithm = observer.record(Check::Algorithm, self.allowed_algorithm(jws.header()))?;
        let CompactJws { header, signing_input, signature, payload, claims } = jws;
        let mut claims = Claims::new(payload, claims);

        // The key cache limits fetches for implausible tokens, so check the claims first. The
        // result stays secret until the signature is verified.
        let now = host.now();
        let accepted = self.expectations.accept(&mut claims, now, observer);
        let key = match &self.keys {
            Keys::Published(source) => {
                let plausible = accepted.is_ok();
                let wanted = Wanted { kid: header.kid(), algorithm, since: now, plausible };
                let found = observer.record(Check::Key, source.candidates(host, &wanted).await)?;
                let mut signed_by =
                    signing_key(&found.keys, host, algorithm, signing_input, &signature).await;
                if signed_by.is_none() {
                    let newer = source.newer_keys(host, &wanted, &found).await;
                    let newer = observer.record(Check::Key, newer)?;
                    signed_by =
                        signing_key(&newer, host, algorithm, signing_input, &signature).await;
                }
                Some(observer.record(Check::Signature, signed_by.ok_or_else(bad_signature))?)
            }
            Keys::Shared(secret) => {
                observer.record(Check::Key, Ok(()))?;
                let is_valid = secret.verifies(algorithm, signing_input, &signature);
                observer
                    .record(Check::Signature, is_valid.then_some(()).ok_or_else(bad_signature))?;
                None
            }
        };
        let accepted = accepted?;
        // the fetch of the keys can take seconds, so check the times again
        let now = host.now();
        self.expectations.check_times(&accepted, now, observer)?;
        Ok(Verified {
            header,
            claims,
            accepted,
            algorithm,
            key,
            extension: Extension::default(),
            was_cached: AtomicBool::new(false),
            seen_at: AtomicU64::new(now.to_bits()),
            lookups: OnceLock::new(),
        })
    }

    fn is_by_secret(&self) -> bool {
        matches!(self.keys, Keys::Shared(_))
    }

    /// The token's algorithm, if it is on the allow-list (RFC 8725, section 3.1).
    fn allowed_algorithm(&self, header: &Header) -> Result<Algorithm, Error> {
        Algorithm::from_name(header.algorithm())
            .filter(|algorithm| self.algorithms.contains(algorithm))
            .ok_or_else(|| {
                let allowed: Vec<_> = self.algorithms.iter().map(|a| a.name()).collect();
                let allowed = allowed.join(", ");
                let detail =
                    format!("the token's \"alg\" is not one of those accepted here: {allowed}");
                Error::new(Code::UnsupportedAlgorithm, detail)
            })
    }

    /// The locked cache. No code panics while it holds the lock, so a poisoned cache is consistent.
    fn cache<H: Host>(&self, host: &H) -> MutexGuard<'_, TokenCache> {
        let cache = self.cache.get_or_init(|| {
            Mutex::new(TokenCache::new(self.cache_limits, KeyedHasher::new(|| host.random())))
        });
        cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first of the keys that verifies the signature.
async fn signing_key<H: Host>(
    keys: &[Arc<VerifyingKey>],
    host: &H,
    algorithm: Algorithm,
    signing_input: &[u8],
    signature: &[u8],
) -> Option<Arc<VerifyingKey>> {
    for key in keys {
        if key.verifies(host, algorithm, signing_input, signature).await {
            return Some(Arc::clone(key));
        }
    }
    None
}

fn bad_signature() -> Error {
    let detail =
        "the signature does not fit the token and the auth server's key: one of them was changed";
    Error::new(Code::BadSignature, detail)
}
