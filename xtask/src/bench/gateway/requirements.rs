//! The Worker's performance requirements, compared with the measured figures.

use super::candidates::Candidate;
use super::rounds::Figures;
use super::workloads::Kind;
use crate::bench::memory::Resident;
use crate::bench::requirement::{Bound, Requirement};

/// `pair` has the figures of the two gateways that are compared alone.
pub(super) fn all(figures: &[Figures], pair: &[Figures], memory: &Resident) -> Vec<Requirement> {
    let speeds = SPEEDS.iter().filter_map(|speed| speed.requirement(figures));
    let speeds = speeds.chain(PAIR_SPEEDS.iter().filter_map(|speed| speed.requirement(pair)));
    let growth = Requirement {
        what: "memory in the last tenth to the second tenth".to_owned(),
        bound: Bound::AtMost(1.1),
        measured: memory.growth(),
    };
    speeds.chain([growth]).collect()
}

/// How fast gateways must be, compared with others.
const SPEEDS: [Speed; 8] = [
    Speed::ours(Kind::One, Candidate::Jose, 1.3),
    Speed::ours(Kind::One, Candidate::JoseCached, 0.95),
    Speed::ours(Kind::Few, Candidate::Jose, 1.3),
    Speed::ours(Kind::Few, Candidate::JoseCached, 0.95),
    Speed::ours(Kind::Many, Candidate::JoseCached, 1.0),
    Speed::ours(Kind::New, Candidate::Jose, 1.2),
    Speed::ours(Kind::Refused, Candidate::Jose, 1.1),
    // a flood of forged tokens costs less than the same number of good ones
    Speed { of: (Candidate::Ours, Kind::Refused), to: (Candidate::Ours, Kind::New), least: 1.0 },
];
const PAIR_SPEEDS: [Speed; 2] = [Speed::of_revocation(Kind::One), Speed::of_revocation(Kind::Few)];

/// The least ratio of one gateway's requests a second to another's.
struct Speed {
    of: (Candidate, Kind),
    to: (Candidate, Kind),
    least: f64,
}

impl Speed {
    const fn ours(kind: Kind, to: Candidate, least: f64) -> Self {
        Self { of: (Candidate::Ours, kind), to: (to, kind), least }
    }

    const fn of_revocation(kind: Kind) -> Self {
        let (of, to) = ((Candidate::OursWithRevocations, kind), (Candidate::Ours, kind));
        Self { of, to, least: 0.97 }
    }

    fn requirement(&self, figures: &[Figures]) -> Option<Requirement> {
        let Self { of, to, least } = self;
        let find = |(candidate, kind): &(Candidate, Kind)| {
            let mut figures = figures.iter();
            figures.find(|figures| figures.candidate == *candidate && figures.kind == *kind)
        };
        let to_kind = if of.1 == to.1 { String::new() } else { format!(", {}", to.1.name()) };
        Some(Requirement {
            what: format!("requests a second, {}, {} to {}{to_kind}", of.1.name(), of.0, to.0),
            bound: Bound::AtLeast(*least),
            measured: find(of)?.speed_to(find(to)?),
        })
    }
}
