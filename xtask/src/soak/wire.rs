//! HTTP/1.1 on a connection, for the client and the servers of the harness.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// A connection.
pub(super) struct Wire {
    reader: BufReader<TcpStream>,
    head: Vec<u8>,
}

/// The start line and the headers of a message.
pub(super) struct Head(String);

impl Wire {
    pub(super) fn connect(address: SocketAddr) -> Result<Self> {
        Self::new(TcpStream::connect(address)?, Some(TIMEOUT))
    }

    fn new(stream: TcpStream, timeout: Option<Duration>) -> Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(timeout)?;
        stream.set_write_timeout(timeout)?;
        Ok(Self { reader: BufReader::new(stream), head: Vec::new() })
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Sends a chunk of a chunked body (RFC 9112, section 7.1); an empty one ends the body.
    pub(super) fn send_chunk(&mut self, bytes: &[u8]) -> Result<()> {
        self.send(format!("{:x}\r\n", bytes.len()).as_bytes())?;
        self.send(bytes)?;
        self.send(b"\r\n")
    }

    /// Reads the head of a message. `None` if the other side has closed the connection before it.
    pub(super) fn head(&mut self) -> Result<Option<Head>> {
        self.head.clear();
        loop {
            let length = self.reader.read_until(b'\n', &mut self.head)?;
            match (length, self.head.is_empty()) {
                (0, true) => return Ok(None),
                (0, false) => return Err(ErrorKind::UnexpectedEof.into()),
                _ if self.head.ends_with(b"\r\n\r\n") => break,
                _ => {}
            }
        }
        Ok(Some(Head(String::from_utf8_lossy(&self.head).into_owned())))
    }

    /// Reads the body after a head, and calls `piece` with each part of it.
    pub(super) fn body(&mut self, head: &Head, mut piece: impl FnMut(&[u8])) -> Result<()> {
        if head.header("transfer-encoding").is_none() {
            let length = head.header("content-length").unwrap_or("0");
            let length = length.parse().map_err(|_| Error::from(ErrorKind::InvalidData))?;
            return self.piece(length, &mut piece);
        }
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            let length = usize::from_str_radix(line.trim_end(), 16)
                .map_err(|_| Error::from(ErrorKind::InvalidData))?;
            self.piece(length, &mut piece)?;
            line.clear();
            self.reader.read_line(&mut line)?;
            if length == 0 {
                return Ok(());
            }
        }
    }

    fn piece(&mut self, length: usize, piece: &mut impl FnMut(&[u8])) -> Result<()> {
        let mut left = length;
        while left > 0 {
            let available = self.reader.fill_buf()?;
            let part = &available[..available.len().min(left)];
            if part.is_empty() {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let length = part.len();
            piece(part);
            self.reader.consume(length);
            left -= length;
        }
        Ok(())
    }

    /// Reads and drops that many bytes.
    pub(super) fn skip(&mut self, length: u64) -> Result<u64> {
        std::io::copy(&mut self.reader.by_ref().take(length), &mut std::io::sink())
    }

    /// The stream, for WebSockets. The other side must not have sent more than a head.
    pub(super) fn into_stream(self) -> Result<TcpStream> {
        match self.reader.buffer() {
            [] => Ok(self.reader.into_inner()),
            _ => Err(Error::other("bytes follow the head")),
        }
    }
}

/// For one read or write of the client. The Worker waits at most eleven seconds for keys.
const TIMEOUT: Duration = Duration::from_secs(25);

impl Head {
    /// The words of the start line.
    pub(super) fn word(&self, index: usize) -> &str {
        let line = self.0.split('\n').next().unwrap_or_default();
        line.split(' ').nth(index).unwrap_or_default().trim_end()
    }

    /// Names and values of the headers.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.0.split('\n').skip(1).filter_map(|line| line.split_once(':'));
        fields.map(|(name, value)| (name, value.trim()))
    }

    /// The first value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Starts a server on a free loopback port until this process ends. Calls `serve` in a thread for
/// each connection, which closes when `serve` returns.
pub(super) fn listen<T: Send + Sync + 'static>(
    state: &Arc<T>,
    serve: impl Fn(&T, Wire) -> Result<()> + Copy + Send + 'static,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let state = Arc::clone(state);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let state = Arc::clone(&state);
            // a client that disconnects is not an error
            thread::spawn(move || serve(&state, Wire::new(stream, None)?));
        }
    });
    Ok(address)
}
