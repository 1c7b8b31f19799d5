//! Checks the links of all Markdown files: each file and anchor must exist.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::markdown::Document;

/// The broken links of the checkout, each as `file:line: message`.
pub(super) fn broken(root: &Path) -> Result<Vec<String>> {
    let mut documents = HashMap::new();
    for file in markdown_files(root)? {
        let text = fs::read_to_string(root.join(&file))
            .with_context(|| format!("cannot read {}", file.display()))?;
        documents.insert(file, Document::parse(&text));
    }
    let mut broken: Vec<_> = documents
        .iter()
        .flat_map(|(file, document)| {
            let documents = &documents;
            document.links.iter().filter_map(move |link| {
                let error = error(root, documents, file, &link.target)?;
                Some(format!("{}:{}: {}: {error}", file.display(), link.line, link.target))
            })
        })
        .collect();
    broken.sort();
    Ok(broken)
}

/// Resolves a relative link of a file. Returns the path from the checkout's root and the anchor, or
/// `None` for a link to another host.
pub(super) fn resolve<'a>(file: &Path, target: &'a str) -> Option<(PathBuf, Option<&'a str>)> {
    let scheme = target.split(['/', '#', '?']).next().is_some_and(|start| start.contains(':'));
    if scheme || target.starts_with("//") {
        return None;
    }
    let (path, anchor) = match target.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (target, None),
    };
    if path.is_empty() {
        return Some((file.to_owned(), anchor));
    }
    let directory = file.parent().unwrap_or(Path::new(""));
    Some((normalize(&directory.join(path)), anchor))
}

/// The relative path from `file` to `other`. Both are relative to the same root.
pub(super) fn relative(file: &Path, other: &Path) -> String {
    let parts = |path: &Path| -> Vec<String> {
        path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
    };
    let directory = parts(file.parent().unwrap_or(Path::new("")));
    let other = parts(other);
    let common = directory.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let up = if directory.len() == common {
        vec![".".to_owned()]
    } else {
        vec!["..".to_owned(); directory.len() - common]
    };
    [&up[..], &other[common..]].concat().join("/")
}

fn error(
    root: &Path,
    documents: &HashMap<PathBuf, Document>,
    file: &Path,
    target: &str,
) -> Option<&'static str> {
    let (path, anchor) = resolve(file, target)?;
    if target.starts_with('/') {
        return Some("is absolute; use a path relative to this file");
    }
    if path.starts_with("..") {
        return Some("points outside of the checkout");
    }
    if !root.join(&path).exists() {
        return Some("the file does not exist");
    }
    let document = documents.get(&path)?;
    let anchor = anchor?;
    (!document.anchors.iter().any(|name| name == anchor))
        .then_some("the page does not have this heading")
}

/// Resolves `.` and `..` as far as the path allows.
fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

/// The Markdown files that git tracks, and new files that it does not ignore.
fn markdown_files(root: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.md"])
        .current_dir(root)
        .output()
        .context("cannot start git")?;
    ensure!(output.status.success(), "git ls-files failed: {}", output.status);
    let names = String::from_utf8(output.stdout)?;
    let files = names.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from);
    // a deleted file stays in the index until it is committed
    Ok(files.filter(|file| root.join(file).is_file()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_resolved_relative_to_their_file() {
        let file = Path::new("docs/fastapi/index.md");
        let cases = [
            ("../errors.md#expired", Some(("docs/errors.md", Some("expired")))),
            ("#here", Some(("docs/fastapi/index.md", Some("here")))),
            ("../../wrangler.toml", Some(("wrangler.toml", None))),
            ("../../../elsewhere", Some(("../elsewhere", None))),
            ("https://example.com/#a", None),
            ("mailto:a@example.com", None),
        ];
        for (target, expected) in cases {
            let expected = expected.map(|(path, anchor)| (PathBuf::from(path), anchor));
            assert_eq!(resolve(file, target), expected, "{target}");
        }
    }

    #[test]
    fn a_path_from_one_page_to_another_is_relative() {
        let cases = [
            ("index.md", "guide/worker.md", "./guide/worker.md"),
            ("guide/worker.md", "guide/client.md", "./client.md"),
            ("guide/fastapi/testing.md", "reference/errors.md", "../../reference/errors.md"),
        ];
        for (file, other, expected) in cases {
            assert_eq!(relative(Path::new(file), Path::new(other)), expected);
        }
    }

    #[test]
    fn a_link_to_a_missing_file_or_heading_is_broken() {
        let root = crate::root();
        let page = PathBuf::from("docs/errors.md");
        let text = "# Errors\n\n## expired\n";
        let documents = HashMap::from([(page.clone(), Document::parse(text))]);
        let error = |target| error(&root, &documents, &page, target);
        assert_eq!(error("#expired"), None);
        assert_eq!(error("../README.md"), None);
        assert_eq!(error("https://example.com/none"), None);
        for target in ["#gone", "gone.md", "/docs/errors.md", "../../x.md"] {
            assert!(error(target).is_some(), "{target}");
        }
    }
}
