//! What this project has promised itself of its Worker, held against what was measured.

use serde_json::{Value, json};

use super::candidates::Candidate;
use super::memory::Memory;
use super::rounds::Figures;

/// A figure and the bound that it must keep.
pub(super) struct Requirement {
    pub(super) what: String,
    pub(super) bound: Bound,
    pub(super) measured: f64,
}

/// The least or the most that a figure may be.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Requirement {
    pub(super) fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtLeast(least) => self.measured >= least,
            Bound::AtMost(most) => self.measured <= most,
        }
    }

    pub(super) fn json(&self) -> Value {
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
    let ours = figures.iter().filter(|figures| figures.candidate == Candidate::Ours);
    let speeds = ours.flat_map(|ours| {
        let speed = |peer, least, measured| Requirement {
            what: format!("requests a second, {} to {peer}", tokens(ours.tokens)),
            bound: Bound::AtLeast(least),
            measured,
        };
        [
            speed(Candidate::Jose, 1.3, ours.speed_to_jose()),
            speed(Candidate::JoseKept, 0.95, ours.speed_to_jose_kept()),
        ]
    });
    let growth = Requirement {
        what: "memory in the last tenth to the second tenth".to_owned(),
        bound: Bound::AtMost(1.1),
        measured: memory.growth(),
    };
    speeds.chain([growth]).collect()
}

/// One token, or how many.
pub(super) fn tokens(count: usize) -> String {
    match count {
        1 => "one token".to_owned(),
        _ => format!("{count} tokens"),
    }
}
