//! The virtual environments, and the extension module that the package needs in each of them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

use super::{lock, once, output, run};
use crate::{cargo, progress, root};

/// The Python of the checkout's virtual environment, with the pinned packages of the example's API
/// and of `python/`, and that package itself.
pub fn python() -> Result<PathBuf> {
    let package = root().join("python");
    let pins = [package.clone(), root().join("examples/fullstack/api")]
        .map(|directory| directory.join("requirements-dev.txt"));
    extension()?;
    virtual_environment(".venv", &pins, |python| {
        // An import finds the package in the checkout. No build backend is involved: cargo decides
        // whether the extension is up to date.
        let file = site_packages(python)?.join("better-auth-edge.pth");
        Ok(fs::write(file, format!("{}\n", package.display()))?)
    })
}

/// The Python of a virtual environment with SQLAlchemy 2.0, for the tests of sessions.
pub fn python_with_sqlalchemy_2_0() -> Result<PathBuf> {
    let pins = [root().join("python/requirements-sqlalchemy-2.0.txt")];
    extension()?;
    virtual_environment(".venv-sqlalchemy-2.0", &pins, |_| Ok(()))
}

/// The Python of a virtual environment with FastAPI 0.115.
pub fn python_with_fastapi_0_115() -> Result<PathBuf> {
    let pins = [root().join("python/requirements-fastapi-0.115.txt")];
    extension()?;
    virtual_environment(".venv-fastapi-0.115", &pins, |_| Ok(()))
}

/// The Python of a virtual environment with the peers that `cargo xtask bench python` measures.
pub fn python_for_bench() -> Result<PathBuf> {
    let pins = [root().join("python/requirements-bench.txt")];
    extension()?;
    virtual_environment(".venv-bench", &pins, |_| Ok(()))
}

/// The Python of a virtual environment for the documentation's reference of the Python package.
pub fn docs_python() -> Result<PathBuf> {
    virtual_environment(".venv-docs", &[root().join("tools/docs/requirements.txt")], |_| Ok(()))
}

/// The Python of a virtual environment with the tools that pack and check the package.
pub fn python_for_release() -> Result<PathBuf> {
    let pins = [root().join("python/requirements-release.txt")];
    virtual_environment(".venv-release", &pins, |_| Ok(()))
}

/// The Python of a virtual environment that contains this wheel and what the package requires of a
/// user's environment, without the tools of development.
pub fn python_with_package(wheel: &Path) -> Result<PathBuf> {
    let pins = [root().join("python/requirements.txt")];
    let python = virtual_environment(".venv-package", &pins, |_| Ok(()))?;
    let options = ["--no-deps", "--no-index", "--force-reinstall"];
    run(Command::new(&python).args(PIP).args(options).arg(wheel))?;
    Ok(python)
}

/// The file of the extension module, in the directory of the package.
pub const EXTENSION: &str = if cfg!(windows) { "_core.pyd" } else { "_core.abi3.so" };

/// Compiles the extension module, and copies it into the package if it has changed. Once for each
/// process of xtask: cargo takes a moment to find that nothing has changed.
fn extension() -> Result<()> {
    static IS_CURRENT: Mutex<bool> = Mutex::new(false);
    let mut is_current = IS_CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    if *is_current {
        return Ok(());
    }
    let installed = root().join("python/better_auth_edge").join(EXTENSION);
    let _lock = lock(&installed)?;
    progress("building the extension module of the Python package");
    let mut build = Command::new("cargo");
    build.args(["build", "--profile", "python", "--package", "better-auth-edge-python"]);
    // the stable ABI needs no interpreter; without one, a changed PATH does not compile all again
    build.env("PYO3_NO_PYTHON", "1");
    let built = fs::read(cargo::built_file(&mut build, "_core", std::env::consts::DLL_SUFFIX)?)?;
    if !fs::read(&installed).is_ok_and(|bytes| bytes == built) {
        // a process that has loaded the previous file keeps it
        let new = installed.with_file_name(format!("{EXTENSION}.new"));
        fs::write(&new, built)?;
        fs::rename(new, installed)?;
    }
    *is_current = true;
    Ok(())
}

const PIP: [&str; 5] = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];

/// Creates a virtual environment with pinned packages, runs `more` in it, and returns its Python.
fn virtual_environment(
    name: &str,
    pins: &[PathBuf],
    more: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    const HINT: &str = "Python 3.10 or later is required, with venv (Debian: python3-venv)";
    let environment = root().join(name);
    let python = environment.join("bin/python");
    let check = "import sys; sys.exit(sys.version_info < (3, 10))";
    run(Command::new("python3").args(["-c", check])).context(HINT)?;
    once(&environment, pins, || {
        progress(format!("installing the Python packages of {name}"));
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))
            .context(HINT)?;
        let mut pinned = Command::new(&python);
        pinned.args(PIP).arg("--require-hashes");
        run(pinned.args(pins.iter().flat_map(|pins| [OsStr::new("-r"), pins.as_os_str()])))?;
        more(&python)
    })?;
    Ok(python)
}

/// The directory from which a Python imports installed packages.
fn site_packages(python: &Path) -> Result<PathBuf> {
    let script = "import sysconfig; print(sysconfig.get_path('purelib'))";
    Ok(output(Command::new(python).args(["-c", script]))?.into())
}
