//! Fills the store of a gateway with sessions that have ended.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::bench::material;
use crate::http;

/// The number of sessions.
pub(super) const ENTRIES: usize = 100_000;

/// The gateway's own origin, which events name.
pub(super) const EDGE: &str = "https://edge.example.com";

/// Sends the events to the gateway at `url`, and waits until it has read them.
pub(super) fn fill(url: &str, issuer: &str) -> Result<()> {
    let events = format!("{url}/.well-known/better-auth-edge/events");
    for message in 0..ENTRIES / MOST_EVENTS {
        let ended: Vec<_> = (0..MOST_EVENTS).map(|number| ended(message, number)).collect();
        let token = material::event(issuer, EDGE, message, &json!(ended))?;
        let response = http::post_text(&events, "application/jwt", &token)?;
        ensure!(response.status == 204, "an event was not accepted: {}", response.outcome());
    }
    let health = format!("{url}/.well-known/better-auth-edge/health");
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let known = http::get(&health, &[])?.json()["revocations"]["entries"].as_u64();
        if known == Some(ENTRIES as u64) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the gateway knows {known:?} of {ENTRIES} entries");
        thread::sleep(Duration::from_millis(200));
    }
}

/// The end of a session of a user who sends no requests.
fn ended(message: usize, number: usize) -> Value {
    json!({"type": "session", "sid": format!("s{message:04}-{number:02}"), "sub": "another"})
}

/// The most events in one token.
const MOST_EVENTS: usize = 100;
