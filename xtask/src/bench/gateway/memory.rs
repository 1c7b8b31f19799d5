//! Measures whether a gateway's memory grows under load.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::candidates::Gateway;
use crate::bench::load::Load;
use crate::bench::memory::{Memory, Resident};
use crate::usage;

/// Sends that number of requests, or fewer if the time limit is reached. Returns how many
/// completed, and the memory of the gateway's process over them.
pub(super) fn measure(
    gateway: &Gateway,
    sent: &[String],
    requests: usize,
) -> Result<(usize, Resident)> {
    let load = Load { address: gateway.address, requests: sent, sent: 0, status: 200 };
    load.during(|progress| {
        let mut memory = Memory::default();
        let deadline = Instant::now() + TIME_LIMIT;
        while progress.completed() < requests && Instant::now() < deadline {
            progress.wait(INTERVAL)?;
            memory.note(progress.completed() as f64, usage::memory(gateway.process)?);
        }
        let completed = progress.completed();
        Ok((completed, memory.resident(completed as f64)))
    })
}

const INTERVAL: Duration = Duration::from_millis(100);
const TIME_LIMIT: Duration = Duration::from_secs(900);
