//! Measures gateways under load in rounds. In each round every gateway takes a turn, and each
//! figure is compared with those of the same round.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::candidates::{Candidate, Gateway};
use crate::bench::load::{Load, Progress};
use crate::bench::median;
use crate::usage;

/// The figures of one gateway under one kind of load.
pub(super) struct Figures {
    pub(super) candidate: Candidate,
    pub(super) tokens: usize,
    turns: Vec<Turn>,
    /// Turns of every gateway in the same rounds
    all: Vec<(Candidate, Vec<Turn>)>,
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
        for ((_, turns), (_, more)) in self.all.iter_mut().zip(further.all) {
            turns.extend(more);
        }
    }

    /// Requests per second, as a multiple of another gateway's.
    pub(super) fn speed_to(&self, other: Candidate) -> f64 {
        self.ratio_to(other, |turn| turn.requests_per_second)
    }

    /// CPU time, as a multiple of another gateway's.
    pub(super) fn cpu_to(&self, other: Candidate) -> f64 {
        self.ratio_to(other, |turn| turn.cpu_per_request)
    }

    /// The median ratio of the turns' figures, each divided by that of the same round.
    fn ratio_to(&self, other: Candidate, figure: impl Fn(&Turn) -> f64) -> f64 {
        let others = self.all.iter().filter(|(candidate, _)| *candidate == other);
        let others = others.flat_map(|(_, turns)| turns);
        median(self.turns.iter().zip(others).map(|(own, other)| figure(own) / figure(other)))
    }
}

/// Lists of requests, each request with its own token.
pub(super) type Requests<'r> = &'r [&'r [String]];

pub(super) fn measure(
    gateways: &[Gateway],
    requests: Requests<'_>,
    rounds: usize,
) -> Result<Vec<Figures>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for requests in requests {
        lines.extend(gateways.iter().map(|gateway| Line { gateway, requests, turns: Vec::new() }));
    }
    for line in &lines {
        line.load(WARM_UP)?;
    }
    for round in 0..rounds {
        // each round begins with another gateway
        let first = round * lines.len() / rounds;
        lines.rotate_left(first);
        for line in &mut lines {
            line.turns.push(line.load(TURN)?);
        }
        lines.rotate_right(first);
    }
    Ok(lines.iter().map(|line| line.figures(&lines)).collect())
}

/// A gateway under one kind of load, and its turns.
struct Line<'l> {
    gateway: &'l Gateway,
    requests: &'l [String],
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
    fn load(&self, duration: Duration) -> Result<Turn> {
        let load = Load { address: self.gateway.address, requests: self.requests };
        load.during(|progress| {
            progress.wait(RUN_UP)?;
            let before = Snapshot::take(self.gateway, progress);
            progress.wait(duration)?;
            Ok(Snapshot::take(self.gateway, progress).since(&before))
        })
    }

    fn figures(&self, lines: &[Line<'_>]) -> Figures {
        let same = lines.iter().filter(|line| line.requests.len() == self.requests.len());
        Figures {
            candidate: self.gateway.candidate,
            tokens: self.requests.len(),
            turns: self.turns.clone(),
            all: same.map(|line| (line.gateway.candidate, line.turns.clone())).collect(),
        }
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

/// Long enough for V8 to optimize the code.
const WARM_UP: Duration = Duration::from_secs(2);
const RUN_UP: Duration = Duration::from_millis(200);
const TURN: Duration = Duration::from_millis(500);
