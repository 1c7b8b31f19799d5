//! Better Auth's cookie cache: a session and its user in one signed cookie.
//!
//! The reader converts its payload to the claims of a token: the fields of the user at the top, and
//! the user's id in `sub`. Of the session, it takes what tokens say about theirs, by the same
//! names.

use std::fmt;

use super::Claims;
use crate::error::{Code, Error};
use crate::jose::{Json, Object};

/// Reads the payload of a cookie cache.
#[derive(Clone, Debug)]
pub(super) struct CookieCacheReader {
    /// The value of Better Auth's `cookieCache.version`. A cache of another version is rejected
    version: String,
    /// `iss` and `aud` of caches that are signed by a shared secret, which contain neither. `None`:
    /// the cache must contain them, and `sub` and `sid`
    implied: Option<(String, String)>,
    read: Read,
}

type Read = fn(&CookieCacheReader, &Object) -> Result<CookieCacheContent, Error>;

/// The content of a cookie cache.
pub(super) struct CookieCacheContent {
    /// The fields of the user and the claims of the cache itself
    pub(super) claims: Claims,
    pub(super) session: SessionToken,
    /// When the session expires, in seconds since 1970
    pub(super) expires: f64,
}

/// The token of a session. It is as sensitive as the session cookie, so it is never a claim.
#[derive(Clone)]
pub(crate) struct SessionToken(String);

impl CookieCacheReader {
    /// A reader of caches with this version. `implied` is the issuer and the audience of caches
    /// that are signed by a shared secret.
    pub(super) fn new(version: String, implied: Option<(String, String)>) -> Self {
        // a pointer, so that a program without cookie caches does not link the code that reads them
        Self { version, implied, read: Self::token_claims }
    }

    /// Reads the payload of a cookie cache.
    ///
    /// # Errors
    /// [`Code::WrongTokenType`] without a session and a user, as in other tokens that Better Auth
    /// signs with its secret; [`Code::InvalidClaim`] if a member is invalid or contradicts another;
    /// [`Code::Expired`] for another version.
    pub(super) fn read(&self, payload: &Object) -> Result<CookieCacheContent, Error> {
        (self.read)(self, payload)
    }

    fn token_claims(&self, payload: &Object) -> Result<CookieCacheContent, Error> {
        let (Some(Json::Object(session)), Some(Json::Object(user))) =
            (payload.member("session"), payload.member("user"))
        else {
            let detail = "the token is not a cookie cache: it has no session with a user";
            return Err(Error::new(Code::WrongTokenType, detail));
        };
        let expires = text_of(session, "expiresAt").and_then(|text| seconds(text));
        let (Some(id), Some(token), Some(expires)) =
            (text_of(user, "id"), text_of(session, "token"), expires)
        else {
            return Err(invalid("the session has no token, no end or no user with an \"id\""));
        };
        // only a cache that is signed by a secret may lack `sub` and `sid`
        let matches = |name, value: &str| match payload.member(name) {
            Some(claim) => claim.as_str() == Some(value),
            None => self.implied.is_some(),
        };
        if !matches("sub", id) || !matches("sid", token) {
            return Err(invalid("\"sub\" or \"sid\" is not that of the session"));
        }
        // fields that a user can edit never replace the claims about the token itself
        let mut token_claims = Object::default();
        copy(user, &RESERVED_CLAIMS, &mut token_claims);
        token_claims.set("sub", Json::String(id.clone()));
        copy_session(session, &mut token_claims);
        if let Some((issuer, audience)) = &self.implied {
            for (name, value) in [("iss", issuer), ("aud", audience)] {
                token_claims.set(name, Json::String(value.clone()));
            }
        }
        copy(payload, &CACHE_MEMBERS, &mut token_claims);
        let default = Json::String(DEFAULT_VERSION.to_owned());
        if payload.member("version").unwrap_or(&default).as_str() != Some(&self.version) {
            return Err(Error::new(Code::Expired, "the cookie cache is of another version"));
        }
        let claims = Claims::new(Json::Object(token_claims.clone()).to_string(), token_claims);
        Ok(CookieCacheContent { claims, session: SessionToken(token.clone()), expires })
    }
}

impl SessionToken {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Never shows the token.
impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken")
    }
}

/// The version of Better Auth's caches by default, and of a cache without a version.
pub(crate) const DEFAULT_VERSION: &str = "1";

/// Claims about the token, its session or its credential, which no field of the user can replace.
const RESERVED_CLAIMS: [&str; 16] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "sid",
    "session_iat",
    "impersonatedBy",
    "activeOrganizationId",
    "organizations",
    "cred",
    "permissions",
    "api_key_id",
    "act",
];

/// Members of a cache that are not copied to the claims. `sid` there is the session's token.
const CACHE_MEMBERS: [&str; 6] = ["session", "user", "updatedAt", "version", "sub", "sid"];

/// Sets the claims about the session.
fn copy_session(session: &Object, to: &mut Object) {
    for (member, claim) in [
        ("id", "sid"),
        ("impersonatedBy", "impersonatedBy"),
        ("activeOrganizationId", "activeOrganizationId"),
    ] {
        if let Some(text) = text_of(session, member) {
            to.set(claim, Json::String(text.clone()));
        }
    }
    let created = text_of(session, "createdAt").and_then(|text| seconds(text));
    if let Some(created) = created.filter(|created| *created >= 0.0) {
        let milliseconds = (created * 1_000.0).round() as u64;
        let fraction = (1_000 + milliseconds % 1_000).to_string();
        let number = [&(milliseconds / 1_000).to_string(), ".", &fraction[1..]].concat();
        if let Ok(number) = Json::parse(&number) {
            to.set("session_iat", number);
        }
    }
}

fn copy(from: &Object, except: &[&str], to: &mut Object) {
    for (name, value) in from.members() {
        if !except.contains(&name) {
            to.set(name, value.clone());
        }
    }
}

fn text_of<'o>(object: &'o Object, name: &str) -> Option<&'o String> {
    match object.member(name) {
        Some(Json::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn invalid(detail: &'static str) -> Error {
    Error::new(Code::InvalidClaim, detail)
}

/// Parses a date in JavaScript's format (ECMA-262, section 21.4.1.32), such as
/// `2025-06-15T15:06:40.000Z`, and returns seconds since 1970.
fn seconds(text: &str) -> Option<f64> {
    const PATTERN: &[u8] = b"0000-00-00T00:00:00.000Z";
    let (mut fields, mut field) = ([0; 8], 0);
    for (byte, pattern) in text.bytes().zip(PATTERN) {
        match pattern {
            b'0' if byte.is_ascii_digit() => {
                fields[field] = 10 * fields[field] + i64::from(byte - b'0');
            }
            b'0' => return None,
            mark if *mark == byte => field += 1,
            _ => return None,
        }
    }
    let [year, month, day, hour, minute, second, milliseconds, _] = fields;
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day);
    if text.len() != PATTERN.len() || !in_range || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // count years from March, so that a leap day is the last day of its year
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 1;
    let whole = ((days - DAYS_TO_1970) * 24 + hour) * 3_600 + minute * 60 + second;
    Some(whole as f64 + milliseconds as f64 / 1_000.0)
}

/// Days from March 1 of the year 0 to January 1 of 1970.
const DAYS_TO_1970: i64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_the_format_of_javascript_are_parsed_and_others_are_rejected() {
        for (text, expected) in [
            ("1970-01-01T00:00:00.000Z", Some(0.0)),
            ("1970-01-01T00:00:01.500Z", Some(1.5)),
            ("1969-12-31T23:59:59.000Z", Some(-1.0)),
            ("2000-02-29T12:34:56.789Z", Some(951_827_696.789)),
            ("2000-03-01T00:00:00.000Z", Some(951_868_800.0)),
            ("2025-06-15T15:06:40.000Z", Some(1_750_000_000.0)),
            ("2100-12-31T23:59:59.999Z", Some(4_133_980_799.999)),
            ("0000-01-01T00:00:00.000Z", Some(-62_167_219_200.0)),
            ("9999-12-31T23:59:59.999Z", Some(253_402_300_799.999)),
            ("2025-06-15T15:06:40Z", None),
            ("2025-06-15T15:06:40.000+", None),
            ("2025-06-15 15:06:40.000Z", None),
            ("2025-13-15T15:06:40.000Z", None),
            ("2025-06-00T15:06:40.000Z", None),
            ("2025-06-15T24:06:40.000Z", None),
            ("+025-06-15T15:06:40.000Z", None),
            ("+010000-06-15T15:06:40.000Z", None),
            ("", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
