//! Builds the benchmark programs: one for each runtime, with all candidates and our wasm as in the
//! npm package.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::setup::{self, run};
use crate::wasm::Size;
use crate::{build, progress, root};

/// The programs, each in its own directory.
pub(super) struct Programs {
    /// For workerd: `index.js` and `index_bg.wasm`
    pub(super) workerd: PathBuf,
    /// For Node: `index.cjs`, `index_bg.wasm` and `material.json`
    pub(super) node: PathBuf,
    /// Keys and tokens of this run
    pub(super) material: Value,
    /// Versions, memory, the machine
    pub(super) facts: Value,
    /// Size of the npm package's wasm
    pub(super) npm_size: Size,
}

impl Programs {
    pub(super) fn build() -> Result<Self> {
        let directory = root().join("target/bench");
        let _lock = setup::lock(&directory)?;
        let (workerd, node) = (directory.join("workerd"), directory.join("node"));
        for directory in [&workerd, &node] {
            fs::create_dir_all(directory)?;
        }

        progress("building the benchmarks");
        let glue = build::javascript()?;
        let wasm = glue.join("index_bg.wasm");
        for directory in [&workerd, &node] {
            fs::copy(&wasm, directory.join("index_bg.wasm"))?;
        }
        bundle("workerd.js", &workerd.join("index.js"), "neutral", Some(&glue))?;
        bundle("node.js", &node.join("index.cjs"), "node", Some(&glue))?;
        let facts = node.join("facts.mjs");
        bundle("facts.js", &facts, "node", Some(&glue))?;

        progress("creating keys and tokens");
        let output = Command::new(setup::node()?)
            .arg(facts)
            .args([&node, &root()])
            .stderr(Stdio::inherit())
            .output()?;
        ensure!(output.status.success(), "facts.mjs failed");
        Ok(Self {
            material: serde_json::from_slice(&fs::read(node.join("material.json"))?)?,
            facts: serde_json::from_slice(&output.stdout)?,
            npm_size: Size::of(&wasm)?,
            workerd,
            node,
        })
    }
}

/// Bundles a program of `benches/src` with its imports. `glue` is the directory of our wasm.
pub(super) fn bundle(
    source: &str,
    target: &Path,
    platform: &str,
    glue: Option<&Path>,
) -> Result<()> {
    let format = match target.extension().is_some_and(|extension| extension == "cjs") {
        true => "cjs",
        false => "esm",
    };
    let mut command = Command::new(root().join("node_modules/esbuild/bin/esbuild"));
    command
        .arg(root().join("benches/src").join(source))
        .args(["--bundle", "--external:*.wasm", "--log-level=warning"])
        .arg(format!("--platform={platform}"))
        .arg(format!("--format={format}"))
        .arg(format!("--outfile={}", target.display()));
    if let Some(glue) = glue {
        let bindings = glue.join("bindings.js");
        command.arg(format!("--alias:better-auth-edge-wasm={}", bindings.display()));
    }
    run(&mut command)
}
