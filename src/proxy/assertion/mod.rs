//! The assertion: who is calling, signed by the edge for the origin, so that the origin believes
//! nothing else. A compact JWS of a minute's life, of its own type.

#[cfg(any(test, feature = "worker", not(feature = "js")))]
mod compact;
#[cfg(any(test, all(feature = "js", not(feature = "worker"))))]
mod dalek;
mod key;

use key::{Ed25519, SigningKey};

use std::sync::Arc;

use jwt_compact::{AlgorithmExt, Claims, Header};
use serde::ser::{SerializeMap, SerializeSeq, SerializeStruct};
use serde::{Serialize, Serializer};

use crate::claims::ASSERTION_TYPE;
use crate::config::reader::Reader;
use crate::gateway::WITHIN_APP;
use crate::jose::{Json, Object};
use crate::verifier::Verified;

/// Issuer and audience where the edge is part of an application and says there who is calling. No
/// origin is called so.
const APP: &str = "better-auth-edge:app";

/// Seconds.
const LIFETIME: f64 = 60.0;

/// How assertions are made, from the settings.
pub(crate) struct Assertions {
    /// The first signs; all are published
    keys: Vec<SigningKey>,
    /// `None` for the edge's own origin, as the client called it
    issuer: Option<String>,
    /// `None` where there is no origin
    audience: Option<String>,
    /// The claims that are passed on
    claims: Vec<String>,
    /// Whether an assertion is for one method and path only
    bound: bool,
}

/// An assertion that is good for a while, kept with the token that it was made for.
struct Kept {
    issuer: String,
    audience: String,
    signed: Signed,
}

/// An assertion, and for how long it is used.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) assertion: Arc<str>,
    /// Half of its life, in seconds since 1970; nothing where it is bound to one request
    pub(crate) use_until: Option<f64>,
}

/// What an assertion is made for.
pub(crate) struct Occasion<'r> {
    pub(crate) user: &'r Verified,
    /// Seconds since 1970
    pub(crate) now: f64,
    /// Gives what nobody else has, nor can choose: the request's own id may be the client's
    pub(crate) new_id: &'r dyn Fn() -> String,
    /// The edge's own origin
    pub(crate) edge: &'r str,
    pub(crate) method: &'r str,
    /// Where the request goes, without its query
    pub(crate) url: &'r str,
    /// Whether that is the application that the edge is part of
    pub(crate) within_app: bool,
}

impl Assertions {
    /// Assertions for an origin, if there is a key to sign them.
    pub(crate) fn from_settings(reader: &mut Reader<'_>, audience: Option<&str>) -> Option<Self> {
        const CURRENT: &str = "EDGE_SIGNING_KEY";
        const NEXT: &str = "EDGE_SIGNING_KEY_NEXT";
        let mut key = |setting| {
            let text = reader.text(setting)?;
            SigningKey::from_jwk(&text).map_err(|fault| reader.error(setting, fault)).ok()
        };
        let (key, next) = (key(CURRENT), key(NEXT));
        if let (Some(key), Some(next)) = (&key, &next)
            && key.kid() == next.kid()
        {
            reader.error(NEXT, ["has the \"kid\" of ", reader.name_of(CURRENT)].concat());
        }
        if next.is_some() && !reader.is_given(CURRENT) {
            let key = reader.name_of(CURRENT);
            reader.error(NEXT, ["needs ", key, ", which signs until then"].concat());
        }
        let bound = reader.switch("EDGE_BIND_REQUEST", false);
        let issuer = reader.origin("EDGE_ISSUER");
        Some(Self {
            keys: [Some(key?), next].into_iter().flatten().collect(),
            issuer,
            audience: audience.map(str::to_owned),
            claims: passed_claims(reader),
            bound,
        })
    }

    /// The assertion for a request: a kept one while more than half of its life is left, unless
    /// assertions are bound to requests.
    pub(crate) fn assertion(&self, occasion: &Occasion<'_>) -> Signed {
        let (issuer, audience) = match &self.audience {
            Some(audience) if !WITHIN_APP || !occasion.within_app => {
                (self.issuer.as_deref().unwrap_or(occasion.edge), audience.as_str())
            }
            _ => (APP, APP),
        };
        if self.bound && !occasion.within_app {
            let assertion = self.sign(occasion, issuer, audience).into();
            return Signed { assertion, use_until: None };
        }
        let Occasion { user, now, .. } = *occasion;
        user.companion().update(|kept: &mut Option<Box<Kept>>| {
            if let Some(kept) = kept
                && kept.issuer == issuer
                && kept.audience == audience
                && kept.signed.use_until.is_some_and(|until| now < until)
            {
                return kept.signed.clone();
            }
            let assertion = self.sign(occasion, issuer, audience).into();
            let use_until = Some(now + (expires(user, now) - now) / 2.0);
            let (issuer, audience) = (issuer.to_owned(), audience.to_owned());
            let signed = Signed { assertion, use_until };
            *kept = Some(Box::new(Kept { issuer, audience, signed: signed.clone() }));
            signed
        })
    }

    /// The public halves of all keys: a JWK Set.
    pub(crate) fn jwk_set(&self) -> String {
        let keys: Vec<_> = self.keys.iter().map(SigningKey::public_jwk).collect();
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }

    fn sign(&self, occasion: &Occasion<'_>, issuer: &str, audience: &str) -> String {
        let Occasion { user, now, new_id, method, url, within_app, .. } = *occasion;
        let bound = self.bound && !within_app;
        let claims = Claims::new(Assertion {
            iss: issuer,
            aud: audience,
            sub: user.user(),
            iat: now as u64,
            exp: expires(user, now) as u64,
            jti: new_id(),
            claims: Passed { names: &self.claims, user },
            htm: bound.then_some(method),
            htu: bound.then_some(url),
        });
        let key = &self.keys[0];
        let header = Header::empty().with_token_type(ASSERTION_TYPE).with_key_id(key.kid());
        let signed = Ed25519.token(&header, &claims, key.secret());
        signed.expect("texts, numbers and maps with texts as keys can always be written as JSON")
    }
}

/// `CLAIMS`: what the assertion passes on.
pub(crate) fn passed_claims(reader: &mut Reader<'_>) -> Vec<String> {
    let default = || PASSED_CLAIMS.map(str::to_owned).to_vec();
    let claims = reader.list(CLAIMS).unwrap_or_else(default);
    if claims.iter().any(String::is_empty) {
        reader.error(CLAIMS, "has an empty name");
    }
    claims
}

const CLAIMS: &str = "CLAIMS";

const PASSED_CLAIMS: [&str; 7] = ["sub", "uuid", "id", "email", "name", "role", "scope"];

impl std::fmt::Debug for Assertions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assertions").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// Never past the token's own end, but for a second where that has just been, within the tolerance: whoever
/// is let through must not be turned away by the origin.
fn expires(user: &Verified, now: f64) -> f64 {
    user.expires().min(now + LIFETIME).max(now + 1.0)
}

/// RFC 7519, section 4.1; `htm` and `htu` as in RFC 9449, section 4.2.
#[derive(Serialize)]
struct Assertion<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: u64,
    exp: u64,
    jti: String,
    claims: Passed<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    htm: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    htu: Option<&'a str>,
}

/// The claims that are passed on, as far as the token has them.
struct Passed<'a> {
    names: &'a [String],
    user: &'a Verified,
}

impl Serialize for Passed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let claim = |name: &'_ String| self.user.claims().claim(name).cloned();
        let mut map = serializer.serialize_map(None)?;
        for name in self.names {
            if let Some(value) = claim(name) {
                map.serialize_entry(name, &Value(&value))?;
            }
        }
        map.end()
    }
}

struct Value<'a>(&'a Json);

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Number(number) => {
                // as it is written, to the last digit
                let mut raw = serializer.serialize_struct(RAW, 1)?;
                raw.serialize_field(RAW, &number.to_string())?;
                raw.end()
            }
            Json::String(text) => serializer.serialize_str(text),
            Json::Array(elements) => {
                let mut sequence = serializer.serialize_seq(Some(elements.len()))?;
                elements.iter().try_for_each(|e| sequence.serialize_element(&Value(e)))?;
                sequence.end()
            }
            Json::Object(object) => members(object, serializer),
        }
    }
}

/// What serde_json calls a `RawValue` while it is written. To make one would parse the number once more,
/// by a parser of which nothing else is needed here.
const RAW: &str = "$serde_json::private::RawValue";

fn members<S: Serializer>(object: &Object, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for (name, value) in object.members() {
        map.serialize_entry(name, &Value(value))?;
    }
    map.end()
}
