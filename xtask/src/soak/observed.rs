//! What the processes of workerd did during a run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::run::Run;
use super::tally::Counted;
use crate::bench::memory::Memory;
use crate::progress;

/// What the processes did.
pub(super) struct Observed {
    /// Of each Worker
    pub(super) memories: Vec<Memory>,
    pub(super) samples: Vec<Sample>,
    /// Of all Workers, zero if the system does not report it
    pub(super) cpu: Duration,
}

/// The figures of a minute.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// The first is 1
    pub(super) minute: usize,
    pub(super) requests: u64,
    pub(super) requests_per_second: f64,
    /// The memory of each Worker
    pub(super) bytes: Vec<f64>,
    pub(super) wrong: u64,
}

/// Samples the memory of each workerd until the run ends, and reports each minute.
pub(super) fn observe(runs: &[Run], stopped: &AtomicBool) -> Result<Observed> {
    let mut memories = vec![Memory::default(); runs.len()];
    let mut samples: Vec<Sample> = Vec::new();
    let Some(keys) = runs.first().map(|run| &run.lanes.mint.keys) else {
        return Ok(Observed { memories, samples, cpu: Duration::ZERO });
    };
    // at least ten samples in a tenth of a run
    let interval = (keys.plan.length / 100.0).clamp(0.05, 0.5);
    while keys.now() < keys.plan.length {
        let left = (keys.plan.length - keys.now()).max(0.0);
        thread::sleep(Duration::from_secs_f64(left.min(interval)));
        // Ctrl-C also ends workerd
        if stopped.load(Ordering::SeqCst) {
            break;
        }
        for (run, memory) in runs.iter().zip(&mut memories) {
            memory.note(keys.now(), run.memory()?);
        }
        let minute = (keys.now() / 60.0) as usize;
        if minute > samples.len() {
            let sample = Sample::new(minute, keys.now(), runs, &memories, samples.last());
            progress(sample.line(runs));
            samples.push(sample);
        }
    }
    let cpu = runs.iter().map(Run::cpu).sum();
    Ok(Observed { memories, samples, cpu })
}

impl Sample {
    fn new(
        minute: usize,
        now: f64,
        runs: &[Run],
        memories: &[Memory],
        before: Option<&Self>,
    ) -> Self {
        let totals = runs.iter().map(|run| run.lanes.judge.total());
        let total = totals.fold(Counted::default(), Counted::plus);
        let before = before.map_or(0, |sample| sample.requests);
        Self {
            minute,
            requests: total.requests,
            requests_per_second: (total.requests - before) as f64 / 60.0,
            bytes: memories.iter().map(|it| it.between(now - 60.0, now + 1.0)).collect(),
            wrong: total.wrong,
        }
    }

    /// The line that reports the minute.
    fn line(&self, runs: &[Run]) -> String {
        let Self { minute, requests, requests_per_second, wrong, .. } = self;
        let workers = runs.iter().zip(&self.bytes).enumerate().map(|(number, (run, bytes))| {
            let name = match runs.len() {
                1 => String::new(),
                _ => format!("Worker {}: ", number + 1),
            };
            format!("{name}{:.0} MB, {}", bytes / 1e6, run.lanes.phase().name())
        });
        let workers = workers.collect::<Vec<_>>().join("; ");
        format!(
            "minute {minute}: {requests} requests, {requests_per_second:.0} per second, {wrong} wrong; \
             {workers}"
        )
    }
}
