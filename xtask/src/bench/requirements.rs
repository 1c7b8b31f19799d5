//! The project's performance requirements, compared with the measured figures.

use serde_json::{Value, json};

use super::hosts::Runtime;
use super::isolates::{Candidate, Case, FirstTime, Start};
use super::rounds::Verifications;
use crate::wasm::Size;

/// A figure and its upper bound.
pub(super) struct Requirement {
    pub(super) what: String,
    pub(super) most: f64,
    pub(super) measured: f64,
    pub(super) unit: &'static str,
}

impl Requirement {
    pub(super) fn is_met(&self) -> bool {
        self.measured <= self.most
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "what": self.what,
            "most": self.most,
            "measured": self.measured,
            "unit": self.unit,
            "met": self.is_met(),
        })
    }
}

pub(super) fn all(
    npm_size: Size,
    worker_size: Size,
    verifications: &[Verifications],
    firsts: &[FirstTime],
) -> Vec<Requirement> {
    let ratios = RATIOS.iter().flat_map(|(algorithm, candidate, most_by_runtime)| {
        most_by_runtime.iter().map(move |(runtime, most)| {
            let found = verifications.iter().find(|v| v.is(*runtime, algorithm, candidate));
            Requirement {
                what: format!("{algorithm} in {runtime}, {candidate}"),
                most: *most,
                measured: found.map_or(f64::NAN, Verifications::ratio_to_jose),
                unit: "of jose",
            }
        })
    });
    let first = |what: &str, start| {
        let case = Case::Verify { algorithm: "EdDSA", candidate: Candidate::Ours, start };
        let mut here = firsts.iter().filter(|first| first.runtime == Runtime::Workerd);
        Requirement {
            what: format!("first verification in a fresh isolate of workerd, {what}"),
            most: 5.0,
            measured: here.find(|first| first.case == case).map_or(f64::NAN, |f| f.milliseconds),
            unit: "ms",
        }
    };
    let create = |runtime, most| {
        let mut here = firsts.iter().filter(|first| first.runtime == runtime);
        Requirement {
            what: format!("createVerifier from nothing in {runtime}"),
            most,
            measured: here
                .find(|first| first.case == Case::Create)
                .map_or(f64::NAN, |first| first.milliseconds),
            unit: "ms",
        }
    };
    let kilobytes = |bytes: usize| bytes as f64 / 1e3;
    let size = |what: &str, most, gzipped| Requirement {
        what: format!("wasm of the {what}, gzipped"),
        most,
        measured: kilobytes(gzipped),
        unit: "kB",
    };
    ratios
        .chain([
            first("with a ready verifier", Start::Ready),
            first("all included", Start::Cold),
            create(Runtime::Workerd, 3.0),
            create(Runtime::Node, 6.0),
            size("npm package", 180.0, npm_size.gzipped),
            size("Worker", 220.0, worker_size.gzipped),
        ])
        .collect()
}

type Ratio = (&'static str, &'static str, [(Runtime, f64); 2]);

/// The upper bounds of a verification, as a fraction of jose's time.
const RATIOS: [Ratio; 5] = [
    ("EdDSA", "ours warm", [(Runtime::Workerd, 0.75), (Runtime::Node, 0.35)]),
    ("EdDSA", "ours cached", [(Runtime::Workerd, 0.10), (Runtime::Node, 0.10)]),
    ("ES256", "ours warm", [(Runtime::Workerd, 1.1), (Runtime::Node, 1.1)]),
    ("RS256", "ours warm", [(Runtime::Workerd, 1.1), (Runtime::Node, 1.1)]),
    ("ES512", "ours warm", [(Runtime::Workerd, 1.1), (Runtime::Node, 1.1)]),
];
