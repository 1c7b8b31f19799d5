//! The checks of a token's times (RFC 7519, sections 4.1.4 to 4.1.6).

use super::Claims;
use crate::check::{Check, Observer};
use crate::error::{Code, Error};
use crate::jose::{Json, Object};

/// The times of a token, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Times {
    pub(crate) expires: f64,
    pub(crate) not_before: Option<f64>,
    pub(crate) issued: Option<f64>,
}

impl Times {
    /// Reads `exp`, `nbf` and `iat`.
    ///
    /// # Errors
    /// [`Code::MissingClaim`] without `exp`, [`Code::InvalidClaim`] if one is not in seconds.
    pub(super) fn of(claims: &Claims) -> Result<Self, Error> {
        let claims = claims.members();
        let expires = time(claims, "exp")?;
        Ok(Self {
            expires: expires
                .ok_or_else(|| Error::new(Code::MissingClaim, "the token has no \"exp\""))?,
            not_before: time(claims, "nbf")?,
            issued: time(claims, "iat")?,
        })
    }
}

/// The limits of a token's times, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeLimits {
    pub(super) tolerance: f64,
    /// The maximum age: from `iat` to now
    pub(super) max_age: Option<f64>,
    /// The maximum lifetime: from `iat` to `exp`
    pub(super) max_lifetime: Option<f64>,
}

impl TimeLimits {
    /// Whether these limits require `iat`.
    pub(super) fn requires_iat(&self) -> bool {
        self.max_age.is_some() || self.max_lifetime.is_some()
    }

    /// Checks the lifetime, independent of the clock.
    ///
    /// # Errors
    /// [`Code::InvalidClaim`] if the token's lifetime exceeds the maximum.
    pub(super) fn check_lifetime(&self, times: &Times) -> Result<(), Error> {
        match (self.max_lifetime, times.issued) {
            (Some(most), Some(issued)) if times.expires - issued > most => {
                let detail =
                    format!("the token lives longer than the {} s accepted here", most as u64);
                Err(Error::new(Code::InvalidClaim, detail))
            }
            _ => Ok(()),
        }
    }

    /// Checks that the token is valid at `now`, in seconds since 1970.
    ///
    /// # Errors
    /// [`Code::Expired`], [`Code::NotYetValid`]
    pub(crate) fn check(
        &self,
        times: &Times,
        now: f64,
        observer: &mut impl Observer,
    ) -> Result<(), Error> {
        observer.record(Check::Expiry, self.check_expiry(times, now))?;
        observer.record(Check::Age, self.check_age(times, now))?;
        observer.record(Check::NotBefore, self.check_not_before("nbf", times.not_before, now))?;
        observer.record(Check::Issued, self.check_not_before("iat", times.issued, now))
    }

    fn check_expiry(&self, times: &Times, now: f64) -> Result<(), Error> {
        if now - self.tolerance >= times.expires {
            let detail = format!("the token expired {} s ago", (now - times.expires) as u64);
            return Err(Error::new(Code::Expired, detail));
        }
        Ok(())
    }

    fn check_age(&self, times: &Times, now: f64) -> Result<(), Error> {
        match (self.max_age, times.issued) {
            (Some(most), Some(issued)) if now - issued > most + self.tolerance => {
                let detail = format!("the token was issued more than {} s ago", most as u64);
                Err(Error::new(Code::Expired, detail))
            }
            _ => Ok(()),
        }
    }

    fn check_not_before(&self, name: &str, time: Option<f64>, now: f64) -> Result<(), Error> {
        match time {
            Some(time) if time > now + self.tolerance => {
                let ahead = (time - now) as u64;
                let detail = format!("the token's \"{name}\" is {ahead} s in the future");
                Err(Error::new(Code::NotYetValid, detail))
            }
            _ => Ok(()),
        }
    }
}

/// The start of the year 10000, in seconds since 1970. A greater number is most likely a time in
/// milliseconds.
const YEAR_10000: f64 = 253_402_300_800.0;

/// A NumericDate (RFC 7519, section 2), in seconds since 1970 with fractions. `None` if the claim
/// is absent.
pub(super) fn time(claims: &Object, name: &str) -> Result<Option<f64>, Error> {
    let invalid = |detail: String| Err(Error::new(Code::InvalidClaim, detail));
    match claims.member(name) {
        None => Ok(None),
        Some(Json::Number(number)) => match number.as_f64() {
            Some(seconds) if (0.0..YEAR_10000).contains(&seconds) => Ok(Some(seconds)),
            _ => invalid(format!("\"{name}\" is not a time in seconds since 1970")),
        },
        Some(_) => invalid(format!("\"{name}\" is not a number")),
    }
}
