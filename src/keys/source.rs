//! The source of an issuer's keys: a fixed JWK Set, or a URL that the host fetches when the cache
//! demands it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cache::{Attempt, KeyCache, KeyStatus, Lookup, Place, Recheck, Timing};
use super::key_set::{KeySet, Wanted};
use super::stored;
use crate::crypto::VerifyingKey;
use crate::error::{Code, Error};
use crate::host::{
    FetchError, GetRequest, Host, Polling, SharedFetchError, UrlSetting, fetch_document,
};
use crate::jose::JwkSet;

/// The keys of one issuer.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A set that never changes
    Fixed(Arc<KeySet>),
    /// A set behind a URL
    Remote(Remote),
}

impl KeySource {
    /// The keys of this set.
    pub fn fixed(set: KeySet) -> Self {
        Self::Fixed(Arc::new(set))
    }

    /// The JWK Set at `url`, fetched when the first token needs a key.
    pub fn remote(url: &str, timing: Timing) -> Self {
        let cache = Arc::new(Mutex::new(KeyCache::new(timing)));
        let url_setting = UrlSetting::default();
        Self::Remote(Remote { url: url.into(), url_setting, cache, failure: Arc::default() })
    }

    /// The same for a URL that comes from this setting.
    pub fn url_setting(self, url_setting: UrlSetting) -> Self {
        match self {
            Self::Remote(remote) => Self::Remote(Remote { url_setting, ..remote }),
            fixed => fixed,
        }
    }

    /// The keys to try for a token, in order: at least one.
    ///
    /// # Errors
    /// [`Code::UnknownKey`], [`Code::UnsupportedAlgorithm`] if the set has none;
    /// [`Code::KeysUnavailable`] if the set is not available.
    pub async fn keys<H: Host>(
        &self,
        host: &H,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<Arc<VerifyingKey>>, Error> {
        Ok(self.candidates(host, wanted).await?.keys)
    }

    /// The same, and whether the keys are new.
    ///
    /// # Errors
    /// Those of [`Self::keys`].
    pub(crate) async fn candidates<H: Host>(
        &self,
        host: &H,
        wanted: &Wanted<'_>,
    ) -> Result<Candidates, Error> {
        match self {
            Self::Fixed(set) => Ok(Candidates { keys: set.keys(wanted)?, are_new: true }),
            Self::Remote(remote) => remote.candidates(host, wanted).await,
        }
    }

    /// Further keys for a token that none of the keys `tried` verifies: the auth server may have
    /// replaced its key under the same `kid`. Empty if no further keys are available.
    ///
    /// # Errors
    /// [`Code::UnknownKey`], [`Code::UnsupportedAlgorithm`] if a newer set has no key for it.
    pub(crate) async fn newer_keys<H: Host>(
        &self,
        host: &H,
        wanted: &Wanted<'_>,
        tried: &Candidates,
    ) -> Result<Vec<Arc<VerifyingKey>>, Error> {
        match self {
            // a request that has waited for the set does not need a second fetch
            Self::Remote(remote) if !tried.are_new => {
                remote.newer_keys(host, wanted, &tried.keys).await
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The set, if it is so fresh that no fetch is necessary.
    pub fn fresh(&self, now: f64) -> Option<Arc<KeySet>> {
        match self {
            Self::Fixed(set) => Some(Arc::clone(set)),
            Self::Remote(remote) => remote.cache().fresh(now).map(Arc::clone),
        }
    }

    /// The URL of the set. `None` for a fixed set.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Fixed(_) => None,
            Self::Remote(remote) => Some(&remote.url),
        }
    }

    /// The current set, without a fetch.
    pub fn cached(&self) -> Option<Arc<KeySet>> {
        match self {
            Self::Fixed(set) => Some(Arc::clone(set)),
            Self::Remote(remote) => remote.cache().cached().map(Arc::clone),
        }
    }

    /// The error of the last fetch, if it failed.
    pub fn failure(&self) -> Option<Arc<FetchError>> {
        match self {
            Self::Fixed(_) => None,
            Self::Remote(remote) => remote.failure(),
        }
    }

    /// Abandons the fetch in flight, if what performs it has stopped. A late result still counts.
    pub fn abandon_fetch(&self) {
        if let Self::Remote(remote) = self {
            remote.cache().abandon_in_flight();
        }
    }

    /// Makes a set due whose fetch began before that time: see [`KeyCache::mark_due`].
    pub fn mark_due(&self, before: f64) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Remote(remote) => remote.cache().mark_due(before),
        }
    }

    /// The state of the keys, without a fetch.
    pub fn status(&self, now: f64) -> KeyStatus {
        match self {
            Self::Fixed(set) => KeyStatus { usable: set.len(), age: None },
            Self::Remote(remote) => remote.cache().status(now),
        }
    }
}

/// Keys to try for a token.
#[derive(Debug)]
pub(crate) struct Candidates {
    pub(crate) keys: Vec<Arc<VerifyingKey>>,
    /// Whether a newer set is unlikely: the request has waited for a fetch, or it never changes
    are_new: bool,
}

/// A JWK Set behind a URL, cached between requests.
#[derive(Clone, Debug)]
pub struct Remote {
    url: Arc<str>,
    url_setting: UrlSetting,
    cache: Arc<Mutex<KeyCache>>,
    /// The error of the last fetch, if it failed
    failure: Arc<Mutex<Option<SharedFetchError>>>,
}

impl Remote {
    async fn candidates<H: Host>(
        &self,
        host: &H,
        wanted: &Wanted<'_>,
    ) -> Result<Candidates, Error> {
        let mut waiting = Waiting::new(self);
        let mut are_new = false;
        loop {
            let now = host.now();
            let lookup = self.cache().lookup(now, wanted);
            match lookup {
                Lookup::Use(keys) => return Ok(Candidates { keys, are_new }),
                Lookup::UseAndRefresh(keys, attempt) => {
                    let open = self.open(attempt);
                    host.background(|host| open.perform(host));
                    return Ok(Candidates { keys, are_new });
                }
                // in the background, so that it continues if the client of this request hangs up
                Lookup::Fetch(attempt) => {
                    let open = self.open(attempt);
                    waiting.count_fetch().map_err(|error| self.explained(error))?;
                    host.run_to_end(|host| open.perform(host)).await;
                }
                Lookup::Wait => {
                    waiting
                        .poll(host, wanted.plausible)
                        .await
                        .map_err(|error| self.explained(error))?;
                }
                // a request that has waited for the set does not need a second fetch
                Lookup::Recheck(error) if are_new => return Err(error),
                Lookup::Recheck(error) => {
                    let keys = self.newer_keys(host, wanted, &[]).await?;
                    return match keys.is_empty() {
                        true => Err(error),
                        false => Ok(Candidates { keys, are_new: true }),
                    };
                }
                Lookup::Reject(error) => return Err(self.explained(error)),
            }
            are_new = !self.cache().is_restored();
        }
    }

    async fn newer_keys<H: Host>(
        &self,
        host: &H,
        wanted: &Wanted<'_>,
        tried: &[Arc<VerifyingKey>],
    ) -> Result<Vec<Arc<VerifyingKey>>, Error> {
        let mut waiting = Waiting::new(self);
        loop {
            let now = host.now();
            let recheck = self.cache().recheck(now, wanted, tried);
            match recheck {
                Recheck::Use(keys) => return Ok(keys),
                Recheck::Fetch(attempt) => {
                    let open = self.open(attempt);
                    if waiting.count_fetch().is_err() {
                        return Ok(Vec::new());
                    }
                    host.run_to_end(|host| open.perform(host)).await;
                }
                Recheck::Wait if waiting.poll_for_recheck(host).await => {}
                Recheck::Wait | Recheck::NoNewerKey => return Ok(Vec::new()),
                Recheck::Reject(error) => return Err(error),
            }
        }
    }

    fn open(&self, attempt: Attempt) -> OpenAttempt {
        OpenAttempt { source: self.clone(), attempt: Some(attempt) }
    }

    /// Adds the reason why the set is not available to an error that says so.
    fn explained(&self, error: Error) -> Error {
        if error.code() != Code::KeysUnavailable {
            return error;
        }
        match self.failure() {
            Some(failure) => error.with_outline(failure.outline()).with_source(failure),
            None if self.cache().is_fetching() => error.with_source(FetchError::pending(&self.url)),
            None => error,
        }
    }

    fn failure(&self) -> Option<SharedFetchError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fetches the set, and stores it for other isolates.
    async fn fetch<H: Host>(&self, host: &H, started: f64) -> Result<KeySet, FetchError> {
        let timeout = self.cache().timing().fetch_timeout_milliseconds();
        let request = GetRequest {
            url: self.url.to_string(),
            accept: "application/jwk-set+json, application/json",
            cookie: None,
            authorization: None,
            client_address: None,
            max_bytes: JwkSet::MAX_BYTES,
            timeout,
        };
        let named = |error: FetchError| error.url_setting(self.url_setting);
        let response = fetch_document(host, request).await.map_err(named)?;
        if response.status != 200 {
            return Err(named(FetchError::status(&self.url, &response, host.now())));
        }
        let known = self.cache().cached().cloned().unwrap_or_default();
        let set = KeySet::parse_after(&known, &response.body)
            .map_err(|error| FetchError::content(&self.url, &response, error))?;
        let max_age = self.cache().timing().stale_seconds();
        let record = || stored::write(&self.url, started, &response.body);
        host.save(&self.url, record, max_age);
        Ok(set)
    }

    /// No code panics while it holds the lock, so a poisoned cache is still consistent. No code
    /// calls the host either: Python's clock can wait for a thread that waits for this lock.
    fn cache(&self) -> MutexGuard<'_, KeyCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attempt in flight. If the runtime drops it, the next request can fetch.
struct OpenAttempt {
    source: Remote,
    attempt: Option<Attempt>,
}

impl OpenAttempt {
    async fn perform<H: Host>(mut self, host: H) {
        if !self.restore(&host).await {
            return;
        }
        let Some(started) = self.attempt.as_ref().map(|attempt| attempt.started) else { return };
        let (set, failure) = match self.source.fetch(&host, started).await {
            Ok(set) => (Some(set), None),
            Err(error) => (None, Some(Arc::new(error))),
        };
        let retry_after = failure.as_ref().and_then(|failure| failure.retry_after());
        *self.source.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        if let Some(attempt) = self.attempt.take() {
            let (now, random) = (host.now(), host.random());
            let mut cache = self.source.cache();
            cache.report(attempt, set, now, random);
            if let Some(seconds) = retry_after {
                cache.back_off(seconds.into(), now);
            }
        }
    }

    /// Loads the set that another isolate has stored, for a cold start: it saves the fetch, or
    /// serves if the fetch fails. Returns whether a fetch is still necessary.
    async fn restore<H: Host>(&mut self, host: &H) -> bool {
        if !self.attempt.as_ref().is_some_and(Attempt::is_first) {
            return true;
        }
        let url = &self.source.url;
        let record = host.load(url).await;
        let stored = record.and_then(|record| stored::read(url, &record));
        let Some((fetched_at, set)) = stored else { return true };
        let Some(attempt) = self.attempt.take() else { return false };
        let now = host.now();
        self.attempt = self.source.cache().restore(attempt, set, fetched_at, now);
        self.attempt.is_some()
    }
}

impl Drop for OpenAttempt {
    fn drop(&mut self) {
        if let Some(attempt) = self.attempt.take() {
            self.source.cache().abandon(attempt);
        }
    }
}

/// A request that waits for the attempts of others.
struct Waiting<'s> {
    source: &'s Remote,
    place: Option<Place>,
    polling: Polling,
    fetches: u32,
}

impl<'s> Waiting<'s> {
    fn new(source: &'s Remote) -> Self {
        Self { source, place: None, polling: Polling::up_to(MAX_SECONDS), fetches: 0 }
    }

    /// Counts a fetch of this request. A further one is necessary only if the runtime has stopped
    /// the last one.
    fn count_fetch(&mut self) -> Result<(), Error> {
        self.fetches += 1;
        match self.fetches <= MAX_FETCHES {
            true => Ok(()),
            false => Err(Error::new(Code::KeysUnavailable, STOPPED).with_retry_after(1)),
        }
    }

    async fn poll<H: Host>(&mut self, host: &H, plausible: bool) -> Result<(), Error> {
        let now = host.now();
        self.place = Some(self.source.cache().join(self.place, now, plausible)?);
        match self.polling.wait(host).await {
            true => Ok(()),
            false => Err(Error::new(Code::KeysUnavailable, WAITED).with_retry_after(1)),
        }
    }

    /// Returns false if too many requests wait, or if the time is up.
    async fn poll_for_recheck<H: Host>(&mut self, host: &H) -> bool {
        let now = host.now();
        let place = self.source.cache().join_for_recheck(self.place, now);
        self.place = place.or(self.place);
        place.is_some() && self.polling.wait(host).await
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.source.cache().leave(place);
        }
    }
}

/// Enough for two fetches with their grace periods.
const MAX_SECONDS: f64 = 11.0;

const MAX_FETCHES: u32 = 4;

const STOPPED: &str = "the runtime stopped each fetch of the auth server's JWK Set";
const WAITED: &str = "waited too long for the auth server's JWK Set";
