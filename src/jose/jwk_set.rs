//! JWK Sets (RFC 7517, section 5) as they come from a network that may lie.

use std::fmt;

use super::json::{Json, JsonError, Object};
use super::jwk::{Jwk, Unusable};

/// A JWK Set: its keys in the order of the document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JwkSet {
    entries: Vec<Result<Jwk, Unusable>>,
}

impl JwkSet {
    /// The largest document that is read, in bytes.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// Reads a set. Entries that cannot be used are kept as the reason why; a document that is not
    /// a set is an error as a whole.
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

    /// Every entry of the document, in its order: a key, or why it is unusable.
    pub fn entries(&self) -> &[Result<Jwk, Unusable>] {
        &self.entries
    }
}

/// Why a document is not a JWK Set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JwkSetError {
    /// Larger than [`JwkSet::MAX_BYTES`]
    TooLarge,
    /// Not an acceptable JSON object
    Json(JsonError),
    /// An object without an array `keys`
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
