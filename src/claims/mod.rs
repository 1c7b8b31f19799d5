//! What a token must say: issuer, audience, times, user (RFC 7519, section 4.1; RFC 8725).
//!
//! This module knows claims whose signature has been verified. It knows no keys and no requests.

mod cookie_cache;
mod expectation;
mod expectations;
mod path;
mod profile;
mod required;
mod times;
mod user;

pub(crate) use cookie_cache::{DEFAULT_VERSION, SessionToken};
pub(crate) use expectation::Expectation;
pub(crate) use expectations::Expected;
pub use expectations::{Expectations, MAX_CLOCK_TOLERANCE};
pub(crate) use profile::ASSERTION_TYPE;
pub use profile::Profile;
pub use required::RequiredClaim;
pub(crate) use required::list_claims;
pub use user::UserClaim;

use crate::jose::{Json, Object};

/// The claims of a verified token.
#[derive(Clone, Debug)]
pub struct Claims {
    text: String,
    object: Object,
}

impl Claims {
    /// Claims from the payload's text and what was read from it.
    pub(crate) fn new(text: String, object: Object) -> Self {
        Self { text, object }
    }

    /// The payload as it was signed, in JSON; of a cookie cache, what is made of it.
    pub fn as_json(&self) -> &str {
        &self.text
    }

    /// The claim of that name, or the one within a claim that a dotted path names: `org.role`. A
    /// claim whose whole name is that comes first. One that is `null` counts as absent.
    pub fn claim(&self, name: &str) -> Option<&Json> {
        path::find(&self.object, name)
    }

    /// The claim of that name or path, if it is a non-empty string.
    pub fn text_claim(&self, name: &str) -> Option<&str> {
        self.claim(name)?.as_str().filter(|text| !text.is_empty())
    }
}
