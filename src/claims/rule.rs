//! What a verifier expects of a token, in words, for explanations of a rejection.

use super::{Expectations, RequiredClaim};
use crate::check::Check;

/// What a check looks at, and what it wants to find there.
pub(crate) struct Rule {
    /// The members of the header or the claims that it is about
    pub(crate) members: Vec<String>,
    pub(crate) expected: String,
}

impl Rule {
    pub(crate) fn new(members: &[&str], expected: impl Into<String>) -> Self {
        let members = members.iter().map(|name| (*name).to_owned()).collect();
        Self { members, expected: expected.into() }
    }
}

impl Expectations {
    /// The rule behind one of the checks of type and claims; `None` where it expects nothing.
    pub(crate) fn rule(&self, check: Check, by_secret: bool) -> Option<Rule> {
        let tolerance = self.clock.tolerance;
        let one_of = |accepted: &[String]| format!("one of: {}", accepted.join(", "));
        Some(match check {
            Check::Type => Rule::new(&["typ"], self.profile.expected_type(by_secret)),
            Check::Kind => {
                let markers = self.profile.markers();
                Rule::new(markers, format!("none of: {}", markers.join(", ")))
            }
            Check::Presence => Rule::new(&self.present().collect::<Vec<_>>(), "all there"),
            Check::User => Rule {
                members: self.user_claim.names().to_vec(),
                expected: match self.user_claim.names() {
                    [_] => "a text that is not empty".into(),
                    _ => "the first that is there is a text that is not empty".into(),
                },
            },
            Check::Types => Rule::new(
                &["iss", "aud", "exp", "nbf", "iat", "jti", "scope"],
                "texts, or an array of texts for aud; times in seconds since 1970",
            ),
            Check::Lifetime => {
                let most = self.clock.max_lifetime? as u64;
                Rule::new(&["iat", "exp"], format!("at most {most} s apart"))
            }
            Check::Issuer => Rule::new(&["iss"], one_of(&self.issuers)),
            Check::Audience => {
                let alone =
                    if self.has_exclusive_audience() { ", and no other beside" } else { "" };
                Rule::new(&["aud"], one_of(&self.audiences) + alone)
            }
            Check::Expiry => {
                Rule::new(&["exp"], format!("ahead, or not more than {tolerance} s ago"))
            }
            Check::Age => {
                let most = self.clock.max_age? as u64;
                Rule::new(&["iat"], format!("at most {most} s ago, give or take {tolerance} s"))
            }
            Check::NotBefore | Check::Issued => {
                let name = if check == Check::Issued { "iat" } else { "nbf" };
                Rule::new(&[name], format!("absent, or not more than {tolerance} s ahead"))
            }
            Check::Values if self.required.iter().any(RequiredClaim::has_values) => {
                let names = self.required.iter().filter(|required| required.has_values());
                let names: Vec<_> = names.map(RequiredClaim::name).collect();
                Rule::new(&names, "the values that are required")
            }
            _ => return None,
        })
    }

    /// By how many seconds clocks may differ.
    pub(crate) fn tolerance(&self) -> u16 {
        self.clock.tolerance
    }
}
