//! What the fuzz targets share: a second reading of everything that the core reads, written from
//! what the core promises and not from its code; keys to sign with; runtimes to run on.
//!
//! `cargo xtask fuzz` builds the targets with the coverage counters that libFuzzer steers by, and
//! runs them. Each target's first lines say what must always hold; a panic is a finding, the second
//! reading's included. `seeds/` has inputs to begin with, `words/` what inputs are made of; what a
//! run has learned stays in `target/fuzz/`.

pub mod base64url;
pub mod host;
pub mod json;
pub mod keys;
pub mod network;
pub mod percent;
pub mod ring;
pub mod token;
