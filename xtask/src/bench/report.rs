//! What was measured, as text and as JSON.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::{Value, json};

use super::hosts::Runtime;
use super::isolates::FirstTime;
use super::programs::Programs;
use super::requirements::{self, Requirement};
use super::rounds::Verifications;
use super::table::table;
use crate::wasm::Size;

/// All figures of a run.
pub(super) struct Report {
    facts: Value,
    npm_size: Size,
    worker_size: Size,
    rounds: usize,
    verifications: Vec<Verifications>,
    firsts: Vec<FirstTime>,
    requirements: Vec<Requirement>,
}

impl Report {
    pub(super) fn new(
        programs: &Programs,
        verifications: Vec<Verifications>,
        firsts: Vec<FirstTime>,
        rounds: usize,
    ) -> Result<Self> {
        Ok(Self {
            facts: programs.facts.clone(),
            npm_size: programs.npm_size,
            worker_size: programs.worker_size,
            rounds,
            requirements: requirements::all(programs, &verifications, &firsts),
            verifications,
            firsts,
        })
    }

    /// Markdown, and readable as it is.
    pub(super) fn text(&self) -> String {
        let mut text = format!("# Verifying a token\n\n{}\n", self.introduction());
        for runtime in Runtime::ALL {
            let _ = write!(text, "\n## {runtime}\n\n{}", self.verification_table(runtime));
        }
        let _ = write!(text, "\n## The first token\n\n{FIRST_TOKEN}\n\n{}", self.first_table());
        let _ = write!(text, "\n## Memory and size\n\n{}", self.size_table());
        let _ = write!(text, "\n## What is required\n\n{}", self.requirement_table());
        text
    }

    fn introduction(&self) -> String {
        let fact = |name: &str| shown(&self.facts[name]);
        let architecture = match self.facts["architecture"].as_str() {
            Some("x64") => "x86-64".to_owned(),
            _ => fact("architecture"),
        };
        let versions = self.facts["versions"].as_object();
        let versions: Vec<_> = versions
            .into_iter()
            .flatten()
            .map(|(name, version)| format!("{name} {}", shown(version)))
            .collect();
        format!(
            "Made by `cargo xtask bench` on {}, {} shared cores, {architecture}; {}.\n\n\
             {METHOD}\n\nMedians of {} rounds.",
            fact("date"),
            fact("cores"),
            versions.join(", "),
            self.rounds,
        )
    }

    fn verification_table(&self, runtime: Runtime) -> String {
        let here = || self.verifications.iter().filter(move |v| v.runtime == runtime);
        let algorithms = distinct(here().map(|v| v.algorithm.as_str()));
        let candidates = distinct(here().map(|v| v.candidate.as_str()));
        let cell = |candidate: &str, algorithm: &str| {
            let found = here().find(|v| v.is(runtime, algorithm, candidate));
            found.map_or_else(String::new, |v| {
                format!("{} ({:.2})", figure(v.microseconds()), v.ratio_to_jose())
            })
        };
        let mut rows = vec![vec!["µs (ratio to jose)".to_owned()]];
        rows[0].extend(algorithms.iter().map(|&algorithm| algorithm.to_owned()));
        for candidate in candidates {
            let cells = algorithms.iter().map(|algorithm| cell(candidate, algorithm));
            rows.push([candidate.to_owned()].into_iter().chain(cells).collect());
        }
        table(&rows)
    }

    fn first_table(&self) -> String {
        let mut rows = vec![vec!["ms".to_owned()]];
        rows[0].extend(Runtime::ALL.map(|runtime| runtime.to_string()));
        for first in self.firsts.iter().filter(|first| first.runtime == Runtime::ALL[0]) {
            let cell = |runtime| {
                let mut firsts = self.firsts.iter();
                let same = firsts.find(|f| f.runtime == runtime && f.case == first.case);
                same.map_or_else(String::new, |first| format!("{:.1}", first.milliseconds))
            };
            rows.push([first.case.title()].into_iter().chain(Runtime::ALL.map(cell)).collect());
        }
        table(&rows)
    }

    fn size_table(&self) -> String {
        let memory =
            |name: &str| kilobytes(self.facts["memory"][name].as_f64().unwrap_or(f64::NAN));
        let size = |size: Size| {
            let [bytes, gzipped] = [size.bytes, size.gzipped].map(|bytes| kilobytes(bytes as f64));
            format!("{bytes}, {gzipped} gzipped")
        };
        let rows = [
            ("", "kB".to_owned()),
            ("wasm memory at the start", memory("start")),
            ("more for each Ed25519 key with its first table", memory("smallTable")),
            ("more for each Ed25519 key with its second table", memory("largeTable")),
            ("more for each token that is kept", memory("cachedToken")),
            ("wasm of the npm package", size(self.npm_size)),
            ("wasm of the Worker", size(self.worker_size)),
        ];
        table(&rows.map(|(name, value)| vec![name.to_owned(), value]))
    }

    fn requirement_table(&self) -> String {
        let mut rows = vec![["", "at most", "measured", ""].map(str::to_owned).to_vec()];
        for requirement in &self.requirements {
            let Requirement { what, most, measured, unit } = requirement;
            let verdict = if requirement.is_met() { "met" } else { "not met" };
            rows.push(vec![
                what.clone(),
                format!("{most} {unit}"),
                format!("{}", (measured * 100.0).round() / 100.0),
                verdict.to_owned(),
            ]);
        }
        table(&rows)
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Value {
        let verifications = self.verifications.iter().map(|v| {
            json!({
                "runtime": v.runtime.to_string(),
                "algorithm": v.algorithm,
                "candidate": v.candidate,
                "microseconds": v.microseconds(),
                "ratioToJose": v.ratio_to_jose(),
            })
        });
        let firsts = self.firsts.iter().map(|first| {
            json!({
                "runtime": first.runtime.to_string(),
                "what": first.case.title(),
                "milliseconds": first.milliseconds,
            })
        });
        let size = |size: Size| json!({ "bytes": size.bytes, "gzipped": size.gzipped });
        json!({
            "command": "cargo xtask bench",
            "rounds": self.rounds,
            "facts": self.facts,
            "verifications": verifications.collect::<Vec<_>>(),
            "firstTimes": firsts.collect::<Vec<_>>(),
            "sizes": { "npm": size(self.npm_size), "worker": size(self.worker_size) },
            "requirements": self.requirements.iter().map(Requirement::json).collect::<Vec<_>>(),
        })
    }
}

const METHOD: &str = "\
Each runtime is a process of its own and is timed from outside: a request makes it verify a number of
tokens one after the other, and what the same request takes without verifying is taken off. The
candidates take turns of about ten milliseconds, and every figure is held against jose's of the same
round. Tokens carry the claims that Better Auth gives them by default, and come as fresh strings. All
candidates but `crypto.subtle alone` check issuer, audience and times.

- *ours cold*: a key that has been used too little to have earned a table
- *ours warm*: a key in use; no token has been seen before, or rather, the cache of tokens is off
- *ours cached*: as it is by default, with tokens that have been seen before
- *jose*: `jwtVerify` with `createLocalJWKSet`; for HS256 a `Uint8Array`, or a `CryptoKey`
- *hono*: `verifyWithJwks` with the key set at hand; for HS256 `verify`
- *crypto.subtle alone*: the signature and nothing else, with an imported key";

const FIRST_TOKEN: &str = "\
In a runtime that has just been started: from nothing to the first verified token. For ours that is
instantiating the wasm (in Node, compiling it too), making a verifier and verifying. *Made before*: the
wasm is instantiated and the verifier made, as a Worker or a server does when it starts; what is left is
the first token's.

V8 compiles wasm lazily, function by function as each is first called, and that is most of what the
first token costs. *Compiled at once* is the same from nothing in a V8 that was told not to
(`--no-wasm-lazy-compilation`): what is left is the work itself. Cloudflare's V8 cannot be told.";

/// Each value once, in the order of their appearance.
fn distinct<'v>(values: impl Iterator<Item = &'v str>) -> Vec<&'v str> {
    let mut distinct = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// About three digits.
fn figure(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

fn kilobytes(bytes: f64) -> String {
    figure(bytes / 1e3)
}
