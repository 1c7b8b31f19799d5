//! `cargo xtask soak`: an hour of mixed traffic through the Worker in workerd. An oracle judges
//! each response, while the auth server rotates its keys and fails from time to time.

mod auth_server;
mod body;
mod client;
mod echo;
mod judge;
mod keys;
mod lanes;
mod message;
mod oracle;
mod page;
mod plan;
mod random;
mod report;
mod requests;
mod sessions;
mod sockets;
mod streams;
mod tally;
mod traffic;
mod upstream;
mod users;
mod wire;
mod worker;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::bench::memory::Memory;
use crate::bench::today;
use crate::directory::Directory;
use crate::{build, progress, root, usage, workerd};
use auth_server::AuthServer;
use judge::Judge;
use keys::Keys;
use lanes::Lanes;
use plan::Plan;
use report::{Observed, Report, Sample};
use upstream::Upstream;
use users::Mint;

/// What a run does.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Decides the phases and the requests
    pub seed: u64,
    /// The length of the run
    pub seconds: f64,
    /// Settings of the Worker that differ from those of the run
    pub settings: Vec<(&'static str, Value)>,
    /// Ends the run early
    pub stopped: Arc<AtomicBool>,
}

/// What a run has found.
pub struct Outcome {
    /// The number of requests
    pub requests: u64,
    /// The number of wrong decisions
    pub wrong: u64,
    /// Connections that failed before their response was complete
    pub lost: u64,
    /// The first wrong decisions
    pub findings: Vec<String>,
    report: Report,
}

/// Runs the soak test, and prints its report. A run of an hour or longer also writes it to
/// `docs/benchmarks/`.
///
/// # Errors
/// An option is wrong, the oracle has found a wrong decision, or the memory of workerd has grown.
pub fn run(options: &[&str]) -> Result<()> {
    let options = parse(options)?;
    build::worker()?;
    let stop = Arc::clone(&options.stopped);
    ctrlc::set_handler(move || stop.store(true, Ordering::SeqCst))?;
    let Outcome { report, .. } = soak(&options)?;
    let text = page::text(&report, &today()?);
    println!("{text}\n{}", page::findings(&report));
    ensure!(!options.stopped.load(Ordering::SeqCst), "stopped before the end");
    if report.seconds >= PUBLISHED {
        let directory = root().join("docs/benchmarks");
        fs::write(directory.join("soak.md"), text)?;
        let json = serde_json::to_string_pretty(&report.json()?)? + "\n";
        fs::write(directory.join("soak.json"), json)?;
        progress("written to docs/benchmarks/");
    }
    let failures = report.failures();
    ensure!(failures.is_empty(), "{}", failures.join(", "));
    Ok(())
}

/// Seconds of a run that writes its report to `docs/benchmarks/`.
const PUBLISHED: f64 = 3_600.0;

fn parse(options: &[&str]) -> Result<Options> {
    const USAGE: &str = "soak takes --hours N or --minutes N, and --seed N";
    let (mut seed, mut seconds) = (1, PUBLISHED);
    for pair in options.chunks(2) {
        let [name, value] = pair else { bail!(USAGE) };
        let number = || value.parse::<f64>().context(USAGE);
        match *name {
            "--hours" => seconds = number()? * 3_600.0,
            "--minutes" => seconds = number()? * 60.0,
            "--seed" => seed = value.parse().context(USAGE)?,
            _ => bail!(USAGE),
        }
    }
    ensure!((SHORTEST..LONGEST).contains(&seconds), "a run takes 5 seconds to 1000 hours");
    Ok(Options { seed, seconds, ..Options::default() })
}

/// Seconds
const SHORTEST: f64 = 5.0;
const LONGEST: f64 = 3_600_000.0;

/// Sends traffic through the built Worker and judges each response.
///
/// # Errors
/// A server does not start, or workerd ends during the run.
pub fn soak(options: &Options) -> Result<Outcome> {
    let plan = Plan::new(options.seed, options.seconds);
    progress(format!("seed {}, {:.1} minutes", plan.seed, plan.length / 60.0));
    let keys = Arc::new(Keys::new(plan));
    let (auth, address) = AuthServer::start(&keys)?;
    let issuer = format!("http://{address}");
    let (upstream, address) = Upstream::start()?;
    let origin = format!("http://{address}");
    let directory = Directory::new()?;
    let (server, url) = worker::start(&directory, &keys.plan, &issuer, &origin, &options.settings)?;
    let address = url.strip_prefix("http://").context("the Worker's URL is not http")?.parse()?;
    let mint = Arc::new(Mint::new(Arc::clone(&keys), issuer));
    let judge = Judge::new(Arc::clone(&keys), upstream);
    let lanes = Lanes { address, mint, judge, stopped: AtomicBool::new(false) };
    let process = workerd::process_id(&server)?;
    let observed = lanes.during(|| observe(&lanes, process, &options.stopped));
    let seconds = keys.now().min(keys.plan.length);
    let log = || format!("workerd has ended; its log:\n{}", server.log());
    let observed = observed.with_context(log)?;
    if !options.stopped.load(Ordering::SeqCst) {
        // aborted requests can still be on their way to the upstream
        thread::sleep(SETTLING);
        lanes.judge.settle();
    }
    let report = Report::new(&lanes.judge, auth.fetches(), observed, seconds);
    Ok(Outcome {
        requests: report.total.requests,
        wrong: report.total.wrong,
        lost: report.lost.0,
        findings: report.findings.clone(),
        report,
    })
}

const SETTLING: Duration = Duration::from_secs(1);

/// Samples the memory of workerd until the run ends, and reports each minute.
fn observe(lanes: &Lanes, process: u32, stopped: &AtomicBool) -> Result<Observed> {
    let (keys, mut memory) = (&lanes.mint.keys, Memory::default());
    let mut samples: Vec<Sample> = Vec::new();
    // at least ten samples in a tenth of a run
    let interval = (keys.plan.length / 100.0).clamp(0.05, 2.0);
    while keys.now() < keys.plan.length && !stopped.load(Ordering::SeqCst) {
        let left = (keys.plan.length - keys.now()).max(0.0);
        thread::sleep(Duration::from_secs_f64(left.min(interval)));
        memory.note(keys.now(), usage::memory(process)?);
        let minute = (keys.now() / 60.0) as usize;
        if minute == samples.len() {
            continue;
        }
        let total = lanes.judge.total();
        let before = samples.last().map_or(0, |sample| sample.requests);
        let sample = Sample {
            minute,
            requests: total.requests,
            requests_per_second: (total.requests - before) as f64 / 60.0,
            bytes: memory.between(keys.now() - 60.0, keys.now() + 1.0),
            wrong: total.wrong,
        };
        progress(format!(
            "minute {minute}: {} requests, {:.0} per second, {} wrong, {:.0} MB, {}",
            sample.requests,
            sample.requests_per_second,
            sample.wrong,
            sample.bytes / 1e6,
            lanes.phase().name(),
        ));
        samples.push(sample);
    }
    let cpu = usage::cpu_time(process).unwrap_or_default();
    Ok(Observed { memory, samples, cpu })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_a_length_and_a_seed() {
        let parsed = |options: &[&str]| parse(options).map(|it| (it.seconds, it.seed));
        assert_eq!(parsed(&[]).unwrap(), (3_600.0, 1));
        assert_eq!(parsed(&["--minutes", "2", "--seed", "7"]).unwrap(), (120.0, 7));
        assert_eq!(parsed(&["--hours", "0.5"]).unwrap(), (1_800.0, 1));
        for wrong in [&["--minutes"][..], &["--minutes", "x"], &["--days", "1"], &["--hours", "0"]]
        {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }
}
