//! Whether a gateway's memory grows while it serves.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::candidates::Gateway;
use super::load::Load;
use crate::bench::median;
use crate::usage;

/// The resident memory of a gateway's process over a number of requests, in bytes. V8 lets garbage
/// lie for a while, so both are medians.
pub(super) struct Memory {
    pub(super) requests: usize,
    /// In the second tenth: the first is for the heap to reach its size
    pub(super) start: f64,
    /// In the last tenth
    pub(super) end: f64,
}

impl Memory {
    /// Sends so many requests, or as many as there is time for.
    pub(super) fn measure(gateway: &Gateway, sent: &[String], requests: usize) -> Result<Self> {
        let load = Load { address: gateway.address, requests: sent };
        load.during(|progress| {
            let mut samples = Vec::new();
            let deadline = Instant::now() + MOST;
            while progress.answered() < requests && Instant::now() < deadline {
                progress.wait(PAUSE)?;
                samples.push((progress.answered(), usage::memory(gateway.process)? as f64));
            }
            let requests = progress.answered();
            let within = |from: usize, to: usize| {
                let within =
                    samples.iter().filter(|(answered, _)| (from..=to).contains(&(answered * 10)));
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

const PAUSE: Duration = Duration::from_millis(100);
const MOST: Duration = Duration::from_secs(360);
