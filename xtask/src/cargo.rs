//! Files that cargo builds, and flags with which they do not depend on this machine's paths.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::root;
use crate::setup::output;

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

/// The variable with flags of rustc. Cargo then ignores the flags of its configuration.
pub(crate) const RUSTFLAGS: &str = "CARGO_ENCODED_RUSTFLAGS";

/// The value of [`RUSTFLAGS`] for wasm: the flags of `.cargo/config.toml`, and those that replace
/// the paths of this machine. A panic names its source file, so a build would contain them.
pub(crate) fn wasm_flags() -> Result<String> {
    let config: Value = toml::from_str(&fs::read_to_string(root().join(".cargo/config.toml"))?)?;
    let own = config["target"][WASM]["rustflags"].as_array().context("no flags for wasm")?;
    let own = own.iter().filter_map(Value::as_str).map(ToOwned::to_owned);
    // the last one that fits a path counts, and a directory of packages can be in the checkout
    let mut prefixes = vec![(root(), "/better-auth-edge".to_owned()), standard_library()?];
    prefixes.extend(registries()?.into_iter().map(|path| (path, "/registry".to_owned())));
    let prefixes = prefixes.into_iter();
    let remapped =
        prefixes.map(|(path, to)| format!("--remap-path-prefix={}={to}", path.display()));
    Ok(own.chain(remapped).collect::<Vec<_>>().join("\u{1f}"))
}

const WASM: &str = "wasm32-unknown-unknown";

/// Where the sources of the standard library are if they are installed, and their path otherwise.
fn standard_library() -> Result<(PathBuf, String)> {
    let rustc =
        |arguments: &[&str]| output(Command::new("rustc").args(arguments).current_dir(root()));
    let sysroot = PathBuf::from(rustc(&["--print", "sysroot"])?);
    let version = rustc(&["-vV"])?;
    let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: "));
    let commit = commit.context("rustc names no commit")?;
    Ok((sysroot.join("lib/rustlib/src/rust"), format!("/rustc/{commit}")))
}

/// The directories of the packages that are not in the checkout.
fn registries() -> Result<BTreeSet<PathBuf>> {
    let mut metadata = Command::new("cargo");
    metadata.args(["metadata", "--format-version=1", "--locked", "--filter-platform", WASM]);
    let metadata: Value = serde_json::from_str(&output(metadata.current_dir(root()))?)?;
    let packages = metadata["packages"].as_array().context("cargo reports no packages")?;
    let foreign = packages.iter().filter(|package| !package["source"].is_null());
    let manifests = foreign.filter_map(|package| package["manifest_path"].as_str());
    let directories = manifests.filter_map(|manifest| Path::new(manifest).parent()?.parent());
    Ok(directories.map(ToOwned::to_owned).collect())
}
