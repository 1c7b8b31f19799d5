//! The project's development commands. They install missing tools at pinned versions: shared tools
//! in the user's cache directory, the others in the checkout.

pub mod bench;
pub mod build;
mod cargo;
pub mod compat;
pub mod demo;
mod directory;
pub mod docs;
pub mod fuzz;
pub mod host_vectors;
pub mod http;
pub mod inspector;
pub mod isolates;
pub mod lint;
pub mod mutants;
mod newcomer;
mod port;
pub mod process;
pub mod release;
pub mod setup;
pub mod simulate;
pub mod soak;
pub mod stack;
pub mod style;
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

/// Writes a file unless it has that text: an unchanged file keeps its modification time.
pub(crate) fn write_changed(file: &Path, text: &str) -> std::io::Result<()> {
    if std::fs::read(file).is_ok_and(|written| written == text.as_bytes()) {
        return Ok(());
    }
    std::fs::write(file, text)
}

/// Prints a progress message.
pub fn progress(text: impl std::fmt::Display) {
    eprintln!("xtask: {text}");
}
