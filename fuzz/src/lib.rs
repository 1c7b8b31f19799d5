//! Shared by the fuzz targets: a reference implementation of every parser and check, written from
//! the core's documentation and not from its code; signing keys; runtimes.
//!
//! `cargo xtask fuzz` builds the targets with coverage counters for libFuzzer and runs them. Each
//! target's first lines list its invariants. A panic is a finding, in the reference implementation
//! too. `seeds/` has initial inputs, `dictionaries/` has tokens to build inputs from. A run stores
//! its corpus in `target/fuzz/`.

pub mod base64url;
pub mod host;
pub mod json;
pub mod keys;
pub mod network;
pub mod path;
pub mod signing_keys;
pub mod token;
