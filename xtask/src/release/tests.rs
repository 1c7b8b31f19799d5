use std::fs;

use super::manifests::Manifests;
use super::python::{SDIST_FILES, WHEEL_FILES};
use super::{CRATE_FILES, NPM_FILES, expect_files, relative_links, run};
use crate::root;

const URL: &str = "https://example.com/edge";

fn ready() -> Manifests {
    Manifests {
        version: "1.2.3".into(),
        versions: vec![("npm", "1.2.3".into()), ("python", "1.2.3".into())],
        repository: URL.into(),
        repositories: vec![("npm", format!("git+{URL}.git")), ("python", URL.into())],
        changelog: "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-12-01\n".into(),
    }
}

#[test]
fn a_release_with_equal_versions_its_tag_and_its_repository_is_ready() {
    assert_eq!(ready().errors(Some("v1.2.3")), Vec::<String>::new());
    assert_eq!(ready().errors(None), Vec::<String>::new());
}

#[test]
fn a_release_without_the_repository_is_rejected_and_a_dry_run_is_not() {
    let mut manifests = ready();
    manifests.repository.clear();
    manifests.repositories.iter_mut().for_each(|(_, url)| url.clear());
    assert_eq!(manifests.errors(None), Vec::<String>::new());
    let errors = manifests.errors(Some("v1.2.3"));
    assert_eq!(errors.len(), 1);
    assert!(errors[0].contains("[workspace.metadata.release]"), "{errors:?}");
}

#[test]
fn a_package_that_names_another_repository_is_rejected() {
    let mut manifests = ready();
    manifests.repositories[1].1 = "https://example.com/fork".into();
    assert_eq!(manifests.errors(None).len(), 1);
}

#[test]
fn a_tag_that_is_not_the_version_is_rejected() {
    for tag in ["v1.2.4", "v1.2", "1.2.3"] {
        let errors = ready().errors(Some(tag));
        assert_eq!(errors, [format!("the tag is {tag}, and the version is 1.2.3")]);
    }
}

#[test]
fn all_unequal_versions_are_reported_at_once() {
    let mut manifests = ready();
    manifests.versions.iter_mut().for_each(|(_, version)| *version = "1.2.2".into());
    assert_eq!(manifests.errors(None).len(), 2);
}

#[test]
fn a_release_requires_its_section_of_the_changelog() {
    let mut manifests = ready();
    manifests.changelog = "# Changelog\n\n## [Unreleased]\n".into();
    assert_eq!(manifests.errors(None), Vec::<String>::new());
    assert_eq!(
        manifests.errors(Some("v1.2.3")),
        ["CHANGELOG.md needs a section ## [1.2.3] - date"]
    );
    manifests.changelog.clear();
    assert_eq!(manifests.errors(None).len(), 1);
}

#[test]
fn this_checkout_states_one_version_and_one_repository() {
    let manifests = Manifests::read(&root()).unwrap();
    assert_eq!(manifests.errors(None), Vec::<String>::new());
}

#[test]
fn the_pages_state_the_rust_version_of_cargo_toml() {
    let cargo = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let version = cargo.split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    let pages =
        ["README.md", "CONTRIBUTING.md", "docs/install.md", "python/README.md", "src/README.md"];
    for path in pages {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let stated = text.split("Rust ").skip(1).map(|rest| {
            rest.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default()
        });
        let stated: Vec<_> = stated.filter(|stated| stated.contains('.')).collect();
        assert!(!stated.is_empty(), "{path} does not state a version of Rust");
        assert!(stated.iter().all(|stated| stated.trim_end_matches('.') == version), "{path}");
    }
}

#[test]
fn the_readme_has_the_two_commands_under_their_own_heading() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let section = readme.split("\n## Run the example and the tests\n").nth(1).expect("the heading");
    let section = section.split("\n## ").next().unwrap();
    for command in ["\ncargo xtask demo --check", "\ncargo xtask test"] {
        assert!(section.contains(command), "{command}");
    }
}

#[test]
fn relative_links_are_found_in_every_notation() {
    let markdown = "[a](../a.md) ![b](b.png) [c](https://example.com) [d](#d) <img src=\"e.svg\">\n\
                    [f]: docs/f.md\n[g]: https://example.com/g\n";
    assert_eq!(relative_links(markdown), ["../a.md", "b.png", "docs/f.md", "e.svg"]);
}

#[test]
fn unknown_files_and_missing_files_are_rejected() {
    let files = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    let good = files(&["Cargo.toml", "src/lib.rs", "src/host/js.js", "LICENSE"]);
    assert!(expect_files("it", &good, CRATE_FILES, &["src/lib.rs"]).is_ok());
    let error = expect_files("it", &files(&[".dev.vars"]), CRATE_FILES, &[]).unwrap_err();
    assert!(error.to_string().contains(".dev.vars"), "{error}");
    let error = expect_files("it", &good, CRATE_FILES, &["README.md"]).unwrap_err();
    assert_eq!(error.to_string(), "it lacks [\"README.md\"]");
    assert!(expect_files("it", &files(&["dist/node/index.js.map"]), NPM_FILES, &[]).is_err());
    let wheel = [
        "better_auth_edge/sqlmodel/reads.py",
        "better_auth_edge/_core.pyi",
        "better_auth_edge/_core.abi3.so",
        "better_auth_edge/_core.cpython-314t-x86_64-linux-gnu.so",
        "better_auth_edge/_core.pyd",
        "better_auth_edge-0.1.0.dist-info/METADATA",
    ];
    assert!(expect_files("it", &files(&wheel), WHEEL_FILES, &[]).is_ok());
    let sdist = ["src/lib.rs", "python/src/lib.rs", "Cargo.lock", "better_auth_edge/__init__.py"];
    assert!(expect_files("it", &files(&sdist), SDIST_FILES, &[]).is_ok());
    for other in ["tests/test_auth.py", "python/tests/test_auth.py", "xtask/src/lib.rs"] {
        assert!(expect_files("it", &files(&[other]), WHEEL_FILES, &[]).is_err(), "{other}");
        assert!(expect_files("it", &files(&[other]), SDIST_FILES, &[]).is_err(), "{other}");
    }
    let built = files(&["better_auth_edge/_core.abi3.so"]);
    assert!(expect_files("it", &built, SDIST_FILES, &[]).is_err());
}

#[test]
fn release_takes_a_dry_run_or_a_tag() {
    for arguments in [&[][..], &["1.2.3"], &["--publish"], &["--dry-run", "v1.2.3"]] {
        assert!(run(arguments).is_err(), "{arguments:?}");
    }
}

#[test]
fn the_release_workflow_publishes_after_every_wheel() {
    let workflow = fs::read_to_string(root().join(".github/workflows/release.yml")).unwrap();
    for platform in [
        "manylinux-x86_64",
        "manylinux-aarch64",
        "musllinux-x86_64",
        "musllinux-aarch64",
        "macos-arm64",
        "macos-x86_64",
        "windows-x86_64",
    ] {
        assert!(workflow.contains(&format!("{{ platform: {platform},")), "{platform}");
    }
    let jobs = workflow.split("\n  crate:\n").nth(1).expect("the jobs that publish");
    assert_eq!(jobs.matches("\n    environment: release\n").count(), 3);
    assert_eq!(jobs.matches("    needs: [pack, wheels]\n").count(), 3);
    // the wheel that `pack` builds has no tag that PyPI accepts
    let pack = workflow.split("\n  wheels:\n").next().expect("the job that packs");
    assert!(pack.contains("path: target/packages/*.tar.gz\n") && !pack.contains(".whl"));
}
