//! Compact JWS, JWK and JSON as RFC 7515, 7517, 7518 and 8259 define them.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../common/mod.rs"]
mod common;

mod json_differential;
mod token_form;
mod token_header;
mod token_json;
mod vectors;
