//! A shard of the feed, and the reads that fill it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::entry::{Entry, Page};
use super::feed::{Feed, Progress, Read, SLOW, Step, Timing};
use super::key::Key;
use crate::host::{GetRequest, Host, fetch_document};
use crate::keys::KeySource;
use crate::policy::path::push_encoded;

/// What reads need, shared with the tasks that perform them.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) shards: Box<[Shard]>,
    pub(super) source: Source,
    pub(super) timing: Timing,
    /// The key sets by the key of each of their issuers
    pub(super) key_sets: Vec<(Key, KeySource)>,
    /// How often a revocation has made a key set due
    pub(super) key_changes: AtomicU64,
}

/// Where the edge reads revocations.
pub(super) enum Source {
    /// The host's store
    Store,
    /// The feed of another edge: its URL and the value of `Authorization`
    Url(String, String),
}

/// Shows no token.
impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Store => "Store",
            Self::Url(url, _) => url,
        })
    }
}

/// A feed. Whether it is fresh and unchanged can be read without its lock.
#[derive(Debug)]
pub(super) struct Shard {
    version: AtomicU64,
    /// When its last read that succeeded began, as the bits of an `f64`; NaN before the first
    began: AtomicU64,
    feed: Mutex<Feed>,
}

impl Default for Shard {
    fn default() -> Self {
        let began = AtomicU64::new(f64::NAN.to_bits());
        Self { version: AtomicU64::new(0), began, feed: Mutex::default() }
    }
}

impl Shard {
    /// The version of the feed, if nothing needs to be read before a request at `now` relies on it.
    pub(super) fn fresh_version(&self, now: f64, timing: &Timing) -> Option<u64> {
        // stored after the version
        let began = f64::from_bits(self.began.load(Ordering::Acquire));
        let is_fresh = (0.0..timing.lag / 2.0).contains(&(now - began));
        is_fresh.then(|| self.version.load(Ordering::Acquire))
    }

    /// Reads or changes the feed.
    ///
    /// No code panics while it holds the lock, so a poisoned feed is still consistent. No code
    /// calls the host either.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut Feed) -> R) -> R {
        let mut feed = self.feed();
        let result = f(&mut feed);
        self.version.store(feed.version(), Ordering::Release);
        self.began.store(feed.began().unwrap_or(f64::NAN).to_bits(), Ordering::Release);
        result
    }

    fn feed(&self) -> MutexGuard<'_, Feed> {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Reads what a request must respect, or finds out that it cannot be read: [`Step::Use`],
    /// [`Step::UseStale`] or [`Step::Unknown`]. Requests share one read, which continues if their
    /// clients disconnect.
    pub(super) async fn catch_up<H: Host>(self: &Arc<Self>, shard: u32, host: &H) -> Step {
        let own = &self.shards[shard as usize];
        let arrived = host.now();
        let mut reads = 0;
        loop {
            let now = host.now();
            // negative if the clock was set back
            let waits = (0.0..SLOW).contains(&(now - arrived));
            let step = own.with(|feed| match feed.step(now, arrived, &self.timing) {
                Step::Wait if !waits => feed.stop_waiting(now, &self.timing),
                step => step,
            });
            match step {
                Step::UseAndRead(read) => {
                    self.start(shard, read, host);
                    return Step::Use;
                }
                Step::Read(read) => {
                    self.start(shard, read, host);
                    reads += 1;
                    if reads > MAX_READS || !waits {
                        return own.with(|feed| feed.without_read(now, &self.timing));
                    }
                }
                Step::Wait => host.sleep(poll_interval(now - arrived)).await,
                step => return step,
            }
        }
    }

    fn start<H: Host>(self: &Arc<Self>, shard: u32, read: Read, host: &H) {
        let open = OpenRead { shared: Arc::clone(self), shard, read: Some(read) };
        host.background(|host| open.perform(host));
    }

    /// Adds entries that this isolate has received.
    pub(super) fn add(&self, shard: u32, entries: &[Entry], now: f64) {
        self.shards[shard as usize].with(|feed| {
            for entry in entries {
                feed.add(entry, now);
                self.mark_due(entry, now);
            }
        });
    }

    /// Makes the key sets due that an entry is about.
    pub(super) fn mark_due(&self, Entry { key, term }: &Entry, now: f64) {
        for (own, source) in &self.key_sets {
            if own == key && source.mark_due(term.not_before.min(now)) {
                self.key_changes.fetch_add(1, Ordering::AcqRel);
            }
        }
    }

    async fn page<H: Host>(&self, shard: u32, after: &str, host: &H) -> Result<String, String> {
        let (url, token) = match &self.source {
            Source::Store => return host.read_revocations(shard, after).await,
            Source::Url(url, token) => (url, token),
        };
        let mut address = [url, "?shard=", &shard.to_string(), "&after="].concat();
        for byte in after.bytes() {
            match byte.is_ascii_alphanumeric() {
                true => address.push(byte.into()),
                false => push_encoded(byte, &mut address),
            }
        }
        let request = GetRequest {
            url: address,
            accept: "text/plain",
            cookie: None,
            authorization: Some(("authorization".into(), token.clone())),
            client_address: None,
            max_bytes: Page::MAX_BYTES,
            timeout: READ_TIMEOUT,
        };
        let response = fetch_document(host, request).await.map_err(|error| error.to_string())?;
        let shards = self.shards.len().to_string();
        match response.header("x-revocation-shards") {
            _ if response.status != 200 => {
                Err(format!("GET {url}: the edge answered {}, not 200", response.status))
            }
            Some(given) if given == shards => {
                String::from_utf8(response.body).map_err(|_| "the page is not UTF-8".to_owned())
            }
            Some(_) => Err("the other edge has another number of shards".to_owned()),
            None => Err(format!("GET {url}: the answer is not that of an edge")),
        }
    }
}

/// Milliseconds until the next look at a read, after that many seconds.
fn poll_interval(waited: f64) -> u32 {
    ((waited * 100.0) as u32).clamp(2, 50)
}

/// Reads that one request begins. A further one is necessary only if the runtime has stopped the
/// last one.
const MAX_READS: u32 = 4;

/// Milliseconds.
const READ_TIMEOUT: u32 = 5_000;

/// A read in flight. If the runtime drops it, the next request can read.
struct OpenRead {
    shared: Arc<Shared>,
    shard: u32,
    read: Option<Read>,
}

impl OpenRead {
    async fn perform<H: Host>(mut self, host: H) {
        while let Some(after) = self.read.as_ref().map(|read| read.after.clone()) {
            let text = self.shared.page(self.shard, &after, &host).await;
            let text = text.as_deref().map_err(Clone::clone);
            let now = host.now();
            let Some(read) = self.read.take() else { return };
            let shared = &self.shared;
            let progress = shared.shards[self.shard as usize]
                .with(|feed| feed.page(read, text, now, |entry| shared.mark_due(entry, now)));
            match progress {
                Progress::Next(next) => self.read = Some(next),
                Progress::Done | Progress::Stop => return,
            }
        }
    }
}

impl Drop for OpenRead {
    fn drop(&mut self) {
        if let Some(read) = self.read.take() {
            self.shared.shards[self.shard as usize].with(|feed| feed.abandon(&read));
        }
    }
}
