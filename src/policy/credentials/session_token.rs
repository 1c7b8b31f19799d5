//! A session token that a client sends as a bearer token, as Better Auth's bearer plugin accepts
//! it. Only Better Auth knows whose it is, so the edge exchanges it as it exchanges a cookie.
//! Browsers never send it unasked, so no other site can cause such a request.

use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::http::edit::HeaderEdit;
use crate::http::head::RequestHead;
use crate::policy::credentials::bearer_token;
use crate::policy::credentials::canonical::{decoded, encoded, with_one_signature};
use crate::policy::credentials::signed_cookie::{CookieSecret, wrong_secret};
use crate::verifier::is_like_session_token;

/// Finds session tokens among bearer tokens, from the settings.
#[derive(Debug)]
pub(super) struct SessionTokenReader {
    /// Whether the edge exchanges sessions
    exchanged: bool,
    /// Verifies the signatures of tokens that have one
    secret: Option<CookieSecret>,
    /// The operator's name for the secret
    secret_name: &'static str,
}

/// The token of a session, perhaps with Better Auth's signature.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct SessionToken {
    text: String,
    /// Whether the edge has verified its signature
    is_signed: bool,
}

impl SessionTokenReader {
    pub(super) fn from_settings(reader: &mut Reader<'_>) -> Self {
        let exchanged = reader.switch("SESSION_EXCHANGE", false);
        let secret = if exchanged { CookieSecret::from_settings(reader) } else { None };
        Self { exchanged, secret, secret_name: reader.name_of("BETTER_AUTH_SECRET") }
    }

    /// The session token that a bearer token is, if the edge exchanges sessions. `None` for other
    /// bearer tokens.
    ///
    /// # Errors
    /// [`Code::MissingToken`] if it has a signature that is not Better Auth's.
    pub(super) fn read(&self, bearer: &str) -> Result<Option<SessionToken>, Error> {
        if !self.exchanged || !is_session_token(bearer) {
            return Ok(None);
        }
        let mut is_signed = false;
        let signed = decoded(bearer).filter(|_| bearer.contains('.'));
        if let Some(secret) = self.secret.as_ref().filter(|_| bearer.contains('.')) {
            is_signed = signed.as_ref().is_some_and(|value| secret.has_signed(value));
            if !is_signed {
                let detail = "the session token is not signed by Better Auth; sign in again";
                let cause = wrong_secret("token", self.secret_name);
                return Err(Error::new(Code::MissingToken, detail).with_source(cause));
            }
        }
        // as in `set-auth-token`: before version 1.5, Better Auth does not accept other spellings
        let text = match signed {
            Some(value) => encoded(&with_one_signature(&value)),
            None => bearer.to_owned(),
        };
        Ok(Some(SessionToken { text, is_signed }))
    }

    /// Strips a session token, which the upstream must not get: it is as sensitive as the session's
    /// cookie.
    pub(super) fn strip(&self, head: &RequestHead) -> Option<HeaderEdit> {
        let bearer = bearer_token(head.header("authorization")).ok().flatten()?;
        let is_stripped = self.exchanged && is_session_token(bearer);
        is_stripped.then(|| HeaderEdit::Remove("authorization".into()))
    }
}

/// Whether a bearer token has the form of a session token: `token.signature`, perhaps
/// percent-encoded, as Better Auth's bearer plugin returns it in `set-auth-token`, or the token
/// alone.
pub(super) fn is_session_token(bearer: &str) -> bool {
    bearer.len() <= MOST_BYTES
        && bearer.bytes().all(|byte| byte.is_ascii_graphic())
        && is_like_session_token(bearer)
}

/// The `token.signature` of a bearer token, decoded, if Better Auth has signed it.
pub(super) fn signed_value(bearer: &str, secret: &CookieSecret) -> Option<String> {
    decoded(bearer).filter(|value| secret.has_signed(value))
}

/// Far more than a session token has.
pub(super) const MOST_BYTES: usize = 4_096;

impl SessionToken {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn is_signed(&self) -> bool {
        self.is_signed
    }
}

impl std::fmt::Debug for SessionToken {
    /// Does not show the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken")
    }
}
