//! Better Auth's cookie cache: a session and its user in one signed cookie. It is read into the
//! claims of a token: the user's members at the top, and the user's id as `sub`. The session stays
//! apart.

use std::fmt;

use super::Claims;
use crate::error::{Code, Error};
use crate::jose::{Json, Object};

/// What a verifier expects of a cookie cache, in addition to other expectations.
#[derive(Clone, Debug)]
pub(super) struct CookieCacheExpectations {
    /// Better Auth's `cookieCache.version`. A cache with another version is out of date
    version: String,
    /// The `iss` and `aud` that a signature by the shared secret implies. Without them, the cache
    /// must contain both, and the user's id
    implied: Option<(String, String)>,
    read: Read,
}

type Read = fn(&CookieCacheExpectations, &Object) -> Result<CachedSession, Error>;

/// The content of a cache.
pub(super) struct CachedSession {
    /// The user's members, and the cache's own claims
    pub(super) claims: Claims,
    pub(super) session: SessionToken,
    /// When the session ends, in seconds since 1970
    pub(super) ends: f64,
}

/// The token of a session. It is as powerful as the cookie, so it never becomes a claim.
#[derive(Clone)]
pub(crate) struct SessionToken(String);

impl CookieCacheExpectations {
    /// Expects caches with that version. Their signature implies `implied`.
    pub(super) fn new(version: String, implied: Option<(String, String)>) -> Self {
        // a pointer, so that a program without cookie caches does not link their reader
        Self { version, implied, read: Self::arranged }
    }

    /// Reads a cache.
    ///
    /// # Errors
    /// [`Code::WrongTokenType`] without a session with a user, such as for other tokens that Better
    /// Auth signs with its secret; [`Code::InvalidClaim`] if one part contradicts another or has
    /// no meaning; [`Code::Expired`] for another version.
    pub(super) fn read(&self, said: &Object) -> Result<CachedSession, Error> {
        (self.read)(self, said)
    }

    fn arranged(&self, said: &Object) -> Result<CachedSession, Error> {
        let (Some(Json::Object(session)), Some(Json::Object(user))) =
            (said.member("session"), said.member("user"))
        else {
            let detail = "the token is not a cookie cache: it has no session with a user";
            return Err(Error::new(Code::WrongTokenType, detail));
        };
        let ends = text_of(session, "expiresAt").and_then(|text| seconds(text));
        let (Some(id), Some(token), Some(ends)) =
            (text_of(user, "id"), text_of(session, "token"), ends)
        else {
            return Err(invalid("the session has no token, no end or no user with an \"id\""));
        };
        // by keys it says so itself; by the secret it need not
        let is_said = |name, value: &str| match said.member(name) {
            Some(said) => said.as_str() == Some(value),
            None => self.implied.is_some(),
        };
        if !is_said("sub", id) || !is_said("sid", token) {
            return Err(invalid("\"sub\" or \"sid\" is not that of the session"));
        }
        // what users can write into their own record never replaces what the token says about
        // itself
        let mut arranged = Object::default();
        copy(user, &ABOUT_THE_TOKEN, &mut arranged);
        arranged.set("sub", Json::String(id.clone()));
        if let Some((issuer, audience)) = &self.implied {
            for (name, value) in [("iss", issuer), ("aud", audience)] {
                arranged.set(name, Json::String(value.clone()));
            }
        }
        copy(said, &PARTS, &mut arranged);
        let default = Json::String(DEFAULT_VERSION.to_owned());
        if said.member("version").unwrap_or(&default).as_str() != Some(&self.version) {
            return Err(Error::new(Code::Expired, "the cookie cache is of another version"));
        }
        let claims = Claims::new(Json::Object(arranged.clone()).to_string(), arranged);
        Ok(CachedSession { claims, session: SessionToken(token.clone()), ends })
    }
}

impl SessionToken {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Never shows it.
impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken")
    }
}

/// What Better Auth writes, and takes an absent version for.
pub(crate) const DEFAULT_VERSION: &str = "1";

/// Claims that are never the user's.
const ABOUT_THE_TOKEN: [&str; 8] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid"];

/// Members of a cache that say nothing about the user.
const PARTS: [&str; 6] = ["session", "user", "updatedAt", "version", "sub", "sid"];

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

/// A time as JavaScript writes it (ECMA-262, section 21.4.1.32), in seconds since 1970:
/// `2025-06-15T15:06:40.000Z`.
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
    // years that begin in March, so that a leap day is the last of its year
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 1;
    let whole = ((days - DAYS_TO_1970) * 24 + hour) * 3_600 + minute * 60 + second;
    Some(whole as f64 + milliseconds as f64 / 1_000.0)
}

/// From the first of March of the year 0 to the first of January of 1970.
const DAYS_TO_1970: i64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_javascript_writes_them() {
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
