//! Claims that a deployment requires beyond the registered ones, by name or by name and value.

use super::Claims;
use crate::error::{Code, Error};
use crate::jose::Json;

/// A claim that must be there, and perhaps hold one of some values.
#[derive(Clone, Debug, PartialEq)]
pub struct RequiredClaim {
    name: String,
    /// Empty for any
    accepted: Vec<Json>,
}

impl RequiredClaim {
    /// A claim of any value; `None` without a name.
    pub fn present(name: &str) -> Option<Self> {
        Self::one_of(name, Vec::new())
    }

    /// A claim that equals one of these values, by type and value, or is an array with a member that
    /// does; of any value if there are none. `None` without a name.
    pub fn one_of(name: &str, accepted: Vec<Json>) -> Option<Self> {
        (!name.is_empty()).then(|| Self { name: name.to_owned(), accepted })
    }

    /// Names, or an object from names to one accepted value or several. `None` for anything else.
    pub(crate) fn list_from_json(json: &Json) -> Option<Vec<Self>> {
        match json {
            Json::Array(names) => names.iter().map(|name| Self::present(name.as_str()?)).collect(),
            Json::Object(values) => {
                values.members().map(|(name, accepted)| Self::from_json(name, accepted)).collect()
            }
            _ => None,
        }
    }

    /// A claim and one accepted value, or a list of some.
    pub(crate) fn from_json(name: &str, accepted: &Json) -> Option<Self> {
        match accepted {
            Json::Array(accepted) if accepted.is_empty() => None,
            Json::Array(accepted) => Self::one_of(name, accepted.clone()),
            accepted => Self::one_of(name, vec![accepted.clone()]),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether not every value will do.
    pub(super) fn has_values(&self) -> bool {
        !self.accepted.is_empty()
    }

    /// # Errors
    /// [`Code::InsufficientClaims`] where it has another value.
    pub(crate) fn check_value(&self, claims: &Claims) -> Result<(), Error> {
        let accepted = |value: &Json| self.accepted.is_empty() || self.accepted.contains(value);
        let holds = match claims.claim(&self.name) {
            Some(Json::Array(values)) => self.accepted.is_empty() || values.iter().any(accepted),
            Some(value) => accepted(value),
            None => false,
        };
        match holds {
            true => Ok(()),
            false => {
                let detail =
                    format!("the token's \"{}\" has none of the required values", self.name);
                Err(Error::new(Code::InsufficientClaims, detail))
            }
        }
    }
}
