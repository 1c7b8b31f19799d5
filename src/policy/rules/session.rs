//! The members `impersonation` and `max_session_age` of a rule.

use crate::claims::SessionConditions;
use crate::jose::{Json, Object};

/// The members that are conditions, each with whether the rule has it.
pub(super) fn names(conditions: &SessionConditions) -> [(&'static str, bool); 2] {
    [
        (IMPERSONATION, conditions.refuses_impersonation),
        (MAX_SESSION_AGE, conditions.max_age.is_some()),
    ]
}

/// Parses the members of a rule and adds what is wrong to `errors`. `None` for an error.
pub(super) fn from_rule(rule: &Object, errors: &mut Vec<String>) -> Option<SessionConditions> {
    let refuses_impersonation = match rule.member(IMPERSONATION).map(Json::as_str) {
        None | Some(Some("allow")) => Some(false),
        Some(Some("refuse")) => Some(true),
        Some(_) => None,
    };
    if refuses_impersonation.is_none() {
        errors.push(format!("{IMPERSONATION} is neither allow nor refuse"));
    }
    let max_age = rule.member(MAX_SESSION_AGE).map(SessionConditions::read_max_age);
    if max_age == Some(None) {
        let most = SessionConditions::MAX_AGE;
        errors.push(format!("{MAX_SESSION_AGE} is not a whole number of seconds from 1 to {most}"));
        return None;
    }
    let refuses_impersonation = refuses_impersonation?;
    Some(SessionConditions { refuses_impersonation, max_age: max_age.flatten() })
}

const IMPERSONATION: &str = "impersonation";
const MAX_SESSION_AGE: &str = "max_session_age";
