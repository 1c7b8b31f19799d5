//! A session cookie is turned into a token by Better Auth itself, and the token is kept for a while, so
//! that a page with twenty requests asks once.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use lru::LruCache;

use super::{CookieCache, SessionCookies};
use crate::error::{Code, Error};
use crate::gateway::reader::Reader;
use crate::host::{GetRequest, Host};
use crate::jose::{Json, Object};
use crate::verifier::{Keyed, Verified, issuing_url};

/// The users of sessions: by their caches, or by tokens.
#[derive(Debug)]
pub(in crate::gateway) struct Sessions {
    cache: Option<CookieCache>,
    url: String,
    /// Seconds for which a token is used again: what a sign-out may take to show
    max_age: f64,
    kept: OnceLock<Mutex<LruCache<Box<str>, Kept, Keyed>>>,
}

struct Kept {
    token: String,
    until: f64,
}

const MOST_KEPT: usize = 1_000;

/// A token's answer is small.
const MAX_BYTES: usize = 64 * 1024;

/// Milliseconds.
const TIMEOUT: u32 = 5_000;

impl Sessions {
    pub(in crate::gateway) fn from_settings(
        reader: &mut Reader<'_>,
        cache: Option<CookieCache>,
    ) -> Self {
        let max_age = reader.number("SESSION_MAX_AGE").unwrap_or(60.0);
        if !(0.0..=300.0).contains(&max_age) {
            reader.fault("SESSION_MAX_AGE", "is not a number of seconds up to 300");
        }
        let url = reader
            .auth_url()
            .map_or_else(String::new, |base| format!("{}/token", issuing_url(&base)));
        Self { cache, url, max_age, kept: OnceLock::new() }
    }

    /// Whose session it is by its cache, without asking anybody. `None` where that does not decide: the
    /// cookie of the session itself does, which is the stronger proof.
    ///
    /// # Errors
    /// Why the cache is not good, where nothing else can decide.
    pub(in crate::gateway) async fn cached_user<H: Host>(
        &self,
        cookies: &SessionCookies,
        host: &H,
    ) -> Result<Option<Arc<Verified>>, Error> {
        let (Some(verifies), Some(cache)) = (&self.cache, &cookies.cache) else {
            return Ok(None);
        };
        let user = match verifies.verifier(cache) {
            Ok(verifier) => verifier.verify(cache, host).await,
            Err(error) => Err(error),
        };
        let error = match user {
            Ok(user) if user.claims().text_claim("sid") == Some(cookies.session_token()) => {
                return Ok(Some(user));
            }
            Ok(_) => {
                let detail = "the cookie cache is of another session than the session cookie";
                Error::new(Code::InvalidClaim, detail)
            }
            Err(error) => error,
        };
        if cookies.exchanged { Ok(None) } else { Err(error) }
    }

    /// The token of a session, which is still to be verified. `again` where a kept one has turned out
    /// to be too old.
    ///
    /// # Errors
    /// [`Code::MissingToken`] where Better Auth knows no such session,
    /// [`Code::KeysUnavailable`] where it cannot be asked.
    pub(in crate::gateway) async fn token<H: Host>(
        &self,
        cookie: &str,
        host: &H,
        again: bool,
    ) -> Result<String, Error> {
        let now = host.now();
        let kept = self.with_kept(host, |kept| {
            let kept = kept.get(cookie).filter(|kept| now < kept.until && !again)?;
            Some(kept.token.clone())
        });
        if let Some(token) = kept {
            return Ok(token);
        }
        let token = self.exchange(cookie, host).await?;
        let until = now + self.max_age;
        self.with_kept(host, |kept| {
            if kept.len() >= MOST_KEPT {
                kept.pop_lru();
            }
            kept.put(cookie.into(), Kept { token: token.clone(), until });
        });
        Ok(token)
    }

    async fn exchange<H: Host>(&self, cookie: &str, host: &H) -> Result<String, Error> {
        let request = GetRequest {
            url: self.url.clone(),
            accept: "application/json",
            cookie: Some(cookie.to_owned()),
            max_bytes: MAX_BYTES,
            timeout: TIMEOUT,
        };
        let unavailable = || {
            let detail = "the auth server could not be asked for the token of the session";
            Error::new(Code::KeysUnavailable, detail).with_retry_after(1)
        };
        let response = host.get(request).await.map_err(|error| unavailable().with_source(error))?;
        match response.status {
            200 => {}
            401 | 403 => {
                let detail = "the session of the cookie has ended; sign in again";
                return Err(Error::new(Code::MissingToken, detail));
            }
            _ => return Err(unavailable()),
        }
        let answer =
            Object::parse(&response.body).map_err(|error| unavailable().with_source(error))?;
        let token = answer.member("token").and_then(Json::as_str);
        token.map(str::to_owned).ok_or_else(unavailable)
    }

    /// Nothing panics while the lock is held, so what was kept is still whole.
    fn with_kept<H: Host, T>(
        &self,
        host: &H,
        use_it: impl FnOnce(&mut LruCache<Box<str>, Kept, Keyed>) -> T,
    ) -> T {
        let new = || Mutex::new(LruCache::unbounded_with_hasher(Keyed::new(|| host.random())));
        let mut kept = self.kept.get_or_init(new).lock().unwrap_or_else(PoisonError::into_inner);
        use_it(&mut kept)
    }
}

impl std::fmt::Debug for Kept {
    /// Shows nothing of a token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("until", &self.until).finish_non_exhaustive()
    }
}
