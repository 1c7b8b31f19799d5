//! One Worker of a run, with an auth server, an upstream and an oracle of its own.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::auth_server::AuthServer;
use super::judge::Judge;
use super::keys::Keys;
use super::lanes::{self, Lanes};
use super::observed::{Observed, observe};
use super::plan::Plan;
use super::upstream::Upstream;
use super::users::Mint;
use super::{Options, worker};
use crate::directory::Directory;
use crate::process::Server;
use crate::{usage, workerd};

/// A Worker with what surrounds it.
pub(super) struct Run {
    pub(super) lanes: Lanes,
    auth: Arc<AuthServer>,
    /// The process of workerd
    process: u32,
    // stops before its directory is removed
    server: Server,
    _directory: Directory,
}

impl Run {
    /// Starts several at the same time, with the seeds from that of the options on.
    pub(super) fn start_all(options: &Options) -> Result<Vec<Self>> {
        thread::scope(|scope| {
            let seeds = options.seeds();
            let starts: Vec<_> =
                seeds.map(|seed| scope.spawn(move || Self::start(seed, options))).collect();
            let started = starts.into_iter().map(|start| match start.join() {
                Ok(started) => started,
                Err(_) => Err(Error::msg("the start of a Worker has panicked")),
            });
            // those that have started stop if another one has not
            started.collect::<Vec<_>>().into_iter().collect()
        })
    }

    fn start(seed: u64, options: &Options) -> Result<Self> {
        let keys = Arc::new(Keys::new(Plan::new(seed, options.seconds)));
        let (auth, address) = AuthServer::start(&keys)?;
        let issuer = format!("http://{address}");
        let (upstream, address) = Upstream::start()?;
        let origin = format!("http://{address}");
        let directory = Directory::new()?;
        let (server, url) =
            worker::start(&directory, &keys.plan, &issuer, &origin, &options.settings)?;
        let address = url.strip_prefix("http://").context("the Worker's URL is not http")?;
        let address = address.parse()?;
        let mint = Arc::new(Mint::new(Arc::clone(&keys), issuer));
        let judge = Judge::new(keys, upstream);
        let lanes = Lanes { address, mint, judge, stopped: AtomicBool::new(false) };
        let process = workerd::process_id(&server)?;
        Ok(Self { lanes, auth, process, server, _directory: directory })
    }

    /// Sends requests until the end, or until the options end the run.
    pub(super) fn drive(runs: &[Self], options: &Options) -> Result<Observed> {
        let lanes: Vec<_> = runs.iter().map(|run| &run.lanes).collect();
        let observed = lanes::during(&lanes, || observe(runs, &options.stopped))?;
        if !options.is_stopped() {
            // aborted requests can still be on their way to the upstream
            thread::sleep(SETTLING);
            runs.iter().for_each(|run| run.lanes.judge.settle());
        }
        Ok(observed)
    }

    /// Seconds of the run so far, at most its length.
    pub(super) fn seconds(&self) -> f64 {
        let keys = &self.lanes.mint.keys;
        keys.now().min(keys.plan.length)
    }

    /// The resident memory of workerd.
    pub(super) fn memory(&self) -> Result<u64> {
        let ended = || {
            let seed = self.lanes.mint.keys.plan.seed;
            format!("workerd with seed {seed} has ended; its log:\n{}", self.server.log())
        };
        usage::memory(self.process).with_context(ended)
    }

    /// The CPU time of workerd, zero if the system does not report it.
    pub(super) fn cpu(&self) -> Duration {
        usage::cpu_time(self.process).unwrap_or_default()
    }

    /// How often the JWK Set was fetched, and how often that failed.
    pub(super) fn fetches(&self) -> (usize, usize) {
        self.auth.fetches()
    }
}

impl Drop for Run {
    /// Stops workerd and waits for its end, which is later than that of its wrapper.
    fn drop(&mut self) {
        self.server.stop();
        let id = i32::try_from(self.process).ok().and_then(Pid::from_raw);
        let Some(id) = id else { return };
        let deadline = Instant::now() + ENDING;
        while test_kill_process(id).is_ok() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        // it waits for its connections to the upstream, which this process keeps
        let _ = kill_process(id, Signal::KILL);
    }
}

/// How long workerd takes at most to end its connections.
const ENDING: Duration = Duration::from_secs(2);

const SETTLING: Duration = Duration::from_secs(1);
