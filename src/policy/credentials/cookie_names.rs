//! The names of Better Auth's cookies: with a common prefix, or configured one by one.

use std::sync::Arc;

use crate::config::reader::Reader;
use crate::http::fields::is_token;
use crate::policy::credentials::chunks::is_chunk;

/// The names of Better Auth's cookies.
#[derive(Debug)]
pub(super) struct CookieNames {
    /// The prefix after the guard: `better-auth.`
    prefix: String,
    session: Name,
    cache: Name,
}

/// The cookie name prefixes that browsers guard, the best first. A neighboring host cannot set
/// `__Host-` (RFC 6265bis, section 4.1.3).
pub(super) const GUARDS: [&str; 3] = ["__Host-", "__Secure-", ""];

impl CookieNames {
    /// `COOKIE_PREFIX`, and the exact names of Better Auth's `advanced.cookies`:
    /// `SESSION_COOKIE_NAME` and `COOKIE_CACHE_NAME`.
    pub(super) fn from_settings(reader: &mut Reader<'_>) -> Self {
        let prefix = reader.text(PREFIX).unwrap_or_else(|| "better-auth".to_owned());
        if !is_token(&prefix) {
            reader.error(PREFIX, "is not the beginning of a cookie's name");
        } else if is_guarded(&prefix) {
            reader.error(
                PREFIX,
                "begins with __Secure- or __Host-, which the edge accepts anyway: leave it out",
            );
        } else if prefix.ends_with('.') {
            reader.error(PREFIX, "ends with the dot that Better Auth adds itself: leave it out");
        }
        let prefix = prefix + ".";
        let session = Name::from_settings(reader, SESSION, &prefix, "session_token");
        let cache = Name::from_settings(reader, CACHE, &prefix, "session_data");
        if session.overlaps(&cache) {
            let setting = if reader.text(SESSION).is_some() { SESSION } else { CACHE };
            reader.error(
                setting,
                "gives the session cookie the same name as its cache, or as a part of it",
            );
        }
        Self { prefix, session, cache }
    }

    /// The session cookie's names with this guard.
    pub(super) fn session(&self, guard: &str) -> impl Iterator<Item = &Arc<str>> {
        self.session.guarded_by(guard)
    }

    /// The cookie cache's names with this guard, without the number of a chunk.
    pub(super) fn cache(&self, guard: &str) -> impl Iterator<Item = &Arc<str>> {
        self.cache.guarded_by(guard)
    }

    /// Whether a text begins with a cookie of Better Auth.
    pub(super) fn is_better_auths(&self, cookie: &str) -> bool {
        let cookie = cookie.trim_start_matches([' ', '\t']);
        if cookie[guard_of(cookie).len()..].starts_with(&self.prefix) {
            return true;
        }
        self.session.begins(cookie) || self.cache.begins(cookie)
    }
}

const PREFIX: &str = "COOKIE_PREFIX";
const SESSION: &str = "SESSION_COOKIE_NAME";
const CACHE: &str = "COOKIE_CACHE_NAME";

/// The names of one cookie. Over https, Better Auth puts `__Secure-` before every name, even before
/// one that begins with it.
#[derive(Debug)]
struct Name([Arc<str>; GUARDS.len()]);

impl Name {
    fn from_settings(
        reader: &mut Reader<'_>,
        setting: &'static str,
        prefix: &str,
        default: &str,
    ) -> Self {
        let given = reader.text(setting);
        if given.as_deref().is_some_and(|name| !is_token(name)) {
            reader.error(setting, "is not a cookie's name");
        }
        let name = given.unwrap_or_else(|| [prefix, default].concat());
        Self(GUARDS.map(|guard| [guard, &name].concat().into()))
    }

    fn guarded_by(&self, guard: &str) -> impl Iterator<Item = &Arc<str>> {
        self.0.iter().filter(move |name| guard_of(name) == guard)
    }

    /// Whether a text begins with the cookie, with a chunk of it, or with a cookie of Better Auth's
    /// multi-session plugin. Reads only the beginning, because a client may send many commas.
    fn begins(&self, text: &str) -> bool {
        self.0.iter().any(|name| {
            let Some(rest) = text.strip_prefix(&**name) else { return false };
            let index = rest.bytes().skip(1).take_while(u8::is_ascii_digit).count();
            let is_chunk = rest.starts_with('.') && is_chunk(&text[..name.len() + 1 + index], name);
            let rest = if is_chunk { &rest[1 + index..] } else { rest };
            rest.starts_with("_multi-") || rest.trim_start_matches([' ', '\t']).starts_with('=')
        })
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().any(|name| {
            other
                .0
                .iter()
                .any(|other| name == other || is_chunk(name, other) || is_chunk(other, name))
        })
    }
}

/// The guard of a name, perhaps the empty one.
fn guard_of(name: &str) -> &'static str {
    GUARDS.into_iter().find(|guard| name.starts_with(guard)).unwrap_or_default()
}

/// Whether a browser guards this name. Browsers ignore case.
fn is_guarded(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("__secure-") || name.starts_with("__host-")
}
