//! Why a session has no token.

use std::fmt;
use std::sync::Arc;

use crate::error::{Code, Error};
use crate::host::SharedFetchError;

/// Why a session has no token.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The cookie contains no session that the edge could exchange
    Unreadable,
    /// Better Auth rejects this session
    Rejected(Arc<Rejection>),
    /// The auth server has not responded as Better Auth does
    Unanswered(SharedFetchError),
    /// The auth server limits this client until this time, in seconds since 1970
    Busy(SharedFetchError, f64),
}

/// Better Auth's rejection of a session.
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
            Self::Unreadable | Self::Rejected(_) => true,
            Self::Unanswered(cause) => !cause.concerns_server(),
            Self::Busy(..) => false,
        }
    }

    /// The error at `now`.
    pub(super) fn into_error(self, now: f64) -> Error {
        match self {
            Self::Unreadable => Error::new(Code::MissingToken, "the session cookie is unreadable"),
            Self::Rejected(rejection) => {
                Error::new(Code::MissingToken, rejection.detail()).with_source(rejection)
            }
            Self::Unanswered(cause) => unavailable(cause, 1),
            Self::Busy(cause, until) => unavailable(cause, (until - now).ceil().max(1.0) as u32),
        }
    }
}

impl Rejection {
    fn detail(&self) -> &'static str {
        match self.code.as_deref() {
            Some(BANNED) => "the user of the session is banned",
            _ => "the session has ended; sign in again",
        }
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

fn unavailable(cause: SharedFetchError, seconds: u32) -> Error {
    let detail = "the edge could not get the token of the session from the auth server";
    let error = Error::new(Code::KeysUnavailable, detail).with_retry_after(seconds);
    error.with_outline(cause.outline()).with_source(cause)
}
