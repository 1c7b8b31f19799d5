//! Runs Wycheproof's vectors as wasm on hosts without a test runner.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::directory::Directory;
use crate::process::Server;
use crate::setup::{self, run};
use crate::{cargo, root, workerd};

/// The crate `host-vectors` as wasm with its JavaScript, in a temporary directory.
pub struct HostVectors(Directory);

impl HostVectors {
    /// Builds the crate and its JavaScript.
    pub fn build() -> Result<Self> {
        setup::wasm_target()?;
        setup::npm_packages()?;
        let wasm_bindgen = setup::wasm_bindgen()?.join("wasm-bindgen");
        let wasm = compile()?;
        let directory = Directory::new()?;
        let path = directory.path();
        run(Command::new(wasm_bindgen)
            .args(["--target", "web", "--no-typescript", "--out-name", "host_vectors", "--out-dir"])
            .args([path, &wasm]))?;
        fs::rename(path.join("host_vectors_bg.wasm"), path.join("index_bg.wasm"))?;
        for name in ["worker.js", "node.js"] {
            fs::copy(root().join("tests/host-vectors").join(name), path.join(name))?;
        }
        fs::write(path.join("package.json"), r#"{"type":"module"}"#)?;
        run(Command::new(root().join("node_modules/esbuild/bin/esbuild"))
            .args(["worker.js", "--bundle", "--format=esm", "--external:*.wasm"])
            .args(["--outfile=index.js", "--log-level=warning"])
            .current_dir(path))?;
        Ok(Self(directory))
    }

    /// Starts the Worker in workerd and returns its base URL. The path of a request names a vector
    /// file, and the response is the report.
    pub fn serve(&self) -> Result<(Server, String)> {
        let mut settings = workerd::Settings::from_wrangler()?;
        settings.vars.clear();
        workerd::serve(self.0.path(), &settings)
    }

    /// Runs these vector files in Node and returns their reports in the same order.
    pub fn run_in_node(&self, files: &[&str]) -> Result<Vec<Value>> {
        let program = self.0.path().join("node.js");
        let output = Command::new(setup::node()?).arg(program).args(files).output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "Node failed: {errors}");
        let reports = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        reports.map(|line| Ok(serde_json::from_slice(line)?)).collect()
    }
}

/// Compiles the crate, by the compiler's options of what is shipped, and returns the path of the
/// wasm file.
fn compile() -> Result<PathBuf> {
    let mut compile = Command::new("cargo");
    compile
        .args(["build", "--release", "--package", "host-vectors"])
        .args(["--target", "wasm32-unknown-unknown"])
        .env(cargo::RUSTFLAGS, cargo::wasm_flags()?);
    cargo::built_file(&mut compile, "host_vectors", ".wasm")
}
