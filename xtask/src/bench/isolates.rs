//! Fresh isolates: what the very first token costs, in a runtime that has just been started.

use anyhow::Result;

use super::hosts::{Host, Runtime};
use super::median;
use super::programs::Programs;

/// What something takes that happens once in an isolate.
pub(super) struct FirstTime {
    pub(super) runtime: Runtime,
    /// The algorithm of the token, or nothing where there is no token
    pub(super) algorithm: Option<&'static str>,
    pub(super) what: &'static str,
    pub(super) milliseconds: f64,
}

/// All that is done once: instantiating our wasm, and with our verifier and with jose's, everything
/// up to the first verified token.
pub(super) fn measure(programs: &Programs, times: usize) -> Result<Vec<FirstTime>> {
    let mut firsts: Vec<(_, _, _, Vec<f64>)> = Vec::new();
    for runtime in Runtime::ALL {
        for (algorithm, what) in CASES {
            firsts.push((runtime, algorithm, what, Vec::new()));
        }
    }
    for _ in 0..times {
        for (runtime, algorithm, what, figures) in &mut firsts {
            figures.push(in_fresh_isolate(&Host::start(*runtime, programs)?, *algorithm, what)?);
        }
    }
    let first_time = |(runtime, algorithm, what, figures)| FirstTime {
        runtime,
        algorithm,
        what,
        milliseconds: median(figures),
    };
    Ok(firsts.into_iter().map(first_time).collect())
}

/// What our verifier is called where its cache does not matter yet.
pub(super) const OURS: &str = "ours";
/// What instantiating is called.
const INSTANTIATE: &str = "instantiate";

const CASES: [(Option<&str>, &str); 7] = [
    (None, INSTANTIATE),
    (Some("EdDSA"), OURS),
    (Some("EdDSA"), "jose"),
    (Some("ES256"), OURS),
    (Some("ES256"), "jose"),
    (Some("RS256"), OURS),
    (Some("RS256"), "jose"),
];

/// Milliseconds, without what a request takes that does nothing.
fn in_fresh_isolate(host: &Host, algorithm: Option<&str>, what: &str) -> Result<f64> {
    let nothing = || Ok::<_, anyhow::Error>(host.time("/", &[])?.as_secs_f64());
    let mut surroundings = Vec::new();
    for _ in 0..8 {
        surroundings.push(nothing()?);
    }
    // the first ones start the isolate
    let surroundings = median(surroundings.split_off(3));
    let took = match algorithm {
        None => host.time("/instantiate", &[])?,
        Some(algorithm) => {
            let candidate = if what == OURS { "ours cached" } else { what };
            host.time("/first", &[("algorithm", algorithm), ("candidate", candidate)])?
        }
    };
    Ok((took.as_secs_f64() - surroundings) * 1e3)
}
