//! `cargo xtask bench gateway`: the Worker's requests per second and CPU time per request, compared
//! with JavaScript Workers that do the same or less.

mod candidates;
mod memory;
mod profile;
mod report;
mod requirements;
mod revocations;
mod rounds;
mod workloads;

use std::thread;

use anyhow::{Context, Result, bail, ensure};

use crate::bench::material::{self, User};
use crate::bench::{publish, upstream};
use crate::{build, progress, usage};
use candidates::{Candidate, Gateway};
use report::Report;
use rounds::Figures;
use workloads::{Kind, Workload};

/// Measures everything and writes `docs/benchmarks/`. With `--quick` it measures fewer rounds and
/// only prints; with `--load` it measures one load only; with `--profile` it draws a flame graph of
/// one load.
pub(super) fn run(options: &[&str]) -> Result<()> {
    let quick = Effort { all: (2, 5), pair: (1, 5), requests: 50_000 };
    let (effort, load) = match options {
        [] => (Effort { all: (3, 12), pair: (3, 24), requests: 300_000 }, None),
        ["--quick"] => (quick, None),
        ["--load", name] => (quick, Some(Kind::parse(name)?)),
        ["--profile", name] => return profile::run(Kind::parse(name)?),
        _ => {
            bail!("the options of bench gateway are --quick, --load <name> and --profile <name>")
        }
    };
    build::worker()?;
    let cores = thread::available_parallelism()?.get();
    let upstream = upstream::start(&material::jwks())?;
    let comparison = Comparison { upstream: &upstream, user: User::new(0, &upstream)?, cores };
    if let Some(kind) = load {
        let workload = Workload::new(kind, &upstream)?;
        let (_, figures) = comparison.measure(&Candidate::ALL, &[&workload], effort.all)?;
        println!("{}", report::figure_tables(&figures));
        return Ok(());
    }
    let workloads = Workload::all(&Kind::ALL, &upstream)?;
    let of_pair: Vec<_> = workloads.iter().filter(|it| Kind::PAIR.contains(&it.kind)).collect();
    let (gateways, pair) = comparison.measure(&Candidate::PAIR, &of_pair, effort.pair)?;
    drop(gateways); // stops them
    let all: Vec<_> = workloads.iter().collect();
    let (gateways, figures) = comparison.measure(&Candidate::ALL, &all, effort.all)?;
    let of = |candidate| {
        let mut gateways = gateways.iter();
        gateways.find(|gateway| gateway.candidate == candidate).context("a gateway is missing")
    };
    let [ours, revoking] = [of(Candidate::Ours)?, of(Candidate::OursWithRevocations)?];
    let resident = [usage::memory(ours.process)?, usage::memory(revoking.process)?];
    progress(format!("measuring memory, {} requests", effort.requests));
    let few = workloads.iter().find(|it| it.kind == Kind::Few).context("a load is missing")?;
    let memory = memory::measure(ours, &few.requests, effort.requests)?;

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

/// What the gateways are measured with.
struct Comparison<'l> {
    upstream: &'l str,
    user: User,
    cores: usize,
}

impl Comparison<'_> {
    /// Measures gateways, each of which is started several times. Returns those of the last start.
    fn measure(
        &self,
        candidates: &[Candidate],
        workloads: &[&Workload],
        (starts, rounds): (usize, usize),
    ) -> Result<(Vec<Gateway>, Vec<Figures>)> {
        let mut gateways = Vec::new();
        let mut figures: Vec<Figures> = Vec::new();
        for number in 1..=starts {
            gateways.clear(); // stops them
            gateways = self.start(candidates)?;
            progress(format!("measuring {} gateways, start {number} of {starts}", gateways.len()));
            let further = rounds::measure(&gateways, workloads, rounds)?;
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
            let gateway = Gateway::start(*candidate, &directory, self.upstream, &[])?;
            gateway.check(&self.user)?;
            gateways.push(gateway);
        }
        let refuse = gateways.iter().filter(|it| Kind::Refused.suits(it.candidate));
        let refusals = refuse.map(|gateway| gateway.refusals(&self.user));
        let refusals = refusals.collect::<Result<Vec<_>>>()?;
        ensure!(refusals.windows(2).all(|two| two[0] == two[1]), "refusals differ: {refusals:#?}");
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
