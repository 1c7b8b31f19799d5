//! `cargo xtask bench python`: verifications by the Python package and its peers in one process,
//! and requests per second of a FastAPI route with each of them.

mod report;
mod requirements;
mod rounds;
mod servers;
mod verifications;

use std::thread;

use anyhow::{Result, bail};

use super::{material, publish, request_priority, upstream};
use crate::{progress, setup};
use report::Report;

/// Measures everything and writes `docs/benchmarks/`. With `--quick` it measures fewer rounds and
/// only prints.
pub(super) fn run(options: &[&str]) -> Result<()> {
    let effort = match options {
        [] => Effort { starts: 7, rounds: 7 },
        ["--quick"] => Effort { starts: 3, rounds: 3 },
        _ => bail!("the only option of bench python is --quick"),
    };
    let python = setup::python_for_bench()?;
    let cores = thread::available_parallelism()?.get();
    let auth_server = upstream::start(&material::jwks())?;
    request_priority();
    progress("measuring verifications");
    let verifications = verifications::measure(&python, effort)?;
    progress("measuring requests");
    let requests = rounds::measure(&python, &auth_server, cores, effort)?;
    let report = Report { cores, effort, verifications, requests };
    publish("python", &report.text()?, &report.json()?, options.is_empty())
}

/// The number of measurements. The memory layout of a Python process affects its speed by several
/// percent, so each candidate runs in several processes.
#[derive(Clone, Copy)]
struct Effort {
    /// How many times all processes start
    starts: usize,
    /// Rounds after each start
    rounds: usize,
}

impl Effort {
    fn total(self) -> usize {
        self.starts * self.rounds
    }
}
