//! Errors in settings.

use std::fmt;

use super::table;

/// An error in a setting.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SettingError {
    setting: &'static str,
    /// The misspelled name of the setting
    misspelled: Option<String>,
    detail: String,
}

impl SettingError {
    /// An error in a setting or a binding. `detail` completes a sentence that begins with its name.
    pub fn new(setting: &'static str, detail: impl Into<String>) -> Self {
        Self { setting, misspelled: None, detail: detail.into() }
    }

    /// A variable whose name is similar to that of a setting or a binding.
    pub(crate) fn near_miss(name: &str, setting: &'static str) -> Self {
        let kind = if table::setting(setting).is_some() { "setting" } else { "binding" };
        let detail = ["is not a ", kind, ", but ", setting, " is"].concat();
        Self { setting, misspelled: Some(name.to_owned()), detail }
    }

    /// The detail, without the name.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The name of the setting.
    pub fn setting(&self) -> &'static str {
        self.setting
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.misspelled.as_deref().unwrap_or(self.setting), self.detail)
    }
}
