//! Verifications, round by round. In a round every candidate has its turn for some milliseconds, so
//! that whatever else the machine does befalls them all alike, and each is held against its
//! neighbours of the same round.

use anyhow::Result;

use super::hosts::{Host, Runtime};
use super::median;

/// What verifying a token takes with one candidate.
pub(super) struct Verifications {
    pub(super) runtime: Runtime,
    pub(super) algorithm: String,
    pub(super) candidate: String,
    /// One figure a round, in microseconds
    rounds: Vec<f64>,
    /// The same, divided by jose's of that round
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

pub(super) fn measure(hosts: &[Host], rounds: usize) -> Result<Vec<Verifications>> {
    let mut turns = Vec::new();
    for host in hosts {
        for (algorithm, candidate) in host.candidates()? {
            turns.push(Turn { host, algorithm, candidate, count: 0, rounds: Vec::new() });
        }
    }
    turns.iter_mut().try_for_each(Turn::warm_up)?;
    for round in 0..rounds {
        // another one begins each time
        let first = round * turns.len() / rounds;
        turns.rotate_left(first);
        turns.iter_mut().try_for_each(Turn::take)?;
        turns.rotate_right(first);
    }
    Ok(turns.iter().map(|turn| turn.verifications(&turns)).collect())
}

/// A candidate and its figures so far.
struct Turn<'h> {
    host: &'h Host,
    algorithm: String,
    candidate: String,
    /// So many verifications a turn
    count: usize,
    rounds: Vec<f64>,
}

impl Turn<'_> {
    /// Lets the runtime compile what it runs, and finds out how much fits into a turn.
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

    /// Microseconds a verification. What surrounds it is measured before and after and taken off; a
    /// request that is not measured comes first, since the process has been idle.
    fn measure(&self, count: usize) -> Result<f64> {
        let request = |verified: usize| {
            let (prepared, verified) = (count.to_string(), verified.to_string());
            let took = self.host.time(
                "/measure",
                &[
                    ("algorithm", &self.algorithm),
                    ("candidate", &self.candidate),
                    ("prepared", &prepared),
                    ("verified", &verified),
                ],
            )?;
            Ok::<_, anyhow::Error>(took.as_secs_f64() * 1e6)
        };
        request(0)?;
        let before = request(0)?;
        let whole = request(count)?;
        let after = request(0)?;
        Ok(((whole - (before + after) / 2.0) / count as f64).max(LEAST))
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

/// Microseconds that a turn is to take.
const TURN: f64 = 10_000.0;
const MIN_COUNT: usize = 4;
const MAX_COUNT: usize = 2_000;

/// Microseconds: a figure may be lost in the noise, but not be less than nothing.
const LEAST: f64 = 0.01;
