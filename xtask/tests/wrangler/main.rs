//! The Worker under wrangler, offline.

#[path = "../common/mod.rs"]
mod common;

mod dev;
mod stored_keys;
