//! A token's way: form -> type -> algorithm -> key -> signature -> claims. The first check that
//! fails names the code, and nothing of a later one leaks before it.

mod cache;
mod explain;
mod opaque;
mod options;

pub use cache::CacheLimits;
pub(crate) use cache::Keyed;
pub use explain::{CheckReport, Explanation, KeyReport, Outcome};
pub use options::VerifierOptions;
pub(crate) use options::issuing_url;

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use cache::TokenCache;
use opaque::detect_session_token;

use crate::check::{Check, Watch};
use crate::claims::{Claims, Expectations, Expected, SessionToken};
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

/// What signatures are held against. A secret never becomes a key, nor a key a secret.
#[derive(Clone, Debug)]
pub enum Keys {
    /// The auth server's published keys
    Published(KeySource),
    /// A secret shared with it
    Shared(Secret),
}

impl Verifier {
    /// A verifier of tokens that are signed by one of `keys` with one of `algorithms` and say what
    /// is expected.
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

    /// The same with another size of the cache of verified tokens.
    pub fn with_cache(self, cache_limits: CacheLimits) -> Self {
        Self { cache_limits, ..self }
    }

    /// The same with other limits of a token's size.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// What is no fault of its options, but may not be what the operator means. A host tells it once, when it
    /// makes the verifier.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Makes it one of Better Auth's cookie caches of that version, with the keys of `tokens` where
    /// both have published ones: one set, fetched once.
    pub(crate) fn make_cookie_cache(&mut self, version: String, tokens: &Self) {
        self.expectations.expect_cookie_cache(version, self.is_by_secret());
        if let (Keys::Published(own), Keys::Published(source)) = (&mut self.keys, &tokens.keys) {
            *own = source.clone();
        }
    }

    /// Verifies a compact JWS and says whose it is.
    ///
    /// # Errors
    /// Every code with status 401, [`Code::InsufficientClaims`] and [`Code::KeysUnavailable`].
    pub async fn verify<H: Host>(&self, token: &str, host: &H) -> Result<Arc<Verified>, Error> {
        // what is too large to be accepted is not worth a look-up either
        let may_be_known = token.len() <= self.limits.token_bytes;
        let known = may_be_known.then(|| self.cache(host).get(token)).flatten();
        if let Some(verified) = known {
            if self.still_holds(&verified, host).await {
                verified.was_known.store(true, Ordering::Relaxed);
                return Ok(verified);
            }
            self.cache(host).remove(token);
        }
        let verified = Arc::new(self.verify_afresh(token, host, &mut ()).await?);
        self.cache(host).insert(token, &verified);
        Ok(verified)
    }

    /// Whether a token that was verified here before is good now, without asking anybody: that it is not
    /// may also mean that somebody has to be asked.
    pub(crate) fn holds_now(&self, verified: &Verified, now: f64) -> bool {
        let in_time = self.expectations.check_again(&verified.expected, now, &mut ()).is_ok();
        let by_key = || match (&self.keys, &verified.key) {
            (Keys::Published(source), Some(signed_by)) => {
                let (kid, algorithm) = (verified.header.kid(), verified.algorithm);
                let wanted = Wanted { kid, algorithm, since: now, plausible: true };
                source.fresh(now).is_some_and(|set| set.selects(&wanted, signed_by))
            }
            _ => true,
        };
        let holds = in_time && by_key();
        verified.was_known.fetch_or(holds, Ordering::Relaxed);
        holds
    }

    /// Whether verified tokens are kept.
    pub(crate) fn keeps_tokens(&self) -> bool {
        self.cache_limits.tokens > 0
    }

    /// Whether this very token has been verified here. That it is still good is yet to be seen.
    pub(crate) fn knows<H: Host>(&self, token: &str, host: &H) -> bool {
        token.len() <= self.limits.token_bytes && self.cache(host).contains(token)
    }

    /// Reads a token in its form, which proves nothing.
    pub(crate) fn read<'t>(&self, token: &'t str) -> Option<CompactJws<'t>> {
        CompactJws::parse(token, &self.limits).ok()
    }

    /// Whether the issuer that a token claims to have is accepted here, compared exactly.
    pub(crate) fn accepts_issuer_of(&self, token: &CompactJws<'_>) -> bool {
        let issuer = token.claims.member("iss").and_then(Json::as_str);
        issuer.is_some_and(|issuer| self.expectations.accepts_issuer(issuer))
    }

    /// Whether a token is of the kind that is accepted here, by its `typ`.
    pub(crate) fn accepts_type_of(&self, token: &CompactJws<'_>) -> bool {
        self.expectations.check_type(token.header(), self.is_by_secret()).is_ok()
    }

    /// An issuer whose tokens of one kind both accept.
    pub(crate) fn common_issuer(&self, other: &Self) -> Option<&str> {
        self.expectations.common_issuer(&other.expectations)
    }

    /// What the keys are like. A set that was never had is fetched.
    ///
    /// Beside it is why the keys could not be had, where that is so.
    pub(crate) async fn key_status<H: Host>(&self, host: &H) -> (KeyStatus, Option<Error>) {
        let Keys::Published(source) = &self.keys else {
            return (KeyStatus { usable: 1, age: None }, None);
        };
        // asks for no key in particular; that there is none of its kind does not matter
        let algorithm = self.algorithms.first().copied().unwrap_or(Algorithm::EdDsa);
        let wanted = Wanted { kid: None, algorithm, since: host.now(), plausible: false };
        let failure = source.keys(host, &wanted).await.err();
        let failure = failure.filter(|error| error.code() == Code::KeysUnavailable);
        (source.status(host.now()), failure)
    }

    /// Seconds since the keys were asked for, without asking again.
    pub(crate) fn keys_age(&self, now: f64) -> Option<f64> {
        match &self.keys {
            Keys::Published(source) => source.status(now).age,
            Keys::Shared(_) => None,
        }
    }

    /// A token that was verified before needs its times and its key again, the key by identity. What
    /// does not hold any more is verified afresh, which says why.
    async fn still_holds<H: Host>(&self, verified: &Verified, host: &H) -> bool {
        let now = host.now();
        if self.expectations.check_again(&verified.expected, now, &mut ()).is_err() {
            return false;
        }
        let (Keys::Published(source), Some(signed_by)) = (&self.keys, &verified.key) else {
            return true;
        };
        let (kid, algorithm) = (verified.header.kid(), verified.algorithm);
        let wanted = Wanted { kid, algorithm, since: now, plausible: true };
        let Ok(keys) = source.keys(host, &wanted).await else {
            return false;
        };
        let now = host.now();
        let in_time = self.expectations.check_again(&verified.expected, now, &mut ()).is_ok();
        in_time && keys.iter().any(|key| Arc::ptr_eq(key, signed_by))
    }

    async fn verify_afresh<H: Host>(
        &self,
        token: &str,
        host: &H,
        watch: &mut impl Watch,
    ) -> Result<Verified, Error> {
        let segments = Segments::parse(token, &self.limits)
            .map_err(|error| detect_session_token(error, token));
        let segments = watch.see(Check::Form, segments)?;
        let jws = watch.see(Check::Header, segments.into_jws())?;
        let by_secret = self.is_by_secret();
        watch.see(Check::Type, self.expectations.check_type(jws.header(), by_secret))?;
        let algorithm = watch.see(Check::Algorithm, self.allowed_algorithm(jws.header()))?;
        let CompactJws { header, signing_input, signature, payload, claims } = jws;
        let mut claims = Claims::new(payload, claims);

        // Looked at before the signature for the key cache's sake, told to nobody until it holds.
        let now = host.now();
        let accepted = self.expectations.accept(&mut claims, now, watch);
        let key = match &self.keys {
            Keys::Published(source) => {
                let plausible = accepted.is_ok();
                let wanted = Wanted { kid: header.kid(), algorithm, since: now, plausible };
                let found = watch.see(Check::Key, source.candidates(host, &wanted).await)?;
                let mut signed_by =
                    signer(&found.keys, host, algorithm, signing_input, &signature).await;
                if signed_by.is_none() {
                    let newer = source.newer_keys(host, &wanted, &found).await;
                    let newer = watch.see(Check::Key, newer)?;
                    signed_by = signer(&newer, host, algorithm, signing_input, &signature).await;
                }
                Some(watch.see(Check::Signature, signed_by.ok_or_else(bad_signature))?)
            }
            Keys::Shared(secret) => {
                watch.see(Check::Key, Ok(()))?;
                let holds = secret.verifies(algorithm, signing_input, &signature);
                watch.see(Check::Signature, holds.then_some(()).ok_or_else(bad_signature))?;
                None
            }
        };
        let expected = accepted?;
        // the keys may have taken their time
        self.expectations.check_again(&expected, host.now(), watch)?;
        let companion = Companion::default();
        let was_known = AtomicBool::new(false);
        Ok(Verified { header, claims, expected, algorithm, key, companion, was_known })
    }

    fn is_by_secret(&self) -> bool {
        matches!(self.keys, Keys::Shared(_))
    }

    /// The algorithm comes from our list; the token may only choose from it.
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

    /// Nothing panics while the lock is held, so a poisoned cache is still a whole one.
    fn cache<H: Host>(&self, host: &H) -> MutexGuard<'_, TokenCache> {
        let cache = self.cache.get_or_init(|| {
            Mutex::new(TokenCache::new(self.cache_limits, Keyed::new(|| host.random())))
        });
        cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A token that has passed every check.
#[derive(Debug)]
pub struct Verified {
    header: Header,
    claims: Claims,
    expected: Expected,
    algorithm: Algorithm,
    /// The published key that signed it
    key: Option<Arc<VerifyingKey>>,
    companion: Companion,
    was_known: AtomicBool,
}

/// Something that is made of a verified token and kept with it: it is gone when the token is.
#[derive(Default)]
pub(crate) struct Companion(Mutex<Option<Box<dyn Any + Send>>>);

impl Companion {
    /// Looks at what is kept, and keeps what is given in its place, if anything.
    pub(crate) fn update<T: Send + 'static, R>(
        &self,
        f: impl FnOnce(&mut Option<Box<T>>) -> R,
    ) -> R {
        // nothing panics while the lock is held
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut companion = kept.take().and_then(|kept| kept.downcast::<T>().ok());
        let result = f(&mut companion);
        *kept = companion.map(|companion| companion as Box<dyn Any + Send>);
        result
    }
}

impl fmt::Debug for Companion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Companion")
    }
}

impl Verified {
    /// What the token says.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Who the user is: the value of the user claim, never empty.
    pub fn user(&self) -> &str {
        &self.expected.user
    }

    /// The token of the session that a cookie cache is of.
    pub(crate) fn session_token(&self) -> Option<&str> {
        self.expected.session.as_ref().map(SessionToken::as_str)
    }

    /// When it ends, in seconds since 1970.
    pub fn expires(&self) -> f64 {
        self.expected.expires()
    }

    /// The algorithm that signed it.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether it was asked for again after it had been verified.
    pub(crate) fn was_known(&self) -> bool {
        self.was_known.load(Ordering::Relaxed)
    }

    /// What is kept with it.
    pub(crate) fn companion(&self) -> &Companion {
        &self.companion
    }

    /// What its header says.
    pub fn header(&self) -> &Header {
        &self.header
    }
}

/// The first of the keys that signed it.
async fn signer<H: Host>(
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
