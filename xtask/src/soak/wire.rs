//! HTTP/1.1 on a connection, for the client and the servers of the harness.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::head::Head;

/// A connection.
pub(super) struct Wire {
    reader: BufReader<TcpStream>,
    head: Vec<u8>,
}

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
        let size = format!("{:x}\r\n", bytes.len());
        self.send(&[size.as_bytes(), bytes, b"\r\n"].concat())
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
        Ok(Some(Head::new(String::from_utf8_lossy(&self.head).into_owned())))
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
