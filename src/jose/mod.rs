//! The formats: base64url, JSON, compact JWS, JWK and JWK Set.
//!
//! This module only parses, and every value that it returns is valid. It has no clock, no network,
//! no policy and no signatures.

mod algorithm;
pub(crate) mod base64url;
pub(crate) mod json;
mod jwk;
mod jwk_set;
mod jws;
mod public_key;

pub use algorithm::Algorithm;
pub use json::{Json, JsonError, Number, Object};
pub use jwk::{Curve, Jwk, KeyMaterial, Unusable};
pub use jwk_set::{JwkSet, JwkSetError};
pub(crate) use jws::Segments;
pub use jws::{CompactJws, Header, Limits};
pub use public_key::PublicKey;
pub(crate) use public_key::thumbprint;
