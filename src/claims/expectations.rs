//! The rules that a token's claims must pass, in their order.

use super::cookie_cache::{CookieCacheExpectations, SessionToken};
use super::times::{Clock, Times};
use super::{Claims, Profile, RequiredClaim, UserClaim};
use crate::check::{Check, Observer};
use crate::error::{Code, Error};
use crate::jose::{Header, Json};

/// The most that clocks may differ, in seconds.
pub const MAX_CLOCK_TOLERANCE: u16 = 300;

/// What a token must say.
///
/// Issuers and audiences are never empty: there is no verifier without them.
#[derive(Clone, Debug)]
pub struct Expectations {
    pub(super) profile: Profile,
    pub(super) issuers: Vec<String>,
    pub(super) audiences: Vec<String>,
    /// Whether a token may be for the audiences alone; `None` for what the profile says
    exclusive_audience: Option<bool>,
    /// Better Auth's own audience beside the others: where it tells clients about the user
    user_info: Option<String>,
    pub(super) user_claim: UserClaim,
    pub(super) required: Vec<RequiredClaim>,
    pub(super) clock: Clock,
    /// Where the tokens are Better Auth's cookies
    cookie_cache: Option<CookieCacheExpectations>,
}

impl Expectations {
    /// Session tokens by one of `issuers` for one of `audiences`, compared exactly, with five
    /// seconds of tolerance and the user in `sub`. `None` if a list or a value in it is empty.
    pub fn new(issuers: Vec<String>, audiences: Vec<String>) -> Option<Self> {
        let given = |values: &[String]| !values.is_empty() && values.iter().all(|v| !v.is_empty());
        (given(&issuers) && given(&audiences)).then(|| Self {
            profile: Profile::default(),
            issuers,
            audiences,
            exclusive_audience: None,
            user_info: None,
            user_claim: UserClaim::default(),
            required: Vec::new(),
            clock: Clock { tolerance: 5, max_age: None, max_lifetime: None },
            cookie_cache: None,
        })
    }

    /// The same for tokens of another kind.
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// The same where each member of a token's `aud` must be one of the audiences, or Better Auth's
    /// UserInfo endpoint: one of the token's issuer, or of the base URL `issuing`. By default
    /// access tokens are accepted only so: a token that opens several resources could be used by
    /// one of them at another.
    pub fn with_exclusive_audience(self, exclusive: Option<bool>, issuing: Option<&str>) -> Self {
        let user_info = issuing.map(|issuing| [issuing, USER_INFO].concat());
        Self { exclusive_audience: exclusive, user_info, ..self }
    }

    /// The same with another tolerance, in seconds; `None` above [`MAX_CLOCK_TOLERANCE`].
    pub fn with_clock_tolerance(mut self, seconds: u16) -> Option<Self> {
        self.clock.tolerance = seconds;
        (seconds <= MAX_CLOCK_TOLERANCE).then_some(self)
    }

    /// The same for tokens issued at most so many seconds ago; `iat` becomes required.
    pub fn with_max_age(mut self, seconds: f64) -> Self {
        self.clock.max_age = Some(seconds);
        self
    }

    /// The same for tokens that expire at most so many seconds after `iat`, which becomes required.
    pub fn with_max_lifetime(mut self, seconds: f64) -> Self {
        self.clock.max_lifetime = Some(seconds);
        self
    }

    /// The same with another user claim.
    pub fn with_user_claim(self, user_claim: UserClaim) -> Self {
        Self { user_claim, ..self }
    }

    /// The same with further claims required.
    pub fn with_required_claims(self, required: Vec<RequiredClaim>) -> Self {
        Self { required, ..self }
    }

    /// Makes them those of Better Auth's cookies of that version. `by_secret` for cookies that are
    /// signed by its secret, which name neither issuer nor audience.
    pub(crate) fn expect_cookie_cache(&mut self, version: String, by_secret: bool) {
        // neither list is ever empty
        let implied = match by_secret {
            true => self.issuers.first().cloned().zip(self.audiences.first().cloned()),
            false => None,
        };
        self.cookie_cache = Some(CookieCacheExpectations::new(version, implied));
    }

    /// Check 2: is it a token of the expected kind by its `typ`?
    ///
    /// # Errors
    /// [`Code::WrongTokenType`]
    pub fn check_type(&self, header: &Header, by_secret: bool) -> Result<(), Error> {
        self.profile.check_type(header, by_secret)
    }

    /// Check 6, which leaves the claims as they are to be seen.
    ///
    /// # Errors
    /// Those of [`Self::check`]; a cookie without a session has errors of its own.
    pub(crate) fn accept(
        &self,
        claims: &mut Claims,
        now: f64,
        observer: &mut impl Observer,
    ) -> Result<Expected, Error> {
        let Some(cache) = &self.cookie_cache else { return self.check(claims, now, observer) };
        let cached = observer.record(Check::Kind, cache.read(&claims.object))?;
        *claims = cached.claims;
        let mut expected = self.check(claims, now, observer)?;
        expected.session = Some(cached.session);
        // a cache is never good for longer than the session that it is of
        if cached.ends < expected.times.expires {
            expected.times.expires = cached.ends;
            self.check_again(&expected, now, observer)?;
        }
        Ok(expected)
    }

    /// Check 6: the claims of a token whose signature holds, at `now` in seconds since 1970.
    ///
    /// # Errors
    /// [`Code::WrongTokenType`], [`Code::MissingClaim`], [`Code::InvalidClaim`],
    /// [`Code::IssuerMismatch`], [`Code::AudienceMismatch`], [`Code::Expired`],
    /// [`Code::NotYetValid`], [`Code::InsufficientClaims`]: the first that applies, in this order.
    fn check(
        &self,
        claims: &Claims,
        now: f64,
        observer: &mut impl Observer,
    ) -> Result<Expected, Error> {
        observer.record(Check::Kind, self.profile.check_markers(claims))?;
        observer.record(Check::Presence, self.check_presence(claims))?;
        let user = observer.record(Check::User, self.user_claim.user(claims))?.to_owned();
        let issuer = observer.record(Check::Types, issuer(claims))?;
        let audiences = observer.record(Check::Types, audiences(claims))?;
        let times = observer.record(Check::Types, Times::of(claims))?;
        observer.record(Check::Types, self.check_texts(claims))?;
        observer.record(Check::Lifetime, self.clock.check_lifetime(&times))?;

        observer.record(Check::Issuer, self.check_issuer(issuer))?;
        observer.record(Check::Audience, self.check_audience(&audiences, issuer))?;
        self.clock.check(&times, now, observer)?;
        let mut required = self.required.iter();
        observer.record(
            Check::Values,
            required.try_for_each(|required| required.check_value(claims)),
        )?;
        Ok(Expected { user, session: None, times })
    }

    /// Whether a token that has passed the checks before still does.
    ///
    /// # Errors
    /// [`Code::Expired`], [`Code::NotYetValid`]
    pub(crate) fn check_again(
        &self,
        expected: &Expected,
        now: f64,
        observer: &mut impl Observer,
    ) -> Result<(), Error> {
        self.clock.check(&expected.times, now, observer)
    }

    /// Whether this is one of the issuers.
    pub(crate) fn accepts_issuer(&self, issuer: &str) -> bool {
        self.issuers.iter().any(|accepted| accepted == issuer)
    }

    /// An issuer of both, where both are about one kind of tokens.
    pub(crate) fn common_issuer(&self, other: &Self) -> Option<&str> {
        let mut common = self.issuers.iter().filter(|issuer| other.accepts_issuer(issuer));
        common.next().filter(|_| self.profile == other.profile).map(String::as_str)
    }

    fn check_issuer(&self, issuer: &str) -> Result<(), Error> {
        if self.accepts_issuer(issuer) {
            return Ok(());
        }
        let accepted = self.issuers.join(", ");
        let detail = format!("the token's issuer is {issuer}, accepted is {accepted}");
        Err(Error::new(Code::IssuerMismatch, detail))
    }

    fn check_audience(&self, audiences: &[&str], issuer: &str) -> Result<(), Error> {
        let is_accepted = |audience: &&str| self.audiences.iter().any(|a| a == audience);
        let is_for_us = audiences.iter().any(is_accepted);
        let is_user_info = |audience: &str| {
            self.user_info.as_deref() == Some(audience)
                || audience.strip_suffix(USER_INFO) == Some(issuer)
        };
        let other = audiences.iter().find(|a| !is_accepted(a) && !is_user_info(a));
        match other {
            _ if !is_for_us => {}
            Some(other) if self.has_exclusive_audience() => {
                let detail = format!("the token is for another audience too: {other}");
                return Err(Error::new(Code::AudienceMismatch, detail));
            }
            _ => return Ok(()),
        }
        let (audiences, accepted) = (audiences.join(", "), self.audiences.join(", "));
        let detail = format!("the token's audience is {audiences}, accepted is {accepted}");
        Err(Error::new(Code::AudienceMismatch, detail))
    }

    /// RFC 7519, section 4.1.7, and RFC 8693, section 4.2: texts, where they are there. In a
    /// session cache `scope` may be a field of the user's record.
    fn check_texts(&self, claims: &Claims) -> Result<(), Error> {
        let is_text = |name| claims.claim(name).is_none_or(|value| value.as_str().is_some());
        if !is_text("jti") {
            return Err(invalid("\"jti\" is not a string"));
        }
        match self.profile == Profile::SessionCache || is_text("scope") {
            true => Ok(()),
            false => Err(invalid("\"scope\" is not a string of scopes separated by spaces")),
        }
    }

    /// Whether a token may be for our audiences alone.
    pub(super) fn has_exclusive_audience(&self) -> bool {
        self.exclusive_audience.unwrap_or(self.profile == Profile::AccessToken)
    }

    /// The claims that every token must have.
    pub(super) fn present(&self) -> impl Iterator<Item = &str> {
        let issued = self.clock.needs_issued().then_some("iat");
        let further = self.required.iter().map(RequiredClaim::name);
        ["iss", "aud", "exp"].into_iter().chain(issued).chain(further)
    }

    fn check_presence(&self, claims: &Claims) -> Result<(), Error> {
        if let Some(name) = self.present().find(|name| claims.claim(name).is_none()) {
            return Err(Error::new(Code::MissingClaim, format!("the token has no \"{name}\"")));
        }
        if self.profile.is_of_a_client(claims) {
            let detail = "the token speaks for a client, not for a user: its \"sub\" is its client";
            return Err(Error::new(Code::MissingClaim, detail));
        }
        Ok(())
    }
}

/// What the checks have found out.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) user: String,
    /// Of which session, where a cookie cache says so
    pub(crate) session: Option<SessionToken>,
    times: Times,
}

impl Expected {
    /// Seconds since 1970.
    pub(crate) fn expires(&self) -> f64 {
        self.times.expires
    }
}

/// Behind Better Auth's base URL: the audience that it adds to tokens with the scope `openid`.
const USER_INFO: &str = "/oauth2/userinfo";

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

fn invalid(detail: &'static str) -> Error {
    Error::new(Code::InvalidClaim, detail)
}
