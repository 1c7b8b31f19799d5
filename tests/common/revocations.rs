//! A scripted store of revocations, which several runtimes share.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A store. Clones share everything.
#[derive(Clone, Default)]
pub(crate) struct ScriptedStore(Rc<State>);

#[derive(Default)]
struct State {
    shards: RefCell<BTreeMap<u32, Vec<String>>>,
    seen: RefCell<Vec<(u32, String, f64)>>,
    /// Increases when the store loses everything
    epoch: Cell<u32>,
    page_size: Cell<usize>,
    /// What the store answers in place of entries
    scripted: RefCell<Option<Result<String, String>>>,
    /// Seconds; `None` for never
    delay: Cell<Option<f64>>,
    refuses_appends: Cell<bool>,
    reads: Cell<usize>,
}

impl ScriptedStore {
    /// An empty store that answers at once.
    pub(crate) fn new() -> Self {
        let store = Self::default();
        store.0.delay.set(Some(0.0));
        store.0.page_size.set(10_000);
        store
    }

    /// Seconds until an answer, or `None` for never.
    pub(crate) fn delay(&self) -> Option<f64> {
        self.0.delay.get()
    }

    /// Sets it.
    pub(crate) fn set_delay(&self, seconds: Option<f64>) {
        self.0.delay.set(seconds);
    }

    /// Sets the number of entries in a page.
    pub(crate) fn set_page_size(&self, entries: usize) {
        self.0.page_size.set(entries);
    }

    /// Fails all reads from now on, or none.
    pub(crate) fn fail_reads(&self, fails: bool) {
        *self.0.scripted.borrow_mut() = fails.then(|| Err("the store is down".to_owned()));
    }

    /// Answers every read with this text.
    pub(crate) fn answer_with(&self, page: &str) {
        *self.0.scripted.borrow_mut() = Some(Ok(page.to_owned()));
    }

    /// Fails all appends from now on, or none.
    pub(crate) fn fail_appends(&self, fails: bool) {
        self.0.refuses_appends.set(fails);
    }

    /// Loses every entry and begins again.
    pub(crate) fn wipe(&self) {
        self.0.shards.borrow_mut().clear();
        self.0.epoch.set(self.0.epoch.get() + 1);
    }

    /// Appends an entry as another writer would.
    pub(crate) fn push(&self, shard: u32, line: &str) {
        self.0.shards.borrow_mut().entry(shard).or_default().push(line.to_owned());
    }

    /// The entries of a shard.
    pub(crate) fn entries(&self, shard: u32) -> Vec<String> {
        self.0.shards.borrow().get(&shard).cloned().unwrap_or_default()
    }

    /// The events that were appended: shard, id and end.
    pub(crate) fn seen(&self) -> Vec<(u32, String, f64)> {
        self.0.seen.borrow().clone()
    }

    /// The number of reads so far.
    pub(crate) fn reads(&self) -> usize {
        self.0.reads.get()
    }

    /// A page, as the store is when the read begins.
    pub(crate) fn read(&self, shard: u32, after: &str) -> Result<String, String> {
        self.0.reads.set(self.reads() + 1);
        if let Some(scripted) = &*self.0.scripted.borrow() {
            return scripted.clone();
        }
        let epoch = self.0.epoch.get().to_string();
        let known = after.split_once('-').filter(|(given, _)| *given == epoch);
        let start = known.map_or(0, |(_, start)| start.parse().unwrap());
        let entries = self.entries(shard);
        let end = entries.len().min(start + self.0.page_size.get());
        let more = u8::from(end < entries.len());
        let reset = if known.is_none() && !after.is_empty() { " reset" } else { "" };
        Ok(format!("{epoch}-{end} {more}{reset}\n{}", entries[start..end].join("\n")))
    }

    /// Appends the entries of an event.
    pub(crate) fn append(
        &self,
        shard: u32,
        id: &str,
        until: f64,
        entries: &str,
    ) -> Result<bool, String> {
        if self.0.refuses_appends.get() {
            return Err("the store is full".to_owned());
        }
        let mut seen = self.0.seen.borrow_mut();
        if seen.iter().any(|(of, known, _)| *of == shard && known == id) {
            return Ok(false);
        }
        seen.push((shard, id.to_owned(), until));
        entries.lines().for_each(|line| self.push(shard, line));
        Ok(true)
    }
}
