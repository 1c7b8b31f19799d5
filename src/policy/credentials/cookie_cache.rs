//! Better Auth's signed cookie cache: a session that can be verified without asking anybody, until it
//! is too old.

use crate::claims::DEFAULT_VERSION;
use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::policy::tokens::{token_options, verifier};
use crate::verifier::{Verifier, issuing_url};

/// What verifies the caches.
#[derive(Debug)]
pub(crate) struct CookieCache {
    verifier: Verifier,
}

/// What switches it on.
pub(super) const SETTING: &str = "COOKIE_CACHE";

const MAX_AGE: &str = "SESSION_MAX_AGE";

impl CookieCache {
    /// The setting `COOKIE_CACHE`, if it is there, on top of what the settings say about tokens, which
    /// `tokens` verifies.
    pub(crate) fn from_settings(
        reader: &mut Reader<'_>,
        tokens: Option<&Verifier>,
    ) -> Option<Self> {
        const VERSION: &str = "COOKIE_CACHE_VERSION";
        let version = reader.text(VERSION).unwrap_or_else(|| DEFAULT_VERSION.to_owned());
        let by_secret = match reader.text(SETTING)?.as_str() {
            "secret" => true,
            "jwks" => false,
            _ => {
                reader.error(SETTING, "is neither jwks nor secret");
                return None;
            }
        };
        if by_secret && !reader.is_given("BETTER_AUTH_SECRET") {
            let secret = reader.name_of("BETTER_AUTH_SECRET");
            let detail = ["needs ", secret, ", by which Better Auth signs the cookie"];
            reader.error(SETTING, detail.concat());
            return None;
        }
        reader.needs_auth_url(SETTING, "which the cookie names as its issuer");
        let issuers = issuers(reader)?;
        let mut options = token_options(reader);
        options.profile = Some("session-cache".to_owned());
        options.issuer = Some(issuers);
        // Better Auth gives it one of its own
        options.audience = None;
        if let Some(seconds) = reader.number(MAX_AGE) {
            if seconds == 0.0 {
                let cache = reader.name_of(SETTING);
                reader.error(MAX_AGE, ["is 0, for which every ", cache, " is too old"].concat());
            }
            options.max_token_age = Some(seconds.max(1.0));
        }
        if by_secret {
            options.algorithms = Some(vec!["HS256".to_owned()]);
            options.secret = reader.secret(&options.algorithms);
            options.jwks_url = None;
            options.jwks = None;
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
    let base = reader.auth_url()?;
    let mut issuers = vec![base.origin().to_owned(), issuing_url(&base), written];
    issuers.append(&mut reader.list("ISSUER").unwrap_or_default());
    Some(issuers)
}
