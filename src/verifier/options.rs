//! What a verifier is made from, as people write it: checked as a whole, every fault named at once.

use std::fmt;

use super::Verifier;
use crate::base_url::BaseUrl;
use crate::claims::{Expectations, MAX_CLOCK_TOLERANCE, UserClaim};
use crate::jose::Algorithm;
use crate::keys::{KeySet, KeySource, Timing};

/// The options of a verifier. What is `None` has a default; an empty list or text is a fault.
#[derive(Clone, Debug, Default)]
pub struct VerifierOptions {
    /// Where Better Auth runs. A path in it is Better Auth's own base path, `/api/auth` otherwise.
    pub base_url: Option<String>,
    /// Where the JWK Set is, if not at `{base}/jwks`
    pub jwks_url: Option<String>,
    /// The JWK Set itself, as JSON, in place of a URL
    pub jwks: Option<String>,
    /// Accepted issuers; the origin of `base_url` by default
    pub issuer: Option<Vec<String>>,
    /// Accepted audiences; the origin of `base_url` by default
    pub audience: Option<Vec<String>>,
    /// Names of the accepted algorithms; what Better Auth can sign with by default
    pub algorithms: Option<Vec<String>>,
    /// How far clocks may differ, in whole seconds; 5 by default
    pub clock_tolerance: Option<f64>,
    /// The claim that says who the user is; `sub` by default
    pub user_claim: Option<String>,
}

impl VerifierOptions {
    /// A verifier that does what the options say.
    ///
    /// # Errors
    /// Every fault, in the order of the options.
    pub fn build(self) -> Result<Verifier, Vec<Fault>> {
        let mut faults = Faults(Vec::new());
        let base = self.base_url.and_then(|url| faults.url("baseURL", &url));
        let jwks_url = self.jwks_url.and_then(|url| faults.url("jwksUrl", &url));
        let keys = match (self.jwks, jwks_url, &base) {
            (Some(_), Some(_), _) => {
                faults.add("jwks", "and jwksUrl exclude each other");
                None
            }
            (Some(text), None, _) => faults.key_set(&text).map(KeySource::fixed),
            (None, Some(url), _) => Some(KeySource::remote(&url.to_string(), Timing::default())),
            (None, None, Some(base)) => {
                Some(KeySource::remote(&default_jwks_url(base), Timing::default()))
            }
            (None, None, None) => {
                faults.add_first("baseURL", "is required, or jwksUrl, or jwks");
                None
            }
        };
        let base_origin = base.map(|base| base.origin().to_owned());
        let issuers = faults.values("issuer", self.issuer, &base_origin);
        let audiences = faults.values("audience", self.audience, &base_origin);
        let algorithms = faults.algorithms(self.algorithms);
        let clock_tolerance = faults.clock_tolerance(self.clock_tolerance);
        let user_claim = faults.user_claim(self.user_claim);

        let Faults(faults) = faults;
        let expectations = Expectations::new(issuers, audiences)
            .and_then(|expectations| expectations.with_clock_tolerance(clock_tolerance))
            .map(|expectations| expectations.with_user_claim(user_claim));
        match (keys, expectations) {
            (Some(keys), Some(expectations)) if faults.is_empty() => {
                Ok(Verifier::new(keys, algorithms, expectations))
            }
            _ => Err(faults),
        }
    }
}

/// One thing that is wrong with the options.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    option: &'static str,
    detail: String,
}

impl Fault {
    /// The option, named as in JavaScript: `baseURL`.
    pub fn option(&self) -> &'static str {
        self.option
    }

    /// What is wrong with it, as half a sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.option, self.detail)
    }
}

const DEFAULT_CLOCK_TOLERANCE: f64 = 5.0;

fn default_jwks_url(base: &BaseUrl) -> String {
    let base_path = if base.path().is_empty() { "/api/auth" } else { base.path() };
    format!("{}{base_path}/jwks", base.origin())
}

/// Each reader gives a value that lets reading go on, and notes what is wrong.
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, option: &'static str, detail: impl Into<String>) {
        self.0.push(Fault { option, detail: detail.into() });
    }

    /// For what is absent because it was wrong: one fault is enough.
    fn add_first(&mut self, option: &'static str, detail: &str) {
        if self.0.is_empty() {
            self.add(option, detail);
        }
    }

    fn url(&mut self, option: &'static str, text: &str) -> Option<BaseUrl> {
        BaseUrl::parse(text).map_err(|fault| self.add(option, fault)).ok()
    }

    fn key_set(&mut self, text: &str) -> Option<KeySet> {
        let set = KeySet::parse(text.as_bytes());
        set.map_err(|error| self.add("jwks", format!("is not a JWK Set: {error}"))).ok()
    }

    fn values(
        &mut self,
        option: &'static str,
        given: Option<Vec<String>>,
        default: &Option<String>,
    ) -> Vec<String> {
        let Some(values) = given else {
            if default.is_none() {
                self.add_first(option, "is required without a baseURL");
            }
            return default.iter().cloned().collect();
        };
        if values.is_empty() || values.iter().any(String::is_empty) {
            self.add(option, "is empty or has an empty member");
        }
        values
    }

    fn algorithms(&mut self, names: Option<Vec<String>>) -> Vec<Algorithm> {
        let Some(names) = names else {
            return Algorithm::BETTER_AUTH.to_vec();
        };
        if names.is_empty() {
            self.add("algorithms", "is empty");
        }
        let mut algorithms = Vec::new();
        for name in names {
            match Algorithm::from_name(&name) {
                Some(algorithm) => algorithms.push(algorithm),
                None => self.add("algorithms", format!("names {name}, which is not accepted here")),
            }
        }
        algorithms
    }

    fn clock_tolerance(&mut self, seconds: Option<f64>) -> u16 {
        let seconds = seconds.unwrap_or(DEFAULT_CLOCK_TOLERANCE);
        if seconds.fract() == 0.0 && (0.0..=f64::from(MAX_CLOCK_TOLERANCE)).contains(&seconds) {
            return seconds as u16;
        }
        let fault = format!("is not a whole number of seconds from 0 to {MAX_CLOCK_TOLERANCE}");
        self.add("clockTolerance", fault);
        0
    }

    fn user_claim(&mut self, name: Option<String>) -> UserClaim {
        let Some(name) = name else {
            return UserClaim::default();
        };
        UserClaim::new(&name).unwrap_or_else(|| {
            self.add("userClaim", "is empty");
            UserClaim::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(options: VerifierOptions) -> Vec<&'static str> {
        options.build().err().unwrap_or_default().iter().map(Fault::option).collect()
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_base_url_is_enough_and_so_is_a_key_set_with_issuer_and_audience() {
        let base_url = text("https://app.example");
        assert!(faults(VerifierOptions { base_url, ..Default::default() }).is_empty());
        let accepted = Some(vec!["https://app.example".to_owned()]);
        let options = VerifierOptions {
            jwks: text(r#"{"keys":[]}"#),
            issuer: accepted.clone(),
            audience: accepted,
            ..Default::default()
        };
        assert!(faults(options).is_empty());
    }

    #[test]
    fn a_path_in_the_base_url_is_better_auths_own_base_path() {
        for (url, jwks_url) in [
            ("https://app.example/", "https://app.example/api/auth/jwks"),
            ("https://app.example/auth/", "https://app.example/auth/jwks"),
        ] {
            assert_eq!(default_jwks_url(&BaseUrl::parse(url).unwrap()), jwks_url);
        }
    }

    #[test]
    fn every_fault_is_named_at_once() {
        assert_eq!(faults(VerifierOptions::default()), ["baseURL"]);
        let options = VerifierOptions {
            base_url: text("app.example"),
            jwks_url: text("ftp://x"),
            issuer: Some(vec![]),
            audience: Some(vec![String::new()]),
            algorithms: Some(vec!["EdDSA".into(), "none".into(), "HS256".into(), "eddsa".into()]),
            clock_tolerance: Some(300.5),
            user_claim: text(""),
            ..Default::default()
        };
        let named = faults(options);
        let expected = [
            "baseURL",
            "jwksUrl",
            "issuer",
            "audience",
            "algorithms",
            "algorithms",
            "algorithms",
            "clockTolerance",
            "userClaim",
        ];
        assert_eq!(named, expected);
        for (jwks, jwks_url) in
            [(Some("{}"), None), (Some(r#"{"keys":[]}"#), Some("https://a.example"))]
        {
            let options = VerifierOptions {
                base_url: text("https://app.example"),
                jwks: jwks.and_then(text),
                jwks_url: jwks_url.and_then(text),
                ..Default::default()
            };
            assert_eq!(faults(options), ["jwks"]);
        }
    }

    #[test]
    fn issuer_and_audience_are_required_where_no_base_url_gives_them() {
        let jwks_url = text("https://keys.example/jwks.json");
        assert_eq!(faults(VerifierOptions { jwks_url, ..Default::default() }), ["issuer"]);
    }
}
