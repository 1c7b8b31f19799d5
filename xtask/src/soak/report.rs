//! The figures of a run.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::judge::Judge;
use super::plan::{PhaseKind, Plan};
use super::tally::Counted;
use super::traffic::Kind;
use crate::bench::memory::{Memory, Resident};
use crate::bench::today;

/// What a run has found.
pub(super) struct Report {
    pub(super) plan: Plan,
    /// The seconds that it took
    pub(super) seconds: f64,
    pub(super) total: Counted,
    pub(super) kinds: Vec<(Kind, Counted)>,
    /// In the order of the plan
    pub(super) phases: Vec<Counted>,
    pub(super) findings: Vec<String>,
    /// Connections that failed, and why
    pub(super) lost: (u64, Vec<String>),
    /// Fetches of the JWK Set, and how many of them failed
    pub(super) fetches: (usize, usize),
    pub(super) resident: Resident,
    /// CPU time of workerd in microseconds per request, 0 if the system does not report it
    pub(super) cpu: f64,
    pub(super) samples: Vec<Sample>,
}

/// What the process of workerd did.
pub(super) struct Observed {
    pub(super) memory: Memory,
    pub(super) samples: Vec<Sample>,
    /// Zero if the system does not report it
    pub(super) cpu: Duration,
}

/// The figures of a minute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// The first is 1
    pub(super) minute: usize,
    pub(super) requests: u64,
    pub(super) requests_per_second: f64,
    pub(super) bytes: f64,
    pub(super) wrong: u64,
}

impl Report {
    pub(super) fn new(
        judge: &Judge,
        fetches: (usize, usize),
        observed: Observed,
        seconds: f64,
    ) -> Self {
        let Observed { memory, samples, cpu } = observed;
        let (findings, lost) = judge.findings();
        Self {
            plan: judge.keys.plan.clone(),
            seconds,
            cpu: cpu.as_secs_f64() * 1e6 / judge.total().requests as f64,
            total: judge.total(),
            kinds: judge.counts().collect(),
            phases: judge.by_phase().collect(),
            findings,
            lost: (judge.lost(), lost),
            fetches,
            resident: memory.resident(seconds),
            samples,
        }
    }

    pub(super) fn requests_per_second(&self) -> f64 {
        self.total.requests as f64 / self.seconds
    }

    /// Each kind of phase with how often it occurred, its seconds and its requests.
    pub(super) fn by_phase(&self) -> Vec<(PhaseKind, usize, f64, Counted)> {
        let of = |kind| {
            let phases = self.plan.phases.iter().zip(&self.phases);
            let phases: Vec<_> = phases.filter(|(phase, _)| phase.kind == kind).collect();
            let seconds = phases.iter().map(|(phase, _)| phase.end - phase.start).sum();
            let counts = phases.iter().map(|(_, count)| **count);
            (kind, phases.len(), seconds, counts.fold(Counted::default(), Counted::plus))
        };
        PhaseKind::ALL.map(of).to_vec()
    }

    /// What makes the run a failure.
    pub(super) fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        if self.total.wrong > 0 {
            failures.push(format!("{} wrong decisions", self.total.wrong));
        }
        // a server may close a connection at the moment when the client sends a request
        if self.lost.0 * REQUESTS_OF_A_LOSS > self.total.requests {
            failures.push(format!("{} lost connections", self.lost.0));
        }
        let growth = self.resident.growth();
        if self.seconds >= JUDGED && (growth.is_nan() || growth > MOST_GROWTH) {
            failures.push(format!("the memory has grown to {growth:.2} times the memory before"));
        }
        failures
    }

    /// The report as JSON.
    pub(super) fn json(&self) -> Result<Value> {
        let counts = |name: &str, count: &Counted| {
            json!({
                "name": name,
                "requests": count.requests,
                "forwarded": count.passed,
                "unavailable": count.unavailable,
                "wrong": count.wrong,
            })
        };
        let kinds = self.kinds.iter().map(|(kind, count)| counts(kind.title(), count));
        let phases = self.by_phase();
        let phases = phases.iter().map(|(kind, times, seconds, count)| {
            let mut phase = counts(kind.name(), count);
            phase["times"] = json!(times);
            phase["seconds"] = json!(rounded(*seconds, 1));
            phase
        });
        let samples = self.samples.iter().map(|sample| {
            json!({
                "minute": sample.minute,
                "requests": sample.requests,
                "requestsPerSecond": rounded(sample.requests_per_second, 0),
                "megabytes": rounded(sample.bytes / 1e6, 1),
                "wrong": sample.wrong,
            })
        });
        Ok(json!({
            "command": "cargo xtask soak",
            "date": today()?,
            "seed": self.plan.seed,
            "minutes": rounded(self.seconds / 60.0, 1),
            "requests": self.total.requests,
            "requestsPerSecond": rounded(self.requests_per_second(), 0),
            "cpuMicrosecondsPerRequest": rounded(self.cpu, 0),
            "wrong": self.total.wrong,
            "connectionsLost": self.lost.0,
            "keyFetches": self.fetches.0,
            "failedKeyFetches": self.fetches.1,
            "memory": {
                "firstTenthMegabytes": rounded(self.resident.start / 1e6, 1),
                "secondTenthMegabytes": rounded(self.resident.second / 1e6, 1),
                "lastTenthMegabytes": rounded(self.resident.last / 1e6, 1),
                "mostMegabytes": rounded(self.resident.most / 1e6, 1),
                "growth": rounded(self.resident.growth(), 3),
            },
            "kinds": kinds.collect::<Vec<_>>(),
            "phases": phases.collect::<Vec<_>>(),
            "samples": samples.collect::<Vec<_>>(),
        }))
    }
}

/// Growth of the memory that counts as a leak, from the second to the last tenth of a run.
pub(super) const MOST_GROWTH: f64 = 1.1;

/// Seconds of a run whose memory is judged. In a shorter one, the heap is still growing to its
/// size.
const JUDGED: f64 = 20.0 * 60.0;

/// One lost connection in so many requests is accepted.
const REQUESTS_OF_A_LOSS: u64 = 100_000;

fn rounded(number: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (number * scale).round() / scale
}
