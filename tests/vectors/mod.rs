//! Runs Wycheproof's vectors, with the same expectations on every host.

// each test crate uses only a part of this module
#![allow(dead_code)]

pub(crate) mod comparison;
pub(crate) mod ed25519_speccheck;
pub(crate) mod files;
pub(crate) mod keys;
mod report;
mod runner;
#[cfg(target_arch = "wasm32")]
pub(crate) mod webcrypto;

pub(crate) use runner::run_file;

use better_auth_edge::host::Host;

/// Runs the files for one algorithm and fails if a result is not the expected one.
pub(crate) async fn check(algorithm: &str, host: &impl Host) {
    let mut files = files::FILES.iter().filter(|file| file.algorithm == algorithm).peekable();
    assert!(files.peek().is_some(), "no file for {algorithm}");
    for file in files {
        run_file(file, host).await.check(file);
    }
}
