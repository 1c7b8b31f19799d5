//! Better Auth's cookies: which of them is a session, and that no other site uses it (RFC 6265;
//! OWASP, Cross-Site Request Forgery Prevention).

use super::cookie_cache;
use super::values::{joined, only};
use super::websocket::is_handshake;
use crate::error::{Code, Error};
use crate::gateway::edit::HeaderEdit;
use crate::gateway::fields::is_token;
use crate::gateway::head::RequestHead;
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
    trusted: Vec<String>,
}

impl Cookies {
    pub(super) fn from_settings(reader: &mut Reader<'_>) -> Self {
        let prefix = reader.text("COOKIE_PREFIX").unwrap_or_else(|| "better-auth".to_owned());
        if !is_token(&prefix) {
            reader.fault("COOKIE_PREFIX", "is not what a cookie's name can begin with");
        }
        let mut trusted = reader.origins("TRUSTED_ORIGINS");
        trusted.extend(reader.auth_url().map(|url| url.origin().to_owned()));
        Self {
            prefix: prefix + ".",
            exchanged: reader.switch("SESSION_EXCHANGE", false),
            cached: reader.text(cookie_cache::SETTING).is_some(),
            forwarded: reader.switch("FORWARD_COOKIES", false),
            trusted,
        }
    }

    /// The session's cookies, if they count here.
    ///
    /// # Errors
    /// [`Code::MalformedRequest`] for two of one name and for a cache in pieces,
    /// [`Code::CrossSiteRequest`] where another site may have caused the request.
    pub(super) fn session(&self, head: &RequestHead) -> Result<Option<SessionCookies>, Error> {
        if !self.exchanged && !self.cached {
            return Ok(None);
        }
        let cookies = self.cookies(head);
        let is_apart: Vec<_> = cookies.iter().map(|(_, apart)| *apart).collect();
        let cookies: Vec<_> = cookies.iter().map(|(cookie, _)| name_and_value(cookie)).collect();
        // browsers guard the first two best: a neighbouring domain cannot set them
        for guard in ["__Host-", "__Secure-", ""] {
            let named = |name| [guard, &self.prefix, name].concat();
            let name = named("session_token");
            let Some(value) = only(&name, &cookies)? else { continue };
            // in another cookie's value, whoever sets that one could bring a session
            if !cookies.iter().zip(&is_apart).any(|((n, _), apart)| *n == name && *apart) {
                continue;
            }
            let cache = match self.cached {
                true => joined(&named("session_data"), &cookies)?,
                false => None,
            };
            if cache.is_none() && !self.exchanged {
                return Ok(None);
            }
            self.check_site(head)?;
            let (session, exchanged) = ([&name, "=", value].concat(), self.exchanged);
            return Ok(Some(SessionCookies { session, cache, exchanged }));
        }
        Ok(None)
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
                origin == head.origin() || self.trusted.iter().any(|trusted| trusted == origin)
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
#[derive(Clone, Eq, PartialEq)]
pub(in crate::gateway) struct SessionCookies {
    /// Its cookie as `Cookie` has it, by which Better Auth gives a token
    pub(in crate::gateway) session: String,
    /// What Better Auth has signed about the session, if it is there and counts
    pub(super) cache: Option<String>,
    /// Whether Better Auth may be asked where that is not good
    pub(super) exchanged: bool,
}

impl SessionCookies {
    /// The session's own token: the cookie's value up to its signature.
    pub(super) fn session_token(&self) -> &str {
        let (_, value) = name_and_value(&self.session);
        value.rsplit_once('.').map_or("", |(token, _)| token)
    }
}

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
