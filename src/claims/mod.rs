//! The checks of a token's claims: issuer, audience, times and user (RFC 7519, section 4.1;
//! RFC 8725).
//!
//! This module depends on neither keys nor requests. The verifier checks signatures.

mod cookie_cache;
mod expectations;
mod path;
mod profile;
mod required;
mod requirement;
mod scopes;
mod session;
mod times;
mod user;

pub(crate) use cookie_cache::{DEFAULT_VERSION, SessionToken};
pub(crate) use expectations::AcceptedClaims;
pub use expectations::{Expectations, MAX_CLOCK_TOLERANCE};
pub use path::{claim_at, is_id_at};
pub(crate) use profile::ASSERTION_TYPE;
pub use profile::Profile;
pub use required::RequiredClaim;
pub(crate) use required::list_claims;
pub(crate) use requirement::Requirement;
pub use scopes::{check_scopes, is_scope};
pub use session::{SessionClaims, SessionConditions};
pub use user::UserClaim;

use crate::jose::json::allocation;
use crate::jose::{Json, Object};

/// The claims of a verified token, or of a user that an application has verified by other means.
#[derive(Clone, Debug)]
pub struct Claims {
    text: String,
    object: Object,
}

impl Claims {
    /// Claims from the payload's text and the object that was parsed from it.
    pub(crate) fn new(text: String, object: Object) -> Self {
        Self { text, object }
    }

    /// The bytes that the claims have allocated.
    pub(crate) fn allocated(&self) -> usize {
        allocation(self.text.capacity()) + self.object.allocated()
    }

    /// The members of the claims set.
    pub fn members(&self) -> &Object {
        &self.object
    }

    /// The claims as JSON: the payload as it was signed, or the claims that were derived from a
    /// cookie cache.
    pub fn as_json(&self) -> &str {
        &self.text
    }

    /// The claim with this name or at this dotted path, such as `org.role`. A claim whose whole
    /// name matches takes precedence. `None` if the claim is absent or `null`.
    pub fn claim(&self, name: &str) -> Option<&Json> {
        claim_at(&self.object, name)
    }

    /// Whether `is_same` accepts an id at this path: see [`is_id_at`].
    pub(crate) fn is_id(&self, path: &str, is_same: &dyn Fn(&str) -> bool) -> Option<bool> {
        is_id_at(&self.object, path, is_same)
    }

    /// The claim with this name or at this path, if it is a non-empty string.
    pub fn text_claim(&self, name: &str) -> Option<&str> {
        self.claim(name)?.as_str().filter(|text| !text.is_empty())
    }
}
