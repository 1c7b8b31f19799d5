//! `cargo xtask bench gateway --profile <load>`: where gateways spend their CPU time, as a flame
//! graph. `perf` samples the stacks of workerd, with the functions that V8 compiles.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use inferno::flamegraph::{self, Options};

use super::candidates::{Candidate, Gateway};
use super::rounds::WARM_UP;
use super::workloads::{Kind, Workload};
use crate::bench::load::Load;
use crate::bench::{material, upstream};
use crate::wasm::Names;
use crate::{build, progress, root, usage};

/// Profiles jose's gateway and ours under a load, and writes
/// `docs/assets/benchmarks/profile-<load>.svg`. A frame is as wide as its CPU time per request.
pub(super) fn run(kind: Kind) -> Result<()> {
    build::worker_with(Names::Kept)?;
    let upstream = upstream::start(&material::jwks())?;
    let workload = Workload::new(kind, &upstream)?;
    let mut stacks = Vec::new();
    for candidate in [Candidate::Jose, Candidate::Ours] {
        stacks.extend(record(candidate, &workload, &upstream)?);
    }
    let name = kind.name().replace([' ', ','], "-");
    let graph = root().join(format!("docs/assets/benchmarks/profile-{name}.svg"));
    draw(kind, &stacks, &graph)?;
    progress(format!("written to {}", graph.display()));
    Ok(())
}

/// The stacks of a gateway under load, each with its CPU picoseconds per request at its end.
fn record(candidate: Candidate, workload: &Workload, upstream: &str) -> Result<Vec<String>> {
    progress(format!("profiling {candidate}"));
    let directory = root().join("target/bench/profile").join(candidate.to_string());
    fs::create_dir_all(&directory)?;
    let gateway = Gateway::start(candidate, &directory, upstream, &["--perf-basic-prof"])?;
    let _map = Map(PathBuf::from(format!("/tmp/perf-{}.map", gateway.process)));
    let data = directory.join("perf.data");
    let Workload { kind, requests } = workload;
    let load = Load { address: gateway.address, requests, sent: 0, status: kind.status() };
    let nanoseconds = load.during(|progress| {
        progress.wait(WARM_UP)?;
        let take = || Some((usage::cpu_time(gateway.process)?, progress.completed()));
        let (cpu, completed) = take().context("the system reports no CPU time")?;
        sample(gateway.process, &data)?;
        let (cpu_now, completed_now) = take().context("the system reports no CPU time")?;
        Ok((cpu_now - cpu).as_nanos() / (completed_now - completed).max(1) as u128)
    })?;
    let mut script = Command::new("perf");
    script.args(["script", "--fields", "ip,sym", "--input"]).arg(&data);
    let output = script.stderr(Stdio::null()).output()?;
    ensure!(output.status.success(), "perf cannot read {}", data.display());
    let stacks = fold(&String::from_utf8_lossy(&output.stdout));
    let each = nanoseconds * 1_000 / stacks.len().max(1) as u128;
    Ok(stacks.iter().map(|stack| format!("{candidate};{stack} {each}")).collect())
}

/// Samples the stacks of a process for ten seconds.
fn sample(process: u32, data: &Path) -> Result<()> {
    let status = Command::new("perf")
        .args(["record", "--quiet", "--freq", "1999", "--call-graph", "fp", "--output"])
        .arg(data)
        .args(["--pid", &process.to_string(), "--", "sleep", "10"])
        .status();
    let status = status.context("perf is needed: Debian's package is linux-perf")?;
    ensure!(status.success(), "perf cannot record: see kernel.perf_event_paranoid");
    Ok(())
}

/// The file with which V8 tells perf the names of functions. V8 names its path.
struct Map(PathBuf);

impl Drop for Map {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The stacks of `perf script`, the outermost frame first and `;` between frames.
fn fold(script: &str) -> Vec<String> {
    let samples = script.split("\n\n").filter(|sample| !sample.trim().is_empty());
    let stack = |sample: &str| {
        let frames = sample.lines().rev().filter_map(|line| line.trim().split_once(' '));
        let mut frames: Vec<_> = frames.filter_map(|(_, symbol)| frame_name(symbol)).collect();
        frames.dedup();
        frames.join(";")
    };
    samples.map(stack).collect()
}

/// A short name of a function: without the arguments of C++ and the marks of V8. `None` for the
/// templates around a call, whose names perf cannot read.
fn frame_name(symbol: &str) -> Option<String> {
    let name = match symbol.strip_prefix("JS:") {
        Some(compiled) => {
            let name = compiled.trim_start_matches(['*', '+', '^', '~', '\'']);
            name.split("::h").next().unwrap_or(name).replace("better_auth_edge::", "")
        }
        None if symbol.starts_with("_Z") => return None,
        None => {
            let name = symbol.replace("(anonymous namespace)::", "");
            name.split(['(', '<']).find(|part| !part.is_empty())?.to_owned()
        }
    };
    Some(name.replace(';', ","))
}

fn draw(kind: Kind, stacks: &[String], path: &Path) -> Result<()> {
    let mut options = Options::default();
    options.title = format!("CPU time of a request: {}", kind.name());
    (options.count_name, options.factor) = ("ns".to_owned(), 1e-3);
    options.no_javascript = true;
    options.min_width = 0.2;
    let lines = stacks.iter().map(String::as_str);
    Ok(flamegraph::from_lines(&mut options, lines, File::create(path)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_has_short_names_without_repetitions() {
        let script = "\
\t 2a workerd::jsg::Function<int (a;b)>::operator()\n\t 2b workerd::jsg::Function<void>::call\n\
\t 2c _ZN7workerd3jsg\n\t 3a JS:better_auth_edge::gateway::decide::h0123456789abcdef-12-turbofan\n\
\t 4a JS:*'fetch index.js:7:8\n\t 5a main\n\n\t 6a [unknown]\n\n";
        let inner = "main;fetch index.js:7:8;gateway::decide;workerd::jsg::Function";
        assert_eq!(fold(script), [inner, "[unknown]"]);
    }
}
