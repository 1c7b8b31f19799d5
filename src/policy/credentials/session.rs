//! A session cookie is turned into a token by Better Auth itself, and the token is kept for a while, so
//! that a page with twenty requests asks once.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::host::{GetRequest, Host, Pauses, Unanswered, ask};
use crate::policy::client_address::{Visitor, address_header};
use crate::policy::credentials::exchanges::{
    Demand, Exchange, Exchanges, Lookup, Standing, TIMEOUT, Ticket,
};
use crate::policy::credentials::failure::Failure;
use crate::policy::credentials::{CookieCache, SessionCookie, SessionCookies, token_answer};
use crate::verifier::{Verified, issuing_url};

/// The users of sessions: by their caches, or by tokens.
#[derive(Debug)]
pub(crate) struct Sessions {
    cache: Option<CookieCache>,
    url: Arc<str>,
    /// The header, in lower case, in which the auth server gets the visitor's address
    address_header: Arc<str>,
    /// Seconds for which a token is used again: what a sign-out may take to show
    max_age: f64,
    /// Whether only sessions that Better Auth has signed are asked for
    is_signature_known: bool,
    warning: Option<String>,
    exchanges: Arc<OnceLock<Mutex<Exchanges>>>,
}

/// The session stays as it is: Better Auth would prolong it, and the browser would not get the cookie that
/// goes with that.
const TOKEN: &str = "/token?disableRefresh=true";

/// A token's answer is small.
const MAX_BYTES: usize = 64 * 1024;

fn shared_limit(reader: &Reader<'_>) -> String {
    let [exchange, secret, header] =
        ["SESSION_EXCHANGE", "BETTER_AUTH_SECRET", "CLIENT_IP_HEADER"].map(|it| reader.name_of(it));
    format!(
        "{exchange} is on with neither {secret} nor {header}: outside of Cloudflare all visitors share \
         one rate limit of Better Auth, and made-up cookies can use it up; set {secret}"
    )
}

const IN_PIECES: &str = "the parts of the cookie cache do not make one whole";

/// Sessions of one request that are not known to be good, and as many that are: what a request may cost.
const MOST_TRIED: usize = 4;

/// Seconds: an exchange that has begun already and its grace, and one's own.
const MOST_SECONDS: f64 = 11.0;

impl Sessions {
    pub(crate) fn from_settings(reader: &mut Reader<'_>, cache: Option<CookieCache>) -> Self {
        let max_age = reader.number("SESSION_MAX_AGE").unwrap_or(60.0);
        if !(0.0..=300.0).contains(&max_age) {
            reader.error("SESSION_MAX_AGE", "is not a number of seconds up to 300");
        }
        let is_on = reader.switch("SESSION_EXCHANGE", false);
        if is_on {
            reader.needs_auth_url("SESSION_EXCHANGE", "where Better Auth is asked for the token");
        }
        let url = reader
            .auth_url()
            .map_or_else(String::new, |base| [&issuing_url(&base), TOKEN].concat());
        let address_header = address_header(reader).into();
        let is_signature_known = reader.better_auth_secret().is_some();
        // a Worker gets the address from Cloudflare
        let is_address_known = !reader.is_within_app() || reader.is_given("CLIENT_IP_HEADER");
        let is_shared = is_on && !is_signature_known && !is_address_known;
        let warning = is_shared.then(|| shared_limit(reader));
        let (url, exchanges) = (url.into(), Arc::default());
        Self { cache, url, address_header, max_age, is_signature_known, warning, exchanges }
    }

    /// What may not be as the operator means it.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> {
        self.warning.iter().cloned()
    }

    /// Whose session it is by its cache, without asking anybody. `None` where that does not decide: the
    /// cookie of the session itself does, which is the stronger proof.
    ///
    /// # Errors
    /// Why no cache is good, where nothing else can decide.
    pub(crate) async fn cached_user<H: Host>(
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
                Ok(user) if cookies.has_session(user.session_token(), cache.guard) => {
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
            // no 400: the browser's user can do nothing about the cookie but sign in again
            _ if cookies.in_pieces => Err(Error::new(Code::MalformedToken, IN_PIECES)),
            Some(error) => Err(error),
            None => Ok(None),
        }
    }

    /// The sessions that are worth a try, in this order: those that were rejected lately come last. The better a
    /// cookie is guarded, the sooner it is tried, since a neighbouring host cannot set it. Among cookies that are
    /// guarded alike, those with a kept token come first, then those that have been good before. Planted cookies
    /// so neither delay nor hide a user who is known, and each of them is tried once.
    pub(crate) fn worth_a_try<'c, H: Host>(
        &self,
        cookies: &'c SessionCookies,
        host: &H,
    ) -> Vec<&'c SessionCookie> {
        let (mut exchanges, now) = (self.exchanges(host), host.now());
        let with_standing = |session: &'c SessionCookie| {
            Some((exchanges.standing(&session.cookie()?, now), session))
        };
        let mut sessions: Vec<_> = cookies.sessions.iter().filter_map(with_standing).collect();
        sessions.sort_by_key(|(standing, session)| {
            (*standing == Standing::Rejected, session.rank(), *standing)
        });
        let mut left = [MOST_TRIED; 2];
        sessions.retain(|(standing, _)| {
            let left = &mut left[usize::from(standing.is_good())];
            let is_left = *left > 0;
            *left = left.saturating_sub(1);
            is_left
        });
        sessions.into_iter().map(|(_, session)| session).collect()
    }

    /// The token of a session, which is still to be verified. `but` is one that has turned out to be too
    /// old. Requests with the same session share one exchange, which goes on when their clients hang up.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn token<H: Host>(
        &self,
        session: &SessionCookie,
        visitor: &Visitor,
        host: &H,
        but: Option<&str>,
    ) -> Result<String, SessionRefusal> {
        let refused = |failure| SessionRefusal::new(failure, host.now());
        let Some(cookie) = session.cookie() else { return Err(refused(Failure::Unreadable)) };
        let counted = visitor.counted_as();
        let arrived = host.now();
        let network = visitor.network();
        let (visitor_name, network) = (counted.as_deref(), network.as_deref());
        let demand = Demand { session: &cookie, visitor: visitor_name, network, arrived, but };
        let mut turn = Turn { sessions: self, ticket: None };
        let mut pauses = Pauses::up_to(MOST_SECONDS);
        loop {
            let lookup = self.exchanges(host).lookup(&demand, &mut turn.ticket, host.now());
            match lookup {
                Lookup::Use(token) => return Ok(token),
                Lookup::Refuse(failure) => return Err(refused(failure)),
                Lookup::Begin(exchange) => {
                    let open = OpenExchange {
                        url: Arc::clone(&self.url),
                        exchanges: Arc::clone(&self.exchanges),
                        cookie: cookie.clone(),
                        visitor: self.visitor_header(visitor),
                        exchange: Some(exchange),
                    };
                    host.run_to_end(|host| open.carry_out(host)).await;
                }
                Lookup::Wait if pauses.pause(host).await => {}
                Lookup::Wait => return Err(self.still_waiting(WAITED, 1)),
                Lookup::Crowded => return Err(self.still_waiting(CROWDED, 1)),
                Lookup::Spent(seconds) => return Err(self.still_waiting(CROWDED, seconds)),
            }
        }
    }

    fn visitor_header(&self, visitor: &Visitor) -> Option<(Arc<str>, String)> {
        let address = visitor.address()?.to_owned();
        Some((Arc::clone(&self.address_header), address))
    }

    fn still_waiting(&self, detail: &'static str, seconds: u32) -> SessionRefusal {
        let error = Error::new(Code::KeysUnavailable, detail).with_retry_after(seconds);
        let error = error.with_source(Unanswered::pending(&self.url));
        SessionRefusal { error, is_of_this_session: false }
    }

    fn exchanges<H: Host>(&self, host: &H) -> MutexGuard<'_, Exchanges> {
        let new =
            || Mutex::new(Exchanges::new(self.max_age, self.is_signature_known, || host.random()));
        locked(self.exchanges.get_or_init(new))
    }
}

const WAITED: &str = "waited too long for the token of the session";
const CROWDED: &str = "too many requests wait for the tokens of sessions";

/// A request that may wait for its turn. One that is dropped, because its client has hung up, waits no longer.
struct Turn<'s> {
    sessions: &'s Sessions,
    ticket: Option<Ticket>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(exchanges) = self.sessions.exchanges.get().filter(|_| self.ticket.is_some()) {
            locked(exchanges).leave(&mut self.ticket);
        }
    }
}

/// Why a session gives no token.
pub(crate) struct SessionRefusal {
    pub(crate) error: Error,
    /// Whether another session of the same request may be better
    pub(crate) is_of_this_session: bool,
}

impl SessionRefusal {
    fn new(failure: Failure, now: f64) -> Self {
        let is_of_this_session = failure.is_of_this_session();
        Self { error: failure.into_error(now), is_of_this_session }
    }
}

/// An exchange that is being carried out. One that is dropped, because its runtime has stopped it, is
/// given up, and the next request takes over.
struct OpenExchange {
    url: Arc<str>,
    exchanges: Arc<OnceLock<Mutex<Exchanges>>>,
    cookie: String,
    visitor: Option<(Arc<str>, String)>,
    exchange: Option<Exchange>,
}

impl OpenExchange {
    async fn carry_out<H: Host>(mut self, host: H) {
        let result = self.ask(&host).await;
        if let (Some(exchanges), Some(exchange)) = (self.exchanges.get(), self.exchange.take()) {
            locked(exchanges).report(&self.cookie, &exchange, result, host.now());
        }
    }

    async fn ask<H: Host>(&self, host: &H) -> Result<String, Failure> {
        let request = GetRequest {
            url: self.url.to_string(),
            accept: "application/json",
            cookie: Some(self.cookie.clone()),
            visitor: self.visitor.clone(),
            max_bytes: MAX_BYTES,
            timeout: TIMEOUT,
        };
        let response = ask(host, request).await;
        let response = response.map_err(|why| Failure::Unanswered(Arc::new(why)))?;
        token_answer::read(&self.url, &response, host.now())
    }
}

impl Drop for OpenExchange {
    fn drop(&mut self) {
        if let (Some(exchanges), Some(exchange)) = (self.exchanges.get(), self.exchange.take()) {
            locked(exchanges).abandon(&exchange);
        }
    }
}

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
