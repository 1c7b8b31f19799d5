//! The kinds of tokens that one auth server signs with one set of keys. A verifier accepts one
//! kind, so that a client cannot use a token of another kind (RFC 8725, section 3.12).

use super::Claims;
use crate::error::{Code, Error};
use crate::jose::Header;

/// A kind of token. A verifier accepts one kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Profile {
    /// The JWT of a session, from `/api/auth/token`
    #[default]
    Session,
    /// An access token of Better Auth's OAuth provider (RFC 9068)
    AccessToken,
    /// Better Auth's signed cookie cache
    SessionCache,
    /// The assertion that the edge signs for the upstream or an application
    EdgeAssertion,
    /// Events that an auth server sends to the edge
    Events,
    /// A logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4)
    Logout,
}

impl Profile {
    /// The profile with this name. `None` for an unknown name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "session" => Some(Self::Session),
            "access-token" => Some(Self::AccessToken),
            "session-cache" => Some(Self::SessionCache),
            "edge-assertion" => Some(Self::EdgeAssertion),
            _ => None,
        }
    }

    /// The audience that Better Auth always writes to these tokens, if it is fixed.
    pub fn fixed_audience(self) -> Option<&'static str> {
        match self {
            Self::SessionCache => Some("better-auth:session-cache"),
            _ => None,
        }
    }

    /// Checks that `typ` is that of this kind. Better Auth writes no `typ` to session tokens and to
    /// cookie caches that are signed by a secret.
    pub(super) fn check_type(self, header: &Header, by_secret: bool) -> Result<(), Error> {
        let fits = match self {
            Self::Session => header.is_untyped() || header.is_typed("jwt"),
            Self::AccessToken => header.is_typed("at+jwt"),
            Self::SessionCache => {
                header.is_typed("better-auth.session-cache+jwt")
                    || (by_secret && header.is_untyped())
            }
            Self::EdgeAssertion => header.is_typed(ASSERTION_TYPE),
            Self::Events => header.is_typed(EVENTS_TYPE),
            Self::Logout => header.is_typed(LOGOUT_TYPE),
        };
        if fits {
            return Ok(());
        }
        let expected = self.expected_type(false);
        Err(wrong_type(format!("the header's \"typ\" is not that of {self}: {expected}")))
    }

    /// The accepted `typ`, in words.
    pub(super) fn expected_type(self, by_secret: bool) -> &'static str {
        match self {
            Self::Session => "absent or JWT",
            Self::AccessToken => "at+jwt",
            Self::SessionCache if by_secret => "absent or better-auth.session-cache+jwt",
            Self::SessionCache => "better-auth.session-cache+jwt",
            Self::EdgeAssertion => ASSERTION_TYPE,
            Self::Events => EVENTS_TYPE,
            Self::Logout => LOGOUT_TYPE,
        }
    }

    /// Checks that the token has no claim that only other kinds of tokens contain.
    pub(super) fn check_markers(self, claims: &Claims) -> Result<(), Error> {
        match self.markers().iter().find(|name| claims.claim(name).is_some()) {
            None => Ok(()),
            Some(marker) => Err(wrong_type(format!("a token with \"{marker}\" is not {self}"))),
        }
    }

    /// The names of these claims.
    pub(super) fn markers(self) -> &'static [&'static str] {
        match self {
            Self::Session => &SESSION_MARKERS,
            Self::AccessToken => &["cnf", "events", "nonce", "at_hash", "c_hash"],
            Self::SessionCache => &["cnf", "events", "client_id"],
            Self::EdgeAssertion | Self::Events => &[],
            Self::Logout => &["nonce"],
        }
    }

    /// Whether the token identifies an OAuth client and not a user (RFC 9068, section 5). Its `sub`
    /// is then not the id of a user.
    pub(super) fn is_client_token(self, claims: &Claims) -> bool {
        let subject = claims.text_claim("sub");
        let is_subject = |name| claims.text_claim(name).is_some_and(|id| Some(id) == subject);
        self == Self::AccessToken && (is_subject("client_id") || is_subject("azp"))
    }
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Session => "a session token",
            Self::AccessToken => "an access token that any bearer may use",
            Self::SessionCache => "a session cache",
            Self::EdgeAssertion => "an assertion of the edge",
            Self::Events => "a message about events",
            Self::Logout => "a logout token",
        })
    }
}

/// The `typ` that distinguishes the edge's assertions from all other tokens (RFC 8725,
/// section 3.11).
pub(crate) const ASSERTION_TYPE: &str = "edge-assertion+jwt";

/// The `typ` of events.
const EVENTS_TYPE: &str = "edge-event+jwt";

/// The `typ` of logout tokens. Required here, although the specification only recommends it.
const LOGOUT_TYPE: &str = "logout+jwt";

/// Claims of an id_token, a logout token, an OAuth access token or a key-bound token. Better Auth
/// 1.4 to 1.6 writes access tokens without `typ` and `client_id`, so only `azp` identifies them.
const SESSION_MARKERS: [&str; 9] =
    ["at_hash", "c_hash", "nonce", "auth_time", "acr", "azp", "events", "cnf", "client_id"];

fn wrong_type(detail: String) -> Error {
    Error::new(Code::WrongTokenType, detail)
}
