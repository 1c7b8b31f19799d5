//! The issuers whose tokens the edge accepts, each with its own keys.
//!
//! A token's `iss` is not verified when the edge reads it. It only selects one of the issuers in
//! the settings, and only the settings say where that issuer's keys are.

use std::sync::Arc;

use crate::claims::RequiredClaim;
use crate::config::reader::Reader;
use crate::config::value::{SettingValue, SettingValues};
use crate::error::{Code, Error};
use crate::host::Host;
use crate::jose::{Json, Object};
use crate::policy::tokens::{note_claims, token_options, verifier};
use crate::similar::did_you_mean;
use crate::verifier::{Verified, Verifier};

/// The verifiers, one for each issuer and profile of tokens. The first is that of `BETTER_AUTH_URL`
/// and always exists.
#[derive(Debug)]
pub(crate) struct Issuers(Vec<Verifier>);

/// The state of the issuers' keys.
pub(crate) struct KnownKeys {
    /// The number of issuers
    pub(crate) issuers: usize,
    /// The number of issuers with usable keys
    pub(crate) served: usize,
    /// The number of usable keys
    pub(crate) usable: usize,
    /// The age of the oldest key set, in seconds
    pub(crate) age: Option<f64>,
    /// Why the first issuer without keys has none
    pub(crate) failure: Option<Error>,
}

impl Issuers {
    /// The `first` issuer, which has settings of its own and may be `by_secret`, and those of
    /// `ISSUERS`. Adds the claims that these name to `known_claims`. `None` if `first` is `None`.
    pub(crate) fn from_settings(
        reader: &mut Reader<'_>,
        first: Option<Verifier>,
        by_secret: bool,
        known_claims: &mut Vec<String>,
    ) -> Option<Self> {
        let has_first = first.is_some();
        let mut verifiers: Vec<_> = first.into_iter().collect();
        let json = reader.json(SETTING).unwrap_or(Json::Array(Vec::new()));
        let Json::Array(entries) = json else {
            reader.error(SETTING, "is not a list of tables");
            return None;
        };
        for (i, entry) in entries.iter().enumerate() {
            let Json::Object(entry) = entry else {
                reader.error_at(SETTING, i, &["is not a table"]);
                continue;
            };
            if let Some(verifier) = from_entry(reader, i, entry, by_secret, known_claims) {
                if let Some(issuer) = verifiers.iter().find_map(|v| v.common_issuer(&verifier)) {
                    let detail =
                        ["accepts ", issuer, ", as an issuer before it does, for one profile"];
                    reader.error_at(SETTING, i, &detail);
                }
                verifiers.push(verifier);
            }
        }
        has_first.then_some(Self(verifiers))
    }

    /// The verifiers, by their indices.
    pub(crate) fn verifiers(&self) -> &[Verifier] {
        &self.0
    }

    /// Warnings about the URLs of keys, each once.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = Vec::new();
        for warning in self.0.iter().filter_map(Verifier::warning) {
            if !warnings.iter().any(|known| known == warning) {
                warnings.push(warning.to_owned());
            }
        }
        warnings
    }

    /// Verifies a token with its issuer's verifier. Returns the issuer's index too.
    ///
    /// # Errors
    /// Those of [`Verifier::verify`]. The first issuer rejects the tokens of unknown issuers.
    pub(crate) async fn verify<H: Host>(
        &self,
        token: &str,
        host: &H,
    ) -> Result<(Arc<Verified>, usize), Error> {
        let issuer = self.issuer_of(token, host);
        Ok((self.0[issuer].verify(token, host).await?, issuer))
    }

    /// Whether the issuer with that index caches verified tokens.
    pub(crate) fn caches_tokens(&self, issuer: usize) -> bool {
        self.0[issuer].caches_tokens()
    }

    /// Whether a token that the issuer with that index has verified is valid now. Fetches nothing.
    pub(crate) fn is_valid_now(&self, verified: &Verified, issuer: usize, now: f64) -> bool {
        self.0[issuer].is_valid_now(verified, now)
    }

    /// The state of the keys. Fetches key sets that are not cached.
    pub(crate) async fn known_keys<H: Host>(&self, host: &H) -> KnownKeys {
        let mut known = KnownKeys { issuers: 0, served: 0, usable: 0, age: None, failure: None };
        for verifier in &self.0 {
            let (status, failure) = verifier.key_status(host).await;
            known.issuers += 1;
            known.served += usize::from(status.usable > 0);
            known.usable += status.usable;
            if status.usable == 0 && known.failure.is_none() {
                known.failure = failure.or_else(|| Some(no_usable_key()));
            }
            if known.age < status.age {
                known.age = status.age;
            }
        }
        known
    }

    /// Seconds since the last fetch of keys.
    pub(crate) fn keys_age(&self, now: f64) -> Option<f64> {
        self.0.iter().filter_map(|verifier| verifier.keys_age(now)).reduce(f64::min)
    }

    /// The index of the issuer that verifies a token: the one that has cached it, or else the one
    /// that its `iss` names exactly, and its `typ` if that issuer has several profiles.
    fn issuer_of<H: Host>(&self, token: &str, host: &H) -> usize {
        let verifiers = &self.0;
        // with one issuer there is no choice, and no need to read the token
        if verifiers.len() == 1 {
            return 0;
        }
        let known = verifiers.iter().position(|verifier| verifier.is_cached(token, host));
        known.or_else(|| self.by_claimed_issuer(token)).unwrap_or(0)
    }

    fn by_claimed_issuer(&self, token: &str) -> Option<usize> {
        let jws = self.0[0].read(token)?;
        let mut named_by_issuer = None;
        let verifiers = self.0.iter().enumerate();
        for (index, verifier) in verifiers.filter(|(_, verifier)| verifier.accepts_issuer_of(&jws))
        {
            if verifier.accepts_type_of(&jws) {
                return Some(index);
            }
            named_by_issuer = named_by_issuer.or(Some(index));
        }
        named_by_issuer
    }
}

/// The error for a key set without a usable key.
fn no_usable_key() -> Error {
    Error::new(Code::KeysUnavailable, "the auth server's key set has no key that can be used")
}

/// The verifier of an entry. It inherits the first issuer's settings, except for URLs, and for a
/// secret with its algorithms.
fn from_entry(
    all: &mut Reader<'_>,
    index: usize,
    entry: &Object,
    by_secret: bool,
    known_claims: &mut Vec<String>,
) -> Option<Verifier> {
    let mut is_near_miss = false;
    for (name, value) in entry.members() {
        let readable = match name {
            REQUIRED_CLAIMS => RequiredClaim::list_from_json(value).is_some(),
            _ => setting_value(value).is_some(),
        };
        if !MEMBERS.iter().any(|(member, _)| *member == name) {
            let members = MEMBERS.iter().map(|(member, _)| *member);
            let meant = did_you_mean(name, members);
            is_near_miss |= meant.contains("base_url") || meant.contains("jwks_url");
            // a URL is meant as one of the two, under any name
            is_near_miss |= name.to_ascii_lowercase().contains("url");
            is_near_miss |= value.as_str().is_some_and(|text| text.contains("://"));
            all.error_at(SETTING, index, &[name, " is not a member of an issuer", &meant]);
        } else if !readable {
            all.error_at(SETTING, index, &[name, " is empty, or not of its type"]);
        }
    }
    if !entry.has("base_url") && !entry.has("jwks_url") {
        if !is_near_miss {
            all.error_at(
                SETTING,
                index,
                &["base_url is required, or jwks_url with issuer and audience"],
            );
        }
        return None;
    }
    let mut values = SettingValues::new(all.naming());
    for (member, setting) in MEMBERS.iter().filter(|(member, _)| *member != REQUIRED_CLAIMS) {
        if let Some(value) = entry.member(member).and_then(setting_value) {
            values.set(setting, value);
        }
    }
    let settings = all.source();
    let lookup = |setting: &str| {
        let member = MEMBERS.iter().find(|(_, name)| *name == setting).map_or("", |(name, _)| name);
        let inherited = match setting {
            "BETTER_AUTH_URL" | "BETTER_AUTH_BASE_PATH" | "JWKS_URL" => false,
            "ISSUER" | "AUDIENCE" | "BETTER_AUTH_SECRET" => false,
            "ALGORITHMS" => !by_secret,
            _ => true,
        };
        match entry.member(member) {
            Some(_) => values.get(setting),
            None if inherited => settings(setting),
            None => None,
        }
    };
    let mut reader = Reader::beside(&lookup, values.errors()).with_revocations(all.revocations());
    let mut options = token_options(&mut reader);
    if let Some(required) = entry.member(REQUIRED_CLAIMS) {
        options.required_claims = RequiredClaim::list_from_json(required);
    }
    note_claims(&options, known_claims);
    let verifier = verifier(&mut reader, options);
    for error in reader.into_errors() {
        let member = MEMBERS.iter().find(|(_, setting)| *setting == error.setting());
        // the setting itself reports an error in an inherited value
        if let Some((member, _)) = member
            && (entry.has(member) || ["issuer", "audience"].contains(member))
        {
            let detail = match *member {
                "base_path" if !entry.has("base_url") => "needs base_url",
                _ => error.detail(),
            };
            all.error_at(SETTING, index, &[member, " ", detail]);
        }
    }
    verifier
}

const SETTING: &str = "ISSUERS";
const REQUIRED_CLAIMS: &str = "required_claims";

/// The members of an entry, and the settings with the same meaning for the first issuer.
const MEMBERS: [(&str, &str); 9] = [
    ("base_url", "BETTER_AUTH_URL"),
    ("base_path", "BETTER_AUTH_BASE_PATH"),
    ("jwks_url", "JWKS_URL"),
    ("issuer", "ISSUER"),
    ("audience", "AUDIENCE"),
    ("algorithms", "ALGORITHMS"),
    ("profile", "PROFILE"),
    ("user_claim", "USER_CLAIM"),
    (REQUIRED_CLAIMS, "REQUIRED_CLAIMS"),
];

/// A text, or an array of texts. `None` for any other type, and for an empty text.
fn setting_value(value: &Json) -> Option<SettingValue> {
    let text = |value: &Json| {
        let text = value.as_str().filter(|text| !text.trim().is_empty())?;
        Some(text.to_owned())
    };
    match value {
        Json::Array(values) if values.is_empty() => None,
        Json::Array(values) => {
            Some(SettingValue::Texts(values.iter().map(text).collect::<Option<_>>()?))
        }
        value => text(value).map(SettingValue::Variable),
    }
}
