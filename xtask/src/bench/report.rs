//! The report, as Markdown and JSON.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::{Value, json};

use super::hosts::Runtime;
use super::isolates::FirstTime;
use super::programs::Programs;
use super::requirement::{self, Requirement};
use super::requirements;
use super::rounds::Verifications;
use super::table::table;
use crate::root;
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
        let npm_size = programs.npm_size;
        let worker_size = Size::of(&root().join("build/index_bg.wasm"))?;
        Ok(Self {
            facts: programs.facts.clone(),
            npm_size,
            worker_size,
            rounds,
            requirements: requirements::all(npm_size, worker_size, &verifications, &firsts),
            verifications,
            firsts,
        })
    }

    /// The report as Markdown, readable as plain text.
    pub(super) fn text(&self) -> String {
        let mut text = format!("# Verifying a token\n\n{}\n", self.introduction());
        text += &verification_tables(&self.verifications);
        let _ =
            write!(text, "\n## The first token\n\n{FIRST_TOKEN}\n\n{}", first_table(&self.firsts));
        let _ = write!(text, "\n## Memory and size\n\n{}", self.size_table());
        let requirements = requirement::table(&self.requirements, 2);
        let _ = write!(text, "\n## Requirements\n\n{requirements}");
        text
    }

    fn introduction(&self) -> String {
        let fact = |name: &str| text_of(&self.facts[name]);
        let architecture = match self.facts["architecture"].as_str() {
            Some("x64") => "x86-64".to_owned(),
            _ => fact("architecture"),
        };
        let versions = self.facts["versions"].as_object();
        let versions: Vec<_> = versions
            .into_iter()
            .flatten()
            .map(|(name, version)| format!("{name} {}", text_of(version)))
            .collect();
        format!(
            "Written by `cargo xtask bench` on {}, {} shared cores, {architecture}; {}.\n\n\
             {METHOD}\n\nMedians of {} rounds. A ratio is the median of the rounds' ratios, so it can \
             differ from the quotient of two\nmedians.",
            fact("date"),
            fact("cores"),
            versions.join(", "),
            self.rounds,
        )
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
            ("wasm memory at start-up", memory("start")),
            ("additional memory for each Ed25519 key with its first table", memory("smallTable")),
            ("additional memory for each Ed25519 key with its second table", memory("largeTable")),
            ("additional memory for each cached token", memory("cachedToken")),
            ("wasm of the npm package", size(self.npm_size)),
            ("wasm of the Worker", size(self.worker_size)),
        ];
        table(&rows.map(|(name, value)| vec![name.to_owned(), value]))
    }

    /// The report as JSON.
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

/// The tables that have figures.
pub(super) fn tables(verifications: &[Verifications], firsts: &[FirstTime]) -> String {
    let mut text = verification_tables(verifications);
    if !firsts.is_empty() {
        let _ = write!(text, "\n## The first token\n\n{}", first_table(firsts));
    }
    text
}

fn verification_tables(verifications: &[Verifications]) -> String {
    let mut text = String::new();
    for runtime in Runtime::ALL {
        let here = || verifications.iter().filter(move |v| v.runtime == runtime);
        if here().next().is_none() {
            continue;
        }
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
        let _ = write!(text, "\n## {runtime}\n\n{}", table(&rows));
    }
    text
}

fn first_table(firsts: &[FirstTime]) -> String {
    let runtimes = Runtime::ALL.map(|runtime| (runtime, runtime.to_string()));
    let is_measured = |runtime| firsts.iter().any(|first| first.runtime == runtime);
    let runtimes: Vec<_> = runtimes.into_iter().filter(|it| is_measured(it.0)).collect();
    let mut rows = vec![vec!["ms".to_owned()]];
    rows[0].extend(runtimes.iter().map(|(_, name)| name.clone()));
    for first in
        firsts.iter().filter(|first| Some(first.runtime) == runtimes.first().map(|it| it.0))
    {
        let cell = |runtime| {
            let mut firsts = firsts.iter();
            let same = firsts.find(|f| f.runtime == runtime && f.case == first.case);
            same.map_or_else(String::new, |first| format!("{:.1}", first.milliseconds))
        };
        let cells = runtimes.iter().map(|it| cell(it.0));
        rows.push([first.case.title()].into_iter().chain(cells).collect());
    }
    table(&rows)
}

const METHOD: &str = "\
Each runtime is a process of its own. The benchmark measures from outside: a request lets the runtime
verify a number of tokens one after the other, and the duration of an empty request is subtracted. The
candidates take turns of about ten milliseconds, and each figure is divided by jose's of the same round.
Tokens have Better Auth's default claims and arrive as new strings. All candidates except
`crypto.subtle alone` check issuer, audience and times.

- *ours cold*: a key without a precomputed table, because it has been used too little
- *ours warm*: a key with its table, and no cache of tokens
- *ours cached*: the default settings, with cached tokens
- *jose*: `jwtVerify` with `createLocalJWKSet`; for HS256 a `Uint8Array` or a `CryptoKey`
- *hono*: `verifyWithJwks` with a local key set; for HS256 `verify`
- *crypto.subtle alone*: only the signature, with an imported key";

const FIRST_TOKEN: &str = "\
The time from the start of a runtime's program to its first verified token. For ours it includes
instantiating the wasm (in Node, reading and compiling it too), creating a verifier and verifying. *From
nothing*: the same without the token. *Made before*: the wasm is already instantiated and the verifier
created, as in a Worker or server after start-up. Only the first token remains.

V8 compiles each wasm function on its first call, which is most of the cost of the first token.
*Compiled at once*: V8 compiles all functions on load (`--no-wasm-lazy-compilation`). Cloudflare's V8 has
no such setting.";

/// The distinct values, in order of appearance.
fn distinct<'v>(values: impl Iterator<Item = &'v str>) -> Vec<&'v str> {
    let mut distinct = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Formats a number with about three digits.
fn figure(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

fn kilobytes(bytes: f64) -> String {
    figure(bytes / 1e3)
}
