//! The runtimes as child processes that verify tokens on request. This process measures the time,
//! because a runtime's own clock may not advance while it computes.

use std::fmt;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::programs::Programs;
use crate::process::Server;
use crate::{http, setup, workerd};

/// A JavaScript runtime.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Runtime {
    Workerd,
    Node,
}

impl Runtime {
    pub(super) const ALL: [Self; 2] = [Self::Workerd, Self::Node];
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Workerd => "workerd",
            Self::Node => "Node",
        })
    }
}

/// When V8 compiles wasm.
#[derive(Clone, Copy, Debug)]
pub(super) enum Compilation {
    /// Each function on its first call, the default
    Lazy,
    /// All functions on load
    AtOnce,
}

impl Compilation {
    fn v8_flags(self) -> &'static [&'static str] {
        match self {
            Self::Lazy => &[],
            Self::AtOnce => &["--no-wasm-lazy-compilation"],
        }
    }
}

/// A running runtime with all candidates in it.
pub(super) struct Host {
    pub(super) runtime: Runtime,
    base: String,
    _server: Server,
}

impl Host {
    pub(super) fn start(
        runtime: Runtime,
        programs: &Programs,
        compilation: Compilation,
    ) -> Result<Self> {
        let flags = compilation.v8_flags();
        let (server, base) = match runtime {
            Runtime::Workerd => {
                let mut settings = workerd::Settings::from_wrangler()?;
                settings.v8_flags = flags.to_vec();
                settings.vars = vec![("MATERIAL".to_owned(), programs.material.clone())];
                workerd::serve(&programs.workerd, &settings)?
            }
            Runtime::Node => {
                let mut command = Command::new(setup::node()?);
                command.args(flags).arg(programs.node.join("index.cjs")).arg(&programs.node);
                let port = |line: &str| serde_json::from_str::<Value>(line).ok()?["port"].as_u64();
                let (server, port) = Server::start("Node", &mut command, port)?;
                (server, format!("http://127.0.0.1:{port}"))
            }
        };
        Ok(Self { runtime, base, _server: server })
    }

    /// The candidates of this runtime, as pairs of algorithm and name. Each has accepted a valid
    /// token and rejected a forged one.
    pub(super) fn candidates(&self) -> Result<Vec<(String, String)>> {
        let response = http::get(&format!("{}/candidates", self.base), &[])?;
        let body = String::from_utf8_lossy(&response.body).into_owned();
        ensure!(response.status == 200, "{}: {body}", self.runtime);
        let candidates = response.json();
        let pair = |candidate: &Value| {
            let text = |name: &str| candidate[name].as_str().map(str::to_owned);
            Some((text("algorithm")?, text("name")?))
        };
        let candidates = candidates.as_array().context("the candidates are not a list")?.iter();
        candidates
            .map(pair)
            .collect::<Option<_>>()
            .context("a candidate lacks its algorithm or name")
    }

    /// The time until the response to a request.
    pub(super) fn time(&self, path: &str, query: &[(&str, &str)]) -> Result<Duration> {
        let query: Vec<_> = query
            .iter()
            .map(|(name, value)| format!("{name}={}", value.replace(' ', "+")))
            .collect();
        let url = format!("{}{path}?{}", self.base, query.join("&"));
        let started = Instant::now();
        let response = http::get(&url, &[])?;
        let elapsed = started.elapsed();
        let body = String::from_utf8_lossy(&response.body);
        ensure!(response.status == 200, "{} failed at {path}: {body}", self.runtime);
        Ok(elapsed)
    }
}
