//! The report, as Markdown and JSON.

use anyhow::Result;
use serde_json::{Value, json};

use super::candidates::Candidate;
use super::{Figures, Round};
use crate::bench::requirement::{self, Bound, Requirement};
use crate::bench::table::table;
use crate::bench::{architecture, today, version};

/// All figures of a run.
pub(super) struct Report {
    pub(super) rounds: usize,
    pub(super) figures: [Figures; Candidate::ALL.len()],
}

impl Report {
    /// The report as Markdown, readable as plain text.
    pub(super) fn text(&self) -> Result<String> {
        Ok([
            "# The start of an isolate\n\n".to_owned(),
            format!(
                "Written by `cargo xtask bench start` on {}, shared cores, {}; workerd {}, jose {}.\n\n",
                today()?,
                architecture(),
                version("workerd")?,
                version("jose")?,
            ),
            format!("{METHOD}\n\nMedians of {} rounds.\n\n", self.rounds),
            self.figure_table(),
            format!("\n## Requirements\n\n{}", requirement::table(&self.requirements(), 2)),
        ]
        .concat())
    }

    fn of(&self, candidate: Candidate) -> &Figures {
        let position = Candidate::ALL.iter().position(|it| *it == candidate);
        &self.figures[position.unwrap_or_default()]
    }

    fn figure_table(&self) -> String {
        let titles = COLUMNS.iter().map(|(title, _)| format!("{title}, ms"));
        let mut rows = vec![[String::new()].into_iter().chain(titles).collect::<Vec<_>>()];
        let jose = self.of(Candidate::Jose);
        for figures in &self.figures {
            let cell = |(_, figure): &(_, fn(&Round) -> f64)| {
                format!("{:.2} ({:.2})", figures.median(*figure), figures.ratio(jose, *figure))
            };
            let cells = COLUMNS.iter().map(cell);
            rows.push([figures.candidate.to_string()].into_iter().chain(cells).collect());
        }
        table(&rows)
    }

    fn requirements(&self) -> [Requirement; 2] {
        let (ours, jose) = (self.of(Candidate::Ours), self.of(Candidate::Jose));
        let cold = self.of(Candidate::OursCold);
        [
            Requirement {
                what: "first request, ours to jose".to_owned(),
                bound: Bound::AtMost(0.8),
                measured: ours.ratio(jose, |round| round.first),
            },
            Requirement {
                what: "start, CPU ms that the warm-up adds".to_owned(),
                bound: Bound::AtMost(30.0),
                measured: ours.difference(cold, |round| round.start),
            },
        ]
    }

    /// The report as JSON.
    pub(super) fn json(&self) -> Result<Value> {
        let jose = self.of(Candidate::Jose);
        let figures = self.figures.iter().map(|figures| {
            json!({
                "candidate": figures.candidate.to_string(),
                "startCpuMilliseconds": figures.median(|round| round.start),
                "firstMilliseconds": figures.median(|round| round.first),
                "firstToJose": figures.ratio(jose, |round| round.first),
                "firstCpuMilliseconds": figures.median(|round| round.first_cpu),
                "firstCpuToJose": figures.ratio(jose, |round| round.first_cpu),
                "secondMilliseconds": figures.median(|round| round.second),
            })
        });
        Ok(json!({
            "command": "cargo xtask bench start",
            "date": today()?,
            "architecture": std::env::consts::ARCH,
            "versions": { "workerd": version("workerd")?, "jose": version("jose")? },
            "rounds": self.rounds,
            "figures": figures.collect::<Vec<_>>(),
            "requirements": self.requirements().iter().map(Requirement::json).collect::<Vec<_>>(),
        }))
    }
}

type Column = (&'static str, fn(&Round) -> f64);

const COLUMNS: [Column; 4] = [
    ("start, CPU", |round| round.start),
    ("first request", |round| round.first),
    ("first request, CPU", |round| round.first_cpu),
    ("second request", |round| round.second),
];

const METHOD: &str = "\
Each round starts a workerd process for each gateway. workerd runs the global scope of the Worker before
it listens. Then a client sends two requests with EdDSA tokens of two users over one connection. The
gateway fetches the JWK Set for the first one. The upstream and the JWK Set are on loopback and respond
at once. The ratio to jose's figure of the same round is in brackets.

- *start, CPU*: the CPU time of the process until it listens, the runtime's own included
- *first request*: the time until the client has the response
- *first request, CPU*: the CPU time of the process meanwhile, of all threads
- *proxy*: a JavaScript Worker that forwards and verifies nothing
- *jose*: a JavaScript Worker with `jwtVerify` and `createRemoteJWKSet`, as in the benchmark of the gateway
- *ours*: the Worker as it is deployed, with the settings of wrangler.toml
- *ours without warm-up*: the same, but its global scope handles no requests";
