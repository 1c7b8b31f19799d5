//! Reads the manifests of a release: versions, the repository, the changelog.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// The fields of all manifests that a release depends on.
#[derive(Clone, Debug, Default)]
pub(super) struct Manifests {
    /// The crate's version; all others must equal it
    pub(super) version: String,
    /// The version in other files, by file
    pub(super) versions: Vec<(&'static str, String)>,
    /// `repository` in `[workspace.metadata.release]` of Cargo.toml; all others must equal it
    pub(super) repository: String,
    /// The repository in each package's manifest, empty if it is absent
    pub(super) repositories: Vec<(&'static str, String)>,
    pub(super) changelog: String,
}

impl Manifests {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let text = |path: &str| {
            fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))
        };
        let cargo: Value = toml::from_str(&text("Cargo.toml")?).context("Cargo.toml")?;
        let npm: Value = serde_json::from_str(&text("npm/package.json")?).context("npm")?;
        let create: Value =
            serde_json::from_str(&text("create/package.json")?).context("create")?;
        let python: Value = toml::from_str(&text("python/pyproject.toml")?).context("python")?;
        let extension: Value = toml::from_str(&text("python/Cargo.toml")?).context("python")?;
        let version_py = text("python/better_auth_edge/version.py")?;
        let own = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(Self {
            version: own(&cargo["package"]["version"]),
            versions: vec![
                ("npm/package.json", own(&npm["version"])),
                ("create/package.json", own(&create["version"])),
                ("python/Cargo.toml", own(&extension["package"]["version"])),
                ("python/pyproject.toml", own(&python["project"]["version"])),
                ("python/better_auth_edge/version.py", version_constant(&version_py)),
            ],
            repository: own(&cargo["workspace"]["metadata"]["release"]["repository"]),
            repositories: vec![
                ("Cargo.toml, package.repository", own(&cargo["package"]["repository"])),
                ("npm/package.json, repository.url", own(&npm["repository"]["url"])),
                (
                    "python/pyproject.toml, project.urls.Repository",
                    own(&python["project"]["urls"]["Repository"]),
                ),
            ],
            changelog: text("CHANGELOG.md")?,
        })
    }

    /// All errors at once. A release has a tag; a dry run has none.
    pub(super) fn errors(&self, tag: Option<&str>) -> Vec<String> {
        let mut errors = self.version_errors();
        errors.extend(self.repository_errors());
        errors.extend(match tag {
            Some(tag) => self.tag_errors(tag),
            None if self.has_section("Unreleased") || self.has_section(&self.version) => Vec::new(),
            None => vec!["CHANGELOG.md needs a section ## [Unreleased]".to_owned()],
        });
        errors
    }

    fn version_errors(&self) -> Vec<String> {
        let others = self.versions.iter().filter(|(_, version)| *version != self.version);
        others
            .map(|(file, version)| {
                format!("{file} has version {version:?}, Cargo.toml has {:?}", self.version)
            })
            .collect()
    }

    /// npm's provenance and trusted publishing compare these with the repository of the workflow.
    fn repository_errors(&self) -> Vec<String> {
        let others =
            self.repositories.iter().filter(|(_, url)| bare(url) != bare(&self.repository));
        others
            .map(|(field, url)| {
                format!(
                    "{field} is {url:?}, and repository in [workspace.metadata.release] of \
                     Cargo.toml is {:?}: set both to the same URL",
                    self.repository
                )
            })
            .collect()
    }

    fn tag_errors(&self, tag: &str) -> Vec<String> {
        let mut errors = Vec::new();
        if self.repository.is_empty() {
            errors.push(
                "repository in [workspace.metadata.release] of Cargo.toml is empty: set it to the \
                 URL of the repository"
                    .to_owned(),
            );
        }
        if tag.strip_prefix('v') != Some(&self.version) {
            errors.push(format!("the tag is {tag}, and the version is {}", self.version));
        }
        if !self.has_section(&self.version) {
            errors.push(format!("CHANGELOG.md needs a section ## [{}] - date", self.version));
        }
        errors
    }

    fn has_section(&self, name: &str) -> bool {
        let title = format!("## [{name}]");
        self.changelog.lines().any(|line| line.starts_with(&title))
    }
}

/// A repository's URL without npm's `git+` prefix and `.git` suffix.
fn bare(url: &str) -> &str {
    url.trim_start_matches("git+").trim_end_matches('/').trim_end_matches(".git")
}

/// The value of `VERSION = "…"`.
fn version_constant(python: &str) -> String {
    let value = python.lines().find_map(|line| line.strip_prefix("VERSION = "));
    value.unwrap_or_default().trim_matches('"').to_owned()
}
