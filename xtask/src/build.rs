//! The Worker: compiled by worker-build into `build/`.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::setup::{self, run};
use crate::{progress, root};

/// Builds the Worker, unless `build/` is made from these sources already.
pub fn worker() -> Result<()> {
    setup::wasm_target()?;
    setup::npm_packages()?;
    let wasm_bindgen = setup::wasm_bindgen()?.join("wasm-bindgen");
    let worker_build = setup::worker_build()?;

    let root = root();
    let build = root.join("build");
    let _lock = setup::lock(&build)?;
    let stamp = build.join(".made-by-xtask");
    let sources = sources(&root)?;
    if fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == sources) {
        return Ok(());
    }
    progress("building the Worker");
    let modules = root.join("node_modules");
    run(Command::new(worker_build)
        .args(["--release", "--features", "worker"])
        .env("WASM_BINDGEN_BIN", wasm_bindgen)
        .env("ESBUILD_BIN", modules.join("esbuild/bin/esbuild"))
        .current_dir(&root))?;
    optimize(&build.join("index_bg.wasm"), &modules.join("binaryen/bin/wasm-opt"))?;
    check_size("the Worker's wasm", &build.join("index_bg.wasm"), WORKER_BUDGET)?;
    fs::write(stamp, sources)?;
    Ok(())
}

/// What a Worker's wasm may take, gzipped, in bytes.
const WORKER_BUDGET: usize = 150_000;

/// Prints how large a wasm file is, and fails if it is larger than it may be when gzipped.
pub(crate) fn check_size(what: &str, wasm: &Path, budget: usize) -> Result<()> {
    let bytes = fs::read(wasm)?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes)?;
    let gzipped = encoder.finish()?.len();
    progress(format!("{what}: {} bytes, {gzipped} gzipped, of {budget} allowed", bytes.len()));
    ensure!(gzipped <= budget, "{what} is too large");
    Ok(())
}

/// worker-build's own call of wasm-opt keeps the names of all functions: a fifth of the size.
fn optimize(wasm: &Path, wasm_opt: &Path) -> Result<()> {
    run(Command::new(wasm_opt)
        .args(["-O3", "--strip-debug", "--strip-producers", "-o"])
        .args([wasm, wasm])
        .args(WASM_FEATURES.map(|feature| format!("--enable-{feature}"))))
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

/// A fingerprint of what the Worker is built from.
fn sources(root: &Path) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for name in ["Cargo.toml", "Cargo.lock", "package-lock.json", "rust-toolchain.toml"] {
        fs::read(root.join(name)).with_context(|| format!("cannot read {name}"))?.hash(&mut hasher);
    }
    hash_tree(&root.join("src"), &mut hasher)?;
    Ok(format!("{:016x}", hasher.finish()))
}

fn hash_tree(directory: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let mut entries: Vec<_> = fs::read_dir(directory)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        entry.file_name().hash(hasher);
        match entry.file_type()?.is_dir() {
            true => hash_tree(&entry.path(), hasher)?,
            false => fs::read(entry.path())?.hash(hasher),
        }
    }
    Ok(())
}
