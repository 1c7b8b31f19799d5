//! The Worker: compiled by worker-build into `build/`.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::setup::{self, run};
use crate::{progress, root};

/// Builds everything that is shipped, and holds it against its budget.
pub fn all() -> Result<()> {
    worker()?;
    javascript().map(|_| ())
}

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
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2")
        // beside what .cargo/config.toml says
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", SMALLER)
        .env("ESBUILD_BIN", modules.join("esbuild/bin/esbuild"))
        .current_dir(&root))?;
    wrap(&root, &build.join("index.js"))?;
    optimize(&build.join("index_bg.wasm"), &modules.join("binaryen/bin/wasm-opt"))?;
    check_size("the Worker's wasm", &build.join("index_bg.wasm"), WORKER_BUDGET)?;
    fs::write(stamp, sources)?;
    Ok(())
}

/// Puts the Worker's own entry around worker-build's.
fn wrap(root: &Path, index: &Path) -> Result<()> {
    let inner = index.with_file_name("worker-build.js");
    fs::rename(index, &inner)?;
    run(Command::new(root.join("node_modules/esbuild/bin/esbuild"))
        .arg(root.join("src/entry.js"))
        .args(["--bundle", "--minify", "--format=esm", "--log-level=warning"])
        .args(["--external:*.wasm", "--external:cloudflare:*"])
        .arg(format!("--alias:worker-build={}", inner.display()))
        .arg(format!("--outfile={}", index.display())))?;
    Ok(fs::remove_file(inner)?)
}

/// Builds the wasm for JavaScript runtimes and gives the directory: `index.js`, the glue by which any
/// of them can start it, and `index_bg.wasm`.
pub fn javascript() -> Result<PathBuf> {
    setup::wasm_target()?;
    setup::npm_packages()?;
    let root = root();
    let directory = root.join("target/javascript");
    let _lock = setup::lock(&directory)?;
    let stamp = directory.join(".made-by-xtask");
    let sources = sources(&root)?;
    if fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == sources) {
        return Ok(directory);
    }
    progress("building the wasm for JavaScript");
    let compiled = compile_for_javascript(&root)?;
    run(Command::new(setup::wasm_bindgen()?.join("wasm-bindgen"))
        .args(["--target", "web", "--no-typescript", "--out-name", "index", "--out-dir"])
        .args([&directory, &compiled]))?;
    let wasm = directory.join("index_bg.wasm");
    optimize(&wasm, &root.join("node_modules/binaryen/bin/wasm-opt"))?;
    check_size("the wasm for JavaScript", &wasm, JAVASCRIPT_BUDGET)?;
    fs::write(stamp, sources)?;
    Ok(directory)
}

/// With opt-level 2, less inlining and unrolling: a seventh of the size. It costs a fifth of an Ed25519
/// verification, of which a Worker does few: the tokens that it sees come again.
const SMALLER: &str = "-Cllvm-args=-inline-threshold=40 -Cllvm-args=-inlinehint-threshold=60 \
                       -Cllvm-args=-unroll-threshold=50";

/// What the wasm of a Worker and of the npm package may take, gzipped, in bytes.
const WORKER_BUDGET: usize = 150_000;
const JAVASCRIPT_BUDGET: usize = 100_000;

/// Prints how large a wasm file is, and fails if it is larger than it may be when gzipped.
fn check_size(what: &str, wasm: &Path, budget: usize) -> Result<()> {
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

/// Compiles the crate with its JavaScript API and gives the wasm file, whose place cargo knows.
fn compile_for_javascript(root: &Path) -> Result<PathBuf> {
    let output = Command::new("cargo")
        .args(["build", "--release", "--lib", "--target", "wasm32-unknown-unknown"])
        .args(["--features", "js", "--quiet", "--message-format=json-render-diagnostics"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the JavaScript API cannot be compiled");
    let messages = output.stdout.split(|byte| *byte == b'\n');
    let files = messages
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "better_auth_edge")
        .find_map(|message| message["filenames"].as_array().cloned());
    let files = files.context("cargo names no files")?;
    let wasm = files.iter().filter_map(Value::as_str).find(|file| file.ends_with(".wasm"));
    Ok(wasm.context("cargo names no wasm file")?.into())
}

/// worker-build's own call of wasm-opt keeps the names of all functions: a fifth of the size.
fn optimize(wasm: &Path, wasm_opt: &Path) -> Result<()> {
    run(Command::new(wasm_opt)
        .args(["-O3", "--strip-debug", "--strip-producers", "--strip-target-features"])
        // the compiler has inlined what is worth it; what is left compresses better apart
        .args(INLINING.map(|which| format!("--{which}-inline-max-function-size=0")))
        .arg("-o")
        .args([wasm, wasm])
        .args(WASM_FEATURES.map(|feature| format!("--enable-{feature}"))))
}

const INLINING: [&str; 3] = ["always", "flexible", "one-caller"];

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
