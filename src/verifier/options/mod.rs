//! The options of a verifier, which are checked together: every error is reported at once.

mod checks;
#[cfg(test)]
mod tests;

use std::fmt;

pub use checks::DEFAULT_ALGORITHMS;

use checks::Checks;

use super::{CacheLimits, Keys, Verifier};
use crate::base_url::{BaseUrl, KeyUrl};
use crate::claims::{Expectations, Profile, RequiredClaim, list_claims};
use crate::config::error::{SettingError, SettingErrors};
use crate::config::settings_table::Naming;
use crate::host::{UrlKind, UrlSetting};
use crate::jose::{Algorithm, Limits};
use crate::keys::{KeySource, Timing};

/// The options of a verifier. An option that is `None` has a default; an empty list or text is an
/// error.
#[derive(Clone, Default)]
pub struct VerifierOptions {
    /// URL of the Better Auth server. A path in it is Better Auth's base path, otherwise
    /// `/api/auth`
    pub base_url: Option<String>,
    /// Better Auth's base path, if `base_url` does not contain it; `/` for a server at the root
    pub base_path: Option<String>,
    /// URL of the JWK Set, `{base}/jwks` by default; it may have a query
    pub jwks_url: Option<String>,
    /// The JWK Set itself, as JSON, in place of a URL
    pub jwks: Option<String>,
    /// A secret shared with the auth server, in place of a JWK Set; `algorithms` must name HS*
    pub secret: Option<Vec<u8>>,
    /// Accepted issuers; by default the origin of `base_url`, for access tokens with its base path
    pub issuer: Option<Vec<String>>,
    /// Accepted audiences; the origin of `base_url` by default, for session caches their own
    pub audience: Option<Vec<String>>,
    /// Names of the accepted algorithms; by default those that Better Auth can sign with
    pub algorithms: Option<Vec<String>>,
    /// Whole seconds by which clocks may differ; 5 by default
    pub clock_tolerance: Option<f64>,
    /// Maximum seconds since `iat`
    pub max_token_age: Option<f64>,
    /// Maximum seconds from `iat` to `exp`
    pub max_token_lifetime: Option<f64>,
    /// The kind of tokens: `session` by default, `access-token`, `session-cache`, `edge-assertion`
    pub profile: Option<String>,
    /// The claims that may identify the user, of which the first that is present counts; `sub` by
    /// default
    pub user_claim: Option<Vec<String>>,
    /// Further required claims
    pub required_claims: Option<Vec<RequiredClaim>>,
    /// Claims whose text is a comma-separated list, of which one member must have the required
    /// value; `role` by default
    pub list_claims: Option<Vec<String>>,
    /// Whether `aud` must contain accepted audiences only, except Better Auth's UserInfo endpoint;
    /// by default for access tokens only
    pub exclusive_audience: Option<bool>,
    /// Seconds for which a JWK Set is fresh; 600 by default
    pub cache_max_age: Option<f64>,
    /// Seconds for which it is used while fetches fail; 86,400 by default
    pub cache_stale_age: Option<f64>,
    /// Seconds between two fetches for unknown keys; 30 by default
    pub cooldown: Option<f64>,
    /// Seconds for one fetch; 5 by default
    pub timeout: Option<f64>,
    /// Maximum number of cached tokens; 1,000 by default, 0 disables the cache
    pub token_cache: Option<f64>,
    /// Window of the precomputed tables for Ed25519 keys, for all verifiers of the process: 4 to 8
    /// bits, for 0.1 to 0.6 MB a key, or 0 for none; 8 by default
    pub table_window: Option<f64>,
    /// Maximum bytes of an encoded token; 16,384 by default
    pub max_token_bytes: Option<f64>,
    /// Maximum bytes of its encoded header; 4,096 by default
    pub max_header_bytes: Option<f64>,
}

impl VerifierOptions {
    /// A verifier with these options.
    ///
    /// # Errors
    /// All errors in the options, which they call as in JavaScript: `baseURL`.
    pub fn build(self) -> Result<Verifier, Vec<SettingError>> {
        let mut errors = SettingErrors::new(Naming::Options);
        match self.build_with(&mut errors) {
            Some(verifier) => Ok(verifier),
            None => Err(errors.into_vec()),
        }
    }

    /// A verifier with these options. If they are wrong, `errors` contains why. It may contain
    /// errors already: of settings that the host could not read, which are not among these
    /// options.
    pub(crate) fn build_with(self, errors: &mut SettingErrors) -> Option<Verifier> {
        let known = errors.reported();
        let mut checks = Checks(errors);
        let base = self.base_url.as_deref().and_then(|url| checks.url("BETTER_AUTH_URL", url));
        let base = checks.base_path(base, self.base_path.as_deref());
        let profile = checks.profile(self.profile.as_deref());
        let by_secret = self.secret.is_some() || self.has_unreadable_secret(&checks);
        let algorithms = checks.algorithms(self.algorithms.as_deref(), by_secret);
        let keys = self.keys(&base, &algorithms, &mut checks);
        let expectations = self.expectations(&base, profile, &mut checks);
        let tokens = checks.count("TOKEN_CACHE", self.token_cache, CacheLimits::default().tokens);
        let Limits { token_bytes, header_bytes } = Limits::default();
        let limits = Limits {
            token_bytes: checks.count("MAX_TOKEN_BYTES", self.max_token_bytes, token_bytes),
            header_bytes: checks.count("MAX_HEADER_BYTES", self.max_header_bytes, header_bytes),
        };
        let warning = self.exposure(&base);
        let tables = self.table_window.and_then(|bits| checks.table_window(bits));
        if errors.reported() > known {
            return None;
        }
        if let Some(tables) = tables {
            tables.apply();
        }
        let cache = CacheLimits { tokens, ..CacheLimits::default() };
        let verifier = Verifier::new(keys?, algorithms, expectations?);
        Some(Verifier { warning, ..verifier.with_cache(cache).with_limits(limits) })
    }

    /// Whether the host could not read the secret that the algorithms require.
    fn has_unreadable_secret(&self, checks: &Checks<'_>) -> bool {
        let names = self.algorithms.iter().flatten();
        let mut algorithms = names.filter_map(|name| Algorithm::from_name(name));
        checks.0.is_unreadable("BETTER_AUTH_SECRET") && algorithms.any(Algorithm::is_symmetric)
    }

    /// Whether they contain a source of keys other than a base URL.
    pub(crate) fn name_keys(&self) -> bool {
        self.jwks_url.is_some() || self.jwks.is_some() || self.secret.is_some()
    }

    fn keys(
        &self,
        base: &Option<BaseUrl>,
        algorithms: &[Algorithm],
        checks: &mut Checks<'_>,
    ) -> Option<Keys> {
        let timing = self.timing(checks);
        let jwks_url = self.jwks_url.as_deref().map(|url| checks.key_url("JWKS_URL", url));
        let naming = checks.0.naming();
        let remote = |url: &str, kind| {
            let source = KeySource::remote(url, timing).url_setting(UrlSetting { kind, naming });
            Some(Keys::Published(source))
        };
        match (&self.secret, &self.jwks, jwks_url) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
                checks.fail("BETTER_AUTH_SECRET", "and a key set exclude each other")
            }
            (_, Some(_), Some(_)) => checks.fail(
                "JWKS",
                ["and ", checks.0.name_of("JWKS_URL"), " exclude each other"].concat(),
            ),
            (Some(secret), None, None) => checks.secret(secret, algorithms).map(Keys::Shared),
            (None, Some(text), None) => {
                checks.key_set(text).map(|set| Keys::Published(KeySource::fixed(set)))
            }
            (None, None, Some(url)) => remote(&url?.to_string(), UrlKind::KeyUrl),
            (None, None, None) => match base {
                Some(base) => {
                    let is_whole = !base.path().is_empty() && self.base_path.is_none();
                    let kind = if is_whole { UrlKind::BaseUrl } else { UrlKind::BasePath };
                    remote(&format!("{}/jwks", issuing_url(base)), kind)
                }
                None if KEY_SETTINGS.iter().any(|setting| checks.0.has(setting)) => None,
                None => {
                    let [base_url, others @ ..] = KEY_SETTINGS;
                    let [jwks_url, jwks, secret] = others.map(|name| checks.0.name_of(name));
                    let [issuer, audience] =
                        ["ISSUER", "AUDIENCE"].map(|name| checks.0.name_of(name));
                    checks.fail(
                        base_url,
                        format!(
                            "is required, or one of {jwks_url}, {jwks} and {secret} with {issuer} \
                             and {audience}"
                        ),
                    )
                }
            },
        }
    }

    /// A warning if an attacker could replace the keys that the verifier fetches.
    fn exposure(&self, base: &Option<BaseUrl>) -> Option<String> {
        if self.secret.is_some() || self.jwks.is_some() {
            return None;
        }
        match &self.jwks_url {
            Some(url) => KeyUrl::parse(url).ok()?.exposure(),
            None => base.as_ref()?.exposure(),
        }
    }

    fn expectations(
        &self,
        base: &Option<BaseUrl>,
        profile: Profile,
        checks: &mut Checks<'_>,
    ) -> Option<Expectations> {
        let origin = base.as_ref().map(|base| base.origin().to_owned());
        let issuer = match profile {
            Profile::AccessToken => base.as_ref().map(issuing_url),
            Profile::Session | Profile::SessionCache => origin.clone(),
            Profile::EdgeAssertion | Profile::Events | Profile::Logout => None,
        };
        // the edge issues assertions, and the operator names their audience
        let audience = origin.filter(|_| profile != Profile::EdgeAssertion);
        let audience = profile.fixed_audience().map(str::to_owned).or(audience);
        let issuers = checks.values("ISSUER", self.issuer.as_deref(), issuer);
        let audiences = checks.values("AUDIENCE", self.audience.as_deref(), audience);
        let clock_tolerance = checks.clock_tolerance(self.clock_tolerance);
        let user_claim = checks.user_claim(self.user_claim.clone());
        let max_age = checks.seconds("MAX_TOKEN_AGE", self.max_token_age);
        let max_lifetime = checks.seconds("MAX_TOKEN_LIFETIME", self.max_token_lifetime);

        let lists = list_claims(checks.names("LIST_CLAIMS", self.list_claims.clone()));
        let required = self.required_claims.iter().flatten().cloned();
        let required = required.map(|claim| claim.with_lists(&lists)).collect();

        let issuing = base.as_ref().map(issuing_url);
        let mut expectations = Expectations::new(issuers, audiences)?
            .with_profile(profile)
            .with_exclusive_audience(self.exclusive_audience, issuing.as_deref())
            .with_clock_tolerance(clock_tolerance.into())?
            .with_user_claim(user_claim)
            .with_required_claims(required);
        if let Some(seconds) = max_age {
            expectations = expectations.with_max_age(seconds);
        }
        if let Some(seconds) = max_lifetime {
            expectations = expectations.with_max_lifetime(seconds);
        }
        Some(expectations)
    }

    fn timing(&self, checks: &mut Checks<'_>) -> Timing {
        let default = Timing::default();
        let fresh = checks.seconds("JWKS_MAX_AGE", self.cache_max_age).unwrap_or(default.fresh);
        let stale = checks.seconds("JWKS_STALE_AGE", self.cache_stale_age).unwrap_or(default.stale);
        let cooldown = checks.seconds("JWKS_COOLDOWN", self.cooldown);
        let timeout = checks.seconds("JWKS_TIMEOUT", self.timeout);
        Timing {
            fresh,
            refresh_ahead: fresh * default.refresh_ahead / default.fresh,
            stale: stale.max(fresh),
            miss_cooldown: cooldown.unwrap_or(default.miss_cooldown),
            fetch_timeout: timeout.unwrap_or(default.fetch_timeout),
            ..default
        }
    }
}

/// The settings that say where keys come from.
const KEY_SETTINGS: [&str; 4] = ["BETTER_AUTH_URL", "JWKS_URL", "JWKS", "BETTER_AUTH_SECRET"];

/// Shows the source of keys, and never a secret.
impl fmt::Debug for VerifierOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifierOptions")
            .field("base_url", &self.base_url)
            .field("jwks_url", &self.jwks_url)
            .field("algorithms", &self.algorithms)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

/// Better Auth's base URL with its base path.
pub fn issuing_url(base: &BaseUrl) -> String {
    let is_default = base.path().is_empty() && !base.is_root();
    let base_path = if is_default { "/api/auth" } else { base.path() };
    format!("{}{base_path}", base.origin())
}
