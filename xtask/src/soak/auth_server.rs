//! The auth server: it publishes the JWK Set of the moment, and fails in the phases of an outage.

use std::io::Result;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::keys::Keys;
use super::plan::PhaseKind;
use super::wire::{self, Wire};

/// The auth server.
pub(super) struct AuthServer {
    keys: Arc<Keys>,
    fetches: AtomicUsize,
    failed: AtomicUsize,
}

impl AuthServer {
    /// Starts the server on a free loopback port until this process ends.
    pub(super) fn start(keys: &Arc<Keys>) -> Result<(Arc<Self>, SocketAddr)> {
        let keys = Arc::clone(keys);
        let server = Arc::new(Self { keys, fetches: 0.into(), failed: 0.into() });
        let address = wire::listen(&server, Self::serve)?;
        Ok((server, address))
    }

    /// How often the JWK Set was fetched, and how often that failed.
    pub(super) fn fetches(&self) -> (usize, usize) {
        (self.fetches.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed))
    }

    fn serve(&self, mut wire: Wire) -> Result<()> {
        while let Some(head) = wire.head()? {
            let number = self.fetches.fetch_add(1, Ordering::Relaxed);
            let at = self.keys.now();
            let phase = self.keys.plan.phase(at);
            if phase.is_outage() {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
            let set = self.keys.jwks(at);
            let response = match phase {
                PhaseKind::Errors => failure(number),
                PhaseKind::Closed => return Ok(()),
                PhaseKind::Garbage => garbage(number, &set),
                _ => response("200 OK", &set),
            };
            if phase == PhaseKind::Slow {
                // every other response is later than JWKS_TIMEOUT
                thread::sleep(if number.is_multiple_of(2) { LATE } else { TOO_LATE });
            }
            let is_key_set = head.word(1) == PATH;
            let response = if is_key_set { response } else { self::response("404 Not Found", "") };
            wire.send(response.as_bytes())?;
            // a later response may miss the timeout
            let is_in_time = self.keys.now() - at < IN_TIME;
            if is_key_set && is_in_time && !matches!(phase, PhaseKind::Errors | PhaseKind::Garbage)
            {
                self.keys.deliver(at);
            }
        }
        Ok(())
    }
}

/// `JWKS_TIMEOUT` of the run, in seconds.
pub(super) const FETCH_TIMEOUT: f64 = 2.0;

const PATH: &str = "/api/auth/jwks";
const LATE: Duration = Duration::from_millis(700);
const TOO_LATE: Duration = Duration::from_millis(3_500);
/// Seconds
const IN_TIME: f64 = 1.2;

fn response(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn failure(number: usize) -> String {
    let status = ["500 Internal Server Error", "503 Service Unavailable", "404 Not Found"];
    response(status[number % status.len()], r#"{"message":"out of order"}"#)
}

/// Responses with status 200 that no client may take for a JWK Set.
fn garbage(number: usize, set: &str) -> String {
    match number % 6 {
        0 => response("200 OK", "<!doctype html><title>Sign in</title>"),
        1 => response("200 OK", ""),
        2 => response("200 OK", &set[..set.len() - 1]),
        3 => response("200 OK", &format!("[{set}]")),
        4 => response("200 OK", &set.replace("\"keys\":", "\"keys\":[],\"keys\":")),
        _ => response("200 OK", &format!("{set}{}", " ".repeat(2_000_000))),
    }
}
