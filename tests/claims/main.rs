//! Tests of the checks of a token's claims.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../common/mod.rs"]
mod common;

mod audiences;
mod checks;
mod lists;
mod profiles;
mod required;
mod times;
