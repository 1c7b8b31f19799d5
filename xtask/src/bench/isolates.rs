//! Fresh isolates: the cost of the first token in a runtime that has just started.

use anyhow::Result;

use super::hosts::{Compilation, Host, Runtime};
use super::median;
use super::only::Only;
use super::programs::Programs;

/// The duration of a one-time operation in an isolate.
pub(super) struct FirstTime {
    pub(super) runtime: Runtime,
    pub(super) case: Case,
    pub(super) milliseconds: f64,
}

/// A one-time operation in an isolate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Case {
    /// Instantiation of our wasm
    Instantiate,
    /// `createVerifier`, which instantiates the wasm
    Create,
    /// Verification of the first token
    Verify { algorithm: &'static str, candidate: Candidate, start: Start },
}

/// The state of the runtime when the token arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Start {
    /// No preparation
    Cold,
    /// No preparation, but V8 compiles the whole wasm on load
    Compiled,
    /// The wasm is instantiated and the verifier created
    Ready,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Candidate {
    Ours,
    Jose,
}

/// Measures all one-time operations in every runtime.
pub(super) fn measure(programs: &Programs, times: usize, only: &Only) -> Result<Vec<FirstTime>> {
    let mut firsts: Vec<(_, _, Vec<f64>)> = Vec::new();
    for runtime in Runtime::ALL.into_iter().filter(|runtime| only.includes_runtime(*runtime)) {
        let cases = Case::all().into_iter().filter(|case| case.is_in(only));
        firsts.extend(cases.map(|case| (runtime, case, Vec::new())));
    }
    for _ in 0..times {
        for (runtime, case, figures) in &mut firsts {
            figures.push(case.measure(&Host::start(*runtime, programs, case.compilation())?)?);
        }
    }
    let first_time =
        |(runtime, case, figures)| FirstTime { runtime, case, milliseconds: median(figures) };
    Ok(firsts.into_iter().map(first_time).collect())
}

impl Case {
    fn all() -> Vec<Self> {
        let mut all = vec![Self::Instantiate, Self::Create];
        for algorithm in ["EdDSA", "ES256", "RS256"] {
            for (candidate, start) in [
                (Candidate::Ours, Start::Cold),
                (Candidate::Jose, Start::Cold),
                (Candidate::Ours, Start::Ready),
                (Candidate::Jose, Start::Ready),
                (Candidate::Ours, Start::Compiled),
            ] {
                all.push(Self::Verify { algorithm, candidate, start });
            }
        }
        all
    }

    fn is_in(self, only: &Only) -> bool {
        match self {
            Self::Instantiate | Self::Create => true,
            Self::Verify { algorithm, .. } => only.includes_algorithm(algorithm),
        }
    }

    fn compilation(self) -> Compilation {
        match self {
            Self::Verify { start: Start::Compiled, .. } => Compilation::AtOnce,
            _ => Compilation::Lazy,
        }
    }

    /// Milliseconds, without the duration of an empty request.
    fn measure(self, host: &Host) -> Result<f64> {
        let empty = || Ok::<_, anyhow::Error>(host.time("/", &[])?.as_secs_f64());
        let mut overhead = Vec::new();
        for _ in 0..8 {
            overhead.push(empty()?);
        }
        // the first requests start the isolate
        let overhead = median(overhead.split_off(3));
        let elapsed = match self {
            Self::Instantiate => host.time("/instantiate", &[])?,
            Self::Create => {
                let name = Candidate::Ours.name();
                host.time("/make", &[("algorithm", "EdDSA"), ("candidate", name)])?
            }
            Self::Verify { algorithm, candidate, start } => {
                let query = [("algorithm", algorithm), ("candidate", candidate.name())];
                if start == Start::Ready {
                    host.time("/make", &query)?;
                }
                host.time("/first", &query)?
            }
        };
        Ok((elapsed.as_secs_f64() - overhead) * 1e3)
    }

    /// The name in the report.
    pub(super) fn title(self) -> String {
        match self {
            Self::Instantiate => "instantiate our wasm".to_owned(),
            Self::Create => "createVerifier from nothing".to_owned(),
            Self::Verify { algorithm, candidate, start } => {
                let start = match start {
                    Start::Cold => "",
                    Start::Compiled => ", compiled at once",
                    Start::Ready => ", made before",
                };
                format!("{algorithm}, {}{start}", candidate.title())
            }
        }
    }
}

impl Candidate {
    /// The name in the hosts. For a first token the cache has no effect.
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours cached",
            Self::Jose => "jose",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Jose => "jose",
        }
    }
}
