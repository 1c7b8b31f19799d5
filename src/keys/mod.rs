//! Which key verifies this token: a JWK Set cache as a pure state machine, and the source it is
//! filled from.
//!
//! The state machine (`cache`) is told the time and answers what to do; only `source` talks to the
//! host. A set that was fetched is kept (`stored`) for isolates that start cold. None of them knows
//! claims or requests.

mod cache;
mod key_set;
mod source;
mod stored;

pub use cache::{Attempt, KeyCache, KeyStatus, Lookup, Place, Recheck, Timing};
pub use key_set::{KeySet, Selection, Wanted};
pub use source::{KeySource, Remote};
