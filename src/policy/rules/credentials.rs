//! The member `credentials` of a rule.

use crate::jose::{Json, Object};
use crate::policy::credentials::{AcceptedKinds, CredentialKind};

pub(super) const CREDENTIALS: &str = "credentials";

/// Parses the kinds that a rule accepts: all without the member.
///
/// # Errors
/// What is wrong with it.
pub(super) fn from_rule(rule: &Object) -> Result<AcceptedKinds, String> {
    let Some(kinds) = rule.member(CREDENTIALS) else {
        return Ok(AcceptedKinds::default());
    };
    let kind = |kind: &Json| CredentialKind::named(kind.as_str()?);
    let kinds = kinds.as_array().filter(|kinds| !kinds.is_empty());
    let kinds = kinds.and_then(|kinds| kinds.iter().map(kind).collect());
    kinds.ok_or_else(|| format!("{CREDENTIALS} is not a list of jwt, session and api-key"))
}
