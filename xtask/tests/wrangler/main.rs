//! The Worker in wrangler, offline.

#[path = "../common/mod.rs"]
mod common;

mod dev;
mod revocation_stores;
mod revocations;
mod stored_keys;
