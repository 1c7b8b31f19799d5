//! Rules about requests and about the claims of users.

use std::borrow::Cow;

use better_auth_edge::claims::{self, RequiredClaim, SessionClaims, SessionConditions};
use better_auth_edge::jose::{Json, Object};
use better_auth_edge::{AcceptedKinds, CredentialKind};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::errors::to_exception;
use crate::json::{self, from_claims, from_python, to_python};

/// The levels of a value that are read. Tokens have at most 32.
const MAX_DEPTH: usize = 64;

/// The bearer token in the headers of an ASGI scope.
#[pyfunction]
pub(crate) fn bearer_token(py: Python<'_>, headers: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    let mut values = Vec::new();
    for header in headers.try_iter()? {
        let header = header?;
        if bytes(&part(&header, 0)?)?.eq_ignore_ascii_case(b"authorization") {
            values.push(latin1(&bytes(&part(&header, 1)?)?));
        }
    }
    let token = better_auth_edge::bearer_token(values.iter().map(String::as_str));
    token.map(|token| token.map(str::to_owned)).map_err(|error| to_exception(py, &error))
}

/// The name of a header, or the value. Some servers have lists of two in place of tuples, whose
/// elements are read without an integer of Python.
pub(crate) fn part<'py>(header: &Bound<'py, PyAny>, index: usize) -> PyResult<Bound<'py, PyAny>> {
    match header.cast::<PyTuple>() {
        Ok(header) => header.get_item(index),
        Err(_) => header.get_item(index),
    }
}

/// The headers of an ASGI scope without those that could fake an identity: the edge's own except
/// the assertion, and `extra`. Names are compared without case, and `_` equals `-`.
#[pyfunction]
pub(crate) fn without_identity<'py>(
    headers: &Bound<'py, PyAny>,
    extra: Vec<PyBackedBytes>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    const ASSERTION: &[u8] = b"x-edge-jwt-assertion";
    let same = |a: &u8, b: &u8| a.eq_ignore_ascii_case(b) || (*a == b'_' && *b == b'-');
    let begins = |name: &[u8], with: &[u8]| {
        name.len() >= with.len() && name.iter().zip(with).all(|(a, b)| same(a, b))
    };
    let mut kept = Vec::new();
    for header in headers.try_iter()? {
        let header = header?;
        let name = part(&header, 0)?;
        let name = bytes(&name)?;
        let is_edges = begins(&name, b"x-edge-") && !name.eq_ignore_ascii_case(ASSERTION);
        let is_extra = |other: &[u8]| name.len() == other.len() && begins(&name, other);
        if !is_edges && !extra.iter().any(|other| is_extra(other)) {
            kept.push(header);
        }
    }
    Ok(kept)
}

/// The name or the value of a header.
pub(crate) fn bytes<'b>(value: &'b Bound<'_, PyAny>) -> PyResult<Cow<'b, [u8]>> {
    value.extract()
}

/// The text of a header's value, by ISO 8859-1: no byte is lost.
pub(crate) fn latin1(value: &[u8]) -> String {
    match str::from_utf8(value) {
        Ok(text) if text.is_ascii() => text.to_owned(),
        _ => value.iter().copied().map(char::from).collect(),
    }
}

#[pyfunction]
pub(crate) fn handshake_token(
    py: Python<'_>,
    offered: Vec<Bound<'_, PyString>>,
) -> PyResult<Option<String>> {
    let offered: Vec<_> = offered.iter().map(|name| name.to_string_lossy()).collect();
    let offered: Vec<_> = offered.iter().map(|name| &**name).collect();
    let token = better_auth_edge::handshake_token(&offered);
    token.map(|token| token.map(str::to_owned)).map_err(|error| to_exception(py, &error))
}

#[pyfunction]
pub(crate) fn is_same_id(value: &Bound<'_, PyString>, claim: &str) -> bool {
    // a path can have lone surrogates, and a claim cannot
    let value = value.to_str().unwrap_or_default();
    !value.is_empty() && better_auth_edge::is_same_id(value, claim)
}

/// Whether a value equals the claim at a path, or one of several ids in it.
#[pyfunction]
pub(crate) fn is_id_at(
    claims: &Bound<'_, PyDict>,
    path: &str,
    value: &Bound<'_, PyString>,
) -> PyResult<bool> {
    // a path can have lone surrogates, and a claim cannot
    let Ok(value) = value.to_str() else { return Ok(false) };
    let is_same = |claim: &str| better_auth_edge::is_same_id(value, claim);
    Ok(claims::is_id_at(&object(claims)?, path, &is_same) == Some(true))
}

#[pyfunction]
pub(crate) fn claim_at<'py>(
    py: Python<'py>,
    claims: &Bound<'py, PyDict>,
    path: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let claims = object(claims)?;
    let claim = claims::claim_at(&claims, path);
    claim.map_or_else(|| Ok(py.None().into_bound(py)), |claim| to_python(py, claim))
}

#[pyfunction]
pub(crate) fn check_required(
    py: Python<'_>,
    claims: &Bound<'_, PyDict>,
    required: &Bound<'_, PyDict>,
    lists: Vec<String>,
) -> PyResult<()> {
    let claims = object(claims)?;
    for (name, accepted) in required {
        let name: String = name.extract()?;
        let accepted = from_python(&accepted, MAX_DEPTH)?;
        let required = accepted.and_then(|accepted| RequiredClaim::from_json(&name, &accepted));
        let required = required.ok_or_else(|| PyValueError::new_err(name))?;
        let result = required.with_lists(&lists).check_value(&claims);
        result.map_err(|error| to_exception(py, &error))?;
    }
    Ok(())
}

#[pyfunction]
pub(crate) fn check_scopes(
    py: Python<'_>,
    claims: &Bound<'_, PyDict>,
    scopes: Vec<String>,
) -> PyResult<()> {
    let result = claims::check_scopes(&object(claims)?, &scopes);
    result.map_err(|error| to_exception(py, &error))
}

/// The user who acts as the user of these claims, which Better Auth has written.
#[pyfunction]
pub(crate) fn impersonator(py: Python<'_>, claims: &Bound<'_, PyDict>) -> PyResult<Option<String>> {
    let session = SessionClaims::of(&object(claims)?, f64::INFINITY, 0.0);
    let session = session.map_err(|error| to_exception(py, &error))?;
    Ok(session.impersonator().map(str::to_owned))
}

/// Checks a session by the user who acts in it and by the claims about it. Times are in seconds.
#[pyfunction]
#[pyo3(signature = (claims, impersonator, *, refuses_impersonation, max_age, now, tolerance))]
pub(crate) fn check_session(
    py: Python<'_>,
    claims: &Bound<'_, PyDict>,
    impersonator: Option<String>,
    refuses_impersonation: bool,
    max_age: Option<u32>,
    now: f64,
    tolerance: f64,
) -> PyResult<()> {
    let conditions = SessionConditions { refuses_impersonation, max_age };
    let claims = object(claims)?;
    let session = SessionClaims::of(&claims, now, tolerance);
    let result =
        session.and_then(|session| conditions.check(&session.with_impersonator(impersonator), now));
    result.map_err(|error| to_exception(py, &error))
}

/// Checks the kind of a user's credential, if it is known.
#[pyfunction]
pub(crate) fn check_credential(
    py: Python<'_>,
    accepted: Vec<String>,
    kind: Option<&str>,
) -> PyResult<()> {
    let kinds = accepted.iter().map(|name| CredentialKind::named(name));
    let kinds: AcceptedKinds =
        kinds.collect::<Option<_>>().ok_or_else(|| PyValueError::new_err("accepted"))?;
    let result = kinds.check(kind.and_then(CredentialKind::named));
    result.map_err(|error| to_exception(py, &error))
}

/// Whether a value is a maximum age of a session, in seconds.
#[pyfunction]
pub(crate) fn is_max_age(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let value = from_python(value, 1)?;
    Ok(value.as_ref().and_then(SessionConditions::read_max_age).is_some())
}

#[pyfunction]
pub(crate) fn is_scope(text: &str) -> bool {
    claims::is_scope(text)
}

/// Whether a claim of a token can have this value.
#[pyfunction]
pub(crate) fn is_json(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(from_python(value, MAX_DEPTH)?.is_some_and(|value| value != Json::Null))
}

/// Whether the claims contain a number beyond the range of a float.
#[pyfunction]
pub(crate) fn has_too_large_number(claims: &Bound<'_, PyAny>) -> PyResult<bool> {
    json::has_too_large_number(claims, MAX_DEPTH)
}

pub(crate) fn object(claims: &Bound<'_, PyDict>) -> PyResult<Object> {
    from_claims(claims, MAX_DEPTH)
}
