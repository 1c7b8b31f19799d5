//! The Worker in workerd closes WebSockets when their tokens expire, if a setting enables it, and
//! forwards all messages until then.

use std::io::Error;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::common::websocket::{accept, connect_with, send};
use crate::common::wire::{WireEdge, WireUpstream};
use crate::common::{Auth, bearer, edge_before, key_set};
use serde_json::{Value, json};
use tungstenite::protocol::frame::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, WebSocket};

const LONG: Duration = Duration::from_secs(60);

fn close(code: u16, reason: &str) -> CloseFrame {
    CloseFrame { code: code.into(), reason: reason.to_owned().into() }
}

/// An edge in front of an upstream that echoes messages and reports close frames.
fn echo_edge(settings: &[(&str, Value)]) -> (WireEdge, Receiver<Option<CloseFrame>>) {
    let (close, closed) = mpsc::channel();
    let edge = WireEdge::before_with(settings, move |wire| {
        let mut socket = accept(wire, |_| ())?;
        while let Ok(message) = socket.read() {
            match message {
                Message::Close(frame) => close.send(frame).unwrap(),
                message => send(&mut socket, message)?,
            }
        }
        Ok(())
    });
    (edge, closed)
}

fn close_on_expiry() -> [(&'static str, Value); 1] {
    [("WEBSOCKET_CLOSE_ON_EXPIRY", json!("true"))]
}

/// Opens a WebSocket whose token is valid for this many seconds.
fn open(edge: &WireEdge, seconds: u64) -> WebSocket<std::net::TcpStream> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let token = bearer(&edge.auth.token_with("a", json!({"exp": now + seconds})));
    connect_with(edge, &[("authorization", &token)]).unwrap().0
}

fn round_trip(socket: &mut WebSocket<std::net::TcpStream>, message: Message) {
    socket.send(message.clone()).unwrap();
    assert!(socket.read().unwrap() == message);
}

#[test]
fn a_websocket_closes_on_both_sides_when_its_token_expires() {
    let (edge, closed) = echo_edge(&close_on_expiry());
    let mut socket = open(&edge, 4);
    let started = Instant::now();
    round_trip(&mut socket, "before".into());
    let expired = close(4401, "token expired");
    assert_eq!(socket.read().unwrap(), Message::Close(Some(expired.clone())));
    let took = started.elapsed();
    assert!(took > Duration::from_secs(1) && took < Duration::from_secs(20), "{took:?}");
    assert_eq!(closed.recv_timeout(LONG).unwrap(), Some(expired));
    // other WebSockets stay open
    let mut longer = open(&edge, 900);
    round_trip(&mut longer, "still".into());
    // a year exceeds the maximum of a timer
    round_trip(&mut open(&edge, 31_536_000), "for long".into());
}

#[test]
fn without_the_setting_a_websocket_outlives_its_token() {
    let (edge, _closed) = echo_edge(&[]);
    let mut socket = open(&edge, 2);
    std::thread::sleep(Duration::from_secs(4));
    round_trip(&mut socket, "after".into());
}

#[test]
fn messages_of_all_kinds_and_sizes_are_forwarded_in_order() {
    let (edge, _closed) = echo_edge(&close_on_expiry());
    let mut socket = open(&edge, 900);
    let every_byte: Vec<u8> = (0..=255).collect();
    for message in [
        Message::text("J\u{fc}rgen \u{1f600}"),
        Message::text(""),
        Message::binary(every_byte.clone()),
        Message::binary(""),
        Message::binary(every_byte.repeat(2000)),
        Message::text("a".repeat(500_000)),
    ] {
        round_trip(&mut socket, message);
    }
    for i in 0..300 {
        socket.send(Message::text(i.to_string())).unwrap();
    }
    for i in 0..300 {
        assert_eq!(socket.read().unwrap(), Message::text(i.to_string()));
    }
}

#[test]
fn the_clients_close_reaches_the_upstream() {
    let (edge, closed) = echo_edge(&close_on_expiry());
    for frame in [
        Some(close(1000, "")),
        Some(close(1001, "away")),
        Some(close(3000, "")),
        Some(close(4001, "done")),
        None,
    ] {
        let mut socket = open(&edge, 900);
        round_trip(&mut socket, "open".into());
        socket.close(frame.clone()).unwrap();
        assert_eq!(closed.recv_timeout(LONG).unwrap(), frame);
        while socket.read().is_ok() {}
    }
    // a client that disconnects without a close frame
    let mut socket = open(&edge, 900);
    round_trip(&mut socket, "open".into());
    drop(socket);
    let frame = closed.recv_timeout(LONG).unwrap();
    assert_eq!(frame.map(|frame| frame.code), Some(CloseCode::Error));
}

#[test]
fn the_upstreams_close_reaches_the_client() {
    for frame in [Some(close(1008, "no more")), Some(close(1000, "")), None] {
        let sent = frame.clone();
        let edge = WireEdge::before_with(&close_on_expiry(), move |wire| {
            let mut socket = accept(wire, |_| ())?;
            send(&mut socket, "first".into())?;
            socket.close(sent.clone()).map_err(Error::other)?;
            while socket.read().is_ok() {}
            Ok(())
        });
        let mut socket = open(&edge, 900);
        assert_eq!(socket.read().unwrap(), "first".into());
        assert_eq!(socket.read().unwrap(), Message::Close(frame));
    }
    let edge = WireEdge::before_with(&close_on_expiry(), |wire| {
        let mut socket = accept(wire, |_| ())?;
        send(&mut socket, "last".into())
    });
    let mut socket = open(&edge, 900);
    assert_eq!(socket.read().unwrap(), "last".into());
    let Message::Close(Some(frame)) = socket.read().unwrap() else { panic!("no close") };
    assert_eq!(frame.code, CloseCode::Error);
}

#[test]
fn the_upstream_chooses_the_subprotocol() {
    let edge = WireEdge::before_with(&close_on_expiry(), |wire| {
        let mut socket = accept(wire, |_| ())?;
        while socket.read().is_ok() {}
        Ok(())
    });
    let token = edge.auth.token("a");
    let protocols = format!("bearer, {token}, chat.v2, chat.v1");
    let headers = [("sec-websocket-protocol", &*protocols)];
    let (_socket, response) = connect_with(&edge, &headers).unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat.v1");
}

#[test]
fn a_websocket_without_a_user_never_expires() {
    let (auth, upstream) = (
        Auth::start(&key_set(&["a"])),
        WireUpstream::start(|wire| {
            let mut socket = accept(wire, |_| ())?;
            while let Ok(message) = socket.read() {
                send(&mut socket, message)?;
            }
            Ok(())
        }),
    );
    let public = json!([{"path": "/*", "auth": "public"}]);
    let settings = [&close_on_expiry()[..], &[("ROUTES", public)]].concat();
    let edge = edge_before(&auth, &upstream.url, &settings);
    let url = format!("{}/x", edge.url.replace("http://", "ws://"));
    let stream = crate::common::wire::Wire::connect(&edge.url).into_stream();
    let (mut socket, _) = tungstenite::client(url, stream).unwrap();
    round_trip(&mut socket, "open".into());
}
