//! JWK Sets (RFC 7517, section 5) from an untrusted network.

use std::fmt;

use super::json::{Json, JsonError, Object};
use super::jwk::{Jwk, Unusable};

/// A JWK Set. The keys have the order of the document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JwkSet {
    entries: Vec<Result<Jwk, Unusable>>,
}

impl JwkSet {
    /// The maximum size of a document, in bytes.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// Parses a set. An unusable entry becomes the reason why it is unusable.
    ///
    /// # Errors
    /// If the document is not a JWK Set.
    pub fn parse(bytes: &[u8]) -> Result<Self, JwkSetError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(JwkSetError::TooLarge);
        }
        let object = Object::parse(bytes).map_err(JwkSetError::Json)?;
        let Some(Json::Array(keys)) = object.member("keys") else {
            return Err(JwkSetError::NoKeys);
        };
        let entries = keys.iter().map(|entry| match entry {
            Json::Object(object) => Jwk::from_object(object),
            _ => Err(Unusable::NotAnObject),
        });
        Ok(Self { entries: entries.collect() })
    }

    /// The entries in the order of the document: a key, or the reason why it is unusable.
    pub fn entries(&self) -> &[Result<Jwk, Unusable>] {
        &self.entries
    }
}

/// The reason why a document is not a JWK Set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JwkSetError {
    /// The document is larger than [`JwkSet::MAX_BYTES`]
    TooLarge,
    /// The document is not an acceptable JSON object
    Json(JsonError),
    /// The object has no array `keys`
    NoKeys,
}

impl fmt::Display for JwkSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(f, "the document is larger than {} bytes", JwkSet::MAX_BYTES),
            Self::Json(error) => write!(f, "the document {error}"),
            Self::NoKeys => f.write_str("the document has no array \"keys\""),
        }
    }
}

impl std::error::Error for JwkSetError {}
