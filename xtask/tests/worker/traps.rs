//! The Worker in workerd after its wasm has trapped: a new instance serves the next request, and
//! nothing of the old one decides about it.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use xtask::{http, token};

use crate::common::{Auth, UUID, bearer, echo, edge_with, key_set, seen};

/// A token whose rejection ends the instance.
const TRAPPING: &str = "Bearer a.b.c";

/// Throws from a function that the wasm calls for the response to [`TRAPPING`]. The wasm cannot
/// catch it, so it ends like a trap.
fn throwing(error: &str) -> String {
    format!(
        "const Plain = globalThis.Response;
        globalThis.Response = class extends Plain {{
            constructor(body, init) {{
                if (String(body).includes('malformed_token')) throw new {error};
                super(body, init);
            }}
        }};"
    )
}

/// The bindings with which the Worker traps: before it has waited for anything, or when a promise
/// resumes it.
fn bindings(error: &str) -> [(&'static str, String); 2] {
    let throwing = throwing(error);
    let at_once = format!(
        "{throwing}
        export default () => ({{ get() {{}}, put() {{}}, getWithMetadata() {{}} }})"
    );
    let later = format!(
        "{throwing}
        export default () => ({{ async limit() {{ return {{ success: true }}; }} }})"
    );
    [("JWKS_KV", at_once), ("RATE_LIMIT_REJECTED", later)]
}

#[test]
fn clients_and_decisions_of_the_instance_before_are_forgotten() {
    let errors = [
        "WebAssembly.RuntimeError('unreachable')",
        "RangeError('Maximum call stack size exceeded')",
        "TypeError('not a function')",
    ];
    let cases: Vec<_> = errors.iter().flat_map(|error| bindings(error)).collect();
    thread::scope(|scope| {
        for pair in cases.chunks(3) {
            scope.spawn(move || pair.iter().for_each(check));
        }
    });
}

fn check((binding, script): &(&str, String)) {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let settings = [
        ("USER_CLAIM", json!("sub")),
        ("CLOCK_TOLERANCE", json!(0)),
        ("CLIENT_IP_HEADER", json!("cf-connecting-ip")),
    ];
    let edge = edge_with(&auth, &upstream.url, &settings, &[(binding, script)]);
    let get = |client: &str, token: &str| {
        let url = format!("{}/api/{UUID}/x", edge.url);
        let headers =
            [("cf-connecting-ip", "192.0.2.7"), ("x-client", client), ("authorization", token)];
        http::get(&url, &headers).unwrap()
    };
    let user = |client: &str, token: &str| {
        let response = get(client, token);
        assert_eq!(response.status, 200, "{binding} {client}: {response:?}");
        seen(&response.json(), "x-edge-user")
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let brief = bearer(&auth.token_with("a", json!({"exp": now + 4})));
    let lasting = bearer(&auth.token_with("a", json!({"sub": "user-2"})));
    // the first decision of this instance, and a client that it knows
    for _ in 0..2 {
        assert_eq!(user("first", &brief), ["user-1"]);
        assert_eq!(user("second", &lasting), ["user-2"]);
    }
    assert_eq!(get("third", TRAPPING).status, 500, "{binding}");
    // the first decision of the next instance
    for client in ["second", "fourth", "second"] {
        assert_eq!(user(client, &lasting), ["user-2"], "{binding} {client}");
    }
    thread::sleep(Duration::from_secs(5));
    assert_eq!(get("first", &brief).outcome(), "401 expired", "{binding}");
    assert_eq!(user("first", &lasting), ["user-2"]);
    assert_eq!(edge.log_with("Reinitializing").matches("Reinitializing").count(), 1);
}

#[test]
fn a_request_that_waits_ends_with_the_instance() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let throwing = throwing("WebAssembly.RuntimeError('unreachable')");
    let limiter = format!(
        "{throwing}
        export default () => ({{
            async limit() {{
                await new Promise((resolve) => setTimeout(resolve, 600));
                return {{ success: true }};
            }},
        }})"
    );
    let settings = [("CLIENT_IP_HEADER", json!("cf-connecting-ip"))];
    let edge = edge_with(&auth, &upstream.url, &settings, &[("RATE_LIMIT_REJECTED", &limiter)]);
    let get = |token: &str| {
        let headers = [("cf-connecting-ip", "192.0.2.7"), ("authorization", token)];
        http::get(&format!("{}/api/{UUID}/x", edge.url), &headers).unwrap()
    };
    let good = bearer(&auth.token("a"));
    let forged = token::with_flipped_bit(&good);
    assert_eq!(get(&good).status, 200);
    thread::scope(|scope| {
        let trapping = scope.spawn(|| get(TRAPPING).status);
        thread::sleep(Duration::from_millis(300));
        let waiting = scope.spawn(|| get(&forged).status);
        assert_eq!((trapping.join().unwrap(), waiting.join().unwrap()), (500, 500));
    });
    assert_eq!(get(&good).status, 200);
    assert_eq!(get(&forged).outcome(), "401 bad_signature");
    assert_eq!(edge.log_with("Reinitializing").matches("Reinitializing").count(), 1);
}
