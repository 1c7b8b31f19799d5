//! The example's Next.js application, in development mode.

use std::process::Command;

use anyhow::Result;

use crate::port::free_port;
use crate::process::Server;
use crate::stack::Stack;
use crate::{build, root, setup};

/// Installs and builds everything that the application needs.
pub(crate) fn prepare() -> Result<()> {
    build::npm()
}

/// A base URL with a free port. Better Auth must know it before the application starts.
pub(crate) fn free_url() -> Result<String> {
    Ok(format!("http://127.0.0.1:{}", free_port()?))
}

/// Starts the application at that URL, in front of Better Auth and FastAPI, with its demo page. It
/// learns of ended sessions from the Worker, with `feed_token`.
pub(crate) fn start(url: &str, stack: &Stack, feed_token: &str) -> Result<Server> {
    // Next does not exit when its standard input closes, so a wrapper shell stops it.
    let wrapper = r#"exec 3<&0
        "$@" 3<&- </dev/null & next=$!
        { read -r _; kill "$next"; } <&3 2>/dev/null & watcher=$!
        trap 'kill "$next"' TERM INT
        wait "$next"; status=$?
        kill "$watcher" 2>/dev/null
        exit "$status""#;
    let port = url.rsplit(':').next().unwrap_or_default();
    let mut command = Command::new("sh");
    command
        .args(["-c", wrapper, "sh"])
        .arg(setup::node()?)
        .arg(root().join("node_modules/next/dist/bin/next"))
        .args(["dev", "--hostname", "127.0.0.1", "--port", port])
        .current_dir(root().join("examples/fullstack/web"))
        .envs([("BETTER_AUTH_URL", &stack.auth_url), ("API_URL", &stack.api_url)])
        .envs([("EDGE_SIGNING_KEY", &stack.signing_key), ("EDGE_ISSUER", &stack.edge_url)])
        .envs([("REVOCATIONS_URL", stack.edge_url.as_str()), ("REVOCATIONS_TOKEN", feed_token)])
        .envs([("DEMO", "1"), ("NEXT_TELEMETRY_DISABLED", "1")]);
    let (server, ()) =
        Server::start("Next.js", &mut command, |line| line.contains("Ready in").then_some(()))?;
    Ok(server)
}
