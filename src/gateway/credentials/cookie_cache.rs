//! Better Auth's signed cookie cache: a session that can be verified without asking anybody, until it
//! is too old. Large ones come in several cookies.

use std::sync::Arc;

use super::SessionCookies;
use crate::base_url::BaseUrl;
use crate::claims::DEFAULT_VERSION;
use crate::error::{Code, Error};
use crate::gateway::reader::Reader;
use crate::host::Host;
use crate::verifier::{Verified, Verifier, VerifierOptions, issuing_url};

/// What verifies the caches.
#[derive(Debug)]
pub(in crate::gateway) struct CookieCache {
    verifier: Verifier,
}

/// What switches it on.
pub(super) const SETTING: &str = "COOKIE_CACHE";

impl CookieCache {
    /// The setting `COOKIE_CACHE`, if it is there, on top of what the settings say about tokens.
    /// `published` verifies the tokens of the same auth server.
    pub(in crate::gateway) fn from_settings(
        reader: &mut Reader<'_>,
        tokens: &VerifierOptions,
        published: Option<&Verifier>,
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
        let algorithms = match by_secret {
            true => Some(vec!["HS256".to_owned()]),
            false => tokens.algorithms.clone().filter(|_| tokens.secret.is_none()),
        };
        let secret = reader.secret(&algorithms);
        if by_secret && secret.is_none() {
            reader
                .fault(SETTING, "needs BETTER_AUTH_SECRET, by which Better Auth signs the cookie");
            return None;
        }
        let options = VerifierOptions {
            profile: Some("session-cache".to_owned()),
            issuer: issuers(tokens),
            // Better Auth gives it one of its own
            audience: None,
            max_token_age: max_age(reader, tokens.max_token_age),
            jwks_url: tokens.jwks_url.clone().filter(|_| !by_secret),
            algorithms,
            secret,
            ..tokens.clone()
        };
        match options.build() {
            Ok(verifier) => {
                let verifier = verifier.for_cookie_cache(version, published?);
                Some(Self { verifier })
            }
            Err(faults) => {
                // everything else is about tokens too, and has been said there
                let unsaid = |option| option == "secret" && tokens.secret.is_none();
                for fault in faults.iter().filter(|fault| unsaid(fault.option())) {
                    reader.fault("BETTER_AUTH_SECRET", fault.detail());
                }
                None
            }
        }
    }

    /// Whose session it is, by a cache that has come with the session's own cookie.
    ///
    /// # Errors
    /// Those of [`Verifier::verify`]; [`Code::MalformedToken`] for what is no JWT,
    /// [`Code::InvalidClaim`] for the cache of another session.
    pub(super) async fn user<H: Host>(
        &self,
        cache: &str,
        cookies: &SessionCookies,
        host: &H,
    ) -> Result<Arc<Verified>, Error> {
        // those of Better Auth's other strategies have none, or four
        if cache.matches('.').count() != 2 {
            let detail = "the cookie cache is no JWT: Better Auth's session.cookieCache.strategy must \
                          be \"jwt\"";
            return Err(Error::new(Code::MalformedToken, detail));
        }
        let user = self.verifier.verify(cache, host).await?;
        match user.claims().text_claim("sid") == Some(cookies.session_token()) {
            true => Ok(user),
            false => {
                let detail = "the cookie cache is of another session than the session cookie";
                Err(Error::new(Code::InvalidClaim, detail))
            }
        }
    }
}

/// Better Auth names the base URL as it is configured there, with its path or without, whatever the
/// issuer of its tokens is.
fn issuers(tokens: &VerifierOptions) -> Option<Vec<String>> {
    let written = tokens.base_url.as_ref()?;
    let base = BaseUrl::parse(written).ok()?;
    let mut issuers = tokens.issuer.clone().unwrap_or_default();
    for issuer in [base.origin().to_owned(), written.clone(), issuing_url(&base)] {
        if !issuers.contains(&issuer) {
            issuers.push(issuer);
        }
    }
    Some(issuers)
}

/// Seconds since `iat`: what is said about sessions counts here, where it is said.
fn max_age(reader: &mut Reader<'_>, of_tokens: Option<f64>) -> Option<f64> {
    const OF_SESSIONS: &str = "SESSION_MAX_AGE";
    match reader.number(OF_SESSIONS) {
        Some(0.0) => {
            reader.fault(OF_SESSIONS, "is 0, for which every COOKIE_CACHE is too old");
            of_tokens
        }
        Some(seconds) => Some(of_tokens.map_or(seconds, |most| most.min(seconds))),
        None => of_tokens,
    }
}

/// The value of a cookie that may have been split. `None` where there is none.
///
/// # Errors
/// [`Code::MalformedRequest`] where it could be put together in several ways, or a part is missing:
/// two of one name, a whole one beside parts, a gap, more parts than Better Auth makes.
pub(super) fn joined<'r>(
    name: &str,
    cookies: impl Iterator<Item = (&'r str, &'r str)>,
) -> Result<Option<String>, Error> {
    let (mut whole, mut parts) = (Vec::new(), Vec::new());
    for (given, value) in cookies {
        match given.strip_prefix(name) {
            Some("") if !value.is_empty() => whole.push(value),
            Some(suffix) => parts.extend(part(suffix).map(|index| (index, value))),
            None => {}
        }
    }
    parts.sort_unstable_by_key(|(index, _)| *index);
    let in_order = parts.iter().enumerate().all(|(i, (index, _))| i == *index);
    match (&whole[..], &parts[..]) {
        ([], []) => Ok(None),
        ([whole], []) => Ok(Some((*whole).to_owned())),
        ([], parts) if in_order && parts.len() <= MOST_PARTS => {
            Ok(Some(parts.iter().map(|(_, value)| *value).collect()))
        }
        _ => {
            let detail = "the parts of the cookie cache do not make one whole";
            Err(Error::new(Code::MalformedRequest, detail))
        }
    }
}

/// As many as Better Auth makes of one cookie.
const MOST_PARTS: usize = 100;

/// The number behind a name, as Better Auth writes it: `.0`.
fn part(suffix: &str) -> Option<usize> {
    let written = suffix.strip_prefix('.')?;
    let index: usize = written.parse().ok()?;
    (index.to_string() == written).then_some(index)
}
