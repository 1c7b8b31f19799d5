//! Rate limits: of users, and of addresses whose requests are refused.

use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::gateway::BY_ITSELF;
use crate::host::Limit;
use crate::http::head::RequestHead;
use crate::policy::client_address::{ClientAddress, counted_as};
use crate::policy::pseudonym::pseudonym;
use crate::telemetry::{Operations, Seen};

/// What is told to those who are limited.
#[derive(Clone, Debug, Default)]
pub(crate) struct RateLimits {
    /// Seconds
    retry_after: u32,
    client_address: ClientAddress,
}

impl RateLimits {
    pub(crate) fn from_settings(reader: &mut Reader<'_>) -> Self {
        if !BY_ITSELF {
            return Self::default();
        }
        let retry_after = reader.number("RATE_LIMIT_RETRY_AFTER").unwrap_or(60.0);
        if !(1.0..=86_400.0).contains(&retry_after) || retry_after % 1.0 != 0.0 {
            reader.error("RATE_LIMIT_RETRY_AFTER", "is not a whole number of seconds up to 86400");
        }
        let client_address = ClientAddress::from_settings(reader);
        Self { retry_after: retry_after as u32, client_address }
    }
}

impl Operations {
    /// What a request counts against, and as whose: one of a user that would be forwarded, or one that is
    /// refused because of who sent it.
    pub(crate) fn limit(
        &self,
        refusal: Option<&Error>,
        seen: &Seen,
        head: &RequestHead,
    ) -> Option<(Limit, String)> {
        match refusal {
            None if self.bindings().rate_limit_user => {
                Some((Limit::User, pseudonym(SAME_EVERYWHERE, seen.user.as_deref()?)))
            }
            Some(error) if self.bindings().rate_limit_rejected && is_callers_fault(error) => {
                Some((Limit::Rejected, counted_as(self.limits.client_address.of(head)?)?))
            }
            _ => None,
        }
    }

    /// The refusal of a request that was one too many, in place of that which it would get anyway.
    pub(crate) fn beyond(&self, limit: Limit, refusal: Option<&Error>) -> Error {
        let error = Error::new(Code::RateLimited, detail(limit));
        let error = error.with_retry_after(self.limits.retry_after);
        match refusal {
            Some(refusal) => error.with_source(refusal.code()),
            None => error,
        }
    }
}

fn detail(limit: Limit) -> &'static str {
    match limit {
        Limit::User => "this user has sent too many requests",
        Limit::Rejected => "too many requests from this address were refused",
    }
}

fn is_callers_fault(error: &Error) -> bool {
    matches!(error.status(), 401 | 403)
}

/// Users are counted by one name in all isolates.
const SAME_EVERYWHERE: &str = "better-auth-edge: a user's rate limit";
