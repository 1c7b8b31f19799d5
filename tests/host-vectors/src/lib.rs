//! Runs Wycheproof's vectors on JavaScript hosts without a test runner: workerd and Node.
//!
//! It only reports the results: `xtask/tests/host_vectors` checks them, with the expectations that
//! all hosts share.
#![cfg(target_arch = "wasm32")]

mod ed25519;
#[path = "../../vectors/mod.rs"]
mod vectors;

use better_auth_edge::bindings::runtime::JsHost;
use serde_json::{Value, json};
use wasm_bindgen::prelude::wasm_bindgen;

use vectors::files::FILES;

/// Runs a file's vectors and returns the report as JSON: the vectors that were run, the number of
/// accepted ones, and the differences from Wycheproof's results. Returns `None` for a file that is
/// not listed. `ed25519-cases/SEED/COUNT` compares generated cases instead.
#[wasm_bindgen(js_name = runFile)]
pub async fn run_file(file: String) -> Option<String> {
    if let Some(seed_and_count) = file.strip_prefix("ed25519-cases/") {
        return compare_ed25519(seed_and_count).await;
    }
    let file = FILES.iter().find(|listed| listed.name == file)?;
    let report = vectors::run_file(file, &JsHost::new(|_| ())).await;
    let differences = report.differences.into_iter().map(|difference| {
        json!({
            "tcId": difference.tc_id,
            "comment": difference.comment,
            "expected": difference.expected,
            "accepted": difference.accepted,
        })
    });
    let differences: Vec<Value> = differences.collect();
    let report =
        json!({"run": report.run, "accepted": report.accepted, "differences": differences});
    Some(report.to_string())
}

/// Compares verdicts on Ed25519 signatures and returns the report as JSON.
async fn compare_ed25519(seed_and_count: &str) -> Option<String> {
    let (seed, count) = seed_and_count.split_once('/')?;
    let host = JsHost::new(|_| ());
    let report = ed25519::compare(seed.parse().ok()?, count.parse().ok()?, &host).await;
    Some(report.to_string())
}
