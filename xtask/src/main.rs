//! `cargo xtask …`

use std::process::ExitCode;

use anyhow::{Result, bail};
use xtask::stack::Storage;
use xtask::{
    bench, build, demo, docs, fuzz, inspector, lint, mutants, release, setup, simulate, soak,
    style, test,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["demo"] => demo::stay_up(Storage::Sqlite),
        ["demo", "--postgres"] => demo::stay_up(Storage::Postgres),
        ["demo", "--check"] => demo::check(Storage::Sqlite),
        ["demo", "--check", "--postgres"] | ["demo", "--postgres", "--check"] => {
            demo::check(Storage::Postgres)
        }
        ["test", ref parts @ ..] => test::run(parts),
        ["build"] => {
            build::worker()?;
            build::npm()?;
            inspector::build().map(|_| ())
        }
        ["build", "npm"] => build::npm(),
        ["build", "python"] => setup::python().map(|_| ()),
        ["bench", ref options @ ..] => bench::run(options),
        ["simulate", ref options @ ..] => simulate::run(options),
        ["soak", ref options @ ..] => soak::run(options),
        ["docs", ref options @ ..] => docs::run(options),
        ["fuzz", ref arguments @ ..] => fuzz::run(arguments),
        ["mutants", ref arguments @ ..] => mutants::run(arguments),
        ["release", ref arguments @ ..] => release::run(arguments),
        ["lint"] => lint::run(),
        ["lint", "style"] => style::run(),
        ["help" | "--help" | "-h"] => {
            println!("{}", usage());
            Ok(())
        }
        _ => bail!("unknown command\n\n{}", usage()),
    }
}

fn usage() -> String {
    let names: Vec<_> = test::part_names().collect();
    let parts: Vec<_> = names.chunks(7).map(|line| line.join(" ")).collect();
    let parts = parts.join("\n                              ");
    format!(
        "\
cargo xtask demo              start Better Auth, FastAPI, the Worker and Next.js; Ctrl-C stops them
cargo xtask demo --check      start Better Auth, FastAPI and the Worker, and run the scripted tour
cargo xtask demo --postgres   use a new PostgreSQL database, not SQLite; also with --check
cargo xtask test [PART…]      run all tests, or these parts:
                              {parts}
cargo xtask build             build the Worker into build/, the npm package into npm/dist/ and the
                              inspector into www/dist/
cargo xtask build npm         build only the npm package
cargo xtask build python      build the extension module of the Python package, and create .venv
cargo xtask bench [--quick]   measure verifications, and compare them with other libraries; writes
                              docs/benchmarks/. --only measures a part: workerd or node, names of
                              algorithms, and first for the first token
cargo xtask bench gateway     measure the Worker under load; also with --quick, or --load NAME;
                              --profile NAME draws a flame graph of one load
cargo xtask bench start       measure the first request of an isolate; also with --quick
cargo xtask bench python      measure the Python package and its peers; also with --quick
cargo xtask simulate          model thousands of isolates, and count what they fetch and decide; --seed N,
                              --scenario NAME, --users N, --datacenters N, --isolates N and others
cargo xtask soak              send an hour of mixed traffic through the Worker, and check each response
                              by an oracle; --hours N, --minutes N, --workers N, --seed N
cargo xtask fuzz [TARGET]     run each fuzz target for a minute, or for --seconds N
cargo xtask mutants [FILE…]   check that a test fails for each small change to the core; --shard K/N
                              runs a part
cargo xtask docs              build the documentation site into target/docs/site/; --serve shows it,
                              --screenshots takes its pictures
cargo xtask release --dry-run pack the crate, the npm package and the Python package, and check them
cargo xtask release vX.Y.Z    the same, and check that this version can be released
cargo xtask lint              check format, clippy, and the TypeScript and Python linters
cargo xtask lint style        check only the style: words, file and line length, features"
    )
}
