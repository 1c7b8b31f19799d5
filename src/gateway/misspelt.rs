//! Names that are nearly those of settings and bindings.
//!
//! A misspelt setting must not open a door: `ROUTE` in place of `ROUTES` would leave every user's paths to
//! all others. So a variable whose name is nearly one of ours is a fault.

use super::names::{BINDINGS, OTHERS, SETTINGS};
use super::reader::{Reader, SettingFault};
use crate::similar::{letters, meant};

/// A variable of a deployment's environment.
#[derive(Clone, Copy, Debug)]
pub struct Variable<'n> {
    /// As it is written there
    pub name: &'n str,
    /// Whether it is something that is bound to the deployment, and no text or table
    pub is_binding: bool,
}

/// Notes every variable whose name is nearly that of a setting or a binding, unless `IGNORED_VARIABLES`
/// names it.
pub(super) fn check(reader: &mut Reader<'_>, variables: &[Variable<'_>]) {
    let ignored = reader.list("IGNORED_VARIABLES").unwrap_or_default();
    for Variable { name, is_binding } in variables {
        let is_other = SETTINGS.contains(name) || BINDINGS.contains(name) || OTHERS.contains(name);
        if is_other || ignored.iter().any(|other| other == name) {
            continue;
        }
        let setting = if *is_binding { None } else { setting_meant(name) };
        if let Some(known) = setting.or_else(|| meant(name, BINDINGS.iter().copied())) {
            reader.note(SettingFault::misspelt(name, known));
        }
    }
}

/// The setting that a name stands for: one that is spelt nearly so, one that is known by another word, or
/// one with a word before or behind it that tells deployments apart, which names cannot do here.
fn setting_meant(name: &str) -> Option<&'static str> {
    let settings = || SETTINGS.iter().copied();
    let written = letters(name);
    let synonym = SYNONYMS.iter().find(|(word, _)| letters(word) == written);
    synonym.map(|(_, setting)| *setting).or_else(|| meant(name, settings())).or_else(|| {
        let is_separator = |c: char| "_-. ".contains(c);
        let (first, behind) = name.split_once(is_separator)?;
        let (before, last) = name.rsplit_once(is_separator)?;
        let rests = [(first, behind), (last, before)].into_iter();
        rests
            .filter(|(word, _)| is_affix(word))
            .find_map(|(_, rest)| settings().find(|setting| letters(setting) == letters(rest)))
    })
}

fn is_affix(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
        || AFFIXES.split(' ').any(|affix| affix.eq_ignore_ascii_case(word))
}

const AFFIXES: &str = "X MY THE OUR EDGE WORKER GATEWAY STAGING PRODUCTION PROD DEVELOPMENT DEV PREVIEW TEST LOCAL \
     DEFAULT NEW OLD LIST JSON VAR VARS";

/// What some call a setting.
const SYNONYMS: [(&str, &str); 4] = [
    ("RULES", "ROUTES"),
    ("RULE", "ROUTES"),
    ("BETTER_AUTH_BASE_URL", "BETTER_AUTH_URL"),
    ("BASE_PATH", "BETTER_AUTH_BASE_PATH"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(name: &str, is_binding: bool) -> Vec<String> {
        let lookup = |name: &str| (name == "IGNORED_VARIABLES").then(|| "ROUTER,ISSUES".to_owned());
        let mut reader = Reader::new(&lookup);
        check(&mut reader, &[Variable { name, is_binding }]);
        reader.faults().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_that_is_nearly_ours_is_a_fault_that_names_both() {
        for (name, known) in [
            ("ROUTE", "ROUTES"),
            ("ROUTESS", "ROUTES"),
            ("Routes", "ROUTES"),
            ("routes", "ROUTES"),
            ("RUOTES", "ROUTES"),
            ("ROUTS", "ROUTES"),
            ("ROUTES_", "ROUTES"),
            ("_ROUTES", "ROUTES"),
            ("MY_ROUTES", "ROUTES"),
            ("ROUTES_STAGING", "ROUTES"),
            ("STAGING-ROUTES", "ROUTES"),
            ("ROUTES_2", "ROUTES"),
            ("RULES", "ROUTES"),
            ("BETTERAUTH_URL", "BETTER_AUTH_URL"),
            ("BETTER-AUTH-URL", "BETTER_AUTH_URL"),
            ("betterAuthUrl", "BETTER_AUTH_URL"),
            ("BETTER_AUTH_ULR", "BETTER_AUTH_URL"),
            ("BETTER_AUTH_URI", "BETTER_AUTH_URL"),
            ("BETTER_AUTH_BASE_URL", "BETTER_AUTH_URL"),
            ("ORIGIN_URI", "ORIGIN_URL"),
            ("ISSUER_", "ISSUER"),
            ("AUDIENCES", "AUDIENCE"),
            ("EDGE_SIGNIG_KEY", "EDGE_SIGNING_KEY"),
            ("JWKSURL", "JWKS_URL"),
            ("JWKS_URI", "JWKS_URL"),
            ("ALGORITHM", "ALGORITHMS"),
            ("USER_CLAIMS", "USER_CLAIM"),
            ("TRUSTED_ORIGIN", "TRUSTED_ORIGINS"),
            ("REQUIRE_CLAIMS", "REQUIRED_CLAIMS"),
        ] {
            assert_eq!(faults(name, false), [format!("{name} is not a setting, but {known} is")]);
        }
        let found = faults("RATELIMIT_USERS", false);
        assert_eq!(found, ["RATELIMIT_USERS is not a binding, but RATE_LIMIT_USER is"]);
        assert_eq!(faults("JWKS-KV", true), ["JWKS-KV is not a binding, but JWKS_KV is"]);
    }

    #[test]
    fn what_is_something_elses_is_left_alone() {
        for name in [
            "NODE_ENV",
            "API_KEY",
            "ROUTER_MODE",
            "SENTRY_DSN",
            "CF_VERSION_METADATA",
            "DATABASE_URL",
            "AUTHS",
            "AWS_PROFILE",
            "NEXT_PUBLIC_BETTER_AUTH_URL",
            "BETTER_AUTH_SECRETS",
            "BETTER_AUTH_TELEMETRY",
            "EDGE_JWKS_URL",
            "ROUTES_URL_BASE",
            "CLAIMS_API_URL",
            "ROUTER",
            "ISSUES",
            "",
            "_",
        ] {
            assert!(faults(name, false).is_empty(), "{name}: {:?}", faults(name, false));
        }
        assert!(faults("ROUTER2", true).is_empty(), "a binding is no setting");
        for name in SETTINGS.iter().chain(&BINDINGS) {
            assert!(faults(name, false).is_empty(), "{name}");
        }
    }
}
