//! The claim that identifies the user.

use super::claim_at;
use crate::error::{Code, Error};
use crate::jose::{Json, Object};

/// The names of the claims that can identify the user, in order: `sub` by default, or a claim of
/// the application such as `uuid`. The first claim that a token contains identifies its user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserClaim(Vec<String>);

impl UserClaim {
    /// These claims in this order. `None` if the list or a name in it is empty.
    pub fn new(names: Vec<String>) -> Option<Self> {
        (!names.is_empty() && !names.iter().any(String::is_empty)).then_some(Self(names))
    }

    /// The names of the claims, in order.
    pub(super) fn names(&self) -> &[String] {
        &self.0
    }

    /// The user's id, never empty.
    ///
    /// # Errors
    /// [`Code::MissingClaim`] if all of the claims are absent, [`Code::InvalidClaim`] if the first
    /// that is present is not a non-empty string.
    pub fn user<'c>(&self, claims: &'c Object) -> Result<&'c str, Error> {
        let found = self.0.iter().find_map(|name| Some((name, claim_at(claims, name)?)));
        match found {
            Some((_, Json::String(user))) if !user.is_empty() => Ok(user),
            Some((name, _)) => {
                let detail = format!("the user claim \"{name}\" is not a non-empty string");
                Err(Error::new(Code::InvalidClaim, detail))
            }
            None => {
                let detail = format!(
                    "the token has no \"{}\", the claim that says who the user is; \
                     definePayload of Better Auth's jwt plugin puts it in",
                    self.0.join("\" or \"")
                );
                Err(Error::new(Code::MissingClaim, detail))
            }
        }
    }
}

impl Default for UserClaim {
    fn default() -> Self {
        Self(vec!["sub".to_owned()])
    }
}
