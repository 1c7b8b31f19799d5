//! Wycheproof's vectors, one runner and one list of expectations for every host.

// every host's runner is a crate of its own and uses its part of this
#![allow(dead_code)]

pub(crate) mod files;
mod judge;
mod keys;
mod report;

pub(crate) use judge::judge;

use better_auth_edge::host::Host;

/// Runs the files for one algorithm, and fails unless everything in them is as expected.
pub(crate) async fn check(algorithm: &str, host: &impl Host) {
    let mut files = files::FILES.iter().filter(|file| file.algorithm == algorithm).peekable();
    assert!(files.peek().is_some(), "there is a file for {algorithm}");
    for file in files {
        judge(file, host).await.check(file);
    }
}
