//! Everything that is done to this project from the command line, in Rust: no shell pipelines, and
//! no set-up by hand. What is missing gets installed, pinned, outside of the checkout where it is
//! not this checkout's own.

pub mod bench;
pub mod build;
pub mod compat;
pub mod demo;
pub mod docs;
pub mod fuzz;
pub mod host_vectors;
pub mod http;
pub mod inspector;
pub mod lint;
pub mod mutants;
pub mod process;
pub mod setup;
mod shipped;
pub mod stack;
pub mod test;
pub mod token;
pub mod tour;
mod usage;
mod wasm;
mod web;
mod workerd;
pub mod wrangler;

use std::path::{Path, PathBuf};

/// The checkout's root.
pub fn root() -> PathBuf {
    // the manifest's directory is the checkout's xtask/
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ has a parent").to_owned()
}

/// Says what takes long.
pub fn progress(text: impl std::fmt::Display) {
    eprintln!("xtask: {text}");
}
