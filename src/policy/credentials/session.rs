//! Exchanges a session or an API key for a token at Better Auth and caches the token, so that a
//! page with twenty requests causes one exchange.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::host::{FetchError, Host, Polling, UrlKind, UrlSetting};
use crate::policy::client_address::{ClientAddress, address_header};
use crate::policy::credentials::exchanges::{
    Ages, Exchanges, Lookup, Standing, Ticket, TokenRequest,
};
use crate::policy::credentials::failure::Failure;
use crate::policy::credentials::open_exchange::{OpenExchange, locked};
use crate::policy::credentials::{
    CookieCache, CredentialKind, Exchanged, SessionCookie, SessionCookies,
};
use crate::verifier::{Verified, issuing_url};

/// Finds the users of sessions and of API keys, by cookie caches or by exchanges for tokens.
#[derive(Debug)]
pub(crate) struct Sessions {
    cache: Option<CookieCache>,
    url: Arc<str>,
    url_setting: UrlSetting,
    /// The header, in lower case, that tells the auth server the client's address
    address_header: Arc<str>,
    /// For how long the results of sessions count. A sign-out can take as long to take effect
    session_ages: Ages,
    /// For how long the results of API keys count
    api_key_ages: Ages,
    /// Whether the edge exchanges only sessions that Better Auth has signed
    is_signature_known: bool,
    warnings: Vec<String>,
    exchanges: Arc<OnceLock<Mutex<Exchanges>>>,
}

/// Without `disableRefresh`, Better Auth would extend the session, and the browser would not get
/// the cookie of the extended one.
const TOKEN: &str = "/token?disableRefresh=true";

/// Warnings that clients share one rate limit, which made-up credentials can use up.
fn shared_limits(reader: &Reader<'_>, sessions: bool, api_keys: bool) -> Vec<String> {
    let [exchange, keys, secret, header] =
        ["SESSION_EXCHANGE", "API_KEYS", "BETTER_AUTH_SECRET", "CLIENT_IP_HEADER"]
            .map(|setting| reader.name_of(setting));
    let mut warnings = Vec::new();
    if sessions {
        warnings.push(format!(
            "{exchange} is on, and neither {secret} nor {header} is set: outside of Cloudflare all \
             clients share one rate limit of Better Auth, and forged cookies can use it up; set \
             {secret} to Better Auth's secret"
        ));
    }
    if api_keys {
        warnings.push(format!(
            "{keys} is on, and {header} is not set: outside of Cloudflare all clients share one \
             rate limit of Better Auth, and made-up API keys can use it up"
        ));
    }
    warnings
}

const INCOMPLETE: &str = "the chunks of the cookie cache are incomplete";

/// Sessions of one request that the edge tries: so many unknown ones, and as many known ones.
const MOST_TRIED: usize = 4;

/// Seconds that a request waits: for an exchange that already runs, and then for its own.
const MOST_SECONDS: f64 = 11.0;

impl Sessions {
    pub(crate) fn from_settings(reader: &mut Reader<'_>, cache: Option<CookieCache>) -> Self {
        let session_age = max_age(reader, "SESSION_MAX_AGE");
        let api_key_age = max_age(reader, "API_KEY_MAX_AGE");
        let is_on = reader.switch("SESSION_EXCHANGE", false);
        if is_on {
            reader.needs_auth_url("SESSION_EXCHANGE", "where the edge gets the token");
        }
        let url = reader
            .auth_url()
            .map_or_else(String::new, |base| [&issuing_url(&base), TOKEN].concat());
        let address_header = address_header(reader).into();
        let is_signature_known = reader.better_auth_secret().is_some();
        // Cloudflare tells a Worker the address
        let is_address_known = !reader.is_within_app() || reader.is_given("CLIENT_IP_HEADER");
        let has_keys = reader.switch("API_KEYS", false) && !is_address_known;
        let is_shared = is_on && !is_signature_known && !is_address_known;
        let warnings = shared_limits(reader, is_shared, has_keys);
        Self {
            cache,
            url: url.into(),
            url_setting: UrlSetting { kind: UrlKind::Base, naming: reader.naming() },
            address_header,
            session_ages: Ages { token: session_age, rejection: REJECTED_FOR },
            api_key_ages: Ages { token: api_key_age, rejection: api_key_age.min(REJECTED_KEY_FOR) },
            is_signature_known,
            warnings,
            exchanges: Arc::default(),
        }
    }

    /// Settings that may not be what the operator means.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> {
        self.warnings.iter().cloned()
    }

    /// The user by a cookie cache, without a request to the auth server. `None` if the caches do
    /// not decide and the session cookie, which is the stronger proof, must.
    ///
    /// # Errors
    /// Why the caches are rejected, if the session cookie cannot decide either.
    pub(crate) async fn cached_user<H: Host>(
        &self,
        cookies: &SessionCookies,
        host: &H,
    ) -> Result<Option<Arc<Verified>>, Error> {
        let Some(cookie_cache) = &self.cache else { return Ok(None) };
        let mut rejection = None;
        for cache in &cookies.caches {
            let user = match cookie_cache.verifier(&cache.value) {
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
            rejection.get_or_insert(error);
        }
        match rejection {
            _ if cookies.exchanged => Ok(None),
            // not a 400, because the user can only sign in again
            _ if cookies.is_incomplete => Err(Error::new(Code::MalformedToken, INCOMPLETE)),
            Some(error) => Err(error),
            None => Ok(None),
        }
    }

    /// The sessions to try, in order. Recently rejected ones come last. Otherwise a better cookie
    /// prefix comes first, because a neighboring host cannot set such a cookie. Among equal
    /// prefixes, sessions with a cached token come first, then those that have been valid before.
    /// So planted cookies neither delay nor hide a known user, and the edge tries each of them
    /// once.
    pub(crate) fn candidates<'c, H: Host>(
        &self,
        cookies: &'c SessionCookies,
        host: &H,
    ) -> Vec<&'c SessionCookie> {
        let (mut exchanges, now) = (self.exchanges(host), host.now());
        let with_standing = |session: &'c SessionCookie| {
            let credential = Exchanged::Cookie(session).header()?;
            Some((exchanges.standing(&credential, now), session))
        };
        let order = |(standing, session): &(Standing, &SessionCookie)| {
            (*standing == Standing::Rejected, session.rank(), *standing)
        };
        // inserted in order: there are few, and a stable sort is large
        let mut sessions: Vec<(Standing, &SessionCookie)> = Vec::new();
        for session in cookies.sessions.iter().filter_map(with_standing) {
            let place = sessions.partition_point(|other| order(other) <= order(&session));
            sessions.insert(place, session);
        }
        let mut remaining = [MOST_TRIED; 2];
        sessions.retain(|(standing, _)| {
            let remaining = &mut remaining[usize::from(standing.has_been_valid())];
            let is_tried = *remaining > 0;
            *remaining = remaining.saturating_sub(1);
            is_tried
        });
        sessions.into_iter().map(|(_, session)| session).collect()
    }

    /// The token for a credential, not yet verified. `expired` is a cached token that has expired.
    /// Requests with the same credential share one exchange, which continues if their clients
    /// disconnect.
    ///
    /// # Errors
    /// Why the credential has no token.
    pub(crate) async fn token<H: Host>(
        &self,
        exchanged: &Exchanged<'_>,
        address: &ClientAddress,
        host: &H,
        expired: Option<&str>,
    ) -> Result<String, SessionError> {
        let kind = exchanged.kind();
        let rejected = |failure| SessionError::new(failure, exchanged, host.now());
        let Some(credential) = exchanged.header() else {
            return Err(rejected(Failure::Unreadable));
        };
        let arrived = host.now();
        let (client, network) = (address.rate_limit_key(), address.network());
        let (client, network) = (client.as_deref(), network.as_deref());
        let is_signed = exchanged.is_signed(self.is_signature_known);
        let ages = match kind {
            CredentialKind::ApiKey => self.api_key_ages,
            _ => self.session_ages,
        };
        let session = &credential;
        let request = TokenRequest { session, client, network, arrived, is_signed, expired, ages };
        let mut queued = QueuedRequest { sessions: self, ticket: None };
        let mut polling = Polling::up_to(MOST_SECONDS);
        loop {
            let lookup = self.exchanges(host).lookup(&request, &mut queued.ticket, host.now());
            match lookup {
                Lookup::Use(token) => return Ok(token),
                Lookup::Reject(failure) => return Err(rejected(failure)),
                Lookup::Begin(exchange) => {
                    let open = OpenExchange {
                        url: Arc::clone(&self.url),
                        url_setting: self.url_setting,
                        exchanges: Arc::clone(&self.exchanges),
                        kind,
                        credential: credential.clone(),
                        client_address: self.address_header(address),
                        exchange: Some(exchange),
                    };
                    host.run_to_end(|host| open.carry_out(host)).await;
                }
                Lookup::Wait if polling.wait(host).await => {}
                Lookup::Wait => return Err(self.unavailable(WAITED, 1)),
                Lookup::QueueFull => return Err(self.unavailable(QUEUE_FULL, 1)),
                Lookup::BudgetSpent(seconds) => return Err(self.unavailable(QUEUE_FULL, seconds)),
            }
        }
    }

    fn address_header(&self, address: &ClientAddress) -> Option<(Arc<str>, String)> {
        let address = address.text()?.to_owned();
        Some((Arc::clone(&self.address_header), address))
    }

    fn unavailable(&self, detail: &'static str, seconds: u32) -> SessionError {
        let error = Error::new(Code::KeysUnavailable, detail).with_retry_after(seconds);
        let error = error.with_source(FetchError::pending(&self.url));
        SessionError { error, is_of_this_session: false }
    }

    fn exchanges<H: Host>(&self, host: &H) -> MutexGuard<'_, Exchanges> {
        let new = || Mutex::new(Exchanges::new(|| host.random()));
        locked(self.exchanges.get_or_init(new))
    }
}

/// `SESSION_MAX_AGE` or `API_KEY_MAX_AGE`: seconds for which a token is used again.
fn max_age(reader: &mut Reader<'_>, setting: &'static str) -> f64 {
    let max_age = reader.number(setting).unwrap_or(60.0);
    if !(0.0..=300.0).contains(&max_age) {
        reader.error(setting, "is not a number of seconds up to 300");
    }
    max_age
}

/// Seconds for which the edge rejects a session that the auth server does not know.
const REJECTED_FOR: f64 = 10.0;

/// The same for an API key, if its results are kept for as long.
const REJECTED_KEY_FOR: f64 = 60.0;

const WAITED: &str = "waited too long for a token of the auth server";
const QUEUE_FULL: &str = "too many requests wait for tokens of the auth server";

/// A request that may wait in the queue. The runtime drops it if the client disconnects, and then
/// it leaves the queue.
struct QueuedRequest<'s> {
    sessions: &'s Sessions,
    ticket: Option<Ticket>,
}

impl Drop for QueuedRequest<'_> {
    fn drop(&mut self) {
        if let Some(exchanges) = self.sessions.exchanges.get().filter(|_| self.ticket.is_some()) {
            locked(exchanges).leave(&mut self.ticket);
        }
    }
}

/// Why a session has no token.
pub(crate) struct SessionError {
    pub(crate) error: Error,
    /// Whether another session of the same request may have one
    pub(crate) is_of_this_session: bool,
}

impl SessionError {
    fn new(failure: Failure, exchanged: &Exchanged<'_>, now: f64) -> Self {
        let is_of_this_session = failure.is_of_this_session();
        let error = failure.into_error(exchanged.kind(), exchanged.question(), now);
        Self { error, is_of_this_session }
    }
}

/// Shows no tokens.
impl fmt::Debug for Exchanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchanges").finish_non_exhaustive()
    }
}
