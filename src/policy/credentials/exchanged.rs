//! The credentials that the edge exchanges for tokens at Better Auth.

use crate::host::GetRequest;
use crate::policy::credentials::{ApiKey, CredentialKind, SessionCookie, SessionToken};

/// A credential that the edge exchanges for a token.
pub(crate) enum Exchanged<'s> {
    /// A session, by its cookie
    Cookie(&'s SessionCookie),
    /// A session, by its token
    Token(&'s SessionToken),
    /// An API key
    Key(&'s ApiKey),
}

impl Exchanged<'_> {
    /// The kind of a user with this credential.
    pub(crate) fn kind(&self) -> CredentialKind {
        match self {
            Self::Cookie(_) | Self::Token(_) => CredentialKind::Session,
            Self::Key(_) => CredentialKind::ApiKey,
        }
    }

    /// The header for Better Auth, `name: value` with a name in lower case. It is also the name of
    /// the credential among all that the edge exchanges: equal ones are the same credential. `None`
    /// if the credential is unreadable.
    pub(super) fn header(&self) -> Option<String> {
        Some(match self {
            Self::Cookie(cookie) => ["cookie", SEPARATOR, &cookie.cookie()?].concat(),
            Self::Token(token) => ["authorization", SEPARATOR, "Bearer ", token.as_str()].concat(),
            Self::Key(key) => [key.header(), SEPARATOR, key.as_str()].concat(),
        })
    }

    /// What the operator must check if Better Auth may not have read the credential. Empty for
    /// cookies, which it always reads.
    pub(super) fn question(&self) -> &'static str {
        match self {
            Self::Cookie(_) => "",
            Self::Token(_) => "does Better Auth have the bearer plugin?",
            Self::Key(_) => "does Better Auth read this header: apiKey and edge plugins?",
        }
    }

    /// Whether the credential is not made up. The edge has checked the signatures of all cookies if
    /// it knows the secret. API keys have no signature.
    pub(super) fn is_signed(&self, is_secret_known: bool) -> bool {
        match self {
            Self::Cookie(_) => is_secret_known,
            Self::Token(token) => token.is_signed(),
            Self::Key(_) => false,
        }
    }
}

/// The same request with the [`header`](Exchanged::header) of a credential.
pub(super) fn with_credential(request: GetRequest, header: &str) -> GetRequest {
    // no name contains a colon
    let (name, value) = header.split_once(SEPARATOR).unwrap_or_default();
    let value = value.to_owned();
    match name {
        "cookie" => GetRequest { cookie: Some(value), ..request },
        name => GetRequest { authorization: Some((name.into(), value)), ..request },
    }
}

const SEPARATOR: &str = ": ";
