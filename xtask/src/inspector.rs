//! Builds the inspector, the page in `www/` with the core's wasm, as static files.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::setup::{self, run};
use crate::{build, progress, root, wasm};

/// The path of the page in a Worker's static assets. It is reserved for the edge, so it hides no
/// path of the upstream.
pub const PATH: &str = ".well-known/better-auth-edge/inspector";

/// Builds the page into `www/dist` and returns that directory.
pub fn build() -> Result<PathBuf> {
    setup::npm_packages()?;
    let root = root();
    let dist = root.join("www/dist");
    // cargo writes this wasm to the same path as the npm package's
    let _lock = setup::lock(&root.join("target/javascript"))?;
    let stamp = root.join("target/inspector/.made-by-xtask");
    let sources = sources(&root)?;
    if fs::read_to_string(&stamp).is_ok_and(|built| built == sources) && dist.is_dir() {
        return Ok(dist);
    }
    progress("building the inspector");
    let core = core(&root)?;
    if dist.exists() {
        fs::remove_dir_all(&dist)?;
    }
    let page = dist.join(PATH);
    fs::create_dir_all(&page)?;
    fs::copy(core.join("index_bg.wasm"), page.join("inspector.wasm"))?;
    let source = root.join("www/src");
    for name in ["index.html", "style.css", "report.css", "timeline.css", "icon.svg"] {
        fs::copy(source.join(name), page.join(name))?;
    }
    run(Command::new(root.join("node_modules/esbuild/bin/esbuild"))
        .arg(source.join("main.js"))
        .args(["--bundle", "--minify", "--format=esm", "--target=es2022", "--log-level=warning"])
        .arg(format!("--alias:core={}", core.join("index.js").display()))
        .arg(format!("--outfile={}", page.join("inspector.js").display())))?;
    let errors = fs::read_to_string(root.join("docs/errors.md"))?;
    fs::write(page.join("errors.json"), errors_as_json(&errors).to_string())?;
    let html = fs::read_to_string(source.join("index.html"))?;
    fs::write(dist.join("_headers"), headers(&html)?)?;
    fs::write(stamp, sources)?;
    Ok(dist)
}

/// Builds the wasm with the exports that the inspector needs, and its JavaScript.
fn core(root: &Path) -> Result<PathBuf> {
    let directory = root.join("target/inspector");
    let compiled = build::compile_for_javascript("inspector")?;
    run(Command::new(setup::wasm_bindgen()?.join("wasm-bindgen"))
        .args(["--target", "web", "--no-typescript", "--out-name", "index", "--out-dir"])
        .args([&directory, &compiled]))?;
    let wasm = directory.join("index_bg.wasm");
    // the page uses explanations only, not the verifier
    wasm::without_exports(&wasm, &["erifier"])?;
    wasm::optimize(&wasm, wasm::Names::Removed)?;
    wasm::check_size("the inspector's wasm", &wasm, BUDGET)?;
    Ok(directory)
}

/// Maximum gzipped size of the wasm, in bytes.
const BUDGET: usize = 141_000;

fn sources(root: &Path) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    build::sources(root)?.hash(&mut hasher);
    fs::read(root.join("docs/errors.md"))?.hash(&mut hasher);
    build::hash_tree(&root.join("www/src"), &mut hasher)?;
    Ok(format!("{:016x}", hasher.finish()))
}

/// The `_headers` file for static assets on Cloudflare: the page's own Content Security Policy, and
/// directives that a page cannot set in its HTML.
fn headers(html: &str) -> Result<String> {
    let policy = html.split("http-equiv=\"Content-Security-Policy\"").nth(1);
    let policy = policy.and_then(|rest| rest.split('"').nth(1)).context("no policy in the page")?;
    let policy = policy.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(format!(
        "/{PATH}/*\n  \
           Content-Security-Policy: {policy} frame-ancestors 'none'\n  \
           Cross-Origin-Opener-Policy: same-origin\n  \
           Cross-Origin-Resource-Policy: same-origin\n  \
           Permissions-Policy: camera=(), geolocation=(), microphone=()\n  \
           Referrer-Policy: no-referrer\n  \
           X-Content-Type-Options: nosniff\n  \
           X-Frame-Options: DENY\n"
    ))
}

/// The sections of `docs/errors.md` by error code, for the page.
fn errors_as_json(markdown: &str) -> Value {
    let sections = markdown.split("\n## ").skip(1).map(|section| {
        let (code, body) = section.split_once('\n').unwrap_or((section, ""));
        // join lines: a new paragraph or item begins after an empty line or with a dash
        let joined = body.replace("\n\n", "\u{1}").replace("\n- ", "\u{1}- ").replace("\n  ", " ");
        let joined = joined.replace('\n', " ");
        let parts: Vec<_> = joined.split('\u{1}').map(str::trim).collect();
        let item = |name: &str| {
            let start = format!("- **{name}**: ");
            parts.iter().find_map(|part| part.strip_prefix(&start)).unwrap_or_default()
        };
        let own =
            |part: &&&str| !part.is_empty() && !part.starts_with("**") && !part.starts_with("- ");
        let meaning: Vec<_> = parts.iter().filter(own).copied().collect();
        let section = json!({
            "meaning": meaning.join(" "),
            "causes": causes(item("Causes")),
            "cure": item("Cure"),
        });
        (code.trim().to_owned(), section)
    });
    Value::Object(sections.collect::<Map<_, _>>())
}

/// Causes are separated by semicolons, except in code or in parentheses.
fn causes(text: &str) -> Vec<String> {
    let (mut causes, mut in_code, mut depth) = (vec![String::new()], false, 0_i32);
    for c in text.trim_end_matches('.').chars() {
        match c {
            '`' => in_code = !in_code,
            '(' if !in_code => depth += 1,
            ')' if !in_code => depth -= 1,
            ';' if !in_code && depth == 0 => {
                causes.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(cause) = causes.last_mut() {
            cause.push(c);
        }
    }
    causes.iter().map(|cause| cause.trim().to_owned()).filter(|cause| !cause.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_errors_page_has_a_meaning_causes_and_a_cure() {
        let markdown = include_str!("../../docs/errors.md");
        let errors = errors_as_json(markdown);
        let errors = errors.as_object().unwrap();
        assert_eq!(errors.len(), markdown.matches("\n## ").count());
        for (code, error) in errors {
            for part in ["meaning", "cure"] {
                let text = error[part].as_str().unwrap();
                assert!(text.len() > 20 && !text.contains(['\n', '#']), "{code}: {part} {text:?}");
                assert!(!text.contains("**"), "{code}: {part} {text:?}");
            }
            let causes = error["causes"].as_array().unwrap();
            assert!(!causes.is_empty(), "{code}");
            for cause in causes {
                let cause = cause.as_str().unwrap();
                assert_eq!(cause.matches('`').count() % 2, 0, "{code}: {cause}");
                assert_eq!(
                    cause.matches('(').count(),
                    cause.matches(')').count(),
                    "{code}: {cause}"
                );
            }
        }
        assert!(errors["expired"]["cure"].as_str().unwrap().contains("`expirationTime: \"15m\"`"));
    }
}
