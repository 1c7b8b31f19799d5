//! The settings of a deployment, parsed once into a type that cannot hold nonsense.
//!
//! Every fault is found in one reading, so that an operator mends them all at once.

use crate::config::error::{SettingError, SettingErrors};
use crate::config::near_miss::{self, Variable};
use crate::config::origin_pattern::OriginPattern;
use crate::config::reader::Reader;
use crate::config::value::SettingValue;
use crate::config::value::SettingValues;
use crate::policy::credentials::{CookieCache, Sessions};
use crate::policy::issuers::Issuers;
use crate::policy::rules::Rules;
use crate::policy::tokens::{note_claims, token_options, verifier};
use crate::proxy::assertion::passed_claims;
use crate::proxy::cors::Cors;
use crate::proxy::forward::Forwarding;
use crate::telemetry::Operations;

/// What a gateway needs to know.
#[derive(Debug)]
pub struct Settings {
    pub(crate) issuers: Issuers,
    pub(crate) rules: Rules,
    pub(crate) cors: Cors,
    pub(crate) sessions: Sessions,
    pub(crate) forwarding: Forwarding,
    pub(crate) operations: Operations,
    origin_warnings: Vec<String>,
}

impl Settings {
    /// Reads the settings. `lookup` gives the text of a setting by its name; what is structured
    /// comes as JSON. An empty text counts as absent.
    ///
    /// # Errors
    /// Every fault.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<SettingError>> {
        let source = |name: &str| lookup(name).map(SettingValue::Variable);
        Self::read(Reader::new(&source), &[])
    }

    /// The same for a deployment whose whole environment is known: a variable whose name is nearly that of a
    /// setting is a fault too.
    ///
    /// # Errors
    /// Every fault.
    pub fn parse_environment(
        variables: &[Variable<'_>],
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<SettingError>> {
        let source = |name: &str| lookup(name).map(SettingValue::Variable);
        Self::read(Reader::new(&source), variables)
    }

    /// The same for an edge that is part of an application: the application answers what the rules do
    /// not send `to` the origin, so that there need be none. Beside those of a Worker there are the
    /// settings `JWKS`, a static key set, and `PUBLIC_PATHS`, a list of patterns that are public whatever
    /// the rules say. `BETTER_AUTH_URL` may be absent where the keys come from elsewhere, with `ISSUER` and
    /// `AUDIENCE`, and no session is to be looked up there.
    ///
    /// # Errors
    /// Every fault.
    pub fn parse_within_app(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<SettingError>> {
        let source = |name: &str| lookup(name).map(SettingValue::Variable);
        Self::read(Reader::new(&source).within_app(), &[])
    }

    /// The same of settings that a host has read with their types.
    ///
    /// # Errors
    /// All errors, those of the host included.
    pub fn parse_values(values: &SettingValues) -> Result<Self, Vec<SettingError>> {
        let source = |name: &str| values.get(name);
        let errors = SettingErrors::of_host(values);
        Self::read(Reader::beside(&source, errors).within_app(), &[])
    }

    /// What is no fault, but may not be what the operator means: one sentence or two each. A host tells it
    /// once, when it has read the settings.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.issuers.warnings();
        warnings.extend(self.rules.warnings());
        warnings.extend_from_slice(&self.origin_warnings);
        warnings
    }

    fn read(mut reader: Reader<'_>, variables: &[Variable<'_>]) -> Result<Self, Vec<SettingError>> {
        near_miss::check(&mut reader, variables);
        let mut tokens = token_options(&mut reader);
        if !(reader.is_within_app() && tokens.name_keys()) {
            let base_url = reader.required("BETTER_AUTH_URL");
            // one fault about a missing URL is enough
            tokens.base_url = Some(base_url.unwrap_or_else(|| "http://missing.invalid".into()));
        }
        let mut known_claims = known_claims(&mut reader);
        note_claims(&tokens, &mut known_claims);
        let by_secret = tokens.secret.is_some();
        let first = verifier(&mut reader, tokens);
        let cookie_cache = CookieCache::from_settings(&mut reader, first.as_ref());
        let issuers = Issuers::from_settings(&mut reader, first, by_secret, &mut known_claims);
        let rules = Rules::from_settings(&mut reader, &known_claims);
        let cors = Cors::from_settings(&mut reader);
        let sessions = Sessions::from_settings(&mut reader, cookie_cache);
        let forwarding = Forwarding::from_settings(&mut reader);
        let operations = Operations::from_settings(&mut reader);
        let mut origin_warnings = cors.warnings();
        origin_warnings.extend(sessions.warnings());
        let trusted = reader.origins("TRUSTED_ORIGINS");
        let setting = reader.name_of("TRUSTED_ORIGINS");
        origin_warnings.extend(OriginPattern::warnings(setting, &trusted));

        match (issuers, forwarding) {
            (Some(issuers), Some(forwarding)) if reader.is_valid() => {
                Ok(Self { issuers, rules, cors, sessions, forwarding, operations, origin_warnings })
            }
            _ => Err(reader.into_errors()),
        }
    }
}

/// The claims that a deployment speaks of somewhere, and so expects its tokens to have.
fn known_claims(reader: &mut Reader<'_>) -> Vec<String> {
    let mut known = passed_claims(reader);
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
            .map_err(|faults| faults.iter().map(SettingError::to_string).collect())
    }

    const REQUIRED: [(&str, &str); 2] =
        [("BETTER_AUTH_URL", "https://app.example"), ("ORIGIN_URL", "https://api.example")];

    #[test]
    fn two_urls_are_enough() {
        assert!(parse(&REQUIRED).unwrap().forwarding.routing.authorization);
    }

    #[test]
    fn every_key_url_without_tls_is_warned_of_once() {
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
    fn an_edge_that_isolates_no_user_is_warned_of_once() {
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
    fn sessions_of_visitors_who_cannot_be_told_apart_are_warned_of_once() {
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
    fn a_missing_url_is_one_fault() {
        assert_eq!(
            parse(&[]).unwrap_err(),
            ["BETTER_AUTH_URL is required", "ORIGIN_URL is required"]
        );
    }

    #[test]
    fn every_fault_is_found_in_one_reading() {
        let faults = parse(&[
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
        let named: Vec<_> = faults.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
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
        assert_eq!(named, expected, "{faults:#?}");
    }

    #[test]
    fn a_setting_that_cannot_be_read_is_a_fault_and_not_a_default() {
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
