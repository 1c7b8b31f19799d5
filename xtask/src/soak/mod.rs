//! `cargo xtask soak`: hours of mixed traffic through the Worker in workerd. An oracle judges each
//! response, while the auth server rotates its keys and fails from time to time.

mod auth_server;
mod body;
mod client;
mod judge;
mod keys;
mod lanes;
mod memory;
mod oracle;
mod plan;
mod random;
mod requests;
mod sockets;
mod streams;
mod traffic;
mod upstream;
mod users;
mod wire;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::directory::Directory;
use crate::process::Server;
use crate::{build, http, progress, token, usage, workerd};
use auth_server::AuthServer;
use judge::Judge;
use keys::Keys;
use lanes::Lanes;
use memory::Memory;
use plan::Plan;
use upstream::Upstream;
use users::Mint;

/// What a run does.
pub struct Options {
    /// Decides the plan and the requests
    pub seed: u64,
    /// Seconds
    pub seconds: f64,
    /// Settings of the Worker that differ from those of the run
    pub settings: Vec<(&'static str, Value)>,
}

/// What a run has found.
pub struct Outcome {
    pub(crate) plan: Plan,
    /// The number of requests
    pub requests: u64,
    /// The number of wrong decisions
    pub wrong: u64,
    /// Connections that failed before a response was complete
    pub lost: u64,
    /// The first wrong decisions
    pub findings: Vec<String>,
    lost_findings: Vec<String>,
    memory: Memory,
    summary: String,
}

/// Runs a soak test.
///
/// # Errors
/// An option is wrong, a decision was wrong, or the memory has grown.
pub fn run(options: &[&str]) -> Result<()> {
    let (mut seed, mut seconds) = (1, 3_600.0);
    for pair in options.chunks(2) {
        let [name, value] = pair else { bail!("{OPTIONS}") };
        let number: f64 = value.parse().context(OPTIONS)?;
        match *name {
            "--hours" => seconds = number * 3_600.0,
            "--minutes" => seconds = number * 60.0,
            "--seed" => seed = value.parse().context(OPTIONS)?,
            _ => bail!("{OPTIONS}"),
        }
    }
    ensure!(seconds >= 5.0, "a run takes at least five seconds");
    build::worker()?;
    let outcome = soak(&Options { seed, seconds, settings: Vec::new() })?;
    println!("{}", outcome.summary);
    ensure!(outcome.wrong == 0, "{} wrong decisions", outcome.wrong);
    Ok(())
}

const OPTIONS: &str = "soak takes these options, each with a number: --hours, --minutes, --seed";

/// Sends traffic through the built Worker and judges it.
///
/// # Errors
/// A server does not start.
pub fn soak(options: &Options) -> Result<Outcome> {
    let plan = Plan::new(options.seed, options.seconds);
    let keys = Arc::new(Keys::new(plan.clone()));
    let (auth, auth_address) = AuthServer::start(&keys)?;
    let (upstream, upstream_address) = Upstream::start()?;
    let issuer = format!("http://{auth_address}");
    let directory = Directory::new()?;
    let origin = format!("http://{upstream_address}");
    let (server, url) = start_worker(&directory, &plan, &issuer, &origin, &options.settings)?;
    let address = url.strip_prefix("http://").context("the Worker's URL is not http")?.parse()?;
    let process = workerd::process_id(&server)?;
    let mint = Arc::new(Mint::new(Arc::clone(&keys), issuer));
    let judge = Judge::new(Arc::clone(&keys), Arc::clone(&upstream));
    let lanes = Lanes { address, mint, judge, stopped: AtomicBool::new(false) };
    let mut memory = Memory::default();
    lanes.during(|| -> Result<()> {
        while keys.now() < plan.length {
            thread::sleep(Duration::from_millis(500));
            memory.note(keys.now(), usage::memory(process)?);
        }
        Ok(())
    })?;
    let judge = &lanes.judge;
    judge.settle();
    let total = judge.total();
    let (findings, lost_findings) = judge.findings();
    let mut summary = String::new();
    use std::fmt::Write as _;
    for (kind, counted) in judge.counts() {
        let _ = writeln!(summary, "{} {counted:?}", kind.title());
    }
    let _ = writeln!(
        summary,
        "{total:?} lost {} {:?} fetches {:?} left {} received {} forwarded {}",
        judge.lost(),
        memory.resident(plan.length),
        auth.fetches(),
        upstream.left(),
        upstream.received(),
        judge.forwarded()
    );
    let _ = writeln!(summary, "{:#?}\n{:#?}", findings, lost_findings);
    Ok(Outcome {
        plan,
        requests: total.requests,
        wrong: total.wrong,
        lost: judge.lost(),
        findings,
        lost_findings,
        memory,
        summary,
    })
}

/// Starts the Worker with rules that keep users apart.
fn start_worker(
    directory: &Directory,
    plan: &Plan,
    issuer: &str,
    origin: &str,
    more: &[(&'static str, Value)],
) -> Result<(Server, String)> {
    let mut settings = workerd::Settings::from_wrangler()?;
    settings.vars.clear();
    let seconds = |seconds: f64| json!(seconds.to_string());
    let rules = json!([
        {"path": "/api/{user_id}/*", "match": {"user_id": "sub"}},
        {"path": "/admin/*", "claims": {"role": ["admin"]}},
        {"path": "/public/*", "auth": "public"},
    ]);
    for (name, value) in [
        ("BETTER_AUTH_URL", json!(issuer)),
        ("ORIGIN_URL", json!(origin)),
        ("ROUTES", rules),
        ("CLAIM_HEADERS", json!({"email": "x-user-email"})),
        ("CORS_ORIGINS", json!("https://app.example.com")),
        ("CLOCK_TOLERANCE", seconds(oracle::TOLERANCE)),
        ("JWKS_MAX_AGE", seconds(keys::max_age(plan))),
        ("JWKS_COOLDOWN", seconds(keys::cooldown(plan))),
        ("JWKS_TIMEOUT", seconds(auth_server::FETCH_TIMEOUT)),
        ("WEBSOCKET_CLOSE_ON_EXPIRY", json!("true")),
        ("EDGE_ISSUER", json!(upstream::EDGE)),
        ("EDGE_SIGNING_KEY", json!(token::private_jwk(&upstream::assertion_key()).to_string())),
    ] {
        settings = settings.with(name, value);
    }
    for (name, value) in more {
        settings = settings.with(name, value.clone());
    }
    let (server, url) = workerd::start(directory.path(), &settings)?;
    let health = http::get(&format!("{url}/.well-known/better-auth-edge/health"), &[])?;
    ensure!(health.status == 200, "the Worker is not healthy: {}\n{}", health.code(), server.log());
    progress(format!("the Worker listens on {url}, seed {}", plan.seed));
    Ok((server, url))
}
