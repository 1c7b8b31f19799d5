//! The names of all settings and bindings, and what is nearly one of them.
//!
//! A misspelt setting must not open a door: `ROUTE` in place of `ROUTES` would leave every user's paths to
//! all others. So a variable whose name is nearly one of ours is a fault.

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

/// Whether the gateway reads a setting of that name.
pub(super) fn is_setting(name: &str) -> bool {
    SETTINGS.contains(&name) || WITHIN_APP.contains(&name)
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

/// The settings of every edge. What reads a setting that is missing here fails in debug builds, and so in
/// every test.
const SETTINGS: &[&str] = &[
    "ALGORITHMS",
    "AUDIENCE",
    "AUTH_CLIENT_IP_HEADER",
    "BETTER_AUTH_BASE_PATH",
    "BETTER_AUTH_SECRET",
    "BETTER_AUTH_URL",
    "CLAIMS",
    "CLAIM_HEADERS",
    "CLIENT_IP_HEADER",
    "CLOCK_TOLERANCE",
    "COOKIE_CACHE",
    "COOKIE_CACHE_NAME",
    "COOKIE_CACHE_VERSION",
    "COOKIE_PREFIX",
    "CORS_CREDENTIALS",
    "CORS_EXPOSE_HEADERS",
    "CORS_HEADERS",
    "CORS_MAX_AGE",
    "CORS_METHODS",
    "CORS_ORIGINS",
    "CORS_PREFLIGHT_TO_ORIGIN",
    "EDGE_BIND_REQUEST",
    "EDGE_ISSUER",
    "EDGE_SIGNING_KEY",
    "EDGE_SIGNING_KEY_NEXT",
    "EXCLUSIVE_AUDIENCE",
    "FORWARD_AUTHORIZATION",
    "FORWARD_COOKIES",
    "FORWARD_HEADERS",
    "IGNORED_VARIABLES",
    "ISSUER",
    "ISSUERS",
    "JWKS_COOLDOWN",
    "JWKS_MAX_AGE",
    "JWKS_STALE_AGE",
    "JWKS_TIMEOUT",
    "JWKS_URL",
    "LIST_CLAIMS",
    "LOG_LEVEL",
    "LOG_SALT",
    "LOG_SAMPLE",
    "MAX_HEADER_BYTES",
    "MAX_TOKEN_AGE",
    "MAX_TOKEN_BYTES",
    "MAX_TOKEN_LIFETIME",
    "ORIGIN_TIMEOUT",
    "ORIGIN_URL",
    "PROFILE",
    "RATE_LIMIT_RETRY_AFTER",
    "REQUIRED_CLAIMS",
    "REWRITE_REDIRECTS",
    "ROUTES",
    "SERVER_TIMING",
    "SESSION_COOKIE_NAME",
    "SESSION_EXCHANGE",
    "SESSION_MAX_AGE",
    "TABLE_WINDOW",
    "TOKEN_CACHE",
    "TRUSTED_ORIGINS",
    "USER_CLAIM",
    "WEBSOCKET_CLOSE_ON_EXPIRY",
    "WEBSOCKET_QUERY_PARAMETER",
];

/// Those that only an edge within an application has.
const WITHIN_APP: [&str; 3] = ["JWKS", "OWN_PATHS", "PUBLIC_PATHS"];

const BINDINGS: [&str; 6] =
    ["ANALYTICS", "AUTH", "JWKS_KV", "ORIGIN", "RATE_LIMIT_REJECTED", "RATE_LIMIT_USER"];

/// What is nearly one of ours and means something else: variables of Better Auth, and of the Python package.
const OTHERS: [&str; 7] = [
    "BETTER_AUTH_SECRETS",
    "BETTER_AUTH_TRUSTED_ORIGINS",
    "EDGE_AUDIENCE",
    "EDGE_AUTH_MODE",
    "EDGE_JWKS_URL",
    "EDGE_REFUSE_REPLAYS",
    "ENVIRONMENT",
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
