//! The documentation: VitePress builds a site from `docs/` and from references generated from the
//! code. `docs/site.toml` lists the pages and their paths.

mod lines;
mod links;
mod markdown;
mod pages;
mod plots;
mod staged;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::setup::{self, run as run_command};
use crate::{inspector, progress, root, simulate, test};
use pages::{GENERATED, Site};

pub use plots::write as draw_benchmarks;

/// The tools of the site, with their own packages.
const TOOLS: &str = "tools/docs";

/// `cargo xtask docs [--serve | --screenshots]`
///
/// # Errors
/// A link is broken, a page is not in `docs/site.toml`, or a tool fails.
pub fn run(options: &[&str]) -> Result<()> {
    match options {
        [] => {
            let site = build()?;
            progress(format!("the site is in {}", site.display()));
            Ok(())
        }
        ["--serve"] => {
            build()?;
            vitepress("preview", &["--host", "127.0.0.1"])
        }
        ["--screenshots"] => screenshots(),
        _ => bail!("docs takes --serve or --screenshots"),
    }
}

/// Checks the links and anchors of all Markdown files, and that `docs/site.toml` lists all pages.
pub fn check() -> Result<()> {
    let root = root();
    let mut findings = links::broken(&root)?;
    for page in Site::read(&root, false)?.orphans(&root)? {
        findings.push(format!("{}: list it in docs/site.toml", page.display()));
    }
    findings.iter().for_each(|finding| eprintln!("{finding}"));
    ensure!(findings.is_empty(), "the documentation has {} errors", findings.len());
    Ok(())
}

/// Builds the site and returns its directory.
///
/// # Errors
/// See [`run`].
pub fn build() -> Result<PathBuf> {
    check()?;
    setup::npm_packages()?;
    setup::docs_packages()?;
    let root = root();
    draw_benchmarks()?;
    simulate::write_page()?;
    generate(&root)?;
    let site = Site::read(&root, true)?;
    // in the tools' directory, so that pages can resolve the imports that VitePress adds
    let staged = root.join(TOOLS).join("pages");
    let built = root.join("target/docs/site");
    staged::write(&root, &site, &staged)?;
    fs::write(root.join("target/docs/site.json"), staged::list(&root, &site)?)?;
    progress("docs: the site");
    vitepress("build", &[])?;
    staged::write_markdown(&site, &staged, &built)?;
    for page in site.pages() {
        let html = built.join(page.path.with_extension("html"));
        ensure!(html.is_file(), "VitePress did not create {}", html.display());
    }
    Ok(built)
}

/// Generates the references from the npm package's types and from the Python package.
fn generate(root: &Path) -> Result<()> {
    let directory = root.join(GENERATED);
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&directory)?;
    progress("docs: the JavaScript API");
    let tools = root.join(TOOLS);
    run_command(
        Command::new(setup::node()?)
            .arg(tools.join("node_modules/typedoc/bin/typedoc"))
            .args(["--options", "typedoc.json", "--out"])
            .arg(directory.join("javascript"))
            .current_dir(&tools),
    )?;
    progress("docs: the Python API");
    run_command(
        Command::new(setup::docs_python()?)
            .arg(tools.join("python_api.py"))
            .arg(root.join("python"))
            .arg(directory.join("python.md")),
    )
}

/// Takes screenshots of the site, the inspector and the demo into `docs/assets/` with Chromium.
fn screenshots() -> Result<()> {
    let site = build()?;
    let inspector = inspector::build()?.join(inspector::PATH);
    let root = root();
    let demo = root.join("target/next/screenshots");
    test::demo_screenshots(&demo)?;
    progress("docs: screenshots");
    run_command(
        Command::new(setup::node()?)
            .arg(root.join(TOOLS).join("screenshots.js"))
            .args([site, inspector, demo, root.join("docs/assets")])
            .env("CHROMIUM", setup::browser()?.program)
            .current_dir(&root),
    )
}

fn vitepress(command: &str, options: &[&str]) -> Result<()> {
    let tools = root().join(TOOLS);
    run_command(
        Command::new(setup::node()?)
            .arg(tools.join("node_modules/vitepress/bin/vitepress.js"))
            .arg(command)
            .arg(&tools)
            .args(options)
            .current_dir(&tools),
    )
}
