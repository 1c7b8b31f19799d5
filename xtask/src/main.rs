//! `cargo xtask …`

use std::process::ExitCode;

use anyhow::{Result, bail};
use xtask::stack::Storage;
use xtask::{bench, build, demo, docs, fuzz, inspector, lint, mutants, release, style, test};

const USAGE: &str = "\
cargo xtask demo            start Better Auth, FastAPI, the Worker and a Next.js application;
                            Ctrl-C stops them
cargo xtask demo --check    start the first three and run a scripted tour
cargo xtask demo --postgres use a temporary PostgreSQL instead of SQLite; also with --check
cargo xtask test [PART…]    run all tests, or parts: rust fuzz python npm docs release next compat
                            browser inspector worker e2e
cargo xtask build [npm]     build the Worker into build/, the npm package into npm/dist/ and the
                            inspector into www/dist/; or only the npm package
cargo xtask bench [--quick] measure verifications, ours and of other libraries; writes
                            docs/benchmarks/
cargo xtask bench gateway   measure the Worker under load, and JavaScript Workers; also with --quick
cargo xtask fuzz [TARGET]   run each fuzz target for a minute; --seconds N changes the time
cargo xtask mutants [FILE…] check that a test fails for each mutant of the code that decides;
                            --shard K/N runs a part
cargo xtask docs            build the documentation site into target/docs/site/; --serve serves it,
                            --screenshots updates its screenshots
cargo xtask release --dry-run   pack and check the crate, the npm package and the Python package;
                            a tag vX.Y.Z instead also checks that it can be released
cargo xtask lint            run formatters, clippy, and the TypeScript and Python linters
cargo xtask lint style      check only the house style: words, file and line length, features";

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
        ["bench", ref options @ ..] => bench::run(options),
        ["docs", ref options @ ..] => docs::run(options),
        ["fuzz", ref arguments @ ..] => fuzz::run(arguments),
        ["mutants", ref arguments @ ..] => mutants::run(arguments),
        ["release", ref arguments @ ..] => release::run(arguments),
        ["lint"] => lint::run(),
        ["lint", "style"] => style::run(),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("unknown command\n\n{USAGE}"),
    }
}
