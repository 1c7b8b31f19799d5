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

use vectors::comparison::Comparison;
use vectors::files::FILES;

/// Runs a file's vectors and returns the report as JSON: the vectors that were run, the number of
/// accepted ones, and the differences from Wycheproof's results. Returns `None` for a file that is
/// not listed.
///
/// The name `by_webcrypto` stands for the vectors for Ed25519, all verified by WebCrypto, and
/// `ed25519-cases/SEED/COUNT` for a comparison of generated cases.
#[wasm_bindgen(js_name = runFile)]
pub async fn run_file(file: String) -> Option<String> {
    if let Some(seed_and_count) = file.strip_prefix("ed25519-cases/") {
        return compare_ed25519(seed_and_count).await;
    }
    let report = match file.as_str() {
        "by_webcrypto" => vectors::webcrypto::run_wycheproof().await,
        name => {
            let file = FILES.iter().find(|listed| listed.name == name)?;
            vectors::run_file(file, &JsHost::new(|_| ())).await
        }
    };
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

/// Compares WebCrypto's verdicts about Ed25519 signatures with ed25519-dalek's. Returns the
/// comparison as JSON.
#[wasm_bindgen(js_name = compare)]
pub async fn compare() -> String {
    let Comparison { accepted, rejected, by_webcrypto, differences } =
        vectors::webcrypto::compare().await;
    let comparison = json!({
        "accepted": accepted,
        "rejected": rejected,
        "byWebcrypto": by_webcrypto,
        "differences": differences,
    });
    comparison.to_string()
}

/// Compares verdicts on Ed25519 signatures and returns the report as JSON.
async fn compare_ed25519(seed_and_count: &str) -> Option<String> {
    let (seed, count) = seed_and_count.split_once('/')?;
    let host = JsHost::new(|_| ());
    let report = ed25519::compare(seed.parse().ok()?, count.parse().ok()?, &host).await;
    Some(report.to_string())
}
