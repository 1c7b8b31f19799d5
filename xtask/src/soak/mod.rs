//! `cargo xtask soak`: an hour of mixed traffic through the Worker in workerd. An oracle judges
//! each response, while the auth server rotates its keys and fails from time to time. Several
//! Workers run side by side, because workerd has one thread for a Worker.

mod auth_server;
mod body;
mod client;
mod echo;
mod head;
mod json;
mod judge;
mod keys;
mod lanes;
mod message;
mod observed;
mod oracle;
mod page;
mod part;
mod plan;
mod random;
mod report;
mod requests;
mod run;
mod sessions;
mod sockets;
mod streams;
mod tally;
mod traffic;
mod upstream;
mod users;
mod wire;
mod words;
mod worker;

use std::fs;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::bench::today;
use crate::{build, docs, progress, root};
use report::Report;
use run::Run;

/// What a run does.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Decides the phases and the requests of the first Worker; the others have the next seeds
    pub seed: u64,
    /// How many Workers run side by side
    pub workers: u64,
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
    ensure!(!options.is_stopped(), "stopped before the end");
    if report.seconds >= PUBLISHED {
        let directory = root().join("docs/benchmarks");
        fs::write(directory.join("soak.md"), text)?;
        let json = serde_json::to_string_pretty(&json::json(&report)?)? + "\n";
        fs::write(directory.join("soak.json"), json)?;
        docs::draw_benchmarks()?;
        progress("written to docs/benchmarks/");
    }
    let failures = report.failures();
    ensure!(failures.is_empty(), "{}", failures.join(", "));
    Ok(())
}

/// Seconds of a run that writes its report to `docs/benchmarks/`.
const PUBLISHED: f64 = 3_600.0;

fn parse(options: &[&str]) -> Result<Options> {
    const USAGE: &str = "soak takes --hours N or --minutes N, --workers N and --seed N";
    let (mut seed, mut seconds, mut workers) = (1, PUBLISHED, cores().min(MOST_WORKERS));
    for pair in options.chunks(2) {
        let [name, value] = pair else { bail!(USAGE) };
        let number = || value.parse::<f64>().ok().context(USAGE);
        match *name {
            "--hours" => seconds = number()? * 3_600.0,
            "--minutes" => seconds = number()? * 60.0,
            "--workers" => workers = value.parse().ok().context(USAGE)?,
            "--seed" => seed = value.parse().ok().context(USAGE)?,
            _ => bail!(USAGE),
        }
    }
    ensure!((SHORTEST..LONGEST).contains(&seconds), "a run takes 5 seconds to 1000 hours");
    ensure!((1..=MOST_WORKERS).contains(&workers), "a run has 1 to {MOST_WORKERS} Workers");
    Ok(Options { seed, seconds, workers, ..Options::default() })
}

fn cores() -> u64 {
    thread::available_parallelism().map_or(1, NonZero::get) as u64
}

/// Seconds
const SHORTEST: f64 = 5.0;
const LONGEST: f64 = 3_600_000.0;
/// Each has twenty connections and a few hundred megabytes.
const MOST_WORKERS: u64 = 64;

/// Sends traffic through the built Worker and judges each response.
///
/// # Errors
/// A server does not start, or workerd ends during the run.
pub fn soak(options: &Options) -> Result<Outcome> {
    let Options { seed, seconds, workers, .. } = options;
    progress(format!("{workers} × {:.1} minutes, seeds from {seed}", seconds / 60.0));
    let runs = Run::start_all(options)?;
    let observed = Run::drive(&runs, options)?;
    let seconds = runs.iter().map(Run::seconds).fold(0.0, f64::max);
    let report = Report::new(&runs, observed, seconds);
    Ok(Outcome {
        requests: report.total().requests,
        wrong: report.total().wrong,
        lost: report.lost(),
        findings: report.findings(),
        report,
    })
}

impl Options {
    /// The seed of each Worker.
    fn seeds(&self) -> impl Iterator<Item = u64> {
        (0..self.workers).map(|number| self.seed.wrapping_add(number))
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::table::count;

    #[test]
    fn the_page_shows_the_figures_of_the_report() {
        let directory = root().join("docs/benchmarks");
        let report = fs::read_to_string(directory.join("soak.json")).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["wrong"], 0);
        assert!(report["memory"]["growth"].as_f64().unwrap() <= report::MOST_GROWTH);
        let page = fs::read_to_string(directory.join("soak.md")).unwrap();
        for kind in report["kinds"].as_array().unwrap() {
            let requests = count(kind["requests"].as_f64().unwrap());
            assert!(page.contains(&requests), "{requests}");
        }
    }

    #[test]
    fn options_are_a_length_a_seed_and_a_number_of_workers() {
        let parsed = |options: &[&str]| parse(options).map(|it| (it.seconds, it.seed));
        assert_eq!(parsed(&[]).unwrap(), (3_600.0, 1));
        assert_eq!(parsed(&["--minutes", "2", "--seed", "7"]).unwrap(), (120.0, 7));
        assert_eq!(parsed(&["--hours", "0.5"]).unwrap(), (1_800.0, 1));
        let workers = |options: &[&str]| parse(options).unwrap().workers;
        assert_eq!(workers(&["--workers", "3"]), 3);
        assert_eq!(workers(&[]), cores().min(MOST_WORKERS));
        for wrong in [
            &["--minutes"][..],
            &["--minutes", "x"],
            &["--days", "1"],
            &["--hours", "0"],
            &["--workers", "0"],
            &["--workers", "1.5"],
            &["--workers", "65"],
        ] {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn each_worker_has_a_seed() {
        let options = Options { seed: 4, workers: 3, ..Options::default() };
        assert_eq!(options.seeds().collect::<Vec<_>>(), [4, 5, 6]);
    }
}
