//! The settings of a deployment, parsed once into a type that cannot hold nonsense.
//!
//! Every fault is found in one reading, so that an operator mends them all at once.

use std::fmt;

use super::forward::Forwarding;
use super::rules::{Rule, Rules};
use crate::base_url::BaseUrl;
use crate::jose::{Algorithm, Json};
use crate::verifier::{Verifier, VerifierOptions};

/// What a gateway needs to know.
#[derive(Debug)]
pub struct Settings {
    pub(super) verifier: Verifier,
    pub(super) rules: Rules,
    pub(super) forwarding: Forwarding,
}

impl Settings {
    /// Reads the settings. `lookup` gives the text of a setting by its name; what is structured
    /// comes as JSON. An empty text counts as absent.
    ///
    /// # Errors
    /// Every fault.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<SettingFault>> {
        let mut reader = Reader { lookup, faults: Vec::new() };
        let base_url = reader.required("BETTER_AUTH_URL");
        let algorithms = reader.list("ALGORITHMS");
        let options = VerifierOptions {
            jwks_url: reader.text("JWKS_URL"),
            secret: reader.secret(&algorithms),
            issuer: reader.list("ISSUER"),
            audience: reader.list("AUDIENCE"),
            algorithms,
            clock_tolerance: reader.number("CLOCK_TOLERANCE"),
            max_token_age: reader.number("MAX_TOKEN_AGE"),
            max_token_lifetime: reader.number("MAX_TOKEN_LIFETIME"),
            profile: reader.text("PROFILE"),
            user_claim: reader.list("USER_CLAIM"),
            cache_max_age: reader.number("JWKS_MAX_AGE"),
            cache_stale_age: reader.number("JWKS_STALE_AGE"),
            cooldown: reader.number("JWKS_COOLDOWN"),
            timeout: reader.number("JWKS_TIMEOUT"),
            token_cache: reader.number("TOKEN_CACHE"),
            table_window: reader.number("TABLE_WINDOW"),
            max_token_bytes: reader.number("MAX_TOKEN_BYTES"),
            max_header_bytes: reader.number("MAX_HEADER_BYTES"),
            required_claims: None,
            // one fault about a missing URL is enough
            base_url: Some(base_url.unwrap_or_else(|| "http://missing.invalid".into())),
            jwks: None,
        };
        let verifier = options.build();
        if let Err(faults) = &verifier {
            for fault in faults {
                reader.fault(setting_name(fault.option()), fault.detail());
            }
        }
        let origin = reader.required("ORIGIN_URL").and_then(|url| reader.url("ORIGIN_URL", &url));
        let rules = reader.rules();
        let authorization = reader.switch("FORWARD_AUTHORIZATION", true);
        let claim_headers = reader.claim_headers();

        match (verifier, origin) {
            (Ok(verifier), Some(origin)) if reader.faults.is_empty() => {
                let forwarding = Forwarding { origin, authorization, claim_headers };
                Ok(Self { verifier, rules, forwarding })
            }
            _ => Err(reader.faults),
        }
    }
}

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SettingFault {
    setting: &'static str,
    detail: String,
}

impl SettingFault {
    /// The name of the setting.
    pub fn setting(&self) -> &'static str {
        self.setting
    }
}

impl fmt::Display for SettingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.setting, self.detail)
    }
}

/// What an option of the verifier is called among the settings.
fn setting_name(option: &'static str) -> &'static str {
    match option {
        "baseURL" => "BETTER_AUTH_URL",
        "jwksUrl" => "JWKS_URL",
        "issuer" => "ISSUER",
        "audience" => "AUDIENCE",
        "algorithms" => "ALGORITHMS",
        "clockTolerance" => "CLOCK_TOLERANCE",
        "userClaim" => "USER_CLAIM",
        "secret" => "BETTER_AUTH_SECRET",
        "maxTokenAge" => "MAX_TOKEN_AGE",
        "maxTokenLifetime" => "MAX_TOKEN_LIFETIME",
        "profile" => "PROFILE",
        "cacheMaxAge" => "JWKS_MAX_AGE",
        "cacheStaleAge" => "JWKS_STALE_AGE",
        "cooldownDuration" => "JWKS_COOLDOWN",
        "timeoutDuration" => "JWKS_TIMEOUT",
        "tokenCache" => "TOKEN_CACHE",
        "tableWindow" => "TABLE_WINDOW",
        "maxTokenBytes" => "MAX_TOKEN_BYTES",
        "maxHeaderBytes" => "MAX_HEADER_BYTES",
        other => other,
    }
}

struct Reader<L> {
    lookup: L,
    faults: Vec<SettingFault>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    fn text(&self, setting: &'static str) -> Option<String> {
        (self.lookup)(setting).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn fault(&mut self, setting: &'static str, detail: impl Into<String>) {
        self.faults.push(SettingFault { setting, detail: detail.into() });
    }

    fn required(&mut self, setting: &'static str) -> Option<String> {
        let text = self.text(setting);
        if text.is_none() {
            self.fault(setting, "is required");
        }
        text
    }

    fn url(&mut self, setting: &'static str, text: &str) -> Option<BaseUrl> {
        BaseUrl::parse(text).map_err(|fault| self.fault(setting, fault)).ok()
    }

    /// A comma-separated list.
    fn list(&self, setting: &'static str) -> Option<Vec<String>> {
        let text = self.text(setting)?;
        Some(text.split(',').map(|value| value.trim().to_owned()).collect())
    }

    /// The secret counts only where an algorithm that needs one is named: without, the same secret
    /// may be there for other purposes.
    fn secret(&self, algorithms: &Option<Vec<String>>) -> Option<Vec<u8>> {
        let named = algorithms.iter().flatten().filter_map(|name| Algorithm::from_name(name));
        let needed = named.into_iter().any(Algorithm::is_symmetric);
        // not trimmed: every byte counts
        (self.lookup)("BETTER_AUTH_SECRET").filter(|_| needed).map(String::into_bytes)
    }

    /// A number; what is none becomes one that no check accepts.
    fn number(&self, setting: &'static str) -> Option<f64> {
        let number = |text: String| match Json::parse(&text) {
            Ok(Json::Number(number)) => number.as_f64(),
            _ => None,
        };
        self.text(setting).map(|text| number(text).unwrap_or(f64::NAN))
    }

    fn switch(&mut self, setting: &'static str, default: bool) -> bool {
        match self.text(setting).as_deref() {
            None => default,
            Some("true") => true,
            Some("false") => false,
            Some(_) => {
                self.fault(setting, "is neither true nor false");
                default
            }
        }
    }

    fn json(&mut self, setting: &'static str) -> Option<Json> {
        let text = self.text(setting)?;
        Json::parse(&text).map_err(|error| self.fault(setting, error.to_string())).ok()
    }

    fn rules(&mut self) -> Rules {
        const SETTING: &str = "ROUTES";
        let Some(json) = self.json(SETTING) else {
            return Rules::default();
        };
        let Some(entries) = json.as_array() else {
            self.fault(SETTING, "is not a list of rules");
            return Rules::default();
        };
        let mut rules = Vec::new();
        for (i, entry) in entries.iter().enumerate() {
            match Rule::from_json(entry) {
                Ok(rule) => rules.push(rule),
                Err(faults) => {
                    for fault in faults {
                        self.fault(SETTING, format!("[{i}]: {fault}"));
                    }
                }
            }
        }
        Rules::new(rules)
    }

    /// Claim and header name; the names in lower case, distinct, and none that means something else.
    fn claim_headers(&mut self) -> Vec<(String, String)> {
        const SETTING: &str = "CLAIM_HEADERS";
        let Some(json) = self.json(SETTING) else {
            return Vec::new();
        };
        let Some(table) = json.as_object() else {
            self.fault(SETTING, "is not a table of claims and header names");
            return Vec::new();
        };
        let mut headers: Vec<(String, String)> = Vec::new();
        for (claim, header) in table.members() {
            let header = header.as_str().unwrap_or_default().to_ascii_lowercase();
            let name = header.replace('_', "-");
            if claim.is_empty() || !is_header_name(&header) {
                self.fault(SETTING, format!("has no header name for the claim \"{claim}\""));
            } else if RESERVED_HEADERS.contains(&name.as_str()) || name.starts_with("x-edge-") {
                self.fault(
                    SETTING,
                    format!("must not set {header}, which has a meaning of its own"),
                );
            } else if headers.iter().any(|(_, taken)| taken.replace('_', "-") == name) {
                self.fault(SETTING, format!("sets {header} from two claims"));
            } else {
                headers.push((claim.to_owned(), header));
            }
        }
        headers
    }
}

/// RFC 9110, section 5.6.2.
fn is_header_name(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}

const RESERVED_HEADERS: [&str; 12] = [
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
    "x-request-id",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(settings: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        let lookup = |name: &str| {
            settings.iter().rev().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::parse(lookup)
            .map_err(|faults| faults.iter().map(SettingFault::to_string).collect())
    }

    const REQUIRED: [(&str, &str); 2] =
        [("BETTER_AUTH_URL", "https://app.example"), ("ORIGIN_URL", "https://api.example")];

    #[test]
    fn two_urls_are_enough() {
        assert!(parse(&REQUIRED).unwrap().forwarding.authorization);
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
            "ORIGIN_URL",
            "ROUTES",
            "ROUTES",
            "ROUTES",
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
