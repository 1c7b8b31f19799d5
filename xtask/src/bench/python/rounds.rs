//! Measures applications under load in rounds. In each round every candidate takes a turn, and each
//! figure is compared with those of the same round.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Effort;
use super::servers::{App, Candidate, target};
use crate::bench::load::{Load, Progress};
use crate::bench::material::{default_token, request};
use crate::bench::median;
use crate::usage;

/// The figures of one candidate.
pub(super) struct Figures {
    pub(super) candidate: Candidate,
    turns: Vec<Turn>,
}

/// The figures of one turn.
#[derive(Clone, Copy)]
struct Turn {
    requests_per_second: f64,
    /// Microseconds, NaN if the system does not report CPU time
    cpu_per_request: f64,
}

impl Figures {
    pub(super) fn requests_per_second(&self) -> f64 {
        median(self.turns.iter().map(|turn| turn.requests_per_second))
    }

    /// CPU time of the server's process, in microseconds.
    pub(super) fn cpu_per_request(&self) -> f64 {
        median(self.turns.iter().map(|turn| turn.cpu_per_request))
    }

    /// Requests per second, as a multiple of another's.
    pub(super) fn speed_to(&self, other: &Self) -> f64 {
        self.ratio(other, |turn| turn.requests_per_second)
    }

    /// CPU time, as a multiple of another's.
    pub(super) fn cpu_to(&self, other: &Self) -> f64 {
        self.ratio(other, |turn| turn.cpu_per_request)
    }

    fn ratio(&self, other: &Self, figure: impl Fn(&Turn) -> f64) -> f64 {
        let turns = self.turns.iter().zip(&other.turns);
        median(turns.map(|(own, other)| figure(own) / figure(other)))
    }
}

pub(super) fn measure(
    python: &Path,
    auth_server: &str,
    cores: usize,
    effort: Effort,
) -> Result<Vec<Figures>> {
    let mut all: Vec<_> = Candidate::ALL.map(|candidate| (candidate, Vec::new())).into();
    let mut tokens = Tokens { auth_server, next: 0 };
    let last = cores - 1;
    if cores > 1 {
        usage::pin(std::process::id(), &format!("0-{}", cores - 2));
    }
    for start in 0..effort.starts {
        let valid = tokens.make(1)?.remove(0);
        let mut apps = Vec::new();
        for candidate in Candidate::ALL {
            apps.push(App::start(candidate, python, auth_server, &valid, last)?);
        }
        for app in &apps {
            load(app, &valid, &mut tokens, WARM_UP)?;
        }
        for round in 0..effort.rounds {
            // each round begins with another candidate
            let first = (start + round) % apps.len();
            for at in (0..apps.len()).map(|at| (at + first) % apps.len()) {
                all[at].1.push(load(&apps[at], &valid, &mut tokens, TURN)?);
            }
        }
    }
    Ok(all.into_iter().map(|(candidate, turns)| Figures { candidate, turns }).collect())
}

/// Makes tokens that no application has seen.
struct Tokens<'a> {
    auth_server: &'a str,
    next: usize,
}

impl Tokens<'_> {
    fn make(&mut self, count: usize) -> Result<Vec<String>> {
        let numbers = self.next..self.next + count;
        self.next = numbers.end;
        numbers.map(|number| default_token(number, self.auth_server)).collect()
    }
}

/// Measures one turn, after the connections are open and some requests have completed.
fn load(app: &App, valid: &str, tokens: &mut Tokens<'_>, duration: Duration) -> Result<Turn> {
    let requests: Vec<_> = if app.candidate.has_new_tokens {
        let count = (MAX_SPEED * (RUN_UP + duration).as_secs_f64()) as usize;
        tokens.make(count)?.iter().map(|token| request(&target(token), token)).collect()
    } else {
        vec![request(&target(valid), valid)]
    };
    let load = Load { address: app.address, requests: &requests, sent: 0, status: 200 };
    load.during(|progress| {
        progress.wait(RUN_UP)?;
        let before = Snapshot::take(app, progress);
        progress.wait(duration)?;
        let turn = Snapshot::take(app, progress).since(&before);
        let is_enough = requests.len() == 1 || progress.sent() <= requests.len();
        ensure!(is_enough, "the tokens were not enough: raise MAX_SPEED");
        Ok(turn)
    })
}

struct Snapshot {
    at: Instant,
    cpu: Option<Duration>,
    completed: usize,
}

impl Snapshot {
    fn take(app: &App, progress: &Progress) -> Self {
        let cpu = usage::cpu_time(app.process());
        Self { at: Instant::now(), cpu, completed: progress.completed() }
    }

    fn since(&self, before: &Self) -> Turn {
        let completed = (self.completed - before.completed) as f64;
        let cpu = self.cpu.zip(before.cpu);
        let cpu = cpu.map_or(f64::NAN, |(now, before)| (now - before).as_secs_f64());
        Turn {
            requests_per_second: completed / (self.at - before.at).as_secs_f64(),
            cpu_per_request: cpu * 1e6 / completed,
        }
    }
}

const WARM_UP: Duration = Duration::from_millis(400);
const RUN_UP: Duration = Duration::from_millis(50);
const TURN: Duration = Duration::from_millis(200);

/// Requests per second that no application reaches with new tokens.
const MAX_SPEED: f64 = 12_000.0;
