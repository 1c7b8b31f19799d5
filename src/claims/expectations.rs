//! The rules that a session token's claims must pass, in their order.

use super::{Claims, UserClaim};
use crate::error::{Code, Error};
use crate::jose::{Header, Json};

/// The most that clocks may differ, in seconds.
pub const MAX_CLOCK_TOLERANCE: u16 = 300;

/// What a Better Auth session token must say.
///
/// Issuers and audiences are never empty: there is no verifier without them.
#[derive(Clone, Debug)]
pub struct Expectations {
    issuers: Vec<String>,
    audiences: Vec<String>,
    clock_tolerance: u16,
    user_claim: UserClaim,
}

impl Expectations {
    /// Tokens by one of `issuers` for one of `audiences`, compared exactly, with five seconds of
    /// tolerance and the user in `sub`. `None` if a list or a value in it is empty.
    pub fn new(issuers: Vec<String>, audiences: Vec<String>) -> Option<Self> {
        let given = |values: &[String]| !values.is_empty() && values.iter().all(|v| !v.is_empty());
        (given(&issuers) && given(&audiences)).then(|| Self {
            issuers,
            audiences,
            clock_tolerance: 5,
            user_claim: UserClaim::default(),
        })
    }

    /// The same with another tolerance, in seconds; `None` above [`MAX_CLOCK_TOLERANCE`].
    pub fn with_clock_tolerance(self, seconds: u16) -> Option<Self> {
        (seconds <= MAX_CLOCK_TOLERANCE).then_some(Self { clock_tolerance: seconds, ..self })
    }

    /// The same with another user claim.
    pub fn with_user_claim(self, user_claim: UserClaim) -> Self {
        Self { user_claim, ..self }
    }

    /// The claim that says who the user is.
    pub fn user_claim(&self) -> &UserClaim {
        &self.user_claim
    }

    /// Check 2: is it a session token by its `typ`? Better Auth sets none.
    ///
    /// # Errors
    /// [`Code::WrongTokenType`]
    pub fn check_type(&self, header: &Header) -> Result<(), Error> {
        if header.is_untyped() || header.is_typed("jwt") {
            return Ok(());
        }
        Err(Error::new(Code::WrongTokenType, "the header's \"typ\" is not that of a session token"))
    }

    /// Check 6: the claims of a token whose signature holds, at `now` in seconds since 1970.
    ///
    /// # Errors
    /// [`Code::WrongTokenType`], [`Code::MissingClaim`], [`Code::InvalidClaim`],
    /// [`Code::IssuerMismatch`], [`Code::AudienceMismatch`], [`Code::Expired`],
    /// [`Code::NotYetValid`]: the first that applies, in this order.
    pub fn check(&self, claims: &Claims, now: f64) -> Result<(), Error> {
        check_kind(claims)?;
        check_presence(claims)?;
        self.user_claim.check(claims)?;
        let issuer = issuer(claims)?;
        let audiences = audiences(claims)?;
        let expires = time(claims, "exp")?;
        let not_before = time(claims, "nbf")?;
        let issued = time(claims, "iat")?;

        if !self.issuers.iter().any(|accepted| accepted == issuer) {
            let accepted = self.issuers.join(", ");
            let detail = format!("the token's issuer is {issuer}, accepted is {accepted}");
            return Err(Error::new(Code::IssuerMismatch, detail));
        }
        if !audiences.iter().any(|audience| self.audiences.iter().any(|a| a == audience)) {
            let (audiences, accepted) = (audiences.join(", "), self.audiences.join(", "));
            let detail = format!("the token's audience is {audiences}, accepted is {accepted}");
            return Err(Error::new(Code::AudienceMismatch, detail));
        }
        self.check_times(expires, not_before, issued, now)
    }

    /// Whether times that were checked once still hold.
    fn check_times(
        &self,
        expires: Option<f64>,
        not_before: Option<f64>,
        issued: Option<f64>,
        now: f64,
    ) -> Result<(), Error> {
        let tolerance = f64::from(self.clock_tolerance);
        if let Some(expires) = expires
            && now - tolerance >= expires
        {
            let detail = format!("the token expired {} s ago", (now - expires) as u64);
            return Err(Error::new(Code::Expired, detail));
        }
        for (name, time) in [("nbf", not_before), ("iat", issued)] {
            if let Some(time) = time
                && time > now + tolerance
            {
                let ahead = (time - now) as u64;
                let detail = format!("the token's \"{name}\" is {ahead} s in the future");
                return Err(Error::new(Code::NotYetValid, detail));
            }
        }
        Ok(())
    }
}

/// Claims that Better Auth puts into other kinds of tokens, signed with the same keys: id_token,
/// logout token, OAuth access token, token bound to a key (RFC 8725, section 3.12).
const MARKERS: [&str; 7] =
    ["at_hash", "c_hash", "nonce", "auth_time", "events", "cnf", "client_id"];

/// The end of the year 9999, in seconds: a larger number is one of milliseconds.
const MAX_TIME: f64 = 253_402_300_799.0;

fn check_kind(claims: &Claims) -> Result<(), Error> {
    let Some(marker) = MARKERS.into_iter().find(|name| claims.object.has(name)) else {
        return Ok(());
    };
    let detail = format!("a token with \"{marker}\" is not a session token");
    Err(Error::new(Code::WrongTokenType, detail))
}

fn check_presence(claims: &Claims) -> Result<(), Error> {
    match ["iss", "aud", "exp"].into_iter().find(|name| claims.claim(name).is_none()) {
        Some(name) => Err(Error::new(Code::MissingClaim, format!("the token has no \"{name}\""))),
        None => Ok(()),
    }
}

fn issuer(claims: &Claims) -> Result<&str, Error> {
    claims.claim("iss").and_then(Json::as_str).ok_or_else(|| invalid("\"iss\" is not a string"))
}

/// RFC 7519, section 4.1.3: one string, or an array of strings.
fn audiences(claims: &Claims) -> Result<Vec<&str>, Error> {
    match claims.claim("aud") {
        Some(Json::String(audience)) => Ok(vec![audience]),
        Some(Json::Array(audiences)) => audiences
            .iter()
            .map(Json::as_str)
            .collect::<Option<_>>()
            .ok_or_else(|| invalid("\"aud\" has a member that is not a string")),
        _ => Err(invalid("\"aud\" is neither a string nor an array")),
    }
}

/// RFC 7519, section 2: a NumericDate, fractions allowed.
fn time(claims: &Claims, name: &str) -> Result<Option<f64>, Error> {
    match claims.claim(name) {
        None => Ok(None),
        Some(Json::Number(number)) => match number.as_f64() {
            Some(seconds) if (0.0..=MAX_TIME).contains(&seconds) => Ok(Some(seconds)),
            _ => Err(invalid(format!("\"{name}\" is not a time in seconds since 1970"))),
        },
        Some(_) => Err(invalid(format!("\"{name}\" is not a number"))),
    }
}

fn invalid(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Code::InvalidClaim, detail)
}
