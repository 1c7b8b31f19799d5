//! `cargo xtask lint`: the formatters and linters of all three languages. A warning is an error.

use std::process::Command;

use anyhow::Result;

use crate::setup::{self, run as run_command};
use crate::{build, docs, progress, root, style};

/// Runs all checks, the fastest first.
pub fn run() -> Result<()> {
    setup::wasm_target()?;
    setup::npm_packages()?;
    let python = setup::python()?;

    progress("lint: style");
    style::run()?;
    progress("lint: documentation");
    docs::check()?;

    progress("lint: Rust");
    let cargo = |arguments: &[&str]| {
        let mut cargo = Command::new("cargo");
        // as in the build of the extension: a changed PATH does not check all again
        run_command(cargo.args(arguments).env("PYO3_NO_PYTHON", "1").current_dir(root()))
    };
    cargo(&["fmt", "--all", "--check"])?;
    let deny = ["--", "-D", "warnings"];
    cargo(&[&["clippy", "--workspace", "--all-targets"], &deny[..]].concat())?;
    for features in ["worker", "js", "js-gateway", "worker,js-gateway", "inspector"] {
        let wasm = ["clippy", "--target", "wasm32-unknown-unknown", "--features", features];
        cargo(&[&wasm[..], &deny[..]].concat())?;
    }
    let web = ["--package", "better-auth-edge", "--package", "host-vectors", "--lib", "--tests"];
    let wasm = ["clippy", "--target", "wasm32-unknown-unknown"];
    cargo(&[&wasm[..], &web, &["--features", "better-auth-edge/js"], &deny].concat())?;

    for features in ["", "native", "js-gateway"] {
        run_command(
            Command::new("cargo")
                .args(["doc", "--no-deps", "--features", features])
                .env("RUSTDOCFLAGS", "-D warnings")
                .current_dir(root()),
        )?;
    }

    progress("lint: TypeScript");
    let npm =
        |arguments: &[&str]| run_command(Command::new("npm").args(arguments).current_dir(root()));
    npm(&["run", "--silent", "lint"])?;
    // the example's application uses the types of the package
    build::npm()?;
    npm(&["run", "--silent", "typecheck"])?;

    progress("lint: Python");
    let packages = [("python", "better_auth_edge"), ("examples/fullstack/api", "app")];
    packages.into_iter().try_for_each(|(directory, package)| {
        let module = |arguments: &[&str]| {
            let mut command = Command::new(&python);
            run_command(command.arg("-m").args(arguments).current_dir(root().join(directory)))
        };
        module(&["ruff", "check", "--quiet"])?;
        module(&["ruff", "format", "--check", "--quiet"])?;
        module(&["mypy", "--strict", package, "tests"])
    })?;
    for arguments in [&["check", "--quiet"][..], &["format", "--check", "--quiet"]] {
        let config = ["--config", "python/pyproject.toml", "benches/python", "examples/docker"];
        let mut ruff = Command::new(&python);
        ruff.args(["-m", "ruff"]).args(arguments).args(config).current_dir(root());
        run_command(&mut ruff)?;
    }
    // the stub describes the extension module that was built
    let stubtest = ["-m", "mypy.stubtest", "better_auth_edge._core"];
    run_command(Command::new(&python).args(stubtest).current_dir(root().join("python")))
}
