//! Writes `docs/compatibility.md` from the results and the pinned versions.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use super::verdicts::{Host, Measured};
use crate::root;

/// The path of the page in the checkout.
pub(super) const PATH: &str = "docs/compatibility.md";

/// The oldest and the newest Python that the package supports.
pub(super) const PYTHONS: [&str; 2] = ["3.10", "3.14"];

/// Writes the page. Returns whether it was unchanged.
pub(super) fn write(measured: &[Measured]) -> Result<bool> {
    let path = root().join(PATH);
    let text = text(measured)?;
    let before = fs::read_to_string(&path).unwrap_or_default();
    fs::write(path, &text)?;
    Ok(before == text)
}

fn text(measured: &[Measured]) -> Result<String> {
    let mut text = INTRODUCTION.to_owned();
    text += &plugin_table(measured)?;
    text += OPTIONS;
    text += &option_table(measured);
    let _ = write!(text, "{ENVIRONMENTS}{}", environment_table()?);
    Ok(text)
}

const INTRODUCTION: &str = "\
# Compatibility

`cargo xtask test compat` writes this page and fails if a result differs. It runs the released versions of
Better Auth below and collects tokens, key sets and cookies from them. The core, the npm package and the
Python package must accept each one as issued, and must reject it with another signature, other claims,
another algorithm or another key, with the right error code.

## Versions of Better Auth

| `better-auth` | `@better-auth/oauth-provider` | `@better-auth/api-key` | cases |
|---|---|---|---|
";

const OPTIONS: &str = "
In versions 1.3 and 1.4 the API key plugin is part of `better-auth`. Version 1.3 has `oidcProvider` in place
of the OAuth provider.

## Options

`yes`: every case passes. **no**: a case fails. `–`: the version does not have the option. The last column
lists what was tested. The Worker and Next.js run the core. The Python package accepts tokens, not Better
Auth's cookies.

";

const ENVIRONMENTS: &str = "
## Frameworks and runtimes

";

fn plugin_table(measured: &[Measured]) -> Result<String> {
    let mut table = String::new();
    for Measured { version, options, .. } in measured {
        let file = crate::setup::better_auth_versions().join(version).join("package.json");
        let package = json(&file)?;
        let pin = |name: &str| package["dependencies"][name].as_str().unwrap_or("–").to_owned();
        let cases: usize = options.iter().map(|option| option.cases).sum();
        let (oauth, api_key) = (pin("@better-auth/oauth-provider"), pin("@better-auth/api-key"));
        let _ = writeln!(table, "| {version} | {oauth} | {api_key} | {cases} |");
    }
    Ok(table)
}

fn option_table(measured: &[Measured]) -> String {
    let versions: Vec<_> = measured.iter().map(|measured| measured.version.as_str()).collect();
    let mut table = format!("| Option | {} | tested |\n", versions.join(" | "));
    let _ = writeln!(table, "|---|{}---|", "---|".repeat(versions.len()));
    let Some(first) = measured.first() else { return table };
    for (row, option) in first.options.iter().enumerate() {
        let cells = measured.iter().map(|measured| match &measured.options[row] {
            option if !option.exists => "–",
            option if option.holds => "yes",
            _ => "**no**",
        });
        let cells: Vec<_> = cells.collect();
        let tested = Host::ALL.into_iter().filter(|host| {
            measured.iter().any(|measured| measured.options[row].hosts.contains(host))
        });
        let tested: Vec<_> = tested.map(|host| host.to_string()).collect();
        let (name, cells) = (&option.option, cells.join(" | "));
        let _ = writeln!(table, "| {name} | {cells} | {} |", tested.join(", "));
    }
    table
}

/// The pinned versions of frameworks and runtimes.
fn environment_table() -> Result<String> {
    let pins = |name: &str| fs::read_to_string(root().join("python").join(name));
    let fastapi = |text: &str| {
        let lines = text.lines().filter_map(|line| line.strip_prefix("fastapi=="));
        let mut versions = lines.filter_map(|line| line.split([' ', '\\']).next());
        versions.next_back().map(str::to_owned).context("no FastAPI is pinned")
    };
    let oldest = fastapi(&pins("requirements-fastapi-0.115.txt")?)?;
    let newest = fastapi(&pins("requirements-dev.txt")?)?;
    let workspace = json(&root().join("package.json"))?;
    let web = json(&root().join("examples/fullstack/web/package.json"))?;
    let pin = |package: &Value, kind: &str, name: &str| -> Result<String> {
        Ok(package[kind][name]
            .as_str()
            .with_context(|| format!("{name} is not pinned"))?
            .to_owned())
    };
    let mut next = vec![pin(&web, "dependencies", "next")?];
    let older = root().join("tools/next-15/package.json");
    if older.exists() {
        next.insert(0, pin(&json(&older)?, "dependencies", "next")?);
    }
    let [python, newest_python] = PYTHONS;
    Ok(format!(
        "\
| | Versions | What runs |
|---|---|---|
| FastAPI | {oldest}, {newest} | the Python package's tests: all with the newest; those of authentication, \
settings and WebSockets with the oldest |
| Python | {python} to {newest_python} | all tests with the Python that is installed; types, syntax and the \
standard library's names are checked for {python} and {newest_python} |
| Next.js | {next} | builds with `middleware.ts` and `proxy.ts`, by Turbopack and webpack, in Chromium |
| workerd | {workerd} | the Worker and the npm package |
| wrangler | {wrangler} | the Worker under `wrangler dev` |
",
        next = next.join(", "),
        workerd = pin(&workspace, "devDependencies", "workerd")?,
        wrangler = pin(&workspace, "devDependencies", "wrangler")?,
    ))
}

fn json(file: &std::path::Path) -> Result<Value> {
    let text = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(serde_json::from_slice(&text)?)
}
