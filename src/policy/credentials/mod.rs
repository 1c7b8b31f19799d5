//! The credential of a request: a bearer token, the token of a WebSocket handshake, an API key or a
//! session cookie. The edge strips credentials that the upstream must not get.

mod api_keys;
mod bearer;
mod canonical;
mod chunks;
mod cookie_cache;
mod cookie_names;
mod cookies;
mod exchanged;
mod exchanges;
mod failure;
mod kind;
mod open_exchange;
mod session;
mod session_token;
mod session_tokens;
mod signed_cookie;
mod token_response;
mod trusted_origins;
mod websocket;

pub(crate) use api_keys::ApiKey;
pub use bearer::bearer_token;
pub(crate) use cookie_cache::CookieCache;
pub(crate) use cookies::{SessionCookie, SessionCookies};
pub(crate) use exchanged::Exchanged;
pub use kind::{AcceptedKinds, CredentialKind};
pub(crate) use session::{SessionError, Sessions};
pub(crate) use session_token::SessionToken;
pub use session_tokens::{BearerSession, SessionTokens, application_head};
pub use websocket::handshake_token;

use api_keys::ApiKeys;
use cookies::Cookies;
use session_token::SessionTokenReader;
use websocket::WebSockets;

use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::http::edit::HeaderEdit;
use crate::http::head::RequestHead;

/// Where the edge finds credentials, from the settings.
#[derive(Debug)]
pub(crate) struct Credentials {
    websockets: WebSockets,
    session_tokens: SessionTokenReader,
    api_keys: ApiKeys,
    cookies: Cookies,
}

/// The credential of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Credential<'r> {
    /// A JWT, or a malformed token
    Token(&'r str),
    /// The token of a session, which the edge exchanges
    SessionToken(SessionToken),
    /// An API key, which the edge exchanges
    ApiKey(ApiKey),
    /// A session's cookies
    Session(SessionCookies),
}

/// How the edge strips the credentials of a request, and what that changes in the response.
#[derive(Debug, Default)]
pub(crate) struct StrippedCredentials {
    pub(crate) edits: Vec<HeaderEdit>,
    pub(crate) response_edits: Vec<HeaderEdit>,
    /// The query without its token, if it had one
    pub(crate) query: Option<String>,
}

impl Credentials {
    /// `claim_headers` are claims, and the headers that the edge sets to them.
    pub(crate) fn from_settings(
        reader: &mut Reader<'_>,
        claim_headers: &[(String, String)],
    ) -> Self {
        let websockets = WebSockets::from_settings(reader);
        let session_tokens = SessionTokenReader::from_settings(reader);
        let api_keys = ApiKeys::from_settings(reader, claim_headers);
        Self { websockets, session_tokens, api_keys, cookies: Cookies::from_settings(reader) }
    }

    /// The request's credential. Browsers send cookies unasked, so a cookie counts only if the
    /// request has no other credential.
    ///
    /// # Errors
    /// [`Code::MalformedRequest`] for more than one credential: choosing one would be a guess.
    /// [`Code::MissingToken`] for an empty credential. [`Code::CrossSiteRequest`] for a cookie if
    /// another site may have caused the request.
    pub(crate) fn find<'r>(&self, head: &'r RequestHead) -> Result<Option<Credential<'r>>, Error> {
        let bearer = bearer_token(head.header("authorization"))?;
        let handshake = self.websockets.token(head)?;
        let api_key = self.api_keys.find(head)?;
        match (bearer, handshake, api_key) {
            (Some(_), Some(_), _) => Err(more_than_one(
                "the request has a token in Authorization and another in its handshake",
            )),
            (Some(_), None, Some(_)) | (None, Some(_), Some(_)) => {
                Err(more_than_one("the request has a token and an API key"))
            }
            (Some(token), None, None) | (None, Some(token), None) => {
                Ok(Some(match self.session_tokens.read(token)? {
                    Some(session) => Credential::SessionToken(session),
                    None => Credential::Token(token),
                }))
            }
            (None, None, Some(key)) => Ok(Some(Credential::ApiKey(key))),
            (None, None, None) => Ok(self.cookies.session(head)?.map(Credential::Session)),
        }
    }

    /// Strips the credentials that the upstream does not use, on every path.
    pub(crate) fn strip(&self, head: &RequestHead) -> StrippedCredentials {
        let mut stripped = self.websockets.strip(head);
        stripped.edits.extend(self.session_tokens.strip(head));
        stripped.edits.extend(self.api_keys.strip(head));
        stripped.edits.extend(self.cookies.strip(head));
        stripped
    }
}

fn more_than_one(detail: &'static str) -> Error {
    Error::new(Code::MalformedRequest, detail)
}
