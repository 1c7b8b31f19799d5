//! Where isolates store a fetched JWK Set for each other: the cache of each data center, and KV.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::model::Store;
use crate::random::Random;

/// All stores.
#[derive(Debug)]
pub(crate) struct Stores {
    kind: Store,
    caches: Vec<Option<Cached>>,
    /// Records of KV, and from when on readers see them
    records: VecDeque<(f64, Record)>,
    /// When KV accepted a write last
    written: f64,
}

type Record = Rc<[u8]>;

#[derive(Clone, Debug)]
struct Cached {
    record: Record,
    /// When the cache drops it
    dropped: f64,
}

impl Stores {
    pub(crate) fn new(kind: Store, datacenters: usize) -> Self {
        let caches = vec![None; datacenters];
        Self { kind, caches, records: VecDeque::new(), written: f64::NEG_INFINITY }
    }

    pub(crate) fn kind(&self) -> Store {
        self.kind
    }

    /// The record in the cache of a data center.
    pub(crate) fn cached(&self, datacenter: usize, now: f64) -> Option<Record> {
        let cached = self.caches[datacenter].as_ref()?;
        (now < cached.dropped).then(|| Rc::clone(&cached.record))
    }

    /// The record in KV that a reader sees.
    pub(crate) fn in_kv(&self, now: f64) -> Option<Record> {
        let seen = self.records.iter().rev().find(|(from, _)| *from <= now)?;
        Some(Rc::clone(&seen.1))
    }

    /// Stores a record, which the cache drops after a random time with the mean `lifetime`. Returns
    /// whether KV has accepted it, if there is KV.
    pub(crate) fn save(
        &mut self,
        datacenter: usize,
        record: Vec<u8>,
        lifetime: f64,
        now: f64,
        random: &mut Random,
    ) -> Option<bool> {
        if self.kind == Store::Nowhere {
            return None;
        }
        let record: Record = record.into();
        let dropped = now + random.exponential(lifetime);
        self.caches[datacenter] = Some(Cached { record: Rc::clone(&record), dropped });
        if self.kind != Store::CacheAndKv {
            return None;
        }
        if now - self.written < KV_INTERVAL {
            return Some(false);
        }
        self.written = now;
        while self.records.get(1).is_some_and(|(from, _)| *from <= now) {
            self.records.pop_front();
        }
        // a later record is never visible before an earlier one
        let earliest = self.records.back().map_or(now, |(from, _)| *from);
        let from = (now + KV_DELAY * random.fraction()).max(earliest);
        self.records.push_back((from, record));
        Some(true)
    }
}

/// KV accepts one write of a key in this time, in seconds.
const KV_INTERVAL: f64 = 1.0;

/// Seconds until all readers see a write.
const KV_DELAY: f64 = 60.0;
