//! Fresh isolates: what the very first token costs, in a runtime that has just been started.

use anyhow::Result;

use super::hosts::{Compilation, Host, Runtime};
use super::median;
use super::programs::Programs;

/// What something takes that happens once in an isolate.
pub(super) struct FirstTime {
    pub(super) runtime: Runtime,
    pub(super) case: Case,
    pub(super) milliseconds: f64,
}

/// Something that happens once in an isolate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Case {
    /// Our wasm is instantiated
    Instantiate,
    /// A token is verified
    Verify { algorithm: &'static str, candidate: Candidate, start: Start },
}

/// How far the runtime has come when the token comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Start {
    /// Nothing has been done
    Nothing,
    /// Nothing has been done, but the wasm is compiled at once when it is loaded
    Compiled,
    /// Everything has been done that a program does before its first token
    Made,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Candidate {
    Ours,
    Jose,
}

/// All that is done once, in every runtime.
pub(super) fn measure(programs: &Programs, times: usize) -> Result<Vec<FirstTime>> {
    let mut firsts: Vec<(_, _, Vec<f64>)> = Vec::new();
    for runtime in Runtime::ALL {
        firsts.extend(Case::all().into_iter().map(|case| (runtime, case, Vec::new())));
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
        let mut all = vec![Self::Instantiate];
        for algorithm in ["EdDSA", "ES256", "RS256"] {
            for (candidate, start) in [
                (Candidate::Ours, Start::Nothing),
                (Candidate::Jose, Start::Nothing),
                (Candidate::Ours, Start::Made),
                (Candidate::Jose, Start::Made),
                (Candidate::Ours, Start::Compiled),
            ] {
                all.push(Self::Verify { algorithm, candidate, start });
            }
        }
        all
    }

    fn compilation(self) -> Compilation {
        match self {
            Self::Verify { start: Start::Compiled, .. } => Compilation::AtOnce,
            _ => Compilation::Lazy,
        }
    }

    /// Milliseconds, without what a request takes that does nothing.
    fn measure(self, host: &Host) -> Result<f64> {
        let nothing = || Ok::<_, anyhow::Error>(host.time("/", &[])?.as_secs_f64());
        let mut surroundings = Vec::new();
        for _ in 0..8 {
            surroundings.push(nothing()?);
        }
        // the first ones start the isolate
        let surroundings = median(surroundings.split_off(3));
        let took = match self {
            Self::Instantiate => host.time("/instantiate", &[])?,
            Self::Verify { algorithm, candidate, start } => {
                let query = [("algorithm", algorithm), ("candidate", candidate.name())];
                if start == Start::Made {
                    host.time("/make", &query)?;
                }
                host.time("/first", &query)?
            }
        };
        Ok((took.as_secs_f64() - surroundings) * 1e3)
    }

    /// What it is called in the report.
    pub(super) fn title(self) -> String {
        match self {
            Self::Instantiate => "instantiate our wasm".to_owned(),
            Self::Verify { algorithm, candidate, start } => {
                let start = match start {
                    Start::Nothing => "",
                    Start::Compiled => ", compiled at once",
                    Start::Made => ", made before",
                };
                format!("{algorithm}, {}{start}", candidate.title())
            }
        }
    }
}

impl Candidate {
    /// What the hosts call it, where a cache does not matter yet.
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
