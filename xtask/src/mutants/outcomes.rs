//! The outcome of each mutant, as cargo-mutants records it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// One change to the code.
pub(super) struct Mutant {
    /// Where and what: `src/a.rs:1:2: replace == with != in f`
    pub(super) name: String,
    pub(super) file: String,
    /// The line that is changed, as the source has it
    pub(super) line: String,
    pub(super) outcome: Outcome,
}

/// The tests' verdict about a mutant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// One failed
    Caught,
    /// All passed
    Missed,
    /// They did not come to an end, which counts as caught
    Timeout,
    /// It does not compile
    Unviable,
}

impl Mutant {
    /// The change, without its place.
    pub(super) fn change(&self) -> &str {
        self.name.splitn(4, ':').last().unwrap_or_default().trim()
    }
}

/// Reads `outcomes.json`. `tree` is where the mutants were made.
pub(super) fn read(file: &Path, tree: &Path) -> Result<Vec<Mutant>> {
    let json = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let json: Value = serde_json::from_slice(&json)?;
    let outcomes = json["outcomes"].as_array().context("there are no outcomes")?;
    let mutants = outcomes.iter().filter(|outcome| outcome["scenario"]["Mutant"].is_object());
    mutants.map(|outcome| one(outcome, tree)).collect()
}

fn one(json: &Value, tree: &Path) -> Result<Mutant> {
    let mutant = &json["scenario"]["Mutant"];
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a text is missing");
    let file = text(&mutant["file"])?;
    let number = mutant["span"]["start"]["line"].as_u64().context("a line is missing")?;
    let source = fs::read_to_string(tree.join(&file))?;
    let line = source.lines().nth(number as usize - 1).unwrap_or_default().trim().to_owned();
    let outcome = match text(&json["summary"])?.as_str() {
        "CaughtMutant" => Outcome::Caught,
        "MissedMutant" => Outcome::Missed,
        "Timeout" => Outcome::Timeout,
        "Unviable" => Outcome::Unviable,
        other => bail!("cargo-mutants says {other:?} of a mutant"),
    };
    Ok(Mutant { name: text(&mutant["name"])?, file, line, outcome })
}
