//! Rate limits: of users, and of client addresses with rejected requests.

use crate::config::bindings::Bindings;
use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::host::Limit;
use crate::http::head::RequestHead;
use crate::policy::client_address::AddressSource;
use crate::policy::pseudonym::pseudonym;
use crate::verifier::Verified;

/// Which rate limits apply, from the settings and the bindings.
#[derive(Clone, Debug, Default)]
pub(crate) struct RateLimits {
    limits_users: bool,
    limits_rejected: bool,
    /// Seconds
    retry_after: u32,
    address_source: AddressSource,
}

impl RateLimits {
    /// Without a binding, no limit applies.
    pub(crate) fn from_settings(reader: &mut Reader<'_>) -> Self {
        let retry_after = reader.number("RATE_LIMIT_RETRY_AFTER").unwrap_or(60.0);
        if !(1.0..=86_400.0).contains(&retry_after) || retry_after % 1.0 != 0.0 {
            reader.error("RATE_LIMIT_RETRY_AFTER", "is not a whole number of seconds up to 86400");
        }
        let address_source = AddressSource::from_settings(reader);
        Self { retry_after: retry_after as u32, address_source, ..Self::default() }
    }

    pub(crate) fn with_bindings(self, bindings: Bindings) -> Self {
        let Bindings { rate_limit_user, rate_limit_rejected, .. } = bindings;
        Self { limits_users: rate_limit_user, limits_rejected: rate_limit_rejected, ..self }
    }

    /// Whether forwarded requests of users count.
    pub(crate) fn limits_users(&self) -> bool {
        self.limits_users
    }

    /// The limit that a request counts against, and the key that it counts under: the user's for a
    /// request that would be forwarded, the client address's for a 401 or 403.
    pub(crate) fn limit(
        &self,
        rejection: Option<&Error>,
        user: Option<&Verified>,
        head: &RequestHead,
    ) -> Option<(Limit, String)> {
        match rejection {
            None if self.limits_users => {
                let user = user?;
                Some((Limit::User, pseudonym(USER_KEY_SALT, user.issuer(), user.user())))
            }
            Some(error) if self.limits_rejected && matches!(error.status(), 401 | 403) => {
                Some((Limit::Rejected, self.address_source.client_address(head).rate_limit_key()?))
            }
            _ => None,
        }
    }

    /// The error for a request beyond the limit. It replaces the request's own rejection and names
    /// that one's code in the log.
    pub(crate) fn rate_limited(&self, limit: Limit, rejection: Option<&Error>) -> Error {
        let error = Error::new(Code::RateLimited, detail(limit));
        let error = error.with_retry_after(self.retry_after);
        match rejection {
            Some(rejection) => error.with_source(rejection.code()),
            None => error,
        }
    }
}

fn detail(limit: Limit) -> &'static str {
    match limit {
        Limit::User => "this user has sent too many requests",
        Limit::Rejected => "too many requests from this address were rejected",
    }
}

/// A constant, so that a user has the same key in all isolates.
const USER_KEY_SALT: &str = "better-auth-edge: a user's rate limit";
