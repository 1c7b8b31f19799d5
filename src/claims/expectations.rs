//! The checks of a token's claims, in order.

use super::cookie_cache::{CookieCacheReader, SessionToken};
use super::times::{TimeLimits, Times};
use super::{Claims, Profile, RequiredClaim, SessionClaims, UserClaim};
use crate::check::{Check, Observer};
use crate::error::{Code, Error};
use crate::jose::{Header, Json};

/// The maximum clock tolerance, in seconds.
pub const MAX_CLOCK_TOLERANCE: u16 = 300;

/// The requirements for the type and the claims of a token.
///
/// The lists of issuers and audiences are never empty.
#[derive(Clone, Debug)]
pub struct Expectations {
    pub(super) profile: Profile,
    pub(super) issuers: Vec<String>,
    pub(super) audiences: Vec<String>,
    /// Whether a token with an additional audience is rejected; `None` for the profile's default
    exclusive_audience: Option<bool>,
    /// The URL of Better Auth's UserInfo endpoint, which exclusive audiences also accept
    user_info: Option<String>,
    pub(super) user_claim: UserClaim,
    pub(super) required: Vec<RequiredClaim>,
    pub(super) time_limits: TimeLimits,
    /// Present if the tokens are Better Auth's cookie caches
    cookie_cache: Option<CookieCacheReader>,
}

impl Expectations {
    /// Expects session tokens from one of `issuers` for one of `audiences`, compared exactly. The
    /// clock tolerance is 5 s and the user claim is `sub`. `None` if a list or a value in it is
    /// empty.
    pub fn new(issuers: Vec<String>, audiences: Vec<String>) -> Option<Self> {
        let is_set = |values: &[String]| !values.is_empty() && values.iter().all(|v| !v.is_empty());
        (is_set(&issuers) && is_set(&audiences)).then(|| Self {
            profile: Profile::default(),
            issuers,
            audiences,
            exclusive_audience: None,
            user_info: None,
            user_claim: UserClaim::default(),
            required: Vec::new(),
            time_limits: TimeLimits { tolerance: 5.0, max_age: None, max_lifetime: None },
            cookie_cache: None,
        })
    }

    /// Expects tokens of another kind.
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// Requires every member of `aud` to be one of the audiences, if `exclusive`. Better Auth's
    /// UserInfo endpoint is also accepted: below the token's issuer or below `base_url`. `None` is
    /// the profile's default: access tokens are exclusive, because one of several resources could
    /// use a shared token at another.
    pub fn with_exclusive_audience(self, exclusive: Option<bool>, base_url: Option<&str>) -> Self {
        let user_info = base_url.map(|base_url| [base_url, USER_INFO].concat());
        Self { exclusive_audience: exclusive, user_info, ..self }
    }

    /// Sets the clock tolerance, in seconds. `None` unless it is from 0 to [`MAX_CLOCK_TOLERANCE`].
    pub fn with_clock_tolerance(mut self, seconds: f64) -> Option<Self> {
        self.time_limits.tolerance = seconds;
        (0.0..=f64::from(MAX_CLOCK_TOLERANCE)).contains(&seconds).then_some(self)
    }

    /// Sets the maximum age of a token, in seconds since `iat`, and requires `iat`.
    pub fn with_max_age(mut self, seconds: f64) -> Self {
        self.time_limits.max_age = Some(seconds);
        self
    }

    /// Sets the maximum lifetime of a token, in seconds from `iat` to `exp`, and requires `iat`.
    pub fn with_max_lifetime(mut self, seconds: f64) -> Self {
        self.time_limits.max_lifetime = Some(seconds);
        self
    }

    /// Sets the claim that identifies the user.
    pub fn with_user_claim(self, user_claim: UserClaim) -> Self {
        Self { user_claim, ..self }
    }

    /// Sets the additional required claims.
    pub fn with_required_claims(self, required: Vec<RequiredClaim>) -> Self {
        Self { required, ..self }
    }

    /// Expects Better Auth's cookie caches with this version. `by_secret` if a shared secret signs
    /// them: they contain neither issuer nor audience.
    pub(crate) fn expect_cookie_cache(&mut self, version: String, by_secret: bool) {
        // neither list is ever empty
        let implied = match by_secret {
            true => self.issuers.first().cloned().zip(self.audiences.first().cloned()),
            false => None,
        };
        self.cookie_cache = Some(CookieCacheReader::new(version, implied));
    }

    /// Expects messages of the same issuers: events or logout tokens, with these audiences or else
    /// the same, that live for at most `max_lifetime` seconds and have a `jti`.
    pub(crate) fn for_messages(
        &self,
        profile: Profile,
        audiences: Option<Vec<String>>,
        max_lifetime: f64,
    ) -> Option<Self> {
        let audiences = audiences.unwrap_or_else(|| self.audiences.clone());
        Self::new(self.issuers.clone(), audiences)?
            .with_profile(profile)
            .with_max_lifetime(max_lifetime + self.time_limits.tolerance)
            // no message is about one user only, but each has an id
            .with_user_claim(UserClaim::new(vec!["jti".to_owned()])?)
            .with_clock_tolerance(self.time_limits.tolerance)
    }

    /// The accepted issuers.
    pub(crate) fn issuers(&self) -> &[String] {
        &self.issuers
    }

    /// Checks that `typ` is that of the expected kind of token.
    ///
    /// # Errors
    /// [`Code::WrongTokenType`]
    pub fn check_type(&self, header: &Header, by_secret: bool) -> Result<(), Error> {
        self.profile.check_type(header, by_secret)
    }

    /// Checks the claims at `now`, in seconds since 1970. Replaces the payload of a cookie cache by
    /// the claims that are derived from it.
    ///
    /// # Errors
    /// Those of [`Self::check`] and of [`CookieCacheReader::read`].
    pub(crate) fn accept(
        &self,
        claims: &mut Claims,
        now: f64,
        observer: &mut impl Observer,
    ) -> Result<AcceptedClaims, Error> {
        let Some(cache) = &self.cookie_cache else { return self.check(claims, now, observer) };
        let cached = observer.record(Check::Kind, cache.read(&claims.object))?;
        *claims = cached.claims;
        let mut accepted = self.check(claims, now, observer)?;
        accepted.session = Some(cached.session);
        // a cache is never valid for longer than its session
        if cached.expires < accepted.times.expires {
            accepted.times.expires = cached.expires;
            self.check_times(&accepted, now, observer)?;
        }
        Ok(accepted)
    }

    /// Checks the claims at `now`, in seconds since 1970.
    ///
    /// # Errors
    /// The first that applies, in this order: [`Code::WrongTokenType`], [`Code::MissingClaim`],
    /// [`Code::InvalidClaim`], [`Code::IssuerMismatch`], [`Code::AudienceMismatch`],
    /// [`Code::Expired`], [`Code::NotYetValid`], [`Code::InsufficientClaims`].
    fn check(
        &self,
        claims: &Claims,
        now: f64,
        observer: &mut impl Observer,
    ) -> Result<AcceptedClaims, Error> {
        observer.record(Check::Kind, self.profile.check_markers(claims))?;
        observer.record(Check::Presence, self.check_presence(claims))?;
        let user = observer.record(Check::User, self.user_claim.user(claims.members()))?.to_owned();
        let issuer = observer.record(Check::Types, issuer(claims))?;
        let audiences = observer.record(Check::Types, audiences(claims))?;
        let times = observer.record(Check::Types, Times::of(claims))?;
        observer.record(Check::Types, self.check_texts(claims))?;
        let session_claims = SessionClaims::of_kind(self.profile, claims, now, self.tolerance());
        let session_claims = observer.record(Check::Types, session_claims)?;
        observer.record(Check::Lifetime, self.time_limits.check_lifetime(&times))?;

        observer.record(Check::Issuer, self.check_issuer(issuer))?;
        observer.record(Check::Audience, self.check_audience(&audiences, issuer))?;
        self.time_limits.check(&times, now, observer)?;
        let mut required = self.required.iter();
        observer.record(
            Check::Values,
            required.try_for_each(|required| required.check_value(claims.members())),
        )?;
        Ok(AcceptedClaims { user, session: None, session_claims, times })
    }

    /// Checks the times of accepted claims again, at `now` in seconds since 1970.
    ///
    /// # Errors
    /// [`Code::Expired`], [`Code::NotYetValid`]
    pub(crate) fn check_times(
        &self,
        accepted: &AcceptedClaims,
        now: f64,
        observer: &mut impl Observer,
    ) -> Result<(), Error> {
        self.time_limits.check(&accepted.times, now, observer)
    }

    /// Whether `issuer` is one of the accepted issuers.
    pub(crate) fn accepts_issuer(&self, issuer: &str) -> bool {
        self.issuers.iter().any(|accepted| accepted == issuer)
    }

    /// An issuer that both accept, if both expect the same kind of tokens.
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
        let has_accepted = audiences.iter().any(is_accepted);
        let is_user_info = |audience: &str| {
            self.user_info.as_deref() == Some(audience)
                || audience.strip_suffix(USER_INFO) == Some(issuer)
        };
        let other = audiences.iter().find(|a| !is_accepted(a) && !is_user_info(a));
        match other {
            _ if !has_accepted => {}
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

    /// Checks that `jti` (RFC 7519, section 4.1.7) and `scope` (RFC 8693, section 4.2) are strings
    /// if they are present. In a session cache, `scope` can be a field of the user with any type.
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

    /// Whether a token with an additional audience is rejected.
    pub(super) fn has_exclusive_audience(&self) -> bool {
        self.exclusive_audience.unwrap_or(self.profile == Profile::AccessToken)
    }

    /// The names of the claims that must be present, without the user claim.
    pub(super) fn required_names(&self) -> impl Iterator<Item = &str> {
        let issued = self.time_limits.requires_iat().then_some("iat");
        let further = self.required.iter().map(RequiredClaim::name);
        ["iss", "aud", "exp"].into_iter().chain(issued).chain(further)
    }

    fn check_presence(&self, claims: &Claims) -> Result<(), Error> {
        if let Some(name) = self.required_names().find(|name| claims.claim(name).is_none()) {
            return Err(Error::new(Code::MissingClaim, format!("the token has no \"{name}\"")));
        }
        if self.profile.is_client_token(claims) {
            let detail = "the token speaks for a client, not for a user: its \"sub\" is its client";
            return Err(Error::new(Code::MissingClaim, detail));
        }
        Ok(())
    }
}

/// The result of the checks of a token's claims.
#[derive(Clone, Debug)]
pub(crate) struct AcceptedClaims {
    pub(crate) user: String,
    /// The token of the session, if the token is a cookie cache
    pub(crate) session: Option<SessionToken>,
    pub(crate) session_claims: SessionClaims,
    times: Times,
}

impl AcceptedClaims {
    /// When the token expires, in seconds since 1970.
    pub(crate) fn expires(&self) -> f64 {
        self.times.expires
    }

    /// When the token was issued, in seconds since 1970, if it says so.
    pub(crate) fn issued(&self) -> Option<f64> {
        self.times.issued
    }
}

/// The path of the UserInfo endpoint below Better Auth's base URL. Better Auth adds this URL to the
/// audience of tokens with the scope `openid`.
const USER_INFO: &str = "/oauth2/userinfo";

fn issuer(claims: &Claims) -> Result<&str, Error> {
    claims.claim("iss").and_then(Json::as_str).ok_or_else(|| invalid("\"iss\" is not a string"))
}

/// The values of `aud`: one string or an array of strings (RFC 7519, section 4.1.3).
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
