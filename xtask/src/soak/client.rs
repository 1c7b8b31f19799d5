//! The client's side of a connection that stays open.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use serde_json::Value;

use super::echo::{ECHO, Echo};
use super::head::Head;
use super::judge::Response;
use super::wire::Wire;

/// A connection to the Worker, opened when it is needed.
pub(super) struct Client {
    address: SocketAddr,
    wire: Option<Wire>,
}

impl Client {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, wire: None }
    }

    /// Sends a request and reads its response. Calls `piece` with the parts of a body of the
    /// upstream. The connection closes if that fails.
    pub(super) fn exchange(
        &mut self,
        send: impl FnOnce(&mut Wire) -> Result<()>,
        is_head: bool,
        piece: impl FnMut(&[u8]),
    ) -> Result<Response> {
        let mut wire = match self.wire.take() {
            Some(wire) => wire,
            None => Wire::connect(self.address)?,
        };
        send(&mut wire)?;
        let head = wire.head()?.ok_or(Error::from(ErrorKind::ConnectionReset))?;
        let response = read(&mut wire, &head, is_head, piece)?;
        let closes = head.header("connection").is_some_and(|it| it.eq_ignore_ascii_case("close"));
        if !closes {
            self.wire = Some(wire);
        }
        Ok(response)
    }
}

/// Reads the body after a response's head.
pub(super) fn read(
    wire: &mut Wire,
    head: &Head,
    is_head: bool,
    mut piece: impl FnMut(&[u8]),
) -> Result<Response> {
    let mut response = response(head)?;
    if is_head || matches!(response.status, 101 | 204 | 304) {
        return Ok(response);
    }
    match &response.echo {
        Some(_) => wire.body(head, piece)?,
        None => {
            let mut body = Vec::new();
            wire.body(head, |part| body.extend_from_slice(part))?;
            piece(&body);
            // unlike `from_slice`, `parse` is compiled with serde_json, for speed
            let body: Option<Value> = str::from_utf8(&body).ok().and_then(|it| it.parse().ok());
            let body = body.unwrap_or_default();
            response.code = body["code"].as_str().unwrap_or_default().to_owned();
        }
    }
    Ok(response)
}

/// A response by its head.
pub(super) fn response(head: &Head) -> Result<Response> {
    let status = head.word(1).parse().map_err(|_| Error::from(ErrorKind::InvalidData))?;
    Ok(Response {
        status,
        code: String::new(),
        echo: head.header(ECHO).and_then(Echo::parse),
        has_retry_after: head.header("retry-after").is_some(),
        has_challenge: head.header("www-authenticate").is_some(),
    })
}
