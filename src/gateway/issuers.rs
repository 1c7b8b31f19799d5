//! Whose tokens are good: those of one issuer, or of several, each with its own keys.
//!
//! A token says itself who issued it, and nobody has proved that yet. It only chooses among the
//! issuers that the settings name; where its keys are comes from the settings alone.

use std::sync::Arc;

use super::reader::Reader;
use crate::claims::RequiredClaim;
use crate::error::Error;
use crate::host::Host;
use crate::jose::Json;
use crate::verifier::{Verified, Verifier, VerifierOptions};

/// The verifiers, one for each issuer and kind of tokens.
#[derive(Debug)]
pub(super) struct Issuers {
    /// That of `BETTER_AUTH_URL`
    first: Verifier,
    /// Those of `ISSUERS`
    others: Vec<Verifier>,
}

/// What is known of the issuers' keys.
pub(super) struct KnownKeys {
    /// How many issuers there are
    pub(super) issuers: usize,
    /// How many of them have keys that can be used
    pub(super) served: usize,
    /// How many keys they have
    pub(super) usable: usize,
    /// How long the oldest set has been known, in seconds
    pub(super) age: Option<f64>,
}

impl Issuers {
    /// The issuer of the settings that have names of their own, and those of `ISSUERS`, which have
    /// everything else in common with it. `None` where something is wrong.
    pub(super) fn from_settings(
        reader: &mut Reader<'_>,
        first: Option<Verifier>,
        entries: Vec<Entry>,
        shared: &VerifierOptions,
    ) -> Option<Self> {
        let mut others: Vec<Verifier> = Vec::new();
        for entry in entries {
            let i = entry.index;
            let Some(verifier) = entry.verifier(reader, shared) else { continue };
            let mut earlier = first.iter().chain(&others);
            if let Some(issuer) = earlier.find_map(|earlier| earlier.common_issuer(&verifier)) {
                let fault = format!(
                    "[{i}]: accepts {issuer}, as an issuer before it does, for one profile"
                );
                reader.fault(SETTING, fault);
            }
            others.push(verifier);
        }
        Some(Self { first: first?, others })
    }

    /// Verifies a token by its issuer's keys and rules.
    ///
    /// # Errors
    /// Those of [`Verifier::verify`]; for a token that nobody here has issued, those of the first.
    pub(super) async fn verify<H: Host>(
        &self,
        token: &str,
        host: &H,
    ) -> Result<Arc<Verified>, Error> {
        // with one issuer there is nothing to choose, and nothing to be read for it
        let verifier = match self.others.is_empty() {
            true => &self.first,
            false => self.issuer_of(token, host),
        };
        verifier.verify(token, host).await
    }

    /// What the keys are like. Sets that were never had are fetched.
    pub(super) async fn known_keys<H: Host>(&self, host: &H) -> KnownKeys {
        let mut known = KnownKeys { issuers: 0, served: 0, usable: 0, age: None };
        for verifier in self.all() {
            let status = verifier.key_status(host).await;
            known.issuers += 1;
            known.served += usize::from(status.usable > 0);
            known.usable += status.usable;
            known.age = known.age.into_iter().chain(status.age).reduce(f64::max);
        }
        known
    }

    /// Who decides about a token: who has verified it before, or else whom its `iss` names exactly,
    /// and its `typ` where several kinds of tokens come from there.
    fn issuer_of<H: Host>(&self, token: &str, host: &H) -> &Verifier {
        if let Some(verifier) = self.all().find(|verifier| verifier.knows(token, host)) {
            return verifier;
        }
        self.first.read(token).map_or(&self.first, |jws| {
            let mut named = self.all().filter(|verifier| verifier.accepts_issuer_of(&jws));
            let of_its_kind = named.clone().find(|verifier| verifier.accepts_type_of(&jws));
            of_its_kind.or_else(|| named.next()).unwrap_or(&self.first)
        })
    }

    fn all(&self) -> impl Iterator<Item = &Verifier> + Clone {
        [&self.first].into_iter().chain(&self.others)
    }
}

/// An entry of `ISSUERS` that has been read; its values are yet to be judged.
pub(super) struct Entry {
    index: usize,
    own: VerifierOptions,
}

impl Entry {
    /// The entries of the setting, as far as they can be read.
    pub(super) fn list_from_settings(reader: &mut Reader<'_>) -> Vec<Self> {
        let Some(json) = reader.json(SETTING) else {
            return Vec::new();
        };
        let Some(entries) = json.as_array() else {
            reader.fault(SETTING, "is not a list of tables");
            return Vec::new();
        };
        let read = |(index, entry)| Self::from_json(reader, index, entry);
        entries.iter().enumerate().filter_map(read).collect()
    }

    fn from_json(reader: &mut Reader<'_>, index: usize, entry: &Json) -> Option<Self> {
        let Some(table) = entry.as_object() else {
            reader.fault(SETTING, format!("[{index}]: is not a table"));
            return None;
        };
        let mut own = VerifierOptions::default();
        for (name, value) in table.members() {
            if let Err(fault) = read_member(&mut own, name, value) {
                reader.fault(SETTING, format!("[{index}]: {name} {fault}"));
            }
        }
        if !["base_url", "jwks_url"].iter().any(|name| table.has(name)) {
            reader.fault(SETTING, format!("[{index}]: base_url is required, or jwks_url"));
            return None;
        }
        Some(Self { index, own })
    }

    /// The claims that its tokens are expected to have.
    pub(super) fn known_claims(&self) -> impl Iterator<Item = &str> {
        let required = self.own.required_claims.iter().flatten().map(RequiredClaim::name);
        self.own.user_claim.iter().flatten().map(String::as_str).chain(required)
    }

    /// What the entry does not say is as it is for the first issuer, but for where things are.
    fn verifier(self, reader: &mut Reader<'_>, shared: &VerifierOptions) -> Option<Verifier> {
        let Self { index, own } = self;
        // the secret is the first issuer's, and so are the algorithms that go with it
        let inherited = shared.algorithms.clone().filter(|_| shared.secret.is_none());
        let options = VerifierOptions {
            base_url: own.base_url,
            jwks_url: own.jwks_url,
            issuer: own.issuer,
            audience: own.audience,
            algorithms: own.algorithms.or(inherited),
            profile: own.profile.or_else(|| shared.profile.clone()),
            user_claim: own.user_claim.or_else(|| shared.user_claim.clone()),
            required_claims: own.required_claims.or_else(|| shared.required_claims.clone()),
            secret: None,
            ..shared.clone()
        };
        let faults = match options.build() {
            Ok(verifier) => return Some(verifier),
            Err(faults) => faults,
        };
        for fault in faults {
            // what is wrong with all of them has been said
            if let Some((name, _)) = MEMBERS.iter().find(|(_, option)| *option == fault.option()) {
                let detail = fault.detail().replace("baseURL", "base_url");
                reader.fault(SETTING, format!("[{index}]: {name} {detail}"));
            }
        }
        None
    }
}

const SETTING: &str = "ISSUERS";

/// What an entry can say, and what the verifier calls it.
const MEMBERS: [(&str, &str); 7] = [
    ("base_url", "baseURL"),
    ("jwks_url", "jwksUrl"),
    ("issuer", "issuer"),
    ("audience", "audience"),
    ("algorithms", "algorithms"),
    ("profile", "profile"),
    ("user_claim", "userClaim"),
];

fn read_member(own: &mut VerifierOptions, name: &str, value: &Json) -> Result<(), &'static str> {
    match name {
        "base_url" => own.base_url = Some(text(value)?),
        "jwks_url" => own.jwks_url = Some(text(value)?),
        "issuer" => own.issuer = Some(texts(value)?),
        "audience" => own.audience = Some(texts(value)?),
        "algorithms" => own.algorithms = Some(texts(value)?),
        "profile" => own.profile = Some(text(value)?),
        "user_claim" => own.user_claim = Some(texts(value)?),
        "required_claims" => {
            let claims = RequiredClaim::list_from_json(value);
            let fault = "is neither a list of names nor a table of accepted values";
            own.required_claims = Some(claims.ok_or(fault)?);
        }
        _ => return Err("is not something an issuer can say"),
    }
    Ok(())
}

fn text(value: &Json) -> Result<String, &'static str> {
    value.as_str().map(str::to_owned).ok_or("is not a text")
}

/// One text, or a list of texts.
fn texts(value: &Json) -> Result<Vec<String>, &'static str> {
    let values = match value {
        Json::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
    texts.collect::<Option<_>>().ok_or("is neither a text nor a list of texts")
}
