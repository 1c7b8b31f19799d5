//! Compares the verdicts of the hosts with the expected ones.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// A host that verifies the cases.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Host {
    /// The core, natively
    Core,
    /// The npm package
    Npm,
    /// The Python package
    Python,
}

impl Host {
    pub(super) const ALL: [Self; 3] = [Self::Core, Self::Npm, Self::Python];
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Core => "core",
            Self::Npm => "npm",
            Self::Python => "Python",
        })
    }
}

/// The results of one version of Better Auth.
pub(super) struct Measured {
    pub(super) version: String,
    pub(super) options: Vec<Measurement>,
    pub(super) failures: Vec<String>,
}

/// The results of one option.
pub(super) struct Measurement {
    pub(super) option: String,
    /// Whether this version of Better Auth has the option
    pub(super) exists: bool,
    pub(super) holds: bool,
    pub(super) cases: usize,
    pub(super) hosts: BTreeSet<Host>,
}

impl Measured {
    /// Compares the verdicts of the hosts with the cases, by name. A host skips cases that do not
    /// apply to it. A case without any verdict is a failure.
    pub(super) fn new(made: &Value, verdicts: &[(Host, Value)]) -> Result<Self> {
        let list = |name: &str| made[name].as_array().with_context(|| format!("no {name}"));
        let mut options: Vec<_> = list("options")?.iter().map(Measurement::unmeasured).collect();
        let mut failures = Vec::new();
        for case in list("cases")? {
            let option = options.iter_mut().find(|measured| case["option"] == *measured.option);
            let option = option.context("a case has an unknown option")?;
            option.cases += 1;
            let before = failures.len();
            let mut hosts = 0;
            for (host, verdicts) in verdicts {
                if let Some(verdict) = verdicts.get(case["id"].as_str().context("no id")?) {
                    option.hosts.insert(*host);
                    hosts += 1;
                    failures.extend(difference(case, *host, verdict));
                }
            }
            if hosts == 0 {
                failures.push(format!("{}: no host returned a verdict", case["id"]));
            }
            option.holds &= failures.len() == before;
        }
        for option in &options {
            if option.exists && option.cases == 0 {
                failures.push(format!("{}: has no cases", option.option));
            }
        }
        let version = made["version"].as_str().context("no version")?.to_owned();
        Ok(Self { version, options, failures })
    }
}

impl Measurement {
    fn unmeasured(option: &Value) -> Self {
        Self {
            option: option["option"].as_str().unwrap_or_default().to_owned(),
            exists: option["exists"] == true,
            holds: true,
            cases: 0,
            hosts: BTreeSet::new(),
        }
    }
}

/// Describes how a host's verdict differs from the expected one.
fn difference(case: &Value, host: Host, verdict: &Value) -> Option<String> {
    let steps = case["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    let expected: Vec<_> = steps
        .iter()
        .map(|step| json!({"code": step["expected"], "user": step.get("user")}))
        .collect();
    let expected = Value::Array(expected);
    (expected != *verdict).then(|| {
        let id = case["id"].as_str().unwrap_or_default();
        format!("{id}: {host} says {verdict}, not {expected}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Value {
        json!({
            "version": "1.0.0",
            "options": [{"option": "a", "exists": true}, {"option": "b", "exists": false}],
            "cases": [
                {"id": "1", "option": "a", "steps": [{"expected": "ok", "user": "ada"}]},
                {"id": "2", "option": "a", "steps": [{"expected": "expired"}]},
            ],
        })
    }

    fn measured(core: Value, npm: Value) -> Measured {
        Measured::new(&made(), &[(Host::Core, core), (Host::Npm, npm)]).expect("cases of options")
    }

    fn good() -> Value {
        json!({"1": [{"code": "ok", "user": "ada"}], "2": [{"code": "expired", "user": null}]})
    }

    #[test]
    fn an_option_passes_if_every_host_returns_the_expected_verdicts() {
        let measured = measured(good(), json!({"1": good()["1"]}));
        assert_eq!(measured.failures, Vec::<String>::new());
        let [a, b] = &measured.options[..] else { panic!("two options") };
        assert!(a.holds && a.cases == 2 && a.hosts == Host::ALL[..2].iter().copied().collect());
        assert!(!b.exists && b.cases == 0);
    }

    #[test]
    fn a_different_code_a_different_user_and_a_missing_step_are_failures() {
        for wrong in [
            json!([{"code": "expired", "user": null}]),
            json!([{"code": "ok", "user": "eve"}]),
            json!([{"code": "ok", "user": null}]),
            json!([]),
        ] {
            let measured = measured(good(), json!({"1": wrong, "2": good()["2"]}));
            assert_eq!(measured.failures.len(), 1, "{wrong}");
            assert!(!measured.options[0].holds);
        }
    }

    #[test]
    fn a_case_without_a_verdict_is_a_failure() {
        let measured = measured(json!({"1": good()["1"]}), json!({}));
        assert_eq!(measured.failures, ["\"2\": no host returned a verdict"]);
    }
}
