//! Better Auth's signed cookie cache: a session that can be verified without asking anybody, until it
//! is too old. Large ones come in several cookies.

use super::cookies::only;
use crate::base_url::BaseUrl;
use crate::claims::DEFAULT_VERSION;
use crate::error::{Code, Error};
use crate::gateway::reader::Reader;
use crate::gateway::settings::{token_options, verifier};
use crate::verifier::{Verifier, issuing_url};

/// What verifies the caches.
#[derive(Debug)]
pub(in crate::gateway) struct CookieCache {
    verifier: Verifier,
}

/// What switches it on.
pub(super) const SETTING: &str = "COOKIE_CACHE";

const MAX_AGE: &str = "SESSION_MAX_AGE";

impl CookieCache {
    /// The setting `COOKIE_CACHE`, if it is there, on top of what the settings say about tokens, which
    /// `tokens` verifies.
    pub(in crate::gateway) fn from_settings(
        reader: &mut Reader<'_>,
        tokens: Option<&Verifier>,
    ) -> Option<Self> {
        const VERSION: &str = "COOKIE_CACHE_VERSION";
        let version = reader.text(VERSION).unwrap_or_else(|| DEFAULT_VERSION.to_owned());
        let by_secret = match reader.text(SETTING)?.as_str() {
            "secret" => true,
            "jwks" => false,
            _ => {
                reader.fault(SETTING, "is neither jwks nor secret");
                return None;
            }
        };
        if by_secret && reader.text("BETTER_AUTH_SECRET").is_none() {
            reader
                .fault(SETTING, "needs BETTER_AUTH_SECRET, by which Better Auth signs the cookie");
            return None;
        }
        let issuers = issuers(reader)?;
        let mut options = token_options(reader);
        options.profile = Some("session-cache".to_owned());
        options.issuer = Some(issuers);
        // Better Auth gives it one of its own
        options.audience = None;
        if let Some(seconds) = reader.number(MAX_AGE) {
            if seconds == 0.0 {
                reader.fault(MAX_AGE, "is 0, for which every COOKIE_CACHE is too old");
            }
            options.max_token_age = Some(seconds.max(1.0));
        }
        if by_secret {
            options.algorithms = Some(vec!["HS256".to_owned()]);
            options.secret = reader.secret(&options.algorithms);
            options.jwks_url = None;
        } else if options.secret.take().is_some() {
            options.algorithms = None;
        }
        let mut verifier = verifier(reader, options)?;
        verifier.make_cookie_cache(version, tokens?);
        Some(Self { verifier })
    }

    /// What verifies a cache.
    ///
    /// # Errors
    /// [`Code::MalformedToken`] for what is no JWT.
    pub(super) fn verifier(&self, cache: &str) -> Result<&Verifier, Error> {
        // those of Better Auth's other strategies have no dots, or four
        match cache.matches('.').count() {
            2 => Ok(&self.verifier),
            _ => {
                let detail = "the cookie cache is no JWT: Better Auth's session.cookieCache.strategy \
                              must be \"jwt\"";
                Err(Error::new(Code::MalformedToken, detail))
            }
        }
    }
}

/// Better Auth names the base URL as it is configured there, with its path or without, whatever the
/// issuer of its tokens is.
fn issuers(reader: &Reader<'_>) -> Option<Vec<String>> {
    let written = reader.text("BETTER_AUTH_URL")?;
    let base = BaseUrl::parse(&written).ok()?;
    let mut issuers = vec![base.origin().to_owned(), issuing_url(&base), written];
    issuers.append(&mut reader.list("ISSUER").unwrap_or_default());
    Some(issuers)
}

/// The value of a cookie that may have been split. `None` where there is none.
///
/// # Errors
/// [`Code::MalformedRequest`] where it could be put together in several ways, or a part is missing:
/// two of one name, a whole one beside parts, a gap, more parts than Better Auth makes.
pub(super) fn joined(name: &str, cookies: &[(&str, &str)]) -> Result<Option<String>, Error> {
    let whole = only(name, cookies)?.filter(|value| !value.is_empty());
    let (mut joined, mut count) = (String::new(), 0);
    while count < MOST_PARTS {
        let Some(part) = only(&format!("{name}.{count}"), cookies)? else { break };
        joined.push_str(part);
        count += 1;
    }
    let parts = cookies.iter().filter(|(given, _)| is_part(given, name)).count();
    match whole {
        _ if parts != count => {}
        Some(whole) if count == 0 => return Ok(Some(whole.to_owned())),
        None => return Ok(Some(joined).filter(|_| count > 0)),
        Some(_) => {}
    }
    Err(Error::new(Code::MalformedRequest, "the parts of the cookie cache do not make one whole"))
}

/// As many as Better Auth makes of one cookie.
const MOST_PARTS: usize = 100;

/// Whether a name is another's with a number as Better Auth writes it: `.0`.
fn is_part(given: &str, name: &str) -> bool {
    let index = given.strip_prefix(name).and_then(|suffix| suffix.strip_prefix('.'));
    index.is_some_and(|index| {
        let canonical = index == "0" || !index.starts_with('0');
        canonical && !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit())
    })
}
