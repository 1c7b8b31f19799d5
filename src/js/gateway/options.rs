//! Reads the options of `createGateway` into settings, by name. What a setting may be is for the
//! gateway to say; here is only how JavaScript writes it.

use js_sys::{Array, Function, JSON, Object};
use wasm_bindgen::{JsCast, JsValue};

use crate::gateway::SettingFault;
use crate::js::options::bytes;

/// What the options say.
#[derive(Default)]
pub(super) struct Given {
    /// Settings by their names
    settings: Vec<(&'static str, String)>,
    /// By what the key set and tokens of sessions are fetched, if not by the runtime
    pub(super) fetch: Option<Function>,
    /// The secret where it is bytes, which no setting can hold
    pub(super) secret: Option<Vec<u8>>,
    /// The options that could not be read, and why
    faults: Vec<(String, &'static str)>,
}

impl Given {
    /// Every fault: what could not be read, and what the settings say of the rest.
    pub(super) fn faults(&self, settings: Vec<SettingFault>) -> Vec<String> {
        let unreadable = self.faults.iter().map(|(name, fault)| [name, " ", fault].concat());
        let is_new = |fault: &SettingFault| {
            let option = option(fault.setting());
            option.is_none_or(|option| self.faults.iter().all(|(name, _)| name != option))
        };
        unreadable.chain(settings.iter().filter(|fault| is_new(fault)).map(fault)).collect()
    }

    pub(super) fn is_readable(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn setting(&self, name: &str) -> Option<String> {
        let found = self.settings.iter().find(|(setting, _)| *setting == name);
        found.map(|(_, text)| text.clone())
    }
}

/// The options that an object holds; members that are `undefined` are not there.
///
/// What is unknown, or what no setting can be, is among its faults. `None` for what is no object.
pub(super) fn read(options: &JsValue) -> Option<Given> {
    if !options.is_object() {
        return None;
    }
    let options: &Object = options.unchecked_ref();
    let mut given = Given::default();
    for entry in Object::entries(options).iter() {
        let entry: Array = entry.unchecked_into();
        let (name, value) = (entry.get(0).as_string().unwrap_or_default(), entry.get(1));
        if value.is_undefined() {
            continue;
        }
        if name == "fetch" && value.is_function() {
            given.fetch = Some(value.unchecked_into());
            continue;
        }
        if name == "secret" && value.is_object() {
            match bytes(&value) {
                Ok(secret) => given.secret = Some(secret),
                Err(fault) => given.faults.push((name, fault)),
            }
            continue;
        }
        let known = OPTIONS.iter().find(|(option, ..)| *option == name);
        let text = match known {
            None => Err("is not an option"),
            Some((_, setting, form)) => form.text(&value).map(|text| (*setting, text)),
        };
        match text {
            Ok(setting) => given.settings.push(setting),
            Err(fault) => given.faults.push((name, fault)),
        }
    }
    Some(given)
}

/// A fault as whoever wrote the options knows it.
fn fault(fault: &SettingFault) -> String {
    let text = fault.to_string();
    match (option(fault.setting()), text.strip_prefix(fault.setting())) {
        (Some(option), Some(detail)) => [option, detail].concat(),
        _ => text,
    }
}

/// The option that is this setting.
fn option(setting: &str) -> Option<&'static str> {
    OPTIONS.iter().find(|(_, named, _)| *named == setting).map(|(option, ..)| *option)
}

#[derive(Clone, Copy)]
enum Form {
    /// A string, a number, a boolean, or strings
    Plain,
    /// A number of milliseconds, as jose has them
    Milliseconds,
    /// An object or an array, or JSON
    Structured,
}

impl Form {
    fn text(self, value: &JsValue) -> Result<String, &'static str> {
        // an unset variable must not become a default
        const EMPTY: &str = "is empty";
        if let Some(text) = value.as_string() {
            return if text.trim().is_empty() { Err(EMPTY) } else { Ok(text) };
        }
        let json = |value: &JsValue| JSON::stringify(value).ok().and_then(|text| text.as_string());
        let text = match self {
            Self::Milliseconds => {
                let milliseconds = value.as_f64().ok_or("is not a number of milliseconds")?;
                json(&JsValue::from_f64(milliseconds / 1_000.0))
            }
            Self::Structured if value.is_object() => json(value),
            Self::Plain if Array::is_array(value) => {
                let texts: Option<Vec<_>> =
                    value.unchecked_ref::<Array>().iter().map(|text| text.as_string()).collect();
                texts.map(|texts| texts.join(","))
            }
            Self::Plain if value.as_f64().is_some() || value.as_bool().is_some() => json(value),
            _ => None,
        };
        match text {
            Some(text) if text.is_empty() => Err(EMPTY),
            text => text.ok_or("is not of its type"),
        }
    }
}

use Form::{Milliseconds, Plain, Structured};

/// What an option is called among the settings.
const OPTIONS: &[(&str, &str, Form)] = &[
    ("baseURL", "BETTER_AUTH_URL", Plain),
    ("origin", "ORIGIN_URL", Plain),
    ("routes", "ROUTES", Structured),
    ("publicPaths", "PUBLIC_PATHS", Plain),
    ("ownPaths", "OWN_PATHS", Plain),
    ("jwksUrl", "JWKS_URL", Plain),
    ("jwks", "JWKS", Structured),
    ("secret", "BETTER_AUTH_SECRET", Plain),
    ("issuer", "ISSUER", Plain),
    ("audience", "AUDIENCE", Plain),
    ("algorithms", "ALGORITHMS", Plain),
    ("profile", "PROFILE", Plain),
    ("userClaim", "USER_CLAIM", Plain),
    ("requiredClaims", "REQUIRED_CLAIMS", Structured),
    ("clockTolerance", "CLOCK_TOLERANCE", Plain),
    ("maxTokenAge", "MAX_TOKEN_AGE", Plain),
    ("maxTokenLifetime", "MAX_TOKEN_LIFETIME", Plain),
    ("maxTokenBytes", "MAX_TOKEN_BYTES", Plain),
    ("maxHeaderBytes", "MAX_HEADER_BYTES", Plain),
    ("issuers", "ISSUERS", Structured),
    ("cacheMaxAge", "JWKS_MAX_AGE", Milliseconds),
    ("cacheStaleAge", "JWKS_STALE_AGE", Milliseconds),
    ("cooldownDuration", "JWKS_COOLDOWN", Milliseconds),
    ("timeoutDuration", "JWKS_TIMEOUT", Milliseconds),
    ("tokenCache", "TOKEN_CACHE", Plain),
    ("tableWindow", "TABLE_WINDOW", Plain),
    ("sessionExchange", "SESSION_EXCHANGE", Plain),
    ("sessionMaxAge", "SESSION_MAX_AGE", Plain),
    ("cookiePrefix", "COOKIE_PREFIX", Plain),
    ("cookieCache", "COOKIE_CACHE", Plain),
    ("cookieCacheVersion", "COOKIE_CACHE_VERSION", Plain),
    ("trustedOrigins", "TRUSTED_ORIGINS", Plain),
    ("forwardCookies", "FORWARD_COOKIES", Plain),
    ("forwardAuthorization", "FORWARD_AUTHORIZATION", Plain),
    ("forwardHeaders", "FORWARD_HEADERS", Plain),
    ("clientIpHeader", "CLIENT_IP_HEADER", Plain),
    ("claimHeaders", "CLAIM_HEADERS", Structured),
    ("signingKey", "EDGE_SIGNING_KEY", Structured),
    ("nextSigningKey", "EDGE_SIGNING_KEY_NEXT", Structured),
    ("edgeIssuer", "EDGE_ISSUER", Plain),
    ("bindRequest", "EDGE_BIND_REQUEST", Plain),
    ("claims", "CLAIMS", Plain),
    ("logLevel", "LOG_LEVEL", Plain),
    ("logSalt", "LOG_SALT", Plain),
];
