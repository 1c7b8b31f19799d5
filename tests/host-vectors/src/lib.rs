//! Runs Wycheproof's vectors on JavaScript hosts without a test runner: workerd and Node.
//!
//! It only reports the results: `xtask/tests/host_vectors` checks them, with the expectations that
//! all hosts share.
#![cfg(target_arch = "wasm32")]

#[path = "../../vectors/mod.rs"]
mod vectors;

use better_auth_edge::bindings::runtime::JsHost;
use serde_json::{Value, json};
use wasm_bindgen::prelude::wasm_bindgen;

use vectors::files::FILES;

/// Runs a file's vectors and returns the report as JSON: the vectors that were run, the number of
/// accepted ones, and the differences from Wycheproof's results. Returns `None` for a file that is
/// not listed.
#[wasm_bindgen(js_name = runFile)]
pub async fn run_file(file: String) -> Option<String> {
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
