//! Selects the keys that verify a token: a JWK Set cache as a pure state machine (`cache`), and the
//! source that fills it.
//!
//! Only `source` performs I/O, through the host. It stores a fetched set (`stored`) for isolates
//! that start cold. This module knows neither claims nor requests.

mod cache;
mod key_set;
mod source;
mod stored;

pub use cache::{Attempt, KeyCache, KeyStatus, Lookup, Place, Recheck, Timing};
pub use key_set::{KeySet, Selection, Wanted};
pub use source::{KeySource, Remote};
