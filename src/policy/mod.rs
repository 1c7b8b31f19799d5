//! Whether a request may pass: rules, paths, credentials, issuers, sessions, isolation and rate
//! limits.

pub(crate) mod client_address;
pub(crate) mod credentials;
pub(crate) mod head_check;
pub(crate) mod isolation;
pub(crate) mod issuers;
pub(crate) mod path;
pub(crate) mod pseudonym;
pub(crate) mod rate_limits;
pub(crate) mod revocation;
pub(crate) mod rules;
pub(crate) mod tokens;
