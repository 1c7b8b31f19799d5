//! Which credential a request carries: a bearer token, the token of a WebSocket handshake, a session
//! cookie, or none. And what of it stays behind at the edge.

mod bearer;
mod canonical;
mod cookie_cache;
mod cookie_names;
mod cookies;
mod exchanges;
mod failure;
mod session;
mod signed_cookie;
mod site;
mod token_response;
mod values;
mod websocket;

pub(crate) use cookie_cache::CookieCache;
pub(crate) use cookies::{SessionCookie, SessionCookies};
pub(crate) use session::{SessionError, Sessions};

use cookies::Cookies;
use websocket::WebSockets;

use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::http::edit::HeaderEdit;
use crate::http::head::RequestHead;

/// Where credentials are looked for, from the settings.
#[derive(Debug)]
pub(crate) struct Credentials {
    websockets: WebSockets,
    cookies: Cookies,
}

/// What a request shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Credential<'r> {
    /// A token
    Token(&'r str),
    /// A session's cookies
    Session(SessionCookies),
}

/// What becomes of a request's own credentials on the way to the origin, and of the answer's headers.
#[derive(Debug, Default)]
pub(crate) struct StrippedCredentials {
    pub(crate) edits: Vec<HeaderEdit>,
    pub(crate) response_edits: Vec<HeaderEdit>,
    /// The query that is left, where something of it stays behind
    pub(crate) query: Option<String>,
}

impl Credentials {
    pub(crate) fn from_settings(reader: &mut Reader<'_>) -> Self {
        let websockets = WebSockets::from_settings(reader);
        Self { websockets, cookies: Cookies::from_settings(reader) }
    }

    /// The request's credential. A cookie comes by itself, so it counts only where nothing is shown
    /// on purpose.
    ///
    /// # Errors
    /// [`Code::MalformedRequest`] for more than one credential: choosing one would be a guess.
    /// [`Code::MissingToken`] for a form without its token. [`Code::CrossSiteRequest`] for a cookie
    /// where another site may have caused the request.
    pub(crate) fn find<'r>(&self, head: &'r RequestHead) -> Result<Option<Credential<'r>>, Error> {
        let bearer = bearer::token(head)?;
        let handshake = self.websockets.token(head)?;
        match (bearer, handshake) {
            (Some(_), Some(_)) => {
                let detail =
                    "the request has a token in Authorization and another in its handshake";
                Err(Error::new(Code::MalformedRequest, detail))
            }
            (Some(token), None) | (None, Some(token)) => Ok(Some(Credential::Token(token))),
            (None, None) => Ok(self.cookies.session(head)?.map(Credential::Session)),
        }
    }

    /// What stays at the edge, on every path: the origin has no use for it.
    pub(crate) fn strip(&self, head: &RequestHead) -> StrippedCredentials {
        let mut left = self.websockets.strip(head);
        left.edits.extend(self.cookies.strip(head));
        left
    }
}
