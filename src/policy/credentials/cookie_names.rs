//! What Better Auth calls its cookies: by its prefix, or by names of their own.

use std::sync::Arc;

use crate::config::reader::Reader;
use crate::http::fields::is_token;
use crate::policy::credentials::values::is_part;

/// The names of Better Auth's cookies.
#[derive(Debug)]
pub(super) struct CookieNames {
    /// What they begin with behind their guard: `better-auth.`
    prefix: String,
    session: Name,
    cache: Name,
}

/// What browsers guard cookies by, the best first: a neighbouring host cannot set the very first (RFC
/// 6265bis, section 4.1.3).
pub(super) const GUARDS: [&str; 3] = ["__Host-", "__Secure-", ""];

impl CookieNames {
    /// `COOKIE_PREFIX`, and the exact names of Better Auth's `advanced.cookies`: `SESSION_COOKIE_NAME` and
    /// `COOKIE_CACHE_NAME`.
    pub(super) fn from_settings(reader: &mut Reader<'_>) -> Self {
        let prefix = reader.text(PREFIX).unwrap_or_else(|| "better-auth".to_owned());
        if !is_token(&prefix) {
            reader.error(PREFIX, "is not what a cookie's name can begin with");
        } else if is_guarded(&prefix) {
            reader.error(
                PREFIX,
                "begins with __Secure- or __Host-, which count anyway: leave it out",
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

    /// The names that the session's cookie can have under a guard.
    pub(super) fn session(&self, guard: &str) -> impl Iterator<Item = &Arc<str>> {
        self.session.guarded_by(guard)
    }

    /// The names that its cache can have under a guard, before it is split.
    pub(super) fn cache(&self, guard: &str) -> impl Iterator<Item = &Arc<str>> {
        self.cache.guarded_by(guard)
    }

    /// Whether a cookie, or what begins with one, is Better Auth's.
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

/// What one cookie can be called: Better Auth puts `__Secure-` before every name where it is served by https,
/// before one that has it already too.
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

    /// Whether a text begins with a cookie of that name, with a part of it, or with what Better Auth's
    /// multi-session plugin makes of it. Reads no more than that: a client may send many commas.
    fn begins(&self, text: &str) -> bool {
        self.0.iter().any(|name| {
            let Some(rest) = text.strip_prefix(&**name) else { return false };
            let index = rest.bytes().skip(1).take_while(u8::is_ascii_digit).count();
            let is_part = rest.starts_with('.') && is_part(&text[..name.len() + 1 + index], name);
            let rest = if is_part { &rest[1 + index..] } else { rest };
            rest.starts_with("_multi-") || rest.trim_start_matches([' ', '\t']).starts_with('=')
        })
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().any(|name| {
            other
                .0
                .iter()
                .any(|other| name == other || is_part(name, other) || is_part(other, name))
        })
    }
}

/// What stands before a name; nothing where there is no such thing.
fn guard_of(name: &str) -> &'static str {
    GUARDS.into_iter().find(|guard| name.starts_with(guard)).unwrap_or_default()
}

/// Whether a browser takes a name for a guarded one, which it does without regard to case.
fn is_guarded(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("__secure-") || name.starts_with("__host-")
}
