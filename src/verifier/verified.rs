//! A verified token, and what is cached with it.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Lookup;
use crate::claims::{AcceptedClaims, Claims, SessionClaims, SessionToken};
use crate::crypto::VerifyingKey;
use crate::jose::json::allocation;
use crate::jose::{Algorithm, Header};

/// A token that has passed every check.
#[derive(Debug)]
pub struct Verified {
    pub(super) header: Header,
    pub(super) claims: Claims,
    pub(super) accepted: AcceptedClaims,
    pub(super) algorithm: Algorithm,
    /// The published key that signed the token
    pub(super) key: Option<Arc<VerifyingKey>>,
    pub(super) extension: Extension,
    pub(super) was_cached: AtomicBool,
    /// When it was found valid last, as the bits of an `f64`
    pub(super) seen_at: AtomicU64,
    pub(super) lookups: OnceLock<Box<[Lookup]>>,
}

/// A value that is derived from a verified token and cached with it. The cache drops both together.
#[derive(Default)]
pub struct Extension(Mutex<Option<Box<dyn Any + Send>>>);

impl Extension {
    /// Calls `f` with the value, which `f` can replace. A value of another type than `T` is
    /// dropped.
    pub fn update<T: Send + 'static, R>(&self, f: impl FnOnce(&mut Option<Box<T>>) -> R) -> R {
        // a panic in `f` leaves the extension empty, which is valid
        let mut stored = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut value = stored.take().and_then(|stored| stored.downcast::<T>().ok());
        let result = f(&mut value);
        *stored = value.map(|value| value as Box<dyn Any + Send>);
        result
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Extension")
    }
}

impl Verified {
    /// The bytes that the token takes in an [`Arc`], without its lookups and its extension: these
    /// are added later.
    pub(super) fn allocated(&self) -> usize {
        let copied = [Some(self.user()), self.session().impersonator(), self.session_token()];
        let copied = copied.into_iter().flatten().map(|text| allocation(text.len()));
        let own = allocation(size_of::<Self>() + ARC_COUNTERS);
        own + self.header.allocated() + self.claims.allocated() + copied.sum::<usize>()
    }

    /// The claims of the token.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The issuer (`iss`), one of the settings' issuers. Empty if the token has none.
    pub(crate) fn issuer(&self) -> &str {
        self.claims.text_claim("iss").unwrap_or_default()
    }

    /// The user's id: the value of the user claim, never empty.
    pub fn user(&self) -> &str {
        &self.accepted.user
    }

    /// What the token says about its session.
    pub fn session(&self) -> &SessionClaims {
        &self.accepted.session_claims
    }

    /// The token of the session, if this is a cookie cache.
    pub(crate) fn session_token(&self) -> Option<&str> {
        self.accepted.session.as_ref().map(SessionToken::as_str)
    }

    /// When the token expires, in seconds since 1970.
    pub fn expires(&self) -> f64 {
        self.accepted.expires()
    }

    /// When the token was issued, in seconds since 1970, if it says so.
    pub(crate) fn issued(&self) -> Option<f64> {
        self.accepted.issued()
    }

    /// The algorithm of the signature.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether a later call accepted the token from the cache.
    pub fn was_cached(&self) -> bool {
        self.was_cached.load(Ordering::Relaxed)
    }

    /// When a call accepted the token last, in seconds since 1970.
    pub(crate) fn seen_at(&self) -> f64 {
        f64::from_bits(self.seen_at.load(Ordering::Relaxed))
    }

    /// What a later stage looks up about the token, from the first call on.
    pub(crate) fn lookups(&self, make: impl FnOnce() -> Box<[Lookup]>) -> &[Lookup] {
        self.lookups.get_or_init(make)
    }

    /// The value that a host caches with the token.
    pub fn extension(&self) -> &Extension {
        &self.extension
    }

    /// The header of the token.
    pub fn header(&self) -> &Header {
        &self.header
    }
}

/// The bytes of an `Arc`'s two counters.
const ARC_COUNTERS: usize = 2 * size_of::<usize>();
