//! Finds the tools that the commands need, and installs a missing tool if the machine allows it.

mod python;

use std::env;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

pub use self::python::{
    EXTENSION, docs_python, python, python_for_bench, python_for_release,
    python_with_fastapi_0_115, python_with_package, python_with_sqlalchemy_2_0,
};
use crate::{progress, root};

/// Tools from crates.io. wasm-bindgen-cli must have the version of the library in Cargo.lock.
const WASM_BINDGEN: CargoTool = CargoTool { name: "wasm-bindgen-cli", version: "0.2.130" };
const WASM_PACK: CargoTool = CargoTool { name: "wasm-pack", version: "0.15.1" };
const CARGO_MUTANTS: CargoTool = CargoTool { name: "cargo-mutants", version: "27.1.0" };
const WORKER_BUILD: CargoTool = CargoTool { name: "worker-build", version: "0.8.7" };

/// The directory of `wasm-bindgen` and its test runner.
pub fn wasm_bindgen() -> Result<PathBuf> {
    WASM_BINDGEN.install()
}

/// The program `wasm-pack`.
pub fn wasm_pack() -> Result<PathBuf> {
    Ok(WASM_PACK.install()?.join("wasm-pack"))
}

/// The program `worker-build`.
pub fn worker_build() -> Result<PathBuf> {
    Ok(WORKER_BUILD.install()?.join("worker-build"))
}

/// The program `cargo-mutants`.
pub fn cargo_mutants() -> Result<PathBuf> {
    Ok(CARGO_MUTANTS.install()?.join("cargo-mutants"))
}

/// The target `wasm32-unknown-unknown`.
pub fn wasm_target() -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    rust_part(&format!("{TARGET}/lib"), &["target", "add", TARGET])
}

/// Installs a part of the toolchain unless it exists below `lib/rustlib`.
fn rust_part(path: &str, arguments: &[&str; 3]) -> Result<()> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(root()))?;
    if Path::new(&sysroot).join("lib/rustlib").join(path).is_dir() {
        return Ok(());
    }
    let [kind, _, name] = arguments;
    progress(format!("adding the Rust {kind} {name}"));
    run(Command::new("rustup").args(arguments).current_dir(root()))
        .with_context(|| format!("Rust needs the {kind} {name}; install rustup (rustup.rs)"))
}

/// Installs the checkout's npm packages at the versions of package-lock.json.
pub fn npm_packages() -> Result<()> {
    node()?;
    npm_ci(&root())
}

/// Node 20 or later.
pub fn node() -> Result<PathBuf> {
    let version = node_version().context("Node 20 or later is required: nodejs.org")?;
    ensure!(version >= (20, 0), "Node 20 or later is required, this is {}: nodejs.org", version.0);
    Ok("node".into())
}

/// A Node that wrangler supports: the machine's, or one from npm.
pub fn node_for_wrangler() -> Result<PathBuf> {
    node()?;
    match node_version()? >= (22, 12) {
        true => Ok("node".into()),
        false => node_from_npm("tools/node"),
    }
}

/// The oldest version of Node that the npm package supports: the machine's, or one from npm.
pub fn node_20() -> Result<PathBuf> {
    node_of(20, "tools/node-20")
}

/// Node 24: the machine's, or one from npm.
pub fn node_24() -> Result<PathBuf> {
    node_of(24, "tools/node")
}

fn node_of(major: u32, directory: &str) -> Result<PathBuf> {
    node()?;
    match node_version()?.0 == major {
        true => Ok("node".into()),
        false => node_from_npm(directory),
    }
}

/// The Node that a directory of the checkout pins.
fn node_from_npm(directory: &str) -> Result<PathBuf> {
    let directory = root().join(directory);
    npm_ci(&directory)?;
    let platform = match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "x86_64") => "darwin-x64",
        ("macos", "aarch64") => "darwin-arm64",
        (os, arch) => bail!("npm has no Node for {os} {arch}: install it, nodejs.org"),
    };
    Ok(directory.join("node_modules").join(format!("node-{platform}")).join("bin/node"))
}

/// The directory of the pinned versions of Better Auth, with a subdirectory for each version.
pub fn better_auth_versions() -> PathBuf {
    root().join("tests/compat/versions")
}

/// Installs this version of Better Auth outside of the checkout and returns its directory.
pub fn better_auth(version: &str) -> Result<PathBuf> {
    let pinned = better_auth_versions().join(version);
    let directory = cache()?.join(format!("better-auth-{version}"));
    let lock_file = pinned.join("package-lock.json");
    once(&directory, &[lock_file], || {
        progress(format!("installing Better Auth {version}"));
        fs::create_dir_all(&directory)?;
        for name in ["package.json", "package-lock.json", ".npmrc"] {
            fs::copy(pinned.join(name), directory.join(name))?;
        }
        run(Command::new("npm")
            .args(["ci", "--ignore-scripts", "--loglevel=error"])
            .current_dir(&directory))
    })?;
    Ok(directory)
}

/// The program `deno`: from the variable DENO, the path, or npm on Linux x86-64. `None` on other
/// platforms.
pub fn deno() -> Result<Option<PathBuf>> {
    if let Some(deno) = env::var_os("DENO").map(PathBuf::from).or_else(|| on_path("deno")) {
        return Ok(Some(deno));
    }
    if (env::consts::OS, env::consts::ARCH) != ("linux", "x86_64") {
        return Ok(None);
    }
    let directory = root().join("tools/deno");
    npm_ci(&directory)?;
    Ok(Some(directory.join("node_modules/@deno/linux-x64-glibc/deno")))
}

/// Installs VitePress and TypeDoc for the documentation.
pub fn docs_packages() -> Result<()> {
    node()?;
    npm_ci(&root().join("tools/docs"))
}

/// Installs the packages that only the examples of the documentation import.
pub fn example_packages() -> Result<()> {
    node()?;
    npm_ci(&root().join("tools/examples"))
}

/// Installs the previous major version of Next for the tests of the example's application.
pub fn next_15() -> Result<()> {
    node()?;
    npm_ci(&root().join("tools/next-15"))
}

/// A Chromium and its driver.
pub struct Browser {
    /// The browser itself
    pub program: PathBuf,
    /// The WebDriver server
    pub driver: PathBuf,
}

/// Chromium and chromedriver: from the variables CHROMIUM and CHROMEDRIVER, the path, or Debian's
/// packages.
pub fn browser() -> Result<Browser> {
    let find = |variable: &str, program: &str| {
        env::var_os(variable).map(PathBuf::from).or_else(|| on_path(program))
    };
    let installed = || Some((find("CHROMIUM", "chromium")?, find("CHROMEDRIVER", "chromedriver")?));
    if installed().is_none() {
        apt_install(&["chromium", "chromium-driver"]).context(
            "the browser tests require Chromium and chromedriver: \
             apt-get install chromium chromium-driver, or set CHROMIUM and CHROMEDRIVER",
        )?;
    }
    let (program, driver) = installed().context("Chromium or its driver is not on the path")?;
    Ok(Browser { program, driver })
}

/// Runs a command and fails unless it succeeds. The error names the command.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", shown(command)))?;
    ensure!(status.success(), "{} failed: {status}", shown(command));
    Ok(())
}

/// The directory of tools that all checkouts share.
fn cache() -> Result<PathBuf> {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = match named("XDG_CACHE_HOME") {
        Some(base) => base,
        None => named("HOME").context("neither XDG_CACHE_HOME nor HOME is set")?.join(".cache"),
    };
    Ok(base.join("better-auth-edge"))
}

struct CargoTool {
    name: &'static str,
    version: &'static str,
}

impl CargoTool {
    /// Installs the tool and returns the directory of its programs. Each version has its own
    /// directory, so that checkouts with different pins do not conflict.
    fn install(&self) -> Result<PathBuf> {
        let Self { name, version } = self;
        let home = cache()?.join(format!("{name}-{version}"));
        let programs = home.join("bin");
        let _lock = lock(&home)?;
        let stamp = home.join("installed");
        if !stamp.exists() {
            progress(format!("installing {name} {version} from crates.io: some minutes, once"));
            run(Command::new("cargo")
                .args(["install", "--quiet", "--root"])
                .arg(&home)
                .args(["--version", &format!("={version}"), name])
                .env_remove("CARGO_TARGET_DIR"))?;
            fs::write(&stamp, "")?;
        }
        Ok(programs)
    }
}

fn npm_ci(directory: &Path) -> Result<()> {
    once(&directory.join("node_modules"), &[directory.join("package-lock.json")], || {
        progress(format!("installing npm packages in {}", shown_path(directory)));
        run(Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(directory))
    })
}

/// Creates the directory `made` with `make`, unless it exists and was created from the same `pins`.
fn once(made: &Path, pins: &[PathBuf], make: impl FnOnce() -> Result<()>) -> Result<()> {
    let _lock = lock(made)?;
    let mut hasher = DefaultHasher::new();
    for pins in pins {
        let text = fs::read(pins).with_context(|| format!("cannot read {}", pins.display()))?;
        text.hash(&mut hasher);
    }
    made.hash(&mut hasher);
    let stamp = made.join(".made-by-xtask");
    let wanted = format!("{:016x}", hasher.finish());
    if fs::read_to_string(&stamp).is_ok_and(|built| built == wanted) {
        return Ok(());
    }
    make()?;
    Ok(fs::write(&stamp, wanted)?)
}

/// Locks `what` against other xtask processes until the returned file is closed.
pub(crate) fn lock(what: &Path) -> Result<File> {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    let locks = cache()?.join("locks");
    fs::create_dir_all(&locks)?;
    let file = File::create(locks.join(format!("{:016x}", hasher.finish())))?;
    file.lock()?;
    Ok(file)
}

fn node_version() -> Result<(u32, u32)> {
    let text = output(Command::new("node").arg("--version"))?;
    let mut numbers = text.trim_start_matches('v').split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => bail!("node --version says {text:?}"),
    }
}

/// Installs PostgreSQL's server, unless it is on the path or in Debian's directory.
pub fn postgres() -> Result<()> {
    let installed = || on_path("initdb").is_some() || Path::new("/usr/lib/postgresql").is_dir();
    if !installed() {
        apt_install(&["postgresql"]).context(
            "PostgreSQL is required: apt-get install postgresql, or put initdb on the path",
        )?;
    }
    Ok(())
}

/// Installs the MariaDB server, unless it is on the path.
pub fn mariadb() -> Result<()> {
    server("MariaDB", "mariadbd", "mariadb-server")
}

/// Installs the Redis server, unless it is on the path.
pub fn redis() -> Result<()> {
    server("Redis", "redis-server", "redis-server")
}

/// Installs the Debian package of a server, unless its program is on the path.
fn server(name: &str, program: &str, package: &str) -> Result<()> {
    if on_path(program).is_some() {
        return Ok(());
    }
    apt_install(&[package]).with_context(|| {
        format!("{name} is required: apt-get install {package}, or put {program} on the path")
    })
}

/// Installs Debian packages, if this process is root.
fn apt_install(packages: &[&str]) -> Result<()> {
    ensure!(on_path("apt-get").is_some(), "apt-get is not installed");
    ensure!(rustix::process::geteuid().is_root(), "only root can install packages");
    let _lock = lock(Path::new("apt-get"))?;
    progress(format!("installing Debian's {}", packages.join(" and ")));
    let apt = |arguments: &[&str]| {
        run(Command::new("apt-get")
            .args(["-qq", "-o", "Dpkg::Use-Pty=0"])
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file())
}

/// Runs a command and returns its standard output without the white space around it.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {}", shown(command)))?;
    ensure!(output.status.success(), "{} failed: {}", shown(command), output.status);
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let arguments = command.get_args().take(3).map(|argument| argument.to_string_lossy());
    std::iter::once(name.to_string_lossy()).chain(arguments).collect::<Vec<_>>().join(" ")
}

fn shown_path(path: &Path) -> String {
    match path.strip_prefix(root()) {
        Ok(inner) if inner.as_os_str().is_empty() => "the checkout".into(),
        Ok(inner) => inner.display().to_string(),
        Err(_) => path.display().to_string(),
    }
}
