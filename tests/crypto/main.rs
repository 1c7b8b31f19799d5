//! Signatures: published vectors, and cases on which verifiers disagree.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../common/mod.rs"]
mod common;
#[path = "../vectors/mod.rs"]
mod vectors;

mod ed25519;
mod ed25519_speccheck;
mod wycheproof_ecdsa;
mod wycheproof_ed25519;
mod wycheproof_hmac;
mod wycheproof_rsa;
