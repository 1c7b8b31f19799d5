//! Builds the Worker into `build/` with worker-build, and the npm package with `npm/build.js` from
//! the wasm for JavaScript.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::setup::{self, run};
use crate::wasm::{self, Names};
use crate::{cargo, progress, root};

/// Builds the Worker, unless `build/` is up to date.
pub fn worker() -> Result<()> {
    worker_with(Names::Removed)
}

/// Builds the Worker with or without the names of its functions, unless `build/` is up to date.
pub(crate) fn worker_with(names: Names) -> Result<()> {
    setup::npm_packages()?;
    let wasm_bindgen = setup::wasm_bindgen()?.join("wasm-bindgen");
    let worker_build = setup::worker_build()?;

    let root = root();
    let build = root.join("build");
    let _lock = setup::lock(&build)?;
    let stamp = build.join(".made-by-xtask");
    let mut sources = sources(&root)?;
    if names == Names::Kept {
        sources.push_str(" with names");
    }
    if fs::read_to_string(&stamp).is_ok_and(|built| built == sources) {
        return Ok(());
    }
    progress("building the Worker");
    let modules = root.join("node_modules");
    let mut compile = Command::new(worker_build);
    run(compile
        .args(["--release", "--features", "worker"])
        .env("WASM_BINDGEN_BIN", wasm_bindgen)
        .env("ESBUILD_BIN", modules.join("esbuild/bin/esbuild"))
        .env(cargo::RUSTFLAGS, cargo::wasm_flags()?)
        .current_dir(&root))?;
    wrap(&root, &build.join("index.js"), names)?;
    let wasm = build.join("index_bg.wasm");
    wasm::without_exports(&wasm, &UNUSED)?;
    wasm::optimize(&wasm, names)?;
    if names == Names::Removed {
        wasm::check_size("the Worker's wasm", &wasm, WORKER_BUDGET)?;
    }
    fs::write(stamp, sources)?;
    Ok(())
}

/// Puts the Worker's own entry around worker-build's.
fn wrap(root: &Path, index: &Path, names: Names) -> Result<()> {
    let inner = index.with_file_name("worker-build.js");
    fs::rename(index, &inner)?;
    let shorten = if names == Names::Removed { "--minify" } else { "--minify-syntax" };
    run(Command::new(root.join("node_modules/esbuild/bin/esbuild"))
        .arg(root.join("src/bindings/worker/entry.js"))
        .args(["--bundle", shorten, "--format=esm", "--log-level=warning"])
        .args(["--external:*.wasm", "--external:cloudflare:*"])
        .arg(format!("--alias:worker-build={}", inner.display()))
        .arg(format!("--outfile={}", index.display())))?;
    Ok(fs::remove_file(inner)?)
}

/// Builds the npm package into `npm/dist/`, with the Worker, unless it is up to date.
pub fn npm() -> Result<()> {
    worker()?;
    javascript()?;
    let root = root();
    let package = root.join("npm");
    let _lock = setup::lock(&package)?;
    let stamp = root.join("target/npm.made-by-xtask");
    let sources = package_sources(&root)?;
    let is_built = package.join("dist/node/cli.js").is_file();
    if is_built && fs::read_to_string(&stamp).is_ok_and(|built| built == sources) {
        return Ok(());
    }
    progress("building the npm package");
    run(Command::new(setup::node()?).arg("build.js").current_dir(package))?;
    Ok(fs::write(stamp, sources)?)
}

/// Builds the wasm for JavaScript runtimes and returns its directory, with `index_bg.wasm` and
/// `bindings.js`, which instantiates it in any runtime.
pub fn javascript() -> Result<PathBuf> {
    setup::npm_packages()?;
    let root = root();
    let directory = root.join("target/javascript");
    let _lock = setup::lock(&directory)?;
    let stamp = directory.join(".made-by-xtask");
    let sources = sources(&root)?;
    if fs::read_to_string(&stamp).is_ok_and(|built| built == sources) {
        return Ok(directory);
    }
    progress("building the wasm for JavaScript");
    let compiled = compile_for_javascript("js-gateway")?;
    run(Command::new(setup::wasm_bindgen()?.join("wasm-bindgen"))
        .args(["--target", "bundler", "--no-typescript", "--out-name", "index", "--out-dir"])
        .args([&directory, &compiled]))?;
    let wasm = directory.join("index_bg.wasm");
    wasm::optimize(&wasm, Names::Removed)?;
    wasm::check_size("the wasm for JavaScript", &wasm, JAVASCRIPT_BUDGET)?;
    // bindings.js replaces this entry, which only bundlers can load
    fs::remove_file(directory.join("index.js"))?;
    run(Command::new(setup::node()?).arg(root.join("npm/bindings.js")).arg(&directory))?;
    fs::write(stamp, sources)?;
    Ok(directory)
}

/// Classes that the crate `worker` exports. This Worker does not use them, so the build removes
/// them with their dependencies.
const UNUSED: [&str; 4] = ["containerstartupoptions", "intounderlying", "minifyconfig", "r2range"];

/// Maximum gzipped sizes of the wasm, in bytes.
pub(crate) const WORKER_BUDGET: usize = 287_000;
pub(crate) const JAVASCRIPT_BUDGET: usize = 266_000;

/// Compiles the crate with these features and returns the path of the wasm file, as cargo reports
/// it.
pub(crate) fn compile_for_javascript(features: &str) -> Result<PathBuf> {
    let mut compile = Command::new("cargo");
    compile
        .args(["build", "--release", "--lib", "--target", "wasm32-unknown-unknown"])
        .args(["--features", features])
        .env(cargo::RUSTFLAGS, cargo::wasm_flags()?);
    cargo::built_file(&mut compile, "better_auth_edge", ".wasm")
}

/// A hash of everything that the Worker is built from.
pub(crate) fn sources(root: &Path) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    hash_files(root, &PINS, &mut hasher)?;
    hash_tree(&root.join("src"), &mut hasher)?;
    Ok(format!("{:016x}", hasher.finish()))
}

/// A hash of everything that the npm package is built from.
fn package_sources(root: &Path) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    sources(root)?.hash(&mut hasher);
    hash_files(root, &PACKAGE_PINS, &mut hasher)?;
    hash_tree(&root.join("npm/src"), &mut hasher)?;
    Ok(format!("{:016x}", hasher.finish()))
}

const PACKAGE_PINS: [&str; 6] = [
    "docs/configuration.md",
    "docs/errors.md",
    "npm/build.js",
    "npm/package.json",
    "npm/tsconfig.build.json",
    "npm/tsconfig.json",
];

/// Other files that a build depends on: versions, profiles, and the steps after the compiler.
const PINS: [&str; 8] = [
    ".cargo/config.toml",
    "Cargo.toml",
    "Cargo.lock",
    "npm/bindings.js",
    "package-lock.json",
    "rust-toolchain.toml",
    "xtask/src/cargo.rs",
    "xtask/src/wasm.rs",
];

fn hash_files(root: &Path, names: &[&str], hasher: &mut DefaultHasher) -> Result<()> {
    for name in names {
        fs::read(root.join(name)).with_context(|| format!("cannot read {name}"))?.hash(hasher);
    }
    Ok(())
}

pub(crate) fn hash_tree(directory: &Path, hasher: &mut DefaultHasher) -> Result<()> {
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
