//! What a verifier is made from, as people write it: checked as a whole, every fault named at once.

mod key_url;
mod reader;
#[cfg(test)]
mod tests;

pub use reader::Fault;

use std::fmt;

use key_url::KeyUrl;
use reader::Reader;

use super::{CacheLimits, Keys, Verifier};
use crate::base_url::BaseUrl;
use crate::claims::{Expectations, Profile, RequiredClaim, list_claims};
use crate::host::UrlSetting;
use crate::jose::Limits;
use crate::keys::{KeySource, Timing};

/// The options of a verifier. What is `None` has a default; an empty list or text is a fault.
#[derive(Clone, Default)]
pub struct VerifierOptions {
    /// Where Better Auth runs. A path in it is Better Auth's own base path, `/api/auth` otherwise.
    pub base_url: Option<String>,
    /// Better Auth's own base path in place of one in `base_url`; `/` where it has none
    pub base_path: Option<String>,
    /// Where the JWK Set is, if not at `{base}/jwks`; it may have a query
    pub jwks_url: Option<String>,
    /// The JWK Set itself, as JSON, in place of a URL
    pub jwks: Option<String>,
    /// A secret shared with the auth server, in place of a key set; `algorithms` must name HS*
    pub secret: Option<Vec<u8>>,
    /// Accepted issuers; by default the origin of `base_url`, for access tokens with its base path
    pub issuer: Option<Vec<String>>,
    /// Accepted audiences; the origin of `base_url` by default, for session caches their own
    pub audience: Option<Vec<String>>,
    /// Names of the accepted algorithms; what Better Auth can sign with by default
    pub algorithms: Option<Vec<String>>,
    /// How far clocks may differ, in whole seconds; 5 by default
    pub clock_tolerance: Option<f64>,
    /// The most seconds since `iat`
    pub max_token_age: Option<f64>,
    /// The most seconds from `iat` to `exp`
    pub max_token_lifetime: Option<f64>,
    /// The kind of tokens: `session` by default, `access-token`, `session-cache`
    pub profile: Option<String>,
    /// The claims that may say who the user is, the first that is there counts; `sub` by default
    pub user_claim: Option<Vec<String>>,
    /// Further claims that must be there
    pub required_claims: Option<Vec<RequiredClaim>>,
    /// Claims whose text is a comma-separated list, of which one member suffices where a value is required;
    /// `role` by default
    pub list_claims: Option<Vec<String>>,
    /// Whether a token may be for our audiences alone, Better Auth's UserInfo endpoint aside; only access
    /// tokens by default
    pub exclusive_audience: Option<bool>,
    /// Seconds for which a fetched key set is used without asking again; 600 by default
    pub cache_max_age: Option<f64>,
    /// Seconds for which it is used when the source fails; 86,400 by default
    pub cache_stale_age: Option<f64>,
    /// Seconds between two fetches for unknown keys; 30 by default
    pub cooldown: Option<f64>,
    /// Seconds that a fetch may take; 5 by default
    pub timeout: Option<f64>,
    /// How many verified tokens are kept; 1,000 by default, 0 for none
    pub token_cache: Option<f64>,
    /// The window of the tables of Ed25519 keys that are used often, for all verifiers of the process:
    /// 4 to 8 bits, for 0.1 to 0.6 MB a key, or 0 for none; 8 by default
    pub table_window: Option<f64>,
    /// The most bytes of an encoded token; 16,384 by default
    pub max_token_bytes: Option<f64>,
    /// The most bytes of its encoded header; 4,096 by default
    pub max_header_bytes: Option<f64>,
}

impl VerifierOptions {
    /// A verifier that does what the options say.
    ///
    /// # Errors
    /// Every fault.
    pub fn build(self) -> Result<Verifier, Vec<Fault>> {
        self.build_beside(Vec::new(), &[])
    }

    /// The same where a host has found these faults already: options that are not of their type, and so not
    /// among these. Those of `meant` are given under a misspelt name, which the host says itself.
    ///
    /// # Errors
    /// Every fault, those included.
    pub(crate) fn build_beside(
        self,
        faults: Vec<Fault>,
        meant: &[&'static str],
    ) -> Result<Verifier, Vec<Fault>> {
        let mut reader = Reader::beside(faults, meant);
        let base = self.base_url.as_deref().and_then(|url| reader.url("baseURL", url));
        let base = reader.base_path(base, self.base_path.as_deref());
        let profile = reader.profile(self.profile.as_deref());
        let by_secret = self.secret.is_some() || reader.is_unreadable("secret");
        let algorithms = reader.algorithms(self.algorithms.as_deref(), by_secret);
        let keys = self.keys(&base, &algorithms, &mut reader);
        let expectations = self.expectations(&base, profile, &mut reader);
        let tokens = reader.count("tokenCache", self.token_cache, CacheLimits::default().tokens);
        let Limits { token_bytes, header_bytes } = Limits::default();
        let limits = Limits {
            token_bytes: reader.count("maxTokenBytes", self.max_token_bytes, token_bytes),
            header_bytes: reader.count("maxHeaderBytes", self.max_header_bytes, header_bytes),
        };
        let warning = self.exposure(&base);
        let tables = self.table_window.and_then(|bits| reader.table_window(bits));
        match (keys, expectations, reader.faults()) {
            (Some(keys), Some(expectations), faults) if faults.is_empty() => {
                if let Some(tables) = tables {
                    tables.apply();
                }
                let cache = CacheLimits { tokens, ..CacheLimits::default() };
                let verifier = Verifier::new(keys, algorithms, expectations);
                Ok(Verifier { warning, ..verifier.with_cache(cache).with_limits(limits) })
            }
            (_, _, faults) => Err(faults),
        }
    }

    /// Whether they say where the keys are, beside a base URL.
    pub(crate) fn name_keys(&self) -> bool {
        self.jwks_url.is_some() || self.jwks.is_some() || self.secret.is_some()
    }

    fn keys(
        &self,
        base: &Option<BaseUrl>,
        algorithms: &[crate::jose::Algorithm],
        reader: &mut Reader,
    ) -> Option<Keys> {
        let timing = self.timing(reader);
        let jwks_url = self.jwks_url.as_deref().map(|url| reader.key_url("jwksUrl", url));
        let remote = |url: &str, url_setting| {
            Some(Keys::Published(KeySource::remote(url, timing).url_setting(url_setting)))
        };
        match (&self.secret, &self.jwks, jwks_url) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
                reader.fault("secret", "and a key set exclude each other")
            }
            (_, Some(_), Some(_)) => reader.fault("jwks", "and jwksUrl exclude each other"),
            (Some(secret), None, None) => reader.secret(secret, algorithms).map(Keys::Shared),
            (None, Some(text), None) => {
                reader.key_set(text).map(|set| Keys::Published(KeySource::fixed(set)))
            }
            (None, None, Some(url)) => remote(&url?.to_string(), UrlSetting::KeyUrl),
            (None, None, None) => match base {
                Some(base) => {
                    let is_whole = !base.path().is_empty() && self.base_path.is_none();
                    let url_setting =
                        if is_whole { UrlSetting::BaseUrl } else { UrlSetting::BasePath };
                    remote(&format!("{}/jwks", issuing_url(base)), url_setting)
                }
                None if reader.is_any_wrong(&["baseURL", "jwksUrl", "jwks", "secret"]) => None,
                None => reader.fault("baseURL", "is required, or jwksUrl, or jwks"),
            },
        }
    }

    /// Why the keys may be another's, where they are fetched.
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
        reader: &mut Reader,
    ) -> Option<Expectations> {
        let origin = base.as_ref().map(|base| base.origin().to_owned());
        let issuer = match profile {
            Profile::AccessToken => base.as_ref().map(issuing_url),
            Profile::Session | Profile::SessionCache => origin.clone(),
            Profile::EdgeAssertion => None,
        };
        // an assertion is the edge's, and for whom it says
        let audience = origin.filter(|_| profile != Profile::EdgeAssertion);
        let audience = profile.fixed_audience().map(str::to_owned).or(audience);
        let issuers = reader.values("issuer", self.issuer.as_deref(), issuer);
        let audiences = reader.values("audience", self.audience.as_deref(), audience);
        let clock_tolerance = reader.clock_tolerance(self.clock_tolerance);
        let user_claim = reader.user_claim(self.user_claim.clone());
        let max_age = reader.seconds("maxTokenAge", self.max_token_age);
        let max_lifetime = reader.seconds("maxTokenLifetime", self.max_token_lifetime);

        let lists = list_claims(reader.names("listClaims", self.list_claims.clone()));
        let required = self.required_claims.iter().flatten().cloned();
        let required = required.map(|claim| claim.with_lists(&lists)).collect();

        let issuing = base.as_ref().map(issuing_url);
        let mut expectations = Expectations::new(issuers, audiences)?
            .with_profile(profile)
            .with_exclusive_audience(self.exclusive_audience, issuing.as_deref())
            .with_clock_tolerance(clock_tolerance)?
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

    fn timing(&self, reader: &mut Reader) -> Timing {
        let default = Timing::default();
        let fresh = reader.seconds("cacheMaxAge", self.cache_max_age).unwrap_or(default.fresh);
        let stale = reader.seconds("cacheStaleAge", self.cache_stale_age).unwrap_or(default.stale);
        let cooldown = reader.seconds("cooldownDuration", self.cooldown);
        let timeout = reader.seconds("timeoutDuration", self.timeout);
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

/// Shows where keys come from, and never a secret.
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
pub(crate) fn issuing_url(base: &BaseUrl) -> String {
    let is_default = base.path().is_empty() && !base.is_root();
    let base_path = if is_default { "/api/auth" } else { base.path() };
    format!("{}{base_path}", base.origin())
}
