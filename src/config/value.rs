//! The values of settings, as a host has them.

use crate::config::error::{SettingError, SettingErrors};
use crate::config::settings_table::{Kind, Naming, Setting};

/// The value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingValue {
    /// Of any type, as an environment variable has it. Whitespace around it does not count, a blank
    /// one is absent, and commas separate the members of a list
    Variable(String),
    /// Text, exactly
    Text(String),
    /// A number
    Number(f64),
    /// `true` or `false`
    Switch(bool),
    /// A list of texts, exactly
    Texts(Vec<String>),
    /// Bytes of a secret
    Bytes(Vec<u8>),
    /// A table or a list, as JSON
    Json(String),
}

impl SettingValue {
    /// The error of a value that is not of this type.
    fn type_error(&self, kind: Kind) -> Option<&'static str> {
        let (is_valid, error) = match kind {
            Kind::Text | Kind::Url | Kind::Label => {
                (matches!(self, Self::Text(_)), "is not a string")
            }
            Kind::List | Kind::OptionalList | Kind::ClaimList => (
                matches!(self, Self::Text(_) | Self::Texts(_)),
                "is neither a string nor a list of strings",
            ),
            Kind::Number | Kind::Seconds | Kind::Duration => {
                (matches!(self, Self::Number(_)), "is not a number")
            }
            Kind::Switch => (matches!(self, Self::Switch(_)), "is not a boolean"),
            Kind::Json => (matches!(self, Self::Json(_)), "is neither a table nor a list"),
            Kind::Secret => {
                (matches!(self, Self::Text(_) | Self::Bytes(_)), "is neither a string nor bytes")
            }
        };
        (!is_valid && !matches!(self, Self::Variable(_))).then_some(error)
    }
}

/// The settings that a host has read, and what it could not read.
#[derive(Clone, Debug)]
pub struct SettingValues {
    naming: Naming,
    values: Vec<(&'static str, SettingValue)>,
    /// Unknown names, then values that are not of their setting's type
    errors: Vec<SettingError>,
    /// Settings whose names the operator has misspelled, for which there is an error already
    misspelled: Vec<&'static str>,
}

impl SettingValues {
    /// No settings, for an operator who calls them so.
    pub fn new(naming: Naming) -> Self {
        let (values, errors, misspelled) = (Vec::new(), Vec::new(), Vec::new());
        Self { naming, values, errors, misspelled }
    }

    /// Sets a setting of the settings table, by its variable. A name that is not in the table, and
    /// a value that is not of the setting's type, are errors of the reading.
    pub fn set(&mut self, setting: &'static str, value: SettingValue) {
        let error = match Setting::named(setting) {
            Some(setting) => value.type_error(setting.kind),
            None => Some("is not a setting"),
        };
        match error {
            Some(detail) => self.add_error(SettingError::new(setting, detail)),
            None => self.values.push((setting, value)),
        }
    }

    /// Adds a setting that the host could not read.
    pub fn add_error(&mut self, error: SettingError) {
        self.errors.push(error);
    }

    /// Adds a setting whose name the operator has misspelled: it is not missing too.
    pub fn add_misspelled(&mut self, setting: &'static str) {
        self.misspelled.push(setting);
    }

    /// The errors that the host has found.
    pub(crate) fn errors(&self) -> SettingErrors {
        SettingErrors::of_host(self.naming, &self.errors, &self.misspelled)
    }

    /// The value that was set last.
    pub fn get(&self, setting: &str) -> Option<SettingValue> {
        let found = self.values.iter().rev().find(|(name, _)| *name == setting);
        found.map(|(_, value)| value.clone())
    }
}
