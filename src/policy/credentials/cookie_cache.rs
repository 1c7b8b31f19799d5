//! Better Auth's signed cookie cache: a session that the edge verifies without a request to the
//! auth server, until it is too old.

use crate::claims::DEFAULT_VERSION;
use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::policy::tokens::{token_options, verifier};
use crate::verifier::{Verifier, issuing_url};

/// Verifies cookie caches.
#[derive(Debug)]
pub(crate) struct CookieCache {
    verifier: Verifier,
}

/// The setting that turns it on.
pub(super) const SETTING: &str = "COOKIE_CACHE";

const MAX_AGE: &str = "SESSION_MAX_AGE";

impl CookieCache {
    /// `COOKIE_CACHE`, if it is set. The other settings of tokens, which `tokens` verifies, apply
    /// as well.
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
        // Better Auth's cookie cache has its own audience
        options.audience = None;
        if let Some(seconds) = reader.number(MAX_AGE) {
            if seconds == 0.0 {
                let cache = reader.name_of(SETTING);
                reader.error(MAX_AGE, ["is 0, so that every ", cache, " is too old"].concat());
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

    /// The verifier for a cache.
    ///
    /// # Errors
    /// [`Code::MalformedToken`] if the cache is not a JWT.
    pub(super) fn verifier(&self, cache: &str) -> Result<&Verifier, Error> {
        // Better Auth's other strategies write none or four dots
        match cache.matches('.').count() {
            2 => Ok(&self.verifier),
            _ => {
                let detail = "the cookie cache is not a JWT: set Better Auth's \
                              session.cookieCache.strategy to \"jwt\"";
                Err(Error::new(Code::MalformedToken, detail))
            }
        }
    }
}

/// The issuers that a cache may name. Better Auth writes its configured base URL, with or without
/// the path. The issuer of its tokens may differ.
fn issuers(reader: &Reader<'_>) -> Option<Vec<String>> {
    let written = reader.text("BETTER_AUTH_URL")?;
    let base = reader.auth_url()?;
    let mut issuers = vec![base.origin().to_owned(), issuing_url(&base), written];
    issuers.append(&mut reader.list("ISSUER").unwrap_or_default());
    Some(issuers)
}
