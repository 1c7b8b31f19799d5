//! Isolation: user A never reaches user B's path, because a path parameter must equal a claim of
//! the token.

use uuid::Uuid;

use crate::claims::check_scopes;
use crate::error::{Code, Error};
use crate::policy::rules::Match;
use crate::verifier::Verified;

/// Compares the path's parameters with the user's claims, and the claims, scopes and session with
/// the rule's. `now` is in seconds since 1970.
///
/// # Errors
/// [`Code::UserMismatch`] if one differs, or if the claim is missing or contains no string.
/// [`Code::AmbiguousPath`] if they are equal and contain a parameter behind `;`.
/// [`Code::InsufficientClaims`], [`Code::InsufficientScope`], [`Code::SessionTooOld`],
/// [`Code::ImpersonationRefused`].
pub(crate) fn check(matched: &Match<'_>, user: Option<&Verified>, now: f64) -> Result<(), Error> {
    for (segment, claim) in matched.isolation() {
        let is_same = |id: &str| is_same_id(segment, id);
        let found = user.and_then(|user| user.claims().is_id(claim, &is_same));
        if found != Some(true) {
            return Err(Error::new(Code::UserMismatch, mismatch(claim, found.is_some())));
        }
        if segment.contains(';') {
            return Err(Error::new(Code::AmbiguousPath, SEMICOLON));
        }
    }
    let Some(user) = user else {
        return Ok(()); // a rule with other conditions requires a token
    };
    let claims = user.claims().members();
    matched.claims().iter().try_for_each(|required| required.check_value(claims))?;
    check_scopes(claims, matched.scopes())?;
    matched.session_conditions().check(user.session(), now)
}

/// The detail of the rejection, for the client.
fn mismatch(claim: &str, has_claim: bool) -> String {
    if has_claim {
        format!("the id in the path is not the token's \"{claim}\"")
    } else {
        format!(
            "the token has no \"{claim}\", which the rule compares with the path; definePayload puts it in"
        )
    }
}

/// Some servers cut off a segment at `;`. So a user who can choose the claim's value, such as a
/// slug, would reach another user's path with the value `other;x`.
const SEMICOLON: &str = "the path's user has a parameter behind \";\", which some servers cut off";

/// Whether a path's segment equals the value of a claim. If the claim is a canonical UUID, all
/// spellings of that UUID are equal (RFC 9562, section 4). All other values must be equal byte by
/// byte, so that a claim whose value users can choose, such as a slug, cannot match another user's
/// UUID.
pub fn is_same_id(segment: &str, claim: &str) -> bool {
    let canonical = || Uuid::try_parse(claim).ok().filter(|uuid| is_canonical(*uuid, claim));
    segment == claim || canonical().is_some_and(|uuid| Uuid::try_parse(segment).ok() == Some(uuid))
}

/// RFC 9562, section 4: 36 characters, in lower case.
fn is_canonical(uuid: Uuid, text: &str) -> bool {
    uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_compared_as_uuids_and_other_ids_exactly() {
        let uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
        for same_uuid in
            [uuid, "0F8FAD5B-D9CB-469F-A165-70867728950E", "{0f8fad5b-d9cb-469f-a165-70867728950e}"]
        {
            assert!(is_same_id(same_uuid, uuid), "{same_uuid}");
        }
        for other in [
            "0f8fad5b-d9cb-469f-a165-70867728950f",
            "",
            "0f8fad5b",
            " 0f8fad5b-d9cb-469f-a165-70867728950e",
        ] {
            assert!(!is_same_id(other, uuid), "{other}");
        }
        for chosen in [
            "0F8FAD5B-D9CB-469F-A165-70867728950E",
            "0f8fad5b-D9cb-469f-a165-70867728950e",
            "{0f8fad5b-d9cb-469f-a165-70867728950e}",
            "urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e",
            "0f8fad5bd9cb469fa16570867728950e",
        ] {
            assert!(!is_same_id(uuid, chosen), "{chosen}");
            assert!(is_same_id(chosen, chosen));
        }
        assert!(is_same_id("user1", "user1"));
        assert!(!is_same_id("User1", "user1"));
    }
}
