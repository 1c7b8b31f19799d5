//! Raw HTTP on a connection, without the normalization and buffering of a library.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Take, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use xtask::stack::Edge;

use super::{Auth, UUID, bearer, edge_before, key_set};

/// A Worker in front of a [`WireUpstream`], and a valid token.
pub struct WireEdge {
    pub edge: Edge,
    token: String,
    pub auth: Auth,
    _upstream: WireUpstream,
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
        let (auth, upstream) = (Auth::start(&key_set(&["a"])), WireUpstream::start(handle));
        let edge = edge_before(&auth, &upstream.url, settings);
        Self { edge, token: auth.token("a"), auth, _upstream: upstream }
    }

    pub fn url(&self) -> &str {
        &self.edge.url
    }

    /// The header with the token.
    pub fn authorization(&self) -> String {
        format!("authorization: {}", bearer(&self.token))
    }

    /// Sends the head of a request with the token and returns the connection.
    pub fn request(&self, method: &str, headers: &[&str]) -> Wire {
        let mut wire = Wire::connect(self.url());
        let lines = [&[&*self.authorization()], headers].concat().join("\r\n");
        let start = format!("{method} /api/{UUID}/x HTTP/1.1\r\nhost: edge.example");
        wire.send(format!("{start}\r\n{lines}\r\n\r\n")).unwrap();
        wire
    }
}

/// A TCP server on a free loopback port. Its handler reads and writes all bytes.
pub struct WireUpstream {
    pub url: String,
    stopped: Arc<AtomicBool>,
}

impl WireUpstream {
    /// Runs `handle` in a thread for each connection. The connection closes when `handle` returns.
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

impl Drop for WireUpstream {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // wake the listener with a connection
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

/// A connection, on the client's or the server's side.
pub struct Wire(BufReader<TcpStream>);

impl Wire {
    pub fn connect(base: &str) -> Self {
        Self::new(TcpStream::connect(base.strip_prefix("http://").unwrap()).unwrap())
    }

    fn new(stream: TcpStream) -> Self {
        // a test fails instead of hanging
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.0.get_mut().write_all(bytes.as_ref())
    }

    /// Sends a response with a body and `connection: close`, so that the client does not send its
    /// next request on this connection.
    pub fn respond(&mut self, body: &[u8]) -> Result<()> {
        let length = body.len();
        let head =
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        self.send([head.as_bytes(), body].concat())
    }

    /// Reads the start line and headers of a request or a response.
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

    /// Reads the head as bytes, because values are not always text.
    pub fn head_bytes(&mut self) -> Result<Vec<u8>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && self.0.read_until(b'\n', &mut head)? > 0 {}
        Ok(head)
    }

    /// The body after that head, as it arrives. The caller must know whether there is a body.
    pub fn body(&mut self, head: &Head) -> Body<'_> {
        let length = head.header("content-length").map(|length| length.parse().unwrap());
        match (head.header("transfer-encoding"), length) {
            (Some(_), _) => Body::Chunked { wire: self, left: 0, ended: false },
            (None, Some(length)) => Body::Sized(self.0.by_ref().take(length)),
            (None, None) => Body::ToTheEnd(self),
        }
    }

    /// Reads until the other side closes the connection.
    pub fn rest(&mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The stream, for another protocol. Its buffer must be empty.
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

/// The start line and headers of a request or a response.
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

/// A body without its framing. A read returns the available bytes; an incomplete body is an error.
pub enum Body<'w> {
    Sized(Take<&'w mut BufReader<TcpStream>>),
    Chunked { wire: &'w mut Wire, left: usize, ended: bool },
    ToTheEnd(&'w mut Wire),
}

impl Body<'_> {
    /// Reads `length` bytes.
    pub fn next(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads the whole body.
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
                0 if rest.limit() > 0 && !buffer.is_empty() => Err(incomplete()),
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
                    return Err(incomplete());
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

fn incomplete() -> Error {
    Error::new(ErrorKind::UnexpectedEof, "the body is incomplete")
}
