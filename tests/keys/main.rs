//! The JWK Set: fetches, caching, storage, and the choice of keys.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../common/mod.rs"]
mod common;

mod concurrency;
mod due;
mod failing;
mod fetching;
mod replaced;
mod replaced_by_another_kind;
mod source;
mod stale;
mod store;
mod waiting;
