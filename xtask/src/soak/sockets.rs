//! WebSockets: several stay open on a connection's thread, exchange messages, and end with their
//! tokens at the latest.

use std::io::{Error, ErrorKind, Result};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

use super::body::Body;
use super::client;
use super::judge::Request;
use super::lanes::Lanes;
use super::oracle::{Claims, Credential, Path, TOLERANCE};
use super::plan::PhaseKind;
use super::requests::Requests;
use super::traffic::Kind;
use super::users::Defect;
use super::wire::Wire;

/// A WebSocket that is open.
struct Open {
    socket: WebSocket<TcpStream>,
    /// When its token expires, in seconds of the run
    until: f64,
}

/// Opens WebSockets, more of them in their phase.
pub(super) fn run(lanes: &Lanes, lane: usize) {
    let mut requests = Requests::new(&lanes.mint, lane);
    let mut open: Vec<Open> = Vec::new();
    while !lanes.is_stopped() {
        let is_phase = lanes.phase() == PhaseKind::Sockets;
        let most = if is_phase { 30 } else { 6 };
        let done = match requests.random.below(8) {
            0 => rejected(lanes, &mut requests),
            1 | 2 if open.len() < most => connect(lanes, &mut requests).map(|it| open.extend(it)),
            3 if !open.is_empty() => {
                let chosen = requests.random.below(open.len());
                close(open.swap_remove(chosen))
            }
            _ if !open.is_empty() => {
                let chosen = requests.random.below(open.len());
                let kept = exchange(lanes, &mut requests, &mut open[chosen]);
                if !matches!(kept, Ok(true)) {
                    open.swap_remove(chosen);
                }
                kept.map(|_| ())
            }
            _ => Ok(()),
        };
        if let Err(error) = done {
            lanes.judge.lose(Kind::Socket, &error);
        }
        if !is_phase {
            thread::sleep(REST);
        }
    }
}

const REST: Duration = Duration::from_millis(50);

/// Opens a WebSocket on the user's own path.
fn connect(lanes: &Lanes, requests: &mut Requests) -> Result<Option<Open>> {
    let (index, _, target) = requests.user("socket");
    let lifetime = requests.random.between(2.0, 30.0);
    let token = requests.lasting(index, lifetime);
    let request = requests.build(Kind::Socket, index, &token, Path::Open, &target);
    let Some(stream) = handshake(lanes, &request)? else { return Ok(None) };
    let socket = WebSocket::from_raw_socket(stream, Role::Client, None);
    let Credential::Signed { claims: Claims::Good { until }, .. } = token.credential else {
        return Ok(None);
    };
    Ok(Some(Open { socket, until }))
}

/// Tries to open a WebSocket with a bad token, or on another user's path.
fn rejected(lanes: &Lanes, requests: &mut Requests) -> Result<()> {
    let (index, mut token, mut target) = requests.user("socket");
    let mut path = Path::Open;
    let bad = [Defect::Signature, Defect::Expired, Defect::Issuer, Defect::AlgorithmNone];
    match requests.random.below(5) {
        4 => {
            (path, target) = (Path::Closed("user_mismatch"), "/api/another-user/socket".to_owned());
        }
        chosen => token = requests.fresh(index, bad[chosen]),
    }
    let request = requests.build(Kind::SocketRejected, index, &token, path, &target);
    handshake(lanes, &request).map(|_| ())
}

/// Performs a handshake (RFC 6455, section 4.1). Returns the stream if the response is a 101.
fn handshake(lanes: &Lanes, request: &Request) -> Result<Option<TcpStream>> {
    let sent = lanes.mint.keys.now();
    let mut wire = Wire::connect(lanes.address)?;
    wire.send(&request.bytes)?;
    let head = wire.head()?.ok_or(Error::from(ErrorKind::ConnectionReset))?;
    let response = client::read(&mut wire, &head, false, |_| ())?;
    lanes.judge.judge(request, &response, sent, lanes.mint.keys.now());
    match response.status {
        101 => wire.into_stream().map(Some),
        _ => Ok(None),
    }
}

/// Sends a message and expects it back. Returns false if the WebSocket has ended with its token.
fn exchange(lanes: &Lanes, requests: &mut Requests, open: &mut Open) -> Result<bool> {
    let now = || lanes.mint.keys.now();
    let body = Body { number: requests.number(), length: 1 + requests.random.below(40_000) };
    let message = match requests.random.below(2) {
        0 => Message::text(format!("{} {}", body.number, "ä".repeat(body.length / 2))),
        _ => Message::binary(body.pieces().collect::<Vec<_>>().concat()),
    };
    let began = now();
    // a socket that has ended may reject the message; the reason arrives all the same
    let _ = open.socket.send(message.clone());
    match open.socket.read() {
        Ok(echoed) if echoed == message => {
            if began > open.until + TOLERANCE + LATE {
                lanes.judge.find_in(Kind::Socket, "open after the expiry of its token");
            }
            Ok(true)
        }
        Ok(Message::Close(Some(frame))) if u16::from(frame.code) == EXPIRED => {
            if now() < open.until - LATE {
                lanes.judge.find_in(Kind::Socket, "closed before the expiry of its token");
            }
            Ok(false)
        }
        Ok(_) => {
            lanes.judge.find_in(Kind::Socket, "another message than the one that was sent");
            Ok(false)
        }
        Err(error) => Err(Error::other(error)),
    }
}

/// The close code of an expired token.
const EXPIRED: u16 = 4401;

/// Seconds that a busy machine needs.
const LATE: f64 = 2.0;

fn close(mut open: Open) -> Result<()> {
    // a socket that has ended with its token is closed already
    let _ = open.socket.close(None);
    loop {
        match open.socket.read() {
            Ok(_) => {}
            Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                return Err(error);
            }
            Err(_) => return Ok(()),
        }
    }
}
