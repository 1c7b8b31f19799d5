//! The values of settings, as a host has them.

use crate::config::bindings::RevocationsBinding;
use crate::config::error::{SettingError, SettingErrors};
use crate::config::settings_table::{Kind, Naming, Setting};
use crate::jose::Json;

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
    /// The value as a setting of this type has it. `None` if it counts as absent.
    ///
    /// # Errors
    /// The reason why the value is not of this type, as a predicate.
    fn into_kind(self, kind: Kind) -> Result<Option<Self>, &'static str> {
        let value = match self {
            Self::Json(text) if kind.is_list() => Self::Texts(texts(&text).ok_or(NOT_A_LIST)?),
            value => value,
        };
        if let Some(error) = value.type_error(kind) {
            return Err(error);
        }
        match (&value, kind) {
            (Self::Texts(texts), Kind::OptionalList) if texts.is_empty() => Ok(None),
            (Self::Texts(texts), Kind::ClaimList) if texts.is_empty() => {
                Ok(Some(Self::Texts(vec!["sub".to_owned()])))
            }
            (Self::Texts(texts), _) if texts.is_empty() => Err(EMPTY),
            (Self::Texts(texts), _) if texts.iter().any(|text| text.trim().is_empty()) => {
                Err(EMPTY)
            }
            _ => Ok(Some(value)),
        }
    }

    /// The error of a value that is not of this type.
    fn type_error(&self, kind: Kind) -> Option<&'static str> {
        let (is_valid, error) = match kind {
            Kind::Text | Kind::Url | Kind::Label => {
                (matches!(self, Self::Text(_)), "is not a string")
            }
            Kind::List | Kind::OptionalList | Kind::ClaimList => {
                (matches!(self, Self::Text(_) | Self::Texts(_)), NOT_A_LIST)
            }
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

/// The strings of a JSON array.
fn texts(json: &str) -> Option<Vec<String>> {
    let array = Json::parse(json).ok()?;
    array.as_array()?.iter().map(|value| value.as_str().map(str::to_owned)).collect()
}

const NOT_A_LIST: &str = "is neither a string nor an array of strings";
const EMPTY: &str = "is empty or has an empty member";

/// The settings that a host has read, and what it could not read.
#[derive(Clone, Debug)]
pub struct SettingValues {
    naming: Naming,
    values: Vec<(&'static str, SettingValue)>,
    /// Unknown names, then values that are not of their setting's type
    errors: Vec<SettingError>,
    /// Settings whose names the operator has misspelled, for which there is an error already
    misspelled: Vec<&'static str>,
    revocations: Option<RevocationsBinding>,
}

impl SettingValues {
    /// No settings, for an operator who calls them so.
    pub fn new(naming: Naming) -> Self {
        let (values, errors, misspelled) = (Vec::new(), Vec::new(), Vec::new());
        Self { naming, values, errors, misspelled, revocations: None }
    }

    /// Declares that the host has this store of revocations: see
    /// [`RevocationStore`](crate::host::RevocationStore).
    pub fn set_revocations(&mut self, store: RevocationsBinding) {
        self.revocations = Some(store);
    }

    /// The host's store of revocations.
    pub(crate) fn revocations(&self) -> Option<RevocationsBinding> {
        self.revocations
    }

    /// Sets a setting of the settings table, by its variable. A name that is not in the table, and
    /// a value that is not of the setting's type, are errors of the reading. A list can also be the
    /// JSON of an array of strings.
    pub fn set(&mut self, setting: &'static str, value: SettingValue) {
        let value = match Setting::named(setting) {
            Some(setting) => value.into_kind(setting.kind),
            None => Err("is not a setting"),
        };
        match value {
            Ok(Some(value)) => self.values.push((setting, value)),
            Ok(None) => self.values.retain(|(name, _)| *name != setting),
            Err(detail) => self.add_error(SettingError::new(setting, detail)),
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
