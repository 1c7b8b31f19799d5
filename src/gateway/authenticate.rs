//! The user of a request: by its bearer token, its API key or one of its session cookies.

use std::sync::Arc;

use crate::error::{Code, Error};
use crate::gateway::Gateway;
use crate::gateway::revocations::Ended;
use crate::host::Host;
use crate::http::head::RequestHead;
use crate::policy::client_address::ClientAddress;
use crate::policy::credentials::{
    Credential, CredentialKind, Exchanged, SessionCookies, SessionError,
};
use crate::verifier::Verified;

/// The user of a request.
pub(super) struct AuthenticatedUser {
    pub(super) verified: Arc<Verified>,
    pub(super) kind: CredentialKind,
    /// The index of the issuer, if the request has a bearer token
    pub(super) issuer: Option<usize>,
    /// The token that the edge got for the request's session or API key
    pub(super) exchanged_token: Option<String>,
}

impl Gateway {
    /// The user of a request, whose session has not ended. `None` if the request has no credential
    /// and `is_optional` allows that.
    ///
    /// # Errors
    /// [`Code::MissingToken`] without a credential, otherwise why the credential is rejected.
    pub(super) async fn authenticate<H: Host>(
        &self,
        head: &RequestHead,
        is_optional: bool,
        host: &H,
    ) -> Result<Option<AuthenticatedUser>, Error> {
        let Some(revocations) = &self.revocations else {
            return self.find_user(head, is_optional, host).await;
        };
        let key_changes = revocations.key_changes();
        let user = self.find_user(head, is_optional, host).await?;
        if revocations.key_changes() == key_changes {
            return Ok(user);
        }
        // the auth server no longer uses the keys that have verified the token
        self.find_user(head, is_optional, host).await
    }

    async fn find_user<H: Host>(
        &self,
        head: &RequestHead,
        is_optional: bool,
        host: &H,
    ) -> Result<Option<AuthenticatedUser>, Error> {
        match &self.forwarding.routing.credentials.find(head)? {
            Some(Credential::Token(token)) => {
                let (verified, issuer) = self.issuers.verify(token, host).await?;
                self.check_session(&verified, host).await.map_err(|ended| ended.error)?;
                let kind = match is_of_api_key(&verified) {
                    true => CredentialKind::ApiKey,
                    false => CredentialKind::Jwt,
                };
                let issuer = Some(issuer);
                Ok(Some(AuthenticatedUser { verified, kind, issuer, exchanged_token: None }))
            }
            Some(Credential::SessionToken(token)) => {
                self.only_exchanged_user(&Exchanged::Token(token), head, host).await.map(Some)
            }
            Some(Credential::ApiKey(key)) => {
                self.only_exchanged_user(&Exchanged::Key(key), head, host).await.map(Some)
            }
            Some(Credential::Session(cookies)) => {
                let address = self.forwarding.routing.address_source.client_address(head);
                match self.session_user(cookies, &address, host).await {
                    Ok(user) => Ok(Some(user)),
                    // browsers send cookies unasked, and scripts cannot remove an expired one
                    Err(error) if error.code().status() == 401 && is_optional => Ok(None),
                    Err(error) => Err(error),
                }
            }
            None if is_optional => Ok(None),
            None => Err(Error::new(Code::MissingToken, MISSING_TOKEN)),
        }
    }

    /// The user of a request's only credential.
    async fn only_exchanged_user<H: Host>(
        &self,
        exchanged: &Exchanged<'_>,
        head: &RequestHead,
        host: &H,
    ) -> Result<AuthenticatedUser, Error> {
        let address = self.forwarding.routing.address_source.client_address(head);
        let user = self.exchanged_user(exchanged, &address, host).await;
        user.map_err(|error| error.error)
    }

    /// The user of the first cookie with a live session.
    async fn session_user<H: Host>(
        &self,
        cookies: &SessionCookies,
        address: &ClientAddress,
        host: &H,
    ) -> Result<AuthenticatedUser, Error> {
        let mut rejection: Option<Error> = None;
        if let Some(verified) = self.sessions.cached_user(cookies, host).await? {
            match self.check_session(&verified, host).await {
                Ok(()) => {
                    return by_exchange(verified, CredentialKind::Session, None);
                }
                // the session cookie is the stronger proof
                Err(ended) if cookies.are_exchanged() && ended.error.status() == 401 => {
                    rejection = Some(ended.error);
                }
                Err(ended) => return Err(ended.error),
            }
        }
        for session in self.sessions.candidates(cookies, host) {
            let SessionError { error, is_of_this_session } =
                match self.exchanged_user(&Exchanged::Cookie(session), address, host).await {
                    Ok(user) => return Ok(user),
                    Err(error) => error,
                };
            // an unavailable auth server is worth a retry, even if it rejects the other sessions
            let is_unavailable = is_unavailable(&error);
            if rejection.is_none() || is_unavailable {
                rejection = Some(error);
            }
            if !is_of_this_session {
                break;
            }
        }
        Err(rejection.unwrap_or_else(|| cookies.rejection()))
    }

    /// The user of a credential. Exchanges it once more if its cached token has expired, or is from
    /// before the user's sessions ended.
    async fn exchanged_user<H: Host>(
        &self,
        exchanged: &Exchanged<'_>,
        address: &ClientAddress,
        host: &H,
    ) -> Result<AuthenticatedUser, SessionError> {
        let mut expired: Option<String> = None;
        loop {
            let token = self.sessions.token(exchanged, address, host, expired.as_deref()).await?;
            let result = match self.issuers.verify(&token, host).await {
                Ok((verified, _)) => self.check_session(&verified, host).await.map(|()| verified),
                Err(error) => {
                    let may_be_renewed = error.code() == Code::Expired;
                    Err(Ended { error, may_be_renewed })
                }
            };
            match result {
                Ok(verified) => {
                    let user = by_exchange(verified, exchanged.kind(), Some(token));
                    let not_this_one = |error| SessionError { error, is_of_this_session: true };
                    return user.map_err(not_this_one);
                }
                Err(ended) if ended.may_be_renewed && expired.is_none() => expired = Some(token),
                Err(Ended { error, .. }) => {
                    let is_of_this_session = !is_unavailable(&error);
                    return Err(SessionError { error, is_of_this_session });
                }
            }
        }
    }
}

/// The user of a session or an API key, perhaps with the token for it.
///
/// # Errors
/// [`Code::InvalidClaim`] if the token of a session says that it is of an API key: the session
/// would get what the key may do, or the key what the user may do.
fn by_exchange(
    verified: Arc<Verified>,
    kind: CredentialKind,
    exchanged_token: Option<String>,
) -> Result<AuthenticatedUser, Error> {
    if kind == CredentialKind::Session && is_of_api_key(&verified) {
        let detail = "the token of the session says that it is of an API key";
        return Err(Error::new(Code::InvalidClaim, detail));
    }
    Ok(AuthenticatedUser { verified, kind, issuer: None, exchanged_token })
}

/// Whether Better Auth issued the token for an API key.
fn is_of_api_key(verified: &Verified) -> bool {
    verified.claims().text_claim("cred") == Some(CredentialKind::ApiKey.name())
}

/// Whether the edge lacks what it needs for a decision.
fn is_unavailable(error: &Error) -> bool {
    matches!(error.code(), Code::KeysUnavailable | Code::RevocationsUnavailable)
}

const MISSING_TOKEN: &str =
    "send a Better Auth JWT as \"Authorization: Bearer <token>\"; /api/auth/token issues one";
