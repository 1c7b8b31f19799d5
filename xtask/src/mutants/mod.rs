//! How strong the tests are. cargo-mutants changes one thing at a time in the code that decides, and
//! a test has to fail. What survives is either a missing test or listed, with the reason why the
//! change makes no difference.

mod equivalent;
mod outcomes;
mod tree;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::{progress, root, setup};
use equivalent::Equivalent;
use outcomes::{Mutant, Outcome};

/// The files that decide who may do what.
const DECIDING: [&str; 9] = [
    "src/gateway/isolation.rs",
    "src/gateway/path.rs",
    "src/gateway/rules/**",
    "src/gateway/credentials/**",
    "src/keys/**",
    "src/verifier/**",
    "src/claims/**",
    "src/jose/**",
    "src/crypto/**",
];

/// Parts of the names of tests that take long. Only the mutants that survive all others meet them.
const SLOW: [&str; 19] = [
    "a_bounded_number_of_requests",
    "a_long_flood",
    "a_number_means_the_same",
    "assertion::dalek",
    "crypto::ed25519",
    "cve_lessons",
    "explanations_and_decisions_agree",
    "gateway_returning::a_",
    "json_differential",
    "made_up_sessions_push",
    "short_texts_mean",
    "so_many_",
    "ten_thousand_unknown",
    "the_mac_counts",
    "those_who_wait_and_hang_up",
    "together::ed25519",
    "together::signature::",
    "vectors_",
    "verdicts::",
];

/// `cargo xtask mutants [--shard K/N] [FILE…]`: mutants of the named files, or of all that decide.
///
/// # Errors
/// A mutant survived and is not listed as equivalent.
pub fn run(arguments: &[&str]) -> Result<()> {
    let (shard, files) = match *arguments {
        ["--shard", shard, ref files @ ..] => (Some(shard), files),
        ref files => (None, files),
    };
    if let Some(option) = files.iter().find(|file| file.starts_with('-')) {
        bail!("unknown option {option}; usage: cargo xtask mutants [--shard K/N] [FILE…]");
    }
    let equivalent = Equivalent::read()?;
    let mutants = Mutants { program: setup::cargo_mutants()?, tree: tree::lay_out(&directory())? };

    let files = if files.is_empty() { &DECIDING[..] } else { files };
    let mut selection: Vec<_> = files.iter().flat_map(|file| ["--file", file]).collect();
    selection.extend(shard.iter().flat_map(|shard| ["--shard", shard]));
    progress("mutants: each against the quick tests");
    let mut tried = mutants.run("quick", &selection, &SLOW)?;

    let survivors = names(&tried, Outcome::Missed);
    if !survivors.is_empty() {
        progress(format!("mutants: the {} that are left against every test", survivors.len()));
        let exactly: Vec<_> = survivors.iter().map(|name| format!("^{}$", escape(name))).collect();
        let selection: Vec<_> = exactly.iter().flat_map(|name| ["--re", name]).collect();
        tried.retain(|mutant| mutant.outcome != Outcome::Missed);
        tried.extend(mutants.run("thorough", &selection, &[])?);
    }
    report(&tried, &equivalent)
}

/// Says what became of the mutants.
fn report(tried: &[Mutant], equivalent: &Equivalent) -> Result<()> {
    let survivors = tried.iter().filter(|mutant| mutant.outcome == Outcome::Missed);
    let (known, unknown): (Vec<_>, Vec<_>) =
        survivors.partition(|mutant| equivalent.explains(mutant));
    for mutant in &unknown {
        progress(format!("mutants: survived: {}", mutant.name));
    }
    let count = |outcome| tried.iter().filter(|mutant| mutant.outcome == outcome).count();
    progress(format!(
        "mutants: {} caught, {} timed out, {} did not compile, {} known to change nothing, {} survived",
        count(Outcome::Caught),
        count(Outcome::Timeout),
        count(Outcome::Unviable),
        known.len(),
        unknown.len(),
    ));
    ensure!(unknown.is_empty(), "{} mutants survived: a test is missing for each", unknown.len());
    Ok(())
}

struct Mutants {
    program: PathBuf,
    tree: PathBuf,
}

impl Mutants {
    /// Tries the selected mutants against all tests but those named by `skipped`.
    fn run(&self, pass: &str, selection: &[&str], skipped: &[&str]) -> Result<Vec<Mutant>> {
        let output = directory().join(pass);
        // what an earlier run has left there is not ours
        let _ = fs::remove_dir_all(&output);
        fs::create_dir_all(&output)?;
        let status = Command::new(&self.program)
            .args(["mutants", "--in-place", "--profile", tree::PROFILE, "--caught", "--unviable"])
            .args(["--minimum-test-timeout", "60", "--output"])
            .arg(&output)
            .args(selection)
            .args(["--", "--"])
            .args(skipped.iter().flat_map(|name| ["--skip", name]))
            .env("CARGO_TARGET_DIR", directory().join("build"))
            // a backtrace for each of the tests that are meant to fail takes longer than the test
            .env("RUST_BACKTRACE", "0")
            .current_dir(&self.tree)
            .status()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        match status.code() {
            // all were caught, some survived, some timed out
            Some(0 | 2 | 3) => {}
            Some(4) => bail!("the tests fail on the code as it is"),
            _ => bail!("cargo-mutants failed: {status}"),
        }
        outcomes::read(&output.join("mutants.out/outcomes.json"), &self.tree)
    }
}

fn names(tried: &[Mutant], outcome: Outcome) -> BTreeSet<&str> {
    tried.iter().filter(|m| m.outcome == outcome).map(|m| m.name.as_str()).collect()
}

/// A text as a regular expression that matches it and nothing else.
fn escape(text: &str) -> String {
    let special = |c: char| c.is_ascii_punctuation() && c != '_';
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

/// Where the tree, its build and the findings are kept: outside of what is committed.
fn directory() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").filter(|directory| !directory.is_empty());
    let target = target.map_or_else(|| root().join("target"), |target| root().join(target));
    target.join(Path::new("mutants"))
}
