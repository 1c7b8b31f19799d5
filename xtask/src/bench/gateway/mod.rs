//! `cargo xtask bench gateway`: the Worker's requests per second and CPU time per request, compared
//! with JavaScript Workers that do the same or less.

mod candidates;
mod memory;
mod report;
pub(super) mod requirements;
mod revocations;
mod rounds;

use std::thread;

use anyhow::{Context, Result, bail};

use crate::bench::material::{self, User};
use crate::bench::{publish, upstream};
use crate::{build, progress, usage};
use candidates::{Candidate, Gateway};
use memory::Memory;
use report::Report;
use rounds::Figures;

/// Measures everything and writes `docs/benchmarks/`. With `--quick` it measures fewer rounds and
/// only prints.
pub(super) fn run(options: &[&str]) -> Result<()> {
    let effort = match options {
        [] => Effort { starts: 7, rounds: 6, requests: 1_000_000 },
        ["--quick"] => Effort { starts: 2, rounds: 5, requests: 50_000 },
        _ => bail!("the only option of bench gateway is --quick"),
    };
    build::worker()?;
    let cores = thread::available_parallelism()?.get();
    let upstream = upstream::start(&material::jwks())?;
    let users = (0..USERS).map(|number| User::new(number, &upstream));
    let users = users.collect::<Result<Vec<_>>>()?;
    let many: Vec<_> = users.iter().map(User::request).collect();
    let requests = [&many[..1], &many[..]];
    let mut gateways = Vec::new();
    let mut figures: Vec<Figures> = Vec::new();
    for number in 1..=effort.starts {
        gateways.clear(); // stops them
        gateways = start(&upstream, &users[0], cores)?;
        progress(format!("measuring gateways, start {number} of {}", effort.starts));
        let further = rounds::measure(&gateways, &requests, effort.rounds)?;
        match figures.is_empty() {
            true => figures = further,
            false => figures.iter_mut().zip(further).for_each(|(all, more)| all.append(more)),
        }
    }
    let of = |candidate| {
        let mut gateways = gateways.iter();
        gateways.find(|gateway| gateway.candidate == candidate).context("a gateway is missing")
    };
    let [ours, revoking] = [of(Candidate::Ours)?, of(Candidate::OursWithRevocations)?];
    let resident = [usage::memory(ours.process)?, usage::memory(revoking.process)?];
    progress(format!("measuring memory, {} requests", effort.requests));
    let memory = Memory::measure(ours, &many, effort.requests)?;

    let report = Report { cores, effort, figures, memory, resident };
    publish("gateway", &report.text()?, &report.json()?, options.is_empty())
}

/// The number of measurements.
#[derive(Clone, Copy)]
struct Effort {
    /// Starts of every process. Its memory layout affects its speed by several percent
    starts: usize,
    /// Rounds of each start
    rounds: usize,
    /// Requests of the memory measurement
    requests: usize,
}

/// The number of distinct tokens in the load with many tokens.
const USERS: usize = 48;

/// Starts and checks all gateways. They share one core, and this process has the others.
fn start(upstream: &str, user: &User, cores: usize) -> Result<Vec<Gateway>> {
    progress("starting the gateways");
    let directory = crate::root().join("target/bench/gateway");
    let mut gateways = Vec::new();
    for candidate in Candidate::ALL {
        let directory = directory.join(candidate.to_string().replace(", ", "-"));
        if directory.exists() {
            std::fs::remove_dir_all(&directory)?; // with the revocations of another run
        }
        std::fs::create_dir_all(&directory)?;
        let gateway = Gateway::start(candidate, &directory, upstream)?;
        gateway.check(user)?;
        gateways.push(gateway);
    }
    if cores > 1 {
        let (last, others) = (cores - 1, format!("0-{}", cores - 2));
        let pinned = usage::pin(std::process::id(), &others)
            && gateways.iter().all(|gateway| usage::pin(gateway.process, &last.to_string()));
        if !pinned {
            progress("cannot pin processes to cores: the figures will vary more");
        }
    }
    Ok(gateways)
}
