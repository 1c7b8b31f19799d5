//! The connections to a Worker, each in a thread with one request at a time.

use std::io::Result;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use super::body::Hash;
use super::client::Client;
use super::judge::{Judge, Request};
use super::plan::PhaseKind;
use super::requests::Requests;
use super::traffic::Kind;
use super::users::Mint;
use super::{sockets, streams};

/// What all connections to a Worker share.
pub(super) struct Lanes {
    pub(super) address: SocketAddr,
    pub(super) mint: Arc<Mint>,
    pub(super) judge: Judge,
    pub(super) stopped: AtomicBool,
}

/// Connections with short requests: so many that workerd never waits for one.
pub(super) const SHORT: usize = 16;
/// Connections with streams.
const STREAMS: usize = 2;
/// Connections that open WebSockets.
const SOCKETS: usize = 2;
const ALL: usize = SHORT + STREAMS + SOCKETS;

/// Sends requests to all Workers while `observe` runs.
pub(super) fn during<T>(workers: &[&Lanes], observe: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let lanes: Vec<ScopedJoinHandle<'_, ()>> = workers
            .iter()
            .flat_map(|worker| (0..ALL).map(move |number| (*worker, number)))
            .map(|(worker, number)| scope.spawn(move || worker.run(number)))
            .collect();
        let observed = observe();
        for worker in workers {
            worker.stopped.store(true, Ordering::SeqCst);
        }
        for lane in lanes {
            lane.join().expect("a connection's thread does not panic");
        }
        observed
    })
}

impl Lanes {
    fn run(&self, number: usize) {
        match number {
            _ if number < SHORT => self.short(number),
            _ if number < SHORT + STREAMS => streams::run(self, number),
            _ => sockets::run(self, number),
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// The current phase.
    pub(super) fn phase(&self) -> PhaseKind {
        self.mint.keys.plan.phase(self.mint.keys.now())
    }

    fn short(&self, lane: usize) {
        let mut requests = Requests::new(&self.mint, lane);
        let mut client = Client::new(self.address);
        while !self.is_stopped() {
            let kind = Kind::choose(&mut requests.random, self.phase());
            let request = requests.of(kind);
            if self.send(&mut client, &request).is_err() {
                // a server that is gone must not make this a busy loop
                thread::sleep(Duration::from_millis(100));
            }
        }
    }

    /// Sends a request whose body is in its bytes, and judges the response.
    fn send(&self, client: &mut Client, request: &Request) -> Result<()> {
        let keys = &self.mint.keys;
        let sent = keys.now();
        let mut hash = Hash::default();
        let exchanged = client.exchange(
            |wire| wire.send(&request.bytes),
            request.method == "HEAD",
            |piece| hash.add(piece),
        );
        match exchanged {
            Ok(response) => {
                self.judge.judge(request, &response, sent, keys.now());
                Ok(())
            }
            Err(error) => {
                self.judge.lose(request.kind, &error);
                Err(error)
            }
        }
    }
}
