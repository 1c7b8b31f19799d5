//! The reason for a rejection: one error type, with one stable code for each reason.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// The reason why a token or a request was rejected.
///
/// The [`code`](Error::code) is stable and meant for programs. The [`detail`](Error::detail) is
/// meant for the developer. It never contains a token, nor any value from a token whose signature
/// is not verified.
#[derive(Debug)]
pub struct Error {
    code: Code,
    detail: Cow<'static, str>,
    retry_after: Option<u32>,
    scopes: Option<String>,
    max_age: Option<u32>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error with a code and one sentence about this occurrence.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self { code, detail, retry_after: None, scopes: None, max_age: None, source: None }
    }

    /// The same error with a `Retry-After`, in seconds.
    pub fn with_retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The same error with its cause.
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// The same error with the required scopes, separated by spaces (RFC 6750, section 3.1).
    pub fn with_scopes(self, scopes: String) -> Self {
        Self { scopes: Some(scopes), ..self }
    }

    /// The same error with the accepted age of a session, in seconds (RFC 9470, section 3).
    pub fn with_max_age(self, seconds: u32) -> Self {
        Self { max_age: Some(seconds), ..self }
    }

    /// The same error with an addition to its detail, which any client may read.
    pub(crate) fn with_outline(self, outline: Option<String>) -> Self {
        let Some(outline) = outline else { return self };
        Self { detail: [&*self.detail, ": ", &outline].concat().into(), ..self }
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The HTTP status of the code.
    pub fn status(&self) -> u16 {
        self.code.status()
    }

    /// What is wrong in this occurrence, in one sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Seconds until a retry can succeed, if the error is temporary.
    pub fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }

    /// The required scopes, separated by spaces, if the token lacks one of them.
    pub fn scopes(&self) -> Option<&str> {
        self.scopes.as_deref()
    }

    /// The accepted age of a session in seconds, if the token's session is older.
    pub fn max_age(&self) -> Option<u32> {
        self.max_age
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
        /// A stable reason. Rust, JavaScript, Python and problem responses use the same word.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// All codes, ordered by status.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code as it appears on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status of a response with this code.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// A short sentence that is the same for all occurrences (RFC 9457, section 3.1.3).
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

codes! {
    /// The edge and the upstream could read the path differently.
    AmbiguousPath = "ambiguous_path", 400, "The path is ambiguous";
    /// The request has a malformed head, or credentials that are ambiguous.
    MalformedRequest = "malformed_request", 400, "The request is malformed";
    /// The request has no token, and one is required.
    MissingToken = "missing_token", 401, "A token is required";
    /// A Better Auth session token, which only Better Auth can verify.
    OpaqueToken = "opaque_token", 401, "This is a session token, not a JWT";
    /// Not a compact JWS whose payload is a JSON object.
    MalformedToken = "malformed_token", 401, "The token is malformed";
    /// The token or its header exceeds the limit.
    TokenTooLarge = "token_too_large", 401, "The token is too large";
    /// A JWT of another kind: an ID token, a logout token or an access token.
    WrongTokenType = "wrong_token_type", 401, "The token is of another kind";
    /// The token's algorithm is not allowed, or is not the key's.
    UnsupportedAlgorithm = "unsupported_algorithm", 401, "The algorithm is not accepted";
    /// The JWK Set has no usable key for the token.
    UnknownKey = "unknown_key", 401, "The signing key is not known";
    /// The signature does not verify with the key.
    BadSignature = "bad_signature", 401, "The signature is not valid";
    /// The time is past `exp`.
    Expired = "expired", 401, "The token has expired";
    /// The time is before `nbf`, or `iat` lies in the future.
    NotYetValid = "not_yet_valid", 401, "The token is not valid yet";
    /// The token is from another issuer.
    IssuerMismatch = "issuer_mismatch", 401, "The issuer is not accepted";
    /// The token is for another audience.
    AudienceMismatch = "audience_mismatch", 401, "The audience is not accepted";
    /// A required claim is absent.
    MissingClaim = "missing_claim", 401, "A required claim is missing";
    /// A claim has the wrong type or an impossible value.
    InvalidClaim = "invalid_claim", 401, "A claim is not valid";
    /// Better Auth does not accept the API key.
    InvalidApiKey = "invalid_api_key", 401, "The API key is not valid";
    /// The token's session has ended, or the user's sessions have.
    SessionRevoked = "session_revoked", 401, "The session has ended";
    /// The session began too long ago for this path.
    SessionTooOld = "session_too_old", 401, "A newer sign-in is required";
    /// The path belongs to another user.
    UserMismatch = "user_mismatch", 403, "This path belongs to another user";
    /// A claim does not have the required value.
    InsufficientClaims = "insufficient_claims", 403, "The token's claims do not suffice";
    /// The token lacks a required scope.
    InsufficientScope = "insufficient_scope", 403, "The token's scope does not suffice";
    /// The rule does not accept this kind of credential.
    CredentialNotAccepted = "credential_not_accepted", 403,
        "This kind of credential is not accepted";
    /// Another user acts as the token's user, and the rule refuses that.
    ImpersonationRefused = "impersonation_refused", 403, "Impersonation is not accepted";
    /// The request has a session cookie, and another site may have caused it.
    CrossSiteRequest = "cross_site_request", 403, "The request comes from another site";
    /// The edge has received this event before.
    ReplayedEvent = "replayed_event", 409, "The event was received before";
    /// Too many requests by one user or with one API key, or too many rejected requests from one
    /// client address.
    RateLimited = "rate_limited", 429, "There were too many requests";
    /// A setting is missing or invalid.
    Misconfigured = "misconfigured", 500, "The edge is misconfigured";
    /// The edge could not reach the upstream.
    OriginUnreachable = "origin_unreachable", 502, "The origin could not be reached";
    /// The signing keys could not be fetched.
    KeysUnavailable = "keys_unavailable", 503, "The signing keys are not available";
    /// The edge could not read which sessions have ended.
    RevocationsUnavailable = "revocations_unavailable", 503, "The revoked sessions are not known";
    /// No process of the edge could take the request: `better-auth-edge serve` says so.
    EdgeUnavailable = "edge_unavailable", 503, "The edge is not available";
    /// The upstream did not start its response in time.
    OriginTimeout = "origin_timeout", 504, "The origin did not answer in time";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error can have a code as its source.
impl StdError for Code {}

/// The prefix of a problem response's `type`. A tag URI (RFC 4151) is absolute and does not promise
/// a page. A relative reference would be resolved against the request (RFC 9457, section 3.1.1).
pub(crate) const ERRORS_PAGE: &str = "tag:better-auth-edge,2026:errors";
