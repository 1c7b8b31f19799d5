//! How the wasm that is shipped is compiled: small, and with a standard library of its own, whose panics
//! end at once. Nobody at the edge could read their messages, which make up a tenth of the size;
//! docs/decisions/0010 says more.

use std::process::Command;

use anyhow::Result;

use crate::{root, setup};

/// Has cargo, or a program that hands its arguments on to it, compile for shipping.
pub(crate) fn for_shipping(command: &mut Command) -> Result<()> {
    setup::wasm_target()?;
    setup::rust_source()?;
    command
        .args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"])
        // the flags for that are not stable yet
        .env("RUSTC_BOOTSTRAP", "1")
        // so compiled, nothing fits what is compiled otherwise
        .env("CARGO_TARGET_DIR", root().join("target/shipped"))
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", OPT_LEVEL)
        // beside what .cargo/config.toml says
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", [SMALLER, SILENT].join(" "));
    Ok(())
}

/// But for what Cargo.toml names.
const OPT_LEVEL: &str = "2";

/// Less inlining and unrolling, even where speed counts. What is done for a request is called from cold
/// caches, where less code is not slower.
const SMALLER: &str = "-Cllvm-args=-inline-threshold=40 -Cllvm-args=-inlinehint-threshold=60 \
                       -Cllvm-args=-unroll-threshold=50";

/// A panic is one instruction, and what `Debug` would show nobody sees.
const SILENT: &str = "-Zunstable-options -Cpanic=immediate-abort -Zfmt-debug=none";
