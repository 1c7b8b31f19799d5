//! Why a session or an API key has no token.

use std::fmt;
use std::sync::Arc;

use crate::error::{Code, Error};
use crate::host::SharedFetchError;
use crate::policy::credentials::CredentialKind;

/// Why a session or an API key has no token.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The cookie contains no session that the edge could exchange
    Unreadable,
    /// Better Auth rejects this session or API key
    Rejected(Arc<Rejection>),
    /// The API key has reached a limit of its own, until this time in seconds since 1970
    Limited(Arc<Rejection>, f64),
    /// The auth server has not responded as Better Auth does
    Unanswered(SharedFetchError),
    /// The auth server limits this client until this time, in seconds since 1970
    Busy(SharedFetchError, f64),
}

/// Better Auth's rejection of a session or an API key.
#[derive(Debug)]
pub(super) struct Rejection {
    pub(super) url: Arc<str>,
    pub(super) status: u16,
    /// Better Auth's own code
    pub(super) code: Option<String>,
}

/// Better Auth's code for a user who is banned
pub(super) const BANNED: &str = "BANNED_USER";

impl Failure {
    /// Whether another session of the same request may have a token.
    pub(super) fn is_of_this_session(&self) -> bool {
        match self {
            Self::Unreadable | Self::Rejected(_) | Self::Limited(..) => true,
            Self::Unanswered(cause) => !cause.concerns_server(),
            Self::Busy(..) => false,
        }
    }

    /// The error at `now`, for a credential of this kind. `question` is what the operator must
    /// check if Better Auth may not have read the credential.
    pub(super) fn into_error(self, kind: CredentialKind, question: &str, now: f64) -> Error {
        let seconds = |until: f64| (until - now).ceil().max(1.0) as u32;
        match self {
            Self::Unreadable => Error::new(Code::MissingToken, "the session cookie is unreadable"),
            Self::Rejected(rejection) if kind == CredentialKind::ApiKey => {
                let cause = rejection.cause(question);
                Error::new(Code::InvalidApiKey, INVALID_KEY).with_source(cause)
            }
            Self::Rejected(rejection) => {
                let cause = rejection.cause(question);
                Error::new(Code::MissingToken, rejection.detail()).with_source(cause)
            }
            Self::Limited(rejection, until) => Error::new(Code::RateLimited, LIMITED_KEY)
                .with_retry_after(seconds(until))
                .with_source(rejection),
            Self::Unanswered(cause) => unavailable(cause, kind, 1),
            Self::Busy(cause, until) => unavailable(cause, kind, seconds(until)),
        }
    }
}

const INVALID_KEY: &str = "Better Auth does not accept this API key";
const LIMITED_KEY: &str = "this API key has reached its limit of requests";

impl Rejection {
    fn detail(&self) -> &'static str {
        match self.code.as_deref() {
            Some(BANNED) => "the user of the session is banned",
            _ => "the session has ended; sign in again",
        }
    }

    /// The line for the log. Better Auth has the same code for a request without a credential.
    fn cause(&self, question: &str) -> String {
        let text = self.to_string();
        let is_unread = matches!(self.code.as_deref(), None | Some("UNAUTHORIZED"));
        if is_unread && !question.is_empty() { [&text, "; ", question].concat() } else { text }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GET {}: the server answered {}", self.url, self.status)?;
        match &self.code {
            Some(code) => write!(f, " {code}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Rejection {}

fn unavailable(cause: SharedFetchError, kind: CredentialKind, seconds: u32) -> Error {
    let detail = match kind {
        CredentialKind::ApiKey => {
            "the edge could not get the token of the API key from the auth server"
        }
        _ => "the edge could not get the token of the session from the auth server",
    };
    let error = Error::new(Code::KeysUnavailable, detail).with_retry_after(seconds);
    error.with_outline(cause.outline()).with_source(cause)
}
