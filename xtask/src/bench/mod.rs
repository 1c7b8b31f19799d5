//! `cargo xtask bench`: how long a verification takes here and elsewhere, in workerd and in Node, all
//! candidates in one run. It reports; it never fails because something was slow. `bench gateway` does
//! so with the whole Worker under load.

mod gateway;
mod hosts;
mod isolates;
mod programs;
mod report;
mod requirements;
mod rounds;
mod table;

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::{progress, root};
use hosts::{Compilation, Host, Runtime};
use programs::Programs;
use report::Report;

/// Measures everything and writes `docs/benchmarks/`; with `--quick` less often, and only prints.
pub fn run(options: &[&str]) -> Result<()> {
    if let ["gateway", options @ ..] = options {
        return gateway::run(options);
    }
    let effort = match options {
        [] => Effort { rounds: 61, isolates: 11 },
        ["--quick"] => Effort { rounds: 15, isolates: 5 },
        _ => bail!("the only option of bench is --quick"),
    };
    let programs = Programs::build()?;
    ask_for_priority();
    progress("measuring fresh isolates");
    let isolates = isolates::measure(&programs, effort.isolates)?;
    progress(format!("measuring verifications, {} rounds", effort.rounds));
    let host = |runtime| Host::start(runtime, &programs, Compilation::Lazy);
    let hosts = [host(Runtime::Workerd)?, host(Runtime::Node)?];
    let verifications = rounds::measure(&hosts, effort.rounds)?;

    let report = Report::new(&programs, verifications, isolates, effort.rounds)?;
    publish("verification", &report.text(), &report.json(), options.is_empty())
}

/// Prints a report and, if it is to be kept, writes it to `docs/benchmarks/`, as text and as JSON.
fn publish(name: &str, text: &str, json: &Value, kept: bool) -> Result<()> {
    println!("{text}");
    if kept {
        let directory = root().join("docs/benchmarks");
        fs::create_dir_all(&directory)?;
        fs::write(directory.join(name).with_extension("md"), text)?;
        let json = serde_json::to_string_pretty(json)? + "\n";
        fs::write(directory.join(name).with_extension("json"), json)?;
        progress("written to docs/benchmarks/");
    }
    Ok(())
}

/// How often things are measured.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    isolates: usize,
}

/// On a machine that does other things too, real-time scheduling keeps them out of the figures. The
/// hosts inherit it. Where it is not allowed or not known, everything goes on without.
fn ask_for_priority() {
    let asked = Command::new("chrt")
        .args(["--rr", "--all-tasks", "--pid", "1", &std::process::id().to_string()])
        .stderr(Stdio::null())
        .status();
    if !asked.is_ok_and(|status| status.success()) {
        progress("no real-time scheduling here: what else runs will show in the figures");
    }
}

/// The middle of some figures.
fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures[..] {
        [] => f64::NAN,
        _ if figures.len() % 2 == 1 => figures[middle],
        _ => (figures[middle - 1] + figures[middle]) / 2.0,
    }
}
