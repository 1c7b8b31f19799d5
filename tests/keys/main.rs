//! The JWK Set: when it is fetched, how long it is cached and stored, and which of its keys verify.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../common/mod.rs"]
mod common;

mod concurrency;
mod failing;
mod fetching;
mod replaced;
mod replaced_by_another_kind;
mod source;
mod stale;
mod store;
mod waiting;
