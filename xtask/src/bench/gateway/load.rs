//! A load generator: connections that are kept alive, each with one request at a time.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// Where requests go, and which.
pub(super) struct Load<'r> {
    pub(super) address: SocketAddr,
    /// They are sent in turn
    pub(super) requests: &'r [String],
}

impl Load<'_> {
    /// Sends requests for as long as `watch` takes. Every answer must be a 200.
    pub(super) fn during<T>(&self, watch: impl FnOnce(&Progress) -> Result<T>) -> Result<T> {
        let progress = Progress::default();
        thread::scope(|scope| {
            let connection = |_| scope.spawn(|| self.send(&progress));
            let connections: Vec<_> = (0..CONNECTIONS).map(connection).collect();
            let watched = watch(&progress);
            progress.over.store(true, Ordering::Relaxed);
            for connection in connections {
                connection.join().expect("a connection's thread does not panic")?;
            }
            watched
        })
    }

    fn send(&self, progress: &Progress) -> Result<()> {
        // whoever watches learns of a failure at once
        let _over = Over(progress);
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let mut buffer = vec![0; MAX_ANSWER];
        while !progress.over.load(Ordering::Relaxed) {
            let number = progress.sent.fetch_add(1, Ordering::Relaxed);
            stream.write_all(self.requests[number % self.requests.len()].as_bytes())?;
            read_answer(&mut stream, &mut buffer)?;
            progress.answered.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

const CONNECTIONS: usize = 8;
const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_ANSWER: usize = 16 * 1024;

/// How far a load has come.
#[derive(Default)]
pub(super) struct Progress {
    sent: AtomicUsize,
    answered: AtomicUsize,
    over: AtomicBool,
}

impl Progress {
    /// Requests that have been answered.
    pub(super) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Lets the load go on for that long.
    pub(super) fn wait(&self, duration: Duration) -> Result<()> {
        thread::sleep(duration);
        ensure!(!self.over.load(Ordering::Relaxed), "a connection has failed");
        Ok(())
    }
}

/// Ends the load when one of its connections does.
struct Over<'p>(&'p Progress);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<()> {
    let mut filled = 0;
    loop {
        let length = stream.read(&mut buffer[filled..])?;
        ensure!(length > 0, "the connection was closed");
        filled += length;
        let answer = &buffer[..filled];
        let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = std::str::from_utf8(&answer[..end])?;
        if !head.starts_with("HTTP/1.1 200 ") {
            bail!("not every answer is a 200: {}", String::from_utf8_lossy(answer));
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
    Ok(value.context("an answer says nothing about its length")?.parse()?)
}
