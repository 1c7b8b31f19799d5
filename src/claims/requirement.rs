//! The requirement of each check, in words. An explanation shows it to the developer whose token
//! was rejected.

use super::{Expectations, RequiredClaim};
use crate::check::Check;

/// The requirement of one check.
pub(crate) struct Requirement {
    /// The members of the header or the claims that the check reads
    pub(crate) members: Vec<String>,
    /// The requirement, as half a sentence
    pub(crate) expected: String,
}

impl Requirement {
    pub(crate) fn new(members: &[&str], expected: impl Into<String>) -> Self {
        let members = members.iter().map(|name| (*name).to_owned()).collect();
        Self { members, expected: expected.into() }
    }
}

impl Expectations {
    /// The requirement of a check of the type or the claims. `None` if it accepts every token.
    pub(crate) fn requirement(&self, check: Check, by_secret: bool) -> Option<Requirement> {
        let tolerance = self.time_limits.tolerance as u64;
        let one_of = |accepted: &[String]| format!("one of: {}", accepted.join(", "));
        Some(match check {
            Check::Type => Requirement::new(&["typ"], self.profile.expected_type(by_secret)),
            Check::Kind => {
                let markers = self.profile.markers();
                Requirement::new(markers, format!("none of: {}", markers.join(", ")))
            }
            Check::Presence => {
                Requirement::new(&self.required_names().collect::<Vec<_>>(), "all there")
            }
            Check::User => Requirement {
                members: self.user_claim.names().to_vec(),
                expected: match self.user_claim.names() {
                    [_] => "a text that is not empty".into(),
                    _ => "the first that is there is a text that is not empty".into(),
                },
            },
            Check::Types => Requirement::new(
                &[
                    "iss",
                    "aud",
                    "exp",
                    "nbf",
                    "iat",
                    "jti",
                    "scope",
                    "session_iat",
                    "impersonatedBy",
                ],
                "texts, or an array of texts for aud; times in seconds since 1970",
            ),
            Check::Lifetime => {
                let most = self.time_limits.max_lifetime? as u64;
                Requirement::new(&["iat", "exp"], format!("at most {most} s apart"))
            }
            Check::Issuer => Requirement::new(&["iss"], one_of(&self.issuers)),
            Check::Audience => {
                let alone =
                    if self.has_exclusive_audience() { ", and no other beside" } else { "" };
                Requirement::new(&["aud"], one_of(&self.audiences) + alone)
            }
            Check::Expiry => {
                Requirement::new(&["exp"], format!("ahead, or not more than {tolerance} s ago"))
            }
            Check::Age => {
                let most = self.time_limits.max_age? as u64;
                Requirement::new(
                    &["iat"],
                    format!("at most {most} s ago, give or take {tolerance} s"),
                )
            }
            Check::NotBefore | Check::Issued => {
                let name = if check == Check::Issued { "iat" } else { "nbf" };
                Requirement::new(&[name], format!("absent, or not more than {tolerance} s ahead"))
            }
            Check::Values if self.required.iter().any(RequiredClaim::has_values) => {
                let names = self.required.iter().filter(|required| required.has_values());
                let names: Vec<_> = names.map(RequiredClaim::name).collect();
                Requirement::new(&names, "the values that are required")
            }
            _ => return None,
        })
    }

    /// The clock tolerance, in seconds.
    pub(crate) fn tolerance(&self) -> f64 {
        self.time_limits.tolerance
    }
}
