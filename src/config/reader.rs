//! Reads settings one by one. If a setting is wrong, the reader notes the error and returns a value
//! with which the next reading can go on.

use crate::base_url::BaseUrl;
use crate::config::bindings::RevocationsBinding;
use crate::config::error::{SettingError, SettingErrors};
use crate::config::origin_pattern::OriginPattern;
use crate::config::settings_table::{Kind, Naming, Setting};
use crate::config::value::SettingValue;
use crate::jose::{Algorithm, Json};

/// The settings, and the errors in them that it has found so far.
pub(crate) struct Reader<'s> {
    source: &'s dyn Fn(&str) -> Option<SettingValue>,
    within_app: bool,
    revocations: Option<RevocationsBinding>,
    pub(crate) errors: SettingErrors,
}

impl<'s> Reader<'s> {
    /// A reader of variables.
    pub(crate) fn new(source: &'s dyn Fn(&str) -> Option<SettingValue>) -> Self {
        Self::beside(source, SettingErrors::new(Naming::Variables))
    }

    /// The same if a host has found errors already.
    pub(crate) fn beside(
        source: &'s dyn Fn(&str) -> Option<SettingValue>,
        errors: SettingErrors,
    ) -> Self {
        Self { source, within_app: false, revocations: None, errors }
    }

    /// The same for an edge that is part of an application.
    pub(crate) fn within_app(self) -> Self {
        Self { within_app: true, ..self }
    }

    /// The same for a host with this store of revocations.
    pub(crate) fn with_revocations(self, revocations: Option<RevocationsBinding>) -> Self {
        Self { revocations, ..self }
    }

    /// The host's store of revocations.
    pub(crate) fn revocations(&self) -> Option<RevocationsBinding> {
        self.revocations
    }

    /// Whether the edge is part of an application, which handles what does not go to the upstream.
    pub(crate) fn is_within_app(&self) -> bool {
        self.within_app
    }

    /// The source of the values.
    pub(crate) fn source(&self) -> &'s dyn Fn(&str) -> Option<SettingValue> {
        self.source
    }

    /// The errors so far.
    pub(crate) fn into_errors(self) -> Vec<SettingError> {
        self.errors.into_vec()
    }

    /// Whether the reader has found no error so far.
    pub(crate) fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// How the operator calls settings.
    pub(crate) fn naming(&self) -> Naming {
        self.errors.naming()
    }

    /// The name that the operator writes for a setting: for texts about it.
    pub(crate) fn name_of(&self, setting: &'static str) -> &'static str {
        self.errors.name_of(setting)
    }

    /// The value of a setting, unless it is blank.
    fn value(&self, setting: &'static str) -> Option<SettingValue> {
        debug_assert!(Setting::named(setting).is_some(), "{setting} is not in the settings table");
        let value = (self.source)(setting)?;
        let is_blank = matches!(&value, SettingValue::Variable(text) if text.trim().is_empty());
        (!is_blank).then_some(value)
    }

    /// Text, or the JSON of a table or a list. A variable's text is trimmed, unless it is a URL, in
    /// which whitespace is an error.
    pub(crate) fn text(&self, setting: &'static str) -> Option<String> {
        match self.value(setting)? {
            SettingValue::Variable(text) if !is_url(setting) => Some(text.trim().to_owned()),
            SettingValue::Variable(text) | SettingValue::Text(text) => Some(text),
            SettingValue::Json(json) => Some(json),
            // `SettingValues::set` rejects values of other types
            _ => None,
        }
    }

    /// Whether that setting is present, though it may be wrong.
    pub(crate) fn is_given(&self, setting: &'static str) -> bool {
        self.has_error(setting) || self.value(setting).is_some()
    }

    /// Whether that setting has an error. What follows from it is not an error too.
    pub(crate) fn has_error(&self, setting: &str) -> bool {
        self.errors.has(setting)
    }

    pub(crate) fn error(&mut self, setting: &'static str, detail: impl Into<String>) {
        self.errors.add(setting, detail);
    }

    pub(crate) fn note(&mut self, error: SettingError) {
        self.errors.note(error);
    }

    /// An error in the entry with that index.
    pub(crate) fn error_at(&mut self, setting: &'static str, index: usize, detail: &[&str]) {
        let detail = detail.concat();
        self.error(setting, format!("[{index}]: {detail}"));
    }

    /// An error in the item of a list with that index. It does not repeat the item, which may be a
    /// secret in the wrong place.
    pub(crate) fn item_error(&mut self, setting: &'static str, index: usize, detail: &str) {
        self.error(setting, item_detail(index, detail));
    }

    pub(crate) fn required(&mut self, setting: &'static str) -> Option<String> {
        let text = self.text(setting);
        if text.is_none() && !self.has_error(setting) {
            self.error(setting, "is required");
        }
        text
    }

    pub(crate) fn url(&mut self, setting: &'static str, text: &str) -> Option<BaseUrl> {
        self.errors.ok(setting, BaseUrl::parse(text))
    }

    /// An origin as browsers write it (RFC 6454, section 6.2), because it is compared byte by byte.
    pub(crate) fn origin(&mut self, setting: &'static str) -> Option<String> {
        let text = self.text(setting)?;
        let url = self.url(setting, &text)?;
        let origin = url.origin();
        if !url.path().is_empty() || text.ends_with('/') {
            self.error(setting, ["must be an origin, without a path: write ", origin].concat());
        }
        Some(origin.to_owned())
    }

    pub(crate) fn list(&self, setting: &'static str) -> Option<Vec<String>> {
        match self.value(setting)? {
            SettingValue::Variable(text) => {
                Some(text.split(',').map(|value| value.trim().to_owned()).collect())
            }
            SettingValue::Text(text) => Some(vec![text]),
            SettingValue::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    /// The secret, if one of the algorithms uses a secret. Otherwise the secret may serve other
    /// purposes only.
    pub(crate) fn secret(&self, algorithms: &Option<Vec<String>>) -> Option<Vec<u8>> {
        let named = algorithms.iter().flatten().filter_map(|name| Algorithm::from_name(name));
        let needed = named.into_iter().any(Algorithm::is_symmetric);
        self.better_auth_secret().filter(|_| needed)
    }

    /// The secret, for all that Better Auth uses it for. It is never trimmed: every byte counts.
    pub(crate) fn better_auth_secret(&self) -> Option<Vec<u8>> {
        const SECRET: &str = "BETTER_AUTH_SECRET";
        match self.value(SECRET) {
            Some(SettingValue::Variable(text) | SettingValue::Text(text)) => {
                Some(text.into_bytes())
            }
            Some(SettingValue::Bytes(bytes)) => Some(bytes),
            // stands in for a secret that is unreadable, so that no error says that it is missing
            _ => self.errors.is_unreadable(SECRET).then(|| vec![b'-'; 64]),
        }
    }

    /// Adds an error if the setting requires `BETTER_AUTH_URL` and that is absent.
    pub(crate) fn needs_auth_url(&mut self, setting: &'static str, why: &str) {
        const URL: &str = "BETTER_AUTH_URL";
        if self.is_within_app() && !self.is_given(URL) {
            self.error(setting, ["needs ", self.name_of(URL), ", ", why].concat());
        }
    }

    /// The URL of Better Auth with its base path; `None` if it is not a URL, which is an error
    /// where tokens are read.
    pub(crate) fn auth_url(&self) -> Option<BaseUrl> {
        let url = BaseUrl::parse(&self.text("BETTER_AUTH_URL")?).ok()?;
        match self.text("BETTER_AUTH_BASE_PATH") {
            Some(base_path) => url.with_base_path(&base_path).ok(),
            None => Some(url),
        }
    }

    /// A list of origins, or patterns of them.
    pub(crate) fn origins(&mut self, setting: &'static str) -> Vec<OriginPattern> {
        let mut origins = Vec::new();
        for (index, text) in self.list(setting).unwrap_or_default().iter().enumerate() {
            match OriginPattern::parse(text) {
                Ok(origin) => origins.push(origin),
                Err(error) => self.item_error(setting, index, &error),
            }
        }
        origins
    }

    /// A number. Anything else becomes NaN, which every check rejects.
    pub(crate) fn number(&self, setting: &'static str) -> Option<f64> {
        let number = |text: String| match Json::parse(text.trim()) {
            Ok(Json::Number(number)) => number.as_f64(),
            _ => None,
        };
        match self.value(setting)? {
            SettingValue::Number(number) => Some(number),
            SettingValue::Variable(text) => Some(number(text).unwrap_or(f64::NAN)),
            _ => Some(f64::NAN),
        }
    }

    pub(crate) fn switch(&mut self, setting: &'static str, default: bool) -> bool {
        self.optional_switch(setting).unwrap_or(default)
    }

    /// A switch whose default depends on other settings.
    pub(crate) fn optional_switch(&mut self, setting: &'static str) -> Option<bool> {
        let text = match self.value(setting)? {
            SettingValue::Switch(switch) => return Some(switch),
            SettingValue::Variable(text) => text,
            _ => String::new(),
        };
        match text.trim() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.error(setting, "is neither true nor false");
                None
            }
        }
    }

    pub(crate) fn json(&mut self, setting: &'static str) -> Option<Json> {
        let text = self.text(setting)?;
        self.errors.ok(setting, Json::parse(&text))
    }
}

/// What is wrong with the item with that index.
pub(crate) fn item_detail(index: usize, detail: &str) -> String {
    ["item ", &(index + 1).to_string(), " ", detail].concat()
}

fn is_url(setting: &str) -> bool {
    Setting::named(setting).is_some_and(|setting| setting.kind == Kind::Url)
}
