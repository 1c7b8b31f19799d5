//! The figures of one Worker.

use super::judge::Judge;
use super::plan::{PhaseKind, Plan};
use super::tally::Counted;
use super::traffic::Kind;
use crate::bench::memory::{Memory, Resident};

/// What the oracle of one Worker has found.
pub(super) struct Part {
    pub(super) plan: Plan,
    pub(super) kinds: Vec<(Kind, Counted)>,
    /// In the order of the plan
    pub(super) phases: Vec<Counted>,
    pub(super) findings: Vec<String>,
    /// Connections that failed, and why
    pub(super) lost: (u64, Vec<String>),
    /// Fetches of the JWK Set, and how many of them failed
    pub(super) fetches: (usize, usize),
    pub(super) resident: Resident,
}

/// The phases of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct PhaseCount {
    pub(super) kind: PhaseKind,
    /// How often it occurred
    pub(super) times: usize,
    pub(super) seconds: f64,
    pub(super) counted: Counted,
}

impl Part {
    /// The figures after a run of these seconds.
    pub(super) fn new(
        judge: &Judge,
        fetches: (usize, usize),
        memory: &Memory,
        seconds: f64,
    ) -> Self {
        let (findings, lost) = judge.findings();
        Self {
            plan: judge.keys.plan.clone(),
            kinds: judge.counts().collect(),
            phases: judge.by_phase().collect(),
            findings,
            lost: (judge.lost(), lost),
            fetches,
            resident: memory.resident(seconds),
        }
    }

    /// The phases of that kind.
    pub(super) fn phase(&self, kind: PhaseKind) -> PhaseCount {
        let mut count = PhaseCount { kind, times: 0, seconds: 0.0, counted: Counted::default() };
        for (phase, counted) in self.plan.phases.iter().zip(&self.phases) {
            if phase.kind != kind {
                continue;
            }
            count.times += 1;
            count.seconds += phase.end - phase.start;
            count.counted = count.counted.plus(*counted);
        }
        count
    }
}

impl PhaseCount {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            kind: self.kind,
            times: self.times + other.times,
            seconds: self.seconds + other.seconds,
            counted: self.counted.plus(other.counted),
        }
    }
}
