//! What the operator can do about a rejection: the end of the `cause` in the log.

use crate::config::settings_table::Naming;
use crate::error::Code;

/// The next step for an operator. `None` if the source of the error says enough, or if the client
/// has to change something.
///
/// The details of these codes are in the log too. So a code belongs here only if its details are
/// fixed texts, or repeat claims of tokens whose signature is valid.
pub(super) fn next_step(code: Code, naming: Naming) -> Option<String> {
    let parts: &[&'static str] = match code {
        Code::OpaqueToken => &[
            "the client has to send the JWT, or the edge exchange sessions (",
            "SESSION_EXCHANGE",
            ")",
        ],
        Code::IssuerMismatch => &[
            "if that issuer is yours, write Better Auth's baseURL in ",
            "BETTER_AUTH_URL",
            " letter for letter, or the issuer in ",
            "ISSUER",
            ": localhost and 127.0.0.1 are two issuers",
        ],
        Code::AudienceMismatch => {
            &["if tokens for that audience are yours, write it in ", "AUDIENCE"]
        }
        Code::MissingClaim => &[
            "let Better Auth write the claim, or change ",
            "USER_CLAIM",
            " (\"sub\" is in each of its tokens) or ",
            "REQUIRED_CLAIMS",
        ],
        Code::Expired => &["if it is a new token, compare the clocks of Better Auth and the edge"],
        Code::NotYetValid => &[
            "compare the clocks of Better Auth and the edge; ",
            "CLOCK_TOLERANCE",
            " allows a difference",
        ],
        Code::OriginUnreachable => {
            &["does the origin server run, and is ", "ORIGIN_URL", " its address?"]
        }
        Code::OriginTimeout => &["the setting ", "ORIGIN_TIMEOUT", " is the time that it has"],
        _ => return None,
    };
    // every second part is the name of a setting
    let names = [false, true].into_iter().cycle();
    let written = parts.iter().zip(names).map(|(part, is_name)| match is_name {
        true => naming.name_of(part),
        false => part,
    });
    Some(written.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_names_settings_as_the_operator_writes_them() {
        for (code, variables, options) in [
            (Code::IssuerMismatch, ["BETTER_AUTH_URL", "ISSUER"], ["baseURL", "issuer"]),
            (
                Code::MissingClaim,
                ["USER_CLAIM", "REQUIRED_CLAIMS"],
                ["userClaim", "requiredClaims"],
            ),
        ] {
            for (naming, names) in [(Naming::Variables, variables), (Naming::Options, options)] {
                let step = next_step(code, naming).unwrap();
                assert!(names.iter().all(|name| step.contains(name)), "{step}");
            }
        }
        assert_eq!(next_step(Code::BadSignature, Naming::Variables), None);
    }
}
