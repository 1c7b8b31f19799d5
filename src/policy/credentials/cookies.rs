//! Better Auth's cookies (RFC 6265): finds sessions, and strips the cookies that the upstream must
//! not get.

use std::sync::Arc;

use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::http::edit::HeaderEdit;
use crate::http::head::RequestHead;
use crate::policy::credentials::canonical::{decoded, encoded, with_one_signature};
use crate::policy::credentials::chunks::{Assembled, assemble};
use crate::policy::credentials::cookie_cache;
use crate::policy::credentials::cookie_names::{CookieNames, GUARDS};
use crate::policy::credentials::signed_cookie::{CookieSecret, wrong_secret};
use crate::policy::credentials::trusted_origins::TrustedOrigins;

#[derive(Debug)]
pub(super) struct Cookies {
    names: CookieNames,
    /// Whether the edge exchanges session cookies
    exchanged: bool,
    /// Whether the edge verifies cookie caches
    cached: bool,
    /// Verifies the signatures of session cookies, so that the edge exchanges no others
    secret: Option<CookieSecret>,
    /// The operator's name for the secret
    secret_name: &'static str,
    /// Whether the upstream gets the cookies
    forwarded: bool,
    origins: TrustedOrigins,
}

impl Cookies {
    pub(super) fn from_settings(reader: &mut Reader<'_>) -> Self {
        let exchanged = reader.switch("SESSION_EXCHANGE", false);
        Self {
            names: CookieNames::from_settings(reader),
            exchanged,
            cached: reader.text(cookie_cache::SETTING).is_some(),
            secret: if exchanged { CookieSecret::from_settings(reader) } else { None },
            secret_name: reader.name_of("BETTER_AUTH_SECRET"),
            forwarded: reader.switch("FORWARD_COOKIES", false),
            origins: TrustedOrigins::from_settings(reader),
        }
    }

    /// The session's cookies, if the settings accept them. There may be several: a neighboring host
    /// can set cookies with the same names, and only Better Auth knows which session is live.
    ///
    /// # Errors
    /// [`Code::CrossSiteRequest`] if another site may have caused the request.
    pub(super) fn session(&self, head: &RequestHead) -> Result<Option<SessionCookies>, Error> {
        if !self.exchanged && !self.cached {
            return Ok(None);
        }
        let cookies = self.cookies(head);
        // a session inside of another cookie's value could be planted by the site that sets that
        // cookie
        let apart = cookies.iter().filter(|(_, apart)| *apart);
        let apart: Vec<_> = apart.map(|(cookie, _)| name_and_value(cookie)).collect();
        let cookies: Vec<_> = cookies.iter().map(|(cookie, _)| name_and_value(cookie)).collect();
        let mut found = SessionCookies {
            exchanged: self.exchanged,
            signed_by: self.secret.is_some().then_some(self.secret_name),
            ..SessionCookies::default()
        };
        for guard in GUARDS {
            self.add_guarded(guard, &apart, &cookies, &mut found);
        }
        if found.sessions.is_empty() && found.others.is_empty() {
            return Ok(None);
        }
        self.origins.check(head)?;
        Ok(Some(found))
    }

    /// Adds the cookies with a guard: sessions that are set `apart` by semicolons, and their
    /// caches.
    fn add_guarded(
        &self,
        guard: &'static str,
        apart: &[(&str, &str)],
        all: &[(&str, &str)],
        found: &mut SessionCookies,
    ) {
        let sessions = self.names.session(guard).flat_map(|name| {
            let named = apart.iter().filter(move |(given, _)| *given == &**name);
            named.map(move |(_, value)| (name, *value))
        });
        let mut sessions = sessions.peekable();
        if sessions.peek().is_none() {
            return;
        }
        let mut is_cached = false;
        for name in self.names.cache(guard).filter(|_| self.cached) {
            let Assembled { values, is_incomplete } = assemble(name, all);
            is_cached |= is_incomplete || !values.is_empty();
            found.is_incomplete |= is_incomplete;
            found.caches.extend(values.into_iter().map(|value| SessionCache { guard, value }));
        }
        if !is_cached && !self.exchanged {
            return;
        }
        for (name, value) in sessions {
            let value = decoded(value);
            found.add(SessionCookie { name: Arc::clone(name), guard, value }, self.secret.as_ref());
        }
    }

    /// Strips Better Auth's cookies, unless `FORWARD_COOKIES` is on.
    pub(super) fn strip(&self, head: &RequestHead) -> Option<HeaderEdit> {
        if self.forwarded {
            return None;
        }
        let mut others = self.cookies(head);
        let count = others.len();
        others.retain(|(cookie, _)| !self.names.is_better_auths(cookie));
        if others.len() == count {
            return None;
        }
        let others: Vec<_> = others.into_iter().map(|(cookie, _)| cookie).collect();
        Some(match others.is_empty() {
            true => HeaderEdit::Remove("cookie".into()),
            false => HeaderEdit::Set("cookie".into(), others.join("; ")),
        })
    }

    /// The request's cookies, and whether each is set apart by semicolons. Hosts join several
    /// headers by a comma and a space, but browsers allow both in values. So they separate cookies
    /// only at the beginning or end of one of Better Auth's.
    fn cookies<'r>(&self, head: &'r RequestHead) -> Vec<(&'r str, bool)> {
        let mut cookies = Vec::new();
        for mut rest in head.header("cookie").flat_map(|value| value.split(';')) {
            let mut apart = true;
            loop {
                let ours = self.names.is_better_auths(rest);
                let commas = rest.match_indices(',').map(|(comma, _)| comma);
                let mut joints = commas.filter(|comma| rest[comma + 1..].starts_with(' '));
                let end =
                    joints.find(|joint| ours || self.names.is_better_auths(&rest[joint + 2..]));
                let cookie = rest[..end.unwrap_or(rest.len())].trim_matches([' ', '\t']);
                if !cookie.is_empty() {
                    cookies.push((cookie, apart));
                }
                let Some(end) = end else { break };
                (rest, apart) = (&rest[end + 2..], false);
            }
        }
        cookies
    }
}

/// The cookies of a session.
#[derive(Clone, Default, Eq, PartialEq)]
pub(crate) struct SessionCookies {
    /// Sessions that may be live, at most [`MOST_SESSIONS`]
    pub(crate) sessions: Vec<SessionCookie>,
    /// Sessions that the edge need not exchange. They identify the session of a cache
    others: Vec<SessionCookie>,
    /// Cookie caches, not yet verified
    pub(super) caches: Vec<SessionCache>,
    /// Whether a cache has incomplete chunks
    pub(super) is_incomplete: bool,
    /// Whether the edge may exchange a session if no cache is valid
    pub(super) exchanged: bool,
    /// The setting with the secret, if the edge has verified the signatures of sessions
    signed_by: Option<&'static str>,
}

impl SessionCookies {
    /// Whether the session cookies count, and not only cookie caches.
    pub(crate) fn are_exchanged(&self) -> bool {
        self.exchanged
    }

    /// Whether one of the sessions with this guard has that token.
    pub(super) fn has_session(&self, token: Option<&str>, guard: &str) -> bool {
        let sessions = self.sessions.iter().chain(&self.others);
        let mut sessions = sessions.filter(|session| session.guard == guard);
        token.is_some() && sessions.any(|session| session.token() == token)
    }

    /// The rejection of a request without a session to exchange.
    pub(crate) fn rejection(&self) -> Error {
        match self.signed_by {
            Some(secret) if self.others.iter().any(SessionCookie::is_readable) => {
                let detail = "the session cookie is not signed by Better Auth; sign in again";
                Error::new(Code::MissingToken, detail).with_source(wrong_secret("cookie", secret))
            }
            _ => {
                let detail = "the session cookie contains no session; sign in again";
                Error::new(Code::MissingToken, detail)
            }
        }
    }

    fn add(&mut self, session: SessionCookie, secret: Option<&CookieSecret>) {
        let may_be_live = session.is_readable()
            && secret.is_none_or(|secret| {
                session.value.as_deref().is_some_and(|it| secret.has_signed(it))
            });
        let sessions = if may_be_live { &mut self.sessions } else { &mut self.others };
        if sessions.len() < MOST_SESSIONS && !sessions.contains(&session) {
            sessions.push(session);
        }
    }
}

/// A cookie that may belong to a session.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct SessionCookie {
    name: Arc<str>,
    /// The prefix before Better Auth's name for the cookie, one of [`GUARDS`]
    guard: &'static str,
    /// Decoded. `None` if that is not possible
    value: Option<String>,
}

impl SessionCookie {
    /// The pair for the `Cookie` header, the same for all spellings of a session. `None` if the
    /// cookie is unreadable.
    pub(super) fn cookie(&self) -> Option<String> {
        let value = self.value.as_deref().filter(|_| self.is_readable())?;
        Some([&self.name, "=", &encoded(&with_one_signature(value))].concat())
    }

    /// The index of its guard in [`GUARDS`].
    pub(super) fn rank(&self) -> Option<usize> {
        GUARDS.iter().position(|guard| *guard == self.guard)
    }

    fn is_readable(&self) -> bool {
        self.value.as_ref().is_some_and(|value| (1..=MOST_BYTES).contains(&value.len()))
    }

    /// The session's own token: the cookie's value up to its signature.
    pub(super) fn token(&self) -> Option<&str> {
        let (token, _) = self.value.as_ref()?.rsplit_once('.')?;
        Some(token)
    }
}

/// A cookie that may be Better Auth's cache of a session.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct SessionCache {
    pub(super) guard: &'static str,
    pub(super) value: String,
}

/// Far more than the edge tries, because the live one may be behind planted ones. A browser stores
/// about 180 cookies of a site.
const MOST_SESSIONS: usize = 200;

/// A browser stores no larger cookie (RFC 6265, section 6.1).
const MOST_BYTES: usize = 4_096;

impl std::fmt::Debug for SessionCookies {
    /// Shows no sessions.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionCookies").finish_non_exhaustive()
    }
}

fn name_and_value(cookie: &str) -> (&str, &str) {
    let (name, value) = cookie.split_once('=').unwrap_or((cookie, ""));
    (name.trim_end_matches([' ', '\t']), value.trim_start_matches([' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(guard: &'static str, value: Option<&str>) -> SessionCookie {
        let name = format!("{guard}better-auth.session_token");
        SessionCookie { name: name.into(), guard, value: value.map(str::to_owned) }
    }

    #[test]
    fn a_session_cookie_has_1_to_4096_bytes() {
        for (bytes, is_session) in [(0, false), (1, true), (4_096, true), (4_097, false)] {
            let cookie = session("", Some(&"x".repeat(bytes))).cookie();
            assert_eq!(cookie.is_some(), is_session, "{bytes}");
        }
        assert_eq!(session("", None).cookie(), None);
        let cookie = session("__Host-", Some("t.s+=")).cookie();
        assert_eq!(cookie.as_deref(), Some("__Host-better-auth.session_token=t.s%2B%3D"));
    }

    #[test]
    fn a_cache_belongs_to_a_session_with_the_same_guard() {
        let mut cookies = SessionCookies::default();
        cookies.add(session("", Some("t.sig")), None);
        cookies.add(session("__Secure-", Some("unsigned")), None);
        assert!(cookies.has_session(Some("t"), ""));
        assert!(!cookies.has_session(Some("t"), "__Secure-"));
        assert!(!cookies.has_session(Some("other"), ""));
        assert!(!cookies.has_session(None, "__Secure-"), "without a token on either side");
    }

    #[test]
    fn at_most_two_hundred_distinct_sessions_count() {
        let mut cookies = SessionCookies::default();
        for value in [1, 2, 2, 3].into_iter().chain(4..400) {
            cookies.add(session("", Some(&value.to_string())), None);
        }
        let values = cookies.sessions.iter().map(|it| it.value.clone().unwrap());
        assert!(values.eq((1..=200).map(|value| value.to_string())));
    }

    #[test]
    fn the_debug_output_shows_no_cookies() {
        let mut cookies = SessionCookies::default();
        cookies.add(session("", Some("secret")), None);
        assert_eq!(format!("{cookies:?}"), "SessionCookies { .. }");
    }
}
