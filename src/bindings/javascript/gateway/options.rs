//! Reads the options of `createGateway` into settings, by name. What a setting may be is for the
//! gateway to say; here is only how JavaScript writes it.

use js_sys::{Array, Function, JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::bindings::javascript::options::{bytes, is_absent, json as structured};
use crate::gateway::SettingFault;
use crate::gateway::Settings;
use crate::similar::{did_you_mean, suggestion};

/// What the options say.
#[derive(Default)]
pub(super) struct Given {
    /// Settings by their names
    settings: Vec<(&'static str, String)>,
    /// By what the key set and tokens of sessions are fetched, if not by the runtime
    pub(super) fetch: Option<Function>,
    /// The secret where it is bytes, which no setting can hold
    secret: Option<Vec<u8>>,
    /// What is wrong with members that are no options
    unknown: Vec<String>,
    /// The settings that those stand for, as far as that is clear
    meant: Vec<&'static str>,
    /// Options that are not of their type
    faults: Vec<SettingFault>,
}

impl Given {
    /// The settings.
    ///
    /// # Errors
    /// Every fault, of names, types and values, told by the names of options.
    pub(super) fn parse(&self) -> Result<Settings, Vec<String>> {
        let (secret, faults) = (self.secret.clone(), self.faults.clone());
        let lookup = |name: &str| self.setting(name);
        let settings = Settings::parse_within_app_with(secret, faults, &self.meant, lookup);
        let faults = match settings {
            Ok(settings) if self.unknown.is_empty() => return Ok(settings),
            Ok(_) => Vec::new(),
            Err(faults) => faults,
        };
        let faults = faults.iter().map(|fault| by_options(&fault.to_string()));
        Err(self.unknown.iter().cloned().chain(faults).collect())
    }

    pub(super) fn setting(&self, name: &str) -> Option<String> {
        let found = self.settings.iter().find(|(setting, _)| *setting == name);
        found.map(|(_, text)| text.clone())
    }
}

/// A text in which settings are called as the options that they are here.
pub(super) fn by_options(text: &str) -> String {
    let is_in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_in_name) {
        let (before, from) = rest.split_at(start);
        let (word, behind) = from.split_at(from.find(|c| !is_in_name(c)).unwrap_or(from.len()));
        told.push_str(before);
        told.push_str(option(word).unwrap_or(word));
        rest = behind;
    }
    told + rest
}

/// The options that an object holds; members that are `undefined` are not there.
///
/// What is unknown, or what no setting can be, is among its faults. `None` for what is no object.
pub(super) fn read(options: &JsValue) -> Option<Given> {
    if !options.is_object() {
        return None;
    }
    let entries = Object::entries(options.unchecked_ref());
    let mut given = Given::default();
    for entry in entries.iter() {
        let entry: Array = entry.unchecked_into();
        let (name, value) = (entry.get(0).as_string().unwrap_or_default(), entry.get(1));
        if value.is_undefined() {
            continue;
        }
        if name == "fetch" && value.is_function() {
            given.fetch = Some(value.unchecked_into());
            continue;
        }
        if name == "secret" && !value.is_string() {
            match bytes(&value) {
                Ok(secret) if secret.is_empty() => {
                    given.faults.push(SettingFault::new("BETTER_AUTH_SECRET", "is empty"));
                }
                Ok(secret) => given.secret = Some(secret),
                Err(fault) => given.faults.push(SettingFault::new("BETTER_AUTH_SECRET", fault)),
            }
            continue;
        }
        let Some((_, setting, form)) = OPTIONS.iter().find(|(option, ..)| *option == name) else {
            let meant = suggestion(&name, known(options));
            let meant = meant.filter(|option| is_absent(options, option));
            given.meant.extend(meant.and_then(setting));
            given.unknown.push(match name.as_str() {
                "fetch" => "fetch is not a function".to_owned(),
                _ => [&name, " is not an option", &did_you_mean(&name, known(options))].concat(),
            });
            continue;
        };
        match form.text(&value) {
            Ok(text) => given.settings.extend(text.map(|text| (*setting, text))),
            Err(fault) => given.faults.push(SettingFault::new(setting, fault)),
        }
    }
    Some(given)
}

/// Which options there are, for who has written these.
fn known(given: &JsValue) -> impl Iterator<Item = &'static str> {
    // only the middleware names paths of its own, and its options never get here
    let is_middleware = Reflect::has(given, &"ownPaths".into()).unwrap_or(false);
    let of_middleware = ["signInPath", "returnParameter", "isPage"];
    let of_middleware = of_middleware.into_iter().filter(move |_| is_middleware);
    OPTIONS.iter().map(|(option, ..)| *option).chain(["fetch"]).chain(of_middleware)
}

/// The option that is this setting.
fn option(setting: &str) -> Option<&'static str> {
    OPTIONS.iter().find(|(_, named, _)| *named == setting).map(|(option, ..)| *option)
}

/// The setting that this option is.
fn setting(option: &str) -> Option<&'static str> {
    OPTIONS.iter().find(|(named, ..)| *named == option).map(|(_, setting, _)| *setting)
}

/// What an option is. A string does for every form, as environment variables have it; the gateway says
/// whether it can be read.
#[derive(Clone, Copy)]
enum Form {
    /// A string
    Text,
    /// A string or a number
    Label,
    /// Strings, at least one
    Texts,
    /// Strings, perhaps none
    Names,
    /// Claims, perhaps none but the user, who is always there
    Claims,
    Number,
    /// A number of milliseconds, as jose has them
    Milliseconds,
    /// A boolean
    Switch,
    /// An object or an array, or JSON
    Structured,
}

impl Form {
    /// The text of a setting; `None` for an empty list that is like none.
    fn text(self, value: &JsValue) -> Result<Option<String>, &'static str> {
        if let Some(text) = value.as_string() {
            // an unset variable must not become a default
            return if text.trim().is_empty() { Err("is empty") } else { Ok(Some(text)) };
        }
        let json = |value: &JsValue| JSON::stringify(value).ok().and_then(|text| text.as_string());
        let number = || value.as_f64().and_then(|_| json(value));
        let text = match self {
            Self::Text => Err("is not a string"),
            Self::Label => number().ok_or("is neither a string nor a number"),
            Self::Number => number().ok_or("is not a number"),
            Self::Milliseconds => {
                let seconds = value.as_f64().map(|milliseconds| milliseconds / 1_000.0);
                let text = seconds.and_then(|seconds| json(&JsValue::from_f64(seconds)));
                text.ok_or("is not a number of milliseconds")
            }
            Self::Switch => value.as_bool().and_then(|_| json(value)).ok_or("is not a boolean"),
            Self::Structured if value.is_object() => structured(value),
            Self::Structured => Err("is neither an object, an array nor JSON"),
            Self::Claims if texts(value).is_some_and(|texts| texts.is_empty()) => Ok("sub".into()),
            Self::Texts | Self::Names | Self::Claims => {
                let texts = texts(value).ok_or("is neither a string nor an array of strings")?;
                if matches!(self, Self::Names) && texts.is_empty() {
                    return Ok(None);
                }
                Ok(texts.join(","))
            }
        };
        match text?.as_str() {
            "" => Err("is empty"),
            text => Ok(Some(text.to_owned())),
        }
    }
}

fn texts(value: &JsValue) -> Option<Vec<String>> {
    let texts = Array::is_array(value).then(|| value.unchecked_ref::<Array>())?;
    texts.iter().map(|text| text.as_string()).collect()
}

use Form::{Claims, Label, Milliseconds, Names, Number, Structured, Switch, Text, Texts};

/// What an option is called among the settings.
const OPTIONS: &[(&str, &str, Form)] = &[
    ("baseURL", "BETTER_AUTH_URL", Text),
    ("basePath", "BETTER_AUTH_BASE_PATH", Text),
    ("origin", "ORIGIN_URL", Text),
    ("rewriteRedirects", "REWRITE_REDIRECTS", Switch),
    ("routes", "ROUTES", Structured),
    ("publicPaths", "PUBLIC_PATHS", Names),
    ("ownPaths", "OWN_PATHS", Names),
    ("jwksUrl", "JWKS_URL", Text),
    ("jwks", "JWKS", Structured),
    ("secret", "BETTER_AUTH_SECRET", Text),
    ("issuer", "ISSUER", Texts),
    ("audience", "AUDIENCE", Texts),
    ("algorithms", "ALGORITHMS", Texts),
    ("profile", "PROFILE", Text),
    ("userClaim", "USER_CLAIM", Texts),
    ("requiredClaims", "REQUIRED_CLAIMS", Structured),
    ("listClaims", "LIST_CLAIMS", Names),
    ("exclusiveAudience", "EXCLUSIVE_AUDIENCE", Switch),
    ("clockTolerance", "CLOCK_TOLERANCE", Number),
    ("maxTokenAge", "MAX_TOKEN_AGE", Number),
    ("maxTokenLifetime", "MAX_TOKEN_LIFETIME", Number),
    ("maxTokenBytes", "MAX_TOKEN_BYTES", Number),
    ("maxHeaderBytes", "MAX_HEADER_BYTES", Number),
    ("issuers", "ISSUERS", Structured),
    ("cacheMaxAge", "JWKS_MAX_AGE", Milliseconds),
    ("cacheStaleAge", "JWKS_STALE_AGE", Milliseconds),
    ("cooldownDuration", "JWKS_COOLDOWN", Milliseconds),
    ("timeoutDuration", "JWKS_TIMEOUT", Milliseconds),
    ("tokenCache", "TOKEN_CACHE", Number),
    ("tableWindow", "TABLE_WINDOW", Number),
    ("sessionExchange", "SESSION_EXCHANGE", Switch),
    ("sessionMaxAge", "SESSION_MAX_AGE", Number),
    ("cookiePrefix", "COOKIE_PREFIX", Text),
    ("sessionCookieName", "SESSION_COOKIE_NAME", Text),
    ("cookieCacheName", "COOKIE_CACHE_NAME", Text),
    ("cookieCache", "COOKIE_CACHE", Text),
    ("cookieCacheVersion", "COOKIE_CACHE_VERSION", Label),
    ("trustedOrigins", "TRUSTED_ORIGINS", Names),
    ("forwardCookies", "FORWARD_COOKIES", Switch),
    ("forwardAuthorization", "FORWARD_AUTHORIZATION", Switch),
    ("forwardHeaders", "FORWARD_HEADERS", Names),
    ("clientIpHeader", "CLIENT_IP_HEADER", Text),
    ("authClientIpHeader", "AUTH_CLIENT_IP_HEADER", Text),
    ("claimHeaders", "CLAIM_HEADERS", Structured),
    ("signingKey", "EDGE_SIGNING_KEY", Structured),
    ("nextSigningKey", "EDGE_SIGNING_KEY_NEXT", Structured),
    ("edgeIssuer", "EDGE_ISSUER", Text),
    ("bindRequest", "EDGE_BIND_REQUEST", Switch),
    ("claims", "CLAIMS", Claims),
    ("logLevel", "LOG_LEVEL", Text),
    ("logSalt", "LOG_SALT", Text),
];
