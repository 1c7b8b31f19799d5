//! The Workers whose isolates start.

use std::fmt;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::Round;
use crate::bench::load::send_one;
use crate::bench::material::User;
use crate::bench::programs::bundle;
use crate::{root, usage, workerd};

/// A Worker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Candidate {
    Proxy,
    Jose,
    Ours,
    OursCold,
}

impl Candidate {
    pub(super) const ALL: [Self; 4] = [Self::Proxy, Self::Jose, Self::Ours, Self::OursCold];

    fn source(self) -> Option<&'static str> {
        match self {
            Self::Proxy => Some("gateway/proxy.js"),
            Self::Jose => Some("gateway/jose.js"),
            Self::Ours | Self::OursCold => None,
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proxy => "proxy",
            Self::Jose => "jose",
            Self::Ours => "ours",
            Self::OursCold => "ours without warm-up",
        })
    }
}

/// A Worker's program in a directory of its own.
pub(super) struct Program {
    candidate: Candidate,
    directory: PathBuf,
    settings: workerd::Settings,
}

impl Program {
    /// Writes the program of a candidate in front of the upstream, with the settings of
    /// wrangler.toml.
    pub(super) fn prepare(candidate: Candidate, upstream: &str) -> Result<Self> {
        let name = candidate.to_string().replace(' ', "-");
        let directory = root().join("target/bench/start").join(name);
        fs::create_dir_all(&directory)?;
        match candidate.source() {
            Some(source) => bundle(source, &directory.join("index.js"), "neutral", None)?,
            None if candidate == Candidate::OursCold => {
                let mut has_warm_up = false;
                workerd::copy_edited(&directory, |program| {
                    has_warm_up = program.contains(WARM_UP);
                    program.replace(WARM_UP, "no URL")
                })?;
                ensure!(has_warm_up, "build/index.js has no warm-up");
            }
            None => workerd::copy_worker(&directory)?,
        }
        let settings = workerd::Settings::from_wrangler()?
            .by_uuid()
            .with("BETTER_AUTH_URL", json!(upstream))
            .with("ORIGIN_URL", json!(upstream));
        Ok(Self { candidate, directory, settings })
    }

    /// Starts a process, and sends one request of each user.
    pub(super) fn measure(&self, users: &[User; 2]) -> Result<Round> {
        let (server, url) = workerd::serve(&self.directory, &self.settings)?;
        let process = workerd::process_id(&server)?;
        let cpu = || usage::cpu_time(process).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3);
        let start = cpu();
        let address: SocketAddr = url.strip_prefix("http://").context("not http")?.parse()?;
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut milliseconds = |user: &User| {
            let started = Instant::now();
            send_one(&mut stream, &user.request()).with_context(|| {
                format!("{} failed; its log:\n{}", self.candidate, server.log())
            })?;
            Ok::<_, anyhow::Error>(started.elapsed().as_secs_f64() * 1e3)
        };
        let first = milliseconds(&users[0])?;
        let first_cpu = cpu() - start;
        Ok(Round { start, first, first_cpu, second: milliseconds(&users[1])? })
    }
}

/// The URL of the requests of the warm-up. Without it, the warm-up fails at its beginning.
const WARM_UP: &str = "https://warm-up.invalid";
