//! Errors in the settings: all at once, by the names that the operator writes.

use std::fmt;

use crate::config::settings_table::{Naming, Setting};

/// A setting that is missing, unknown or wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SettingError {
    setting: &'static str,
    naming: Naming,
    /// The name that the operator has written, if it is not a setting's
    written: Option<String>,
    detail: String,
}

impl SettingError {
    /// An error in a setting or a binding. `detail` follows its name in a sentence.
    pub fn new(setting: &'static str, detail: impl Into<String>) -> Self {
        Self { setting, naming: Naming::Variables, written: None, detail: detail.into() }
    }

    /// A variable whose name resembles that of a setting or a binding.
    pub(crate) fn near_miss(written: &str, setting: &'static str) -> Self {
        let kind = if Setting::named(setting).is_some() { "setting" } else { "binding" };
        let detail = ["is not a ", kind, ", but ", setting, " is"].concat();
        Self::new(setting, detail).in_name(written)
    }

    /// The same about a name that the operator has written, and that is not a setting's.
    pub(crate) fn in_name(self, written: &str) -> Self {
        Self { written: Some(written.to_owned()), ..self }
    }

    /// The name of the setting in the settings table, or of a binding.
    pub fn setting(&self) -> &'static str {
        self.setting
    }

    /// The name of the setting as an option in JavaScript; its own if it is not an option.
    pub fn option(&self) -> &'static str {
        Naming::Options.name_of(self.setting)
    }

    /// The name that the operator has written, or would write.
    fn name(&self) -> &str {
        self.written.as_deref().unwrap_or(self.naming.name_of(self.setting))
    }

    /// The error without the name.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name(), self.detail)
    }
}

/// The errors that a reading has found so far.
#[derive(Clone, Debug)]
pub(crate) struct SettingErrors {
    naming: Naming,
    errors: Vec<SettingError>,
    /// Settings that the host could not read. They have no further errors, and cause none in others
    unreadable: Vec<&'static str>,
    reported: usize,
}

impl SettingErrors {
    pub(crate) fn new(naming: Naming) -> Self {
        Self { naming, errors: Vec::new(), unreadable: Vec::new(), reported: 0 }
    }

    /// The errors that a host has found when it read the settings, and the settings whose names the
    /// operator has misspelled.
    pub(crate) fn of_host(
        naming: Naming,
        errors: &[SettingError],
        misspelled: &[&'static str],
    ) -> Self {
        let errors = errors.iter().cloned().map(|error| SettingError { naming, ..error });
        let errors: Vec<_> = errors.collect();
        let unreadable = errors.iter().map(SettingError::setting);
        let unreadable = unreadable.chain(misspelled.iter().copied()).collect();
        Self { naming, errors, unreadable, reported: 0 }
    }

    /// How the operator calls settings.
    pub(crate) fn naming(&self) -> Naming {
        self.naming
    }

    /// The name that the operator writes for a setting.
    pub(crate) fn name_of(&self, setting: &'static str) -> &'static str {
        self.naming.name_of(setting)
    }

    pub(crate) fn add(&mut self, setting: &'static str, detail: impl Into<String>) {
        self.reported += 1;
        if !self.unreadable.contains(&setting) {
            let naming = self.naming;
            self.note(SettingError { naming, ..SettingError::new(setting, detail) });
        }
    }

    pub(crate) fn note(&mut self, error: SettingError) {
        // a setting that is read for two purposes is wrong once
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    /// The value of a result, whose error is added.
    pub(crate) fn ok<T, E: fmt::Display>(
        &mut self,
        setting: &'static str,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|error| self.add(setting, error.to_string())).ok()
    }

    /// Whether the host could not read that setting.
    pub(crate) fn is_unreadable(&self, setting: &str) -> bool {
        self.unreadable.contains(&setting)
    }

    /// Whether that setting has an error. What follows from it is not an error too.
    pub(crate) fn has(&self, setting: &str) -> bool {
        self.is_unreadable(setting) || self.errors.iter().any(|error| error.setting == setting)
    }

    /// How many errors a reading has reported, those included that were known before.
    pub(crate) fn reported(&self) -> usize {
        self.reported
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    pub(crate) fn into_vec(self) -> Vec<SettingError> {
        self.errors
    }
}
