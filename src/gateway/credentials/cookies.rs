//! Better Auth's cookies: which of them is a session, and that no other site uses it (RFC 6265;
//! OWASP, Cross-Site Request Forgery Prevention).

use super::canonical::{decoded, encoded};
use super::cookie_cache;
use super::values::{MOST_WHOLES, Wholes, distinct, wholes};
use super::websocket::is_handshake;
use crate::error::{Code, Error};
use crate::gateway::edit::HeaderEdit;
use crate::gateway::fields::is_token;
use crate::gateway::head::RequestHead;
use crate::gateway::origin_pattern::OriginPattern;
use crate::gateway::reader::Reader;

#[derive(Debug)]
pub(super) struct Cookies {
    /// What Better Auth's names begin with, behind `__Secure-` or `__Host-`: `better-auth.`
    prefix: String,
    /// Whether a session cookie counts by itself
    exchanged: bool,
    /// Whether it counts with its cache
    cached: bool,
    /// Whether the origin gets them
    forwarded: bool,
    /// Origins of pages that may use them, beside the edge's own
    trusted: Vec<OriginPattern>,
}

impl Cookies {
    pub(super) fn from_settings(reader: &mut Reader<'_>) -> Self {
        let prefix = reader.text("COOKIE_PREFIX").unwrap_or_else(|| "better-auth".to_owned());
        if !is_token(&prefix) {
            reader.fault("COOKIE_PREFIX", "is not what a cookie's name can begin with");
        }
        let mut trusted = reader.origins("TRUSTED_ORIGINS");
        trusted.extend(reader.auth_url().map(|url| OriginPattern::exact(url.origin())));
        Self {
            prefix: prefix + ".",
            exchanged: reader.switch("SESSION_EXCHANGE", false),
            cached: reader.text(cookie_cache::SETTING).is_some(),
            forwarded: reader.switch("FORWARD_COOKIES", false),
            trusted,
        }
    }

    /// The session's cookies, if they count here. There may be several: a neighbouring host can set
    /// cookies of the same names, and which of them is a live session only Better Auth can tell.
    ///
    /// # Errors
    /// [`Code::CrossSiteRequest`] where another site may have caused the request.
    pub(super) fn session(&self, head: &RequestHead) -> Result<Option<SessionCookies>, Error> {
        if !self.exchanged && !self.cached {
            return Ok(None);
        }
        let cookies = self.cookies(head);
        // in another cookie's value, whoever sets that one could bring a session
        let apart = cookies.iter().filter(|(_, apart)| *apart);
        let apart: Vec<_> = apart.map(|(cookie, _)| name_and_value(cookie)).collect();
        let cookies: Vec<_> = cookies.iter().map(|(cookie, _)| name_and_value(cookie)).collect();
        let mut found = SessionCookies { exchanged: self.exchanged, ..SessionCookies::default() };
        // browsers guard the first two best: a neighbouring domain cannot set the very first
        for guard in ["__Host-", "__Secure-", ""] {
            let named = |name| [guard, &self.prefix, name].concat();
            let name = named("session_token");
            let values = distinct(&name, &apart);
            let caches = match self.cached && !values.is_empty() {
                true => wholes(&named("session_data"), &cookies),
                false => Wholes::default(),
            };
            if caches == Wholes::default() && !self.exchanged {
                continue;
            }
            for value in values {
                found.add(SessionCookie { name: name.clone(), guard, value: decoded(value) });
            }
            found.in_pieces |= caches.in_pieces;
            let caches = caches.values.into_iter().map(|value| SessionCache { guard, value });
            found.caches.extend(caches);
        }
        if found.sessions.is_empty() {
            return Ok(None);
        }
        self.check_site(head)?;
        Ok(Some(found))
    }

    /// Reading is safe, as long as the answer cannot be read by others; anything else must come from
    /// a page that is trusted. Handshakes are not kept apart by browsers, so they count as unsafe.
    fn check_site(&self, head: &RequestHead) -> Result<(), Error> {
        if matches!(head.method(), "GET" | "HEAD" | "OPTIONS") && !is_handshake(head) {
            return Ok(());
        }
        let mut origins = head.header("origin");
        let from_trusted_page = match (origins.next(), origins.next()) {
            (Some(origin), None) => {
                origin == head.origin()
                    || self.trusted.iter().any(|trusted| trusted.matches(origin))
            }
            (None, _) => head.header("sec-fetch-site").eq(["same-origin"]),
            _ => false,
        };
        match from_trusted_page {
            true => Ok(()),
            false => {
                let detail = "a session cookie changes something only for pages of this origin, of \
                              Better Auth's and of TRUSTED_ORIGINS";
                Err(Error::new(Code::CrossSiteRequest, detail))
            }
        }
    }

    /// Better Auth's cookies stay at the edge unless they are asked for.
    pub(super) fn leave_behind(&self, head: &RequestHead) -> Option<HeaderEdit> {
        if self.forwarded {
            return None;
        }
        let mut others = self.cookies(head);
        let count = others.len();
        others.retain(|(cookie, _)| !self.is_better_auths(cookie));
        if others.len() == count {
            return None;
        }
        let others: Vec<_> = others.into_iter().map(|(cookie, _)| cookie).collect();
        Some(match others.is_empty() {
            true => HeaderEdit::Remove("cookie".into()),
            false => HeaderEdit::Set("cookie".into(), others.join("; ")),
        })
    }

    /// The request's cookies, and whether each is set apart by semicolons. Hosts join several headers
    /// with a comma and a space, which browsers let stand in values too: only where one of Better Auth's
    /// cookies ends or begins there is it taken for a joint.
    fn cookies<'r>(&self, head: &'r RequestHead) -> Vec<(&'r str, bool)> {
        let mut cookies = Vec::new();
        for mut rest in head.header("cookie").flat_map(|value| value.split(';')) {
            let mut apart = true;
            loop {
                let ours = self.is_better_auths(rest);
                let commas = rest.match_indices(',').map(|(comma, _)| comma);
                let mut joints = commas.filter(|comma| rest[comma + 1..].starts_with(' '));
                let end = joints.find(|joint| ours || self.is_better_auths(&rest[joint + 2..]));
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

    /// Whether a cookie, or what begins with one, is called so.
    fn is_better_auths(&self, cookie: &str) -> bool {
        let cookie = cookie.trim_start_matches([' ', '\t']);
        let guards = ["__Secure-", "__Host-"];
        let name = guards.iter().find_map(|guard| cookie.strip_prefix(guard)).unwrap_or(cookie);
        name.starts_with(&self.prefix)
    }
}

/// What shows a session.
#[derive(Clone, Default, Eq, PartialEq)]
pub(in crate::gateway) struct SessionCookies {
    /// One of these may be live; at least one, at most [`MOST_WHOLES`]
    pub(in crate::gateway) sessions: Vec<SessionCookie>,
    /// What Better Auth may have signed about one of them
    pub(super) caches: Vec<SessionCache>,
    /// Whether there are parts of caches that make no whole
    pub(super) in_pieces: bool,
    /// Whether Better Auth may be asked where the caches are not good
    pub(super) exchanged: bool,
}

impl SessionCookies {
    /// Whether one of the sessions, guarded alike, has that token.
    pub(super) fn has_session(&self, token: Option<&str>, guard: &str) -> bool {
        let mut sessions = self.sessions.iter().filter(|session| session.guard == guard);
        token.is_some() && sessions.any(|session| session.token() == token)
    }

    fn add(&mut self, session: SessionCookie) {
        if self.sessions.len() < MOST_WHOLES && !self.sessions.contains(&session) {
            self.sessions.push(session);
        }
    }
}

/// A cookie that may be of a session.
#[derive(Clone, Eq, PartialEq)]
pub(in crate::gateway) struct SessionCookie {
    name: String,
    /// What stands before Better Auth's name for it
    guard: &'static str,
    /// Decoded; nothing where that is not possible
    value: Option<String>,
}

impl SessionCookie {
    /// The cookie as `Cookie` has it, the same for all spellings of a session. `None` for what is no
    /// session.
    pub(super) fn cookie(&self) -> Option<String> {
        let value = self.value.as_ref().filter(|value| value.len() <= MOST_BYTES)?;
        (!value.is_empty()).then(|| [&self.name, "=", &encoded(value)].concat())
    }

    /// The session's own token: the cookie's value up to its signature.
    fn token(&self) -> Option<&str> {
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

/// A browser keeps no more of a cookie (RFC 6265, section 6.1).
const MOST_BYTES: usize = 4_096;

impl std::fmt::Debug for SessionCookies {
    /// Shows nothing of a session.
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
        SessionCookie { name, guard, value: value.map(str::to_owned) }
    }

    #[test]
    fn a_session_has_as_many_bytes_as_a_browser_keeps_and_at_least_one() {
        for (bytes, is_session) in [(0, false), (1, true), (4_096, true), (4_097, false)] {
            let cookie = session("", Some(&"x".repeat(bytes))).cookie();
            assert_eq!(cookie.is_some(), is_session, "{bytes}");
        }
        assert_eq!(session("", None).cookie(), None);
        let cookie = session("__Host-", Some("t.s+=")).cookie();
        assert_eq!(cookie.as_deref(), Some("__Host-better-auth.session_token=t.s%2B%3D"));
    }

    #[test]
    fn a_cache_is_of_a_session_that_is_guarded_alike() {
        let mut cookies = SessionCookies::default();
        cookies.add(session("", Some("t.sig")));
        cookies.add(session("__Secure-", Some("unsigned")));
        assert!(cookies.has_session(Some("t"), ""));
        assert!(!cookies.has_session(Some("t"), "__Secure-"));
        assert!(!cookies.has_session(Some("other"), ""));
        assert!(!cookies.has_session(None, "__Secure-"), "without a token on either side");
    }

    #[test]
    fn four_sessions_are_kept_and_each_once() {
        let mut cookies = SessionCookies::default();
        for value in ["1", "2", "2", "3", "4", "5"] {
            cookies.add(session("", Some(value)));
        }
        let values: Vec<_> = cookies.sessions.iter().map(|it| it.value.as_deref()).collect();
        assert_eq!(values, [Some("1"), Some("2"), Some("3"), Some("4")]);
    }

    #[test]
    fn the_log_shows_that_there_are_cookies_and_nothing_of_them() {
        let mut cookies = SessionCookies::default();
        cookies.add(session("", Some("secret")));
        assert_eq!(format!("{cookies:?}"), "SessionCookies { .. }");
    }
}
