//! `cargo xtask lint style`: checks words, sentence shapes, spelling, line length, file length, and
//! the use of `cfg` and unstable flags. CONTRIBUTING.md has the reasons. The checks must not depend
//! on the purpose of a file.

mod layout;
mod words;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::root;

/// Checks every text file of the checkout and prints all findings. Fails if there are findings.
pub fn run() -> Result<()> {
    let findings = check(&root())?;
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        return Ok(());
    }
    println!("\nfindings by directory:\n{}", by_directory(&findings));
    anyhow::bail!("{} findings; CONTRIBUTING.md has the style guide", findings.len())
}

/// All findings in the files that git tracks, and in new files that it does not ignore.
fn check(root: &Path) -> Result<Vec<Finding>> {
    let paths = text_files(root)?;
    let mut findings = layout::module_style(&paths);
    for path in &paths {
        let text = fs::read_to_string(root.join(path))
            .with_context(|| format!("cannot read {path} as UTF-8"))?;
        findings.extend(check_file(path, &text));
    }
    findings.sort();
    Ok(findings)
}

/// All findings in one file, except those in [`ALLOWED`].
fn check_file(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = words::check(path, text);
    findings.extend(layout::check(path, text));
    findings.retain(|finding| !ALLOWED.iter().any(|allowed| allowed.covers(finding)));
    findings
}

/// A passage to change, and the suggested replacement.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Finding {
    path: String,
    /// The line number, from 1
    line: usize,
    /// The text that was found
    found: String,
    instead: String,
}

impl Finding {
    fn new(path: &str, line: usize, found: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, found: found.into(), instead: instead.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, found, instead } = self;
        write!(formatter, "{path}:{line}: {found:?}: {instead}")
    }
}

/// Text that is not checked: quotations and data.
struct Allowed {
    /// A file, or a directory that ends in `/`
    path: &'static str,
    /// The text to match, in lower case; empty matches every text
    found: &'static str,
}

impl Allowed {
    fn covers(&self, finding: &Finding) -> bool {
        let in_path = match self.path.ends_with('/') {
            true => finding.path.starts_with(self.path),
            false => finding.path == self.path,
        };
        in_path && (self.found.is_empty() || finding.found.to_lowercase() == self.found)
    }
}

/// All exceptions.
const ALLOWED: [Allowed; 5] = [
    // published test vectors, and tokens that the core's tests record
    Allowed { path: "tests/vectors/", found: "" },
    // seed inputs of the fuzzer
    Allowed { path: "fuzz/seeds/", found: "" },
    // data that a benchmark writes
    Allowed { path: "docs/benchmarks/verification.json", found: "" },
    Allowed { path: "docs/benchmarks/gateway.json", found: "" },
    // the lists of words
    Allowed { path: "xtask/src/style/", found: "" },
];

/// Endings of the names of text files that people write. License texts and lock files are not.
const ENDINGS: [&str; 21] = [
    "rs", "js", "mjs", "cjs", "jsx", "ts", "mts", "tsx", "py", "pyi", "md", "toml", "sh", "css",
    "html", "json", "yml", "yaml", "mako", "in", "sql",
];

/// Text files without such an ending.
const NAMES: [&str; 3] = [".ci/run", ".gitignore", ".editorconfig"];

fn text_files(root: &Path) -> Result<BTreeSet<String>> {
    let listing = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("cannot start git, which lists the files to check")?;
    ensure!(listing.status.success(), "git cannot list the files to check");
    let listing = String::from_utf8(listing.stdout).context("a file's name is not UTF-8")?;
    let paths = listing.split('\0').filter(|path| is_text(path));
    // a deleted file stays in the index until it is committed
    let paths = paths.filter(|path| root.join(path).is_file());
    Ok(paths.map(str::to_owned).collect())
}

fn is_text(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let is_lock_file = name.ends_with("-lock.json");
    NAMES.contains(&path) || (ENDINGS.contains(&ending.unwrap_or_default()) && !is_lock_file)
}

/// A line for each directory, two levels deep, with the number of its findings.
fn by_directory(findings: &[Finding]) -> String {
    let mut counts = BTreeMap::<String, usize>::new();
    for finding in findings {
        let mut parts: Vec<_> = finding.path.split('/').collect();
        parts.pop();
        parts.truncate(2);
        *counts.entry(parts.join("/") + "/").or_default() += 1;
    }
    let lines = counts.iter().map(|(directory, count)| format!("{count:5}  {directory}"));
    lines.collect::<Vec<_>>().join("\n")
}
