//! The blocks of code in the documentation, each of which a test checks.
//!
//! `tests/docs/examples.rs` checks configuration. `npm/test/documents.test.ts` type-checks
//! TypeScript, `npm/test/documents.commands.test.ts` checks commands, and
//! `python/tests/test_documents.py` runs Python and SQL. All read the pages that [`pages`] names.

use std::fs;
use std::path::{Path, PathBuf};

/// A fenced block of code.
pub(crate) struct Block {
    /// The page, relative to the repository, and the line of the fence
    pub(crate) place: String,
    /// The word after the fence
    pub(crate) language: String,
    /// The text without the indentation of the fence
    pub(crate) text: String,
}

/// The languages, and the tests that check their blocks.
const LANGUAGES: [(&str, &str); 11] = [
    ("js", TYPESCRIPT),
    ("json", EXAMPLES),
    ("jsonc", EXAMPLES),
    ("py", PYTHON),
    ("sh", COMMANDS),
    ("sql", PYTHON),
    // what a program prints, or a picture
    ("text", ""),
    ("toml", EXAMPLES),
    ("ts", TYPESCRIPT),
    ("tsx", TYPESCRIPT),
    ("yaml", EXAMPLES),
];

const EXAMPLES: &str = "tests/docs/examples.rs";
const PYTHON: &str = "python/tests/test_documents.py";
const COMMANDS: &str = "npm/test/documents.commands.test.ts";
const TYPESCRIPT: &str = "npm/test/documents.test.ts";

/// All blocks of all pages.
pub(crate) fn blocks() -> Vec<Block> {
    let pages = pages();
    pages.iter().flat_map(|page| blocks_of(page, &read(page))).collect()
}

/// The pages, relative to the repository: those for users and contributors, without the decisions.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = READMES.iter().map(PathBuf::from).collect();
    for directory in ["docs", "examples", "templates"] {
        add_pages(Path::new(directory), &mut pages);
    }
    pages
}

const READMES: [&str; 6] = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "npm/README.md",
    "python/README.md",
    "src/README.md",
];

fn add_pages(directory: &Path, pages: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(root().join(directory)).unwrap();
    let mut entries: Vec<_> = entries.map(|entry| entry.unwrap()).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = directory.join(entry.file_name());
        let is_installed = entry.file_name() == "node_modules"
            || entry.file_name().to_string_lossy().starts_with('.');
        match entry.file_type().unwrap() {
            kind if kind.is_dir() && !is_installed => add_pages(&path, pages),
            _ if path.extension().is_some_and(|extension| extension == "md") => pages.push(path),
            _ => {}
        }
    }
}

fn blocks_of(page: &Path, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(language) = line.trim_start().strip_prefix("```") else { continue };
        let indentation = line.len() - line.trim_start().len();
        let block = lines.by_ref().map(|(_, line)| line);
        let block = block.take_while(|line| line.trim() != "```");
        let unindented = block.map(|line| line.get(indentation..).unwrap_or_default());
        blocks.push(Block {
            place: format!("{}:{}", page.display(), number + 1),
            language: language.to_owned(),
            text: unindented.collect::<Vec<_>>().join("\n"),
        });
    }
    blocks
}

fn read(page: &Path) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_block_has_a_language_that_a_test_checks() {
    let blocks = blocks();
    let unknown = blocks.iter().filter(|block| !LANGUAGES.iter().any(|it| it.0 == block.language));
    let unknown: Vec<_> = unknown.map(|it| format!("{}: {:?}", it.place, it.language)).collect();
    assert!(unknown.is_empty(), "no test checks these blocks: {unknown:#?}");
    for language in ["py", "sh", "sql", "toml", "ts", "tsx"] {
        assert!(blocks.iter().any(|block| block.language == language), "{language}");
    }
}

#[test]
fn the_tests_of_the_languages_exist_and_name_them() {
    for (language, test) in LANGUAGES.iter().filter(|(_, test)| !test.is_empty()) {
        let source = read(Path::new(test));
        assert!(source.contains(&format!("\"{language}\"")), "{test} does not name {language}");
    }
}

#[test]
fn the_tests_of_all_languages_read_the_same_pages() {
    for test in [PYTHON, "npm/test/documents.ts"] {
        let source = read(Path::new(test));
        for readme in READMES {
            assert!(source.contains(&format!("\"{readme}\"")), "{test} does not read {readme}");
        }
        for directory in ["docs", "examples", "templates"] {
            assert!(source.contains(&format!("\"{directory}\"")), "{test}: {directory}");
        }
    }
}

#[test]
fn a_block_in_a_list_is_a_block_without_its_indentation() {
    let text = "1. One:\n\n   ```toml\n   [vars]\n\n     x = 1\n   ```\n\n```\nopen\n```\n";
    let blocks = blocks_of(Path::new("a.md"), text);
    let found: Vec<_> = blocks.iter().map(|it| (&*it.language, &*it.text)).collect();
    assert_eq!(found, [("toml", "[vars]\n\n  x = 1"), ("", "open")]);
    assert_eq!(blocks[1].place, "a.md:9");
}
