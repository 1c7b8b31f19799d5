//! What the pages say about the installation agrees among them and with the manifests.

const README: &str = include_str!("../../README.md");
const INSTALL: &str = include_str!("../../docs/install.md");
const WORKER: &str = include_str!("../../docs/worker.md");
const CONTRIBUTING: &str = include_str!("../../CONTRIBUTING.md");
const NPM_README: &str = include_str!("../../npm/README.md");
const PYTHON_README: &str = include_str!("../../python/README.md");
const LOCKED: &str = include_str!("../../package-lock.json");
const NPM_MANIFEST: &str = include_str!("../../npm/package.json");
const PYTHON_MANIFEST: &str = include_str!("../../python/pyproject.toml");
const CARGO_MANIFEST: &str = include_str!("../../Cargo.toml");

/// The commands of the blocks for a shell, without their comments and indentation.
fn commands(page: &str) -> Vec<Vec<&str>> {
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let command = |line| str::split(line, " #").next().unwrap_or_default().trim();
    blocks.map(|block| block.trim().lines().map(command).collect()).collect()
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let rest = text.split_once(start).unwrap_or_else(|| panic!("{start} is not there")).1;
    rest.split(end).next().unwrap_or_default()
}

#[test]
fn the_versions_are_those_of_the_manifests() {
    let wrangler = between(LOCKED, "\"node_modules/wrangler\": {", "\n    }");
    let wrangler = between(wrangler, "\"node\": \">=", "\"").trim_end_matches(".0");
    let node = format!("{} or later", between(NPM_MANIFEST, "\"node\": \">=", "\""));
    let python =
        format!("Python {} or later", between(PYTHON_MANIFEST, "requires-python = \">=", "\""));
    let rust = format!("Rust {} or later", between(CARGO_MANIFEST, "rust-version = \"", "\""));
    for (name, page) in
        [("README.md", README), ("docs/install.md", INSTALL), ("CONTRIBUTING.md", CONTRIBUTING)]
    {
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        for version in [wrangler, &node, &python, &rust] {
            assert!(page.contains(version), "{name} does not name {version}");
        }
    }
    assert!(WORKER.contains(&format!("Node {wrangler} or later")));
}

#[test]
fn the_readme_installs_the_packages_as_the_page_does() {
    let section = between(README, "\n## Install\n", "\n## ");
    let known = commands(INSTALL).concat();
    for command in commands(section).concat() {
        assert!(known.contains(&command), "{command}");
    }
}

#[test]
fn a_page_deploys_a_clone_that_it_has_built_or_the_worker_of_the_package() {
    for page in [README, WORKER] {
        let deploys =
            commands(page).into_iter().filter(|block| block.contains(&"npx wrangler deploy"));
        let blocks: Vec<_> = deploys.collect();
        assert!(!blocks.is_empty());
        let has_package = page.contains("export { default, Revocations } from");
        let is_built = |block: &Vec<&str>| block[0] == "cargo xtask build";
        assert!(has_package || blocks.iter().all(is_built), "{blocks:?}");
    }
}

#[test]
fn the_pages_of_the_packages_say_that_they_are_not_published() {
    for page in [NPM_README, PYTHON_README] {
        assert!(page.contains("`docs/install.md`"));
    }
}
