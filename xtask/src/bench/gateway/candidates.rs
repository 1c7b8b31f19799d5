//! The gateways: each a workerd process in front of the same upstream.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{revocations, workloads};
use crate::bench::material::User;
use crate::bench::programs::bundle;
use crate::bench::upstream::{ECHO, REDIRECT};
use crate::process::Server;
use crate::{http, token, workerd};

/// A gateway under test.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Candidate {
    Proxy,
    Jose,
    JoseCached,
    Ours,
    OursWithRevocations,
}

impl Candidate {
    pub(super) const ALL: [Self; 5] =
        [Self::Proxy, Self::Jose, Self::JoseCached, Self::Ours, Self::OursWithRevocations];

    /// Those that differ by a few percent: less than their turns vary beside the others.
    pub(super) const PAIR: [Self; 2] = [Self::Ours, Self::OursWithRevocations];

    /// Its program in `benches/src/gateway`. Ours is the Worker itself.
    fn source(self) -> Option<&'static str> {
        match self {
            Self::Proxy => Some("gateway/proxy.js"),
            Self::Jose => Some("gateway/jose.js"),
            Self::JoseCached => Some("gateway/jose-cached.js"),
            Self::Ours | Self::OursWithRevocations => None,
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proxy => "proxy",
            Self::Jose => "jose",
            Self::JoseCached => "jose, cached tokens",
            Self::Ours => "ours",
            Self::OursWithRevocations => "ours with revocation",
        })
    }
}

/// A running gateway.
pub(super) struct Gateway {
    pub(super) candidate: Candidate,
    pub(super) address: SocketAddr,
    /// Process id of workerd
    pub(super) process: u32,
    url: String,
    server: Server,
}

impl Gateway {
    /// Starts a candidate in front of the upstream, with the settings of wrangler.toml and flags of
    /// V8.
    pub(super) fn start(
        candidate: Candidate,
        directory: &Path,
        upstream: &str,
        v8_flags: &[&'static str],
    ) -> Result<Self> {
        let mut settings = workerd::Settings::from_wrangler()?
            .by_uuid()
            .with("BETTER_AUTH_URL", json!(upstream))
            .with("ORIGIN_URL", json!(upstream))
            .with("EDGE_ISSUER", json!(revocations::EDGE));
        settings.v8_flags = v8_flags.to_vec();
        if candidate == Candidate::OursWithRevocations {
            settings.objects = Some(workerd::Objects { wrapper: None });
        }
        let (server, url) = match candidate.source() {
            Some(source) => {
                bundle(source, &directory.join("index.js"), "neutral", None)?;
                workerd::serve(directory, &settings)?
            }
            None => workerd::start(directory, &settings)?,
        };
        let address =
            url.strip_prefix("http://").context("the gateway's URL is not http")?.parse()?;
        let process = workerd::process_id(&server)?;
        if candidate == Candidate::OursWithRevocations {
            revocations::fill(&url, upstream)?;
        }
        Ok(Self { candidate, address, process, url, server })
    }

    /// Checks that the gateway forwards valid requests and, except for the proxy, rejects all
    /// others.
    pub(super) fn check(&self, user: &User) -> Result<()> {
        let log = || format!("{} failed; its log:\n{}", self.candidate, self.server.log());
        self.try_check(user).with_context(log)
    }

    fn try_check(&self, user: &User) -> Result<()> {
        let own = format!("/api/{}{ECHO}", user.uuid);
        let echo = self.get(&own, &user.token)?;
        ensure!(echo.starts_with("200 GET /api/"), "{own}: {echo}");
        let redirect = self.get(&format!("/api/{}{REDIRECT}", user.uuid), &user.token)?;
        ensure!(redirect.starts_with("302"), "followed a redirect: {redirect}");
        if self.candidate == Candidate::Proxy {
            return Ok(());
        }
        let echo = echo.to_ascii_lowercase();
        let identity = echo.lines().filter(|line| line.starts_with("x-edge-"));
        let identity: Vec<_> = identity.map(str::to_owned).collect();
        ensure!(identity == [format!("x-edge-user: {}", user.uuid)], "{identity:?}");
        ensure!(echo.contains("\r\nx-request-id: "), "the request id is missing");

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
            ("/api/another-user/tasks", &user.token, "403"),
            // again, from the cache
            (&own, &user.token, "200"),
        ] {
            let response = self.get(path, token)?;
            ensure!(response.starts_with(status), "{path}: {response}");
        }
        Ok(())
    }

    /// The headers and bodies of the refusals, without the request's id, the date and what changes
    /// with each second.
    pub(super) fn refusals(&self, user: &User) -> Result<Vec<String>> {
        let url = format!("{}{}", self.url, user.target());
        let outcome = |token: &String| {
            let authorization = format!("Bearer {token}");
            let headers = [("authorization", authorization.as_str())];
            let response = http::get(&url, if token.is_empty() { &[] } else { &headers })?;
            let headers = REFUSAL_HEADERS.map(|name| response.header(name));
            let mut body = response.json();
            body["request_id"] = json!(body["request_id"].is_string());
            let body = body.to_string().replace(|c: char| c.is_ascii_digit(), "");
            Ok(format!("{} {headers:?} {body}", response.status))
        };
        workloads::refused(user).iter().map(outcome).collect()
    }

    /// Sends a request with forged identity headers. Returns status and body.
    fn get(&self, path: &str, token: &str) -> Result<String> {
        let authorization = format!("Bearer {token}");
        let headers = [
            ("authorization", authorization.as_str()),
            ("x-edge-user", "forged"),
            ("X-Edge-Jwt-Assertion", "forged"),
        ];
        let response = http::get(&format!("{}{path}", self.url), &headers)?;
        Ok(format!("{} {}", response.status, String::from_utf8_lossy(&response.body)))
    }
}

/// The headers of a refusal that are the same each time.
const REFUSAL_HEADERS: [&str; 4] =
    ["content-type", "cache-control", "x-content-type-options", "www-authenticate"];
