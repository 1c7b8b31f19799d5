//! Free ports for servers that start later.

use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

/// The ports 10000 to 32399, in blocks.
const FIRST: u32 = 10_000;
const BLOCK: u32 = 32;
const BLOCKS: u32 = 700;

/// A loopback port on which no server listens. It stays free until a server takes it: it lies below
/// the ports that the system gives to connections (32768 and above), and each process has ports of
/// its own.
pub(crate) fn free_port() -> Result<u16> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let first = FIRST + BLOCK * (process::id() % BLOCKS);
    (0..BLOCK)
        .map(|_| first + GIVEN.fetch_add(1, Ordering::Relaxed) % BLOCK)
        .filter_map(|port| u16::try_from(port).ok())
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("all ports of this process are in use")
}
