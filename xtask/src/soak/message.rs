//! The text of a request's head.

use super::body::Body;
use super::traffic::Kind;
use super::upstream::{ADDRESS, FORGED, number_header};

/// The headers that a kind of request has in addition. The number of the body is the request's.
pub(super) fn headers(kind: Kind, body: Body) -> String {
    let number = number_header(body.number);
    let more = match kind {
        Kind::ForgedHeaders | Kind::Public => forged(),
        Kind::Preflight => "Access-Control-Request-Method: PUT\r\n".to_owned(),
        Kind::Write => {
            format!("Content-Type: text/plain\r\nContent-Length: {}\r\n", body.length)
        }
        Kind::Upload | Kind::UploadRejected => "Transfer-Encoding: chunked\r\n".to_owned(),
        Kind::Socket | Kind::SocketRejected => HANDSHAKE.to_owned(),
        _ => String::new(),
    };
    number + &more
}

/// The head of a request with the headers of a browser's `fetch`. An empty token is not sent.
pub(super) fn head(method: &str, target: &str, address: &str, token: &str, more: &str) -> String {
    let authorization = match token {
        "" => String::new(),
        token => format!("Authorization: Bearer {token}\r\n"),
    };
    format!(
        "{method} {target} HTTP/1.1\r\n\
         Host: edge.example.com\r\n\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0\r\n\
         Accept: application/json\r\n\
         {ADDRESS}: {address}\r\n\
         {authorization}\
         Origin: https://app.example.com\r\n\
         {more}\r\n"
    )
}

/// Headers by which a client could claim to be another user.
fn forged() -> String {
    let names = [
        "X-Edge-User",
        "x-edge-jwt-assertion",
        "X_Edge_User",
        "x-user-email",
        "X-Edge-Any",
        "x-forwarded-for",
    ];
    names.map(|name| format!("{name}: {FORGED}\r\n")).concat()
}

const HANDSHAKE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
