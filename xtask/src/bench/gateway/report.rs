//! The report, as Markdown and JSON.

use anyhow::Result;
use serde_json::{Value, json};

use super::Effort;
use super::candidates::Candidate;
use super::requirements;
use super::revocations::ENTRIES;
use super::rounds::{Figures, WARM_UP};
use super::workloads::Kind;
use crate::bench::memory::Resident;
use crate::bench::requirement::{self, Requirement};
use crate::bench::table::table;
use crate::bench::{architecture, today, version};

/// All figures of a run.
pub(super) struct Report {
    pub(super) cores: usize,
    pub(super) effort: Effort,
    pub(super) figures: Vec<Figures>,
    /// Of the two gateways that are compared alone
    pub(super) pair: Vec<Figures>,
    /// The requests over which the memory was measured, and the memory
    pub(super) memory: (usize, Resident),
    /// Resident memory after the rounds, in bytes: of ours, and of ours with revocations
    pub(super) resident: [u64; 2],
}

impl Report {
    /// The report as Markdown, readable as plain text.
    pub(super) fn text(&self) -> Result<String> {
        Ok([
            "# The gateway under load\n\n".to_owned(),
            format!(
                "Written by `cargo xtask bench gateway` on {}, {} shared cores, {}; \
                 workerd {}, jose {}.\n\n",
                today()?,
                self.cores,
                architecture(),
                version("workerd")?,
                version("jose")?,
            ),
            format!("{METHOD}\n\n{}", self.effort_text()),
            format!("\n## Requests\n\n{}\n{}", figure_tables(&self.figures), self.pair_table()),
            format!("\n## Memory\n\n{}", self.memory_text()),
            format!("\n## Requirements\n\n{}", requirement::table(&self.requirements(), 2)),
        ]
        .concat())
    }

    fn effort_text(&self) -> String {
        let Effort { all: (starts, rounds), pair: (pair_starts, pair_rounds), .. } = self.effort;
        format!(
            "Medians of {} rounds: {starts} starts of every process, {rounds} rounds each. Before the \
             first round a gateway gets each load for {} s, in which V8 optimizes its functions. The \
             memory layout of a process affects its speed by several percent. The cost of revocation \
             is smaller than that, so the two gateways run alone for {} more rounds: {pair_starts} \
             starts, {pair_rounds} rounds each.\n",
            starts * rounds,
            WARM_UP.as_secs(),
            pair_starts * pair_rounds,
        )
    }

    /// The gateway with revocation, as a multiple of the one without.
    fn pair_table(&self) -> String {
        let titles = ["ours with revocation to ours", "requests/s", "CPU µs a request"];
        let mut rows = vec![titles.map(str::to_owned).to_vec()];
        for (kind, [speed, cpu]) in self.pair_ratios() {
            let name = kind.name().to_owned();
            rows.push(vec![name, format!("{speed:.3}"), format!("{cpu:.3}")]);
        }
        table(&rows)
    }

    /// Requests per second and CPU time with revocation, as multiples of those without.
    fn pair_ratios(&self) -> impl Iterator<Item = (Kind, [f64; 2])> {
        Kind::PAIR.into_iter().filter_map(|kind| {
            let find = |candidate| find(&self.pair, candidate, kind);
            let (with, without) = (find(Candidate::OursWithRevocations)?, find(Candidate::Ours)?);
            Some((kind, [with.speed_to(without), with.cpu_to(without)]))
        })
    }

    fn memory_text(&self) -> String {
        let (requests, memory) = self.memory;
        let [start, end] = [memory.second, memory.last].map(|bytes| bytes / 1e6);
        let [without, with] = self.resident.map(|bytes| bytes as f64 / 1e6);
        format!(
            "Ours, resident, over {requests} requests: {start:.0} MB in the second tenth of them, \
             {end:.0} MB in the last.\n\n\
             After the rounds: {without:.0} MB; with {ENTRIES} revocations {with:.0} MB, their Durable \
             Object included.\n"
        )
    }

    fn requirements(&self) -> Vec<Requirement> {
        requirements::all(&self.figures, &self.pair, &self.memory.1)
    }

    /// The report as JSON.
    pub(super) fn json(&self) -> Result<Value> {
        let figures = self.figures.iter().map(|figures| {
            let jose = find(&self.figures, Candidate::Jose, figures.kind);
            json!({
                "candidate": figures.candidate.to_string(),
                "load": figures.kind.name(),
                "requestsPerSecond": figures.requests_per_second(),
                "cpuMicrosecondsPerRequest": figures.cpu_per_request(),
                "requestsPerSecondToJose": jose.map(|jose| figures.speed_to(jose)),
                "cpuToJose": jose.map(|jose| figures.cpu_to(jose)),
            })
        });
        let pair = self.pair_ratios().map(|(kind, [speed, cpu])| {
            json!({
                "candidate": Candidate::OursWithRevocations.to_string(),
                "load": kind.name(),
                "requestsPerSecondToOurs": speed,
                "cpuToOurs": cpu,
            })
        });
        Ok(json!({
            "command": "cargo xtask bench gateway",
            "date": today()?,
            "cores": self.cores,
            "architecture": std::env::consts::ARCH,
            "versions": { "workerd": version("workerd")?, "jose": version("jose")? },
            "rounds": self.effort.all.0 * self.effort.all.1,
            "figures": figures.collect::<Vec<_>>(),
            "pairRounds": self.effort.pair.0 * self.effort.pair.1,
            "pair": pair.collect::<Vec<_>>(),
            "memory": {
                "requests": self.memory.0,
                "startBytes": self.memory.1.second.round(),
                "endBytes": self.memory.1.last.round(),
                "afterRoundsBytes": self.resident[0],
                "afterRoundsBytesWithRevocations": self.resident[1],
            },
            "requirements": self.requirements().iter().map(Requirement::json).collect::<Vec<_>>(),
        }))
    }
}

const METHOD: &str = "\
Each gateway is a workerd process in front of the same upstream, which responds at once. All run on
loopback. Eight persistent connections send one request at a time. The gateways take turns of 0.5 s, and
the ratio to jose's figure of the same round is in brackets. If the machine allows it, the gateways have
one core for themselves. CPU time is that of the gateway's process alone. Other load on the machine
affects the figures, but hardly the ratios.

Tokens have Better Auth's default claims and are signed with EdDSA. Requests have a browser's headers.

- *one token*, *48 tokens*, *1,000 tokens*: valid tokens, sent in turn
- *new tokens*: valid tokens that a gateway has not seen before, or has forgotten: 20,000 in turn, of which
  the caches hold 1,000
- *refused*: in turn a bad signature, an unknown key, an expired token and none; each token is another one.
  All gateways answer with the same headers and body

The gateways:

- *proxy*: a JavaScript Worker that forwards and verifies nothing
- *jose*: a JavaScript Worker with `jwtVerify` and `createRemoteJWKSet` that applies our rules for tokens,
  paths, identity headers, `X-Forwarded-*`, caches and the upstream timeout, and does nothing else
- *jose, cached tokens*: the same with a `Map` of verified tokens
- *ours*: the Worker as it is deployed, with the settings of wrangler.toml
- *ours with revocation*: the same with a Durable Object that holds 100,000 ended sessions of other users";

/// Requests per second and CPU time of every gateway under every load.
pub(super) fn figure_tables(figures: &[Figures]) -> String {
    let tables = [
        figure_table("requests/s", figures, Figures::requests_per_second, Figures::speed_to),
        figure_table("CPU µs a request", figures, Figures::cpu_per_request, Figures::cpu_to),
    ];
    tables.join("\n")
}

/// One figure of every gateway under every load, with its ratio to jose's.
fn figure_table(
    title: &str,
    all: &[Figures],
    figure: fn(&Figures) -> f64,
    ratio: fn(&Figures, &Figures) -> f64,
) -> String {
    let names = Kind::ALL.map(|kind| kind.name().to_owned());
    let mut rows = vec![[&[title.to_owned()], &names[..]].concat()];
    for candidate in Candidate::ALL {
        let cell = |kind| {
            let (own, jose) = (find(all, candidate, kind)?, find(all, Candidate::Jose, kind)?);
            Some(format!("{:.0} ({:.2})", figure(own), ratio(own, jose)))
        };
        let cells = Kind::ALL.map(|kind| cell(kind).unwrap_or_default());
        rows.push([&[candidate.to_string()], &cells[..]].concat());
    }
    table(&rows)
}

/// The figures of a gateway under a load.
fn find(figures: &[Figures], candidate: Candidate, kind: Kind) -> Option<&Figures> {
    figures.iter().find(|figures| figures.candidate == candidate && figures.kind == kind)
}
