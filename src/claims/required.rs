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
    /// Whether a text is a list of members, separated by commas
    is_list: bool,
}

impl RequiredClaim {
    /// A claim of any value; `None` without a name.
    pub fn present(name: &str) -> Option<Self> {
        Self::one_of(name, Vec::new())
    }

    /// A claim that equals one of these values, by type and value, or is an array with a member
    /// that does. Without values, any value is accepted. `None` without a name.
    pub fn one_of(name: &str, accepted: Vec<Json>) -> Option<Self> {
        (!name.is_empty()).then(|| Self { name: name.to_owned(), accepted, is_list: false })
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

    /// A claim and one accepted value, or a list of values. `None` for an empty list, or if a value
    /// is null: a claim that is null counts as absent.
    pub(crate) fn from_json(name: &str, accepted: &Json) -> Option<Self> {
        let accepted = match accepted {
            Json::Array(accepted) => accepted.as_slice(),
            accepted => std::slice::from_ref(accepted),
        };
        match accepted.is_empty() || accepted.contains(&Json::Null) {
            true => None,
            false => Self::one_of(name, accepted.to_vec()),
        }
    }

    /// The same, where the claims `lists` hold comma-separated lists: of such a claim's text one
    /// member suffices. The whole text still counts.
    pub(crate) fn with_lists(self, lists: &[String]) -> Self {
        Self { is_list: lists.contains(&self.name), ..self }
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
            Some(value @ Json::String(text)) if self.is_list => {
                accepted(value) || members(text).any(|member| self.accepts_text(member))
            }
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

    fn accepts_text(&self, text: &str) -> bool {
        self.accepted.iter().any(|accepted| accepted.as_str() == Some(text))
    }
}

/// The claims whose text is a comma-separated list, if nothing else is said: Better Auth stores
/// several roles of a user as `admin,user`.
pub(crate) fn list_claims(given: Option<Vec<String>>) -> Vec<String> {
    given.unwrap_or_else(|| vec!["role".to_owned()])
}

/// The members of a comma-separated list, without spaces and tabs around them and without empty
/// ones. A text without a comma is a value, not a list, and has no members.
fn members(text: &str) -> impl Iterator<Item = &str> {
    let members = text.split(',').map(|member| member.trim_matches([' ', '\t']));
    members.filter(|member| !member.is_empty() && text.contains(','))
}
