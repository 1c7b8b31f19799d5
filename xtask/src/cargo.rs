//! Files that cargo builds.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::root;

/// Runs a `cargo build` and returns the file of this target with this ending, where cargo reports
/// it: `CARGO_TARGET_DIR` and the configuration of cargo can move it.
pub(crate) fn built_file(build: &mut Command, target: &str, ending: &str) -> Result<PathBuf> {
    let output = build
        .args(["--quiet", "--message-format=json-render-diagnostics"])
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "{target} cannot be compiled");
    let messages = output.stdout.split(|byte| *byte == b'\n');
    let files = messages
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == target)
        .find_map(|message| message["filenames"].as_array().cloned());
    let files = files.context("cargo did not report its files")?;
    let file = files.iter().filter_map(Value::as_str).find(|file| file.ends_with(ending));
    Ok(file.with_context(|| format!("cargo did not report a file that ends in {ending}"))?.into())
}
