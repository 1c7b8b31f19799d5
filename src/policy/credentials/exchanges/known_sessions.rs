//! Which sessions have been valid before. Only the order and the limits of exchanges depend on it,
//! so the table may forget a session: of two sessions with the same index, the later one stays.

/// A hash table of sessions, by their keyed hashes.
#[derive(Default)]
pub(super) struct KnownSessions {
    /// Empty, or of full size
    table: Vec<u64>,
}

impl KnownSessions {
    pub(super) fn add(&mut self, session: u64) {
        self.table.resize(MOST, 0);
        self.table[index(session)] = session;
    }

    pub(super) fn remove(&mut self, session: u64) {
        if self.contains(session) {
            self.table[index(session)] = 0;
        }
    }

    pub(super) fn contains(&self, session: u64) -> bool {
        self.table.get(index(session)).is_some_and(|known| *known == session)
    }
}

fn index(session: u64) -> usize {
    (session % MOST as u64) as usize
}

/// Sessions: 64 kB.
const MOST: usize = 8_192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_known_until_it_is_removed_or_replaced_by_another() {
        let mut known = KnownSessions::default();
        assert!(!known.contains(7));
        known.remove(7);
        known.add(7);
        known.add(8);
        assert!(known.contains(7) && known.contains(8) && !known.contains(9));
        let other = 7 + MOST as u64;
        known.remove(other);
        assert!(known.contains(7), "only itself");
        known.add(other);
        assert!(known.contains(other) && !known.contains(7));
        known.remove(8);
        assert!(!known.contains(8));
    }
}
