//! Reads settings one by one. Each reading gives a value that lets the next go on, and notes what is
//! wrong.

use std::fmt;

use super::WITHIN_APP;
use crate::base_url::BaseUrl;
use crate::jose::{Algorithm, Json};

/// The settings, and what has been found wrong with them so far.
pub(super) struct Reader<'l> {
    lookup: &'l dyn Fn(&str) -> Option<String>,
    within_app: bool,
    /// In place of the setting, which is a text
    secret: Option<Vec<u8>>,
    faults: Vec<SettingFault>,
}

impl<'l> Reader<'l> {
    pub(super) fn new(lookup: &'l dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, within_app: false, secret: None, faults: Vec::new() }
    }

    /// The same for an edge that is part of an application, with the bytes of the secret where it is no text.
    #[cfg(any(feature = "js", not(feature = "worker")))]
    pub(super) fn within_app(self, secret: Option<Vec<u8>>) -> Self {
        Self { within_app: true, secret, ..self }
    }

    /// Whether the edge is part of an application, which answers what does not go to the origin.
    pub(super) fn is_within_app(&self) -> bool {
        WITHIN_APP && self.within_app
    }

    /// What it reads from.
    pub(super) fn lookup(&self) -> &'l dyn Fn(&str) -> Option<String> {
        self.lookup
    }

    /// Everything that is wrong so far.
    pub(super) fn faults(self) -> Vec<SettingFault> {
        self.faults
    }

    pub(super) fn is_faultless(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn text(&self, setting: &'static str) -> Option<String> {
        (self.lookup)(setting).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    pub(super) fn fault(&mut self, setting: &'static str, detail: impl Into<String>) {
        let fault = SettingFault::new(setting, detail);
        // what is read again for another purpose is not wrong twice
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// The same about the entry with that index.
    pub(super) fn fault_at(&mut self, setting: &'static str, index: usize, detail: &[&str]) {
        let detail = detail.concat();
        self.fault(setting, format!("[{index}]: {detail}"));
    }

    pub(super) fn required(&mut self, setting: &'static str) -> Option<String> {
        let text = self.text(setting);
        if text.is_none() {
            self.fault(setting, "is required");
        }
        text
    }

    pub(super) fn url(&mut self, setting: &'static str, text: &str) -> Option<BaseUrl> {
        BaseUrl::parse(text).map_err(|fault| self.fault(setting, fault)).ok()
    }

    /// A comma-separated list.
    pub(super) fn list(&self, setting: &'static str) -> Option<Vec<String>> {
        let text = self.text(setting)?;
        Some(text.split(',').map(|value| value.trim().to_owned()).collect())
    }

    /// The secret counts only where an algorithm that needs one is named: without, the same secret
    /// may be there for other purposes.
    pub(super) fn secret(&self, algorithms: &Option<Vec<String>>) -> Option<Vec<u8>> {
        let named = algorithms.iter().flatten().filter_map(|name| Algorithm::from_name(name));
        let needed = named.into_iter().any(Algorithm::is_symmetric);
        // not trimmed: every byte counts
        let text = || (self.lookup)("BETTER_AUTH_SECRET").map(String::into_bytes);
        self.secret.clone().or_else(text).filter(|_| needed)
    }

    /// Whether there is a secret, whatever it is for.
    pub(super) fn has_secret(&self) -> bool {
        self.secret.is_some() || self.text("BETTER_AUTH_SECRET").is_some()
    }

    /// Notes a setting that is of no use without `BETTER_AUTH_URL`, where that may be absent.
    pub(super) fn needs_auth_url(&mut self, setting: &'static str, why: &str) {
        if self.is_within_app() && self.text("BETTER_AUTH_URL").is_none() {
            self.fault(setting, ["needs baseURL, ", why].concat());
        }
    }

    /// Where Better Auth is. What is no URL is a fault where tokens are read.
    pub(super) fn auth_url(&self) -> Option<BaseUrl> {
        BaseUrl::parse(&self.text("BETTER_AUTH_URL")?).ok()
    }

    /// A list of origins as browsers write them (RFC 6454, section 6.2).
    pub(super) fn origins(&mut self, setting: &'static str) -> Vec<String> {
        let mut origins = Vec::new();
        for text in self.list(setting).unwrap_or_default() {
            match BaseUrl::parse(&text) {
                Ok(url) if url.path().is_empty() => origins.push(url.origin().to_owned()),
                Ok(_) => {
                    self.fault(setting, format!("names {text}, which has a path: no origin has"))
                }
                Err(fault) => self.fault(setting, format!("names {text}, which {fault}")),
            }
        }
        origins
    }

    /// A number; what is none becomes one that no check accepts.
    pub(super) fn number(&self, setting: &'static str) -> Option<f64> {
        let number = |text: String| match Json::parse(&text) {
            Ok(Json::Number(number)) => number.as_f64(),
            _ => None,
        };
        self.text(setting).map(|text| number(text).unwrap_or(f64::NAN))
    }

    pub(super) fn switch(&mut self, setting: &'static str, default: bool) -> bool {
        match self.text(setting).as_deref() {
            None => default,
            Some("true") => true,
            Some("false") => false,
            Some(_) => {
                self.fault(setting, "is neither true nor false");
                default
            }
        }
    }

    pub(super) fn json(&mut self, setting: &'static str) -> Option<Json> {
        let text = self.text(setting)?;
        Json::parse(&text).map_err(|error| self.fault(setting, error.to_string())).ok()
    }
}

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SettingFault {
    setting: &'static str,
    detail: String,
}

impl SettingFault {
    /// What is wrong with a setting or a binding, as half a sentence.
    pub fn new(setting: &'static str, detail: impl Into<String>) -> Self {
        Self { setting, detail: detail.into() }
    }

    /// What is wrong with it, as half a sentence.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// The name of the setting.
    pub fn setting(&self) -> &'static str {
        self.setting
    }
}

impl fmt::Display for SettingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.setting, self.detail)
    }
}
