//! The report, as Markdown and JSON.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Effort;
use super::requirements;
use super::rounds::Figures;
use super::verifications::Verifications;
use crate::bench::requirement::{self, Requirement};
use crate::bench::table::table;
use crate::bench::{architecture, today};

/// All figures of a run.
pub(super) struct Report {
    pub(super) cores: usize,
    pub(super) effort: Effort,
    pub(super) verifications: Verifications,
    pub(super) requests: Vec<Figures>,
}

impl Report {
    /// The report as Markdown, readable as plain text.
    pub(super) fn text(&self) -> Result<String> {
        let versions = self.verifications.versions.iter();
        let versions: Vec<_> =
            versions.map(|(name, version)| format!("{name} {version}")).collect();
        Ok([
            "# The Python package\n\n".to_owned(),
            format!(
                "Written by `cargo xtask bench python` on {}, {} shared cores, {}; {}.\n\n",
                today()?,
                self.cores,
                architecture(),
                versions.join(", "),
            ),
            format!(
                "Medians of {} rounds: {} starts of every process, {} rounds each. The memory \
                 layout of a\nPython process affects its speed by several percent.\n",
                self.effort.total(),
                self.effort.starts,
                self.effort.rounds,
            ),
            format!("\n## Verifying a token\n\n{VERIFICATIONS}\n\n{}", self.verification_table()),
            format!("\n## Requests\n\n{REQUESTS}\n\n{}", self.request_table()?),
            format!("\n## Requirements\n\n{}", requirement::table(&self.requirements(), 3)),
        ]
        .concat())
    }

    fn verification_table(&self) -> String {
        let mut algorithms: Vec<&str> = Vec::new();
        let mut candidates: Vec<&str> = Vec::new();
        for one in &self.verifications.figures {
            for (known, new) in
                [(&mut algorithms, &one.algorithm), (&mut candidates, &one.candidate)]
            {
                if !known.contains(&new.as_str()) {
                    known.push(new);
                }
            }
        }
        let cell = |candidate: &str, algorithm: &str| {
            let found = self.verifications.find(algorithm, candidate);
            found.map_or_else(String::new, |one| {
                let microseconds = one.microseconds();
                let digits = usize::from(microseconds < 10.0);
                let ratio = self.verifications.ratio_to_pyjwt(one);
                format!("{microseconds:.digits$} ({ratio:.3})")
            })
        };
        let mut rows = vec![vec!["µs (ratio to PyJWT)".to_owned()]];
        rows[0].extend(algorithms.iter().map(|&algorithm| algorithm.to_owned()));
        for candidate in candidates {
            let cells = algorithms.iter().map(|algorithm| cell(candidate, algorithm));
            rows.push([candidate.to_owned()].into_iter().chain(cells).collect());
        }
        table(&rows)
    }

    fn request_table(&self) -> Result<String> {
        let header = ["(ratio to no authentication)", "requests/s", "CPU µs a request"];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        for one in &self.requests {
            let open = self.open_beside(one)?;
            let speed = (one.requests_per_second(), one.speed_to(open));
            let cpu = (one.cpu_per_request(), one.cpu_to(open));
            let [speed, cpu] =
                [speed, cpu].map(|(figure, ratio)| format!("{figure:.0} ({ratio:.2})"));
            rows.push(vec![one.candidate.name.to_owned(), speed, cpu]);
        }
        Ok(table(&rows))
    }

    /// The application without authentication under the same server.
    fn open_beside(&self, figures: &Figures) -> Result<&Figures> {
        let wanted = figures.candidate.open();
        let open = self.requests.iter().find(|one| one.candidate == wanted);
        open.context("the unprotected application was not measured")
    }

    fn requirements(&self) -> Vec<Requirement> {
        requirements::all(&self.verifications, &self.requests)
    }

    /// The report as JSON.
    pub(super) fn json(&self) -> Result<Value> {
        let verifications = self.verifications.figures.iter().map(|one| {
            json!({
                "algorithm": one.algorithm,
                "candidate": one.candidate,
                "microseconds": one.microseconds(),
                "ratioToPyJWT": self.verifications.ratio_to_pyjwt(one),
            })
        });
        let requests = self.requests.iter().map(|one| {
            let open = self.open_beside(one)?;
            Ok(json!({
                "candidate": one.candidate.name,
                "requestsPerSecond": one.requests_per_second(),
                "cpuMicrosecondsPerRequest": one.cpu_per_request(),
                "requestsPerSecondToOpen": one.speed_to(open),
                "cpuToOpen": one.cpu_to(open),
            }))
        });
        Ok(json!({
            "command": "cargo xtask bench python",
            "date": today()?,
            "cores": self.cores,
            "architecture": std::env::consts::ARCH,
            "versions": self.verifications.versions,
            "rounds": self.effort.total(),
            "verifications": verifications.collect::<Vec<_>>(),
            "requests": requests.collect::<Result<Vec<_>>>()?,
            "requirements": self.requirements().iter().map(Requirement::json).collect::<Vec<_>>(),
        }))
    }
}

const VERIFICATIONS: &str = "\
All candidates run in one process with one thread, and take turns of ten milliseconds. The ratio to
PyJWT's figure of the same round is in brackets. Tokens have Better Auth's default claims and arrive as
new strings; the keys are at hand. All candidates except `cryptography alone` check issuer, audience and
times, and the benchmark reads a claim.

- *ours new*: `await verifier.verify(token)` returns the user of a token that was not seen before
- *ours cached*: the same for a token that was verified before, the common case of an API
- *verify_sync*: the same for code that may block
- *the core alone*: the claims, without the user, which is a pydantic model
- *PyJWT*: `decode` with a prepared key
- *joserfc*: `decode` with a prepared key, and `JWTClaimsRegistry.validate`
- *fastapi-betterauth*: `BetterAuth.fetch_token`, which selects the key by PyJWT's `PyJWKClient`
- *fastapi-better-auth-bridge*: `JwtVerifier.verify`, which returns a session with a pydantic model
- *cryptography alone*: only the signature, of bytes that are decoded before";

const REQUESTS: &str = "\
The FastAPI route `/api/{user_id}/tasks`, with one query parameter and a response model: a page of 20
tasks from memory. It runs under uvicorn as `pip install uvicorn` installs it (asyncio, h11), with one
worker and no access log. Eight persistent connections send one request at a time, with a browser's
headers and an EdDSA token. The applications take turns of 0.2 s, and the ratio to the figure of *no
authentication* of the same round is in brackets. If the machine allows it, the servers have one core for
themselves. CPU time is that of the server's process alone.

- *no authentication*: the route takes `user_id` from its path
- *empty dependency*: a dependency that returns a constant in place of it, so FastAPI's part of the cost
- *ours*: `Depends(auth.user_from_path(...))` after `auth.install(app)`; all requests have the same
  token
- *ours, new tokens*: every request has a token that was not seen before
- *PyJWT*: `HTTPBearer`, `PyJWKClient` and `decode`, in a dependency that may block
- *joserfc*: `HTTPBearer`, `decode` and `JWTClaimsRegistry.validate`, with keys fetched at the start
- *fastapi-betterauth*, *fastapi-better-auth-bridge*: their dependencies, as their documentation shows

The routes of the peers compare `user_id` with the user by themselves. *fast server* is uvicorn with uvloop
and httptools, where FastAPI's part of the cost weighs more; the ratio is to the same server.";
