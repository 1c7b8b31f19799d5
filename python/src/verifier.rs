//! Verifiers and verified tokens.

use std::collections::HashMap;
use std::sync::Arc;

use better_auth_edge::claims::{Expectations, Profile, RequiredClaim, UserClaim};
use better_auth_edge::crypto::Secret;
use better_auth_edge::host::{UrlKind, UrlSetting};
use better_auth_edge::jose::Algorithm;
use better_auth_edge::keys::{KeySource, Timing};
use better_auth_edge::{
    Code, Error, FollowedFeed, Keys, Verified as CoreVerified, Verifier as CoreVerifier,
};
use pyo3::exceptions::PyValueError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};

use crate::errors::{catch_panic, to_exception};
use crate::host::{Functions, PyHost};
use crate::json::{CopiedObject, to_dict};
use crate::pending::start;

/// Verifies one kind of token.
#[pyclass(frozen, module = "better_auth_edge._core")]
pub(crate) struct Verifier {
    core: Arc<CoreVerifier>,
    /// Where published keys come from
    source: Option<KeySource>,
    /// The feed of the edge, which says whose sessions have ended
    feed: Option<Arc<FollowedFeed>>,
    functions: Arc<Functions>,
}

#[pymethods]
impl Verifier {
    #[new]
    #[pyo3(signature = (
        keys, *, algorithms, issuers, audiences, clock, verify_signature, start_task,
        url_setting=None, profile="session", exclusive_audience=None, base_url=None, user_claims=None,
        required=None, clock_tolerance=5.0, max_lifetime=None, revocations=None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        keys: KeysArgument,
        algorithms: Vec<String>,
        issuers: Vec<String>,
        audiences: Vec<String>,
        clock: Py<PyAny>,
        verify_signature: Py<PyAny>,
        start_task: Py<PyAny>,
        url_setting: Option<&str>,
        profile: &str,
        exclusive_audience: Option<bool>,
        base_url: Option<&str>,
        user_claims: Option<Vec<String>>,
        required: Option<Vec<String>>,
        clock_tolerance: f64,
        max_lifetime: Option<f64>,
        revocations: Option<HashMap<String, String>>,
    ) -> PyResult<Self> {
        let algorithms = algorithms.iter().map(|name| Algorithm::from_name(name));
        let algorithms: Vec<_> =
            algorithms.collect::<Option<_>>().ok_or_else(|| wrong("algorithms"))?;
        let (keys, source) = match keys {
            KeysArgument::Url(url) => {
                let kind = url_kind(url_setting).ok_or_else(|| wrong("url_setting"))?;
                let setting = UrlSetting { kind, ..UrlSetting::default() };
                let timing = Timing { max_waiting: MAX_WAITING, ..Timing::default() };
                let source = KeySource::remote(&url, timing).url_setting(setting);
                (Keys::Published(source.clone()), Some(source))
            }
            KeysArgument::Secret(bytes) => {
                let secret = Secret::new(&bytes, &algorithms).map_err(|_| wrong("keys"))?;
                (Keys::Shared(secret), None)
            }
        };
        let user_claim = match user_claims {
            Some(names) => UserClaim::new(names).ok_or_else(|| wrong("user_claims"))?,
            None => UserClaim::default(),
        };
        let required = required.unwrap_or_default();
        let required =
            required.iter().map(|name| RequiredClaim::present(name)).collect::<Option<_>>();
        let mut expectations = Expectations::new(issuers, audiences)
            .ok_or_else(|| wrong("issuers or audiences"))?
            .with_profile(Profile::from_name(profile).ok_or_else(|| wrong("profile"))?)
            .with_exclusive_audience(exclusive_audience, base_url)
            .with_user_claim(user_claim)
            .with_required_claims(required.ok_or_else(|| wrong("required"))?)
            .with_clock_tolerance(clock_tolerance)
            .ok_or_else(|| wrong("clock_tolerance"))?;
        if let Some(seconds) = max_lifetime {
            expectations = expectations.with_max_lifetime(seconds);
        }
        let core = Arc::new(CoreVerifier::new(keys, algorithms, expectations));
        let revocations = revocations.unwrap_or_default();
        let feed = FollowedFeed::from_settings(|name| revocations.get(name).cloned(), &core);
        let feed = feed.map_err(|_| wrong("revocations"))?.map(Arc::new);
        Ok(Self {
            core,
            source,
            feed,
            functions: Arc::new(Functions { clock, verify_signature, start_task }),
        })
    }

    /// Verifies a token. Usually the result is there at once.
    fn verify<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Ok(token) = token.cast::<PyString>() else {
            let error = Error::new(Code::MalformedToken, "the token is not a string");
            return Err(to_exception(py, &error));
        };
        // a lone surrogate becomes U+FFFD, which no token contains either
        let token = token.to_string_lossy();
        if let Some(verified) = self.verified_before(py, &token)? {
            return Ok(Bound::new(py, verified)?.into_any());
        }
        let host = PyHost::new(&self.functions);
        let token = token.into_owned();
        let (core, feed) = (Arc::clone(&self.core), self.feed.clone());
        let of_verification = host.clone();
        let verification = async move {
            match feed {
                Some(feed) => feed.verify(&core, &token, &of_verification).await,
                None => core.verify(&token, &of_verification).await,
            }
        };
        start(py, host, Box::pin(verification))
    }

    /// `start_task` can refer to what holds the verifier.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Functions { clock, verify_signature, start_task } = &*self.functions;
        [clock, verify_signature, start_task].into_iter().try_for_each(|one| visit.call(one))
    }

    /// Abandons the fetch in flight, because what performs it has stopped.
    fn abandon_fetch(&self) {
        if let Some(source) = &self.source {
            source.abandon_fetch();
        }
    }

    /// The error of the last fetch of the keys, if it failed.
    fn failure(&self) -> Option<(String, String, Option<u16>, Option<u32>)> {
        let failure = self.source.as_ref()?.failure()?;
        let (url, status) = (failure.url().to_owned(), failure.status_code());
        Some((url, failure.reason(), status, failure.retry_after()))
    }
}

impl Verifier {
    /// A cached token, without the cost of a verification that could wait.
    fn verified_before(&self, py: Python<'_>, token: &str) -> PyResult<Option<Verified>> {
        let now = self.functions.clock.call0(py)?.extract(py)?;
        let verified = catch_panic(|| self.core.verified_before(token, now))?;
        let feed = self.feed.as_ref();
        let verified =
            verified.filter(|verified| feed.is_none_or(|feed| feed.is_known_valid(verified, now)));
        Ok(verified.map(Verified::new))
    }
}

/// The errors in the settings of the feed: names of settings, and what is wrong.
#[pyfunction]
pub(crate) fn feed_errors(settings: HashMap<String, String>) -> Vec<(String, String)> {
    let errors = FollowedFeed::setting_errors(|name| settings.get(name).cloned());
    errors.iter().map(|error| (error.setting().to_owned(), error.detail().to_owned())).collect()
}

/// A request that waits costs Python a coroutine or a thread.
const MAX_WAITING: usize = 10_000;

/// The URL of a JWK Set, or a secret.
#[derive(FromPyObject)]
enum KeysArgument {
    Url(String),
    Secret(Vec<u8>),
}

fn url_kind(setting: Option<&str>) -> Option<UrlKind> {
    match setting? {
        "BETTER_AUTH_BASE_PATH" => Some(UrlKind::BasePath),
        "BETTER_AUTH_URL" => Some(UrlKind::BaseUrl),
        "JWKS_URL" => Some(UrlKind::KeyUrl),
        "EDGE_JWKS_URL" => Some(UrlKind::EdgeKeyUrl),
        _ => None,
    }
}

/// The package checks settings before it makes a verifier.
fn wrong(argument: &str) -> PyErr {
    PyValueError::new_err(format!("{argument}: is wrong"))
}

/// A token that has passed every check.
#[pyclass(frozen, module = "better_auth_edge._core")]
pub(crate) struct Verified {
    core: Arc<CoreVerified>,
    claims: PyOnceLock<Py<PyDict>>,
}

/// What is cached with a token.
#[derive(Default)]
struct Cached {
    /// The claims, of which Python gets copies
    claims: Option<Arc<CopiedObject>>,
    /// A value of Python's
    value: Option<Py<PyAny>>,
}

impl Verified {
    pub(crate) fn new(core: Arc<CoreVerified>) -> Self {
        Self { core, claims: PyOnceLock::new() }
    }

    /// The lock is never held while Python runs, which could ask for the same claims.
    fn cached_claims(&self, py: Python<'_>) -> PyResult<Arc<CopiedObject>> {
        if let Some(claims) = self.update(|cached| cached.claims.clone()) {
            return Ok(claims);
        }
        let claims = Arc::new(CopiedObject::new(py, self.core.claims().members())?);
        drop(self.update(|cached| cached.claims.replace(Arc::clone(&claims))));
        Ok(claims)
    }

    fn update<R>(&self, f: impl FnOnce(&mut Cached) -> R) -> R {
        self.core
            .extension()
            .update(|slot: &mut Option<Box<Cached>>| f(slot.get_or_insert_default()))
    }
}

#[pymethods]
impl Verified {
    #[getter]
    fn user(&self) -> &str {
        self.core.user()
    }

    /// The same dictionary at each call. No other result shares it.
    #[getter]
    fn claims<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyDict>> {
        let claims = || match self.core.was_cached() {
            true => self.cached_claims(py)?.copy(py),
            // most tokens of some loads are used once
            false => to_dict(py, self.core.claims().members()).map(Bound::unbind),
        };
        Ok(self.claims.get_or_try_init(py, claims)?.bind(py))
    }

    #[getter]
    fn was_cached(&self) -> bool {
        self.core.was_cached()
    }

    /// A value that is cached with the token, for all its results.
    #[getter]
    fn cached(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.update(|cached| Some(cached.value.as_ref()?.clone_ref(py)))
    }

    #[setter]
    fn set_cached(&self, value: Py<PyAny>) {
        drop(self.update(|cached| cached.value.replace(value)));
    }

    #[getter]
    fn impersonator(&self) -> Option<&str> {
        self.core.session().impersonator()
    }

    #[getter]
    fn expires(&self) -> f64 {
        self.core.expires()
    }
}
