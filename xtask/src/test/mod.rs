//! `cargo xtask test`: runs all tests, or named parts of them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::setup::{self, run as run_command};
use crate::{
    build, compat, demo, docs, fuzz, inspector, newcomer, progress, release, root, stack, workerd,
};

mod lanes;

/// Runs the named parts one after another, or all parts, two at a time.
pub fn run(names: &[&str]) -> Result<()> {
    let unknown = names.iter().find(|name| !PARTS.iter().any(|(part, _)| part == *name));
    if let Some(unknown) = unknown {
        let parts: Vec<_> = part_names().collect();
        bail!("unknown part {unknown:?}; the parts are {}", parts.join(", "));
    }
    if names.is_empty() {
        build_all()?;
        return lanes::run(&part_names().collect::<Vec<_>>());
    }
    for (part, test) in PARTS {
        if !names.contains(&part) {
            continue;
        }
        progress(format!("test {part}"));
        let started = Instant::now();
        test()?;
        progress(format!("test {part}: passed in {:.0} s", started.elapsed().as_secs_f64()));
    }
    Ok(())
}

/// Builds what several parts test, so that none of them waits for another.
fn build_all() -> Result<()> {
    build::npm()?;
    inspector::build()?;
    setup::python()?;
    Ok(())
}

/// The names of the parts, in the order in which they run.
pub fn part_names() -> impl Iterator<Item = &'static str> {
    PARTS.iter().map(|(name, _)| *name)
}

type Part = (&'static str, fn() -> Result<()>);

/// Long ones first.
const PARTS: [Part; 13] = [
    ("rust", rust),
    ("npm", npm),
    ("next", next),
    ("worker", worker),
    ("python", python),
    ("compat", compat::test),
    ("newcomer", newcomer::test),
    ("release", release::dry_run),
    ("e2e", demo::check_all),
    ("docs", || docs::build().map(|_| ())),
    ("fuzz", fuzz::run_briefly),
    ("browser", browser),
    ("inspector", inspector),
];

/// The core, natively, and the model of many isolates.
fn rust() -> Result<()> {
    run_command(Command::new("cargo").arg("test").current_dir(root()))?;
    run_command(Command::new("cargo").args(["test", "--package", "simulation"]).current_dir(root()))
}

/// The core as wasm and the JavaScript API in Chromium, with the command that a contributor types:
/// it finds its tools on the path.
fn browser() -> Result<()> {
    setup::wasm_target()?;
    let driver = setup::browser()?.driver;
    let wasm_pack = setup::wasm_pack()?;
    let tools = [Some(setup::wasm_bindgen()?), directory(&wasm_pack), directory(&driver)];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = tools.into_iter().flatten().chain(std::env::split_paths(&path));
    run_command(
        Command::new("wasm-pack")
            .args(["test", "--headless", "--chrome"])
            .env("CHROMEDRIVER", &driver)
            // seconds for all tests of a file; the default of 20 is too short on a busy machine
            .env("WASM_BINDGEN_TEST_TIMEOUT", "120")
            .env("PATH", std::env::join_paths(path)?)
            .current_dir(root()),
    )
}

fn directory(program: &Path) -> Option<PathBuf> {
    program.parent().map(Path::to_owned)
}

/// The inspector page in Chromium, with tokens of a real Better Auth.
fn inspector() -> Result<()> {
    inspector::build()?;
    let files = ["decisions", "privacy", "access", "better_auth"];
    run_command(
        Command::new(setup::node()?)
            .args(["--import", "tsx", "--test", "--test-concurrency=1", "--test-reporter=spec"])
            .args(files.map(|name| format!("www/test/{name}.test.js")))
            .env("CHROMIUM", setup::browser()?.program)
            .current_dir(root()),
    )
}

/// The Worker in workerd, with a real Better Auth and a real FastAPI, and in wrangler. The test
/// vectors in workerd and Node.
fn worker() -> Result<()> {
    stack::prepare()?;
    setup::node_for_wrangler()?;
    inspector::build()?;
    run_command(Command::new("cargo").args(["test", "--package", "xtask"]).current_dir(root()))?;
    worker_by_serve()
}

/// Request targets, streams, WebSockets and failing servers once more, with the Worker started by
/// `better-auth-edge serve`. Other tests need bindings that `serve` does not have, or count the
/// fetches of keys, which `serve` causes when it starts.
fn worker_by_serve() -> Result<()> {
    build::npm()?;
    let by_serve = |test: &str, names: &[&str]| {
        let mut cargo = Command::new("cargo");
        cargo.args(["test", "--package", "xtask", "--test", test, "--"]).args(names);
        run_command(cargo.env(workerd::BY_SERVE, "1").current_dir(root()))
    };
    let suites = ["paths::", "requests::", "responses::", "streams::", "websockets::"];
    by_serve("worker", &suites)?;
    by_serve("worker_attacks", &["malformed_", "requests::"])
}

/// The npm package on every supported runtime, and the example's Better Auth server.
fn npm() -> Result<()> {
    build::npm()?;
    setup::postgres()?;
    setup::mariadb()?;
    setup::example_packages()?;
    let browser = setup::browser()?;
    let mut npm = Command::new("npm");
    npm.args(["test", "--silent", "--workspaces", "--if-present"]).current_dir(root());
    npm.env("CHROMIUM", browser.program).env("PYTHON", setup::python()?);
    npm.env("NODE_FOR_WRANGLER", setup::node_for_wrangler()?);
    if let Some(deno) = setup::deno()? {
        npm.env("DENO", deno);
    }
    run_command(&mut npm)
}

/// The example's Next.js application in Chromium: production builds of both major versions of Next,
/// with `middleware.ts` and `proxy.ts`, and with both bundlers.
fn next() -> Result<()> {
    setup::next_15()?;
    run_command(&mut builds_of_next()?)
}

/// Takes pictures of the example's demo page, in one production build, into this directory.
pub(crate) fn demo_screenshots(directory: &Path) -> Result<()> {
    run_command(
        builds_of_next()?.env("ONLY", "Next 16, proxy.ts, turbopack").env("SCREENSHOTS", directory),
    )
}

fn builds_of_next() -> Result<Command> {
    build::npm()?;
    let mut npm = Command::new("npm");
    npm.args(["run", "--silent", "test:builds", "--workspace", "example-fullstack-web"])
        .env("CHROMIUM", setup::browser()?.program)
        .env("PYTHON", setup::python()?)
        .current_dir(root());
    Ok(npm)
}

/// The Python package, compared with the core and with a real Better Auth; its sessions with
/// SQLAlchemy 2.0 too; the example's API.
fn python() -> Result<()> {
    build::javascript()?;
    setup::postgres()?;
    setup::redis()?;
    let pytest = |python: &Path, directory: &str, files: &[&str]| {
        let directory = root().join(directory);
        let mut pytest = Command::new(python);
        run_command(pytest.args(["-m", "pytest", "--quiet"]).args(files).current_dir(directory))
    };
    let python = setup::python()?;
    pytest(&python, "python", &[])?;
    let sessions = ["tests/isolation", "tests/test_sqlmodel.py"];
    pytest(&setup::python_with_sqlalchemy_2_0()?, "python", &sessions)?;
    pytest(&python, "examples/fullstack/api", &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contributing_lists_the_parts_in_the_order_in_which_they_run() {
        let page = std::fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
        let (_, section) = page.split_once("\n## Test\n").unwrap();
        let section = section.split("\n## ").next().unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
        let documented: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
        assert_eq!(documented, part_names().collect::<Vec<_>>());
    }
}
