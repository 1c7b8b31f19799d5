//! Tests the core, the npm package and the Python package with released versions of Better Auth and
//! other frameworks, and writes the results to `docs/compatibility.md`.

mod page;
mod verdicts;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use self::verdicts::{Host, Measured};
use crate::directory::Directory;
use crate::setup::{self, run as run_command};
use crate::{build, progress, root};

/// Runs all tests and writes the page. Fails if a case fails or the committed page differs.
pub fn test() -> Result<()> {
    build::npm()?;
    let python = setup::python()?;
    run_command(&mut core_test(&["--no-run"]))?;
    old_fastapi()?;
    types_for_every_python(&python)?;

    let measured = every_version(&python)?;
    let is_current = page::write(&measured)?;
    let failures: Vec<_> = measured.iter().flat_map(|measured| &measured.failures).collect();
    for failure in &failures {
        progress(failure);
    }
    ensure!(failures.is_empty(), "{} cases failed", failures.len());
    ensure!(is_current, "{} was out of date and has been rewritten: commit it", page::PATH);
    Ok(())
}

/// The versions of Better Auth, newest first.
fn versions() -> Result<Vec<String>> {
    let mut versions = Vec::new();
    for entry in fs::read_dir(setup::better_auth_versions())? {
        versions.push(entry?.file_name().into_string().ok().context("a version's name is text")?);
    }
    let numbers =
        |version: &String| version.split('.').map(str::parse::<u32>).collect::<Result<Vec<_>, _>>();
    versions.sort_by_key(|version| std::cmp::Reverse(numbers(version).unwrap_or_default()));
    Ok(versions)
}

/// Tests the versions, two at a time.
fn every_version(python: &Path) -> Result<Vec<Measured>> {
    let versions = versions()?;
    let remaining = Mutex::new(versions.iter().enumerate());
    let measured = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let worker = || -> Result<()> {
            loop {
                let next =
                    remaining.lock().unwrap_or_else(|remaining| remaining.into_inner()).next();
                let Some((index, version)) = next else { return Ok(()) };
                let one = one_version(version, python).with_context(|| version.clone())?;
                measured.lock().unwrap_or_else(|all| all.into_inner()).push((index, one));
            }
        };
        let workers = [scope.spawn(worker), scope.spawn(worker)];
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(result) => result,
            Err(_) => bail!("a thread panicked"),
        })
    })?;
    let mut measured = measured.into_inner().unwrap_or_else(|all| all.into_inner());
    measured.sort_by_key(|(index, _)| *index);
    Ok(measured.into_iter().map(|(_, one)| one).collect())
}

/// Runs the tests of the plugin for Better Auth with a version and the built package.
fn plugin_tests(version: &str) -> Result<()> {
    setup::postgres()?;
    setup::mariadb()?;
    let installed = setup::better_auth(version)?;
    // a copy, since a link would lead to the repository's own Better Auth
    let package = installed.join("node_modules/better-auth-edge");
    fs::create_dir_all(package.join("dist"))?;
    for file in ["package.json", "dist/better-auth.js"] {
        fs::copy(root().join("npm").join(file), package.join(file))?;
    }
    let names = ["api-keys", "claims", "credentials", "delivery", "events", "uuid"];
    run_command(
        Command::new(setup::node()?)
            .args(["--import", "tsx", "--test", "--test-timeout=300000"])
            .args(names.map(|name| format!("test/plugin.{name}.test.ts")))
            .env("BETTER_AUTH_DIRECTORY", &installed)
            .env("BETTER_AUTH_VERSION", version)
            .current_dir(root().join("npm")),
    )
}

/// Collects every host's verdicts on the cases of a version.
fn one_version(version: &str, python: &Path) -> Result<Measured> {
    plugin_tests(version)?;
    let directory = Directory::new()?;
    let file = |name: &str| directory.path().join(name);
    let cases = file("cases.json");

    let mut maker = Command::new(setup::node()?)
        .args(["--no-warnings", "--experimental-import-meta-resolve"])
        .arg(root().join("tests/compat/make.mjs"))
        .args([setup::better_auth(version)?.as_os_str(), version.as_ref()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut made = String::new();
    BufReader::new(maker.stdout.take().context("stdout is piped")?).read_line(&mut made)?;
    // the servers run until standard input closes, at the latest when this function returns
    let stdin = maker.stdin.take();
    ensure!(!made.is_empty(), "make.mjs wrote no cases: {}", maker.wait()?);
    fs::write(&cases, &made)?;

    let verdict_file = |host: Host| file(&format!("{host}.json"));
    run_command(
        Command::new(setup::node()?)
            .arg(root().join("npm/test/better-auth-versions.mjs"))
            .args([&cases, &verdict_file(Host::Npm)])
            .current_dir(root()),
    )?;
    run_command(
        Command::new(python)
            .args(["-m", "tests.better_auth_versions"])
            .args([&cases, &verdict_file(Host::Python)])
            .current_dir(root().join("python")),
    )?;
    run_command(
        core_test(&["better_auth_versions", "--", "--ignored"])
            .env("COMPAT_CASES", &cases)
            .env("COMPAT_VERDICTS", verdict_file(Host::Core))
            .stdout(Stdio::null()),
    )?;
    drop(stdin);
    maker.wait()?;

    let verdicts =
        |host| -> Result<Value> { Ok(serde_json::from_slice(&fs::read(verdict_file(host))?)?) };
    let verdicts = Host::ALL.into_iter().map(|host| Ok((host, verdicts(host)?)));
    Measured::new(&serde_json::from_str(&made)?, &verdicts.collect::<Result<Vec<_>>>()?)
}

fn core_test(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(["test", "--quiet", "--test", "verifier"]);
    command.args(arguments).current_dir(root());
    command
}

/// Runs the package's tests with FastAPI 0.115, the oldest that it supports.
fn old_fastapi() -> Result<()> {
    let python = setup::python_with_fastapi_0_115()?;
    run_command(
        Command::new(python)
            .args(["-m", "pytest", "--quiet"])
            // Starlette's test client uses a deprecated name of anyio
            .args(["-W", "ignore:The anyio.abc.BlockingPortal alias:DeprecationWarning"])
            .args(FASTAPI_TESTS.map(|name| format!("tests/{name}.py")))
            .current_dir(root().join("python")),
    )
}

const FASTAPI_TESTS: [&str; 7] = [
    "test_auth",
    "test_authorization",
    "test_install",
    "test_replays",
    "test_settings",
    "test_user_model",
    "test_websockets",
];

/// Checks the package's types, syntax and use of the standard library for the oldest and the newest
/// Python.
fn types_for_every_python(python: &Path) -> Result<()> {
    page::PYTHONS.iter().try_for_each(|version| {
        let arguments = ["--strict", "--python-version", version, "better_auth_edge"];
        run_command(
            Command::new(python)
                .args(["-m", "mypy"])
                .args(arguments)
                .current_dir(root().join("python")),
        )
    })
}
