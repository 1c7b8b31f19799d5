//! The figures of a run: those of its Workers, merged.

use super::observed::{Observed, Sample};
use super::part::{Part, PhaseCount};
use super::plan::PhaseKind;
use super::run::Run;
use super::tally::Counted;
use super::traffic::Kind;

/// What a run has found.
pub(super) struct Report {
    /// Of each Worker, with seeds one after the other
    pub(super) parts: Vec<Part>,
    /// The seconds that it took
    pub(super) seconds: f64,
    /// CPU time of workerd in microseconds per request, 0 if the system does not report it
    pub(super) cpu: f64,
    pub(super) samples: Vec<Sample>,
}

impl Report {
    pub(super) fn new(runs: &[Run], observed: Observed, seconds: f64) -> Self {
        let Observed { memories, samples, cpu } = observed;
        let parts = runs.iter().zip(&memories);
        let parts =
            parts.map(|(run, memory)| Part::new(&run.lanes.judge, run.fetches(), memory, seconds));
        let mut report = Self { parts: parts.collect(), seconds, cpu: 0.0, samples };
        report.cpu = cpu.as_secs_f64() * 1e6 / report.total().requests as f64;
        report
    }

    pub(super) fn total(&self) -> Counted {
        self.kinds().into_iter().fold(Counted::default(), |sum, (_, counted)| sum.plus(counted))
    }

    pub(super) fn requests_per_second(&self) -> f64 {
        self.total().requests as f64 / self.seconds
    }

    /// The requests of each kind.
    pub(super) fn kinds(&self) -> Vec<(Kind, Counted)> {
        let all = || self.parts.iter().flat_map(|part| &part.kinds);
        let of = |kind: Kind| {
            let counts = all().filter(|(it, _)| *it == kind).map(|(_, counted)| *counted);
            (kind, counts.fold(Counted::default(), Counted::plus))
        };
        Kind::ALL.iter().map(|kind| of(*kind)).collect()
    }

    /// The requests in each kind of phase. Seconds of Workers side by side add up.
    pub(super) fn phases(&self) -> Vec<PhaseCount> {
        let of = |kind| self.parts.iter().map(|part| part.phase(kind)).reduce(PhaseCount::plus);
        PhaseKind::ALL.into_iter().filter_map(of).collect()
    }

    /// The number of keys that the auth servers published.
    pub(super) fn keys(&self) -> usize {
        self.parts.iter().map(|part| part.plan.keys.len()).sum()
    }

    /// Fetches of the JWK Set, and how many of them failed.
    pub(super) fn fetches(&self) -> (usize, usize) {
        let fetches = self.parts.iter().map(|part| part.fetches);
        fetches.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
    }

    /// The number of connections that failed.
    pub(super) fn lost(&self) -> u64 {
        self.parts.iter().map(|part| part.lost.0).sum()
    }

    /// The first wrong decisions about each Worker.
    pub(super) fn findings(&self) -> Vec<String> {
        self.named(|part| &part.findings)
    }

    /// Why connections failed, and how many.
    pub(super) fn losses(&self) -> Vec<String> {
        self.named(|part| &part.lost.1)
    }

    /// Lines about each Worker, with its seed if there are several.
    fn named(&self, lines: impl Fn(&Part) -> &Vec<String>) -> Vec<String> {
        let name = |part: &Part| match self.parts.len() {
            1 => String::new(),
            _ => format!("seed {}: ", part.plan.seed),
        };
        let of = |part| lines(part).iter().map(move |line| format!("{}{line}", name(part)));
        self.parts.iter().flat_map(of).collect()
    }

    /// What makes the run a failure.
    pub(super) fn failures(&self) -> Vec<String> {
        let (mut failures, total) = (Vec::new(), self.total());
        if total.wrong > 0 {
            failures.push(format!("{} wrong decisions", total.wrong));
        }
        // a server may close a connection at the moment when the client sends a request
        if self.lost() * REQUESTS_OF_A_LOSS > total.requests {
            failures.push(format!("{} lost connections", self.lost()));
        }
        if self.seconds < JUDGED {
            return failures;
        }
        for part in &self.parts {
            let (seed, growth) = (part.plan.seed, part.resident.growth());
            if growth.is_nan() || growth > MOST_GROWTH {
                failures.push(format!(
                    "the memory of the Worker with seed {seed} has grown to {growth:.2} times the memory before"
                ));
            }
        }
        failures
    }
}

/// Growth of the memory that counts as a leak, from the second to the last tenth of a run.
pub(super) const MOST_GROWTH: f64 = 1.1;

/// Seconds of a run whose memory is judged. In a shorter one, the heap is still growing to its
/// size.
const JUDGED: f64 = 20.0 * 60.0;

/// One lost connection in so many requests is accepted.
const REQUESTS_OF_A_LOSS: u64 = 100_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bench::memory::Resident;
    use crate::soak::json::json;
    use crate::soak::page;
    use crate::soak::plan::Plan;

    /// A Worker with one request in each phase, whose memory grows to so many megabytes from 200.
    fn part(seed: u64, megabytes: f64, wrong: u64) -> Part {
        let plan = Plan::new(seed, 1_300.0);
        let each = Counted { requests: 1, passed: 1, unavailable: 0, wrong: 0 };
        let phases = vec![each; plan.phases.len()];
        let all = Counted { requests: phases.len() as u64, wrong, ..each };
        let [start, second, last] = [150e6, 200e6, megabytes * 1e6];
        Part {
            plan,
            kinds: vec![(Kind::Warm, all), (Kind::New, Counted::default())],
            phases,
            findings: vec!["token in use".to_owned(); wrong as usize],
            lost: (1, vec!["1 × timeout".to_owned()]),
            fetches: (30, 4),
            resident: Resident { start, second, last, most: last },
        }
    }

    fn report(parts: Vec<Part>) -> Report {
        let sample = Sample {
            minute: 1,
            requests: 120,
            requests_per_second: 2.0,
            bytes: parts.iter().map(|part| part.resident.last).collect(),
            wrong: 0,
        };
        Report { parts, seconds: 1_300.0, cpu: 600.0, samples: vec![sample] }
    }

    #[test]
    fn the_figures_of_workers_add_up() {
        let report = report(vec![part(1, 201.0, 0), part(2, 202.0, 1)]);
        let Counted { requests, wrong, .. } = report.total();
        assert_eq!((requests, wrong), (260, 1));
        assert_eq!(report.kinds().len(), Kind::ALL.len());
        assert_eq!((report.lost(), report.fetches()), (2, (60, 8)));
        assert_eq!(report.keys(), 2 * report.parts[0].plan.keys.len());
        assert_eq!(report.findings(), ["seed 2: token in use"]);
        assert_eq!(report.losses(), ["seed 1: 1 × timeout", "seed 2: 1 × timeout"]);
    }

    #[test]
    fn phases_add_up_by_their_kind_though_the_seeds_order_them() {
        let report = report(vec![part(1, 200.0, 0), part(2, 200.0, 0)]);
        let kinds = |part: &Part| part.plan.phases.iter().map(|it| it.kind).collect::<Vec<_>>();
        assert_ne!(kinds(&report.parts[0]), kinds(&report.parts[1]));
        for PhaseCount { kind, times, seconds, counted } in report.phases() {
            let expected = if kind == PhaseKind::Steady { 100 } else { 20 };
            assert_eq!((times, counted.requests), (expected, expected as u64), "{kind:?}");
            assert!((seconds - expected as f64 * 10.0).abs() < 1e-6, "{kind:?}");
        }
    }

    #[test]
    fn the_memory_of_each_worker_is_judged_on_its_own() {
        let failures = |parts| report(parts).failures().join(", ");
        let growing = failures(vec![part(1, 150.0, 0), part(2, 230.0, 0)]);
        assert!(growing.contains("seed 2 has grown to 1.15 times"), "{growing}");
        assert!(!growing.contains("seed 1"), "{growing}");
    }

    #[test]
    fn the_page_and_the_json_show_each_worker() {
        let report = report(vec![part(1, 201.0, 0), part(2, 202.0, 0)]);
        let page = page::text(&report, "today");
        assert!(page.contains("Two Workers ran side by side, with seeds 1 and 2."), "{page}");
        assert!(page.contains("| last tenth   |        201 |        202 |"), "{page}");
        let json = json(&report).unwrap();
        assert_eq!((&json["workers"], &json["seed"]), (&json!(2), &json!(1)));
        assert_eq!(json["samples"][0]["megabytes"], 403.0);
        assert_eq!(json["samples"][0]["megabytesOfEach"], json!([201.0, 202.0]));
        assert_eq!(json["memory"]["growth"], 1.01);
        assert_eq!(json["memory"]["workers"][1]["lastTenthMegabytes"], 202.0);
    }
}
