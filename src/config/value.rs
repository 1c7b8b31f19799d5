//! The values of settings, as hosts provide them.

use super::error::SettingError;

/// The value of a setting. A Worker has text only; JavaScript options have types.
#[derive(Clone)]
pub enum Value {
    /// Text, and JSON for lists of objects and tables
    Text(String),
    /// A list of texts
    Texts(Vec<String>),
    /// A number; durations are in seconds
    Number(f64),
    /// A boolean
    Switch(bool),
    /// A secret
    Bytes(Vec<u8>),
}

/// The options of a JavaScript function, as settings.
#[derive(Default)]
pub struct Options {
    /// The options, by the names of their settings
    pub values: Vec<(&'static str, Value)>,
    /// The errors in options of the wrong type, which have no value
    pub errors: Vec<SettingError>,
    /// The settings that misspelled options stand for. The host reports the options; further errors
    /// about these settings would mislead
    pub misspelled: Vec<&'static str>,
}

impl Options {
    /// The value of a setting.
    pub fn value(&self, setting: &str) -> Option<Value> {
        let found = self.values.iter().find(|(name, _)| *name == setting);
        found.map(|(_, value)| value.clone())
    }
}
