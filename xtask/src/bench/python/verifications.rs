//! Verifications in one Python process.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Effort;
use crate::bench::median;
use crate::root;

/// The figures of every candidate, and what measured them.
pub(super) struct Verifications {
    /// Of Python and the packages
    pub(super) versions: BTreeMap<String, String>,
    pub(super) figures: Vec<Figures>,
}

/// The duration of a verification by one candidate, in microseconds, one figure per round.
pub(super) struct Figures {
    pub(super) algorithm: String,
    pub(super) candidate: String,
    rounds: Vec<f64>,
}

impl Verifications {
    pub(super) fn find(&self, algorithm: &str, candidate: &str) -> Option<&Figures> {
        let mut figures = self.figures.iter();
        figures.find(|one| one.algorithm == algorithm && one.candidate == candidate)
    }

    /// The time as a fraction of PyJWT's of the same round.
    pub(super) fn ratio_to_pyjwt(&self, figures: &Figures) -> f64 {
        let pyjwt = self.find(&figures.algorithm, PYJWT).map_or(&[][..], |pyjwt| &pyjwt.rounds);
        median(figures.rounds.iter().zip(pyjwt).map(|(own, pyjwt)| own / pyjwt))
    }
}

impl Verifications {
    /// Adds the output of a process.
    fn read(&mut self, output: &Value) -> Option<()> {
        for (name, version) in output["versions"].as_object()? {
            self.versions.insert(name.clone(), version.as_str()?.to_owned());
        }
        for figures in output["figures"].as_array()? {
            let text = |name: &str| Some(figures[name].as_str()?.to_owned());
            let (algorithm, candidate) = (text("algorithm")?, text("candidate")?);
            let rounds = figures["rounds"].as_array()?.iter().map(Value::as_f64);
            let rounds = rounds.collect::<Option<Vec<_>>>()?;
            let mut known = self.figures.iter_mut();
            match known.find(|one| one.algorithm == algorithm && one.candidate == candidate) {
                Some(known) => known.rounds.extend(rounds),
                None => self.figures.push(Figures { algorithm, candidate, rounds }),
            }
        }
        Some(())
    }
}

const PYJWT: &str = "PyJWT";

impl Figures {
    pub(super) fn microseconds(&self) -> f64 {
        median(self.rounds.iter().copied())
    }
}

pub(super) fn measure(python: &Path, effort: Effort) -> Result<Verifications> {
    let mut all = Verifications { versions: BTreeMap::new(), figures: Vec::new() };
    for _ in 0..effort.starts {
        let output = run(python, effort.rounds)?;
        let read = all.read(&output);
        read.with_context(|| format!("verify.py printed something else: {output}"))?;
    }
    Ok(all)
}

fn run(python: &Path, rounds: usize) -> Result<Value> {
    let output = Command::new(python)
        .arg(root().join("benches/python/verify.py"))
        .arg(rounds.to_string())
        .env("PYTHONPATH", root().join("python"))
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "verify.py failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}
