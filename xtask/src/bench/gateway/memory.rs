//! Measures whether a gateway's memory grows under load.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::candidates::Gateway;
use crate::bench::load::Load;
use crate::bench::median;
use crate::usage;

/// The resident memory of a gateway's process over a number of requests, in bytes. Both figures are
/// medians, because V8 collects garbage with a delay.
pub(super) struct Memory {
    pub(super) requests: usize,
    /// In the second tenth, because the heap reaches its size in the first
    pub(super) start: f64,
    /// In the last tenth
    pub(super) end: f64,
}

impl Memory {
    /// Sends that number of requests, or fewer if the time limit is reached.
    pub(super) fn measure(gateway: &Gateway, sent: &[String], requests: usize) -> Result<Self> {
        let load = Load { address: gateway.address, requests: sent, sent: 0, status: 200 };
        load.during(|progress| {
            let mut samples = Vec::new();
            let deadline = Instant::now() + TIME_LIMIT;
            while progress.completed() < requests && Instant::now() < deadline {
                progress.wait(INTERVAL)?;
                samples.push((progress.completed(), usage::memory(gateway.process)? as f64));
            }
            let requests = progress.completed();
            let within = |from: usize, to: usize| {
                let within =
                    samples.iter().filter(|(completed, _)| (from..=to).contains(&(completed * 10)));
                median(within.map(|(_, bytes)| *bytes))
            };
            let (start, end) = (within(requests, 2 * requests), within(9 * requests, usize::MAX));
            Ok(Self { requests, start, end })
        })
    }

    /// The memory at the end as a multiple of that at the start.
    pub(super) fn growth(&self) -> f64 {
        self.end / self.start
    }
}

const INTERVAL: Duration = Duration::from_millis(100);
const TIME_LIMIT: Duration = Duration::from_secs(900);
