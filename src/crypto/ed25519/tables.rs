//! Decides when a key gets tables of multiples. A limit bounds the keys with tables.
//!
//! A table costs time once and saves a little in each verification. So a key gets a small table
//! after a few verifications and a large one after many, each after about as many as it takes to
//! save the table's cost. A verification builds at most one table, because a request has ten
//! milliseconds on Cloudflare's smallest plan.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock};

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::{EdwardsPoint, Scalar};

#[cfg(target_feature = "simd128")]
use super::affine::Table;
use super::digits::Window;
#[cfg(not(target_feature = "simd128"))]
use super::table::Table;

/// When Ed25519 keys get tables, which make verification faster, and how many keys can have them.
/// The results of verifications do not depend on the settings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TableSettings {
    /// The first table of a key
    pub small: Tier,
    /// The table that replaces the first
    pub large: Tier,
    /// The maximum number of keys with tables in this process; 0 disables tables. Other keys get
    /// tables when one of these is dropped. The base point's tables, as large as those of one key,
    /// stay in memory
    pub max_keys: u32,
}

impl TableSettings {
    // In workerd a verification takes 147 µs without tables, 26 µs with small ones and 19 µs with
    // large ones. In a new isolate it takes 0.7 ms to build a small table and 2.1 ms for a large
    // one. The first key needs two of each, its own and the base point's, which pay off after 12
    // and 600 verifications.
    const DEFAULT: Self = Self {
        small: Tier { window: 5, after_uses: 16 },
        large: Tier { window: 8, after_uses: 256 },
        max_keys: 8,
    };

    /// Settings with large tables of this window, from 4 to 8 bits; 0 disables tables, and other
    /// values return `None`. A wider window makes verification faster and takes more memory.
    pub fn with_window(bits: u32) -> Option<Self> {
        let large = Tier { window: bits, ..Self::DEFAULT.large };
        match bits {
            0 => Some(Self { max_keys: 0, ..Self::DEFAULT }),
            // keys use small tables first
            4..=5 => Some(Self {
                small: Tier { window: bits, ..Self::DEFAULT.small },
                large,
                ..Self::DEFAULT
            }),
            6..=8 => Some(Self { large, ..Self::DEFAULT }),
            _ => None,
        }
    }

    /// Applies the settings to all keys that the process parses from now on.
    pub fn apply(self) {
        *SETTINGS.write().unwrap_or_else(PoisonError::into_inner) = self;
    }

    /// The settings for a key that is parsed now.
    pub(super) fn applied() -> Self {
        *SETTINGS.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for TableSettings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A size of tables, and when a key gets them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tier {
    /// Bits of a digit, from 4 to 8, for a table of 61, 96, 161, 277 or 478 kB in WebAssembly with
    /// SIMD, and a third more elsewhere. Other values disable the tier
    pub window: u32,
    /// The number of verifications after which a key gets the table
    pub after_uses: u32,
}

static SETTINGS: RwLock<TableSettings> = RwLock::new(TableSettings::DEFAULT);

/// A point and the tables that it has so far.
#[derive(Debug)]
pub(super) struct Tables {
    point: EdwardsPoint,
    small: Option<Level>,
    large: Option<Level>,
    uses: AtomicU32,
    pool: &'static Pool,
    max_keys: u32,
    share: OnceLock<Share>,
}

impl Tables {
    pub(super) fn new(point: EdwardsPoint, settings: TableSettings, pool: &'static Pool) -> Self {
        Self {
            point,
            small: Level::new(settings.small),
            large: Level::new(settings.large),
            uses: AtomicU32::new(0),
            pool,
            max_keys: settings.max_keys,
            share: OnceLock::new(),
        }
    }

    /// Counts a use of the point, builds a table if one is due, and returns the largest tables that
    /// exist. Threads that build the same table at once do not wait; the first result stays.
    pub(super) fn for_use(&self) -> Option<TablePair<'_>> {
        if let Some(pair) = self.large.as_ref().and_then(|large| large.pair(self.pool)) {
            return Some(pair);
        }
        let uses = self.uses.fetch_add(1, Ordering::Relaxed);
        let levels = || [&self.large, &self.small].into_iter().flatten();
        let lacks = |level: &&Level| uses >= level.after_uses && level.pair(self.pool).is_none();
        match levels().find(lacks) {
            Some(level) if self.has_share() => level.build_one(&self.point, self.pool),
            _ => {}
        }
        levels().find_map(|level| level.pair(self.pool))
    }

    /// Whether the point can have tables. Takes one of the shares if it has none.
    fn has_share(&self) -> bool {
        if self.share.get().is_some() {
            return true;
        }
        let share = self.pool.share(self.max_keys);
        // if another thread was faster, dropping this share returns it
        share.map(|share| self.share.set(share)).is_some()
    }
}

/// The base point's table and another point's.
#[derive(Clone, Copy)]
pub(super) struct TablePair<'t> {
    base: &'t Table,
    point: &'t Table,
}

impl TablePair<'_> {
    /// The encoding of \[`s`\]B + \[`k`\]P.
    pub(super) fn encoded_sum(self, s: &Scalar, k: &Scalar) -> [u8; 32] {
        self.point.encoded_sum(k, self.base, s)
    }
}

/// A point's table of one tier.
#[derive(Debug)]
struct Level {
    window: Window,
    after_uses: u32,
    table: OnceLock<Table>,
}

impl Level {
    fn new(tier: Tier) -> Option<Self> {
        let window = Window::new(tier.window)?;
        Some(Self { window, after_uses: tier.after_uses, table: OnceLock::new() })
    }

    fn pair(&self, pool: &'static Pool) -> Option<TablePair<'_>> {
        let base = pool.base_table(self.window).get()?;
        Some(TablePair { base, point: self.table.get()? })
    }

    /// Builds the base point's table, or the point's own if that exists.
    fn build_one(&self, point: &EdwardsPoint, pool: &'static Pool) {
        let base = pool.base_table(self.window);
        // if another thread was faster, its equal table stays
        let _ = match base.get() {
            None => base.set(Table::new(&ED25519_BASEPOINT_POINT, self.window)),
            Some(_) => self.table.set(Table::new(point, self.window)),
        };
    }
}

/// The state that all keys share: the base point's tables, which stay in memory, and the number of
/// keys with tables.
#[derive(Debug)]
pub(super) struct Pool {
    base_tables: [OnceLock<Table>; Window::COUNT],
    shares: AtomicU32,
}

impl Pool {
    pub(super) const fn new() -> Self {
        let base_tables = [const { OnceLock::new() }; Window::COUNT];
        Self { base_tables, shares: AtomicU32::new(0) }
    }

    fn base_table(&self, window: Window) -> &OnceLock<Table> {
        &self.base_tables[window.index()]
    }

    fn share(&'static self, max: u32) -> Option<Share> {
        let one_more = |shares| (shares < max).then_some(shares + 1);
        self.shares.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Share(self))
    }
}

/// One of the limited shares, which lets a key have tables.
#[derive(Debug)]
struct Share(&'static Pool);

impl Drop for Share {
    fn drop(&mut self) {
        self.0.shares.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const SETTINGS: TableSettings = TableSettings {
        small: Tier { window: 4, after_uses: 3 },
        large: Tier { window: 6, after_uses: 10 },
        max_keys: 2,
    };

    fn pool() -> &'static Pool {
        Box::leak(Box::new(Pool::new()))
    }

    fn tables(settings: TableSettings, pool: &'static Pool) -> Tables {
        Tables::new(ED25519_BASEPOINT_POINT * Scalar::from(7u8), settings, pool)
    }

    /// The window of the tables in use; zero without tables.
    fn window(tables: &Tables) -> u32 {
        tables.for_use().map_or(0, |pair| {
            assert_eq!(pair.base.window(), pair.point.window());
            pair.point.window().bits()
        })
    }

    fn count(tables: &Tables) -> usize {
        let own = [&tables.small, &tables.large].into_iter().flatten().map(|level| &level.table);
        own.chain(&tables.pool.base_tables).filter(|table| table.get().is_some()).count()
    }

    #[test]
    fn a_key_gets_small_tables_and_then_large_ones_and_each_use_builds_at_most_one() {
        let tables = tables(SETTINGS, pool());
        let mut windows = Vec::new();
        for _ in 0..14 {
            let before = count(&tables);
            windows.push(window(&tables));
            assert!(count(&tables) <= before + 1);
        }
        assert_eq!(windows, [0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 6, 6, 6]);
        assert_eq!(count(&tables), 4);
    }

    #[test]
    fn the_next_key_builds_only_its_own_tables() {
        let pool = pool();
        let first = tables(SETTINGS, pool);
        assert_eq!((0..14).map(|_| window(&first)).last(), Some(6));
        let second = tables(SETTINGS, pool);
        let windows: Vec<_> = (0..12).map(|_| window(&second)).collect();
        assert_eq!(windows, [0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 6, 6]);
    }

    #[test]
    fn keys_beyond_the_limit_get_tables_when_another_key_is_dropped() {
        let pool = pool();
        let mut keys: Vec<_> = (0..3).map(|_| tables(SETTINGS, pool)).collect();
        let after_many = |key: &Tables| (0..20).map(|_| window(key)).last();
        let windows: Vec<_> = keys.iter().map(after_many).collect();
        assert_eq!(windows, [Some(6), Some(6), Some(0)]);
        keys.remove(0);
        assert_eq!(after_many(&keys[1]), Some(6));
        assert_eq!(pool.shares.load(Ordering::Relaxed), 2);
        drop(keys);
        assert_eq!(pool.shares.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn tables_can_be_disabled_by_tier_or_entirely() {
        let after_many = |settings| {
            let tables = tables(settings, pool());
            (0..20).map(|_| window(&tables)).last()
        };
        let off = Tier { window: 0, after_uses: 0 };
        let too_large = Tier { window: 9, after_uses: 0 };
        assert_eq!(after_many(TableSettings { large: off, ..SETTINGS }), Some(4));
        assert_eq!(after_many(TableSettings { small: off, ..SETTINGS }), Some(6));
        assert_eq!(
            after_many(TableSettings { small: off, large: too_large, max_keys: 1 }),
            Some(0)
        );
        assert_eq!(after_many(TableSettings { max_keys: 0, ..SETTINGS }), Some(0));
    }

    #[test]
    fn threads_can_build_the_same_table_at_once() {
        let pool = pool();
        let eager = Tier { window: 5, after_uses: 0 };
        let tables = tables(TableSettings { small: eager, ..SETTINGS }, pool);
        let scalar = Scalar::from(123_456_789u32);
        let expected = ED25519_BASEPOINT_POINT * (scalar + scalar * Scalar::from(7u8));
        let expected = expected.compress().to_bytes();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let pairs = (0..30).filter_map(|_| tables.for_use());
                    pairs.for_each(|pair| assert_eq!(pair.encoded_sum(&scalar, &scalar), expected));
                });
            }
        });
        assert_eq!(window(&tables), 6);
        assert_eq!(pool.shares.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn applied_settings_hold_for_keys_that_are_parsed_later() {
        let settings = TableSettings { max_keys: 3, ..TableSettings::default() };
        settings.apply();
        assert_eq!(TableSettings::applied(), settings);
        TableSettings::default().apply();
        assert_eq!(TableSettings::applied(), TableSettings::default());
    }
}
