//! The checks of options. Each adds its errors, and returns a value with which the next can go on.

use crate::base_url::{BaseUrl, KeyUrl};
use crate::claims::{MAX_CLOCK_TOLERANCE, Profile, UserClaim};
use crate::config::error::SettingErrors;
use crate::config::reader::item_detail;
use crate::crypto::{Secret, TableSettings};
use crate::jose::Algorithm;
use crate::keys::KeySet;

/// The algorithms that Better Auth can sign with.
pub const DEFAULT_ALGORITHMS: [Algorithm; 5] =
    [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es512, Algorithm::Ps256, Algorithm::Rs256];

/// Checks options, and adds their errors to these.
pub(super) struct Checks<'e>(pub(super) &'e mut SettingErrors);

impl Checks<'_> {
    /// Adds an error; there is no value.
    pub(super) fn fail<T>(
        &mut self,
        setting: &'static str,
        detail: impl Into<String>,
    ) -> Option<T> {
        self.0.add(setting, detail);
        None
    }

    pub(super) fn url(&mut self, setting: &'static str, text: &str) -> Option<BaseUrl> {
        self.0.ok(setting, BaseUrl::parse(text))
    }

    pub(super) fn key_url(&mut self, setting: &'static str, text: &str) -> Option<KeyUrl> {
        self.0.ok(setting, KeyUrl::parse(text))
    }

    /// The base URL with Better Auth's base path, if that is an option of its own.
    pub(super) fn base_path(
        &mut self,
        base: Option<BaseUrl>,
        base_path: Option<&str>,
    ) -> Option<BaseUrl> {
        const SETTING: &str = "BETTER_AUTH_BASE_PATH";
        let Some(base_path) = base_path else { return base };
        match base {
            Some(base) => {
                let url = base.clone().with_base_path(base_path);
                self.0.ok(SETTING, url).or(Some(base))
            }
            // the base path may be wrong by itself
            None if self.0.has("BETTER_AUTH_URL") => {
                let any = BaseUrl::parse("https://missing.invalid").ok()?;
                self.0.ok(SETTING, any.with_base_path(base_path)).and(None)
            }
            None => {
                let url = self.0.name_of("BETTER_AUTH_URL");
                self.fail(SETTING, ["needs ", url].concat())
            }
        }
    }

    pub(super) fn profile(&mut self, name: Option<&str>) -> Profile {
        let profile = name.map_or(Some(Profile::default()), Profile::from_name);
        let known = "is not session, access-token, session-cache or edge-assertion";
        profile.or_else(|| self.fail("PROFILE", known)).unwrap_or_default()
    }

    /// Published keys and secrets have different algorithms.
    pub(super) fn algorithms(
        &mut self,
        names: Option<&[String]>,
        by_secret: bool,
    ) -> Vec<Algorithm> {
        const SETTING: &str = "ALGORITHMS";
        let Some(names) = names else {
            if by_secret {
                let detail = "must name HS256, HS384 or HS512 beside a secret";
                let cure = "; for session cookies give it to verifyRequest";
                self.0.add(SETTING, [detail, cure].concat());
            }
            return DEFAULT_ALGORITHMS.to_vec();
        };
        if names.is_empty() {
            self.0.add(SETTING, "is empty");
        }
        let mut algorithms = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let why_not = match Algorithm::from_name(name) {
                None => {
                    self.0.add(SETTING, item_detail(index, "is not an algorithm, such as EdDSA"));
                    continue;
                }
                Some(algorithm) if algorithm.is_symmetric() == by_secret => {
                    algorithms.push(algorithm);
                    continue;
                }
                Some(_) if by_secret => "is not for a secret",
                Some(_) => "needs a secret",
            };
            self.0.add(SETTING, format!("names {name}, which {why_not}"));
        }
        algorithms
    }

    pub(super) fn secret(&mut self, bytes: &[u8], algorithms: &[Algorithm]) -> Option<Secret> {
        self.0.ok("BETTER_AUTH_SECRET", Secret::new(bytes, algorithms))
    }

    pub(super) fn key_set(&mut self, text: &str) -> Option<KeySet> {
        let set = KeySet::parse(text.as_bytes());
        self.0.ok("JWKS", set.map_err(|error| format!("is not a JWK Set: {error}")))
    }

    pub(super) fn values(
        &mut self,
        setting: &'static str,
        given: Option<&[String]>,
        default: Option<String>,
    ) -> Vec<String> {
        let Some(values) = given else {
            // a base URL that is wrong has its own error
            if default.is_none() && !self.0.has("BETTER_AUTH_URL") {
                self.0.add(setting, "is required without a base URL");
            }
            return default.into_iter().collect();
        };
        if values.is_empty() || values.iter().any(String::is_empty) {
            self.0.add(setting, "is empty or has an empty member");
        }
        values.to_vec()
    }

    /// At least one name, and no empty one.
    pub(super) fn names(
        &mut self,
        setting: &'static str,
        given: Option<Vec<String>>,
    ) -> Option<Vec<String>> {
        let names = given?;
        match names.is_empty() || names.iter().any(String::is_empty) {
            true => self.fail(setting, "is empty or has an empty member"),
            false => Some(names),
        }
    }

    pub(super) fn clock_tolerance(&mut self, seconds: Option<f64>) -> u16 {
        let seconds = seconds.unwrap_or(DEFAULT_CLOCK_TOLERANCE);
        if seconds.fract() == 0.0 && (0.0..=f64::from(MAX_CLOCK_TOLERANCE)).contains(&seconds) {
            return seconds as u16;
        }
        let detail = format!("is not a whole number of seconds from 0 to {MAX_CLOCK_TOLERANCE}");
        self.fail("CLOCK_TOLERANCE", detail).unwrap_or_default()
    }

    /// A time span above zero, in seconds.
    pub(super) fn seconds(&mut self, setting: &'static str, seconds: Option<f64>) -> Option<f64> {
        match seconds? {
            seconds if seconds.is_finite() && seconds > 0.0 => Some(seconds),
            _ => self.fail(setting, "is not a time span above zero"),
        }
    }

    /// A whole number, 0 or more.
    pub(super) fn count(
        &mut self,
        setting: &'static str,
        given: Option<f64>,
        default: usize,
    ) -> usize {
        match given {
            None => default,
            Some(count) if count.fract() == 0.0 && (0.0..=1e9).contains(&count) => count as usize,
            Some(_) => self.fail(setting, "is not a whole number from 0 up").unwrap_or(default),
        }
    }

    pub(super) fn table_window(&mut self, bits: f64) -> Option<TableSettings> {
        let whole = (bits.fract() == 0.0 && (0.0..=8.0).contains(&bits)).then_some(bits as u32);
        let detail = "is neither 0 nor a whole number from 4 to 8";
        whole.and_then(TableSettings::with_window).or_else(|| self.fail("TABLE_WINDOW", detail))
    }

    pub(super) fn user_claim(&mut self, names: Option<Vec<String>>) -> UserClaim {
        let Some(names) = names else {
            return UserClaim::default();
        };
        let empty = "is empty or has an empty member";
        UserClaim::new(names).or_else(|| self.fail("USER_CLAIM", empty)).unwrap_or_default()
    }
}

const DEFAULT_CLOCK_TOLERANCE: f64 = 5.0;
