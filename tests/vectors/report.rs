//! Compares the results of one file's vectors with the expectations in [`File`].

use std::collections::BTreeSet;

use super::files::{Exception, File};

/// The results of one file's vectors on one host.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The `tcId`s of the vectors that were run
    pub(crate) run: BTreeSet<usize>,
    /// The number of accepted signatures
    pub(crate) accepted: usize,
    /// Vectors that are not accepted although valid, accepted although invalid, or "acceptable"
    pub(crate) differences: Vec<Difference>,
}

/// A vector whose result differs from the one that Wycheproof states.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The vector's `tcId`
    pub(crate) tc_id: usize,
    /// Wycheproof's description of the vector
    pub(crate) comment: String,
    /// Wycheproof's result: `valid`, `acceptable` or `invalid`
    pub(crate) expected: String,
    /// The actual result
    pub(crate) accepted: bool,
}

impl Report {
    /// Adds a difference.
    pub(crate) fn add_difference(
        &mut self,
        tc_id: usize,
        comment: String,
        expected: &str,
        accepted: bool,
    ) {
        let expected = expected.to_owned();
        self.differences.push(Difference { tc_id, comment, expected, accepted });
    }

    /// Fails unless every vector of the file was run and the only differences are the file's
    /// exceptions. An exception without a difference fails too.
    pub(crate) fn check(&self, file: &File) {
        let File { name, algorithm, count, exceptions } = file;
        assert_eq!(self.run.len(), *count, "{name}: the number of vectors that were run");

        let listed: BTreeSet<_> = exceptions.iter().flat_map(|entry| entry.tests.clone()).collect();
        let mut rejected = BTreeSet::new();
        let mut errors = Vec::new();
        for Difference { tc_id, comment, expected, accepted } in &self.differences {
            match accepted {
                false if listed.contains(tc_id) => _ = rejected.insert(*tc_id),
                false => errors.push(format!("{tc_id} ({comment}) is {expected} but rejected")),
                true => errors.push(format!("{tc_id} ({comment}) is {expected} but accepted")),
            }
        }
        let unneeded = listed.difference(&rejected);
        errors.extend(unneeded.map(|tc_id| format!("{tc_id} is an exception without need")));
        assert!(errors.is_empty(), "{name}:\n{}", errors.join("\n"));

        let accepted = self.accepted;
        println!(
            "{algorithm}, {name}: {count} run, {accepted} accepted, {} rejected",
            count - accepted
        );
        for Exception { tests, reason } in *exceptions {
            println!("  rejected though not invalid, {tests:?}: {reason}");
        }
    }
}
