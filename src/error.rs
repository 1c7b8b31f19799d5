//! Why the answer is no: one error type, and one stable code for each reason.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// The reason a token or a request was refused.
///
/// The [`code`](Error::code) is stable and meant for programs. The [`detail`](Error::detail) is
/// meant for the developer who reads it at night: it never holds a token, nor anything taken from
/// a token whose signature has not been verified.
#[derive(Debug)]
pub struct Error {
    code: Code,
    detail: Cow<'static, str>,
    retry_after: Option<u32>,
    scopes: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error with its code and one sentence about this occurrence.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), retry_after: None, scopes: None, source: None }
    }

    /// The same error, asking the caller to come back after so many seconds.
    pub fn with_retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The same error with what caused it.
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// The same error, saying which scopes would do (RFC 6750, section 3.1).
    pub fn with_scopes(self, scopes: String) -> Self {
        Self { scopes: Some(scopes), ..self }
    }

    /// The same error, saying a little more: half a sentence that any stranger may read.
    pub(crate) fn with_outline(self, outline: Option<String>) -> Self {
        let Some(outline) = outline else { return self };
        Self { detail: [&*self.detail, ": ", &outline].concat().into(), ..self }
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The HTTP status that goes with the code.
    pub fn status(&self) -> u16 {
        self.code.status()
    }

    /// What is wrong here, in one sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Seconds until another try makes sense, where the fault will pass.
    pub fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }

    /// The scopes that would do, separated by spaces, where the token has too few.
    pub fn scopes(&self) -> Option<&str> {
        self.scopes.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $status:literal, $title:literal;)+) => {
        /// A stable reason, the same word in Rust, JavaScript, Python and in problem responses.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// Every code, ordered by status.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code as it appears on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status that goes with it.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// A short sentence that is the same at every occurrence (RFC 9457, section 3.1.3).
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

codes! {
    /// The path could mean one thing here and another at the origin.
    AmbiguousPath = "ambiguous_path", 400, "The path is ambiguous";
    /// The request carries its credentials in a form that has no single meaning.
    MalformedRequest = "malformed_request", 400, "The request is malformed";
    /// No token where one is required.
    MissingToken = "missing_token", 401, "A token is required";
    /// A Better Auth session token, which only Better Auth can read.
    OpaqueToken = "opaque_token", 401, "This is a session token, not a JWT";
    /// Not a compact JWS that carries a JSON object.
    MalformedToken = "malformed_token", 401, "The token is malformed";
    /// Larger than any token that Better Auth issues.
    TokenTooLarge = "token_too_large", 401, "The token is too large";
    /// A JWT of another kind: an id_token, a logout token, an access token.
    WrongTokenType = "wrong_token_type", 401, "The token is of another kind";
    /// Signed with an algorithm that is not allowed here, or not the key's.
    UnsupportedAlgorithm = "unsupported_algorithm", 401, "The algorithm is not accepted";
    /// No usable key of the set fits the token.
    UnknownKey = "unknown_key", 401, "The signing key is not known";
    /// The signature does not belong to these bytes and this key.
    BadSignature = "bad_signature", 401, "The signature is not valid";
    /// Past its `exp`.
    Expired = "expired", 401, "The token has expired";
    /// Before its `nbf`, or issued in the future.
    NotYetValid = "not_yet_valid", 401, "The token is not valid yet";
    /// Another issuer has issued the token.
    IssuerMismatch = "issuer_mismatch", 401, "The issuer is not accepted";
    /// The token is for another audience.
    AudienceMismatch = "audience_mismatch", 401, "The audience is not accepted";
    /// A required claim is absent.
    MissingClaim = "missing_claim", 401, "A required claim is missing";
    /// A claim has the wrong type or an impossible value.
    InvalidClaim = "invalid_claim", 401, "A claim is not valid";
    /// The path belongs to another user.
    UserMismatch = "user_mismatch", 403, "This path belongs to another user";
    /// A claim has another value than the one that is required.
    InsufficientClaims = "insufficient_claims", 403, "The token's claims do not suffice";
    /// A scope that is required is not among the token's.
    InsufficientScope = "insufficient_scope", 403, "The token's scope does not suffice";
    /// A cookie came with a request that another site may have caused.
    CrossSiteRequest = "cross_site_request", 403, "The request comes from another site";
    /// Too many requests of one user, or too many refused ones from one address.
    RateLimited = "rate_limited", 429, "There were too many requests";
    /// A setting is missing or unusable.
    Misconfigured = "misconfigured", 500, "The edge is misconfigured";
    /// The origin could not be reached.
    OriginUnreachable = "origin_unreachable", 502, "The origin could not be reached";
    /// The keys are not available, so the edge cannot decide.
    KeysUnavailable = "keys_unavailable", 503, "The signing keys are not available";
    /// The origin did not begin to answer in time.
    OriginTimeout = "origin_timeout", 504, "The origin did not answer in time";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The reason for another one may be a code.
impl StdError for Code {}

/// What the types of problem responses begin with. A relative reference is resolved against the
/// request (RFC 9457, section 3.1.1); a tag URI (RFC 4151) is not, and promises no page that may
/// move.
pub(crate) const ERRORS_PAGE: &str = "tag:better-auth-edge,2026:errors";
