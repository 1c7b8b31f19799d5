//! What a later stage looks up about a verified token. The token remembers it, so that a cached
//! token costs a comparison.

use std::sync::atomic::AtomicU64;

/// What to look for among the revocations of a shard.
#[derive(Debug)]
pub(crate) struct Lookup {
    pub(crate) shard: u32,
    /// The key of the token's session
    pub(crate) session: Option<[u8; 16]>,
    /// The key of the token's user
    pub(crate) user: Option<[u8; 16]>,
    /// The version of the shard in which neither was found
    pub(crate) valid_at: AtomicU64,
}

impl Lookup {
    pub(crate) fn new(shard: u32, session: Option<[u8; 16]>, user: Option<[u8; 16]>) -> Self {
        Self { shard, session, user, valid_at: AtomicU64::new(u64::MAX) }
    }
}
