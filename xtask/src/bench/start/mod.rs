//! `cargo xtask bench start`: the start of an isolate. What its first request takes, compared with
//! JavaScript Workers that do the same or less, and what the warm-up in the global scope adds to
//! the start.

mod candidates;
mod report;

use anyhow::{Result, bail};

use crate::bench::material::{self, User};
use crate::bench::{publish, request_priority, upstream};
use crate::{build, progress};
use candidates::{Candidate, Program};
use report::Report;

/// Measures everything and writes `docs/benchmarks/`. With `--quick` it measures fewer rounds and
/// only prints.
pub(super) fn run(options: &[&str]) -> Result<()> {
    let rounds = match options {
        [] => 61,
        ["--quick"] => 9,
        _ => bail!("the only option of bench start is --quick"),
    };
    build::worker()?;
    let upstream = upstream::start(&material::jwks())?;
    let program = |candidate| Program::prepare(candidate, &upstream);
    let programs = Candidate::ALL.map(program).into_iter().collect::<Result<Vec<_>>>()?;
    let mut figures = Candidate::ALL.map(|candidate| Figures { candidate, rounds: Vec::new() });
    request_priority();
    progress(format!("measuring fresh isolates, {rounds} rounds"));
    for round in 0..rounds {
        for turn in 0..programs.len() {
            // each round begins with another candidate
            let index = (round + turn) % programs.len();
            let users = [User::new(2 * round, &upstream)?, User::new(2 * round + 1, &upstream)?];
            figures[index].rounds.push(programs[index].measure(&users)?);
        }
    }
    let report = Report { rounds, figures };
    publish("start", &report.text()?, &report.json()?, options.is_empty())
}

/// The figures of one candidate.
struct Figures {
    candidate: Candidate,
    rounds: Vec<Round>,
}

/// A process with a fresh isolate.
#[derive(Clone, Copy)]
struct Round {
    /// CPU time of the process until it listens, in milliseconds; NaN if the system does not report
    /// it
    start: f64,
    /// The time until the response to the first request, in milliseconds
    first: f64,
    /// The CPU time that the first request adds, in milliseconds
    first_cpu: f64,
    /// The time until the response to the second request, of another user, in milliseconds
    second: f64,
}

impl Figures {
    /// The median of a figure.
    fn median(&self, figure: fn(&Round) -> f64) -> f64 {
        super::median(self.rounds.iter().map(figure))
    }

    /// The median ratio of a figure to another candidate's of the same round.
    fn ratio(&self, other: &Self, figure: fn(&Round) -> f64) -> f64 {
        let pairs = self.rounds.iter().zip(&other.rounds);
        super::median(pairs.map(|(own, other)| figure(own) / figure(other)))
    }

    /// The median difference of a figure from another candidate's of the same round.
    fn difference(&self, other: &Self, figure: fn(&Round) -> f64) -> f64 {
        let pairs = self.rounds.iter().zip(&other.rounds);
        super::median(pairs.map(|(own, other)| figure(own) - figure(other)))
    }
}
