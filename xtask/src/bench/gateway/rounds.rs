//! Measures gateways under load in rounds. In each round every gateway takes a turn, and each
//! figure is compared with those of the same round.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::candidates::{Candidate, Gateway};
use super::workloads::{Kind, Workload};
use crate::bench::load::{Load, Progress};
use crate::bench::median;
use crate::usage;

/// The figures of one gateway under one kind of load.
pub(super) struct Figures {
    pub(super) candidate: Candidate,
    pub(super) kind: Kind,
    turns: Vec<Turn>,
}

impl Figures {
    pub(super) fn requests_per_second(&self) -> f64 {
        median(self.turns.iter().map(|turn| turn.requests_per_second))
    }

    /// CPU time of the gateway's process, in microseconds.
    pub(super) fn cpu_per_request(&self) -> f64 {
        median(self.turns.iter().map(|turn| turn.cpu_per_request))
    }

    /// Adds the turns of further rounds with the same gateways.
    pub(super) fn append(&mut self, further: Self) {
        self.turns.extend(further.turns);
    }

    /// Requests per second, as a multiple of other figures of the same rounds.
    pub(super) fn speed_to(&self, other: &Self) -> f64 {
        self.ratio_to(other, |turn| turn.requests_per_second)
    }

    /// CPU time, as a multiple of other figures of the same rounds.
    pub(super) fn cpu_to(&self, other: &Self) -> f64 {
        self.ratio_to(other, |turn| turn.cpu_per_request)
    }

    /// The median ratio of the turns' figures, each divided by that of the same round.
    fn ratio_to(&self, other: &Self, figure: impl Fn(&Turn) -> f64) -> f64 {
        let turns = self.turns.iter().zip(&other.turns);
        median(turns.map(|(own, other)| figure(own) / figure(other)))
    }
}

/// Measures each of the gateways under each of the loads that suit it.
pub(super) fn measure(
    gateways: &[Gateway],
    workloads: &[&Workload],
    rounds: usize,
) -> Result<Vec<Figures>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for workload in workloads {
        let suited = gateways.iter().filter(|gateway| workload.kind.suits(gateway.candidate));
        lines.extend(suited.map(|gateway| Line { gateway, workload, sent: 0, turns: Vec::new() }));
    }
    for line in &mut lines {
        line.load(WARM_UP)?;
    }
    for round in 0..rounds {
        // each round begins with another gateway
        let first = round * lines.len() / rounds;
        lines.rotate_left(first);
        for line in &mut lines {
            let turn = line.load(TURN)?;
            line.turns.push(turn);
        }
        lines.rotate_right(first);
    }
    Ok(lines.into_iter().map(Line::into_figures).collect())
}

/// A gateway under one kind of load, and its turns.
struct Line<'l> {
    gateway: &'l Gateway,
    workload: &'l Workload,
    /// The requests that it has sent
    sent: usize,
    turns: Vec<Turn>,
}

/// The figures of one turn.
#[derive(Clone, Copy)]
struct Turn {
    requests_per_second: f64,
    /// Microseconds, NaN if the system does not report CPU time
    cpu_per_request: f64,
}

impl Line<'_> {
    /// Measures one turn, after the connections are open and some requests have completed.
    fn load(&mut self, duration: Duration) -> Result<Turn> {
        let Workload { kind, requests } = self.workload;
        let (address, status) = (self.gateway.address, kind.status());
        let load = Load { address, requests, sent: self.sent, status };
        let (turn, sent) = load.during(|progress| {
            progress.wait(RUN_UP)?;
            let before = Snapshot::take(self.gateway, progress);
            progress.wait(duration)?;
            let turn = Snapshot::take(self.gateway, progress).since(&before);
            Ok((turn, progress.sent()))
        })?;
        self.sent = sent;
        Ok(turn)
    }

    fn into_figures(self) -> Figures {
        let (candidate, kind) = (self.gateway.candidate, self.workload.kind);
        Figures { candidate, kind, turns: self.turns }
    }
}

struct Snapshot {
    at: Instant,
    cpu: Option<Duration>,
    completed: usize,
}

impl Snapshot {
    fn take(gateway: &Gateway, progress: &Progress) -> Self {
        let cpu = usage::cpu_time(gateway.process);
        Self { at: Instant::now(), cpu, completed: progress.completed() }
    }

    fn since(&self, before: &Self) -> Turn {
        let completed = (self.completed - before.completed) as f64;
        let cpu = self.cpu.zip(before.cpu);
        let cpu = cpu.map_or(f64::NAN, |(now, before)| (now - before).as_secs_f64());
        Turn {
            requests_per_second: completed / (self.at - before.at).as_secs_f64(),
            cpu_per_request: cpu * 1e6 / completed,
        }
    }
}

/// V8 optimizes functions of the wasm for several seconds under load.
pub(super) const WARM_UP: Duration = Duration::from_secs(8);
const RUN_UP: Duration = Duration::from_millis(200);
const TURN: Duration = Duration::from_millis(500);
