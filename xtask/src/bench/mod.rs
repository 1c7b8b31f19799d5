//! `cargo xtask bench`: measures verifications by this project and other libraries, in workerd and
//! in Node, all candidates in one run. A slow result never fails the command. `bench gateway`
//! measures the whole Worker under load, `bench start` its first request, `bench python` the Python
//! package.

mod gateway;
mod hosts;
mod isolates;
mod load;
mod material;
pub(crate) mod memory;
mod only;
mod programs;
mod python;
mod report;
mod requirement;
mod requirements;
mod rounds;
mod start;
pub(crate) mod table;
mod upstream;

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{build, progress, root};
use hosts::{Compilation, Host, Runtime};
use only::Only;
use programs::Programs;
use report::Report;

/// Measures everything and writes `docs/benchmarks/`. With `--quick` it measures fewer rounds and
/// only prints. With `--only` it measures a part and only prints.
pub fn run(options: &[&str]) -> Result<()> {
    if let ["gateway", options @ ..] = options {
        return gateway::run(options);
    }
    if let ["python", options @ ..] = options {
        return python::run(options);
    }
    if let ["start", options @ ..] = options {
        return start::run(options);
    }
    let (options, only) = match options.iter().position(|option| *option == "--only") {
        Some(at) => (&options[..at], Some(Only::parse(&options[at + 1..])?)),
        None => (options, None),
    };
    let effort = match options {
        [] => Effort { rounds: 61, isolates: 11 },
        ["--quick"] => Effort { rounds: 15, isolates: 5 },
        _ => bail!(
            "bench measures verifications, with --quick and with --only and words after it, or one \
             of the parts gateway, start and python"
        ),
    };
    let is_whole = only.is_none();
    if is_whole {
        build::worker()?;
    }
    let only = only.unwrap_or_default();
    let programs = Programs::build()?;
    request_priority();
    let mut firsts = Vec::new();
    if only.first_tokens {
        progress("measuring fresh isolates");
        firsts = isolates::measure(&programs, effort.isolates, &only)?;
    }
    let mut verifications = Vec::new();
    if only.verifications {
        progress(format!("measuring verifications, {} rounds", effort.rounds));
        let runtimes = Runtime::ALL.into_iter().filter(|runtime| only.includes_runtime(*runtime));
        let start = |runtime| Host::start(runtime, &programs, Compilation::Lazy);
        let hosts: Vec<_> = runtimes.map(start).collect::<Result<_>>()?;
        verifications = rounds::measure(&hosts, effort.rounds, &only)?;
    }
    if !is_whole {
        println!("{}", report::tables(&verifications, &firsts));
        return Ok(());
    }
    let report = Report::new(&programs, verifications, firsts, effort.rounds)?;
    publish("verification", &report.text(), &report.json(), options.is_empty())
}

/// Prints a report. If `save` is set, writes it to `docs/benchmarks/` as Markdown and JSON.
fn publish(name: &str, text: &str, json: &Value, save: bool) -> Result<()> {
    println!("{text}");
    if save {
        let directory = root().join("docs/benchmarks");
        fs::create_dir_all(&directory)?;
        fs::write(directory.join(name).with_extension("md"), text)?;
        let json = serde_json::to_string_pretty(json)? + "\n";
        fs::write(directory.join(name).with_extension("json"), json)?;
        progress("written to docs/benchmarks/");
    }
    Ok(())
}

/// The number of measurements.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    isolates: usize,
}

/// Requests real-time scheduling, so that other processes do not affect the figures. The hosts
/// inherit it. Without permission or without `chrt`, the benchmark runs with normal priority.
fn request_priority() {
    let status = Command::new("chrt")
        .args(["--rr", "--all-tasks", "--pid", "1", &std::process::id().to_string()])
        .stderr(Stdio::null())
        .status();
    if !status.is_ok_and(|status| status.success()) {
        progress("no real-time scheduling: other processes will affect the figures");
    }
}

/// The version of an installed package.
fn version(package: &str) -> Result<String> {
    let manifest = root().join("node_modules").join(package).join("package.json");
    let manifest: Value = serde_json::from_slice(&fs::read(manifest)?)?;
    Ok(manifest["version"].as_str().context("no version")?.to_owned())
}

/// The date in UTC.
pub(crate) fn today() -> Result<String> {
    let output = Command::new("date").args(["-u", "+%Y-%m-%d"]).output();
    Ok(String::from_utf8(output.context("date is needed")?.stdout)?.trim().to_owned())
}

/// The machine's architecture, as people write it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "x86-64",
        other => other,
    }
}

/// The median of the figures.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures[..] {
        [] => f64::NAN,
        _ if figures.len() % 2 == 1 => figures[middle],
        _ => (figures[middle - 1] + figures[middle]) / 2.0,
    }
}
