//! The kinds of tokens that one Better Auth signs with one set of keys, told apart so that none can
//! be used as another (RFC 8725, section 3.12).

use super::Claims;
use crate::error::{Code, Error};
use crate::jose::Header;

/// A kind of token. A verifier accepts one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Profile {
    /// The JWT of a session, from `/api/auth/token`
    #[default]
    Session,
    /// An access token of Better Auth's OAuth provider (RFC 9068)
    AccessToken,
    /// Better Auth's signed cookie cache
    SessionCache,
    /// What the edge itself signs for an origin or an application
    EdgeAssertion,
}

impl Profile {
    /// The profile of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "session" => Some(Self::Session),
            "access-token" => Some(Self::AccessToken),
            "session-cache" => Some(Self::SessionCache),
            "edge-assertion" => Some(Self::EdgeAssertion),
            _ => None,
        }
    }

    /// The audience that such tokens always have, if they have one.
    pub fn fixed_audience(self) -> Option<&'static str> {
        match self {
            Self::SessionCache => Some("better-auth:session-cache"),
            Self::Session | Self::AccessToken | Self::EdgeAssertion => None,
        }
    }

    /// Check 2: is it such a token by its `typ`? Better Auth gives session tokens none, and a
    /// cookie cache that is signed by a secret none either.
    pub(super) fn check_type(self, header: &Header, by_secret: bool) -> Result<(), Error> {
        let fits = match self {
            Self::Session => header.is_untyped() || header.is_typed("jwt"),
            Self::AccessToken => header.is_typed("at+jwt"),
            Self::SessionCache => {
                header.is_typed("better-auth.session-cache+jwt")
                    || (by_secret && header.is_untyped())
            }
            Self::EdgeAssertion => header.is_typed(ASSERTION_TYPE),
        };
        if fits {
            return Ok(());
        }
        let expected = self.expected_type(false);
        Err(wrong(format!("the header's \"typ\" is not that of {self}: {expected}")))
    }

    /// What check 2 wants `typ` to be.
    pub(super) fn expected_type(self, by_secret: bool) -> &'static str {
        match self {
            Self::Session => "absent or JWT",
            Self::AccessToken => "at+jwt",
            Self::SessionCache if by_secret => "absent or better-auth.session-cache+jwt",
            Self::SessionCache => "better-auth.session-cache+jwt",
            Self::EdgeAssertion => ASSERTION_TYPE,
        }
    }

    /// Claims that only other kinds of tokens carry.
    pub(super) fn check_markers(self, claims: &Claims) -> Result<(), Error> {
        match self.markers().iter().find(|name| claims.claim(name).is_some()) {
            None => Ok(()),
            Some(marker) => Err(wrong(format!("a token with \"{marker}\" is not {self}"))),
        }
    }

    /// Their names.
    pub(super) fn markers(self) -> &'static [&'static str] {
        match self {
            Self::Session => &SESSION_MARKERS,
            Self::AccessToken => &["cnf", "events", "nonce", "at_hash", "c_hash"],
            Self::SessionCache => &["cnf", "events", "client_id"],
            Self::EdgeAssertion => &[],
        }
    }

    /// Whether the token speaks for a client and not for a user (RFC 9068, section 5): its `sub`
    /// must not be taken for a user's.
    pub(super) fn is_of_a_client(self, claims: &Claims) -> bool {
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
        })
    }
}

/// The `typ` that keeps the edge's assertions apart from every other token (RFC 8725, section
/// 3.11).
pub(crate) const ASSERTION_TYPE: &str = "edge-assertion+jwt";

/// Of an id_token, a logout token, an OAuth access token, a token bound to a key. Better Auth 1.4
/// to 1.6 writes access tokens without `typ` and `client_id`: only `azp` tells them.
const SESSION_MARKERS: [&str; 9] =
    ["at_hash", "c_hash", "nonce", "auth_time", "acr", "azp", "events", "cnf", "client_id"];

fn wrong(detail: String) -> Error {
    Error::new(Code::WrongTokenType, detail)
}
