//! Packs the Python package as an sdist, builds the wheel of this platform from it, and uses the
//! wheel as a user does. The release workflow compiles the wheels of all platforms.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::expect_files;
use crate::directory::Directory;
use crate::setup::{self, output, run as run_command};
use crate::{progress, root};

pub(super) fn pack(destination: &Path) -> Result<()> {
    let python = setup::python_for_release()?;
    progress("release: the Python package");
    let directory = Directory::new()?;
    build(&python, "--sdist", &root().join("python"), destination)?;
    let sdist = packed(destination, ".tar.gz")?;
    build(&python, "--wheel", &unpack(&sdist, directory.path())?, destination)?;
    let wheel = packed(destination, ".whl")?;
    expect_files("the sdist", &files(&python, &sdist)?, SDIST_FILES, &SDIST_NEEDS)?;
    let extension = format!("better_auth_edge/{}", setup::EXTENSION);
    let needed = [&WHEEL_NEEDS[..], &[&extension]].concat();
    expect_files("the wheel", &files(&python, &wheel)?, WHEEL_FILES, &needed)?;
    run_command(
        Command::new(&python).args(["-m", "twine", "check", "--strict"]).args([&sdist, &wheel]),
    )?;
    let user = setup::python_with_package(&wheel)?;
    run_command(Command::new(&user).args(["-m", "pip", "--quiet", "check"]))?;
    // isolated, so that the import finds only what is installed
    let script = root().join("python/tests/installed_package.py");
    run_command(Command::new(&user).args(["-I", "-B"]).arg(script))
}

/// Builds the wheel of this platform into `destination`, from the checkout.
pub(super) fn wheel(destination: &Path) -> Result<()> {
    build(&setup::python_for_release()?, "--wheel", &root().join("python"), destination)
}

/// Builds with the pinned tools of the environment `python`.
fn build(python: &Path, what: &str, source: &Path, destination: &Path) -> Result<()> {
    run_command(
        Command::new(python)
            .args(["-m", "build", "--no-isolation", what, "--outdir"])
            .args([destination, source])
            // the build backend looks for `maturin` on the path
            .env("PATH", path_with_programs_of(python)?)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // what the core depends on is compiled once
            .env("CARGO_TARGET_DIR", root().join("target/sdist")),
    )
}

fn path_with_programs_of(python: &Path) -> Result<OsString> {
    let programs = python.parent().map(Path::to_owned);
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(programs.into_iter().chain(env::split_paths(&path)))?)
}

/// The only file with this ending.
fn packed(destination: &Path, ending: &str) -> Result<PathBuf> {
    let entries = fs::read_dir(destination)?.collect::<Result<Vec<_>, _>>()?;
    let mut paths = entries.into_iter().map(|entry| entry.path());
    let found = paths.find(|path| path.to_string_lossy().ends_with(ending));
    found.with_context(|| format!("build did not create a file that ends in {ending}"))
}

/// Unpacks an sdist and returns the directory of its files.
fn unpack(sdist: &Path, directory: &Path) -> Result<PathBuf> {
    // The files get the current time. The times in an sdist are constant, and cargo would take the
    // files for those of the previous build.
    run_command(Command::new("tar").arg("-xzmf").arg(sdist).arg("-C").arg(directory))?;
    let unpacked = fs::read_dir(directory)?.next().context("the sdist is empty")??;
    Ok(unpacked.path())
}

/// Python sources, the extension module, and metadata.
pub(super) const WHEEL_FILES: &str = r"^(better_auth_edge/([\w/]+\.py|_core\.pyi|py\.typed|_core[\w.-]*\.(so|pyd))|better_auth_edge-[\w.]+\.dist-info/(METADATA|RECORD|WHEEL|licenses/LICENSE|sboms/[\w.-]+\.json))$";

const WHEEL_NEEDS: [&str; 3] =
    ["better_auth_edge/__init__.py", "better_auth_edge/py.typed", "better_auth_edge/_core.pyi"];

/// Python sources, the sources of the extension module and of the core, and metadata.
pub(super) const SDIST_FILES: &str = r"^(PKG-INFO|LICENSE|README\.md|pyproject\.toml|Cargo\.(toml|lock)|better_auth_edge/([\w/]+\.py|_core\.pyi|py\.typed)|python/(Cargo\.toml|README\.md|build\.rs|src/[\w/]+\.rs)|src/[\w/]+\.(rs|js|json|md))$";

const SDIST_NEEDS: [&str; 8] = [
    "better_auth_edge/__init__.py",
    "better_auth_edge/py.typed",
    "better_auth_edge/_core.pyi",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "python/src/lib.rs",
    "src/lib.rs",
];

/// The files of a wheel, or of an sdist without its outer directory.
fn files(python: &Path, packed: &Path) -> Result<Vec<String>> {
    let script = "import sys, tarfile, zipfile\n\
                  path = sys.argv[1]\n\
                  if path.endswith('.whl'):\n\
                  \x20   print('\\n'.join(zipfile.ZipFile(path).namelist()))\n\
                  else:\n\
                  \x20   for member in tarfile.open(path).getmembers():\n\
                  \x20       if member.isfile():\n\
                  \x20           print(member.name.split('/', 1)[1])\n";
    let listing = output(Command::new(python).args(["-c", script]).arg(packed))?;
    Ok(listing.lines().map(str::to_owned).collect())
}
