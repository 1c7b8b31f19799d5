//! How strong the tests are. cargo-mutants changes one thing at a time in the code that decides,
//! and a test has to fail. What survives is either a missing test or listed, with the reason why
//! the change makes no difference.

mod equivalent;
mod outcomes;
mod tree;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::{progress, root, setup};
use equivalent::Equivalent;
use outcomes::{Mutant, Outcome};

/// Code that decides who may do what, and the tests that are quick to say that it does not any
/// more.
struct Area {
    /// Where its files are, without the directory's last slash
    places: &'static [&'static str],
    /// The prefixes of its test files' paths below `tests/`
    tests: &'static [&'static str],
}

const AREAS: [Area; 3] = [
    Area {
        places: &[
            "src/policy/isolation.rs",
            "src/policy/path.rs",
            "src/policy/rules",
            "src/policy/credentials",
        ],
        tests: &["gateway/", "attacks/"],
    },
    Area {
        places: &["src/keys"],
        tests: &["keys/", "attacks/key_", "verifier/signature_keys", "verifier/token_cache"],
    },
    Area {
        places: &["src/verifier", "src/claims", "src/jose", "src/crypto"],
        tests: &[
            "claims/",
            "jose/json",
            "jose/token",
            "verifier/explain",
            "verifier/rfc8725",
            "verifier/secret",
            "verifier/signature",
            "verifier/token_cache",
        ],
    },
];

/// Parts of the names of tests that take long. Only what survives the others meets them.
const SLOW: [&str; 12] = [
    "a_bounded_number_of_requests",
    "a_long_flood",
    "a_number_means_the_same",
    "crypto::ed25519",
    "explanations_and_decisions_agree",
    "forged_sessions_evict",
    "json_differential",
    "ten_thousand_unknown",
    "the_bytes_of_cached_tokens",
    "every_bit_of_the_mac",
    "the_number_of_cached_tokens",
    "waiting_clients_that_hang_up",
];

/// `cargo xtask mutants [--shard K/N] [FILE…]`: mutants of the named files, or of all that decide.
/// A shard is that part of each area.
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
    if let Some(file) = files.iter().find(|file| !AREAS.iter().any(|area| area.has(file))) {
        bail!("{file} is not among the files that decide");
    }
    let equivalent = Equivalent::read()?;
    let program = setup::cargo_mutants()?;

    let mut tried = Vec::new();
    for area in &AREAS {
        let files: Vec<_> = match files {
            [] => area.places.iter().map(|place| pattern(place)).collect(),
            files => files.iter().filter(|file| area.has(file)).map(|f| (*f).to_owned()).collect(),
        };
        if files.is_empty() {
            continue;
        }
        let mut selection: Vec<_> = files.iter().flat_map(|file| ["--file", file]).collect();
        selection.extend(shard.iter().flat_map(|shard| ["--shard", shard]));
        progress(format!("mutants of {}", files.join(", ")));
        let tests = |name: &str| area.tests.iter().any(|start| name.starts_with(start));
        let tree = tree::lay_out(&directory(), tests)?;
        tried.extend(Mutants { program: &program, tree }.run("quick", &selection, &SLOW)?);
    }

    let (survivors, mut decided): (Vec<_>, Vec<_>) =
        tried.into_iter().partition(|mutant| mutant.outcome == Outcome::Missed);
    if !survivors.is_empty() {
        progress(format!("mutants: the {} that are left against every test", survivors.len()));
        let names: Vec<_> = survivors.iter().map(|mutant| exactly(&mutant.name)).collect();
        let mut selection: Vec<_> = names.iter().flat_map(|name| ["--re", name]).collect();
        selection.extend(survivors.iter().flat_map(|mutant| ["--file", &mutant.file]));
        let tree = tree::lay_out(&directory(), |_| true)?;
        let again = Mutants { program: &program, tree }.run("thorough", &selection, &[])?;
        // cargo-mutants adds mutants of struct expressions with any name
        let is_wanted = |mutant: &Mutant| survivors.iter().any(|it| it.name == mutant.name);
        decided.extend(again.into_iter().filter(is_wanted));
    }
    report(&decided, &equivalent)
}

/// Says what became of the mutants.
fn report(tried: &[Mutant], equivalent: &Equivalent) -> Result<()> {
    let survivors = tried.iter().filter(|mutant| mutant.outcome == Outcome::Missed);
    let (known, unknown): (Vec<_>, Vec<_>) =
        survivors.partition(|mutant| equivalent.explains(mutant));
    for mutant in &unknown {
        progress(format!("mutants: survived: {} in `{}`", mutant.name, mutant.line));
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

impl Area {
    fn has(&self, file: &str) -> bool {
        self.places.iter().any(|place| {
            file.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

/// The files of a place, as cargo-mutants reads it.
fn pattern(place: &str) -> String {
    if place.ends_with(".rs") { place.to_owned() } else { format!("{place}/**") }
}

struct Mutants<'p> {
    program: &'p Path,
    tree: PathBuf,
}

impl Mutants<'_> {
    /// Tries the selected mutants against all tests but those named by `skipped`.
    fn run(&self, pass: &str, selection: &[&str], skipped: &[&str]) -> Result<Vec<Mutant>> {
        let output = directory().join(pass);
        // what an earlier run has left there is not ours
        let _ = fs::remove_dir_all(&output);
        fs::create_dir_all(&output)?;
        let status = Command::new(self.program)
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

/// A regular expression that matches that text and nothing else.
fn exactly(text: &str) -> String {
    let special = |c: char| r"\.+*?()|[]{}^$#&-~".contains(c);
    let escaped = text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c]));
    format!("^{}$", escaped.collect::<String>())
}

/// The directory for the tree, its build and the findings, outside of what is committed.
fn directory() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").filter(|directory| !directory.is_empty());
    let target = target.map_or_else(|| root().join("target"), |target| root().join(target));
    target.join("mutants")
}
