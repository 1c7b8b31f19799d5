//! Which claim says who the user is.

use super::Claims;
use crate::error::{Code, Error};
use crate::jose::Json;

/// The name of the claim that holds the user: `sub`, or an application's own such as `uuid`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserClaim(String);

impl UserClaim {
    /// A claim's name, or `None` if it is empty.
    pub fn new(name: &str) -> Option<Self> {
        (!name.is_empty()).then(|| Self(name.to_owned()))
    }

    /// The claim's name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The user that the claims name. There is no other claim to fall back to: a token without
    /// this one has no user.
    ///
    /// # Errors
    /// [`Code::MissingClaim`] without it, [`Code::InvalidClaim`] if it is no string or empty.
    pub(super) fn check(&self, claims: &Claims) -> Result<(), Error> {
        let name = &self.0;
        match claims.claim(name) {
            Some(Json::String(user)) if !user.is_empty() => Ok(()),
            Some(_) => {
                let detail = format!("the user claim \"{name}\" is not a non-empty string");
                Err(Error::new(Code::InvalidClaim, detail))
            }
            None => {
                let detail = format!(
                    "the token has no \"{name}\", the claim that says who the user is; \
                     definePayload of Better Auth's jwt plugin puts it in"
                );
                Err(Error::new(Code::MissingClaim, detail))
            }
        }
    }
}

impl Default for UserClaim {
    fn default() -> Self {
        Self("sub".to_owned())
    }
}
