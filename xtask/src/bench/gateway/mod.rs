//! `cargo xtask bench gateway`: the Worker's requests per second and CPU time per request, compared
//! with JavaScript Workers that do the same or less.

mod candidates;
mod memory;
pub(super) mod report;
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
        [] => Effort { all: (7, 6), pair: (4, 30), requests: 1_000_000 },
        ["--quick"] => Effort { all: (2, 5), pair: (1, 5), requests: 50_000 },
        _ => bail!("the only option of bench gateway is --quick"),
    };
    build::worker()?;
    let cores = thread::available_parallelism()?.get();
    let upstream = upstream::start(&material::jwks())?;
    let users = (0..USERS).map(|number| User::new(number, &upstream));
    let users = users.collect::<Result<Vec<_>>>()?;
    let many: Vec<_> = users.iter().map(User::request).collect();
    let requests = [&many[..1], &many[..]];
    let comparison =
        Comparison { upstream: &upstream, user: &users[0], requests: &requests, cores };
    let (gateways, pair) = comparison.measure(&Candidate::PAIR, effort.pair)?;
    drop(gateways); // stops them
    let (gateways, figures) = comparison.measure(&Candidate::ALL, effort.all)?;
    let of = |candidate| {
        let mut gateways = gateways.iter();
        gateways.find(|gateway| gateway.candidate == candidate).context("a gateway is missing")
    };
    let [ours, revoking] = [of(Candidate::Ours)?, of(Candidate::OursWithRevocations)?];
    let resident = [usage::memory(ours.process)?, usage::memory(revoking.process)?];
    progress(format!("measuring memory, {} requests", effort.requests));
    let memory = Memory::measure(ours, &many, effort.requests)?;

    let report = Report { cores, effort, figures, pair, memory, resident };
    publish("gateway", &report.text()?, &report.json()?, options.is_empty())
}

/// The number of measurements.
#[derive(Clone, Copy)]
struct Effort {
    /// Starts of every process, whose memory layout affects its speed by several percent, and the
    /// rounds of each start
    all: (usize, usize),
    /// The same for the two gateways that are compared alone
    pair: (usize, usize),
    /// Requests of the memory measurement
    requests: usize,
}

/// The number of distinct tokens in the load with many tokens.
const USERS: usize = 48;

/// What the gateways are measured with.
struct Comparison<'l> {
    upstream: &'l str,
    user: &'l User,
    requests: rounds::Requests<'l>,
    cores: usize,
}

impl Comparison<'_> {
    /// Measures gateways, each of which is started several times. Returns those of the last start.
    fn measure(
        &self,
        candidates: &[Candidate],
        (starts, rounds): (usize, usize),
    ) -> Result<(Vec<Gateway>, Vec<Figures>)> {
        let mut gateways = Vec::new();
        let mut figures: Vec<Figures> = Vec::new();
        for number in 1..=starts {
            gateways.clear(); // stops them
            gateways = self.start(candidates)?;
            progress(format!("measuring {} gateways, start {number} of {starts}", gateways.len()));
            let further = rounds::measure(&gateways, self.requests, rounds)?;
            match figures.is_empty() {
                true => figures = further,
                false => figures.iter_mut().zip(further).for_each(|(all, more)| all.append(more)),
            }
        }
        Ok((gateways, figures))
    }

    /// Starts and checks gateways. They share one core, and this process has the others.
    fn start(&self, candidates: &[Candidate]) -> Result<Vec<Gateway>> {
        progress("starting the gateways");
        let directory = crate::root().join("target/bench/gateway");
        let mut gateways = Vec::new();
        for candidate in candidates {
            let directory = directory.join(candidate.to_string().replace(", ", "-"));
            if directory.exists() {
                std::fs::remove_dir_all(&directory)?; // with the revocations of another run
            }
            std::fs::create_dir_all(&directory)?;
            let gateway = Gateway::start(*candidate, &directory, self.upstream)?;
            gateway.check(self.user)?;
            gateways.push(gateway);
        }
        if self.cores > 1 {
            let (last, others) = (self.cores - 1, format!("0-{}", self.cores - 2));
            let pinned = usage::pin(std::process::id(), &others)
                && gateways.iter().all(|gateway| usage::pin(gateway.process, &last.to_string()));
            if !pinned {
                progress("cannot pin processes to cores: the figures will vary more");
            }
        }
        Ok(gateways)
    }
}
