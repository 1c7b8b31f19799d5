//! The tokens of Better Auth's sessions in the credentials of a request, for hosts that look
//! sessions up where Better Auth stores them. The rules for cookies are those of the edge.

use crate::base_url::BaseUrl;
use crate::config::error::SettingError;
use crate::config::reader::Reader;
use crate::config::value::SettingValue;
use crate::error::{Code, Error};
use crate::http::head::RequestHead;
use crate::policy::credentials::cookies::{Cookies, SessionCookie};
use crate::policy::credentials::session_token::{is_session_token, signed_value};
use crate::policy::credentials::signed_cookie::CookieSecret;

/// Finds the tokens of sessions in cookies and bearer tokens, and verifies Better Auth's signature
/// of them. It cannot tell whether a session has ended.
#[derive(Debug)]
pub struct SessionTokens {
    cookies: Cookies,
    secret: CookieSecret,
}

/// A bearer token that belongs to a session.
#[derive(Clone, Eq, PartialEq)]
pub enum BearerSession {
    /// The session's token, which Better Auth has signed
    Signed(String),
    /// The bearer token has no signature, so the client may have made it up
    Unsigned(String),
    /// The signature is not Better Auth's
    Forged,
}

impl SessionTokens {
    /// Reads the settings `BETTER_AUTH_SECRET`, `BETTER_AUTH_URL`, `BETTER_AUTH_BASE_PATH`,
    /// `COOKIE_PREFIX`, `SESSION_COOKIE_NAME` and `TRUSTED_ORIGINS`. `setting` returns the value of
    /// a setting, as a variable has it.
    ///
    /// # Errors
    /// Every error of these settings.
    pub fn from_settings(
        setting: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<SettingError>> {
        let source = |name: &str| match name {
            // turns on what finds session cookies
            "SESSION_EXCHANGE" => Some(SettingValue::Variable("true".to_owned())),
            "COOKIE_CACHE" | "COOKIE_CACHE_NAME" | "FORWARD_COOKIES" => None,
            SECRET => setting(name).filter(|text| !text.is_empty()).map(SettingValue::Text),
            _ => setting(name).map(SettingValue::Variable),
        };
        let mut reader = Reader::new(&source);
        let cookies = Cookies::from_settings(&mut reader);
        let secret = CookieSecret::from_settings(&reader);
        if secret.is_none() {
            reader.error(SECRET, "is required: Better Auth signs session cookies with it");
        }
        match secret.filter(|_| reader.is_valid()) {
            Some(secret) => Ok(Self { cookies, secret }),
            None => Err(reader.into_errors()),
        }
    }

    /// The tokens of the request's session cookies: distinct, with a valid signature, those with
    /// the best cookie prefix first. There may be several, because a neighboring host can set
    /// cookies with the same names. `None` without a session cookie; otherwise at least one.
    ///
    /// # Errors
    /// [`Code::CrossSiteRequest`] if another site may have caused the request.
    /// [`Code::MissingToken`] if Better Auth has signed none of the cookies.
    pub fn in_cookies(&self, head: &RequestHead) -> Result<Option<Vec<String>>, Error> {
        let Some(found) = self.cookies.session(head)? else { return Ok(None) };
        let mut tokens: Vec<String> = Vec::new();
        for token in found.sessions.iter().filter_map(SessionCookie::token) {
            if !tokens.iter().any(|known| known == token) {
                tokens.push(token.to_owned());
            }
        }
        if tokens.is_empty() { Err(found.rejection()) } else { Ok(Some(tokens)) }
    }

    /// The session of a bearer token. `None` for other tokens, such as JWTs.
    pub fn in_bearer(&self, bearer: &str) -> Option<BearerSession> {
        if !is_session_token(bearer) {
            return None;
        }
        if !bearer.contains('.') {
            return Some(BearerSession::Unsigned(bearer.to_owned()));
        }
        let value = signed_value(bearer, &self.secret);
        let token = value.as_deref().and_then(|value| value.rsplit_once('.'));
        Some(
            token.map_or(BearerSession::Forged, |(token, _)| {
                BearerSession::Signed(token.to_owned())
            }),
        )
    }
}

const SECRET: &str = "BETTER_AUTH_SECRET";

/// The head of a request in a server that serves an application, as far as session cookies need it.
/// `scheme` is `http` or `https`. `host` is the header `Host`; without a valid one, no origin is
/// the request's own. `headers` are names in lower case, and values. A WebSocket handshake is
/// recognized by `is_handshake`, because servers may hide its method and headers.
///
/// # Errors
/// [`Code::MalformedRequest`] if the text of a header contains a line break, or the method is not
/// a method.
pub fn application_head<'h>(
    method: &str,
    scheme: &str,
    host: Option<&str>,
    is_handshake: bool,
    headers: impl IntoIterator<Item = (&'h str, &'h str)>,
) -> Result<RequestHead, Error> {
    let own = host.map(|host| BaseUrl::parse(&[scheme, "://", host].concat()));
    let own = own.and_then(Result::ok).filter(|url| url.path().is_empty());
    let origin = own.as_ref().map_or("unknown://", BaseUrl::origin);
    let method = if is_handshake { "GET" } else { method };
    let mut text = [method, "\n", origin, "/"].concat();
    let handshake = is_handshake.then_some(("upgrade", "websocket"));
    for (name, value) in headers.into_iter().chain(handshake) {
        if value.contains(['\r', '\n', '\0']) {
            return Err(malformed());
        }
        text.extend(["\n", name, ": ", value]);
    }
    RequestHead::parse(text).ok_or_else(malformed)
}

fn malformed() -> Error {
    Error::new(Code::MalformedRequest, "the method or a header of the request is malformed")
}

/// Shows no tokens.
impl std::fmt::Debug for BearerSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Signed(_) => "Signed(..)",
            Self::Unsigned(_) => "Unsigned(..)",
            Self::Forged => "Forged",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::credentials::session_token::MOST_BYTES;

    const TOKEN: &str = "token-1.Ge8ADjtw5KRPYnDnMPQwq1rJY1rFPBAp1aEAklzdSfo=";

    fn setting(name: &str) -> Option<String> {
        match name {
            "BETTER_AUTH_SECRET" => Some("a secret that only Better Auth and the edge know".into()),
            "BETTER_AUTH_URL" => Some("https://auth.example".into()),
            "TRUSTED_ORIGINS" => Some("https://app.example".into()),
            _ => None,
        }
    }

    fn tokens() -> SessionTokens {
        SessionTokens::from_settings(&setting).unwrap()
    }

    fn head(method: &str, is_handshake: bool, headers: &[(&str, &str)]) -> RequestHead {
        let headers = headers.iter().copied();
        application_head(method, "https", Some("api.example"), is_handshake, headers).unwrap()
    }

    fn found(method: &str, is_handshake: bool, headers: &[(&str, &str)]) -> Result<String, Code> {
        let found = tokens().in_cookies(&head(method, is_handshake, headers));
        found.map(|found| found.unwrap_or_default().join(" ")).map_err(|error| error.code())
    }

    fn session() -> String {
        ["better-auth.session_token=", TOKEN].concat()
    }

    #[test]
    fn a_cookie_that_better_auth_has_signed_has_a_token() {
        let session = session();
        assert_eq!(found("GET", false, &[("cookie", &session)]), Ok("token-1".into()));
        let twice = format!("a=b; {session}; __Secure-{session}");
        assert_eq!(found("GET", false, &[("cookie", &twice)]), Ok("token-1".into()), "once");
        let forged = session.replace("token-1", "token-2");
        assert_eq!(found("GET", false, &[("cookie", &forged)]), Err(Code::MissingToken));
        let planted = format!("{forged}; __Secure-{session}");
        assert_eq!(found("GET", false, &[("cookie", &planted)]), Ok("token-1".into()));
        assert_eq!(found("GET", false, &[("cookie", "a=b")]), Ok(String::new()));
        assert_eq!(found("GET", false, &[]), Ok(String::new()));
    }

    #[test]
    fn a_cookie_on_an_unsafe_method_or_a_handshake_needs_a_trusted_origin() {
        let session = session();
        let cookie = ("cookie", session.as_str());
        for origin in ["https://api.example", "https://auth.example", "https://app.example"] {
            for (method, is_handshake) in [("POST", false), ("GET", true)] {
                let result = found(method, is_handshake, &[cookie, ("origin", origin)]);
                assert_eq!(result, Ok("token-1".into()), "{method} {origin}");
            }
        }
        for (method, is_handshake) in [("POST", false), ("DELETE", false), ("", true)] {
            for headers in [
                vec![cookie],
                vec![cookie, ("origin", "https://evil.example")],
                vec![cookie, ("origin", "http://api.example")],
                vec![cookie, ("origin", "null"), ("sec-fetch-site", "cross-site")],
                vec![cookie, ("origin", "unknown://host")],
                vec![cookie, ("origin", "https://app.example"), ("origin", "https://app.example")],
            ] {
                let result = found(method, is_handshake, &headers);
                assert_eq!(result, Err(Code::CrossSiteRequest), "{method} {headers:?}");
            }
        }
        assert_eq!(found("POST", false, &[("origin", "https://evil.example")]), Ok(String::new()));
    }

    #[test]
    fn an_invalid_host_has_no_origin_of_its_own() {
        let session = session();
        for host in [None, Some(""), Some("a b"), Some("evil.example/x"), Some("u@evil.example")] {
            let headers = [("cookie", session.as_str()), ("origin", "https://evil.example")];
            let head = application_head("POST", "https", host, false, headers).unwrap();
            let error = tokens().in_cookies(&head).unwrap_err();
            assert_eq!(error.code(), Code::CrossSiteRequest, "{host:?}");
        }
    }

    #[test]
    fn a_header_with_a_line_break_is_malformed() {
        for (method, value) in [("GET", "a\norigin: b"), ("GET", "a\r"), ("G T", "a"), ("", "a")] {
            let head = application_head(method, "http", None, false, [("cookie", value)]);
            assert_eq!(head.unwrap_err().code(), Code::MalformedRequest, "{method} {value:?}");
        }
    }

    #[test]
    fn a_bearer_token_of_a_session_is_signed_unsigned_or_forged() {
        let long = "t".repeat(32);
        let encoded = TOKEN.replace('=', "%3D");
        for (bearer, expected) in [
            (TOKEN, Some(BearerSession::Signed("token-1".into()))),
            (&encoded, Some(BearerSession::Signed("token-1".into()))),
            (&long, Some(BearerSession::Unsigned(long.clone()))),
            (&TOKEN.replace("token-1", "token-2"), Some(BearerSession::Forged)),
            (&TOKEN[..TOKEN.len() - 1], Some(BearerSession::Forged)),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl", None),
            ("short", None),
            (&format!("{long}\0"), None),
            (&format!("{long}\u{e9}"), None),
            (&"t".repeat(MOST_BYTES + 1), None),
        ] {
            assert_eq!(tokens().in_bearer(bearer), expected, "{bearer}");
        }
    }

    #[test]
    fn every_error_of_the_settings_is_reported() {
        let setting = |name: &str| match name {
            "COOKIE_PREFIX" => Some("a b".to_owned()),
            "TRUSTED_ORIGINS" => Some("nonsense".to_owned()),
            _ => None,
        };
        let errors = SessionTokens::from_settings(&setting).unwrap_err();
        let mut settings: Vec<_> = errors.iter().map(SettingError::setting).collect();
        settings.sort_unstable();
        settings.dedup();
        assert_eq!(settings, ["BETTER_AUTH_SECRET", "COOKIE_PREFIX", "TRUSTED_ORIGINS"]);
    }
}
