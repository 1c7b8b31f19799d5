//! Tests of the whole verifier: token, key, signature and claims together.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../common/mod.rs"]
mod common;

mod better_auth_versions;
mod cve_lessons;
mod explain;
mod rfc8725;
mod secret;
mod signature;
mod signature_keys;
mod token_cache;
mod verdicts;
