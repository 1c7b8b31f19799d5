//! Wycheproof's vectors on a JavaScript host that has no test runner of its own: workerd, Node.
//!
//! It reports and does not judge: what a host has to say is known outside, in one list for all.
#![cfg(target_arch = "wasm32")]

#[path = "../../vectors/mod.rs"]
mod vectors;

use better_auth_edge::bindings::runtime::JsHost;
use serde_json::{Value, json};
use wasm_bindgen::prelude::wasm_bindgen;

use vectors::files::FILES;

/// Runs a file's vectors and gives, as JSON, which of them were run, how many were accepted, and
/// which were not answered as they say; nothing for a file that is not on the list.
#[wasm_bindgen]
pub async fn judge(file: String) -> Option<String> {
    let file = FILES.iter().find(|listed| listed.name == file)?;
    let report = vectors::judge(file, &JsHost::new(|_| ())).await;
    let differences = report.differences.into_iter().map(|difference| {
        json!({
            "tcId": difference.tc_id,
            "comment": difference.comment,
            "says": difference.says,
            "accepted": difference.accepted,
        })
    });
    let differences: Vec<Value> = differences.collect();
    let report =
        json!({"run": report.run, "accepted": report.accepted, "differences": differences});
    Some(report.to_string())
}
