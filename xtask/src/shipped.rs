//! How the wasm that is shipped is compiled: small, and with a standard library of its own, whose
//! panics end at once. Nobody at the edge could read their messages, which make up a tenth of the
//! size; docs/decisions/0010 and 0012 say more.

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
        .env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
            [CALLS, LOOPS, COPIES, SILENT].join(" "),
        );
    Ok(())
}

/// But for what Cargo.toml names.
const OPT_LEVEL: &str = "2";

/// Less inlining, even where speed counts. What is done for a request is called from cold caches,
/// where less code is not slower.
const CALLS: &str = "-Cllvm-args=-inline-threshold=40 -Cllvm-args=-inlinehint-threshold=60";

/// Less unrolling: loops over the limbs of a number stay loops.
const LOOPS: &str = "-Cllvm-args=-unroll-threshold=20";

/// Memory is copied, set and compared by instructions and calls for that, but for what is as short
/// as a number of the curve's field: five stores.
const COPIES: &str = "-Cllvm-args=-max-store-memcpy=5 -Cllvm-args=-max-store-memmove=4 \
                      -Cllvm-args=-max-store-memset=4 -Cllvm-args=-max-loads-per-memcmp=0";

/// A panic is one instruction, and what `Debug` would show nobody sees.
const SILENT: &str = "-Zunstable-options -Cpanic=immediate-abort -Zfmt-debug=none";
