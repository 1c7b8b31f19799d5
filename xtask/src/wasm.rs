//! What becomes of a wasm file after it was compiled.

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

/// Takes the exports whose names contain one of `unused` away, and with them what only they need.
/// No compiler can know that JavaScript does not call them.
pub(crate) fn without_exports(wasm: &Path, unused: &[&str]) -> Result<()> {
    let text = wasm.with_extension("wat");
    run(binaryen("wasm-dis").arg(wasm).arg("-o").arg(&text))?;
    let listing = fs::read_to_string(&text)?;
    fs::remove_file(text)?;
    let exports = listing.lines().filter_map(|line| line.trim().strip_prefix("(export \""));
    let exports = exports.filter_map(|rest| rest.split('"').next());
    let kept = exports.filter(|name| !unused.iter().any(|unused| name.contains(unused)));
    let kept: Vec<_> =
        kept.map(|name| json!({"name": name, "export": name, "root": true})).collect();
    ensure!(!kept.is_empty(), "{} exports nothing", wasm.display());

    let graph = wasm.with_extension("json");
    fs::write(&graph, serde_json::to_string(&kept)?)?;
    let mut metadce = binaryen("wasm-metadce");
    // it lists all that has gone
    let output = metadce.arg("-g").arg(wasm).arg("-f").arg(&graph).arg("-o").arg(wasm).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(fs::remove_file(graph)?)
}

/// worker-build's own call of wasm-opt keeps the names of all functions: a fifth of the size.
pub(crate) fn optimize(wasm: &Path, inlining: Inlining) -> Result<()> {
    run(binaryen("wasm-opt")
        .arg("-O3")
        .args(
            inlining
                .sizes()
                .map(|(which, size)| format!("--{which}-inline-max-function-size={size}")),
        )
        // the first kilobyte is the end of a stack of a megabyte, to which no call comes
        .arg("--low-memory-unused")
        .args(["--strip-debug", "--strip-producers", "--strip-target-features"])
        .arg("-o")
        .args([wasm, wasm]))
}

/// Gives what is imported and exported names of one or two letters, and says which: a JSON object
/// of `imports`, each a module, a name and the new name, and `exports`, each a name and the new
/// one. What is imported comes from a module `a` from then on.
pub(crate) fn shorten_names(wasm: &Path) -> Result<Vec<u8>> {
    let mut shorten = binaryen("wasm-opt");
    shorten.args(["--minify-imports-and-exports-and-modules", "-o"]).args([wasm, wasm]);
    let output = shorten.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

fn binaryen(program: &str) -> Command {
    let mut command = Command::new(root().join("node_modules/binaryen/bin").join(program));
    command.args(WASM_FEATURES.map(|feature| format!("--enable-{feature}")));
    command
}

/// What is inlined that the compiler has left apart.
#[derive(Clone, Copy)]
pub(crate) enum Inlining {
    /// Next to nothing: what is large compresses better apart
    ForSize,
    /// Whatever has one caller, and what is no larger than a call: a request is served from cold
    /// caches
    ForCalls,
}

impl Inlining {
    /// Which functions, up to which size.
    fn sizes(self) -> [(&'static str, u32); 3] {
        match self {
            Self::ForSize => [("always", 0), ("flexible", 0), ("one-caller", 15)],
            Self::ForCalls => [("always", 12), ("flexible", 0), ("one-caller", u32::MAX)],
        }
    }
}

/// What workerd, Node and browsers know, and rustc uses.
const WASM_FEATURES: [&str; 7] = [
    "bulk-memory",
    "exception-handling",
    "multivalue",
    "mutable-globals",
    "nontrapping-float-to-int",
    "reference-types",
    "sign-ext",
];

/// Prints how large a wasm file is, and fails if it is larger than it may be when gzipped.
pub(crate) fn check_size(what: &str, wasm: &Path, budget: usize) -> Result<()> {
    let Size { bytes, gzipped } = Size::of(wasm)?;
    progress(format!("{what}: {bytes} bytes, {gzipped} gzipped, of {budget} allowed"));
    ensure!(gzipped <= budget, "{what} is too large");
    Ok(())
}

/// How large a file is.
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
