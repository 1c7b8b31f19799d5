//! What the edge costs in a month: counts of the model, figures that the benchmarks have measured,
//! and prices.

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use super::prices::{self, OBJECT_MEMORY, Price};
use crate::root;

/// Figures of the other benchmarks.
pub(super) struct Measured {
    /// CPU milliseconds of a request with a cached token
    pub(super) request: f64,
    /// CPU milliseconds that a request with a new token takes longer
    pub(super) new_token: f64,
    /// CPU milliseconds of the first request of an isolate
    pub(super) first_request: f64,
    /// CPU milliseconds of an isolate's warm-up
    pub(super) warm_up: f64,
    /// Megabytes that a process of the gateway has resident
    pub(super) resident: f64,
    /// Bytes of wasm memory at start-up, of a key's tables, and of a cached token
    pub(super) memory: [f64; 3],
}

impl Measured {
    /// Reads the reports in `docs/benchmarks/`.
    pub(super) fn read() -> Result<Self> {
        let [gateway, start, verification] = ["gateway", "start", "verification"].map(report);
        let (gateway, start, verification) = (gateway?, start?, verification?);
        let request = |load: &str| {
            let found = find(&gateway["figures"], |figure| {
                figure["candidate"] == "ours" && figure["load"] == load
            });
            anyhow::Ok(number(&found?["cpuMicrosecondsPerRequest"])? / 1e3)
        };
        let starts = |candidate: &str, figure: &str| {
            let found = find(&start["figures"], |figure| figure["candidate"] == candidate);
            number(&found?[figure])
        };
        let start_cpu = |candidate: &str| starts(candidate, "startCpuMilliseconds");
        let memory = &verification["facts"]["memory"];
        // a key has its small table first, then its large one
        let tables = number(&memory["smallTable"])? + number(&memory["largeTable"])?;
        Ok(Self {
            request: request("one token")?,
            new_token: request("new tokens")? - request("one token")?,
            first_request: starts("ours", "firstCpuMilliseconds")?,
            warm_up: start_cpu("ours")? - start_cpu("ours without warm-up")?,
            resident: number(&gateway["memory"]["startBytes"])? / 1e6,
            memory: [number(&memory["start"])?, tables, number(&memory["cachedToken"])?],
        })
    }

    /// Megabytes of an isolate with so many keys and cached tokens. The base point of the curve has
    /// tables too.
    pub(super) fn megabytes(&self, keys: f64, tokens: f64) -> f64 {
        let [start, tables, token] = self.memory;
        (start + (keys + 1.0) * tables + tokens * token) / 1e6
    }
}

fn report(name: &str) -> Result<Value> {
    let file = root().join("docs/benchmarks").join(name).with_extension("json");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {file:?}"))?;
    Ok(serde_json::from_str(&text)?)
}

fn find(figures: &Value, is_it: impl Fn(&Value) -> bool) -> Result<&Value> {
    let found = figures.as_array().into_iter().flatten().find(|figure| is_it(figure));
    found.context("a benchmark's report lacks a figure")
}

fn number(value: &Value) -> Result<f64> {
    value.as_f64().context("a figure is not a number")
}

/// A line of the bill.
pub(super) struct Line {
    pub(super) price: &'static Price,
    /// Units in a month
    pub(super) units: f64,
}

impl Line {
    /// US dollars in a month.
    pub(super) fn dollars(&self) -> f64 {
        self.price.of(self.units)
    }
}

/// Hours of a month.
pub(super) const MONTH: f64 = 30.0 * 24.0;

/// What the requests cost.
pub(super) fn requests(day: &Value, measured: &Measured) -> Result<[Line; 2]> {
    let months = MONTH / number(&day["hours"])?;
    let requests = number(&day["requests"])?;
    let misses = requests - number(&day["accepted"])? * number(&day["hitRate"])?;
    let starts = number(&day["startedIsolates"])?;
    let first = measured.first_request - measured.request;
    let milliseconds = requests * measured.request + misses * measured.new_token + starts * first;
    Ok([
        Line { price: &prices::REQUESTS, units: requests * months },
        Line { price: &prices::CPU, units: milliseconds * months },
    ])
}

/// US dollars a month for the warm-ups, if the platform bills their CPU time.
pub(super) fn warm_ups(day: &Value, measured: &Measured) -> Result<f64> {
    let months = MONTH / number(&day["hours"])?;
    let milliseconds = number(&day["startedIsolates"])? * months * measured.warm_up;
    Ok(milliseconds / 1e6 * prices::CPU.per_million)
}

/// What `JWKS_KV` adds.
pub(super) fn key_value(scenario: &Value) -> Result<[Line; 2]> {
    let months = MONTH / number(&scenario["hours"])?;
    Ok([
        Line { price: &prices::KV_READS, units: number(&scenario["kvReads"])? * months },
        Line { price: &prices::KV_WRITES, units: number(&scenario["kvWrites"])? * months },
    ])
}

/// What revocation adds with one of the settings that the model compares. The objects are read all
/// the time, so they are always active.
pub(super) fn revocations(reads: &Value) -> Result<[Line; 3]> {
    let seconds = MONTH * 3_600.0;
    let requests = number(&reads["perSecond"])? * seconds;
    let shards = number(&reads["shards"])?;
    Ok([
        Line { price: &prices::OBJECT_REQUESTS, units: requests },
        Line { price: &prices::OBJECT_DURATION, units: shards * seconds * OBJECT_MEMORY },
        Line { price: &prices::OBJECT_ROWS, units: requests * ROWS },
    ])
}

/// Rows that a read examines if nothing is new, rounded up.
const ROWS: f64 = 2.0;
