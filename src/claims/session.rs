//! Claims about the session that a token was issued for: when it began, and who acts in it.

use super::times::time;
use super::{Claims, Profile};
use crate::error::{Code, Error};
use crate::jose::{Json, Object};

/// The time of the sign-in, in seconds since 1970 with fractions. The claim is not `auth_time`,
/// because that claim identifies an ID token here.
const SESSION_BEGAN: &str = "session_iat";

/// The user id of the administrator who impersonates the token's user, in tokens of Better Auth.
const IMPERSONATED_BY: &str = "impersonatedBy";

/// What a token says about its session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionClaims {
    /// When the session began, in seconds since 1970
    began: Option<f64>,
    /// The user who acts as the token's user, never empty
    impersonator: Option<String>,
}

impl SessionClaims {
    /// Reads the claims of a token by Better Auth at `now`. All times are in seconds.
    ///
    /// # Errors
    /// [`Code::InvalidClaim`] if `session_iat` is not a time, or lies more than `tolerance` in the
    /// future, and if `impersonatedBy` is present and not a non-empty string.
    pub fn of(claims: &Object, now: f64, tolerance: f64) -> Result<Self, Error> {
        let impersonator = user_id(IMPERSONATED_BY, claims.member(IMPERSONATED_BY))?;
        Ok(Self { began: began(claims, now, tolerance)?, impersonator })
    }

    /// Reads the claims of a token of this kind. The edge's own assertion names the acting user in
    /// `act` (RFC 8693, section 4.1).
    pub(super) fn of_kind(
        profile: Profile,
        claims: &Claims,
        now: f64,
        tolerance: f64,
    ) -> Result<Self, Error> {
        let claims = claims.members();
        let Some(act) = claims.member("act").filter(|_| profile == Profile::EdgeAssertion) else {
            return Self::of(claims, now, tolerance);
        };
        let subject = act.as_object().and_then(|act| act.member("sub"));
        let impersonator = user_id("act", Some(subject.unwrap_or(&Json::Null)))?;
        Ok(Self { began: began(claims, now, tolerance)?, impersonator })
    }

    /// The same session with this acting user, whom another source may know.
    pub fn with_impersonator(self, impersonator: Option<String>) -> Self {
        Self { impersonator: impersonator.or(self.impersonator), ..self }
    }

    /// When the session began, in seconds since 1970. `None` if the token does not say so.
    pub fn began(&self) -> Option<f64> {
        self.began
    }

    /// The id of the user who acts as the token's user.
    pub fn impersonator(&self) -> Option<&str> {
        self.impersonator.as_deref()
    }
}

/// What a rule requires of the session. The default requires nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SessionConditions {
    /// Whether a session in which another user acts is rejected
    pub refuses_impersonation: bool,
    /// The maximum age of the session, in seconds
    pub max_age: Option<u32>,
}

impl SessionConditions {
    /// The longest maximum age: a year, in seconds.
    pub const MAX_AGE: u32 = 31_536_000;

    /// Reads a maximum age, in whole seconds. `None` unless it is from 1 to [`Self::MAX_AGE`].
    pub fn read_max_age(age: &Json) -> Option<u32> {
        let Json::Number(number) = age else { return None };
        let seconds = number.as_f64().filter(|seconds| seconds.fract() == 0.0)?;
        (1.0..=f64::from(Self::MAX_AGE)).contains(&seconds).then_some(seconds as u32)
    }

    /// Checks the session at `now`, in seconds since 1970.
    ///
    /// # Errors
    /// [`Code::ImpersonationRefused`]. [`Code::SessionTooOld`] (RFC 9470, section 3) if the session
    /// began too long ago, or if the token does not say when.
    pub fn check(&self, session: &SessionClaims, now: f64) -> Result<(), Error> {
        if self.refuses_impersonation && session.impersonator.is_some() {
            return Err(Error::new(Code::ImpersonationRefused, IMPERSONATED));
        }
        if let Some(most) = self.max_age {
            let too_old =
                |detail: String| Err(Error::new(Code::SessionTooOld, detail).with_max_age(most));
            match session.began {
                None => {
                    return too_old(format!(
                        "the token has no \"{SESSION_BEGAN}\", and this path needs a sign-in \
                         within the last {most} s"
                    ));
                }
                Some(began) if now - began > f64::from(most) => {
                    return too_old(format!("this path needs a sign-in within the last {most} s"));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// When a session that meets the conditions no longer does, in seconds since 1970.
    pub(crate) fn hold_until(&self, session: &SessionClaims) -> f64 {
        match (self.max_age, session.began) {
            (Some(most), Some(began)) => began + f64::from(most),
            _ => f64::INFINITY,
        }
    }

    /// Whether there is a condition.
    pub(crate) fn are_any(&self) -> bool {
        *self != Self::default()
    }

    /// Whether there is a kind of condition that the others lack.
    pub(crate) fn are_missing_in(&self, others: &Self) -> bool {
        (self.refuses_impersonation && !others.refuses_impersonation)
            || (self.max_age.is_some() && others.max_age.is_none())
    }

    /// Whether a session can meet the others and not these.
    pub(crate) fn are_stricter_than(&self, others: &Self) -> bool {
        let is_shorter = |most: u32| others.max_age.is_none_or(|other| other > most);
        self.are_missing_in(others) || self.max_age.is_some_and(is_shorter)
    }
}

const IMPERSONATED: &str = "another user acts as this user, and this path refuses that";

fn began(claims: &Object, now: f64, tolerance: f64) -> Result<Option<f64>, Error> {
    match time(claims, SESSION_BEGAN)? {
        Some(began) if began > now + tolerance => {
            let ahead = (began - now) as u64;
            let detail = format!(
                "the token's \"{SESSION_BEGAN}\" is {ahead} s in the future: compare the clocks"
            );
            Err(Error::new(Code::InvalidClaim, detail))
        }
        began => Ok(began),
    }
}

fn user_id(name: &str, value: Option<&Json>) -> Result<Option<String>, Error> {
    match value {
        None => Ok(None),
        Some(Json::String(id)) if !id.is_empty() => Ok(Some(id.clone())),
        Some(_) => {
            let detail = format!("\"{name}\" does not contain the id of a user");
            Err(Error::new(Code::InvalidClaim, detail))
        }
    }
}
