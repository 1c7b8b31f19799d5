//! Checks the layout of files: line and file length, module files, and the use of features and
//! unstable flags.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::Finding;

/// Maximum length of a comment line, in columns.
const COLUMNS: usize = 100;

/// Maximum length of a source file, in lines.
const LINES: usize = 400;

/// The parts of the core whose code may depend on a feature, because they integrate with a runtime.
const FEATURES: [&str; 5] =
    ["src/base_url/domain.rs", "src/bindings/", "src/crypto/", "src/host/", "src/lib.rs"];

/// The only file that may use an unstable flag, because the fuzzer needs coverage.
const UNSTABLE: &str = "xtask/src/fuzz.rs";

static CFG: LazyLock<Regex> =
    LazyLock::new(|| expression(r"\bcfg(?:_attr)?!?\(.*\bfeature\s*=\s*"));
static UNSTABLE_FLAG: LazyLock<Regex> = LazyLock::new(|| {
    expression(r#"RUSTC_BOOTSTRAP|(?:^|[\s"'=])-Z ?[a-z]|\+nightly|#!\[feature\("#)
});

fn expression(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a regular expression")
}

/// The findings in one file.
pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_source = ["rs", "js", "mjs", "ts", "mts", "tsx", "jsx", "py", "pyi", "css", "sh"]
        .iter()
        .any(|ending| path.ends_with(&format!(".{ending}")));
    let lines = text.lines().count();
    if is_source && lines > LINES {
        let found = format!("{lines} lines");
        findings.push(Finding::new(path, LINES + 1, found, "split the file: at most 400 lines"));
    }
    for (index, line) in text.lines().enumerate() {
        let mut push = |found: &str, instead: &str| {
            findings.push(Finding::new(path, index + 1, found, instead));
        };
        if is_comment(path, line) && columns(line) > COLUMNS {
            push(&format!("{} columns", columns(line)), "wrap comments at 100 columns");
        }
        if path.starts_with("src/")
            && !FEATURES.iter().any(|part| path.starts_with(part))
            && let Some(found) = CFG.find(line)
        {
            push(found.as_str(), "features belong to src/bindings, src/host and src/crypto");
        }
        if !path.ends_with(".md")
            && path != UNSTABLE
            && let Some(found) = UNSTABLE_FLAG.find(line)
        {
            push(found.as_str().trim(), "stable Rust with ordinary flags");
        }
    }
    findings
}

/// Files `x.rs` beside a directory `x/`: the module's file is `x/mod.rs`.
pub(super) fn module_style(paths: &BTreeSet<String>) -> Vec<Finding> {
    let split = paths.iter().filter(|path| {
        let directory = path.strip_suffix(".rs").map(|module| format!("{module}/"));
        directory.is_some_and(|directory| has_rust(paths, &directory))
    });
    split
        .map(|path| {
            let instead = format!("name it {}/mod.rs", path.trim_end_matches(".rs"));
            Finding::new(path, 1, path.as_str(), instead)
        })
        .collect()
}

fn has_rust(paths: &BTreeSet<String>, directory: &str) -> bool {
    let inside = paths.range(directory.to_owned()..);
    inside.take_while(|path| path.starts_with(directory)).any(|path| path.ends_with(".rs"))
}

/// Whether the line is only a comment.
fn is_comment(path: &str, line: &str) -> bool {
    let line = line.trim_start();
    let starts: &[&str] = match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("rs" | "js" | "mjs" | "ts" | "mts" | "tsx" | "jsx" | "css") => &["//", "/*", "* "],
        Some("py" | "pyi" | "toml" | "sh" | "yml" | "yaml") => &["# "],
        _ => &[],
    };
    starts.iter().any(|start| line.starts_with(start))
}

/// The columns of a line, without a very long word such as a URL, which cannot be wrapped.
fn columns(line: &str) -> usize {
    let all = line.chars().count();
    let longest =
        line.split_whitespace().map(|word| word.chars().count()).max().unwrap_or_default();
    if longest > COLUMNS / 2 { all - longest } else { all }
}
