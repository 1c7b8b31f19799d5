//! The Worker in workerd handles built-in requests while it starts. Their failure does not affect
//! the requests of clients.

use crate::common::{Auth, UUID, bearer, echo, key_set, seen};
use serde_json::json;
use xtask::http;
use xtask::stack::Edge;

#[test]
fn a_request_with_the_built_in_token_reaches_the_upstream_of_the_warm_up() {
    let log = log_after_requests(|program| LOGGED.to_owned() + program);
    assert!(log.contains("made a response"), "{log}");
    assert!(!log.contains("Reinitializing"), "{log}");
}

#[test]
fn a_forged_token_in_the_warm_up_is_rejected_and_the_worker_serves_requests() {
    let forged = |program: &str| replaced(program, "8P3kkICA", "8P3kkIBA");
    let log = log_after_requests(|program| LOGGED.to_owned() + &forged(program));
    assert!(!log.contains("made a response"), "{log}");
    assert!(!log.contains("Reinitializing"), "{log}");
}

#[test]
fn the_worker_serves_requests_by_a_new_wasm_instance_if_the_warm_up_traps() {
    // the wasm calls this for the variables of the warm-up, and cannot go on
    let trap = "
        const { entries } = Object;
        Object.entries = () => {
            Object.entries = entries;
            throw new WebAssembly.RuntimeError('unreachable');
        };
    ";
    let log = log_after_requests(|program| trap.to_owned() + program);
    assert_eq!(log.matches("Reinitializing").count(), 1, "{log}");
}

#[test]
fn the_worker_serves_requests_if_the_warm_up_cannot_begin() {
    log_after_requests(|program| replaced(program, "https://warm-up.invalid", "no URL"));
}

/// Logs each response without a body: that of the upstream of the warm-up.
const LOGGED: &str = "
    const Plain = globalThis.Response;
    globalThis.Response = class extends Plain {
        constructor(...values) {
            super(...values);
            if (values.length === 0) console.log('made a response');
        }
    };
";

/// Starts the Worker with a program that `edit` makes from its own, sends requests, and returns its
/// log.
fn log_after_requests(edit: impl FnOnce(&str) -> String) -> String {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let settings = [
        ("BETTER_AUTH_URL", json!(auth.server.url)),
        ("ORIGIN_URL", json!(upstream.url)),
        ("USER_CLAIM", json!("uuid")),
        ("ROUTES", json!([{"path": "/api/{user_id}/*", "match": {"user_id": "uuid"}}])),
    ];
    let edge = Edge::start_edited(&settings, edit).unwrap();
    let token = auth.token("a");
    for (token, status) in [(token.as_str(), 200), ("a.b.c", 401)].repeat(2) {
        let headers = [("authorization", &*bearer(token))];
        let response = http::get(&format!("{}/api/{UUID}/x", edge.url), &headers).unwrap();
        assert_eq!(response.status, status);
        if status == 200 {
            assert_eq!(seen(&response.json(), "x-edge-user"), [UUID]);
        }
    }
    edge.log_with("\"malformed_token\"")
}

fn replaced(program: &str, text: &str, by: &str) -> String {
    assert!(program.contains(text), "the program has no {text}");
    program.replace(text, by)
}
