//! Which sessions have been good before. Only their order and their places depend on it, so a session may
//! be forgotten: of two with one place in the table, the later stays.

/// A table of the keyed hashes of sessions.
#[derive(Default)]
pub(super) struct KnownSessions {
    /// As many as there may be, or none before the first
    table: Vec<u64>,
}

impl KnownSessions {
    pub(super) fn add(&mut self, session: u64) {
        self.table.resize(MOST, 0);
        self.table[place(session)] = session;
    }

    pub(super) fn remove(&mut self, session: u64) {
        if self.contains(session) {
            self.table[place(session)] = 0;
        }
    }

    pub(super) fn contains(&self, session: u64) -> bool {
        self.table.get(place(session)).is_some_and(|known| *known == session)
    }
}

fn place(session: u64) -> usize {
    (session % MOST as u64) as usize
}

/// Sessions: 64 kB.
const MOST: usize = 8_192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_known_until_it_is_removed_or_another_takes_its_place() {
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
