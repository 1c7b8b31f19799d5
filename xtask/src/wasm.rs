//! Steps after the compiler: remove exports, optimize and measure a wasm file.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::setup::run;
use crate::{progress, root};

/// Removes the exports whose names contain one of `unused`, with their dependencies. The compiler
/// cannot know that JavaScript does not call them.
pub(crate) fn without_exports(wasm: &Path, unused: &[&str]) -> Result<()> {
    let text = wasm.with_extension("wat");
    run(binaryen("wasm-dis").arg(wasm).arg("-o").arg(&text))?;
    let listing = fs::read_to_string(&text)?;
    fs::remove_file(text)?;
    let exports = listing.lines().filter_map(|line| line.trim().strip_prefix("(export \""));
    let exports = exports.filter_map(|rest| rest.split('"').next());
    let used = exports.filter(|name| !unused.iter().any(|unused| name.contains(unused)));
    let used: Vec<_> =
        used.map(|name| json!({"name": name, "export": name, "root": true})).collect();
    ensure!(!used.is_empty(), "{} exports nothing", wasm.display());

    let graph = wasm.with_extension("json");
    fs::write(&graph, serde_json::to_string(&used)?)?;
    let mut metadce = binaryen("wasm-metadce");
    // it prints everything that it removed
    let output = metadce.arg("-g").arg(wasm).arg("-f").arg(&graph).arg("-o").arg(wasm).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(fs::remove_file(graph)?)
}

/// Whether a build keeps the names of its functions. They are a fifth of the size, and only a
/// profile needs them.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Names {
    Removed,
    Kept,
}

/// Optimizes. The compiler has optimized for size; by `-O2`, a token takes 1 µs less than by
/// `-Os`, for 1 kB more.
pub(crate) fn optimize(wasm: &Path, names: Names) -> Result<()> {
    let names = match names {
        Names::Removed => "--strip-debug",
        Names::Kept => "--debuginfo",
    };
    run(binaryen("wasm-opt").args(["-O2", names, "-o"]).args([wasm, wasm]))
}

fn binaryen(program: &str) -> Command {
    let mut command = Command::new(root().join("node_modules/binaryen/bin").join(program));
    command.args(WASM_FEATURES.map(|feature| format!("--enable-{feature}")));
    command
}

/// Features that rustc uses and that workerd, Node and browsers support.
const WASM_FEATURES: [&str; 8] = [
    "bulk-memory",
    "exception-handling",
    "multivalue",
    "mutable-globals",
    "nontrapping-float-to-int",
    "reference-types",
    "sign-ext",
    "simd",
];

/// Prints the size of a wasm file and fails if it exceeds the budget when gzipped.
pub(crate) fn check_size(what: &str, wasm: &Path, budget: usize) -> Result<()> {
    let Size { bytes, gzipped } = Size::of(wasm)?;
    progress(format!("{what}: {bytes} bytes, {gzipped} gzipped, of {budget} allowed"));
    ensure!(gzipped <= budget, "{what} is too large");
    Ok(())
}

/// The size of a file in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) bytes: usize,
    pub(crate) gzipped: usize,
}

impl Size {
    pub(crate) fn of(file: &Path) -> Result<Self> {
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bytes)?;
        Ok(Self { bytes: bytes.len(), gzipped: encoder.finish()?.len() })
    }
}
