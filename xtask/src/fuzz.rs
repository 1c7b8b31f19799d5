//! Builds and runs the fuzz targets of `fuzz/` with libFuzzer.
//!
//! A stable compiler is enough, and no tool is installed: `-C passes` enables LLVM's coverage pass,
//! and the crate libfuzzer-sys contains libFuzzer as source. Only sanitizers require a nightly
//! compiler, and they find errors that safe Rust excludes. `cargo fuzz` can run the same targets.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::setup::run as run_command;
use crate::{progress, root};

struct Target {
    name: &'static str,
    /// Maximum length of an input, in bytes
    max_len: u32,
    /// Dictionary in `fuzz/dictionaries`, for inputs that are text
    dictionary: Option<&'static str>,
}

const TARGETS: [Target; 5] = [
    Target { name: "token", max_len: 24_576, dictionary: Some("tokens.dict") },
    Target { name: "key_set", max_len: 16_384, dictionary: Some("tokens.dict") },
    Target { name: "verifier", max_len: 4_096, dictionary: Some("tokens.dict") },
    Target { name: "rotation", max_len: 129, dictionary: None },
    Target { name: "gateway", max_len: 4_096, dictionary: Some("requests.dict") },
];

/// `cargo xtask fuzz [TARGET] [--seconds N]`: runs one target or all, by default for a minute each.
pub fn run(arguments: &[&str]) -> Result<()> {
    let (name, seconds) = match *arguments {
        [] => (None, "60"),
        ["--seconds", seconds] => (None, seconds),
        [name] => (Some(name), "60"),
        [name, "--seconds", seconds] => (Some(name), seconds),
        _ => bail!("usage: cargo xtask fuzz [TARGET] [--seconds N]"),
    };
    let seconds =
        seconds.parse().with_context(|| format!("{seconds:?} is not a number of seconds"))?;
    let wanted = |target: &&Target| name.is_none_or(|name| name == target.name);
    let targets: Vec<_> = TARGETS.iter().filter(wanted).collect();
    let names = TARGETS.map(|target| target.name).join(", ");
    ensure!(!targets.is_empty(), "unknown target; the targets are {names}");
    run_targets(targets, seconds)
}

/// Runs every target for a short time, starting with the corpus of earlier runs.
pub fn run_briefly() -> Result<()> {
    run_targets(&TARGETS, 10)
}

fn run_targets<'t>(targets: impl IntoIterator<Item = &'t Target>, seconds: u32) -> Result<()> {
    let programs = build()?;
    targets.into_iter().try_for_each(|target| run_target(target, &programs, seconds))
}

/// Compiler options for libFuzzer's feedback, in every crate except the standard library: the edges
/// of the control flow and the compared values. Short texts are compared by a call, because
/// libFuzzer does not see comparisons by single instructions.
const COVERAGE: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-max-loads-per-memcmp=0",
];

/// Builds the targets and returns their directory.
fn build() -> Result<PathBuf> {
    let compiler = env::var_os("CXX").unwrap_or("c++".into());
    let version = Command::new(&compiler).arg("--version").output();
    version.context("libFuzzer requires a C++ compiler (Debian: g++), or one named in CXX")?;

    // `--target` keeps build scripts and macros free of instrumentation
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
    let Target { name, max_len, dictionary } = target;
    let sources = root().join("fuzz");
    let corpus = directory().join("corpus").join(name);
    let findings = directory().join("findings").join(name);
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&findings)?;
    let dictionaries = sources.join("dictionaries");
    let dictionary = dictionary.map(|name| format!("-dict={}", dictionaries.join(name).display()));
    let program = programs.join(name);
    let log = directory().join(format!("{name}.log"));
    let status = Command::new(&program)
        .args([&corpus, &sources.join("seeds").join(name)])
        .args(dictionary)
        .arg(format!("-artifact_prefix={}/", findings.display()))
        .arg(format!("-max_len={max_len}"))
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"])
        .stderr(File::create(&log)?)
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if !status.success() {
        let input = last_after(&text, "Test unit written to ").unwrap_or("no input was saved");
        let message = text.lines().skip_while(|line| !line.contains("panicked at")).take(4);
        let message: Vec<_> =
            message.take_while(|line| !line.starts_with("stack backtrace")).collect();
        bail!(
            "fuzz target {name} has a finding, see {}:\n{}\nreproduce: {} {input}",
            log.display(),
            message.join("\n"),
            program.display()
        );
    }
    let runs = last_after(&text, "stat::number_of_executed_units:").unwrap_or("?");
    let edges = last_after(&text, " cov: ").and_then(|rest| rest.split(' ').next());
    progress(format!("fuzz {name}: {runs} runs, {} edges, no finding", edges.unwrap_or("?")));
    Ok(())
}

/// The text after the last occurrence of a marker, to the end of its line.
fn last_after<'t>(log: &'t str, text: &str) -> Option<&'t str> {
    log.lines().rev().find_map(|line| Some(line.split_once(text)?.1.trim()))
}

/// The directory of builds, corpora and findings, which are not committed.
fn directory() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").filter(|directory| !directory.is_empty());
    target.map_or_else(|| root().join("target"), |directory| root().join(directory)).join("fuzz")
}
