//! The fuzz targets of `fuzz/`: libFuzzer, steered by the coverage of everything that they are built
//! from.
//!
//! A stable compiler will do, and no tool is installed: LLVM's coverage pass needs nothing but
//! `-C passes`, and the crate libfuzzer-sys brings libFuzzer as source. What needs a nightly compiler
//! are sanitizers, and they look for what safe Rust does not do. `cargo fuzz` works on the same
//! targets for whoever wants one.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::setup::run as run_command;
use crate::{progress, root};

struct Target {
    name: &'static str,
    /// The longest input that makes sense to it, in bytes
    longest: u32,
    /// What its inputs are made of, where that is text
    words: Option<&'static str>,
}

const TARGETS: [Target; 5] = [
    Target { name: "token", longest: 24_576, words: Some("tokens.dict") },
    Target { name: "key_set", longest: 16_384, words: Some("tokens.dict") },
    Target { name: "verifier", longest: 4_096, words: Some("tokens.dict") },
    Target { name: "rotation", longest: 129, words: None },
    Target { name: "gateway", longest: 4_096, words: Some("requests.dict") },
];

/// `cargo xtask fuzz [TARGET] [--seconds N]`: one target or all, for a minute each or as said.
pub fn run(arguments: &[&str]) -> Result<()> {
    let (name, seconds) = match *arguments {
        [] => (None, "60"),
        ["--seconds", seconds] => (None, seconds),
        [name] => (Some(name), "60"),
        [name, "--seconds", seconds] => (Some(name), seconds),
        _ => bail!("usage: cargo xtask fuzz [TARGET] [--seconds N]"),
    };
    let seconds =
        seconds.parse().with_context(|| format!("{seconds:?} is no number of seconds"))?;
    let wanted = |target: &&Target| name.is_none_or(|name| name == target.name);
    let targets: Vec<_> = TARGETS.iter().filter(wanted).collect();
    let names = TARGETS.map(|target| target.name).join(", ");
    ensure!(!targets.is_empty(), "there is no such target; there are {names}");
    run_targets(targets, seconds)
}

/// Every target for a short time: what an earlier run has learned is tried again first.
pub fn run_briefly() -> Result<()> {
    run_targets(&TARGETS, 10)
}

fn run_targets<'t>(targets: impl IntoIterator<Item = &'t Target>, seconds: u32) -> Result<()> {
    let programs = build()?;
    targets.into_iter().try_for_each(|target| run_target(target, &programs, seconds))
}

/// What libFuzzer steers by, in every crate but the standard library: which edges of the control flow
/// have been taken, and what values have been compared. Short texts are compared by a call, which
/// libFuzzer sees, not by instructions, which it does not.
const COVERAGE: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-max-loads-per-memcmp=0",
];

/// Builds the targets and says where they are.
fn build() -> Result<PathBuf> {
    let compiler = env::var_os("CXX").unwrap_or("c++".into());
    let version = Command::new(&compiler).arg("--version").output();
    version.context("libFuzzer needs a C++ compiler (Debian: g++), or one named in CXX")?;

    // with a target named, build scripts and macros are not instrumented
    let host =
        Command::new("rustc").args(["--print", "host-tuple"]).current_dir(root()).output()?;
    let host = String::from_utf8(host.stdout)?.trim().to_owned();
    let directory = directory().join("build");
    progress("building the fuzz targets");
    run_command(
        Command::new("cargo")
            .args(["build", "--quiet", "--release", "--bins", "--target", &host, "--target-dir"])
            .arg(&directory)
            .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\x1f"))
            .env_remove("CARGO_TARGET_DIR")
            .current_dir(root().join("fuzz")),
    )?;
    Ok(directory.join(host).join("release"))
}

fn run_target(target: &Target, programs: &Path, seconds: u32) -> Result<()> {
    let Target { name, longest, words } = target;
    let sources = root().join("fuzz");
    let corpus = directory().join("corpus").join(name);
    let findings = directory().join("findings").join(name);
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&findings)?;
    let words = words.map(|words| format!("-dict={}", sources.join("words").join(words).display()));
    let program = programs.join(name);
    let log = directory().join(format!("{name}.log"));
    let status = Command::new(&program)
        .args([&corpus, &sources.join("seeds").join(name)])
        .args(words)
        .arg(format!("-artifact_prefix={}/", findings.display()))
        .arg(format!("-max_len={longest}"))
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"])
        .stderr(File::create(&log)?)
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if !status.success() {
        let input = last_after(&text, "Test unit written to ").unwrap_or("no input was kept");
        let why = text.lines().skip_while(|line| !line.contains("panicked at")).take(4);
        let why: Vec<_> = why.take_while(|line| !line.starts_with("stack backtrace")).collect();
        bail!(
            "fuzz target {name} has a finding, see {}:\n{}\nagain: {} {input}",
            log.display(),
            why.join("\n"),
            program.display()
        );
    }
    let runs = last_after(&text, "stat::number_of_executed_units:").unwrap_or("?");
    let edges = last_after(&text, " cov: ").and_then(|rest| rest.split(' ').next());
    progress(format!("fuzz {name}: {runs} runs, {} edges, no finding", edges.unwrap_or("?")));
    Ok(())
}

/// What the last line that has that text says behind it.
fn last_after<'t>(log: &'t str, text: &str) -> Option<&'t str> {
    log.lines().rev().find_map(|line| Some(line.split_once(text)?.1.trim()))
}

/// Where builds, growing corpora and findings are kept: outside of what is committed.
fn directory() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").filter(|directory| !directory.is_empty());
    target.map_or_else(|| root().join("target"), |directory| root().join(directory)).join("fuzz")
}
