//! Carries a decision to forward over to JavaScript.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::IncomingRequest;
use crate::bindings::to_js;
use crate::gateway::{Forward, RequestHead};

/// Forwards a request. Returns the response or a promise of it.
///
/// `timeout` is in milliseconds, 0 for no limit.
pub(super) fn forward(
    request: &IncomingRequest,
    head: &RequestHead,
    forward: &Forward,
    timeout: u32,
    upstream: &Upstream,
) -> JsValue {
    let plan = ForwardPlan::new(upstream, &forward.as_text(), timeout);
    // the members have defaults, because each call takes time
    if head.has_body() {
        plan.set_has_body(true);
    }
    if !head.is_ascii() {
        plan.set_is_ascii(false);
    }
    if forward.private {
        plan.set_cache("no-store");
    }
    if let Some(id) = forward.decision_id {
        plan.set_decision_id(id);
    }
    if let Some(time) = forward.ends_at {
        plan.set_ends_at(time);
    }
    if head.has_scheme_of_proxy() {
        plan.set_edge(head.origin());
    }
    if let Some(report) = &forward.report {
        plan.set_report(&to_js(report));
    }
    request.forward(&plan)
}

#[wasm_bindgen(module = "/src/bindings/worker/forward_plan.js")]
extern "C" {
    /// The server behind the edge.
    #[derive(Clone)]
    pub(super) type Upstream;

    #[wasm_bindgen(constructor)]
    pub(super) fn new(service: &JsValue, failed: &JsValue, redirect: &JsValue) -> Upstream;

    pub(super) type ForwardPlan;

    #[wasm_bindgen(constructor)]
    fn new(upstream: &Upstream, text: &str, timeout: u32) -> ForwardPlan;

    #[wasm_bindgen(method, setter, js_name = hasBody)]
    fn set_has_body(this: &ForwardPlan, has_body: bool);

    #[wasm_bindgen(method, setter, js_name = isAscii)]
    fn set_is_ascii(this: &ForwardPlan, is_ascii: bool);

    #[wasm_bindgen(method, setter)]
    fn set_cache(this: &ForwardPlan, cache: &str);

    #[wasm_bindgen(method, setter, js_name = decisionId)]
    fn set_decision_id(this: &ForwardPlan, id: u32);

    #[wasm_bindgen(method, setter, js_name = endsAt)]
    fn set_ends_at(this: &ForwardPlan, time: f64);

    #[wasm_bindgen(method, setter)]
    fn set_edge(this: &ForwardPlan, origin: &str);

    #[wasm_bindgen(method, setter)]
    fn set_report(this: &ForwardPlan, report: &JsValue);
}
