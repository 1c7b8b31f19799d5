//! A session cookie is turned into a token by Better Auth itself, and the token is kept for a while, so
//! that a page with twenty requests asks once.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::exchanges::{Exchange, Exchanges, Failure, Lookup, TIMEOUT};
use super::{CookieCache, SessionCookie, SessionCookies};
use crate::error::{Code, Error};
use crate::gateway::reader::Reader;
use crate::host::{GetRequest, Host, Pauses};
use crate::jose::{Json, Object};
use crate::verifier::{Verified, issuing_url};

/// The users of sessions: by their caches, or by tokens.
#[derive(Debug)]
pub(in crate::gateway) struct Sessions {
    cache: Option<CookieCache>,
    url: Arc<str>,
    /// Seconds for which a token is used again: what a sign-out may take to show
    max_age: f64,
    exchanges: Arc<OnceLock<Mutex<Exchanges>>>,
}

/// A token's answer is small.
const MAX_BYTES: usize = 64 * 1024;

const IN_PIECES: &str = "the parts of the cookie cache do not make one whole";

/// Seconds: an exchange that has begun already and its grace, and one's own.
const MOST_SECONDS: f64 = 11.0;

impl Sessions {
    pub(in crate::gateway) fn from_settings(
        reader: &mut Reader<'_>,
        cache: Option<CookieCache>,
    ) -> Self {
        let max_age = reader.number("SESSION_MAX_AGE").unwrap_or(60.0);
        if !(0.0..=300.0).contains(&max_age) {
            reader.fault("SESSION_MAX_AGE", "is not a number of seconds up to 300");
        }
        if reader.switch("SESSION_EXCHANGE", false) {
            reader.needs_auth_url("SESSION_EXCHANGE", "where Better Auth is asked for the token");
        }
        let url = reader
            .auth_url()
            .map_or_else(String::new, |base| format!("{}/token", issuing_url(&base)));
        Self { cache, url: url.into(), max_age, exchanges: Arc::default() }
    }

    /// Whose session it is by its cache, without asking anybody. `None` where that does not decide: the
    /// cookie of the session itself does, which is the stronger proof.
    ///
    /// # Errors
    /// Why no cache is good, where nothing else can decide.
    pub(in crate::gateway) async fn cached_user<H: Host>(
        &self,
        cookies: &SessionCookies,
        host: &H,
    ) -> Result<Option<Arc<Verified>>, Error> {
        let Some(verifies) = &self.cache else { return Ok(None) };
        let mut refusal = None;
        for cache in &cookies.caches {
            let user = match verifies.verifier(&cache.value) {
                Ok(verifier) => verifier.verify(&cache.value, host).await,
                Err(error) => Err(error),
            };
            let error = match user {
                Ok(user) if cookies.has_session(user.claims().text_claim("sid"), cache.guard) => {
                    return Ok(Some(user));
                }
                Ok(_) => {
                    let detail = "the cookie cache is of another session than the session cookie";
                    Error::new(Code::InvalidClaim, detail)
                }
                Err(error) => error,
            };
            refusal.get_or_insert(error);
        }
        match refusal {
            _ if cookies.exchanged => Ok(None),
            _ if cookies.in_pieces => Err(Error::new(Code::MalformedRequest, IN_PIECES)),
            Some(error) => Err(error),
            None => Ok(None),
        }
    }

    /// The token of a session, which is still to be verified. `but` is one that has turned out to be too
    /// old. Requests with the same session share one exchange, which goes on when their clients hang up.
    ///
    /// # Errors
    /// Why there is none.
    pub(in crate::gateway) async fn token<H: Host>(
        &self,
        session: &SessionCookie,
        host: &H,
        but: Option<&str>,
    ) -> Result<String, SessionRefusal> {
        let Some(cookie) = session.cookie() else { return Err(Failure::Rejected.into()) };
        let arrived = host.now();
        let mut pauses = Pauses::up_to(MOST_SECONDS);
        loop {
            let lookup = self.exchanges(host).lookup(&cookie, host.now(), arrived, but);
            match lookup {
                Lookup::Use(token) => return Ok(token),
                Lookup::Refuse(failure) => return Err(failure.into()),
                Lookup::Begin(exchange) => {
                    let url = Arc::clone(&self.url);
                    let exchanges = Arc::clone(&self.exchanges);
                    let cookie = cookie.clone();
                    let open = OpenExchange { url, exchanges, cookie, exchange: Some(exchange) };
                    host.run_to_end(|host| open.carry_out(host)).await;
                }
                Lookup::Wait if pauses.pause(host).await => {}
                Lookup::Wait => {
                    let detail = "waited too long for the token of the session";
                    let error = Error::new(Code::KeysUnavailable, detail).with_retry_after(1);
                    return Err(SessionRefusal { error, is_of_this_session: false });
                }
            }
        }
    }

    fn exchanges<H: Host>(&self, host: &H) -> MutexGuard<'_, Exchanges> {
        let new = || Mutex::new(Exchanges::new(self.max_age, || host.random()));
        locked(self.exchanges.get_or_init(new))
    }
}

/// Why a session gives no token.
pub(in crate::gateway) struct SessionRefusal {
    pub(in crate::gateway) error: Error,
    /// Whether another session of the same request may be better
    pub(in crate::gateway) is_of_this_session: bool,
}

impl From<Failure> for SessionRefusal {
    fn from(failure: Failure) -> Self {
        let is_of_this_session = failure.is_of_this_session();
        Self { error: failure.into_error(), is_of_this_session }
    }
}

/// An exchange that is being carried out. One that is dropped, because its runtime has stopped it, is
/// given up, and the next request takes over.
struct OpenExchange {
    url: Arc<str>,
    exchanges: Arc<OnceLock<Mutex<Exchanges>>>,
    cookie: String,
    exchange: Option<Exchange>,
}

impl OpenExchange {
    async fn carry_out<H: Host>(mut self, host: H) {
        let result = self.ask(&host).await;
        if let (Some(exchanges), Some(exchange)) = (self.exchanges.get(), self.exchange.take()) {
            locked(exchanges).report(&self.cookie, exchange, result, host.now());
        }
    }

    async fn ask<H: Host>(&self, host: &H) -> Result<String, Failure> {
        let request = GetRequest {
            url: self.url.to_string(),
            accept: "application/json",
            cookie: Some(self.cookie.clone()),
            max_bytes: MAX_BYTES,
            timeout: TIMEOUT,
        };
        let response = host.get(request).await.map_err(|error| Failure::Silent(Arc::new(error)))?;
        match response.status {
            200 => {}
            401 | 403 => return Err(Failure::Rejected),
            status => return Err(Failure::Answered(Arc::new(Unexpected::Status(status)))),
        }
        let answer = Object::parse(&response.body);
        let answer = answer.map_err(|error| Failure::Answered(Arc::new(error)))?;
        let token = answer.member("token").and_then(Json::as_str);
        token.map(str::to_owned).ok_or_else(|| Failure::Answered(Arc::new(Unexpected::NoToken)))
    }
}

impl Drop for OpenExchange {
    fn drop(&mut self) {
        if let (Some(exchanges), Some(exchange)) = (self.exchanges.get(), self.exchange.take()) {
            locked(exchanges).abandon(&exchange);
        }
    }
}

/// An answer that is none.
#[derive(Debug)]
enum Unexpected {
    Status(u16),
    NoToken,
}

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "the server answered {status}, not 200"),
            Self::NoToken => f.write_str("the server's answer has no token"),
        }
    }
}

impl std::error::Error for Unexpected {}

/// Nothing panics while the lock is held, so what was kept is still whole.
fn locked(exchanges: &Mutex<Exchanges>) -> MutexGuard<'_, Exchanges> {
    exchanges.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shows nothing of a token.
impl fmt::Debug for Exchanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchanges").finish_non_exhaustive()
    }
}
