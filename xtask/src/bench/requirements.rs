//! The requirements of a verification, compared with the measured figures.

use super::hosts::Runtime;
use super::isolates::{Candidate, Case, FirstTime, Start};
use super::requirement::{Bound, Requirement};
use super::rounds::Verifications;
use crate::build::{JAVASCRIPT_BUDGET, WORKER_BUDGET};
use crate::wasm::Size;

pub(super) fn all(
    npm_size: Size,
    worker_size: Size,
    verifications: &[Verifications],
    firsts: &[FirstTime],
) -> Vec<Requirement> {
    let ratio = |(runtime, algorithm, candidate, most): &Ratio| {
        let found = verifications.iter().find(|v| v.is(*runtime, algorithm, candidate));
        Requirement {
            what: format!("{algorithm} in {runtime}, {candidate} to jose"),
            bound: Bound::AtMost(*most),
            measured: found.map_or(f64::NAN, Verifications::ratio_to_jose),
        }
    };
    let milliseconds = |runtime, case, most| {
        let found = firsts.iter().find(|first| first.runtime == runtime && first.case == case);
        Requirement {
            what: format!("{} in {runtime}, ms", case.title()),
            bound: Bound::AtMost(most),
            measured: found.map_or(f64::NAN, |first| first.milliseconds),
        }
    };
    let first_of = |start| Case::Verify { algorithm: "EdDSA", candidate: Candidate::Ours, start };
    let size = |what: &str, budget: usize, size: Size| Requirement {
        what: format!("wasm of the {what}, gzipped, kB"),
        bound: Bound::AtMost(budget as f64 / 1e3),
        measured: size.gzipped as f64 / 1e3,
    };
    let times = [
        milliseconds(Runtime::Workerd, first_of(Start::Ready), 5.0),
        milliseconds(Runtime::Workerd, first_of(Start::Cold), 5.0),
        milliseconds(Runtime::Workerd, Case::Create, 3.0),
        milliseconds(Runtime::Node, Case::Create, 6.0),
    ];
    let sizes = [
        size("npm package", JAVASCRIPT_BUDGET, npm_size),
        size("Worker", WORKER_BUDGET, worker_size),
    ];
    RATIOS.iter().map(ratio).chain(times).chain(sizes).collect()
}

/// A runtime, an algorithm, a candidate, and the upper bound of its time as a fraction of jose's.
type Ratio = (Runtime, &'static str, &'static str, f64);

const RATIOS: [Ratio; 11] = [
    (Runtime::Workerd, "EdDSA", "ours cold", 1.0),
    (Runtime::Workerd, "EdDSA", "ours warm", 0.6),
    (Runtime::Node, "EdDSA", "ours warm", 0.35),
    (Runtime::Workerd, "EdDSA", "ours cached", 0.1),
    (Runtime::Node, "EdDSA", "ours cached", 0.1),
    (Runtime::Workerd, "ES256", "ours warm", 1.1),
    (Runtime::Node, "ES256", "ours warm", 1.1),
    (Runtime::Workerd, "RS256", "ours warm", 1.0),
    (Runtime::Node, "RS256", "ours warm", 1.1),
    (Runtime::Workerd, "ES512", "ours warm", 1.1),
    (Runtime::Node, "ES512", "ours warm", 1.1),
];
