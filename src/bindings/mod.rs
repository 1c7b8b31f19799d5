//! The border to JavaScript: all wasm-bindgen glue, in Rust and in JavaScript. It decides nothing.

#[cfg(feature = "js")]
pub mod javascript;

pub mod runtime;

#[cfg(feature = "worker")]
pub mod worker;

use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

/// A report as a plain JavaScript object. Absent values become `null`.
#[cfg_attr(
    not(any(feature = "worker", feature = "js-gateway", feature = "inspector")),
    expect(dead_code)
)]
fn to_js(report: &impl Serialize) -> JsValue {
    let serializer = Serializer::new().serialize_missing_as_null(true);
    report.serialize(&serializer).expect("a report has only texts, numbers, lists and structs")
}
