//! Counts of requests.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts that threads share.
#[derive(Default)]
pub(super) struct Count {
    requests: AtomicU64,
    passed: AtomicU64,
    unavailable: AtomicU64,
    wrong: AtomicU64,
}

/// The numbers of a [`Count`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counted {
    pub(super) requests: u64,
    /// Responses of the upstream
    pub(super) passed: u64,
    /// 503 `keys_unavailable`
    pub(super) unavailable: u64,
    pub(super) wrong: u64,
}

impl Count {
    /// Counts a request by whether the upstream and whether the edge without keys responded, and
    /// whether the decision was wrong.
    pub(super) fn add(&self, passed: bool, unavailable: bool, wrong: bool) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.passed.fetch_add(passed.into(), Ordering::Relaxed);
        self.unavailable.fetch_add(unavailable.into(), Ordering::Relaxed);
        self.wrong.fetch_add(wrong.into(), Ordering::Relaxed);
    }

    /// Counts a request without a response.
    pub(super) fn add_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a wrong decision about a request that was counted before.
    pub(super) fn add_wrong(&self) {
        self.wrong.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counted(&self) -> Counted {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counted {
            requests: get(&self.requests),
            passed: get(&self.passed),
            unavailable: get(&self.unavailable),
            wrong: get(&self.wrong),
        }
    }
}

impl Counted {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            passed: self.passed + other.passed,
            unavailable: self.unavailable + other.unavailable,
            wrong: self.wrong + other.wrong,
        }
    }
}
