//! Better Auth's session tokens are not JWTs, but clients often send them as bearer tokens.

use crate::error::{Code, Error};

/// The minimum length of a session token: 32 characters, or these, a dot and a base64 HMAC-SHA256.
const SESSION_TOKEN_MIN: usize = 32;

/// Changes [`Code::MalformedToken`] to [`Code::OpaqueToken`] if the token looks like a session
/// token. All other errors stay the same.
pub(super) fn detect_session_token(error: Error, token: &str) -> Error {
    if error.code() != Code::MalformedToken || !is_like_session_token(token) {
        return error;
    }
    Error::new(
        Code::OpaqueToken,
        "this looks like a Better Auth session token; get a JWT for it from /api/auth/token",
    )
}

/// Whether a bearer token looks like a session token, with or without a signature.
pub(crate) fn is_like_session_token(token: &str) -> bool {
    let has_two_dots = token.splitn(3, '.').count() == 3;
    !has_two_dots && token.len() >= SESSION_TOKEN_MIN
}
