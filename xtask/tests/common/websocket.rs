//! WebSockets (RFC 6455) through the Worker: the client's and the upstream's side.

use std::io::{Error, Result};
use std::net::TcpStream;

use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::client::Response;
use tungstenite::handshake::server::{self, ErrorResponse};
use tungstenite::{Message, WebSocket};

use super::UUID;
use super::wire::{Wire, WireEdge};

/// Accepts a handshake, with the subprotocol `chat.v1` if the client offers subprotocols.
#[allow(clippy::result_large_err, reason = "tungstenite defines the callback's result")]
pub fn accept(wire: Wire, see: impl Fn(&server::Request)) -> Result<WebSocket<TcpStream>> {
    let accept = |request: &server::Request, mut response: server::Response| {
        see(request);
        if request.headers().contains_key("sec-websocket-protocol") {
            let chosen = "chat.v1".parse().expect("a header value");
            response.headers_mut().insert("sec-websocket-protocol", chosen);
        }
        Ok::<_, ErrorResponse>(response)
    };
    tungstenite::accept_hdr(wire.into_stream(), accept).map_err(|e| Error::other(e.to_string()))
}

pub fn send(socket: &mut WebSocket<TcpStream>, message: Message) -> Result<()> {
    socket.send(message).map_err(Error::other)
}

/// Opens a WebSocket through the Worker with the user's token and these headers.
pub fn connect(
    edge: &WireEdge,
    headers: &[(&'static str, &str)],
) -> std::result::Result<(WebSocket<TcpStream>, Response), tungstenite::Error> {
    let authorization = edge.authorization();
    let own = authorization.split_once(": ").map(|(_, value)| ("authorization", value));
    connect_with(edge, &own.into_iter().chain(headers.iter().copied()).collect::<Vec<_>>())
}

/// Opens a WebSocket through the Worker with only these headers.
pub fn connect_with(
    edge: &WireEdge,
    headers: &[(&'static str, &str)],
) -> std::result::Result<(WebSocket<TcpStream>, Response), tungstenite::Error> {
    let url = format!("{}/api/{UUID}/x", edge.url().replace("http://", "ws://"));
    let mut request = url.into_client_request()?;
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = Wire::connect(edge.url()).into_stream();
    match tungstenite::client(request, stream) {
        Ok(opened) => Ok(opened),
        Err(tungstenite::HandshakeError::Failure(error)) => Err(error),
        Err(tungstenite::HandshakeError::Interrupted(_)) => panic!("the stream blocks"),
    }
}
