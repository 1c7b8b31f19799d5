//! What a host said of one file's vectors, held against what [`File`] says that it has to say.

use std::collections::BTreeSet;

use super::files::{File, Stricter};

/// What came of a file's vectors.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The `tcId`s of those that were run
    pub(crate) run: BTreeSet<usize>,
    /// How many signatures were accepted
    pub(crate) accepted: usize,
    /// Vectors that were not answered as they say of themselves: neither valid and accepted nor
    /// invalid and refused
    pub(crate) differences: Vec<Difference>,
}

/// A vector that was not answered as it says of itself.
#[derive(Debug)]
pub(crate) struct Difference {
    /// Its number in its file
    pub(crate) tc_id: usize,
    /// What it tests
    pub(crate) comment: String,
    /// What it says: `valid`, `acceptable` or `invalid`
    pub(crate) says: String,
    /// Whether it was accepted
    pub(crate) accepted: bool,
}

impl Report {
    /// Takes a difference down.
    pub(crate) fn differ(&mut self, tc_id: usize, comment: String, says: &str, accepted: bool) {
        self.differences.push(Difference { tc_id, comment, says: says.to_owned(), accepted });
    }

    /// Fails unless all vectors of the file were run, and every one of them, but for those that the
    /// file's list names, was answered as it says. A name in the list that is not needed fails too.
    pub(crate) fn check(&self, file: &File) {
        let File { name, algorithm, count, stricter } = file;
        assert_eq!(self.run.len(), *count, "{name}: the number of vectors that were run");

        let listed: BTreeSet<_> = stricter.iter().flat_map(|entry| entry.tests.clone()).collect();
        let mut refused = BTreeSet::new();
        let mut faults = Vec::new();
        for Difference { tc_id, comment, says, accepted } in &self.differences {
            match accepted {
                false if listed.contains(tc_id) => _ = refused.insert(*tc_id),
                false => faults.push(format!("{tc_id} ({comment}) is {says} and was refused")),
                true => faults.push(format!("{tc_id} ({comment}) is {says} and was accepted")),
            }
        }
        let needless = listed.difference(&refused);
        faults.extend(needless.map(|tc_id| format!("{tc_id} is listed and need not be")));
        assert!(faults.is_empty(), "{name}:\n{}", faults.join("\n"));

        let accepted = self.accepted;
        println!(
            "{algorithm}, {name}: {count} run, {accepted} accepted, {} refused",
            count - accepted
        );
        for Stricter { tests, why } in *stricter {
            println!("  refused though not invalid, {tests:?}: {why}");
        }
    }
}
