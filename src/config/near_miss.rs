//! Names that resemble those of settings and bindings.
//!
//! A misspelled setting must not open a path: with `ROUTE` in place of `ROUTES`, any user could
//! reach every user's paths. So a variable whose name resembles a setting's is an error.

use crate::config::error::SettingError;
use crate::config::reader::Reader;
use crate::config::settings_table::SETTINGS;
use crate::config::value::SettingValue;
use crate::similar::{has_same_words, letters, meant, words};

/// A variable of a deployment's environment.
#[derive(Clone, Copy, Debug)]
pub struct Variable<'n> {
    /// As the operator has written it
    pub name: &'n str,
    /// Whether it is a binding of the deployment, and not a text or a table
    pub is_binding: bool,
}

/// Notes every variable whose name resembles that of a setting or a binding, unless
/// `IGNORED_VARIABLES` names it.
pub(crate) fn check(reader: &mut Reader<'_>, variables: &[Variable<'_>]) {
    let ignored = reader.list("IGNORED_VARIABLES").unwrap_or_default();
    for Variable { name, is_binding } in variables {
        let is_other = settings().any(|known| known == *name)
            || BINDINGS.contains(name)
            || OTHERS.contains(name);
        if is_other || ignored.iter().any(|other| other == name) {
            continue;
        }
        let value = || match (reader.source())(name) {
            Some(SettingValue::Variable(text) | SettingValue::Json(text)) => Some(text),
            _ => None,
        };
        let setting = if *is_binding { None } else { setting_meant(name, value) };
        if let Some(known) = setting.or_else(|| meant(name, BINDINGS.iter().copied())) {
            reader.note(SettingError::near_miss(name, known));
        }
    }
}

/// The setting that the operator probably means: by the name, by the name without words that tell
/// deployments apart, or by the value.
fn setting_meant(name: &str, value: impl Fn() -> Option<String>) -> Option<&'static str> {
    let words = words(name);
    let starts = starts(&words);
    let ends = words.iter().rev().take_while(|word| is_affix(word)).count();
    let spans = starts.iter().flat_map(|start| (0..=ends).map(move |end| (*start, end)));
    let rests = spans.filter_map(|(start, end)| words.get(start..words.len() - end));
    let mut rests = rests.filter(|rest| !rest.is_empty()).map(|rest| rest.join("_"));
    named(name)
        .or_else(|| rests.find_map(|rest| named(&rest)))
        .or_else(|| is_about_routes(&words, value).then_some("ROUTES"))
}

/// The indices at which a name may begin if its first words do not count. `BETTER_AUTH` counts as
/// one such word.
fn starts(words: &[String]) -> Vec<usize> {
    let mut starts = vec![0];
    let mut rest = words;
    loop {
        rest = match rest {
            [better, auth, rest @ ..] if better == "BETTER" && auth == "AUTH" => rest,
            [first, rest @ ..] if is_affix(first) => rest,
            _ => return starts,
        };
        starts.push(words.len() - rest.len());
    }
}

/// The setting with a similar spelling, with the same words, or with that synonym.
fn named(name: &str) -> Option<&'static str> {
    let written = letters(name);
    let synonym = SYNONYMS.iter().find(|(word, _)| letters(word) == written);
    let mut said = words(name);
    said.retain(|word| !FILLERS.contains(&word.as_str()));
    let said = said.join("_");
    let is_short = |known: &&str| {
        short_forms(known).any(|short| letters(short) == written || has_same_words(&said, short))
    };
    synonym
        .map(|(_, setting)| *setting)
        .or_else(|| meant(name, confusable()))
        .or_else(|| confusable().find(is_short))
        .or_else(|| confusable().find(|known| has_same_words(&said, known)))
}

/// The Worker's settings.
fn settings() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().filter(|setting| setting.hosts.have_worker()).map(|setting| setting.name)
}

/// The settings that a similar name may stand for. Many deployments have an `API_KEY` of another
/// service, and without `API_KEYS` the edge only accepts less.
fn confusable() -> impl Iterator<Item = &'static str> {
    settings().filter(|name| *name != "API_KEYS")
}

/// A name without a common first word, unless only one word remains: that may mean anything.
fn short_forms(known: &str) -> impl Iterator<Item = &str> {
    let starts = ["EDGE_", "BETTER_", "BETTER_AUTH_"].into_iter();
    let rests = starts.filter_map(|start| known.strip_prefix(start));
    rests.filter(|rest| rest.contains('_'))
}

/// Whether the name is about routes, and the value a list or a table if the name says more. The
/// rules would be lost if the edge ignored such a variable.
fn is_about_routes(words: &[String], value: impl Fn() -> Option<String>) -> bool {
    let is_route =
        |word: &String| ["ROUTE", "ROUTES", "ROUTING", "RULE", "RULES"].contains(&word.as_str());
    let is_other =
        |word: &String| is_affix(word) || ["ACCESS", "API", "AUTH"].contains(&word.as_str());
    let is_structured = || value().is_some_and(|text| text.trim_start().starts_with(['[', '{']));
    words.iter().any(is_route)
        && (words.iter().all(|word| is_route(word) || is_other(word)) || is_structured())
}

/// Whether the word tells deployments apart. Numbers and versions do too.
fn is_affix(word: &str) -> bool {
    let number = word.strip_prefix('V').unwrap_or(word);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number || AFFIXES.split(' ').any(|affix| affix == word)
}

const AFFIXES: &str = "X MY THE OUR EDGE WORKER GATEWAY STAGING STAGE PRODUCTION PROD LIVE DEVELOPMENT DEV PREVIEW \
     TEST QA UAT CI DEMO SANDBOX BETA CANARY LOCAL EU US DEFAULT NEW OLD LIST JSON VAR VARS";

/// Words that do not count in a name.
const FILLERS: [&str; 4] = ["ALLOW", "ALLOWED", "ACCEPT", "ACCEPTED"];

/// Other names for settings.
const SYNONYMS: [(&str, &str); 4] = [
    ("RULES", "ROUTES"),
    ("RULE", "ROUTES"),
    ("BETTER_AUTH_BASE_URL", "BETTER_AUTH_URL"),
    ("BASE_PATH", "BETTER_AUTH_BASE_PATH"),
];

const BINDINGS: [&str; 8] = [
    "ANALYTICS",
    "AUTH",
    "JWKS_KV",
    "ORIGIN",
    "RATE_LIMIT_REJECTED",
    "RATE_LIMIT_USER",
    "REVOCATIONS",
    "REVOCATIONS_KV",
];

/// Names that resemble a setting's and mean something else: variables of Better Auth and of the
/// Python package.
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

    fn errors(name: &str, is_binding: bool) -> Vec<String> {
        errors_with(name, is_binding, "x")
    }

    fn errors_with(name: &str, is_binding: bool, value: &str) -> Vec<String> {
        let lookup = |wanted: &str| match wanted {
            "IGNORED_VARIABLES" => Some("ROUTER,ISSUES".to_owned()),
            _ => (wanted == name).then(|| value.to_owned()),
        };
        let lookup = |wanted: &str| lookup(wanted).map(SettingValue::Variable);
        let mut reader = Reader::new(&lookup);
        check(&mut reader, &[Variable { name, is_binding }]);
        reader.into_errors().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_that_resembles_a_settings_is_an_error_that_names_both() {
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
            ("ROUTE_RULES", "ROUTES"),
            ("MY_RULES", "ROUTES"),
            ("EDGE_RULES", "ROUTES"),
            ("ACCESS_RULES", "ROUTES"),
            ("ROUTING", "ROUTES"),
            ("ROUTING_RULES", "ROUTES"),
            ("ROUTE_LIST", "ROUTES"),
            ("ROUTES_QA", "ROUTES"),
            ("QA_ROUTES", "ROUTES"),
            ("ROUTES_UAT", "ROUTES"),
            ("ROUTES_CI", "ROUTES"),
            ("ROUTES_V2", "ROUTES"),
            ("ROUTES_PROD_EU", "ROUTES"),
            ("MY_ROUTES_2", "ROUTES"),
            ("stagingRoutes", "ROUTES"),
            ("API_ROUTES", "ROUTES"),
            ("BETTER_AUTH_EDGE_ROUTES", "ROUTES"),
            ("BETTER_AUTH_ROUTES", "ROUTES"),
            ("BETTER_AUTH_EDGE_SIGNING_KEY", "EDGE_SIGNING_KEY"),
            ("STAGING_BETTER_AUTH_BASE_URL", "BETTER_AUTH_URL"),
            ("CLAIMS_REQUIRED", "REQUIRED_CLAIMS"),
            ("REQUIRED_CLAIM_PROD", "REQUIRED_CLAIMS"),
            ("ALLOWED_ALGORITHMS", "ALGORITHMS"),
            ("BIND_REQUEST", "EDGE_BIND_REQUEST"),
            ("bindRequest", "EDGE_BIND_REQUEST"),
            ("SIGNING_KEY", "EDGE_SIGNING_KEY"),
            ("PROD_SIGNING_KEY", "EDGE_SIGNING_KEY"),
            ("SIGNING_KEY_NEXT", "EDGE_SIGNING_KEY_NEXT"),
            ("TOKEN_MAX_AGE", "MAX_TOKEN_AGE"),
            ("CORS_ALLOWED_ORIGINS", "CORS_ORIGINS"),
            ("CLOSE_WEBSOCKET_ON_EXPIRY", "WEBSOCKET_CLOSE_ON_EXPIRY"),
            ("AUTH_SECRET", "BETTER_AUTH_SECRET"),
            ("AUTH_URL", "BETTER_AUTH_URL"),
        ] {
            assert_eq!(errors(name, false), [format!("{name} is not a setting, but {known} is")]);
        }
        for name in ["USER_RULES", "path-rules", "routesOfUsers", "ROUTE_TABLE", "ROUTES_MAP"] {
            for value in ["[]", " [{}]", r#"{"/a":"sub"}"#] {
                let expected = [format!("{name} is not a setting, but ROUTES is")];
                assert_eq!(errors_with(name, false, value), expected);
            }
            assert!(errors(name, false).is_empty(), "{name}");
            assert!(errors_with(name, true, "{}").is_empty(), "a binding is not a setting");
        }
        let found = errors("RATELIMIT_USERS", false);
        assert_eq!(found, ["RATELIMIT_USERS is not a binding, but RATE_LIMIT_USER is"]);
        assert_eq!(errors("JWKS-KV", true), ["JWKS-KV is not a binding, but JWKS_KV is"]);
    }

    #[test]
    fn names_that_mean_something_else_are_ignored() {
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
            "API_URL",
            "APP_SECRET",
            "BETTER_AUTH",
            "BETTER_AUTH_API_KEY",
            "PROD",
            "EDGE",
            "V2",
            "ALLOWED",
            "STRIPE_SECRET_KEY",
            "GITHUB_CLIENT_SECRET",
            "GOOGLE_REDIRECT_URL",
            "MAX_AGE",
            "CI",
            "EDGE_CONFIG",
            "CLAIMS_API_URL",
            "ROUTER",
            "ISSUES",
            "",
            "_",
        ] {
            assert!(errors(name, false).is_empty(), "{name}: {:?}", errors(name, false));
        }
        assert!(errors("ROUTER2", true).is_empty(), "a binding is not a setting");
        for name in settings().chain(BINDINGS) {
            assert!(errors(name, false).is_empty(), "{name}");
        }
    }
}
