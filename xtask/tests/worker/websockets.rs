//! The Worker in workerd forwards WebSockets (RFC 6455) after an accepted handshake.

use std::io::Error;
use std::sync::mpsc;
use std::time::Duration;

use crate::common::UUID;
use crate::common::websocket::{accept, connect, connect_with, send};
use crate::common::wire::{Wire, WireEdge};
use serde_json::json;
use tungstenite::protocol::Role;
use tungstenite::protocol::frame::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, WebSocket};

#[test]
fn text_and_binary_messages_are_forwarded_both_ways_until_either_side_closes() {
    let (close, closed) = mpsc::channel();
    let edge = WireEdge::before(move |wire| {
        let mut socket = accept(wire, |_| ())?;
        send(&mut socket, "the upstream can send first".into())?;
        while let Ok(message) = socket.read() {
            match message {
                Message::Close(frame) => close.send(frame).unwrap(),
                message => send(&mut socket, message)?,
            }
        }
        Ok(())
    });
    let (mut socket, _) = connect(&edge, &[]).unwrap();
    assert_eq!(socket.read().unwrap(), "the upstream can send first".into());
    let every_byte: Vec<u8> = (0..=255).collect();
    for message in [
        Message::text("text"),
        Message::text("Jürgen \u{1f600}"),
        Message::text(""),
        Message::binary(every_byte.clone()),
        Message::binary(""),
        Message::binary(every_byte.repeat(2000)),
        Message::text("a".repeat(500_000)),
    ] {
        socket.send(message.clone()).unwrap();
        assert!(socket.read().unwrap() == message);
    }
    let frame = CloseFrame { code: CloseCode::Library(4001), reason: "done".into() };
    socket.close(Some(frame.clone())).unwrap();
    let seen = closed.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(seen, Some(frame));
}

#[test]
fn the_upstreams_close_reaches_the_client() {
    let frame = CloseFrame { code: CloseCode::Policy, reason: "no more".into() };
    let sent = frame.clone();
    let edge = WireEdge::before(move |wire| {
        let mut socket = accept(wire, |_| ())?;
        socket.close(Some(sent.clone())).map_err(Error::other)?;
        while socket.read().is_ok() {}
        Ok(())
    });
    let (mut socket, _) = connect(&edge, &[]).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Close(Some(frame)));
}

#[test]
fn the_handshake_carries_the_identity_and_the_subprotocol() {
    let (arrive, arrived) = mpsc::channel();
    let edge = WireEdge::before(move |wire| {
        let mut socket = accept(wire, |request| arrive.send(request.headers().clone()).unwrap())?;
        while socket.read().is_ok() {}
        Ok(())
    });
    let headers = [
        ("sec-websocket-protocol", "chat.v2, chat.v1"),
        ("x-edge-user", "admin"),
        ("x_edge_user", "admin"),
        ("x-custom", "kept"),
    ];
    let (_socket, response) = connect(&edge, &headers).unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat.v1");
    let seen = arrived.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(seen.get_all("x-edge-user").iter().collect::<Vec<_>>(), [UUID]);
    assert!(!seen.contains_key("x_edge_user"));
    assert_eq!(seen["x-custom"], "kept");
    assert_eq!(seen["sec-websocket-protocol"], "chat.v2, chat.v1");
}

#[test]
fn a_browsers_token_is_a_subprotocol_that_is_not_forwarded() {
    let (arrive, arrived) = mpsc::channel();
    let edge = WireEdge::before(move |mut wire| {
        let head = wire.head()?;
        arrive.send(head.header("sec-websocket-protocol").map(str::to_owned)).unwrap();
        let key = head.header("sec-websocket-key").unwrap_or_default().as_bytes();
        let accept = tungstenite::handshake::derive_accept_key(key);
        wire.send(format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-accept: {accept}\r\n\r\n"
        ))?;
        let mut socket = WebSocket::from_raw_socket(wire.into_stream(), Role::Server, None);
        while let Ok(message) = socket.read() {
            send(&mut socket, message)?;
        }
        Ok(())
    });
    let token = edge.authorization().rsplit_once(' ').map(|(_, token)| token.to_owned()).unwrap();
    let protocols = format!("bearer, {token}");
    let headers = [("sec-websocket-protocol", &*protocols)];
    let (mut socket, response) = connect_with(&edge, &headers).unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "bearer");
    assert_eq!(arrived.recv_timeout(Duration::from_secs(60)).unwrap(), None);
    socket.send(Message::text("both ways")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("both ways"));
}

#[test]
fn a_rejected_handshake_gets_the_same_response_as_any_request() {
    let edge = WireEdge::before(|mut wire| {
        wire.head()?;
        wire.send("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno")
    });
    let mut wire = edge.request(
        "GET",
        &[
            "connection: upgrade",
            "upgrade: websocket",
            "sec-websocket-version: 13",
            "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        ],
    );
    let head = wire.head().unwrap();
    assert_eq!(head.status(), 403);
    assert_eq!(wire.body(&head).all().unwrap(), b"no");
    let bad = [("authorization", "Bearer a.b.c")];
    let Err(tungstenite::Error::Http(response)) = connect(&edge, &bad) else { panic!() };
    assert_eq!(response.status().as_u16(), 401);
}

#[test]
fn an_upgrade_with_another_method_does_not_become_a_websocket_get() {
    let (arrive, arrived) = mpsc::channel();
    let edge = WireEdge::before_with(
        &[("ROUTES", json!([{"path": "/hook", "methods": ["POST", "HEAD"], "auth": "public"}]))],
        move |mut wire| {
            let head = wire.head()?;
            arrive.send((head.start.clone(), head.header("upgrade").is_some())).unwrap();
            wire.send("HTTP/1.1 204 No Content\r\n\r\n")
        },
    );
    for (method, upgrade) in [
        ("POST", "connection: upgrade\r\nupgrade: websocket"),
        ("POST", "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket"),
        ("POST", "upgrade: websocket"),
        ("HEAD", "connection: upgrade\r\nupgrade: websocket"),
    ] {
        let mut wire = Wire::connect(edge.url());
        let key = "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
        let head = format!("{method} /hook HTTP/1.1\r\nhost: a\r\n{key}\r\n{upgrade}\r\n");
        wire.send(format!("{head}content-length: 0\r\n\r\n")).unwrap();
        let status = wire.head().unwrap().status();
        assert_eq!(status, 204, "{method} with {upgrade}");
        let seen = arrived.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(seen, (format!("{method} /hook HTTP/1.1"), false), "{upgrade}");
    }
}
