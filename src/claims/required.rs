//! Claims that the operator requires in addition to the registered ones, by name or by name and
//! value.

use super::claim_at;
use crate::error::{Code, Error};
use crate::jose::{Json, Object};

/// A claim that a token must contain, with any value or with one of the accepted values.
#[derive(Clone, Debug, PartialEq)]
pub struct RequiredClaim {
    name: String,
    /// Empty: any value is accepted
    accepted: Vec<Json>,
    /// Whether a string is a comma-separated list
    is_list: bool,
}

impl RequiredClaim {
    /// A claim with any value. `None` if `name` is empty.
    pub fn present(name: &str) -> Option<Self> {
        Self::one_of(name, Vec::new())
    }

    /// A claim that equals one of the accepted values by type and value, or an array with a member
    /// that does. An empty list accepts any value. `None` if `name` is empty.
    pub fn one_of(name: &str, accepted: Vec<Json>) -> Option<Self> {
        (!name.is_empty()).then(|| Self { name: name.to_owned(), accepted, is_list: false })
    }

    /// Reads an array of names, or an object that maps each name to an accepted value or an array
    /// of them. `None` for other JSON.
    pub(crate) fn list_from_json(json: &Json) -> Option<Vec<Self>> {
        match json {
            Json::Array(names) => names.iter().map(|name| Self::present(name.as_str()?)).collect(),
            Json::Object(values) => {
                values.members().map(|(name, accepted)| Self::from_json(name, accepted)).collect()
            }
            _ => None,
        }
    }

    /// A claim with an accepted value, or with an array of them. `None` if the array is empty or
    /// contains `null`, because a claim that is `null` counts as absent.
    pub fn from_json(name: &str, accepted: &Json) -> Option<Self> {
        let accepted = match accepted {
            Json::Array(accepted) => accepted.as_slice(),
            accepted => std::slice::from_ref(accepted),
        };
        match accepted.is_empty() || accepted.contains(&Json::Null) {
            true => None,
            false => Self::one_of(name, accepted.to_vec()),
        }
    }

    /// Reads the claims named in `lists` as comma-separated lists: one accepted member suffices. A
    /// claim whose whole string is accepted still passes.
    pub fn with_lists(self, lists: &[String]) -> Self {
        Self { is_list: lists.contains(&self.name), ..self }
    }

    /// The name of the claim.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether only some values are accepted.
    pub(super) fn has_values(&self) -> bool {
        !self.accepted.is_empty()
    }

    /// Checks the value of the claim.
    ///
    /// # Errors
    /// [`Code::InsufficientClaims`] if the value is not accepted.
    pub fn check_value(&self, claims: &Object) -> Result<(), Error> {
        let accepted = |value: &Json| self.accepted.is_empty() || self.accepted.contains(value);
        let holds = match claim_at(claims, &self.name) {
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

/// The claims that contain comma-separated lists. The default is `role`, because Better Auth stores
/// the roles of a user as `admin,user`.
pub(crate) fn list_claims(configured: Option<Vec<String>>) -> Vec<String> {
    configured.unwrap_or_else(|| vec!["role".to_owned()])
}

/// The members of a comma-separated list, trimmed of spaces and tabs, without empty ones. A string
/// without a comma is not a list and has no members; the caller compares it as a whole.
fn members(text: &str) -> impl Iterator<Item = &str> {
    let members = text.split(',').map(|member| member.trim_matches([' ', '\t']));
    members.filter(|member| !member.is_empty() && text.contains(','))
}
