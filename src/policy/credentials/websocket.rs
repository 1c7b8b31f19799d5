//! Tokens in WebSocket handshakes. Scripts in browsers can set only the header
//! `Sec-WebSocket-Protocol`: `new WebSocket(url, ["bearer", token])`, with the application's own
//! protocols before or after.

use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::http::edit::HeaderEdit;
use crate::http::head::RequestHead;
use crate::policy::credentials::StrippedCredentials;

const PROTOCOL: &str = "sec-websocket-protocol";
const BEARER: &str = "bearer";

#[derive(Debug)]
pub(super) struct WebSockets {
    /// The query parameter that may contain a token, if any
    parameter: Option<String>,
}

impl WebSockets {
    pub(super) fn from_settings(reader: &mut Reader<'_>) -> Self {
        const SETTING: &str = "WEBSOCKET_QUERY_PARAMETER";
        let parameter = reader.text(SETTING);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if parameter.as_ref().is_some_and(|name| !name.bytes().all(plain)) {
            reader.error(SETTING, "is not a name of letters, digits, _ and -");
        }
        Self { parameter }
    }

    /// The token of a handshake.
    pub(super) fn token<'r>(&self, head: &'r RequestHead) -> Result<Option<&'r str>, Error> {
        if !is_handshake(head) {
            return Ok(None);
        }
        let mut tokens = self.parameters(head).map(|(_, value)| value).collect::<Vec<_>>();
        tokens.extend(offered_tokens(&protocols(head).collect::<Vec<_>>()));
        only(&tokens)
    }

    /// Removes the token and keeps the other protocols. Browsers require the server to choose one
    /// of the offered protocols. If the upstream chooses none, the edge chooses `bearer`.
    pub(super) fn strip(&self, head: &RequestHead) -> StrippedCredentials {
        let mut stripped = StrippedCredentials::default();
        if !is_handshake(head) {
            return stripped;
        }
        if protocols(head).any(is_bearer) {
            let mut others = Vec::new();
            let mut offered = protocols(head);
            while let Some(name) = offered.next() {
                match is_bearer(name) {
                    true => drop(offered.next()),
                    false => others.push(name),
                }
            }
            stripped.edits.push(match others.is_empty() {
                true => HeaderEdit::Remove(PROTOCOL.into()),
                false => HeaderEdit::Set(PROTOCOL.into(), others.join(", ")),
            });
            stripped.response_edits.push(HeaderEdit::Default(PROTOCOL.into(), BEARER.into()));
        }
        if self.parameters(head).next().is_some() {
            let others = members(head).filter(|member| !self.is_parameter(member));
            stripped.query = Some(others.collect::<Vec<_>>().join("&"));
        }
        stripped
    }

    fn parameters<'r>(&self, head: &'r RequestHead) -> impl Iterator<Item = (&'r str, &'r str)> {
        let named = members(head).filter(|member| self.is_parameter(member));
        named.map(|member| member.split_once('=').unwrap_or((member, "")))
    }

    fn is_parameter(&self, member: &str) -> bool {
        let name = member.split('=').next();
        self.parameter.is_some() && name == self.parameter.as_deref()
    }
}

/// The token after the subprotocol `bearer`, among the subprotocols that a handshake offers. `None`
/// if it does not offer `bearer`.
///
/// # Errors
/// [`Code::MissingToken`] if no token follows, [`Code::MalformedRequest`] for more than one.
pub fn handshake_token<'o>(offered: &[&'o str]) -> Result<Option<&'o str>, Error> {
    only(&offered_tokens(offered).collect::<Vec<_>>())
}

/// What follows each `bearer`; an empty text if nothing does.
fn offered_tokens<'o>(offered: &[&'o str]) -> impl Iterator<Item = &'o str> {
    let bearers = offered.iter().enumerate().filter(|(_, name)| is_bearer(name));
    bearers.map(|(i, _)| offered.get(i + 1).copied().unwrap_or_default())
}

fn only<'o>(tokens: &[&'o str]) -> Result<Option<&'o str>, Error> {
    match tokens {
        [] => Ok(None),
        [""] => Err(Error::new(Code::MissingToken, "the handshake has no token where one belongs")),
        [token] => Ok(Some(token)),
        _ => Err(Error::new(Code::MalformedRequest, "the handshake has more than one token")),
    }
}

/// RFC 6455, section 4.1
pub(super) fn is_handshake(head: &RequestHead) -> bool {
    let upgrades = |value: &str| value.trim().eq_ignore_ascii_case("websocket");
    head.method() == "GET" && head.header("upgrade").flat_map(|v| v.split(',')).any(upgrades)
}

fn protocols(head: &RequestHead) -> impl Iterator<Item = &str> {
    head.header(PROTOCOL).flat_map(|value| value.split(',')).map(str::trim)
}

fn is_bearer(protocol: &str) -> bool {
    protocol.eq_ignore_ascii_case(BEARER)
}

fn members(head: &RequestHead) -> impl Iterator<Item = &str> {
    head.query().into_iter().flat_map(|query| query.split('&'))
}
