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

pub(super) fn all(figures: &[Figures], memory: &Memory) -> Vec<Requirement> {
    let speeds = SPEEDS.iter().flat_map(|(candidate, peer, least)| {
        let own = figures.iter().filter(|figures| figures.candidate == *candidate);
        own.map(move |own| Requirement {
            what: format!("requests a second, {}, {candidate} to {peer}", tokens(own.tokens)),
            bound: Bound::AtLeast(*least),
            measured: own.speed_to(*peer),
        })
    });
    let growth = Requirement {
        what: "memory in the last tenth to the second tenth".to_owned(),
        bound: Bound::AtMost(1.1),
        measured: memory.growth(),
    };
    speeds.chain([growth]).collect()
}

/// How fast gateways must be, compared with others.
const SPEEDS: [(Candidate, Candidate, f64); 3] = [
    (Candidate::Ours, Candidate::Jose, 1.3),
    (Candidate::Ours, Candidate::JoseCached, 0.95),
    (Candidate::OursWithRevocations, Candidate::Ours, 0.97),
];

/// The number of tokens in words.
pub(super) fn tokens(count: usize) -> String {
    match count {
        1 => "one token".to_owned(),
        _ => format!("{count} tokens"),
    }
}
