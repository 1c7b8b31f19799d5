//! The gateways as processes: each a workerd of its own, in front of the same origin.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::material::User;
use super::origin::{ECHO, REDIRECT};
use crate::bench::programs::bundle;
use crate::process::Server;
use crate::{http, token, workerd};

/// A gateway, or what it is held against.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Candidate {
    Proxy,
    Jose,
    JoseKept,
    Ours,
}

impl Candidate {
    pub(super) const ALL: [Self; 4] = [Self::Proxy, Self::Jose, Self::JoseKept, Self::Ours];

    /// Its program in `benches/src/gateway`; ours is the Worker itself.
    fn source(self) -> Option<&'static str> {
        match self {
            Self::Proxy => Some("gateway/proxy.js"),
            Self::Jose => Some("gateway/jose.js"),
            Self::JoseKept => Some("gateway/jose-kept.js"),
            Self::Ours => None,
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proxy => "proxy",
            Self::Jose => "jose",
            Self::JoseKept => "jose, tokens kept",
            Self::Ours => "ours",
        })
    }
}

/// A running gateway.
pub(super) struct Gateway {
    pub(super) candidate: Candidate,
    pub(super) address: SocketAddr,
    /// Of workerd
    pub(super) process: u32,
    url: String,
    server: Server,
}

impl Gateway {
    /// Starts a candidate in front of the origin, with the settings of wrangler.toml.
    pub(super) fn start(candidate: Candidate, directory: &Path, origin: &str) -> Result<Self> {
        let settings = workerd::Settings::from_wrangler()?
            .by_uuid()
            .with("BETTER_AUTH_URL", json!(origin))
            .with("ORIGIN_URL", json!(origin));
        let (server, url) = match candidate.source() {
            Some(source) => {
                bundle(source, &directory.join("index.js"), "neutral", None)?;
                workerd::serve(directory, &settings)?
            }
            None => workerd::start(directory, &settings)?,
        };
        let address = url.strip_prefix("http://").context("an http URL")?.parse()?;
        let process = workerd::process_id(&server)?;
        Ok(Self { candidate, address, process, url, server })
    }

    /// Sees that it forwards what it should and, but for the proxy, nothing else.
    pub(super) fn check(&self, user: &User) -> Result<()> {
        let wrong = || format!("{} is wrong; it said:\n{}", self.candidate, self.server.log());
        self.try_check(user).with_context(wrong)
    }

    fn try_check(&self, user: &User) -> Result<()> {
        let own = format!("/api/{}{ECHO}", user.uuid);
        let echo = self.get(&own, &user.token)?;
        ensure!(echo.starts_with("200 GET /api/"), "{own}: {echo}");
        let redirect = self.get(&format!("/api/{}{REDIRECT}", user.uuid), &user.token)?;
        ensure!(redirect.starts_with("302"), "a redirect is followed: {redirect}");
        if self.candidate == Candidate::Proxy {
            return Ok(());
        }
        let echo = echo.to_ascii_lowercase();
        let identity = echo.lines().filter(|line| line.starts_with("x-edge-"));
        let identity: Vec<_> = identity.map(str::to_owned).collect();
        ensure!(identity == [format!("x-edge-user: {}", user.uuid)], "{identity:?}");
        ensure!(echo.contains("\r\nx-request-id: "), "no request id");

        let forged = token::with_flipped_bit(&user.token);
        let expired = user.token_with("exp", json!(1_000_000_000));
        let foreign = user.token_with("iss", json!("https://elsewhere.example.com"));
        let misdirected = user.token_with("aud", json!("https://elsewhere.example.com"));
        for (path, token, status) in [
            (own.as_str(), forged.as_str(), "401"),
            (&own, &expired, "401"),
            (&own, &foreign, "401"),
            (&own, &misdirected, "401"),
            (&own, "", "401"),
            ("/api/somebody-else/tasks", &user.token, "403"),
            // and again, now that it may have been kept
            (&own, &user.token, "200"),
        ] {
            let answer = self.get(path, token)?;
            ensure!(answer.starts_with(status), "{path}: {answer}");
        }
        Ok(())
    }

    /// Status and body. The request comes with forged headers.
    fn get(&self, path: &str, token: &str) -> Result<String> {
        let authorization = format!("Bearer {token}");
        let headers = [
            ("authorization", authorization.as_str()),
            ("x-edge-user", "forged"),
            ("X-Edge-Jwt-Assertion", "forged"),
        ];
        let answer = http::get(&format!("{}{path}", self.url), &headers)?;
        Ok(format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body)))
    }
}
