//! The report of a run as JSON.

use anyhow::Result;
use serde_json::{Value, json};

use super::observed::Sample;
use super::part::Part;
use super::report::Report;
use super::tally::Counted;
use crate::bench::today;

/// The report as JSON.
pub(super) fn json(report: &Report) -> Result<Value> {
    let kinds = report.kinds();
    let kinds = kinds.iter().map(|(kind, counted)| counts(kind.title(), counted));
    let phases = report.phases();
    let phases = phases.iter().map(|phase| {
        let mut value = counts(phase.kind.name(), &phase.counted);
        value["times"] = json!(phase.times);
        value["seconds"] = json!(rounded(phase.seconds, 1));
        value
    });
    let growths = report.parts.iter().map(|part| part.resident.growth());
    let seeds: Vec<_> = report.parts.iter().map(|part| part.plan.seed).collect();
    Ok(json!({
        "command": "cargo xtask soak",
        "date": today()?,
        "seed": seeds.first(),
        "workers": report.parts.len(),
        "minutes": rounded(report.seconds / 60.0, 1),
        "requests": report.total().requests,
        "requestsPerSecond": rounded(report.requests_per_second(), 0),
        "cpuMicrosecondsPerRequest": rounded(report.cpu, 0),
        "wrong": report.total().wrong,
        "connectionsLost": report.lost(),
        "keyFetches": report.fetches().0,
        "failedKeyFetches": report.fetches().1,
        "memory": {
            "growth": rounded(growths.fold(f64::NEG_INFINITY, f64::max), 3),
            "workers": report.parts.iter().map(memory).collect::<Vec<_>>(),
        },
        "kinds": kinds.collect::<Vec<_>>(),
        "phases": phases.collect::<Vec<_>>(),
        "samples": report.samples.iter().map(sample).collect::<Vec<_>>(),
    }))
}

fn counts(name: &str, counted: &Counted) -> Value {
    json!({
        "name": name,
        "requests": counted.requests,
        "forwarded": counted.passed,
        "unavailable": counted.unavailable,
        "wrong": counted.wrong,
    })
}

fn memory(part: &Part) -> Value {
    let resident = &part.resident;
    json!({
        "seed": part.plan.seed,
        "firstTenthMegabytes": megabytes(resident.start),
        "secondTenthMegabytes": megabytes(resident.second),
        "lastTenthMegabytes": megabytes(resident.last),
        "mostMegabytes": megabytes(resident.most),
        "growth": rounded(resident.growth(), 3),
    })
}

/// The figures of a minute. The Workers' memory is shown as their sum, and of each.
fn sample(sample: &Sample) -> Value {
    json!({
        "minute": sample.minute,
        "requests": sample.requests,
        "requestsPerSecond": rounded(sample.requests_per_second, 0),
        "megabytes": megabytes(sample.bytes.iter().sum()),
        "megabytesOfEach": sample.bytes.iter().map(|it| megabytes(*it)).collect::<Vec<_>>(),
        "wrong": sample.wrong,
    })
}

fn megabytes(bytes: f64) -> f64 {
    rounded(bytes / 1e6, 1)
}

fn rounded(number: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (number * scale).round() / scale
}
