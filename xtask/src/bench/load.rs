//! A load generator with persistent connections, each with one request at a time.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// A load of requests to one address.
pub(super) struct Load<'r> {
    pub(super) address: SocketAddr,
    /// Sent in turn, from the one after the last
    pub(super) requests: &'r [String],
    /// How many of them earlier loads have sent
    pub(super) sent: usize,
    /// Of every response
    pub(super) status: u16,
}

impl Load<'_> {
    /// Sends requests while `observe` runs. Every response must have the status.
    pub(super) fn during<T>(&self, observe: impl FnOnce(&Progress) -> Result<T>) -> Result<T> {
        let progress = Progress { sent: self.sent.into(), ..Progress::default() };
        thread::scope(|scope| {
            let connection = |_| scope.spawn(|| self.send(&progress));
            let connections: Vec<_> = (0..CONNECTIONS).map(connection).collect();
            let observed = observe(&progress);
            progress.stopped.store(true, Ordering::Relaxed);
            for connection in connections {
                connection.join().expect("a connection's thread does not panic")?;
            }
            observed
        })
    }

    fn send(&self, progress: &Progress) -> Result<()> {
        // ends the load at once if this connection fails
        let _stop = StopOnDrop(progress);
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let mut buffer = vec![0; MAX_RESPONSE];
        while !progress.stopped.load(Ordering::Relaxed) {
            let number = progress.sent.fetch_add(1, Ordering::Relaxed);
            stream.write_all(self.requests[number % self.requests.len()].as_bytes())?;
            read_response(&mut stream, &mut buffer, self.status)?;
            progress.completed.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Sends a request over a connection and reads its response, which must be a 200.
pub(super) fn send_one(stream: &mut TcpStream, request: &str) -> Result<()> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(request.as_bytes())?;
    read_response(stream, &mut vec![0; MAX_RESPONSE], 200)
}

const CONNECTIONS: usize = 8;
const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_RESPONSE: usize = 16 * 1024;

/// The progress of a load.
#[derive(Default)]
pub(super) struct Progress {
    sent: AtomicUsize,
    completed: AtomicUsize,
    stopped: AtomicBool,
}

impl Progress {
    /// The number of completed requests.
    pub(super) fn completed(&self) -> usize {
        self.completed.load(Ordering::Relaxed)
    }

    /// The number of requests that were sent, those of earlier loads included.
    pub(super) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// Waits while the load runs.
    pub(super) fn wait(&self, duration: Duration) -> Result<()> {
        thread::sleep(duration);
        ensure!(!self.stopped.load(Ordering::Relaxed), "a connection failed");
        Ok(())
    }
}

/// Stops the load when one of its connections ends.
struct StopOnDrop<'p>(&'p Progress);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.stopped.store(true, Ordering::Relaxed);
    }
}

fn read_response(stream: &mut TcpStream, buffer: &mut [u8], status: u16) -> Result<()> {
    let start = format!("HTTP/1.1 {status} ");
    let mut filled = 0;
    loop {
        let length = stream.read(&mut buffer[filled..])?;
        ensure!(length > 0, "the connection was closed");
        filled += length;
        let response = &buffer[..filled];
        let Some(end) = response.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = std::str::from_utf8(&response[..end])?;
        if !head.starts_with(&start) {
            bail!("a response is not a {status}: {}", String::from_utf8_lossy(response));
        }
        if filled >= end + 4 + content_length(head)? {
            return Ok(());
        }
    }
}

fn content_length(head: &str) -> Result<usize> {
    let value = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim())
    });
    Ok(value.context("a response has no content-length")?.parse()?)
}
