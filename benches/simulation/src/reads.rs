//! How often an isolate reads the store of revocations. The rule is that of the core's feed: a
//! request reads on if the last read began half a lag ago or earlier, and all requests share it.

/// Settings to compare: `REVOCATION_LAG` in seconds, and `REVOCATION_SHARDS`.
pub(crate) const SETTINGS: [(f64, usize); 5] = [(2.0, 1), (2.0, 8), (5.0, 1), (10.0, 1), (30.0, 1)];

/// The shards of all settings together.
const ALL_SHARDS: usize = 12;

/// When an isolate has read each shard last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reads([f64; ALL_SHARDS]);

impl Default for Reads {
    fn default() -> Self {
        Self([f64::NEG_INFINITY; ALL_SHARDS])
    }
}

impl Reads {
    /// A request of a user. Returns with which of the settings it causes a read.
    pub(crate) fn request(&mut self, user: u64, now: f64) -> [bool; SETTINGS.len()] {
        let mut first = 0;
        SETTINGS.map(|(lag, shards)| {
            let began = &mut self.0[first + (user % shards as u64) as usize];
            first += shards;
            let reads = now - *began >= lag / 2.0;
            if reads {
                *began = now;
            }
            reads
        })
    }
}
