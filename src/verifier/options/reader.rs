//! Reads options one by one. Each reading gives a value that lets the next go on, and notes what is
//! wrong.

use std::fmt;

use super::key_url::KeyUrl;
use crate::base_url::BaseUrl;
use crate::claims::{MAX_CLOCK_TOLERANCE, Profile, UserClaim};
use crate::crypto::{Secret, TableSettings};
use crate::jose::Algorithm;
use crate::keys::KeySet;

/// One thing that is wrong with the options.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    option: &'static str,
    detail: String,
}

impl Fault {
    /// What is wrong with an option, as half a sentence.
    pub(crate) fn new(option: &'static str, detail: impl Into<String>) -> Self {
        Self { option, detail: detail.into() }
    }

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

pub(super) struct Reader {
    faults: Vec<Fault>,
    /// The options that could not even be read: nothing further is said of them
    unreadable: Vec<&'static str>,
}

impl Reader {
    /// A reader that knows of these faults, options that are not of their type, and of options that are
    /// given under a misspelt name.
    pub(super) fn beside(faults: Vec<Fault>, meant: &[&'static str]) -> Self {
        let unreadable = faults.iter().map(Fault::option).chain(meant.iter().copied()).collect();
        Self { faults, unreadable }
    }

    /// What was wrong.
    pub(super) fn faults(self) -> Vec<Fault> {
        self.faults
    }

    /// Whether that option is there, and not of its type or misspelt.
    pub(super) fn is_unreadable(&self, option: &str) -> bool {
        self.unreadable.contains(&option)
    }

    /// Whether something is wrong with one of these options. What follows from it is not wrong too.
    pub(super) fn is_any_wrong(&self, options: &[&str]) -> bool {
        let is_wrong = |option: &&str| self.faults.iter().any(|fault| fault.option == *option);
        options.iter().any(|option| self.is_unreadable(option) || is_wrong(option))
    }

    pub(super) fn fault<T>(
        &mut self,
        option: &'static str,
        detail: impl Into<String>,
    ) -> Option<T> {
        if !self.is_unreadable(option) {
            self.faults.push(Fault::new(option, detail));
        }
        None
    }

    fn or_fault<T, E: ToString>(
        &mut self,
        option: &'static str,
        result: Result<T, E>,
    ) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => self.fault(option, error.to_string()),
        }
    }

    pub(super) fn url(&mut self, option: &'static str, text: &str) -> Option<BaseUrl> {
        self.or_fault(option, BaseUrl::parse(text))
    }

    pub(super) fn key_url(&mut self, option: &'static str, text: &str) -> Option<KeyUrl> {
        self.or_fault(option, KeyUrl::parse(text))
    }

    /// The base URL with Better Auth's base path, if that is said apart.
    pub(super) fn base_path(
        &mut self,
        base: Option<BaseUrl>,
        base_path: Option<&str>,
    ) -> Option<BaseUrl> {
        const OPTION: &str = "basePath";
        let Some(base_path) = base_path else { return base };
        match base {
            Some(base) => {
                let url = base.clone().with_base_path(base_path);
                self.or_fault(OPTION, url).or(Some(base))
            }
            // it may be wrong by itself
            None if self.is_any_wrong(&["baseURL"]) => {
                let any = BaseUrl::parse("https://missing.invalid").ok()?;
                self.or_fault(OPTION, any.with_base_path(base_path)).and(None)
            }
            None => self.fault(OPTION, "needs baseURL"),
        }
    }

    pub(super) fn profile(&mut self, name: Option<&str>) -> Profile {
        let profile = name.map_or(Some(Profile::default()), Profile::from_name);
        let known = "is none of session, access-token, session-cache, edge-assertion";
        profile.or_else(|| self.fault("profile", known)).unwrap_or_default()
    }

    /// Published keys and secrets have different algorithms, and none has both.
    pub(super) fn algorithms(
        &mut self,
        names: Option<&[String]>,
        by_secret: bool,
    ) -> Vec<Algorithm> {
        const OPTION: &str = "algorithms";
        let Some(names) = names else {
            if by_secret {
                let detail = "must name HS256, HS384 or HS512 beside a secret";
                let cure = "; for session cookies give it to verifyRequest";
                self.fault::<()>(OPTION, [detail, cure].concat());
            }
            return Algorithm::BETTER_AUTH.to_vec();
        };
        if names.is_empty() {
            self.fault::<()>(OPTION, "is empty");
        }
        let mut algorithms = Vec::new();
        for name in names {
            let why_not = match Algorithm::from_name(name) {
                None => "is not known",
                Some(algorithm) if algorithm.is_symmetric() == by_secret => {
                    algorithms.push(algorithm);
                    continue;
                }
                Some(_) if by_secret => "is not for a secret",
                Some(_) => "needs a secret",
            };
            self.fault::<()>(OPTION, format!("names {name}, which {why_not}"));
        }
        algorithms
    }

    pub(super) fn secret(&mut self, bytes: &[u8], algorithms: &[Algorithm]) -> Option<Secret> {
        self.or_fault("secret", Secret::new(bytes, algorithms))
    }

    pub(super) fn key_set(&mut self, text: &str) -> Option<KeySet> {
        let set = KeySet::parse(text.as_bytes());
        self.or_fault("jwks", set.map_err(|error| format!("is not a JWK Set: {error}")))
    }

    pub(super) fn values(
        &mut self,
        option: &'static str,
        given: Option<&[String]>,
        default: Option<String>,
    ) -> Vec<String> {
        let Some(values) = given else {
            // a base URL that is wrong has a fault of its own
            if default.is_none() && !self.is_any_wrong(&["baseURL"]) {
                self.fault::<()>(option, "is required without a base URL");
            }
            return default.into_iter().collect();
        };
        if values.is_empty() || values.iter().any(String::is_empty) {
            self.fault::<()>(option, "is empty or has an empty member");
        }
        values.to_vec()
    }

    /// Names, none of them empty, and at least one.
    pub(super) fn names(
        &mut self,
        option: &'static str,
        given: Option<Vec<String>>,
    ) -> Option<Vec<String>> {
        let names = given?;
        match names.is_empty() || names.iter().any(String::is_empty) {
            true => self.fault(option, "is empty or has an empty member"),
            false => Some(names),
        }
    }

    pub(super) fn clock_tolerance(&mut self, seconds: Option<f64>) -> u16 {
        let seconds = seconds.unwrap_or(DEFAULT_CLOCK_TOLERANCE);
        if seconds.fract() == 0.0 && (0.0..=f64::from(MAX_CLOCK_TOLERANCE)).contains(&seconds) {
            return seconds as u16;
        }
        let fault = format!("is not a whole number of seconds from 0 to {MAX_CLOCK_TOLERANCE}");
        self.fault("clockTolerance", fault).unwrap_or_default()
    }

    /// A time span that is more than nothing.
    pub(super) fn seconds(&mut self, option: &'static str, seconds: Option<f64>) -> Option<f64> {
        match seconds? {
            seconds if seconds.is_finite() && seconds > 0.0 => Some(seconds),
            _ => self.fault(option, "is not a time span above zero"),
        }
    }

    /// A whole number from 0 up.
    pub(super) fn count(
        &mut self,
        option: &'static str,
        given: Option<f64>,
        default: usize,
    ) -> usize {
        match given {
            None => default,
            Some(count) if count.fract() == 0.0 && (0.0..=1e9).contains(&count) => count as usize,
            Some(_) => self.fault(option, "is not a whole number from 0 up").unwrap_or(default),
        }
    }

    pub(super) fn table_window(&mut self, bits: f64) -> Option<TableSettings> {
        let whole = (bits.fract() == 0.0 && (0.0..=8.0).contains(&bits)).then_some(bits as u32);
        let fault = "is neither 0 nor a whole number from 4 to 8";
        whole.and_then(TableSettings::with_window).or_else(|| self.fault("tableWindow", fault))
    }

    pub(super) fn user_claim(&mut self, names: Option<Vec<String>>) -> UserClaim {
        let Some(names) = names else {
            return UserClaim::default();
        };
        let empty = "is empty or has an empty member";
        UserClaim::new(names).or_else(|| self.fault("userClaim", empty)).unwrap_or_default()
    }
}

const DEFAULT_CLOCK_TOLERANCE: f64 = 5.0;
