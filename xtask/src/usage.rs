//! Memory, CPU time and CPU affinity of another process.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

/// The resident memory of a process, in bytes.
pub(crate) fn memory(id: u32) -> Result<u64> {
    let kilobytes = match fs::read_to_string(format!("/proc/{id}/status")) {
        Ok(status) => {
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            line.context("no VmRSS")?.trim_end_matches("kB").trim().to_owned()
        }
        Err(_) => {
            let output = Command::new("ps").args(["-o", "rss=", "-p", &id.to_string()]).output();
            String::from_utf8(output.context("ps is needed")?.stdout)?.trim().to_owned()
        }
    };
    Ok(kilobytes.parse::<u64>().context("not a number of kilobytes")? * 1024)
}

/// The CPU time of all threads of a process so far. Only Linux reports it. It comes from the
/// scheduler, which counts nanoseconds; `stat` counts hundredths of a second.
pub(crate) fn cpu_time(id: u32) -> Option<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{id}/task")).ok()? {
        let schedule = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += schedule.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(nanoseconds))
}

/// Pins all threads of a process to these cores, such as `0-2`. Returns false if the system does
/// not allow it.
pub(crate) fn pin(id: u32, cores: &str) -> bool {
    let pinned = Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", cores, &id.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    pinned.is_ok_and(|status| status.success())
}
