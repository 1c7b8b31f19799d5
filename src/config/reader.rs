//! Reads settings one by one. A setting with an error gets a usable value, so that reading continues
//! and finds all errors.

use crate::base_url::BaseUrl;
use crate::config::error::SettingError;
use crate::config::origin_pattern::OriginPattern;
use crate::config::table::{self, Kind};
use crate::config::value::{Options, Value};
use crate::jose::{Algorithm, Json};

/// The settings, and the errors found in them.
pub(crate) struct Reader<'l> {
    lookup: &'l dyn Fn(&str) -> Option<Value>,
    within_app: bool,
    errors: Vec<SettingError>,
    /// Settings of the wrong type or with a misspelled name. Further errors about them would mislead
    unreadable: Vec<&'static str>,
}

impl<'l> Reader<'l> {
    pub(crate) fn new(lookup: &'l dyn Fn(&str) -> Option<Value>) -> Self {
        Self { lookup, within_app: false, errors: Vec::new(), unreadable: Vec::new() }
    }

    /// Reads JavaScript options, for an edge within an application. `lookup` must return their
    /// values.
    pub(crate) fn of_options(lookup: &'l dyn Fn(&str) -> Option<Value>, options: &Options) -> Self {
        let errors = options.errors.clone();
        let unreadable = errors.iter().map(SettingError::setting);
        let unreadable = unreadable.chain(options.misspelled.iter().copied()).collect();
        Self { lookup, within_app: true, errors, unreadable }
    }

    /// Whether the edge is part of an application, which handles requests that no rule sends to the
    /// upstream.
    pub(crate) fn is_within_app(&self) -> bool {
        self.within_app
    }

    /// The values of all settings.
    pub(crate) fn lookup(&self) -> &'l dyn Fn(&str) -> Option<Value> {
        self.lookup
    }

    /// The text of any variable.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        match (self.lookup)(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The settings of the wrong type or with a misspelled name.
    pub(crate) fn unreadable(&self) -> &[&'static str] {
        &self.unreadable
    }

    /// All errors.
    pub(crate) fn errors(self) -> Vec<SettingError> {
        self.errors
    }

    pub(crate) fn has_no_errors(&self) -> bool {
        self.errors.is_empty()
    }

    /// The text of a setting, trimmed unless the setting is a URL.
    pub(crate) fn text(&self, setting: &'static str) -> Option<String> {
        let Value::Text(text) = self.value(setting)? else { return None };
        let is_url = table::setting(setting).is_some_and(|setting| setting.kind == Kind::Url);
        match text.trim() {
            "" => None,
            _ if is_url => Some(text),
            trimmed => Some(trimmed.to_owned()),
        }
    }

    fn value(&self, setting: &'static str) -> Option<Value> {
        debug_assert!(table::setting(setting).is_some(), "src/config/table.rs lacks {setting}");
        (self.lookup)(setting)
    }

    /// Whether the setting is present, even if it has an error.
    pub(crate) fn is_present(&self, setting: &'static str) -> bool {
        self.has_error(setting)
            || match self.value(setting) {
                Some(Value::Text(text)) => !text.trim().is_empty(),
                value => value.is_some(),
            }
    }

    /// Whether the setting has an error. Its consequences are not errors of their own.
    pub(crate) fn has_error(&self, setting: &str) -> bool {
        self.unreadable.contains(&setting) || self.errors.iter().any(|it| it.setting() == setting)
    }

    /// Adds an error. `detail` completes a sentence that begins with the name of the setting.
    pub(crate) fn error(&mut self, setting: &'static str, detail: impl Into<String>) {
        if !self.unreadable.contains(&setting) {
            self.add(SettingError::new(setting, detail));
        }
    }

    pub(crate) fn add(&mut self, error: SettingError) {
        // a setting that is read twice has its error once
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    /// Adds an error about the entry with that index.
    pub(crate) fn error_at(&mut self, setting: &'static str, index: usize, detail: &[&str]) {
        let detail = detail.concat();
        self.error(setting, format!("[{index}]: {detail}"));
    }

    pub(crate) fn required(&mut self, setting: &'static str) -> Option<String> {
        let text = self.text(setting);
        if text.is_none() && !self.has_error(setting) {
            self.error(setting, "is required");
        }
        text
    }

    pub(crate) fn url(&mut self, setting: &'static str, text: &str) -> Option<BaseUrl> {
        BaseUrl::parse(text).map_err(|error| self.error(setting, error)).ok()
    }

    /// An origin in the form of RFC 6454, section 6.2, which servers compare byte by byte.
    pub(crate) fn origin(&mut self, setting: &'static str) -> Option<String> {
        let text = self.text(setting)?;
        let url = self.url(setting, &text)?;
        let origin = url.origin();
        if !url.path().is_empty() || text.ends_with('/') {
            self.error(setting, ["must be an origin, without a path: write ", origin].concat());
        }
        Some(origin.to_owned())
    }

    /// A list, which text separates by commas.
    pub(crate) fn list(&self, setting: &'static str) -> Option<Vec<String>> {
        if let Some(Value::Texts(texts)) = self.value(setting) {
            return Some(texts);
        }
        let text = self.text(setting)?;
        Some(text.split(',').map(|value| value.trim().to_owned()).collect())
    }

    /// Better Auth's secret if an algorithm requires it. Without one, the secret can be set for other
    /// purposes.
    pub(crate) fn secret(&self, algorithms: &Option<Vec<String>>) -> Option<Vec<u8>> {
        let named = algorithms.iter().flatten().filter_map(|name| Algorithm::from_name(name));
        let needed = named.into_iter().any(Algorithm::is_symmetric);
        self.better_auth_secret().filter(|_| needed)
    }

    /// Better Auth's secret. Not trimmed, because every byte counts.
    pub(crate) fn better_auth_secret(&self) -> Option<Vec<u8>> {
        match self.value(SECRET) {
            Some(Value::Bytes(secret)) => Some(secret),
            Some(Value::Text(secret)) if !secret.trim().is_empty() => Some(secret.into_bytes()),
            // so that no error says that it is absent
            _ => self.unreadable.contains(&SECRET).then(|| vec![b'-'; 64]),
        }
    }

    /// Adds an error if a setting requires `BETTER_AUTH_URL`, which an application may omit.
    pub(crate) fn needs_auth_url(&mut self, setting: &'static str, why: &str) {
        if self.is_within_app() && !self.is_present("BETTER_AUTH_URL") {
            self.error(setting, ["needs BETTER_AUTH_URL, ", why].concat());
        }
    }

    /// Better Auth's URL with its base path. `None` for an invalid URL, whose error is reported with the
    /// settings of tokens.
    pub(crate) fn auth_url(&self) -> Option<BaseUrl> {
        let url = BaseUrl::parse(&self.text("BETTER_AUTH_URL")?).ok()?;
        match self.text("BETTER_AUTH_BASE_PATH") {
            Some(base_path) => url.with_base_path(&base_path).ok(),
            None => Some(url),
        }
    }

    /// A list of origins or patterns of origins.
    pub(crate) fn origins(&mut self, setting: &'static str) -> Vec<OriginPattern> {
        let mut origins = Vec::new();
        for text in self.list(setting).unwrap_or_default() {
            match OriginPattern::parse(&text) {
                Ok(origin) => origins.push(origin),
                Err(error) => self.error(setting, format!("names {text}, which {error}")),
            }
        }
        origins
    }

    /// A number. NaN for text that is not a number: no check accepts it.
    pub(crate) fn number(&self, setting: &'static str) -> Option<f64> {
        if let Some(Value::Number(number)) = self.value(setting) {
            return Some(number);
        }
        let number = |text: String| match Json::parse(&text) {
            Ok(Json::Number(number)) => number.as_f64(),
            _ => None,
        };
        self.text(setting).map(|text| number(text).unwrap_or(f64::NAN))
    }

    pub(crate) fn switch(&mut self, setting: &'static str, default: bool) -> bool {
        if let Some(Value::Switch(value)) = self.value(setting) {
            return value;
        }
        match self.text(setting).as_deref() {
            None => default,
            Some("true") => true,
            Some("false") => false,
            Some(_) => {
                self.error(setting, "is neither true nor false");
                default
            }
        }
    }

    /// A switch without a default.
    pub(crate) fn optional_switch(&mut self, setting: &'static str) -> Option<bool> {
        let is_set = self.value(setting).is_some_and(|value| match value {
            Value::Text(text) => !text.trim().is_empty(),
            _ => true,
        });
        is_set.then(|| self.switch(setting, false))
    }

    pub(crate) fn json(&mut self, setting: &'static str) -> Option<Json> {
        let text = self.text(setting)?;
        Json::parse(&text).map_err(|error| self.error(setting, error.to_string())).ok()
    }
}

const SECRET: &str = "BETTER_AUTH_SECRET";
