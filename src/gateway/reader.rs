//! Reads settings one by one. Each reading gives a value that lets the next go on, and notes what is
//! wrong.

use std::fmt;

use super::WITHIN_APP;
use super::origin_pattern::OriginPattern;
use crate::base_url::BaseUrl;
use crate::jose::{Algorithm, Json};

/// The settings, and what has been found wrong with them so far.
pub(super) struct Reader<'l> {
    lookup: &'l dyn Fn(&str) -> Option<String>,
    within_app: bool,
    faults: Vec<SettingFault>,
}

impl<'l> Reader<'l> {
    pub(super) fn new(lookup: &'l dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, within_app: false, faults: Vec::new() }
    }

    /// The same for an edge that is part of an application.
    #[cfg(any(feature = "js", not(feature = "worker")))]
    pub(super) fn within_app(self) -> Self {
        Self { within_app: true, ..self }
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
        self.better_auth_secret().filter(|_| needed)
    }

    /// The secret, for whatever Better Auth uses it.
    pub(super) fn better_auth_secret(&self) -> Option<Vec<u8>> {
        // not trimmed: every byte counts
        let secret = (self.lookup)("BETTER_AUTH_SECRET")?;
        (!secret.trim().is_empty()).then(|| secret.into_bytes())
    }

    /// Where Better Auth is. What is no URL is a fault where tokens are read.
    pub(super) fn auth_url(&self) -> Option<BaseUrl> {
        BaseUrl::parse(&self.text("BETTER_AUTH_URL")?).ok()
    }

    /// A list of origins of pages, or patterns of them.
    pub(super) fn origins(&mut self, setting: &'static str) -> Vec<OriginPattern> {
        let mut origins = Vec::new();
        for text in self.list(setting).unwrap_or_default() {
            match OriginPattern::parse(&text) {
                Ok(origin) => origins.push(origin),
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

    /// A switch whose default is not known here.
    pub(super) fn optional_switch(&mut self, setting: &'static str) -> Option<bool> {
        self.text(setting).map(|_| self.switch(setting, false))
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
