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
    /// CPU milliseconds that a new token takes longer than a cached one
    pub(super) new_token: f64,
    /// Milliseconds until the first token of a fresh isolate is verified
    pub(super) first_token: f64,
    /// Bytes of wasm memory at start-up, of a key's tables, and of a cached token
    pub(super) memory: [f64; 3],
}

impl Measured {
    /// Reads the reports in `docs/benchmarks/`.
    pub(super) fn read() -> Result<Self> {
        let [gateway, verification] = ["gateway", "verification"].map(report);
        let (gateway, verification) = (gateway?, verification?);
        let request = find(&gateway["figures"], |figure| {
            let is_one = figure["tokens"] == 1 || figure["load"] == "one token";
            figure["candidate"] == "ours" && is_one
        });
        let request = number(&request?["cpuMicrosecondsPerRequest"])?;
        let verifies = |candidate: &str| {
            let found = find(&verification["verifications"], |figure| {
                figure["runtime"] == "workerd"
                    && figure["algorithm"] == "EdDSA"
                    && figure["candidate"] == candidate
            });
            number(&found?["microseconds"])
        };
        let first = find(&verification["firstTimes"], |figure| {
            figure["runtime"] == "workerd" && figure["what"] == "EdDSA, ours"
        });
        let memory = &verification["facts"]["memory"];
        Ok(Self {
            request: request / 1e3,
            new_token: (verifies("ours warm")? - verifies("ours cached")?) / 1e3,
            first_token: number(&first?["milliseconds"])?,
            memory: [
                number(&memory["start"])?,
                number(&memory["largeTable"])?,
                number(&memory["cachedToken"])?,
            ],
        })
    }

    /// Megabytes of an isolate with so many keys and cached tokens.
    pub(super) fn megabytes(&self, keys: f64, tokens: f64) -> f64 {
        let [start, table, token] = self.memory;
        (start + keys * table + tokens * token) / 1e6
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
    let milliseconds =
        requests * measured.request + misses * measured.new_token + starts * measured.first_token;
    Ok([
        Line { price: &prices::REQUESTS, units: requests * months },
        Line { price: &prices::CPU, units: milliseconds * months },
    ])
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
