//! `cargo xtask test newcomer`: the quick starts of README.md, with the packed packages.

use std::process::Command;

use anyhow::Result;

use crate::setup::{self, run as run_command};
use crate::{progress, release, root};

/// Packs the packages once, and plays each way from an empty folder, without cargo and without this
/// repository. It prints how long each way took.
pub(crate) fn test() -> Result<()> {
    let packages = root().join("target/newcomer");
    progress("packing the npm package and the wheel");
    release::pack_for_users(&packages)?;
    setup::postgres()?;
    run_command(
        Command::new(setup::node()?)
            .args(["--import", "tsx", "--test", "--test-timeout=600000", "--test-reporter=spec"])
            .arg("test/newcomer/newcomer.test.ts")
            .current_dir(root().join("npm"))
            .env("PACKAGES", &packages)
            .env("NODE_20", setup::node_20()?)
            .env("NODE_24", setup::node_24()?),
    )
}
