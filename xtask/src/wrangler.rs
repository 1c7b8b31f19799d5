//! Runs wrangler offline.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process::Server;
use crate::{root, setup};

/// wrangler on a supported Node, without requests to other machines.
pub fn command() -> Result<Command> {
    let mut command = Command::new(setup::node_for_wrangler()?);
    command
        .arg(root().join("node_modules/wrangler/bin/wrangler.js"))
        .current_dir(root())
        .envs([("CI", "1"), ("WRANGLER_HIDE_BANNER", "true"), ("NO_COLOR", "1")])
        .envs([("WRANGLER_SEND_METRICS", "false"), ("WRANGLER_SEND_ERROR_REPORTS", "false")])
        .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
        .env("XDG_CONFIG_HOME", scratch("config"));
    Ok(command)
}

/// Starts `wrangler dev` on a free loopback port, with its caches and namespaces in `state`.
/// Returns the Worker's base URL.
pub fn dev(command: &mut Command, state: &Path) -> Result<(Server, String)> {
    command
        .args(["--local", "--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0"])
        .arg("--persist-to")
        .arg(state);
    let ready = |line: &str| {
        let url = line.split("Ready on ").nth(1)?;
        Some(url.trim().to_owned())
    };
    Server::start("wrangler dev", command, ready)
}

/// A directory for wrangler's files.
pub fn scratch(name: &str) -> PathBuf {
    root().join("target/wrangler").join(name)
}
