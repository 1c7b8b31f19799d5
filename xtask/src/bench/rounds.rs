//! Measures verifications in rounds. In each round every candidate takes a turn of some
//! milliseconds, so that other load on the machine affects all candidates alike. Each figure is
//! compared with those of the same round.

use anyhow::Result;

use super::hosts::{Host, Runtime};
use super::median;
use super::only::Only;

/// The duration of a verification by one candidate.
pub(super) struct Verifications {
    pub(super) runtime: Runtime,
    pub(super) algorithm: String,
    pub(super) candidate: String,
    /// One figure per round, in microseconds
    rounds: Vec<f64>,
    /// The same figures, divided by jose's of that round
    ratios: Vec<f64>,
}

impl Verifications {
    pub(super) fn microseconds(&self) -> f64 {
        median(self.rounds.iter().copied())
    }

    pub(super) fn ratio_to_jose(&self) -> f64 {
        median(self.ratios.iter().copied())
    }

    pub(super) fn is(&self, runtime: Runtime, algorithm: &str, candidate: &str) -> bool {
        self.runtime == runtime && self.algorithm == algorithm && self.candidate == candidate
    }
}

pub(super) fn measure(hosts: &[Host], rounds: usize, only: &Only) -> Result<Vec<Verifications>> {
    let mut turns = Vec::new();
    for host in hosts {
        for (algorithm, candidate) in host.candidates()? {
            if !only.includes_algorithm(&algorithm) {
                continue;
            }
            turns.push(Turn { host, algorithm, candidate, count: 0, rounds: Vec::new() });
        }
    }
    turns.iter_mut().try_for_each(Turn::warm_up)?;
    for round in 0..rounds {
        // each round begins with another candidate
        let first = round * turns.len() / rounds;
        turns.rotate_left(first);
        turns.iter_mut().try_for_each(Turn::take)?;
        turns.rotate_right(first);
    }
    Ok(turns.iter().map(|turn| turn.verifications(&turns)).collect())
}

/// A candidate and its figures.
struct Turn<'h> {
    host: &'h Host,
    algorithm: String,
    candidate: String,
    /// Verifications per turn
    count: usize,
    rounds: Vec<f64>,
}

impl Turn<'_> {
    /// Warms the runtime's compiler up, and determines the number of verifications per turn.
    fn warm_up(&mut self) -> Result<()> {
        let mut microseconds = 0.0;
        for _ in 0..4 {
            microseconds = self.measure(WARM_UP_COUNT)?;
        }
        self.count = ((TURN / microseconds) as usize).clamp(MIN_COUNT, MAX_COUNT);
        Ok(())
    }

    fn take(&mut self) -> Result<()> {
        let microseconds = self.measure(self.count)?;
        self.rounds.push(microseconds);
        Ok(())
    }

    /// Microseconds per verification, without the overhead of the request, measured before and
    /// after. One unmeasured request comes first, because the process has been idle.
    fn measure(&self, count: usize) -> Result<f64> {
        let request = |verified: usize| {
            let (prepared, verified) = (count.to_string(), verified.to_string());
            let elapsed = self.host.time(
                "/measure",
                &[
                    ("algorithm", &self.algorithm),
                    ("candidate", &self.candidate),
                    ("prepared", &prepared),
                    ("verified", &verified),
                ],
            )?;
            Ok::<_, anyhow::Error>(elapsed.as_secs_f64() * 1e6)
        };
        request(0)?;
        let before = request(0)?;
        let whole = request(count)?;
        let after = request(0)?;
        Ok(((whole - (before + after) / 2.0) / count as f64).max(MIN_FIGURE))
    }

    fn verifications(&self, turns: &[Turn<'_>]) -> Verifications {
        let jose = turns.iter().find(|turn| {
            turn.host.runtime == self.host.runtime
                && turn.algorithm == self.algorithm
                && turn.candidate == "jose"
        });
        let jose = jose.map_or(&[][..], |jose| &jose.rounds);
        Verifications {
            runtime: self.host.runtime,
            algorithm: self.algorithm.clone(),
            candidate: self.candidate.clone(),
            rounds: self.rounds.clone(),
            ratios: self.rounds.iter().zip(jose).map(|(own, jose)| own / jose).collect(),
        }
    }
}

const WARM_UP_COUNT: usize = 64;

/// Duration of a turn, in microseconds.
const TURN: f64 = 10_000.0;
const MIN_COUNT: usize = 4;
const MAX_COUNT: usize = 2_000;

/// Lower bound of a figure in microseconds, because noise can make it negative.
const MIN_FIGURE: f64 = 0.01;
