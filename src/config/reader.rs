//! Reads settings one by one. Each reading gives a value that lets the next go on, and notes what is
//! wrong.

use std::fmt;

use crate::base_url::BaseUrl;
use crate::config::origin_pattern::OriginPattern;
use crate::config::settings_table::{Kind, Setting};
use crate::gateway::WITHIN_APP;
use crate::jose::{Algorithm, Json};

/// The settings, and what has been found wrong with them so far.
pub(crate) struct Reader<'l> {
    lookup: &'l dyn Fn(&str) -> Option<String>,
    within_app: bool,
    /// In place of the setting, which is a text
    secret: Option<Vec<u8>>,
    faults: Vec<SettingFault>,
    /// The settings that could not even be read: nothing further is said of them
    unreadable: Vec<&'static str>,
}

impl<'l> Reader<'l> {
    pub(crate) fn new(lookup: &'l dyn Fn(&str) -> Option<String>) -> Self {
        let (faults, unreadable) = (Vec::new(), Vec::new());
        Self { lookup, within_app: false, secret: None, faults, unreadable }
    }

    /// The same for an edge that is part of an application, with the bytes of the secret where it is no text.
    #[cfg(any(feature = "js", not(feature = "worker")))]
    pub(crate) fn within_app(self, secret: Option<Vec<u8>>) -> Self {
        Self { within_app: true, secret, ..self }
    }

    /// The same where a host has found these faults already: settings that are not of their type, which it
    /// cannot give the text of, and where it has found those of `meant` under a misspelt name.
    #[cfg(any(feature = "js", not(feature = "worker")))]
    pub(crate) fn beside(self, faults: Vec<SettingFault>, meant: &[&'static str]) -> Self {
        let unreadable = faults.iter().map(SettingFault::setting).chain(meant.iter().copied());
        let unreadable = unreadable.collect();
        Self { faults, unreadable, ..self }
    }

    /// Whether the edge is part of an application, which answers what does not go to the origin.
    pub(crate) fn is_within_app(&self) -> bool {
        WITHIN_APP && self.within_app
    }

    /// What it reads from.
    pub(crate) fn lookup(&self) -> &'l dyn Fn(&str) -> Option<String> {
        self.lookup
    }

    /// Everything that is wrong so far.
    pub(crate) fn faults(self) -> Vec<SettingFault> {
        self.faults
    }

    pub(crate) fn is_faultless(&self) -> bool {
        self.faults.is_empty()
    }

    /// A setting without the space around it, unless it is a URL: that is judged as it is.
    pub(crate) fn text(&self, setting: &'static str) -> Option<String> {
        let text = self.raw(setting)?;
        let is_url = Setting::named(setting).is_some_and(|setting| setting.kind == Kind::Url);
        match text.trim() {
            "" => None,
            _ if is_url => Some(text),
            trimmed => Some(trimmed.to_owned()),
        }
    }

    fn raw(&self, setting: &'static str) -> Option<String> {
        debug_assert!(Setting::named(setting).is_some(), "{setting} is not in the settings table");
        (self.lookup)(setting)
    }

    /// Whether that setting is there, though it may be wrong.
    pub(crate) fn is_given(&self, setting: &'static str) -> bool {
        let is_in_bytes = setting == SECRET && self.secret.is_some();
        is_in_bytes || self.has_fault(setting) || self.text(setting).is_some()
    }

    /// Whether something is wrong with that setting. What follows from it is not wrong too.
    pub(crate) fn has_fault(&self, setting: &str) -> bool {
        self.unreadable.contains(&setting) || self.faults.iter().any(|it| it.setting == setting)
    }

    pub(crate) fn fault(&mut self, setting: &'static str, detail: impl Into<String>) {
        if !self.unreadable.contains(&setting) {
            self.note(SettingFault::new(setting, detail));
        }
    }

    pub(crate) fn note(&mut self, fault: SettingFault) {
        // what is read again for another purpose is not wrong twice
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// The same about the entry with that index.
    pub(crate) fn fault_at(&mut self, setting: &'static str, index: usize, detail: &[&str]) {
        let detail = detail.concat();
        self.fault(setting, format!("[{index}]: {detail}"));
    }

    pub(crate) fn required(&mut self, setting: &'static str) -> Option<String> {
        let text = self.text(setting);
        if text.is_none() && !self.has_fault(setting) {
            self.fault(setting, "is required");
        }
        text
    }

    pub(crate) fn url(&mut self, setting: &'static str, text: &str) -> Option<BaseUrl> {
        BaseUrl::parse(text).map_err(|fault| self.fault(setting, fault)).ok()
    }

    /// An origin as browsers write it (RFC 6454, section 6.2): others compare it letter by letter.
    pub(crate) fn origin(&mut self, setting: &'static str) -> Option<String> {
        let text = self.text(setting)?;
        let url = self.url(setting, &text)?;
        let origin = url.origin();
        if !url.path().is_empty() || text.ends_with('/') {
            self.fault(setting, ["must be an origin, without a path: write ", origin].concat());
        }
        Some(origin.to_owned())
    }

    /// A comma-separated list.
    pub(crate) fn list(&self, setting: &'static str) -> Option<Vec<String>> {
        let text = self.text(setting)?;
        Some(text.split(',').map(|value| value.trim().to_owned()).collect())
    }

    /// The secret counts only where an algorithm that needs one is named: without, the same secret
    /// may be there for other purposes.
    pub(crate) fn secret(&self, algorithms: &Option<Vec<String>>) -> Option<Vec<u8>> {
        let named = algorithms.iter().flatten().filter_map(|name| Algorithm::from_name(name));
        let needed = named.into_iter().any(Algorithm::is_symmetric);
        self.better_auth_secret().filter(|_| needed)
    }

    /// The secret, for whatever Better Auth uses it.
    pub(crate) fn better_auth_secret(&self) -> Option<Vec<u8>> {
        // not trimmed: every byte counts
        if let Some(secret) = &self.secret {
            return Some(secret.clone());
        }
        let secret = self.raw(SECRET).or_else(|| self.stand_in())?;
        (!secret.trim().is_empty()).then(|| secret.into_bytes())
    }

    /// Notes a setting that is of no use without `BETTER_AUTH_URL`, where that may be absent.
    pub(crate) fn needs_auth_url(&mut self, setting: &'static str, why: &str) {
        if self.is_within_app() && !self.is_given("BETTER_AUTH_URL") {
            self.fault(setting, ["needs BETTER_AUTH_URL, ", why].concat());
        }
    }

    /// Something for a secret that could not be read, so that nothing says that there is none.
    fn stand_in(&self) -> Option<String> {
        self.unreadable.contains(&SECRET).then(|| "-".repeat(64))
    }

    /// Where Better Auth is, with its base path. What is no URL is a fault where tokens are read.
    pub(crate) fn auth_url(&self) -> Option<BaseUrl> {
        let url = BaseUrl::parse(&self.text("BETTER_AUTH_URL")?).ok()?;
        match self.text("BETTER_AUTH_BASE_PATH") {
            Some(base_path) => url.with_base_path(&base_path).ok(),
            None => Some(url),
        }
    }

    /// A list of origins of pages, or patterns of them.
    pub(crate) fn origins(&mut self, setting: &'static str) -> Vec<OriginPattern> {
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
    pub(crate) fn number(&self, setting: &'static str) -> Option<f64> {
        let number = |text: String| match Json::parse(&text) {
            Ok(Json::Number(number)) => number.as_f64(),
            _ => None,
        };
        self.text(setting).map(|text| number(text).unwrap_or(f64::NAN))
    }

    pub(crate) fn switch(&mut self, setting: &'static str, default: bool) -> bool {
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
    pub(crate) fn optional_switch(&mut self, setting: &'static str) -> Option<bool> {
        self.text(setting).map(|_| self.switch(setting, false))
    }

    pub(crate) fn json(&mut self, setting: &'static str) -> Option<Json> {
        let text = self.text(setting)?;
        Json::parse(&text).map_err(|error| self.fault(setting, error.to_string())).ok()
    }
}

const SECRET: &str = "BETTER_AUTH_SECRET";

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SettingFault {
    setting: &'static str,
    /// Another name by which it is given
    written: Option<String>,
    detail: String,
}

impl SettingFault {
    /// What is wrong with a setting or a binding, as half a sentence.
    pub fn new(setting: &'static str, detail: impl Into<String>) -> Self {
        Self { setting, written: None, detail: detail.into() }
    }

    /// A variable whose name is nearly that of a setting or a binding.
    pub(crate) fn misspelt(written: &str, setting: &'static str) -> Self {
        let kind = if Setting::named(setting).is_some() { "setting" } else { "binding" };
        let detail = ["is not a ", kind, ", but ", setting, " is"].concat();
        Self { setting, written: Some(written.to_owned()), detail }
    }

    /// What is wrong with it, as half a sentence.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The name of the setting.
    pub fn setting(&self) -> &'static str {
        self.setting
    }
}

impl fmt::Display for SettingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.written.as_deref().unwrap_or(self.setting), self.detail)
    }
}
