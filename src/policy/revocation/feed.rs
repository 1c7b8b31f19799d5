//! A feed of revocations as a pure state machine. It receives the time and pages, and returns what
//! to do. It neither waits nor performs I/O.

use std::collections::HashMap;

use super::entry::{Entry, Page, Term};
use super::key::{Key, KeyHasher};

/// When to read, in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    /// The largest age of what a request relies on
    pub(super) lag: f64,
    /// The same if reads fail
    pub(super) failure_age: f64,
}

/// The next step for a request.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Rely on the entries
    Use,
    /// Rely on the entries, and perform this read in the background
    UseAndRead(Read),
    /// Start this read in the background, and look again while it runs
    Read(Read),
    /// A read is running: look again soon
    Wait,
    /// Reads fail, but the entries are young enough to rely on
    UseStale,
    /// Reads fail, and the entries are too old or do not exist
    Unknown,
}

/// Permission to read once. While one is running, no other request reads.
#[derive(Debug, PartialEq)]
pub(super) struct Read {
    number: u64,
    /// The cursor of the next page
    pub(super) after: String,
}

/// What follows a page.
#[derive(Debug, PartialEq)]
pub(super) enum Progress {
    /// Read the page after this cursor
    Next(Read),
    /// The read is complete
    Done,
    /// The read has failed or was given up: stop
    Stop,
}

/// The entries of one shard, and when to read further ones.
#[derive(Debug, Default)]
pub(super) struct Feed {
    entries: Entries,
    cursor: String,
    /// Increases whenever something is revoked
    version: u64,
    /// When the last read that succeeded began. What was appended later may be missing
    began: Option<f64>,
    running: Option<Running>,
    reads: u64,
    /// When the last read failed, if none has succeeded since
    failed_at: Option<f64>,
    failure: Option<String>,
    /// Malformed entries so far
    malformed: u64,
    purge_at: f64,
}

type Entries = HashMap<Key, Term, KeyHasher>;

#[derive(Debug)]
struct Running {
    number: u64,
    began: f64,
    /// When the last page arrived, or when it began
    progressed: f64,
    pages: u32,
    /// Whether a request has waited for the page in vain
    is_slow: bool,
    /// The entries since a reset, which replace all others once the read is complete
    since_reset: Option<Entries>,
}

impl Feed {
    /// The next step at `now` for a request that arrived at `arrived`, both in seconds since 1970.
    ///
    /// A read that began up to a lag before the request arrived knows everything that the request
    /// must respect. Requests do not wait for a read that another one has waited for in vain, nor
    /// for a second after a failure.
    pub(super) fn step(&mut self, now: f64, arrived: f64, timing: &Timing) -> Step {
        self.follow_clock_back(now);
        self.drop_lost_read(now);
        let age = self.began.map(|began| arrived - began);
        let is_failing = self.failed_at.is_some_and(|at| now - at < RETRY_AFTER);
        match age {
            Some(age) if age < timing.lag / 2.0 => Step::Use,
            Some(age) if age < timing.lag => match self.running.is_some() || is_failing {
                true => Step::Use,
                false => Step::UseAndRead(self.begin(now)),
            },
            _ if is_failing => self.without_read(now, timing),
            _ => match &self.running {
                None => Step::Read(self.begin(now)),
                Some(running) if running.is_slow => self.without_read(now, timing),
                Some(_) => Step::Wait,
            },
        }
    }

    /// The step of a request that has waited long enough. No further request waits for that page.
    pub(super) fn stop_waiting(&mut self, now: f64, timing: &Timing) -> Step {
        if let Some(running) = &mut self.running {
            running.is_slow = true;
        }
        self.without_read(now, timing)
    }

    /// The step of a request that does not wait.
    pub(super) fn without_read(&self, now: f64, timing: &Timing) -> Step {
        let age = self.age(now);
        match age.is_some_and(|age| age <= timing.failure_age.max(timing.lag)) {
            true => Step::UseStale,
            false => Step::Unknown,
        }
    }

    /// Takes the next page of a read. Calls `added` with each entry that is new.
    pub(super) fn page(
        &mut self,
        read: Read,
        text: Result<&str, String>,
        now: f64,
        mut added: impl FnMut(&Entry),
    ) -> Progress {
        if self.running.as_ref().is_none_or(|running| running.number != read.number) {
            return Progress::Stop;
        }
        let page = match text {
            Ok(text) => Page::parse(text).map_err(|error| ["the page ", error].concat()),
            Err(error) => Err(error),
        };
        let result = page.and_then(|page| self.apply_page(&read, &page, now, &mut added));
        match result {
            Ok(true) => {
                let after = self.cursor.clone();
                Progress::Next(Read { number: read.number, after })
            }
            Ok(false) => {
                self.complete(now);
                Progress::Done
            }
            Err(error) => {
                self.fail(error, now);
                Progress::Stop
            }
        }
    }

    /// Returns whether a further page follows.
    fn apply_page(
        &mut self,
        read: &Read,
        page: &Page<'_>,
        now: f64,
        added: &mut impl FnMut(&Entry),
    ) -> Result<bool, String> {
        let Some(running) = &mut self.running else { return Ok(false) };
        running.progressed = now;
        running.is_slow = false;
        running.pages += 1;
        if page.is_reset {
            running.since_reset = Some(Entries::default());
        }
        let is_endless = page.is_empty() && page.cursor == read.after && !page.is_reset;
        if page.has_more && (is_endless || running.pages >= MAX_PAGES) {
            return Err("the store has pages without end".to_owned());
        }
        for entry in page.entries() {
            match entry {
                Some(entry) => {
                    if self.add(&entry, now) {
                        added(&entry);
                    }
                }
                None => self.malformed += 1,
            }
        }
        if self.entries.len() > MAX_ENTRIES {
            return Err("there are too many revocations for one shard".to_owned());
        }
        page.cursor.clone_into(&mut self.cursor);
        Ok(page.has_more)
    }

    /// Adds an entry. Returns whether it revokes something that was not revoked.
    pub(super) fn add(&mut self, entry: &Entry, now: f64) -> bool {
        let Entry { key, term } = *entry;
        if term.until <= now {
            return false;
        }
        if let Some(entries) = self.running.as_mut().and_then(|it| it.since_reset.as_mut()) {
            merge(entries, key, term, now);
        }
        let is_new = merge(&mut self.entries, key, term, now);
        self.version += u64::from(is_new);
        is_new
    }

    /// Ends a read without a result, because the runtime has stopped it.
    pub(super) fn abandon(&mut self, read: &Read) {
        if self.running.as_ref().is_some_and(|running| running.number == read.number) {
            self.give_up();
        }
    }

    /// The term of a revocation at `now`, if there is one.
    pub(super) fn find(&self, key: Key, now: f64) -> Option<Term> {
        self.entries.get(&key).copied().filter(|term| term.until > now)
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// When the last read that succeeded began.
    pub(super) fn began(&self) -> Option<f64> {
        self.began
    }

    /// Seconds since the last read that succeeded began.
    pub(super) fn age(&self, now: f64) -> Option<f64> {
        self.began.map(|began| (now - began).max(0.0))
    }

    /// The number of entries.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Why the last read failed, if none has succeeded since.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The number of malformed entries so far.
    pub(super) fn malformed(&self) -> u64 {
        self.malformed
    }

    fn begin(&mut self, now: f64) -> Read {
        self.reads += 1;
        let number = self.reads;
        self.running = Some(Running {
            number,
            began: now,
            progressed: now,
            pages: 0,
            is_slow: false,
            since_reset: None,
        });
        Read { number, after: self.cursor.clone() }
    }

    fn complete(&mut self, now: f64) {
        let Some(running) = self.running.take() else { return };
        if let Some(entries) = running.since_reset {
            self.entries = entries;
        }
        self.began = Some(running.began);
        self.failed_at = None;
        self.failure = None;
        self.purge(now);
    }

    fn fail(&mut self, error: String, now: f64) {
        self.give_up();
        self.failed_at = Some(now);
        self.failure = Some(error);
    }

    /// Looks at all entries, but only from time to time.
    fn purge(&mut self, now: f64) {
        if now < self.purge_at {
            return;
        }
        self.purge_at = now + PURGE_INTERVAL;
        self.entries.retain(|_, term| term.until > now);
        if self.entries.capacity() > 4 * self.entries.len() + 1_000 {
            self.entries.shrink_to_fit();
        }
    }

    /// Corrects times in the future, so that a clock that was set back does not prolong them.
    fn follow_clock_back(&mut self, now: f64) {
        if self.began.is_some_and(|began| began > now) {
            // how long ago that was is not known
            self.began = None;
        }
        if self.failed_at.is_some_and(|at| at > now) {
            self.failed_at = None;
        }
        self.purge_at = self.purge_at.min(now + PURGE_INTERVAL);
    }

    /// Gives up a read that has stopped, so that another one can begin. The runtime may have
    /// stopped it without notice, so it is a failure only if a request has waited for it.
    fn drop_lost_read(&mut self, now: f64) {
        let is_lost = |running: &&Running| (now - running.progressed).abs() >= LOST_AFTER;
        let Some(lost) = self.running.as_ref().filter(is_lost) else { return };
        match lost.is_slow {
            true => self.fail("the store did not answer in time".to_owned(), now),
            false => self.give_up(),
        }
    }

    fn give_up(&mut self) {
        if self.running.take().is_some_and(|running| running.since_reset.is_some()) {
            // the entries since the reset are not complete, so the next read starts over
            self.cursor.clear();
        }
    }
}

/// Adds a term to a key. Returns whether it revokes more than before.
fn merge(entries: &mut Entries, key: Key, term: Term, now: f64) -> bool {
    match entries.get_mut(&key) {
        Some(known) if known.until > now => {
            let merged = known.or(term);
            let is_more = merged.not_before > known.not_before;
            *known = merged;
            is_more
        }
        Some(expired) => {
            *expired = term;
            true
        }
        None => {
            entries.insert(key, term);
            true
        }
    }
}

/// Seconds after a failure until the next read.
const RETRY_AFTER: f64 = 1.0;

/// Seconds for which a request waits.
pub(super) const SLOW: f64 = 2.0;

/// Seconds without a page after which a read counts as lost.
const LOST_AFTER: f64 = 10.0;

/// Seconds between two searches for expired entries.
const PURGE_INTERVAL: f64 = 60.0;

/// Each entry takes 33 bytes of a table that is at least 7/16 full: 100,000 entries take 4.3 MB,
/// and a million 69 MB.
const MAX_ENTRIES: usize = 1_000_000;

const MAX_PAGES: u32 = 1_000;

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
