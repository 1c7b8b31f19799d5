//! What is counted while the model runs.

use crate::edge::{Alive, Outcome};
use crate::model::Scenario;
use crate::reads::SETTINGS;

/// Counts of a scenario, from the start of its measurement on.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    begin: f64,
    interval: f64,
    counts_reads: bool,
    pub(crate) totals: Totals,
    /// The same by interval
    pub(crate) points: Vec<Point>,
    /// Fetches in each second
    pub(crate) fetches: Vec<u32>,
    /// Tokens issued in each second
    pub(crate) issued: Vec<u32>,
    /// Reads of revocations in each second, by setting
    pub(crate) reads: [Vec<u32>; SETTINGS.len()],
    pub(crate) alive: Vec<Alive>,
    pub(crate) failures: Vec<String>,
}

/// Counts of the whole measurement.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    /// Decisions about requests of users
    pub(crate) requests: u64,
    pub(crate) accepted: u64,
    /// Accepted requests whose token was cached
    pub(crate) hits: u64,
    /// 401 for a token that the auth server accepts
    pub(crate) false_rejections: u64,
    /// 401 for a token whose key it has removed
    pub(crate) rejections: u64,
    pub(crate) unavailable: u64,
    /// Requests that waited because the auth server was down and the token had expired
    pub(crate) without_token: u64,
    pub(crate) failed_fetches: u64,
    pub(crate) cache_reads: u64,
    pub(crate) cache_hits: u64,
    pub(crate) kv_reads: u64,
    pub(crate) kv_writes: u64,
    pub(crate) kv_refused: u64,
    pub(crate) attacks: u64,
    pub(crate) attacks_unavailable: u64,
    /// The longest time from the arrival of a request to its acceptance
    pub(crate) longest_wait: f64,
    /// The same from the first attempt, with retries and with a new token after a 401
    pub(crate) longest_delay: f64,
    /// The same from the first attempt with the token, if its key was published meanwhile
    pub(crate) acceptance: f64,
    /// The longest time for which tokens of a removed key were accepted
    pub(crate) removal: f64,
}

/// Counts of an interval.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Point {
    pub(crate) requests: u32,
    pub(crate) hits: u32,
    pub(crate) fetches: u32,
    pub(crate) rejections: u32,
    pub(crate) unavailable: u32,
}

impl Metrics {
    /// Counts from `begin` on, in seconds since 1970.
    pub(crate) fn new(begin: f64, scenario: &Scenario) -> Self {
        let points = (scenario.duration / scenario.interval).ceil() as usize;
        let seconds = || vec![0; scenario.duration.ceil() as usize];
        let counts_reads = scenario.from_midnight;
        Self {
            begin,
            interval: scenario.interval,
            counts_reads,
            points: vec![Point::default(); points],
            fetches: seconds(),
            issued: seconds(),
            reads: SETTINGS.map(|_| if counts_reads { seconds() } else { Vec::new() }),
            ..Self::default()
        }
    }

    /// Whether reads of revocations are counted.
    pub(crate) fn counts_reads(&self) -> bool {
        self.counts_reads
    }

    pub(crate) fn fetch(&mut self, now: f64, has_failed: bool) {
        let Some((point, second)) = self.at(now) else { return };
        self.points[point].fetches += 1;
        self.fetches[second] += 1;
        self.totals.failed_fetches += u64::from(has_failed);
    }

    pub(crate) fn issued(&mut self, now: f64) {
        let Some((_, second)) = self.at(now) else { return };
        self.issued[second] += 1;
    }

    pub(crate) fn cache_read(&mut self, now: f64, is_hit: bool) {
        let counted = u64::from(self.at(now).is_some());
        self.totals.cache_reads += counted;
        self.totals.cache_hits += counted * u64::from(is_hit);
    }

    pub(crate) fn kv_read(&mut self, now: f64) {
        self.totals.kv_reads += u64::from(self.at(now).is_some());
    }

    pub(crate) fn kv_write(&mut self, now: f64, is_accepted: bool) {
        let counted = u64::from(self.at(now).is_some());
        self.totals.kv_writes += counted;
        self.totals.kv_refused += counted * u64::from(!is_accepted);
    }

    pub(crate) fn revocation_reads(&mut self, now: f64, reads: [bool; SETTINGS.len()]) {
        let Some((_, second)) = self.at(now) else { return };
        for (seconds, reads) in self.reads.iter_mut().zip(reads) {
            seconds[second] += u32::from(reads);
        }
    }

    pub(crate) fn without_token(&mut self, now: f64) {
        self.totals.without_token += u64::from(self.at(now).is_some());
    }

    pub(crate) fn alive(&mut self, now: f64, alive: Alive) {
        if self.at(now).is_some() {
            self.alive.push(alive);
        }
    }

    /// A decision about a token of an attacker.
    pub(crate) fn attacked(&mut self, now: f64, outcome: Outcome) {
        if matches!(outcome, Outcome::Accepted { .. }) {
            self.fail("a forged token was accepted".to_owned());
        }
        if self.at(now).is_some() {
            let is_unavailable = matches!(outcome, Outcome::Rejected { status: 503, .. });
            self.totals.attacks += 1;
            self.totals.attacks_unavailable += u64::from(is_unavailable);
        }
    }

    /// A decision about a request of a user. The oracle has judged it.
    pub(crate) fn decided(&mut self, now: f64, outcome: Outcome, is_false: bool) {
        let Some((point, _)) = self.at(now) else { return };
        let (point, totals) = (&mut self.points[point], &mut self.totals);
        point.requests += 1;
        totals.requests += 1;
        match outcome {
            Outcome::Accepted { was_cached } => {
                totals.accepted += 1;
                totals.hits += u64::from(was_cached);
                point.hits += u32::from(was_cached);
            }
            Outcome::Rejected { status: 503, .. } => {
                totals.unavailable += 1;
                point.unavailable += 1;
            }
            Outcome::Rejected { .. } => {
                totals.false_rejections += u64::from(is_false);
                totals.rejections += u64::from(!is_false);
                point.rejections += 1;
            }
        }
    }

    /// Something that must never happen. Also counts what happens before the measurement.
    pub(crate) fn fail(&mut self, what: String) {
        if self.failures.len() < MAX_FAILURES {
            self.failures.push(what);
        }
    }

    /// The interval and the second of a time, if it is measured.
    fn at(&self, now: f64) -> Option<(usize, usize)> {
        let since = now - self.begin;
        let (point, second) = ((since / self.interval) as usize, since as usize);
        let is_measured = since >= 0.0 && point < self.points.len() && second < self.fetches.len();
        is_measured.then_some((point, second))
    }
}

/// As many failures are reported.
const MAX_FAILURES: usize = 5;
