//! The Worker in workerd handles built-in requests while it starts. Whatever happens to them, it
//! serves the requests of clients.

use crate::common::{Auth, UUID, bearer, echo, key_set, seen};
use serde_json::json;
use xtask::http;
use xtask::stack::Edge;

#[test]
fn while_it_starts_the_worker_forwards_a_request_and_rejects_another() {
    let log = log_after_requests(|program| LOGGED.to_owned() + program);
    let (start, requests) = log.split_once("made 401").expect(&log);
    assert!(start.contains("made 200"), "no request has reached the upstream: {log}");
    assert!(!requests.contains("Reinitializing"), "{log}");
}

#[test]
fn a_forged_token_in_the_warm_up_is_rejected_and_the_worker_serves_requests() {
    let log = log_after_requests(|program| LOGGED.to_owned() + &forged(program));
    let (start, requests) = log.split_once("made 401").expect(&log);
    assert!(!start.contains("made 200"), "the forged token has reached the upstream: {log}");
    assert!(!requests.contains("Reinitializing"), "{log}");
}

#[test]
fn the_worker_serves_requests_by_a_new_wasm_instance_if_the_warm_up_traps() {
    // the wasm calls this for the response to the forged token, and cannot go on
    let trap = "
        let traps = true;
        const Plain = globalThis.Response;
        globalThis.Response = class extends Plain {
            constructor(...values) {
                super(...values);
                if (traps) {
                    traps = false;
                    throw new WebAssembly.RuntimeError('unreachable');
                }
            }
        };
    ";
    let log = log_after_requests(|program| trap.to_owned() + &forged(program));
    assert_eq!(log.matches("Reinitializing").count(), 1, "{log}");
}

#[test]
fn the_worker_serves_requests_if_the_warm_up_cannot_begin() {
    log_after_requests(|program| replaced(program, "https://warm-up.invalid", "no URL"));
}

/// Logs the status of each response that the Worker makes, before its first request too.
const LOGGED: &str = "
    const Plain = globalThis.Response;
    globalThis.Response = class extends Plain {
        constructor(...values) {
            super(...values);
            console.log(`made ${this.status}`);
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
    for (token, status) in [(auth.token("a"), 200), ("a.b.c".to_owned(), 401)].repeat(2) {
        let headers = [("authorization", &*bearer(&token))];
        let response = http::get(&format!("{}/api/{UUID}/x", edge.url), &headers).unwrap();
        assert_eq!(response.status, status);
        let users = seen(&response.json(), "x-edge-user");
        assert_eq!(users, if status == 200 { vec![UUID] } else { vec![] });
    }
    edge.log_with("\"malformed_token\"")
}

/// The program with another signature of the built-in token.
fn forged(program: &str) -> String {
    replaced(program, "8P3kkICA", "8P3kkIBA")
}

fn replaced(program: &str, text: &str, by: &str) -> String {
    assert!(program.contains(text), "the program has no {text}");
    program.replace(text, by)
}
