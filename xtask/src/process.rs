//! Servers as child processes. A server is ready when it prints a certain line. It stops when its
//! [`Server`] is dropped or this process ends.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// A running server.
pub struct Server {
    name: &'static str,
    child: Child,
    log: Log,
}

impl Server {
    /// Starts `command` and waits until `ready` returns a value for a line of its output.
    ///
    /// The server must exit when its standard input closes, which happens even if this process is
    /// killed.
    pub fn start<T: Send + 'static>(
        name: &'static str,
        command: &mut Command,
        ready: impl Fn(&str) -> Option<T> + Send + 'static,
    ) -> Result<(Self, T)> {
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let mut server = Self { name, child, log: Log::default() };
        let (sender, receiver) = mpsc::channel();
        let notice = move |line: &str| {
            if let Some(value) = ready(line) {
                // the receiver is dropped once the server is ready
                let _ = sender.send(value);
            }
        };
        let stdout = server.child.stdout.take().context("stdout is piped")?;
        let stderr = server.child.stderr.take().context("stderr is piped")?;
        server.log.follow(stdout, notice);
        server.log.follow(stderr, |_| ());
        match receiver.recv_timeout(START_TIMEOUT) {
            Ok(value) => Ok((server, value)),
            Err(_) => bail!("{name} did not become ready; its output:\n{}", server.log()),
        }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The last lines that the server printed.
    pub fn log(&self) -> String {
        self.log.lines().make_contiguous().join("\n")
    }

    /// Waits until the log contains the text, for at most ten seconds, and returns the log. Output
    /// of a process arrives with a delay.
    pub fn log_with(&self, text: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.log().contains(text) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        self.log()
    }

    /// Whether the server is running.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Terminates the server, and kills it if it does not stop in time.
    pub fn stop(&mut self) {
        if !self.is_running() {
            return;
        }
        drop(self.child.stdin.take());
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // the process may have ended by itself
            let _ = kill_process(pid, Signal::TERM);
        }
        let deadline = Instant::now() + STOP_TIMEOUT;
        while self.is_running() {
            if Instant::now() > deadline {
                crate::progress(format!("{} does not stop; killing it", self.name));
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

const START_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// The last lines of a server, for error messages.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<VecDeque<String>>>);

impl Log {
    const LINES: usize = 200;

    fn follow(&self, stream: impl Read + Send + 'static, notice: impl Fn(&str) + Send + 'static) {
        let log = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                notice(&line);
                let mut lines = log.lines();
                if lines.len() == Self::LINES {
                    lines.pop_front();
                }
                lines.push_back(line);
            }
        });
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
