//! `cargo xtask simulate`: the model of `benches/simulation`, and its report on the edge at scale
//! in `docs/benchmarks/`.

mod costs;
mod page;
mod prices;
mod words;

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::bench::today;
use crate::cargo::built_file;
use crate::{docs, progress, root, write_changed};
use page::Page;

/// Runs the model. Without options, or with `--seed`, writes the report. With other numbers or one
/// scenario, only prints it.
///
/// # Errors
/// An option is wrong, or the oracle has found a wrong decision.
pub fn run(options: &[&str]) -> Result<()> {
    check(options)?;
    let changes_model = options.chunks(2).any(|pair| pair[0] != "--seed");
    let mut report = simulate(options)?;
    if let Some(report) = report.as_object_mut() {
        report.insert("command".to_owned(), json!("cargo xtask simulate"));
        report.insert("date".to_owned(), json!(today()?));
    }
    let text = Page::new(&report)?.text()?;
    println!("{text}");
    let wrong = wrong_decisions(&report);
    ensure!(wrong.is_empty(), "the oracle found wrong decisions:\n{}", wrong.join("\n"));
    if !changes_model {
        fs::write(root().join(PAGE), text)?;
        fs::write(root().join(REPORT), compact(&report)?)?;
        docs::draw_benchmarks()?;
        progress("written to docs/benchmarks/");
    }
    Ok(())
}

/// Writes the page of the last run again, with the present figures of the other benchmarks.
///
/// # Errors
/// A report is missing or has an unexpected shape.
pub(crate) fn write_page() -> Result<()> {
    Ok(write_changed(&root().join(PAGE), &page_of_last_run()?)?)
}

const PAGE: &str = "docs/benchmarks/scale.md";
const REPORT: &str = "docs/benchmarks/scale.json";

fn page_of_last_run() -> Result<String> {
    let report = fs::read_to_string(root().join(REPORT)).context("cannot read the report")?;
    Page::new(&serde_json::from_str(&report)?)?.text()
}

/// The options, and what their values are.
pub(crate) const OPTIONS: [(&str, &str); 8] = [
    ("--seed", "of all random numbers"),
    ("--scenario", "runs one scenario"),
    ("--users", "users per day"),
    ("--datacenters", "data centers"),
    ("--isolates", "isolates at the busiest hours"),
    ("--visits", "visits of a user per day"),
    ("--requests", "requests of a visit"),
    ("--token-lifetime", "seconds from the issue of a token to its expiry"),
];

fn check(options: &[&str]) -> Result<()> {
    for pair in options.chunks(2) {
        let is_known = OPTIONS.iter().any(|(name, _)| *name == pair[0]);
        let [name, value] = pair else { bail!(usage()) };
        ensure!(is_known, usage());
        // before the build, which takes minutes
        let is_number = value.parse::<f64>().is_ok_and(|number| number >= 0.0);
        ensure!(*name == "--scenario" || is_number, "{name} {value}: the value is not a number");
    }
    Ok(())
}

fn usage() -> String {
    let names = OPTIONS.map(|(name, what)| format!("  {name:<17} {what}"));
    format!("simulate takes these options, each with a value:\n{}", names.join("\n"))
}

/// Builds the model for speed and runs it.
fn simulate(options: &[&str]) -> Result<Value> {
    progress("building the model, which takes minutes the first time");
    let mut build = Command::new("cargo");
    build.args(["build", "--package", "simulation", "--profile", "bench"]);
    let program = built_file(&mut build, "run-simulation", "run-simulation")?;
    let output = Command::new(program)
        .args(options)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start the simulation")?;
    ensure!(output.status.success(), "the simulation failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What must never happen, by scenario.
fn wrong_decisions(report: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for scenario in report["scenarios"].as_array().into_iter().flatten() {
        let name = scenario["name"].as_str().unwrap_or_default();
        if scenario["falseRejections"] != 0 {
            wrong.push(format!("{name}: {} false rejections", scenario["falseRejections"]));
        }
        let failures = scenario["failures"].as_array().into_iter().flatten();
        wrong.extend(failures.filter_map(Value::as_str).map(|what| format!("{name}: {what}")));
    }
    wrong
}

/// The report as JSON, with one line for each scenario.
fn compact(report: &Value) -> Result<String> {
    let mut report = report.clone();
    let scenarios = report.as_object_mut().and_then(|report| report.remove("scenarios"));
    let scenarios = scenarios.as_ref().and_then(Value::as_array).context("no scenarios")?;
    let lines: Result<Vec<_>, _> = scenarios.iter().map(serde_json::to_string).collect();
    let head = serde_json::to_string(&report)?;
    let head = head.strip_suffix('}').context("the report is not an object")?;
    Ok(format!("{head},\"scenarios\":[\n{}\n]}}\n", lines?.join(",\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_checked_before_the_model_is_built() {
        let error = |options: &[&str]| check(options).err().map(|error| error.to_string());
        assert_eq!(error(&["--users", "2000", "--scenario", "day"]), None);
        assert_eq!(error(&["--users", "x"]).unwrap(), "--users x: the value is not a number");
        for wrong in [&["--user", "5"][..], &["--users"], &["--seed", "1", "--users"]] {
            assert!(error(wrong).unwrap().starts_with("simulate takes these options"), "{wrong:?}");
        }
    }

    #[test]
    fn a_false_rejection_or_another_failure_is_a_wrong_decision() {
        let scenario = |count: u32, failures: &[&str]| json!({ "name": "day", "falseRejections": count, "failures": failures });
        let wrong = |scenario: Value| wrong_decisions(&json!({ "scenarios": [scenario] }));
        assert!(wrong(scenario(0, &[])).is_empty());
        assert_eq!(wrong(scenario(2, &[])), ["day: 2 false rejections"]);
        assert_eq!(wrong(scenario(0, &["late"])), ["day: late"]);
    }

    #[test]
    fn the_page_shows_the_figures_of_the_reports() {
        let report = fs::read_to_string(root().join(REPORT)).unwrap();
        assert!(wrong_decisions(&serde_json::from_str(&report).unwrap()).is_empty());
        let page = fs::read_to_string(root().join(PAGE)).unwrap();
        assert!(page == page_of_last_run().unwrap(), "cargo xtask docs writes {PAGE} again");
    }

    #[test]
    fn an_unknown_option_and_an_option_without_a_value_are_errors() {
        for options in [&["--sed", "1"][..], &["--seed"], &["--seed", "1", "--users"]] {
            assert!(check(options).is_err(), "{options:?}");
        }
        assert!(check(&["--seed", "1", "--users", "2000"]).is_ok());
    }
}
