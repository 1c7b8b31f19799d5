//! Runs parts of the tests two at a time. Most parts wait more than they compute, and together they
//! take far longer than the longest one.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{progress, root};

/// Runs each part in a process of its own, and prints its output if it fails. Later parts do not
/// begin after a failure.
pub(super) fn run(parts: &[&'static str]) -> Result<()> {
    let mut waiting = parts.iter().copied();
    let mut running: Vec<Running> = Vec::new();
    let mut failed = Vec::new();
    let mut reported = Instant::now();
    loop {
        while running.len() < LANES && failed.is_empty() {
            let Some(part) = waiting.next() else { break };
            running.push(Running::start(part)?);
        }
        if running.is_empty() {
            break;
        }
        thread::sleep(Duration::from_millis(200));
        let mut still_running = Vec::new();
        for mut part in running {
            match part.finished()? {
                None => still_running.push(part),
                Some(true) => progress(format!("test {}: passed in {} s", part.name, part.age())),
                Some(false) => {
                    progress(format!("test {}: failed after {} s", part.name, part.age()));
                    failed.push(part);
                }
            }
        }
        running = still_running;
        if reported.elapsed() >= REPORT_INTERVAL {
            reported = Instant::now();
            let states = running.iter().map(|part| format!("{} ({} s)", part.name, part.age()));
            progress(format!("running: {}", states.collect::<Vec<_>>().join(", ")));
        }
    }
    for part in &failed {
        progress(format!("the output of test {}:\n{}", part.name, part.output()));
    }
    match failed.is_empty() {
        true => Ok(()),
        false => {
            let names: Vec<_> = failed.iter().map(|part| part.name).collect();
            bail!("failed: {}", names.join(", "))
        }
    }
}

/// Parts that run at the same time.
const LANES: usize = 2;

const REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// A part that has started.
struct Running {
    name: &'static str,
    process: Child,
    started: Instant,
    log: PathBuf,
}

impl Running {
    fn start(name: &'static str) -> Result<Self> {
        let directory = root().join("target/tests");
        fs::create_dir_all(&directory)?;
        let log = directory.join(format!("{name}.log"));
        let file = File::create(&log)?;
        let process = Command::new("cargo")
            .args(["xtask", "test", name])
            .current_dir(root())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start test {name}"))?;
        progress(format!("test {name}: started"));
        Ok(Self { name, process, started: Instant::now(), log })
    }

    /// Whether it has passed, once it has ended.
    fn finished(&mut self) -> Result<Option<bool>> {
        Ok(self.process.try_wait()?.map(|status| status.success()))
    }

    /// Seconds since the start.
    fn age(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    fn output(&self) -> String {
        let output = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&output).into_owned()
    }
}
