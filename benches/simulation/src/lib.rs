//! A discrete-event model of the edge at scale: thousands of isolates in hundreds of data centers,
//! users whose clients renew their tokens, an auth server that rotates keys and fails.
//!
//! Each isolate is a real [`Verifier`](better_auth_edge::Verifier) with its key cache, the store of
//! fetched sets and its cache of verified tokens. The model gives it a clock, a network and
//! signatures that cost no time. Virtual time jumps from event to event, and all random numbers
//! depend on the seed, so the same arguments have the same output.

mod auth_server;
mod edge;
mod engine;
mod load;
mod metrics;
mod model;
mod random;
mod reads;
mod report;
mod simulation;
mod stores;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

pub use model::{Action, Model, Scenario, Store};

/// Runs the scenarios, two at a time. Calls `ended` with the name of each.
pub fn run(model: &Model, scenarios: &[Scenario], seed: u64, ended: impl Fn(&str) + Sync) -> Value {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(vec![Value::Null; scenarios.len()]);
    thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(scenario) = scenarios.get(index) else { return };
                    let (metrics, started) = simulation::run(model, scenario, seed);
                    let result = report::report(scenario, &metrics, started);
                    results.lock().expect("no thread has panicked")[index] = result;
                    ended(scenario.name);
                }
            });
        }
    });
    let results = results.into_inner().expect("no thread has panicked");
    json!({ "seed": seed, "assumptions": report::assumptions(model), "scenarios": results })
}

/// Scenarios at the same time.
const LANES: usize = 2;
