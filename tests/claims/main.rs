//! What the claims of a token must say.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../common/mod.rs"]
mod common;

mod audiences;
mod checks;
mod lists;
mod profiles;
mod required;
mod times;
