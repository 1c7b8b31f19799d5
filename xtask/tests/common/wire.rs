//! HTTP as it is on the wire: what a library would tidy up, hold back or hide.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Take, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use xtask::stack::Edge;

use super::{Auth, UUID, bearer, edge_before, key_set};

/// A Worker before a [`WireOrigin`], and a token that it accepts.
pub struct WireEdge {
    pub edge: Edge,
    token: String,
    pub auth: Auth,
    _origin: WireOrigin,
}

impl WireEdge {
    pub fn before(handle: impl Fn(Wire) -> Result<()> + Send + Sync + 'static) -> Self {
        Self::before_with(&[], handle)
    }

    /// The same with other settings.
    pub fn before_with(
        settings: &[(&str, Value)],
        handle: impl Fn(Wire) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        let (auth, origin) = (Auth::start(&key_set(&["a"])), WireOrigin::start(handle));
        let edge = edge_before(&auth, &origin.url, settings);
        Self { edge, token: auth.token("a"), auth, _origin: origin }
    }

    pub fn url(&self) -> &str {
        &self.edge.url
    }

    /// The header with the token.
    pub fn authorization(&self) -> String {
        format!("authorization: {}", bearer(&self.token))
    }

    /// Sends the head of a request, with the token, and leaves the connection to the caller.
    pub fn request(&self, method: &str, headers: &[&str]) -> Wire {
        let mut wire = Wire::connect(self.url());
        let lines = [&[&*self.authorization()], headers].concat().join("\r\n");
        let start = format!("{method} /api/{UUID}/x HTTP/1.1\r\nhost: edge.example");
        wire.send(format!("{start}\r\n{lines}\r\n\r\n")).unwrap();
        wire
    }
}

/// An HTTP server on a free loopback port whose every byte is its handler's.
pub struct WireOrigin {
    pub url: String,
    stopped: Arc<AtomicBool>,
}

impl WireOrigin {
    /// Every connection gets a thread and `handle`, which ends it by returning; a failure to read
    /// or write ends it too.
    pub fn start(handle: impl Fn(Wire) -> Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stopped = Arc::new(AtomicBool::new(false));
        let (handle, stop) = (Arc::new(handle), Arc::clone(&stopped));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let handle = Arc::clone(&handle);
                thread::spawn(move || handle(Wire::new(stream?)));
            }
        });
        Self { url, stopped }
    }
}

impl Drop for WireOrigin {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // one connection more, so that the listener looks up
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

/// One end of a connection, the client's or the server's.
pub struct Wire(BufReader<TcpStream>);

impl Wire {
    pub fn connect(base: &str) -> Self {
        Self::new(TcpStream::connect(base.strip_prefix("http://").unwrap()).unwrap())
    }

    fn new(stream: TcpStream) -> Self {
        // so that a test fails instead of standing still; nothing here takes long
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.0.get_mut().write_all(bytes.as_ref())
    }

    /// Sends a response with a body, the last one on this connection: without saying so, a next
    /// request could be sent on it while it is ended.
    pub fn respond(&mut self, body: &[u8]) -> Result<()> {
        let length = body.len();
        let head =
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        self.send([head.as_bytes(), body].concat())
    }

    /// The start line and headers of a request or of a response.
    pub fn head(&mut self) -> Result<Head> {
        let start = self.line()?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(Head { start, headers });
            }
            let (name, value) = line.split_once(':').ok_or(ErrorKind::InvalidData)?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// The same as it came: values need not be text.
    pub fn head_bytes(&mut self) -> Result<Vec<u8>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && self.0.read_until(b'\n', &mut head)? > 0 {}
        Ok(head)
    }

    /// The body behind that head, as it arrives. Heads that have no body are the caller's to know.
    pub fn body(&mut self, head: &Head) -> Body<'_> {
        let length = head.header("content-length").map(|length| length.parse().unwrap());
        match (head.header("transfer-encoding"), length) {
            (Some(_), _) => Body::Chunked { wire: self, left: 0, ended: false },
            (None, Some(length)) => Body::Sized(self.0.by_ref().take(length)),
            (None, None) => Body::ToTheEnd(self),
        }
    }

    /// All that comes before the other side ends the connection.
    pub fn rest(&mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The stream, for another protocol. Nothing may have been read ahead.
    pub fn into_stream(self) -> TcpStream {
        assert!(self.0.buffer().is_empty());
        self.0.into_inner()
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        line.strip_suffix("\r\n").map(str::to_owned).ok_or(ErrorKind::UnexpectedEof.into())
    }
}

const TIMEOUT: Duration = Duration::from_secs(60);

/// The start line and headers of a request or of a response.
#[derive(Debug)]
pub struct Head {
    pub start: String,
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// The first value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// All values of a header, by its name in lower case.
    pub fn all<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h str> {
        self.headers.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A response's status.
    pub fn status(&self) -> u16 {
        self.start.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

/// A body without its framing. A read gives what there is, and an unfinished body is an error.
pub enum Body<'w> {
    Sized(Take<&'w mut BufReader<TcpStream>>),
    Chunked { wire: &'w mut Wire, left: usize, ended: bool },
    ToTheEnd(&'w mut Wire),
}

impl Body<'_> {
    /// So many bytes of it.
    pub fn next(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// All of it.
    pub fn all(mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match self {
            Self::Sized(rest) => match rest.read(buffer)? {
                0 if rest.limit() > 0 && !buffer.is_empty() => Err(unfinished()),
                length => Ok(length),
            },
            Self::ToTheEnd(wire) => wire.0.read(buffer),
            Self::Chunked { ended: true, .. } => Ok(0),
            Self::Chunked { wire, left, ended } => {
                if *left == 0 {
                    let size = wire.line()?;
                    *left = usize::from_str_radix(&size, 16).map_err(|_| ErrorKind::InvalidData)?;
                    *ended = *left == 0;
                }
                if *ended {
                    return wire.line().map(|_| 0);
                }
                let wanted = buffer.len().min(*left);
                let length = wire.0.read(&mut buffer[..wanted])?;
                if length == 0 && wanted > 0 {
                    return Err(unfinished());
                }
                *left -= length;
                if *left == 0 {
                    wire.line()?;
                }
                Ok(length)
            }
        }
    }
}

fn unfinished() -> Error {
    Error::new(ErrorKind::UnexpectedEof, "the body is not finished")
}
