//! A second implementation of the checks of a session token: form, header and claims.

use crate::base64url;
use crate::json::Value;

/// A well-formed token.
pub struct Token<'t> {
    /// The protected header's bytes
    pub header_text: Vec<u8>,
    /// The protected header
    pub header: Value,
    /// The payload's bytes
    pub payload: Vec<u8>,
    /// The claims set
    pub claims: Value,
    /// The signed text
    pub signing_input: &'t str,
    /// The decoded signature
    pub signature: Vec<u8>,
}

impl<'t> Token<'t> {
    /// Parses a token: at most 16,384 bytes, three segments of strict base64url, two JSON objects,
    /// a header without `crit`, `b64`, `zip`, `enc` and nested JWTs.
    pub fn parse(token: &'t str) -> Option<Self> {
        let segments: Vec<_> = token.split('.').collect();
        let [header, payload, signature] = segments[..] else { return None };
        let whole = segments.iter().all(|segment| !segment.is_empty());
        if !whole || token.len() > 16_384 || header.len() > 4_096 {
            return None;
        }
        let (signing_input, _) = token.rsplit_once('.')?;
        let signature = base64url::decode(signature)?;
        let header_text = base64url::decode(header)?;
        let header = Value::parse_object(&header_text)?;
        let payload = base64url::decode(payload)?;
        let claims = Value::parse_object(&payload)?;
        let token = Self { header_text, header, payload, claims, signing_input, signature };
        token.has_valid_header().then_some(token)
    }

    /// `alg`, which every well-formed token has.
    pub fn algorithm(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or_default()
    }

    /// `kid`
    pub fn kid(&self) -> Option<&str> {
        self.header.get("kid")?.as_str()
    }

    /// Whether `typ` is absent or `JWT`.
    pub fn is_session_type(&self) -> bool {
        self.header.get("typ").is_none_or(|typ| typ.as_str().is_some_and(is_jwt))
    }

    fn has_valid_header(&self) -> bool {
        let rejected = ["crit", "b64", "zip", "enc"];
        let is_string =
            |name: &str| self.header.get(name).is_none_or(|value| value.as_str().is_some());
        self.header.get("alg").is_some()
            && ["alg", "kid", "typ", "cty"].into_iter().all(is_string)
            && !rejected.into_iter().any(|name| self.header.get(name).is_some())
            && !self.header.get("cty").and_then(Value::as_str).is_some_and(is_jwt)
    }
}

fn is_jwt(media_type: &str) -> bool {
    let lower = media_type.to_ascii_lowercase();
    lower.strip_prefix("application/").unwrap_or(&lower) == "jwt"
}

/// The requirements on the claims of a session token.
pub struct Expected<'e> {
    /// The one accepted issuer
    pub issuer: &'e str,
    /// The one accepted audience
    pub audience: &'e str,
    /// The claims that may identify the user
    pub user_claims: &'e [&'e str],
    /// In seconds
    pub tolerance: f64,
    /// Seconds since `iat`
    pub max_age: Option<f64>,
    /// Seconds from `iat` to `exp`
    pub max_lifetime: Option<f64>,
}

impl Expected<'_> {
    /// The user of a token with these claims at that time. `None` if the core must reject it.
    pub fn user<'c>(&self, claims: &'c Value, now: f64) -> Option<&'c str> {
        if MARKERS.iter().any(|name| claims.get(name).is_some()) {
            return None;
        }
        let audience_fits = match claims.member("aud")? {
            Value::Array(audiences) => {
                let texts: Vec<_> = audiences.iter().map(Value::as_str).collect::<Option<_>>()?;
                texts.contains(&self.audience)
            }
            audience => audience.as_str()? == self.audience,
        };
        let issuer_fits = claims.member("iss")?.as_str()? == self.issuer;
        let expires = time(claims, "exp")??;
        let issued = time(claims, "iat")?;
        let not_before = time(claims, "nbf")?;

        let began = |time: Option<f64>| time.is_none_or(|time| time <= now + self.tolerance);
        let in_time = now - self.tolerance < expires && began(issued) && began(not_before);
        let is_young_enough = match self.max_age {
            Some(most) => now - issued? <= most + self.tolerance,
            None => true,
        };
        let is_short_enough = match self.max_lifetime {
            Some(most) => expires - issued? <= most,
            None => true,
        };
        let user = self.user_claims.iter().find_map(|name| claims.member(name))?.as_str()?;
        let good = audience_fits
            && issuer_fits
            && in_time
            && is_young_enough
            && is_short_enough
            && !user.is_empty();
        good.then_some(user)
    }
}

/// Claims that occur in other kinds of tokens only.
const MARKERS: [&str; 7] =
    ["at_hash", "c_hash", "nonce", "auth_time", "events", "cnf", "client_id"];

/// `None` if the claim is not a time, `Some(None)` if it is absent.
fn time(claims: &Value, name: &str) -> Option<Option<f64>> {
    match claims.member(name) {
        None => Some(None),
        Some(Value::Number(number)) => {
            let seconds = number.parse().ok().filter(|s| (0.0..=253_402_300_799.0).contains(s))?;
            Some(Some(seconds))
        }
        Some(_) => None,
    }
}
