//! The upstream: it reports in a response header what reached it, and remembers which requests did.

use std::collections::HashSet;
use std::io::Result;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use ed25519_dalek::SigningKey;
use serde_json::Value;
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

use super::body::{Body, Hash};
use super::echo::{Echo, GOOD, UNCHECKED};
use super::head::Head;
use super::wire::{self, Wire};
use crate::token;

/// The upstream.
pub(super) struct Upstream {
    /// The audience of assertions: its own origin
    origin: OnceLock<String>,
    received: AtomicU64,
    reached: Mutex<HashSet<u64>>,
}

/// The value of forged identity headers.
pub(super) const FORGED: &str = "forged-identity";

/// Before the length of the response body, at the end of a path.
pub(super) const STREAM: &str = "/stream/";

/// The header of a request's number. The Worker's caches expect another value in each request.
pub(super) fn number_header(number: u64) -> String {
    format!("traceparent: 00-{number:032x}-00f067aa0ba902b7-01\r\n")
}

/// The key with which the Worker signs assertions.
pub(super) fn assertion_key() -> SigningKey {
    SigningKey::from_bytes(&[5; 32])
}

/// `CLIENT_IP_HEADER` of the run.
pub(super) const ADDRESS: &str = "x-client-address";

/// `EDGE_ISSUER` of the run.
pub(super) const EDGE: &str = "https://edge.example.com";

impl Upstream {
    /// Starts the upstream on a free loopback port until this process ends.
    pub(super) fn start() -> Result<(Arc<Self>, SocketAddr)> {
        let (origin, reached) = (OnceLock::new(), Mutex::default());
        let upstream = Arc::new(Self { origin, received: 0.into(), reached });
        let address = wire::listen(&upstream, Self::serve)?;
        let _ = upstream.origin.set(format!("http://{address}"));
        Ok((upstream, address))
    }

    /// The number of requests that it received.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::SeqCst)
    }

    /// Whether a request with that number reached the upstream. Forgets the number.
    pub(super) fn take(&self, number: u64) -> bool {
        self.reached().remove(&number)
    }

    /// The number of requests that reached the upstream and were not taken.
    pub(super) fn left(&self) -> usize {
        self.reached().len()
    }

    fn reached(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut wire: Wire) -> Result<()> {
        while let Some(head) = wire.head()? {
            let count = self.received.fetch_add(1, Ordering::SeqCst);
            let number = number(&head);
            if let Some(number) = number {
                self.reached().insert(number);
            }
            let mut hash = Hash::default();
            if head.header("upgrade").is_none() {
                wire.body(&head, |piece| hash.add(piece))?;
            }
            let (length, hash) = (hash.length, hash.text());
            let is_sample = count.is_multiple_of(SAMPLE);
            let echo = Echo { length, hash, ..self.echo(&head, is_sample) }.line();
            if let Some(key) = head.header("sec-websocket-key") {
                return serve_socket(wire, key, &echo);
            }
            let streamed = head.word(1).rsplit_once(STREAM).and_then(|(_, rest)| rest.parse().ok());
            match (streamed, number) {
                (Some(length), Some(number)) => {
                    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n";
                    wire.send(format!("{head}{echo}\r\n").as_bytes())?;
                    for piece in (Body { number, length }).pieces() {
                        wire.send_chunk(piece)?;
                    }
                    wire.send_chunk(b"")?;
                }
                _ => {
                    let body = if head.word(0) == "HEAD" { "" } else { TASKS };
                    let length = TASKS.len();
                    wire.send(
                        format!(
                            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                             content-length: {length}\r\n{echo}\r\n{body}"
                        )
                        .as_bytes(),
                    )?;
                }
            }
        }
        Ok(())
    }

    fn echo(&self, head: &Head, is_sample: bool) -> Echo {
        let all = |name: &str| {
            let values = head.all(name).collect::<Vec<_>>().join(",");
            if values.is_empty() { "-".to_owned() } else { values }
        };
        let user = all("x-edge-user");
        let assertion = match head.header("x-edge-jwt-assertion") {
            None => "-".to_owned(),
            Some(_) if !is_sample => UNCHECKED.to_owned(),
            Some(assertion) => self.check(assertion, &user).unwrap_or_else(|_| GOOD.to_owned()),
        };
        let forged = head.headers().filter(|(_, value)| value.contains(FORGED)).count();
        Echo {
            method: head.word(0).to_owned(),
            target: head.word(1).to_owned(),
            user,
            email: all("x-user-email"),
            address: all("x-forwarded-for"),
            forged,
            assertion,
            length: 0,
            hash: String::new(),
        }
    }

    /// What is wrong with an assertion about that user; an error if nothing is.
    fn check(&self, assertion: &str, user: &str) -> std::result::Result<String, ()> {
        let key = token::private_jwk(&assertion_key());
        if !token::verified_by(&key, assertion) {
            return Ok("bad-signature".to_owned());
        }
        let claims = token::segment(assertion, 1);
        let origin = self.origin.get().map(String::as_str);
        let now = token::now();
        let is_time = |name: &str, from: f64, to: f64| {
            claims[name].as_f64().is_some_and(|time| (now + from..now + to).contains(&time))
        };
        let wrong = [
            ("iss", claims["iss"] == EDGE),
            ("aud", claims["aud"].as_str() == origin),
            ("sub", claims["sub"] == user),
            ("iat", is_time("iat", -62.0, 2.0)),
            ("exp", is_time("exp", -2.0, 62.0)),
            ("jti", claims["jti"].is_string()),
            ("claims", claims["claims"]["email"] != Value::Null),
        ];
        wrong.iter().find(|(_, is_right)| !is_right).map(|(name, _)| (*name).to_owned()).ok_or(())
    }
}

/// One of so many assertions is verified.
const SAMPLE: u64 = 40;
const TASKS: &str = r#"{"tasks":[{"id":1,"title":"Measure","done":false}]}"#;

/// The number in [`number_header`].
fn number(head: &Head) -> Option<u64> {
    let digits = head.header("traceparent")?.split('-').nth(1)?;
    u64::from_str_radix(digits.get(16..)?, 16).ok()
}

/// Accepts a WebSocket (RFC 6455) and echoes each message until the client closes it.
fn serve_socket(mut wire: Wire, key: &str, echo: &str) -> Result<()> {
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    wire.send(
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-accept: {accept}\r\n{echo}\r\n"
        )
        .as_bytes(),
    )?;
    let mut socket = WebSocket::from_raw_socket(wire.into_stream()?, Role::Server, None);
    // an error is the end of the connection
    while let Ok(message) = socket.read() {
        let is_echoed = matches!(message, Message::Text(_) | Message::Binary(_));
        if is_echoed && socket.send(message).is_err() {
            break;
        }
    }
    Ok(())
}
