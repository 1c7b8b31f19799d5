//! Attempts to fetch a JWK Set.

use crate::jose::Algorithm;

/// Permission to fetch once. While an attempt exists, no other request fetches.
#[derive(Debug, PartialEq)]
pub struct Attempt {
    pub(super) number: u64,
    pub(in crate::keys) started: f64,
    pub(super) is_first: bool,
}

impl Attempt {
    /// Whether no attempt has ended before. Then a set that another isolate has stored is useful.
    pub fn is_first(&self) -> bool {
        self.is_first
    }
}

#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) number: u64,
    pub(super) since: f64,
    /// The missing key that caused it, if it took a permit
    pub(super) missing: Option<MissingKey>,
}

#[derive(Debug)]
pub(super) struct MissingKey {
    pub(super) kid: Option<String>,
    pub(super) algorithm: Algorithm,
    /// Whether the set has a key with that `kid`, which may have been replaced
    pub(super) is_recheck: bool,
}
