//! FastAPI applications, each served by a uvicorn process.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process::Server;
use crate::{http, root, token, usage};

/// The target of the request for the tasks of a token's user.
pub(super) fn target(token: &str) -> String {
    let claims = token::segment(token, 1);
    format!("/api/{}/tasks?done=false", claims["sub"].as_str().unwrap_or_default())
}

/// An application under a kind of load.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Candidate {
    pub(super) name: &'static str,
    /// In `benches/python/apps.py`
    app: &'static str,
    /// Whether every request has another token
    pub(super) has_new_tokens: bool,
    is_protected: bool,
    /// Whether uvicorn has uvloop and httptools in place of asyncio and h11
    is_fast: bool,
}

impl Candidate {
    const fn one_token(app: &'static str) -> Self {
        Self { name: app, app, has_new_tokens: false, is_protected: true, is_fast: false }
    }

    const fn fast(self, name: &'static str) -> Self {
        Self { name, is_fast: true, ..self }
    }

    /// The application without authentication under the same server.
    pub(super) fn open(self) -> Self {
        if self.is_fast { Self::OPEN_FAST } else { Self::OPEN }
    }

    pub(super) const OPEN: Self =
        Self { is_protected: false, ..Self::one_token("no authentication") };
    pub(super) const EMPTY: Self =
        Self { is_protected: false, ..Self::one_token("empty dependency") };
    pub(super) const OURS: Self = Self::one_token("ours");
    pub(super) const OURS_NEW: Self =
        Self { name: "ours, new tokens", has_new_tokens: true, ..Self::OURS };

    const OPEN_FAST: Self = Self::OPEN.fast("no authentication, fast server");

    pub(super) const ALL: [Self; 11] = [
        Self::OPEN,
        Self::EMPTY,
        Self::OURS,
        Self::OURS_NEW,
        Self::one_token("PyJWT"),
        Self::one_token("joserfc"),
        Self::one_token("fastapi-betterauth"),
        Self::one_token("fastapi-better-auth-bridge"),
        Self::OPEN_FAST,
        Self::EMPTY.fast("empty dependency, fast server"),
        Self::OURS.fast("ours, fast server"),
    ];
}

/// A running application.
pub(super) struct App {
    pub(super) candidate: Candidate,
    pub(super) address: SocketAddr,
    server: Server,
}

impl App {
    /// Starts a candidate and checks which requests it accepts. `core` is the number of the core
    /// for it.
    pub(super) fn start(
        candidate: Candidate,
        python: &Path,
        auth_server: &str,
        valid: &str,
        core: usize,
    ) -> Result<Self> {
        let mut command = Command::new(python);
        command
            .arg(root().join("benches/python/serve.py"))
            .args([candidate.app, auth_server, if candidate.is_fast { "fast" } else { "default" }])
            .env("PYTHONPATH", root().join("python"));
        let port = |line: &str| serde_json::from_str::<Value>(line).ok()?["port"].as_u64();
        let (server, port) = Server::start("uvicorn", &mut command, port)?;
        let address = SocketAddr::from(([127, 0, 0, 1], u16::try_from(port)?));
        usage::pin(server.id(), &core.to_string());
        let app = Self { candidate, address, server };
        let log = || format!("{}; its log:\n{}", candidate.name, app.server.log());
        app.check(valid).with_context(log)?;
        Ok(app)
    }

    pub(super) fn process(&self) -> u32 {
        self.server.id()
    }

    fn check(&self, valid: &str) -> Result<()> {
        let rejected = if self.candidate.is_protected { 401 } else { 200 };
        for (token, status) in [(valid, 200), (&token::with_flipped_bit(valid), rejected)] {
            let authorization = format!("Bearer {token}");
            let url = format!("http://{}{}", self.address, target(valid));
            let response = http::get(&url, &[("authorization", authorization.as_str())])?;
            let body = String::from_utf8_lossy(&response.body).into_owned();
            ensure!(response.status == status, "status {}: {body}", response.status);
            let page: Value = serde_json::from_str(&body)?;
            ensure!(status != 200 || page.as_array().map(Vec::len) == Some(20), "{body}");
        }
        Ok(())
    }
}
