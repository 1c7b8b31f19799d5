//! The tokens of Better Auth's sessions in the credentials of a request.

use better_auth_edge::claims::UserClaim;
use better_auth_edge::{BearerSession, Code, Error, SessionTokens as CoreTokens, application_head};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::to_exception;
use crate::requests::{bytes, latin1, object, part};

/// Finds the tokens of sessions, and verifies Better Auth's signature of them.
#[pyclass(frozen, module = "better_auth_edge._core")]
pub(crate) struct SessionTokens(CoreTokens);

#[pymethods]
impl SessionTokens {
    /// The settings by their names in capitals.
    #[new]
    fn new(settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        let settings: Vec<(String, String)> = settings
            .iter()
            .map(|(name, value)| Ok((name.extract()?, value.extract()?)))
            .collect::<PyResult<_>>()?;
        let setting = |name: &str| {
            let found = settings.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        CoreTokens::from_settings(&setting).map(Self).map_err(|errors| {
            let errors: Vec<_> = errors
                .iter()
                .map(|error| (error.setting().to_owned(), error.detail().to_owned()))
                .collect();
            PyValueError::new_err(errors)
        })
    }

    #[pyo3(signature = (headers, *, method, scheme, is_handshake))]
    fn in_cookies(
        &self,
        py: Python<'_>,
        headers: &Bound<'_, PyAny>,
        method: &str,
        scheme: &str,
        is_handshake: bool,
    ) -> PyResult<Option<Vec<String>>> {
        let mut values: Vec<(&str, String)> = Vec::new();
        for header in headers.try_iter()? {
            let header = header?;
            let name = part(&header, 0)?;
            let name = bytes(&name)?;
            let known = NAMES.iter().find(|known| name.eq_ignore_ascii_case(known.as_bytes()));
            if let Some(known) = known {
                values.push((known, latin1(&bytes(&part(&header, 1)?)?)));
            }
        }
        if !values.iter().any(|(name, _)| *name == COOKIE) {
            return Ok(None);
        }
        let mut hosts = values.iter().filter(|(name, _)| *name == HOST);
        let host = hosts.next().filter(|_| hosts.next().is_none());
        let host = host.map(|(_, host)| host.as_str());
        let others = values.iter().filter(|(name, _)| *name != HOST);
        let others = others.map(|(name, value)| (*name, value.as_str()));
        let found = application_head(method, scheme, host, is_handshake, others)
            .and_then(|head| self.0.in_cookies(&head));
        found.map_err(|error| to_exception(py, &error))
    }

    /// The session's token, and whether Better Auth has signed it. `None` for another bearer token.
    fn in_bearer(&self, py: Python<'_>, bearer: &str) -> PyResult<Option<(String, bool)>> {
        match self.0.in_bearer(bearer) {
            None => Ok(None),
            Some(BearerSession::Signed(token)) => Ok(Some((token, true))),
            Some(BearerSession::Unsigned(token)) => Ok(Some((token, false))),
            Some(BearerSession::Forged) => {
                let detail = "the session token is not signed by Better Auth; sign in again";
                Err(to_exception(py, &Error::new(Code::BadSignature, detail)))
            }
        }
    }
}

const COOKIE: &str = "cookie";
const HOST: &str = "host";

/// The headers that the rules for cookies read.
const NAMES: [&str; 4] = [COOKIE, HOST, "origin", "sec-fetch-site"];

/// The value of the first of these claims that is present.
#[pyfunction]
pub(crate) fn user_of(
    py: Python<'_>,
    claims: &Bound<'_, PyDict>,
    names: Vec<String>,
) -> PyResult<String> {
    let claim = UserClaim::new(names).ok_or_else(|| PyValueError::new_err("names"))?;
    let claims = object(claims)?;
    claim.user(&claims).map(str::to_owned).map_err(|error| to_exception(py, &error))
}
