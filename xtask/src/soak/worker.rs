//! The Worker of a run.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::plan::Plan;
use super::{auth_server, keys, oracle, upstream};
use crate::directory::Directory;
use crate::process::Server;
use crate::{http, progress, token, workerd};

/// Starts the Worker with rules that keep users apart, and with short times for its caches, so that
/// each phase of the run sees them end. `more` replaces settings. Returns its base URL.
pub(super) fn start(
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
    let signing_key = token::private_jwk(&upstream::assertion_key());
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
        // a line for each of millions of rejections would measure the pipe to this process
        ("LOG_LEVEL", json!("error")),
        ("CLIENT_IP_HEADER", json!(upstream::ADDRESS)),
        ("EDGE_ISSUER", json!(upstream::EDGE)),
        ("EDGE_SIGNING_KEY", json!(signing_key.to_string())),
    ] {
        settings = settings.with(name, value);
    }
    for (name, value) in more {
        settings = settings.with(name, value.clone());
    }
    let (server, url) = workerd::start(directory.path(), &settings)?;
    let health = http::get(&format!("{url}/.well-known/better-auth-edge/health"), &[])?;
    ensure!(health.status == 200, "the Worker is not healthy; its log:\n{}", server.log());
    progress(format!("the Worker listens on {url}"));
    Ok((server, url))
}
