//! Attacks on the gateway and the verifier. Each file is named after its target.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../common/mod.rs"]
mod common;

mod api_keys;
mod client_address;
mod host_header;
mod key_floods;
mod loose_paths;
mod open_paths;
mod override_headers;
mod planted_caches;
mod planted_sessions;
mod revocations;
mod session_floods;
mod sessions;
mod unknown_addresses;
