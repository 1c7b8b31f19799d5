//! The settings of a deployment. A `Settings` is valid, because parsing checks everything.
//!
//! Parsing finds all errors, so that the operator can fix them at once.

use crate::config::bindings::{Bindings, RevocationsBinding};
use crate::config::error::SettingError;
use crate::config::near_miss::{self, Variable};
use crate::config::origin_pattern::OriginPattern;
use crate::config::reader::Reader;
use crate::config::settings_table::{Naming, SETTINGS, Setting};
use crate::config::value::{SettingValue, SettingValues};
use crate::policy::credentials::{CookieCache, Sessions};
use crate::policy::head_check::HeadCheck;
use crate::policy::issuers::Issuers;
use crate::policy::rate_limits::RateLimits;
use crate::policy::revocation::Revocations;
use crate::policy::rules::Rules;
use crate::policy::tokens::{note_claims, token_options, verifier};
use crate::proxy::assertion::asserted_claims;
use crate::proxy::cors::Cors;
use crate::proxy::forward::Forwarding;
use crate::telemetry::Reporter;

/// The valid settings of a gateway.
#[derive(Debug)]
pub struct Settings {
    pub(super) head_check: HeadCheck,
    pub(super) rules: Rules,
    pub(super) issuers: Issuers,
    pub(super) sessions: Sessions,
    pub(super) revocations: Option<Revocations>,
    pub(super) rate_limits: RateLimits,
    pub(super) cors: Cors,
    pub(super) forwarding: Forwarding,
    pub(super) reporter: Reporter,
    origin_warnings: Vec<String>,
}

impl Settings {
    /// Parses the settings of an edge in front of an upstream. `lookup` returns the text of a
    /// setting by its name, and JSON for lists and tables. An empty text counts as absent.
    ///
    /// # Errors
    /// Every error in the settings.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<SettingError>> {
        let source = |name: &str| lookup(name).map(SettingValue::Variable);
        Self::read(Reader::new(&source), &[])
    }

    /// Like [`Settings::parse`], for a host with this store of revocations.
    ///
    /// # Errors
    /// Every error in the settings.
    pub fn parse_with_revocations(
        store: RevocationsBinding,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<SettingError>> {
        let source = |name: &str| lookup(name).map(SettingValue::Variable);
        Self::read(Reader::new(&source).with_revocations(Some(store)), &[])
    }

    /// Like [`Settings::parse`], for a host that knows all variables of its environment and the
    /// types of their values. A variable whose name is similar to a setting's is an error too. A
    /// binding `REVOCATIONS` or `REVOCATIONS_KV` turns revocation on.
    ///
    /// # Errors
    /// Every error in the settings.
    pub fn parse_environment(
        variables: &[Variable<'_>],
        lookup: impl Fn(&str) -> Option<SettingValue>,
    ) -> Result<Self, Vec<SettingError>> {
        let values = worker_values(&lookup);
        let source = |name: &str| match Setting::named(name).filter(is_own) {
            Some(_) => values.get(name),
            None => lookup(name),
        };
        let mut reader = Reader::beside(&source, values.errors());
        let mut store = None;
        for Variable { name, is_binding } in variables {
            match RevocationsBinding::named(name) {
                Some(named) if *is_binding && store.is_none() => store = Some(named),
                Some(named) if *is_binding => {
                    reader.error(named.name(), "is a second store of revocations");
                }
                Some(named) => reader.error(named.name(), named.no_binding()),
                None => {}
            }
        }
        Self::read(reader.with_revocations(store), variables)
    }

    /// Parses the settings of an edge that runs in an application. The application handles each
    /// request that no rule sends `to` the origin server, so `ORIGIN_URL` may be absent.
    ///
    /// Such an edge has the settings `JWKS`, a static key set, and `PUBLIC_PATHS` and `OWN_PATHS`,
    /// patterns of public paths that the rules cannot close. `BETTER_AUTH_URL` may be absent if the
    /// settings name the keys, `ISSUER` and `AUDIENCE`, and need no auth server for sessions.
    ///
    /// # Errors
    /// Every error in the settings.
    pub fn parse_within_app(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<SettingError>> {
        let source = |name: &str| lookup(name).map(SettingValue::Variable);
        Self::read(Reader::new(&source).within_app(), &[])
    }

    /// Like [`Settings::parse_within_app`], for settings that a host has read with their types.
    ///
    /// # Errors
    /// Every error in the settings, including those that the host has found.
    pub fn parse_values(values: &SettingValues) -> Result<Self, Vec<SettingError>> {
        let source = |name: &str| values.get(name);
        let reader = Reader::beside(&source, values.errors()).within_app();
        Self::read(reader.with_revocations(values.revocations()), &[])
    }

    /// Valid settings that may not be what the operator means, as one or two sentences each. The
    /// host logs them once.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.issuers.warnings();
        warnings.extend(self.rules.warnings());
        warnings.extend_from_slice(&self.origin_warnings);
        warnings
    }

    /// The same settings with these bindings. `isolate_salt` is hashed into the pseudonyms of users
    /// in the log, unless `LOG_SALT` is set. Without any salt, the log names no user.
    pub fn with_bindings(self, bindings: Bindings, isolate_salt: String) -> Self {
        Self {
            rate_limits: self.rate_limits.with_bindings(bindings),
            reporter: self.reporter.with_bindings(bindings, isolate_salt),
            ..self
        }
    }

    // not inlined, as worker_values
    #[inline(never)]
    fn read(mut reader: Reader<'_>, variables: &[Variable<'_>]) -> Result<Self, Vec<SettingError>> {
        near_miss::check(&mut reader, variables);
        let mut tokens = token_options(&mut reader);
        if !(reader.is_within_app() && tokens.name_keys()) {
            let base_url = reader.required("BETTER_AUTH_URL");
            // one error about a missing URL is enough
            tokens.base_url = Some(base_url.unwrap_or_else(|| "http://missing.invalid".into()));
        }
        let mut known_claims = known_claims(&mut reader);
        note_claims(&tokens, &mut known_claims);
        let by_secret = tokens.secret.is_some();
        let first = verifier(&mut reader, tokens);
        let cookie_cache = CookieCache::from_settings(&mut reader, first.as_ref());
        let issuers = Issuers::from_settings(&mut reader, first, by_secret, &mut known_claims);
        let revocations = Revocations::from_settings(&mut reader, issuers.as_ref());
        let rules = Rules::from_settings(&mut reader, &known_claims);
        let cors = Cors::from_settings(&mut reader);
        let sessions = Sessions::from_settings(&mut reader, cookie_cache);
        let forwarding = Forwarding::from_settings(&mut reader);
        let head_check = HeadCheck::from_settings(&mut reader);
        let reporter = Reporter::from_settings(&mut reader);
        let rate_limits = RateLimits::from_settings(&mut reader);
        let mut origin_warnings = cors.warnings();
        origin_warnings.extend(sessions.warnings());
        let trusted = reader.origins("TRUSTED_ORIGINS");
        // each issuer can have its own claim
        if !reader.is_given("ISSUERS") {
            let claims = reader.list("USER_CLAIM").unwrap_or_else(|| vec!["sub".to_owned()]);
            origin_warnings.extend(rules.user_claim_warning(&claims));
        }
        let setting = reader.name_of("TRUSTED_ORIGINS");
        origin_warnings.extend(OriginPattern::warnings(setting, &trusted));

        match (issuers, forwarding) {
            (Some(issuers), Some(forwarding)) if reader.is_valid() => Ok(Self {
                head_check,
                rules,
                issuers,
                sessions,
                revocations,
                rate_limits,
                cors,
                forwarding,
                reporter,
                origin_warnings,
            }),
            _ => Err(reader.into_errors()),
        }
    }
}

/// The values of the Worker's settings.
///
/// Not inlined: the compiler would make all of the parsing, which runs once, a part of this loop.
/// V8 would count the bytes of each turn, and optimize the whole for nothing.
#[inline(never)]
fn worker_values(lookup: &dyn Fn(&str) -> Option<SettingValue>) -> SettingValues {
    let mut values = SettingValues::new(Naming::Variables);
    for setting in SETTINGS.iter().filter(is_own) {
        if let Some(value) = lookup(setting.name) {
            values.set(setting.name, value);
        }
    }
    values
}

/// Whether the Worker has the setting.
fn is_own(setting: &&Setting) -> bool {
    setting.hosts.have_worker()
}

/// The claims that the settings name, so that tokens should have them.
fn known_claims(reader: &mut Reader<'_>) -> Vec<String> {
    let mut known = asserted_claims(reader);
    known.push("sub".to_owned());
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(settings: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        let lookup = |name: &str| {
            settings.iter().rev().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::parse(lookup)
            .map_err(|errors| errors.iter().map(SettingError::to_string).collect())
    }

    const REQUIRED: [(&str, &str); 2] =
        [("BETTER_AUTH_URL", "https://app.example"), ("ORIGIN_URL", "https://api.example")];

    #[test]
    fn only_two_urls_are_required() {
        assert!(parse(&REQUIRED).unwrap().forwarding.routing.authorization);
    }

    #[test]
    fn a_warning_names_each_key_url_without_tls_once() {
        let issuers = r#"[{"base_url":"http://b.example.com"},{"base_url":"http://b.example.com","profile":"access-token"},
            {"base_url":"http://auth:3000"},{"jwks_url":"http://c.example.com/k","issuer":"c","audience":"c"}]"#;
        let settings =
            [("BETTER_AUTH_URL", "http://a.example.com"), REQUIRED[1], ("ISSUERS", issuers)];
        let warnings = parse(&settings).unwrap().warnings();
        let warnings: Vec<_> = warnings.iter().filter(|text| text.contains("TLS")).collect();
        let named: Vec<_> = warnings.iter().map(|warning| warning.split(' ').nth(4)).collect();
        let hosts = ["http://a.example.com", "http://b.example.com", "http://c.example.com"];
        assert_eq!(named, hosts.map(Some));
        let routes = ("ROUTES", r#"[{"path":"/{a}/*","match":{"a":"sub"}}]"#);
        assert!(parse(&[REQUIRED[0], REQUIRED[1], routes]).unwrap().warnings().is_empty());
    }

    #[test]
    fn a_warning_says_that_no_rule_isolates_users() {
        for routes in ["", "[]", r#"[{"path":"/open","auth":"public"}]"#] {
            let warnings =
                parse(&[REQUIRED[0], REQUIRED[1], ("ROUTES", routes)]).unwrap().warnings();
            let warned =
                warnings.iter().filter(|text| text.contains("no rule in ROUTES has a match"));
            assert_eq!(warned.count(), 1, "{routes}");
        }
        let lookup =
            |name: &str| (name == "BETTER_AUTH_URL").then(|| "https://a.example".to_owned());
        assert!(Settings::parse_within_app(lookup).unwrap().warnings().is_empty());
    }

    #[test]
    fn a_warning_says_that_rules_isolate_by_another_claim_than_the_users() {
        let uuid = ("ROUTES", r#"[{"path":"/{a}/*","match":{"a":"uuid"}}]"#);
        let both =
            r#"[{"path":"/x/{b}/*","match":{"b":"sub"}},{"path":"/{a}/*","match":{"a":"uuid"}}]"#;
        for (more, is_warned) in [
            (&[uuid][..], true),
            (&[uuid, ("USER_CLAIM", "email")], true),
            (&[uuid, ("USER_CLAIM", "uuid")], false),
            (&[uuid, ("USER_CLAIM", "sub,uuid")], false),
            (&[("ROUTES", both)], false),
            (&[("ROUTES", r#"[{"path":"/open","auth":"public"}]"#), ("USER_CLAIM", "uuid")], false),
        ] {
            let warnings = parse(&[&REQUIRED, more].concat()).unwrap().warnings();
            let warned = warnings.iter().any(|text| text.starts_with("USER_CLAIM is "));
            assert_eq!(warned, is_warned, "{more:?}: {warnings:?}");
        }
    }

    #[test]
    fn a_table_in_place_of_the_list_of_rules_is_an_error_that_says_how_to_write_one() {
        let routes = ("ROUTES", r#"{"path":"/api/*"}"#);
        let errors = parse(&[REQUIRED[0], REQUIRED[1], routes]).unwrap_err();
        assert_eq!(errors.len(), 1);
        assert!(errors[0].contains("[[vars.ROUTES]]"), "{errors:?}");
    }

    #[test]
    fn a_warning_says_that_all_clients_share_one_rate_limit() {
        let warned = |within_app: bool, more: &[(&str, &str)]| {
            let settings = [&REQUIRED[..], &[("SESSION_EXCHANGE", "true")], more].concat();
            let lookup = |name: &str| {
                let given = settings.iter().rev().find(|(n, _)| *n == name);
                given.map(|(_, value)| (*value).to_owned())
            };
            let settings = match within_app {
                true => Settings::parse_within_app(lookup),
                false => Settings::parse(lookup),
            };
            let warnings = settings.unwrap().warnings();
            warnings.iter().filter(|text| text.starts_with("SESSION_EXCHANGE is on")).count()
        };
        assert_eq!(warned(true, &[]), 1);
        assert_eq!(warned(false, &[]), 0, "Cloudflare knows the address");
        for enough in [
            ("BETTER_AUTH_SECRET", "a secret"),
            ("CLIENT_IP_HEADER", "x-real-ip"),
            ("SESSION_EXCHANGE", "false"),
        ] {
            assert_eq!(warned(true, &[enough]), 0, "{}", enough.0);
        }
    }

    #[test]
    fn a_missing_url_is_one_error() {
        assert_eq!(
            parse(&[]).unwrap_err(),
            ["BETTER_AUTH_URL is required", "ORIGIN_URL is required"]
        );
    }

    #[test]
    fn parsing_finds_every_error() {
        let errors = parse(&[
            ("BETTER_AUTH_URL", "app.example"),
            ("JWKS_URL", "ftp://x"),
            ("ISSUER", "a,,b"),
            ("AUDIENCE", ","),
            ("ALGORITHMS", "EdDSA,none,HS256"),
            ("CLOCK_TOLERANCE", "-1"),
            (
                "ROUTES",
                r#"[{"path":"/{a}","match":{"b":"sub"}},{"path":"/a","scopee":[]},{"path":"x"}]"#,
            ),
            ("FORWARD_AUTHORIZATION", "yes"),
            ("CLAIM_HEADERS", r#"{"a":"Host","b":"a b","c":"x-c","d":"X-C","e":"x-edge-user"}"#),
        ])
        .unwrap_err();
        let named: Vec<_> = errors.iter().map(|error| error.split(' ').next().unwrap()).collect();
        let expected = [
            "BETTER_AUTH_URL",
            "ALGORITHMS",
            "ALGORITHMS",
            "JWKS_URL",
            "ISSUER",
            "AUDIENCE",
            "CLOCK_TOLERANCE",
            "ROUTES",
            "ROUTES",
            "ROUTES",
            "ORIGIN_URL",
            "FORWARD_AUTHORIZATION",
            "CLAIM_HEADERS",
            "CLAIM_HEADERS",
            "CLAIM_HEADERS",
            "CLAIM_HEADERS",
        ];
        assert_eq!(named, expected, "{errors:#?}");
    }

    #[test]
    fn a_malformed_setting_is_an_error_instead_of_a_default() {
        for (name, value) in [
            ("ROUTES", "{"),
            ("ROUTES", "{}"),
            ("ROUTES", "7"),
            ("ROUTES", "[7]"),
            ("CLAIM_HEADERS", "[]"),
            ("CLOCK_TOLERANCE", "301"),
            ("CLOCK_TOLERANCE", "5s"),
            ("CLOCK_TOLERANCE", "1.5"),
            ("ALGORITHMS", "eddsa"),
            ("CLAIM_HEADERS", r#"{"a":7}"#),
        ] {
            assert!(parse(&[REQUIRED[0], REQUIRED[1], (name, value)]).is_err(), "{name}={value}");
        }
    }
}
