//! Verdicts of the hosts, compared with what the cases expect.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// Who judges.
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

/// What came of one version of Better Auth.
pub(super) struct Measured {
    pub(super) version: String,
    pub(super) options: Vec<Measurement>,
    pub(super) failures: Vec<String>,
}

/// What came of one option.
pub(super) struct Measurement {
    pub(super) option: String,
    /// Whether the version has the option at all
    pub(super) exists: bool,
    pub(super) holds: bool,
    pub(super) cases: usize,
    pub(super) hosts: BTreeSet<Host>,
}

impl Measured {
    /// Compares the verdicts, which hosts give by the names of the cases. One that a host has no verdict
    /// on is not for it; one that none has is a failure.
    pub(super) fn new(made: &Value, verdicts: &[(Host, Value)]) -> Result<Self> {
        let list = |name: &str| made[name].as_array().with_context(|| format!("no {name}"));
        let mut options: Vec<_> = list("options")?.iter().map(Measurement::unmeasured).collect();
        let mut failures = Vec::new();
        for case in list("cases")? {
            let option = options.iter_mut().find(|measured| case["option"] == *measured.option);
            let option = option.context("a case of no option")?;
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
                failures.push(format!("{}: no host has judged", case["id"]));
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

/// Where a host says something else than the case expects.
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
