//! The claim that identifies the user.

use super::Claims;
use crate::error::{Code, Error};
use crate::jose::Json;

/// The names of the claims that may hold the user, the first that a token has counts: `sub`, or an
/// application's own such as `uuid`. There is a second one only where a deployment asks for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserClaim(Vec<String>);

impl UserClaim {
    /// These claims in this order. `None` for an empty list or an empty name.
    pub fn new(names: Vec<String>) -> Option<Self> {
        (!names.is_empty() && !names.iter().any(String::is_empty)).then_some(Self(names))
    }

    /// The claims' names, in their order.
    pub(super) fn names(&self) -> &[String] {
        &self.0
    }

    /// The user that the claims name.
    ///
    /// # Errors
    /// [`Code::MissingClaim`] without any of the claims, [`Code::InvalidClaim`] if the first that
    /// exists is not a string, or is empty.
    pub(super) fn user<'c>(&self, claims: &'c Claims) -> Result<&'c str, Error> {
        let found = self.0.iter().find_map(|name| Some((name, claims.claim(name)?)));
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
