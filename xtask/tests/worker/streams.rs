//! The Worker in workerd streams bodies in both directions, complete and without buffering, and
//! each side notices if the other side disconnects.

use std::io::{Read, Result};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::common::UUID;
use crate::common::wire::{Wire, WireEdge};
use xtask::stack::Edge;

#[test]
fn the_start_of_an_upload_reaches_the_upstream_before_its_end_is_sent() {
    for (framing, first, last) in [
        ("content-length: 10", "first", "last."),
        ("transfer-encoding: chunked", "5\r\nfirst\r\n", "5\r\nlast.\r\n0\r\n\r\n"),
    ] {
        let (arrive, arrived) = mpsc::channel();
        let edge = WireEdge::before(move |mut wire| {
            let head = wire.head()?;
            let mut body = wire.body(&head);
            arrive.send(body.next(5)?).unwrap();
            let last = body.all()?;
            wire.respond(&last)
        });
        let mut wire = edge.request("POST", &[framing]);
        wire.send(first).unwrap();
        assert_eq!(within_a_minute(&arrived), b"first", "{framing}");
        wire.send(last).unwrap();
        assert_eq!(ok(&mut wire), b"last.", "{framing}");
    }
}

#[test]
fn the_start_of_a_download_reaches_the_client_before_the_upstream_sends_its_end() {
    for (framing, first, last) in [
        ("content-length: 10", "first", "last."),
        ("transfer-encoding: chunked", "5\r\nfirst\r\n", "5\r\nlast.\r\n0\r\n\r\n"),
        ("connection: close", "first", "last."),
    ] {
        let (arrive, arrived) = turns();
        let edge = WireEdge::before(move |mut wire| {
            wire.head()?;
            wire.send(format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n{first}"))?;
            wait(&arrived);
            wire.send(last)
        });
        let mut wire = edge.request("GET", &[]);
        let head = wire.head().unwrap();
        let mut body = wire.body(&head);
        assert_eq!(body.next(5).unwrap(), b"first", "{framing}");
        arrive.send(()).unwrap();
        assert_eq!(body.all().unwrap(), b"last.", "{framing}");
    }
}

#[test]
fn server_sent_events_arrive_one_by_one() {
    const EVENT: &str = "event: tick\ndata: {}\n\n";
    let (arrive, arrived) = turns();
    let edge = WireEdge::before(move |mut wire| {
        wire.head()?;
        let headers = "content-type: text/event-stream\r\ncache-control: no-cache";
        wire.send(format!("HTTP/1.1 200 OK\r\n{headers}\r\ntransfer-encoding: chunked\r\n\r\n"))?;
        for _ in 0..5 {
            wire.send(format!("{:x}\r\n{EVENT}\r\n", EVENT.len()))?;
            wait(&arrived);
        }
        wire.send("0\r\n\r\n")
    });
    // the `Accept-Encoding` of a browser's EventSource, which allows compression
    let mut wire = edge.request("GET", &["accept: text/event-stream", "accept-encoding: gzip, br"]);
    let head = wire.head().unwrap();
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    assert_eq!(head.header("cache-control"), Some("no-cache"));
    assert_eq!(head.header("content-encoding"), None);
    let mut body = wire.body(&head);
    for _ in 0..5 {
        assert_eq!(body.next(EVENT.len()).unwrap(), EVENT.as_bytes());
        arrive.send(()).unwrap();
    }
    assert!(body.all().unwrap().is_empty());
}

#[test]
fn an_upload_of_a_hundred_megabytes_is_not_buffered() {
    let edge = WireEdge::before(|mut wire| {
        let head = wire.head()?;
        let received = read_pieces(&mut wire.body(&head), |_| ())?;
        wire.respond(received.to_string().as_bytes())
    });
    let upload = |megabytes: usize, memory: Option<&Memory<'_>>| {
        let length = megabytes * MEGABYTE;
        let mut wire = edge.request("POST", &[&format!("content-length: {length}")]);
        for i in 0..megabytes {
            wire.send(piece()).unwrap();
            memory.inspect(|memory| memory.check(i));
        }
        assert_eq!(ok(&mut wire), length.to_string().as_bytes());
    };
    upload(5, None);
    upload(100, Some(&Memory::of(&edge.edge)));
}

#[test]
fn a_download_of_a_hundred_megabytes_is_not_buffered_even_if_the_client_is_slow() {
    let edge = WireEdge::before(|mut wire| {
        let head = wire.head()?;
        let megabytes: usize = head.header("x-megabytes").unwrap().parse().unwrap();
        let length = megabytes * MEGABYTE;
        wire.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n"))?;
        (0..megabytes).try_for_each(|_| wire.send(piece()))
    });
    let download = |megabytes: usize, memory: Option<&Memory<'_>>| {
        let mut wire = edge.request("GET", &[&format!("x-megabytes: {megabytes}")]);
        let head = wire.head().unwrap();
        let length = (megabytes * MEGABYTE).to_string();
        assert_eq!(head.header("content-length"), Some(&*length));
        let received = read_pieces(&mut wire.body(&head), |i| {
            if i == 1 {
                // enough time for the upstream to send everything, if the Worker read it
                thread::sleep(Duration::from_secs(1));
            }
            memory.inspect(|memory| memory.check(i));
        });
        assert_eq!(received.unwrap().to_string(), length);
    };
    download(5, None);
    download(100, Some(&Memory::of(&edge.edge)));
}

#[test]
fn the_upstream_notices_when_a_client_aborts_a_download() {
    let (notice, noticed) = mpsc::channel();
    let edge = WireEdge::before(move |mut wire| {
        wire.head()?;
        wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
        // a silent client can still be connected: only sending reveals a closed connection
        while wire.send("5\r\npiece\r\n").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
        notice.send(()).unwrap();
        Ok(())
    });
    let mut wire = edge.request("GET", &[]);
    let head = wire.head().unwrap();
    assert_eq!(wire.body(&head).next(5).unwrap(), b"piece");
    drop(wire);
    within_a_minute(&noticed);
}

#[test]
fn the_upstream_notices_when_a_client_aborts_an_upload() {
    let (notice, noticed) = mpsc::channel();
    let edge = WireEdge::before(move |mut wire| {
        let head = wire.head()?;
        let mut body = wire.body(&head);
        notice.send(body.next(5).is_ok()).unwrap();
        notice.send(body.all().is_ok()).unwrap();
        Ok(())
    });
    for (framing, first) in
        [("content-length: 10", "first"), ("transfer-encoding: chunked", "5\r\nfirst\r\n")]
    {
        let mut wire = edge.request("POST", &[framing]);
        wire.send(first).unwrap();
        assert!(within_a_minute(&noticed), "{framing}");
        drop(wire);
        assert!(!within_a_minute(&noticed), "{framing}: a partial upload must not look complete");
    }
}

#[test]
fn a_client_notices_when_the_upstream_breaks_off() {
    for (framing, first) in
        [("content-length: 10", "first"), ("transfer-encoding: chunked", "5\r\nfirst\r\n")]
    {
        let edge = WireEdge::before(move |mut wire| {
            wire.head()?;
            wire.send(format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n{first}"))
        });
        let mut wire = edge.request("GET", &[]);
        let head = wire.head().unwrap();
        let mut body = wire.body(&head);
        assert_eq!(body.next(5).unwrap(), b"first", "{framing}");
        assert!(body.all().is_err(), "{framing}: a partial download must not look complete");
    }
}

#[test]
fn a_rejected_upload_does_not_reach_the_upstream() {
    let (arrive, arrived) = mpsc::channel();
    let edge = WireEdge::before(move |mut wire| {
        wire.head()?;
        arrive.send(()).unwrap();
        wire.respond(b"")
    });
    let mut wire = Wire::connect(edge.url());
    let length = 100 * MEGABYTE;
    let path = format!("/api/{UUID}/x");
    let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n");
    // with the first bytes of the body: the edge can close the connection before further ones
    wire.send(head + &"-".repeat(1024)).unwrap();
    let head = wire.head().unwrap();
    assert_eq!(head.status(), 401);
    assert!(arrived.try_recv().is_err());
}

const MEGABYTE: usize = 1024 * 1024;
/// The maximum growth of the Worker's memory; its garbage collector runs with a delay.
const MEMORY: u64 = 60 * MEGABYTE as u64;

/// Checks the growth of the Worker's memory while a body streams.
struct Memory<'e> {
    edge: &'e Edge,
    initial: u64,
}

impl<'e> Memory<'e> {
    fn of(edge: &'e Edge) -> Self {
        Self { edge, initial: edge.memory().unwrap() }
    }

    /// Measures at every fifth megabyte.
    fn check(&self, megabyte: usize) {
        if megabyte % 5 == 1 {
            let grown = self.edge.memory().unwrap().saturating_sub(self.initial);
            assert!(grown < MEMORY, "{grown} bytes more at megabyte {megabyte}");
        }
    }
}

/// A megabyte of distinct words, so that lost, repeated or reordered parts are detected.
fn piece() -> &'static [u8] {
    static PIECE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    PIECE.get_or_init(|| (0..MEGABYTE as u32 / 4).flat_map(u32::to_be_bytes).collect())
}

/// Reads a body of such pieces to its end and returns its length.
fn read_pieces(body: &mut impl Read, mut each: impl FnMut(usize)) -> Result<usize> {
    let mut read = Vec::with_capacity(MEGABYTE);
    for i in 0.. {
        read.clear();
        body.take(MEGABYTE as u64).read_to_end(&mut read)?;
        if read.is_empty() {
            return Ok(i * MEGABYTE);
        }
        assert!(read == piece(), "megabyte {i} differs");
        each(i);
    }
    unreachable!()
}

fn ok(wire: &mut Wire) -> Vec<u8> {
    let head = wire.head().unwrap();
    assert_eq!(head.status(), 200);
    wire.body(&head).all().unwrap()
}

/// A channel to let the upstream wait for the client.
fn turns() -> (mpsc::Sender<()>, Mutex<Receiver<()>>) {
    let (sender, receiver) = mpsc::channel();
    (sender, Mutex::new(receiver))
}

fn wait(turn: &Mutex<Receiver<()>>) {
    within_a_minute(&turn.lock().unwrap_or_else(PoisonError::into_inner));
}

fn within_a_minute<T>(receiver: &Receiver<T>) -> T {
    receiver.recv_timeout(Duration::from_secs(60)).unwrap()
}
