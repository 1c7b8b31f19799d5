//! `cargo xtask …`

use std::process::ExitCode;

use anyhow::{Result, bail};
use xtask::stack::Storage;
use xtask::{bench, build, demo, docs, fuzz, inspector, lint, mutants, release, style, test};

const USAGE: &str = "\
cargo xtask demo            start Better Auth, FastAPI, the Worker and a Next.js application; Ctrl-C stops
cargo xtask demo --check    the same, then a scripted tour through it
cargo xtask demo --postgres on a PostgreSQL of its own and not on SQLite; also with --check
cargo xtask test [PART…]    every test, or some: rust fuzz python npm next browser
                            inspector worker compat e2e
cargo xtask build [npm]     the Worker into build/, the npm package into npm/dist/, the
                            inspector into www/dist/; or only the package
cargo xtask bench [--quick] what a verification takes, here and elsewhere; writes docs/benchmarks/
cargo xtask bench gateway   the Worker under load, beside JavaScript ones; also with --quick
cargo xtask fuzz [TARGET]   a minute for each fuzz target, or --seconds N
cargo xtask mutants [FILE…] whether a test fails for each small change to the code that decides;
                            --shard K/N for a part
cargo xtask docs            the documentation site into target/docs/site/; --serve shows it,
                            --screenshots takes its pictures again
cargo xtask release --dry-run   packs the crate, the npm package and the Python package, and checks
                            them; with a tag, vX.Y.Z, also whether it can be released
cargo xtask lint            format, clippy, TypeScript and Python linters
cargo xtask lint style      only the house style: words, file and line length, features";

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
