//! The Worker's performance requirements, compared with the measured figures.

use serde_json::{Value, json};

use super::candidates::Candidate;
use super::memory::Memory;
use super::rounds::Figures;

/// A figure and its bound.
pub(in crate::bench) struct Requirement {
    pub(in crate::bench) what: String,
    pub(in crate::bench) bound: Bound,
    pub(in crate::bench) measured: f64,
}

/// The lower or upper bound of a figure.
#[derive(Clone, Copy)]
pub(in crate::bench) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Requirement {
    pub(in crate::bench) fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtLeast(least) => self.measured >= least,
            Bound::AtMost(most) => self.measured <= most,
        }
    }

    pub(in crate::bench) fn json(&self) -> Value {
        let (bound, figure) = match self.bound {
            Bound::AtLeast(least) => ("least", least),
            Bound::AtMost(most) => ("most", most),
        };
        json!({
            "what": self.what,
            bound: figure,
            "measured": self.measured,
            "met": self.is_met(),
        })
    }
}

/// `pair` has the figures of the two gateways that are compared alone.
pub(super) fn all(figures: &[Figures], pair: &[Figures], memory: &Memory) -> Vec<Requirement> {
    let speeds = SPEEDS.iter().flat_map(|speed| speed.requirements(figures));
    let speeds = speeds.chain(PAIR_SPEED.requirements(pair));
    let growth = Requirement {
        what: "memory in the last tenth to the second tenth".to_owned(),
        bound: Bound::AtMost(1.1),
        measured: memory.growth(),
    };
    speeds.chain([growth]).collect()
}

/// How fast gateways must be, compared with others.
const SPEEDS: [Speed; 2] = [
    Speed { of: Candidate::Ours, to: Candidate::Jose, least: 1.3 },
    Speed { of: Candidate::Ours, to: Candidate::JoseCached, least: 0.95 },
];
const PAIR_SPEED: Speed =
    Speed { of: Candidate::OursWithRevocations, to: Candidate::Ours, least: 0.97 };

/// The least ratio of one gateway's requests a second to another's.
struct Speed {
    of: Candidate,
    to: Candidate,
    least: f64,
}

impl Speed {
    /// A requirement for each load.
    fn requirements(&self, figures: &[Figures]) -> impl Iterator<Item = Requirement> {
        let Self { of, to, least } = self;
        let own = figures.iter().filter(move |figures| figures.candidate == *of);
        own.map(move |own| Requirement {
            what: format!("requests a second, {}, {of} to {to}", tokens(own.tokens)),
            bound: Bound::AtLeast(*least),
            measured: own.speed_to(*to),
        })
    }
}

/// The number of tokens in words.
pub(super) fn tokens(count: usize) -> String {
    match count {
        1 => "one token".to_owned(),
        _ => format!("{count} tokens"),
    }
}
