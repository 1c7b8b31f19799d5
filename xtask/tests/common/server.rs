//! An HTTP server whose responses are defined by a test.

use std::io::{Read, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::wire::{Head, Wire, WireUpstream};

/// An HTTP server on a free loopback port. Each connection has its own thread and serves one
/// request: with a thread pool, an idle connection could block a new one.
pub struct Scripted {
    pub url: String,
    count: Arc<AtomicUsize>,
    _server: WireUpstream,
}

impl Scripted {
    /// Calls `handle` with each request.
    pub fn start(handle: impl Fn(Request) + Send + Sync + 'static) -> Self {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let server = WireUpstream::start(move |wire| {
            let request = Request::read(wire)?;
            counted.fetch_add(1, Ordering::SeqCst);
            handle(request);
            Ok(())
        });
        Self { url: server.url.clone(), count, _server: server }
    }

    /// The number of received requests.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

/// A request with its whole body.
pub struct Request {
    method: String,
    target: String,
    head: Head,
    pub body: Vec<u8>,
    wire: Wire,
}

impl Request {
    fn read(mut wire: Wire) -> Result<Self> {
        let head = wire.head()?;
        let mut words = head.start.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let is_framed = ["content-length", "transfer-encoding"]
            .into_iter()
            .any(|name| head.header(name).is_some());
        let body = if is_framed { wire.body(&head).all()? } else { Vec::new() };
        Ok(Self { method, target, head, body, wire })
    }

    pub fn method(&self) -> &str {
        &self.method
    }

    /// The request target: path and query.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Headers, with names in lower case.
    pub fn headers(&self) -> &[(String, String)] {
        &self.head.headers
    }

    /// The first value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// Sends the head of a response and then `body`, until it ends or the client disconnects.
    pub fn stream(mut self, head: &str, mut body: impl Read) {
        let mut buffer = vec![0; 64 * 1024];
        let mut send = || -> Result<()> {
            self.wire.send(format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n"))?;
            loop {
                match body.read(&mut buffer)? {
                    0 => return Ok(()),
                    length => self.wire.send(&buffer[..length])?,
                }
            }
        };
        // a client that disconnects is not an error
        let _ = send();
    }
}

/// Responds with a status, headers and a body.
pub fn respond(request: Request, status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) {
    let body = body.into();
    let mut head = format!("{status} status");
    for (name, value) in headers {
        head += &format!("\r\n{name}: {value}");
    }
    let has_body = !matches!(status, 204 | 304);
    if has_body {
        head += &format!("\r\ncontent-length: {}", body.len());
    }
    let is_sent = has_body && request.method != "HEAD";
    request.stream(&head, if is_sent { &body[..] } else { &[] });
}
