//! The upstream of every candidate, which also serves the JWK Set. It responds at once, so that the
//! time of a request is the gateway's.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use anyhow::Result;
use serde_json::Value;

/// For a path with this ending, the response body is the head of the request.
pub(super) const ECHO: &str = "/echo";

/// For a path with this ending, the response is a redirect.
pub(super) const REDIRECT: &str = "/redirect";

/// Starts the upstream on a free loopback port until this process ends. Returns its base URL.
pub(super) fn start(jwks: &Value) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let jwks: Arc<str> = jwks.to_string().into();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let jwks = Arc::clone(&jwks);
            // a connection lasts until the other side closes it
            thread::spawn(move || serve(stream, &jwks));
        }
    });
    Ok(url)
}

fn serve(mut stream: TcpStream, jwks: &str) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; MAX_HEAD];
    let mut filled = 0;
    loop {
        let length = stream.read(&mut buffer[filled..])?;
        if length == 0 {
            return Ok(());
        }
        filled += length;
        // clients send no bodies, and no request before the previous response
        if buffer[..filled].ends_with(b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..filled]);
            stream.write_all(response(&head, jwks).as_bytes())?;
            filled = 0;
        }
    }
}

const MAX_HEAD: usize = 16 * 1024;

fn response(head: &str, jwks: &str) -> String {
    let path = head.split([' ', '?']).nth(1).unwrap_or_default();
    let body = match path {
        "/api/auth/jwks" => jwks,
        _ if path.ends_with(ECHO) => head,
        _ => r#"{"tasks":[{"id":1,"title":"Measure","done":false}]}"#,
    };
    let status = match path.ends_with(REDIRECT) {
        true => "302 Found\r\nlocation: /elsewhere",
        false => "200 OK\r\ncontent-type: application/json",
    };
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
