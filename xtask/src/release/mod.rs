//! Packs the crate, the npm package and the Python package, and checks the packed files.
//!
//! This module publishes nothing and uses no registry or credentials: the release workflow runs it
//! for a tag and then publishes the files.

mod manifests;
mod python;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use regex::Regex;
use serde_json::Value;

use self::manifests::Manifests;
use crate::setup::{output, run as run_command};
use crate::{build, progress, root};

/// `--dry-run` packs and checks. A tag such as `v1.2.3` also requires everything that a release
/// needs: the repository's URL, equal versions, a section of CHANGELOG.md and a clean checkout.
pub fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["--dry-run"] => dry_run(),
        [tag] if tag.starts_with('v') => release(tag),
        _ => bail!("release takes --dry-run, or the tag of the release, such as v1.2.3"),
    }
}

/// Packs all three and checks them.
pub fn dry_run() -> Result<()> {
    report(Manifests::read(&root())?.errors(None))?;
    pack(&["--allow-dirty"])
}

fn release(tag: &str) -> Result<()> {
    let manifests = Manifests::read(&root())?;
    report(manifests.errors(Some(tag)))?;
    let changes = output(Command::new("git").args(["status", "--porcelain"]).current_dir(root()))?;
    ensure!(changes.is_empty(), "the checkout has changes; commit them first:\n{changes}");
    pack(&[])
}

/// The directory of the packed files.
fn destination() -> PathBuf {
    root().join("target/packages")
}

fn pack(cargo_options: &[&str]) -> Result<()> {
    let destination = destination();
    if destination.exists() {
        fs::remove_dir_all(&destination)?;
    }
    fs::create_dir_all(&destination)?;
    report(readme_errors()?)?;
    pack_crate(&destination, cargo_options)?;
    pack_npm(&destination)?;
    pack_create(&destination)?;
    python::pack(&destination)?;
    progress(format!("release: the packages are in {}", destination.display()));
    Ok(())
}

/// Packs what a user installs, without the checks: the npm package into `destination`, and the
/// wheel of this platform into `destination/wheels`.
pub fn pack_for_users(destination: &Path) -> Result<()> {
    build::npm()?;
    if destination.exists() {
        fs::remove_dir_all(destination)?;
    }
    let wheels = destination.join("wheels");
    fs::create_dir_all(&wheels)?;
    npm_pack("npm", destination)?;
    python::wheel(&wheels)
}

fn report(errors: Vec<String>) -> Result<()> {
    ensure!(errors.is_empty(), "the release is not ready:\n- {}", errors.join("\n- "));
    Ok(())
}

/// The READMEs that package registries show.
const READMES: [&str; 4] =
    ["src/README.md", "npm/README.md", "create/README.md", "python/README.md"];

/// Relative links in the READMEs, which do not work on a package registry.
fn readme_errors() -> Result<Vec<String>> {
    let mut errors = Vec::new();
    for path in READMES {
        let text = fs::read_to_string(root().join(path)).with_context(|| path.to_owned())?;
        let links = relative_links(&text);
        errors.extend(links.into_iter().map(|link| {
            format!("{path} links to {link}: use an absolute URL, or name the file without a link")
        }));
    }
    Ok(errors)
}

/// The relative targets of links and images, without anchors within the page.
fn relative_links(markdown: &str) -> Vec<String> {
    let inline = Regex::new(r"\]\(\s*<?([^)\s>]+)").expect("a regular expression");
    let reference = Regex::new(r"(?m)^\s*\[[^\]]+\]:\s+(\S+)").expect("a regular expression");
    let html = Regex::new(r#"(?:href|src)\s*=\s*"([^"]+)""#).expect("a regular expression");
    let targets = [inline, reference, html].into_iter().flat_map(|pattern| {
        let captures = pattern.captures_iter(markdown);
        captures.map(|captures| captures[1].to_owned()).collect::<Vec<_>>()
    });
    let absolute = ["https://", "http://", "mailto:", "#"];
    targets.filter(|target| !absolute.iter().any(|start| target.starts_with(start))).collect()
}

/// Packs the crate and compiles the packed files.
fn pack_crate(destination: &Path, options: &[&str]) -> Result<()> {
    progress("release: the crate");
    let cargo = || {
        let mut cargo = Command::new("cargo");
        cargo.args(["package", "--package", "better-auth-edge", "--locked"]).args(options);
        cargo.current_dir(root());
        cargo
    };
    let listing = output(cargo().arg("--list"))?;
    let files: Vec<_> = listing.lines().map(|file| file.replace('\\', "/")).collect();
    expect_files("the crate", &files, CRATE_FILES, &["src/lib.rs", "LICENSE", "src/README.md"])?;
    run_command(cargo().arg("--quiet"))?;
    let version = Manifests::read(&root())?.version;
    let name = format!("better-auth-edge-{version}.crate");
    let packed = root().join("target/package").join(&name);
    fs::copy(&packed, destination.join(&name))
        .with_context(|| format!("cargo did not create {}", packed.display()))?;
    Ok(())
}

const CRATE_FILES: &str = r"^(Cargo\.(toml|lock|toml\.orig)|\.cargo_vcs_info\.json|LICENSE|README\.md|src/.*\.(rs|js|json|md))$";

/// Maximum size of the npm package's tarball in bytes, as the package's own tests have it.
fn npm_budget() -> Result<u64> {
    let tests = fs::read_to_string(root().join("npm/test/package.test.ts"))?;
    let budget = tests.lines().find_map(|line| line.strip_prefix("const BUDGET = "));
    let budget = budget.context("npm/test/package.test.ts has no BUDGET")?;
    Ok(budget.trim_end_matches(';').replace('_', "").parse()?)
}

const NPM_FILES: &str = r"^(LICENSE|README\.md|package\.json|dist/(better_auth_edge\.wasm|errors\.md|worker/index(_bg\.wasm|\.d\.ts)|[\w/-]+\.js|types/[\w/-]+\.d\.ts))$";

fn pack_npm(destination: &Path) -> Result<()> {
    build::npm()?;
    progress("release: the npm package");
    let (size, files) = npm_pack("npm", destination)?;
    let budget = npm_budget()?;
    ensure!(size <= budget, "the npm package has {size} bytes, of {budget} allowed");
    let needed = [
        "dist/better_auth_edge.wasm",
        "dist/node/index.js",
        "dist/worker/index_bg.wasm",
        "LICENSE",
        "README.md",
    ];
    expect_files("the npm package", &files, NPM_FILES, &needed)?;
    progress(format!("release: the npm package has {size} bytes, of {budget} allowed"));
    Ok(())
}

/// Packs the package of `npm create better-auth-edge`.
fn pack_create(destination: &Path) -> Result<()> {
    let (_, files) = npm_pack("create", destination)?;
    let needed = ["index.js", "README.md"];
    expect_files("the package create", &files, CREATE_FILES, &needed)
}

const CREATE_FILES: &str = r"^(README\.md|package\.json|index\.js)$";

/// Packs a directory of the repository. Returns the tarball's size in bytes and its files.
fn npm_pack(directory: &str, destination: &Path) -> Result<(u64, Vec<String>)> {
    let listing = output(
        Command::new("npm")
            .args(["pack", "--json", "--ignore-scripts", "--pack-destination"])
            .arg(destination)
            .current_dir(root().join(directory)),
    )?;
    let listing: Value = serde_json::from_str(&listing).context("npm pack does not print JSON")?;
    // an array up to npm 11, an object by package name in later versions
    let packed = listing.get(0).or_else(|| listing.as_object()?.values().next());
    let packed = packed.context("npm pack did not pack a package")?;
    let size = packed["size"].as_u64().context("npm pack does not print a size")?;
    let files = packed["files"].as_array().context("npm pack does not print files")?;
    let files = files.iter().filter_map(|file| Some(file["path"].as_str()?.to_owned())).collect();
    Ok((size, files))
}

/// Fails if a packed file is not allowed or a needed file is missing.
fn expect_files(what: &str, files: &[String], allowed: &str, needed: &[&str]) -> Result<()> {
    let allowed = Regex::new(allowed).context("the pattern of the allowed files")?;
    let others: Vec<_> = files.iter().filter(|file| !allowed.is_match(file)).collect();
    ensure!(others.is_empty(), "{what} contains files that are not allowed: {others:?}");
    let missing: Vec<_> =
        needed.iter().filter(|needed| !files.iter().any(|file| file == **needed)).collect();
    ensure!(missing.is_empty(), "{what} lacks {missing:?}");
    Ok(())
}
