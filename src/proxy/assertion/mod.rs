//! The assertion: a compact JWS that identifies the user to the upstream. It has its own type and
//! is valid for a minute.

mod ed25519;
mod key;

use ed25519::Ed25519;
use key::SigningKey;

use std::sync::Arc;

use jwt_compact::{AlgorithmExt, Claims, Header};
use serde::ser::{SerializeMap, SerializeSeq, SerializeStruct};
use serde::{Serialize, Serializer};

use crate::claims::ASSERTION_TYPE;
use crate::config::reader::Reader;
use crate::jose::{Json, Object};
use crate::policy::credentials::CredentialKind;
use crate::verifier::Verified;

/// Issuer and audience of assertions for the application that the edge runs in. It is not an
/// origin, so no upstream accepts such an assertion.
const APP: &str = "better-auth-edge:app";

/// Seconds that an assertion is valid.
const LIFETIME: f64 = 60.0;

/// Signs assertions, with these settings.
pub(crate) struct Assertions {
    /// The first key signs. The edge publishes all
    keys: Vec<SigningKey>,
    /// `None` for the edge's own origin in the request's URL
    issuer: Option<String>,
    /// `None` without an upstream
    audience: Option<String>,
    /// The names of the claims in the assertion
    claims: Vec<String>,
    /// Whether an assertion is valid for one method and URL only
    bound: bool,
}

/// An assertion that is cached with the user's token.
struct CachedAssertion {
    issuer: String,
    audience: String,
    credential: Option<CredentialKind>,
    signed: Signed,
}

/// An assertion, and how long the edge uses it.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) assertion: Arc<str>,
    /// After half of its lifetime, in seconds since 1970. `None` if it is bound to one request
    pub(crate) use_until: Option<f64>,
}

/// The request that an assertion is for.
pub(crate) struct AssertionContext<'r> {
    pub(crate) user: &'r Verified,
    /// The kind of the user's credential
    pub(crate) credential: Option<CredentialKind>,
    /// Seconds since 1970
    pub(crate) now: f64,
    /// Returns a unique id that no client can choose. The request's own id may be the client's
    pub(crate) new_id: &'r dyn Fn() -> String,
    /// The edge's origin
    pub(crate) edge: &'r str,
    pub(crate) method: &'r str,
    /// The request's destination, without the query
    pub(crate) url: &'r str,
    /// Whether the destination is the application that the edge runs in
    pub(crate) within_app: bool,
}

const NEW_KEY: &str = "; npx better-auth-edge keygen makes a key";

impl Assertions {
    /// `None` without a key. `audience` is the upstream's origin.
    pub(crate) fn from_settings(reader: &mut Reader<'_>, audience: Option<&str>) -> Option<Self> {
        const CURRENT: &str = "EDGE_SIGNING_KEY";
        const NEXT: &str = "EDGE_SIGNING_KEY_NEXT";
        let mut key = |setting| {
            let text = reader.text(setting)?;
            let key = SigningKey::from_jwk(&text);
            key.map_err(|error| reader.error(setting, [error, NEW_KEY].concat())).ok()
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
            claims: asserted_claims(reader),
            bound,
        })
    }

    /// The assertion for a request. A cached one for half of its lifetime, unless assertions are
    /// bound to requests.
    pub(crate) fn assertion(&self, context: &AssertionContext<'_>) -> Signed {
        let (issuer, audience) = match &self.audience {
            Some(audience) if !context.within_app => {
                (self.issuer.as_deref().unwrap_or(context.edge), audience.as_str())
            }
            _ => (APP, APP),
        };
        if self.bound && !context.within_app {
            let assertion = self.sign(context, issuer, audience).into();
            return Signed { assertion, use_until: None };
        }
        let AssertionContext { user, credential, now, .. } = *context;
        user.extension().update(|cached: &mut Option<Box<CachedAssertion>>| {
            if let Some(cached) = cached
                && cached.issuer == issuer
                && cached.audience == audience
                && cached.credential == credential
                && cached.signed.use_until.is_some_and(|until| now < until)
            {
                return cached.signed.clone();
            }
            let assertion = self.sign(context, issuer, audience).into();
            let use_until = Some(now + (expires(user, now) - now) / 2.0);
            let (issuer, audience) = (issuer.to_owned(), audience.to_owned());
            let signed = Signed { assertion, use_until };
            let assertion =
                CachedAssertion { issuer, audience, credential, signed: signed.clone() };
            *cached = Some(Box::new(assertion));
            signed
        })
    }

    /// The public keys, as a JWK Set.
    pub(crate) fn jwk_set(&self) -> String {
        let keys: Vec<_> = self.keys.iter().map(SigningKey::public_jwk).collect();
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }

    fn sign(&self, context: &AssertionContext<'_>, issuer: &str, audience: &str) -> String {
        let AssertionContext { user, now, new_id, method, url, within_app, .. } = *context;
        let bound = self.bound && !within_app;
        let claims = Claims::new(Assertion {
            iss: issuer,
            aud: audience,
            sub: user.user(),
            iat: now as u64,
            exp: expires(user, now) as u64,
            jti: new_id(),
            cred: context.credential.map(CredentialKind::name),
            act: user.session().impersonator().map(|sub| Actor { sub }),
            claims: AssertedClaims { names: &self.claims, user },
            htm: bound.then_some(method),
            htu: bound.then_some(url),
        });
        let key = &self.keys[0];
        let header = Header::empty().with_token_type(ASSERTION_TYPE).with_key_id(key.kid());
        let signed = Ed25519.token(&header, &claims, key.secret());
        signed.expect("texts, numbers and maps with texts as keys can always be written as JSON")
    }
}

/// `CLAIMS`: the names of the claims in the assertion.
pub(crate) fn asserted_claims(reader: &mut Reader<'_>) -> Vec<String> {
    let default = || DEFAULT_CLAIMS.map(str::to_owned).to_vec();
    let claims = reader.list(CLAIMS).unwrap_or_else(default);
    if claims.iter().any(String::is_empty) {
        reader.error(CLAIMS, "has an empty name");
    }
    claims
}

const CLAIMS: &str = "CLAIMS";

const DEFAULT_CLAIMS: [&str; 12] = [
    "sub",
    "uuid",
    "id",
    "email",
    "name",
    "role",
    "scope",
    "activeOrganizationId",
    "organizations",
    "permissions",
    "sid",
    "session_iat",
];

impl std::fmt::Debug for Assertions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assertions").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// The assertion's expiry. It never outlives the token, except for a second if the token has just
/// expired, within the clock tolerance: the upstream must not reject a request that the edge has
/// admitted.
fn expires(user: &Verified, now: f64) -> f64 {
    user.expires().min(now + LIFETIME).max(now + 1.0)
}

/// RFC 7519, section 4.1; `act` as in RFC 8693, section 4.1; `htm` and `htu` as in RFC 9449,
/// section 4.2.
#[derive(Serialize)]
struct Assertion<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: u64,
    exp: u64,
    jti: String,
    /// The kind of the credential
    #[serde(skip_serializing_if = "Option::is_none")]
    cred: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<Actor<'a>>,
    claims: AssertedClaims<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    htm: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    htu: Option<&'a str>,
}

/// The user who acts as the token's user.
#[derive(Serialize)]
struct Actor<'a> {
    sub: &'a str,
}

/// The claims with these names that the token has.
struct AssertedClaims<'a> {
    names: &'a [String],
    user: &'a Verified,
}

impl Serialize for AssertedClaims<'_> {
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
                // unchanged, to the last digit
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

/// serde_json's internal name of a `RawValue`. Creating a `RawValue` would parse the number again
/// and add a parser to the wasm.
const RAW: &str = "$serde_json::private::RawValue";

fn members<S: Serializer>(object: &Object, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for (name, value) in object.members() {
        map.serialize_entry(name, &Value(value))?;
    }
    map.end()
}
