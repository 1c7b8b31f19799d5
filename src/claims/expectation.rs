//! What a verifier expects of a token, in words, for explanations of a rejection.

use super::{Expectations, RequiredClaim};
use crate::check::Check;

/// The expectation behind a check.
pub(crate) struct Expectation {
    /// The header members or claims that the check reads
    pub(crate) members: Vec<String>,
    pub(crate) expected: String,
}

impl Expectation {
    pub(crate) fn new(members: &[&str], expected: impl Into<String>) -> Self {
        let members = members.iter().map(|name| (*name).to_owned()).collect();
        Self { members, expected: expected.into() }
    }
}

impl Expectations {
    /// The expectation behind a check of type or claims. `None` if it expects nothing.
    pub(crate) fn expectation(&self, check: Check, by_secret: bool) -> Option<Expectation> {
        let tolerance = self.clock.tolerance;
        let one_of = |accepted: &[String]| format!("one of: {}", accepted.join(", "));
        Some(match check {
            Check::Type => Expectation::new(&["typ"], self.profile.expected_type(by_secret)),
            Check::Kind => {
                let markers = self.profile.markers();
                Expectation::new(markers, format!("none of: {}", markers.join(", ")))
            }
            Check::Presence => Expectation::new(&self.present().collect::<Vec<_>>(), "all there"),
            Check::User => Expectation {
                members: self.user_claim.names().to_vec(),
                expected: match self.user_claim.names() {
                    [_] => "a text that is not empty".into(),
                    _ => "the first that is there is a text that is not empty".into(),
                },
            },
            Check::Types => Expectation::new(
                &["iss", "aud", "exp", "nbf", "iat", "jti", "scope"],
                "texts, or an array of texts for aud; times in seconds since 1970",
            ),
            Check::Lifetime => {
                let most = self.clock.max_lifetime? as u64;
                Expectation::new(&["iat", "exp"], format!("at most {most} s apart"))
            }
            Check::Issuer => Expectation::new(&["iss"], one_of(&self.issuers)),
            Check::Audience => {
                let alone =
                    if self.has_exclusive_audience() { ", and no other beside" } else { "" };
                Expectation::new(&["aud"], one_of(&self.audiences) + alone)
            }
            Check::Expiry => {
                Expectation::new(&["exp"], format!("ahead, or not more than {tolerance} s ago"))
            }
            Check::Age => {
                let most = self.clock.max_age? as u64;
                Expectation::new(
                    &["iat"],
                    format!("at most {most} s ago, give or take {tolerance} s"),
                )
            }
            Check::NotBefore | Check::Issued => {
                let name = if check == Check::Issued { "iat" } else { "nbf" };
                Expectation::new(&[name], format!("absent, or not more than {tolerance} s ahead"))
            }
            Check::Values if self.required.iter().any(RequiredClaim::has_values) => {
                let names = self.required.iter().filter(|required| required.has_values());
                let names: Vec<_> = names.map(RequiredClaim::name).collect();
                Expectation::new(&names, "the values that are required")
            }
            _ => return None,
        })
    }

    /// The clock tolerance in seconds.
    pub(crate) fn tolerance(&self) -> u16 {
        self.clock.tolerance
    }
}
