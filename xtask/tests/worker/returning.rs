//! The Worker in workerd caches heads of requests: a client never gets another client's decision.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::common::{Auth, UUID, bearer, echo, edge, edge_with, key_set, seen};
use serde_json::json;
use xtask::{http, token};

/// More clients than cache entries.
const CLIENTS: usize = 300;

#[test]
fn more_clients_than_cache_entries_reach_the_upstream_as_their_own_users() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[("USER_CLAIM", json!("sub"))]);
    let tokens: Vec<_> = (0..CLIENTS)
        .map(|client| bearer(&auth.token_with("a", json!({"sub": format!("user-{client}")}))))
        .collect();
    // in both orders, so that some are still cached and some are not
    let there = 0..CLIENTS;
    let order: Vec<_> = there.clone().chain(there.clone().rev()).chain(there).collect();
    let ids = Mutex::new(BTreeSet::new());
    let (edge, tokens, ids) = (&edge, &tokens, &ids);
    thread::scope(|scope| {
        for part in order.chunks(order.len() / 4) {
            scope.spawn(move || {
                for &client in part {
                    // the second request must have the same result as the first
                    for (turn, method) in [(0, "GET"), (1, "GET"), (0, "POST"), (1, "POST")] {
                        let number = client.to_string();
                        let ray = format!("{client:x}{turn}-AMS");
                        let headers = [
                            ("authorization", tokens[client].as_str()),
                            ("x-client", &number),
                            ("x-edge-user", "forged"),
                            ("cf-ray", &ray),
                        ];
                        let headers = &headers[..headers.len() - usize::from(client % 3 == turn)];
                        let url = format!("{}/api/{UUID}/tasks?{client}", edge.url);
                        let body = json!({ "client": client });
                        let response = match method {
                            "GET" => http::get(&url, headers),
                            _ => http::post(&url, headers, &body),
                        };
                        let echoed = response.unwrap().json();
                        assert_eq!(echoed["method"], method);
                        assert_eq!(echoed["target"], format!("/api/{UUID}/tasks?{client}"));
                        let length = if method == "GET" { 0 } else { body.to_string().len() };
                        assert_eq!(echoed["bytes"], length);
                        assert_eq!(seen(&echoed, "x-edge-user"), [format!("user-{client}")]);
                        assert_eq!(seen(&echoed, "authorization"), [&*tokens[client]]);
                        assert_eq!(seen(&echoed, "x-client"), [number]);
                        let rays = if client % 3 == turn { vec![] } else { vec![ray] };
                        assert_eq!(seen(&echoed, "cf-ray"), rays);
                        let [id] = &seen(&echoed, "x-request-id")[..] else { panic!("{echoed}") };
                        assert!(ids.lock().unwrap().insert(id.clone()), "{id} was another's");
                    }
                }
            });
        }
    });
}

#[test]
fn a_repeated_request_is_rejected_when_its_path_or_token_differs() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    let token = auth.token("a");
    let (good, forged) = (bearer(&token), bearer(&token::with_flipped_bit(&token)));
    let other = bearer(&auth.token_with("a", json!({"uuid": "another"})));
    let (own, foreign) = (format!("/api/{UUID}/x"), "/api/0f8fad5b/x".to_owned());
    for _ in 0..3 {
        for (path, token, status) in
            [(&own, &good, 200), (&foreign, &good, 403), (&own, &other, 403), (&own, &forged, 401)]
        {
            let url = format!("{}{path}", edge.url);
            let response = http::get(&url, &[("authorization", token.as_str())]).unwrap();
            assert_eq!(response.status, status, "{path}");
        }
    }
}

#[test]
fn a_repeated_request_is_rejected_once_its_token_expired_even_by_a_new_wasm_instance() {
    // the Worker creates a new instance after a trap; here it treats each rejection as a trap
    let traps = "export default () => ({
        limit() {
            globalThis.__worker_init_state.criticalError = true;
            return { success: true };
        },
    })";
    for bindings in [&[][..], &[("RATE_LIMIT_REJECTED", traps)]] {
        let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
        let settings = [
            ("USER_CLAIM", json!("sub")),
            ("CLOCK_TOLERANCE", json!(0)),
            ("CLIENT_IP_HEADER", json!("cf-connecting-ip")),
        ];
        let edge = edge_with(&auth, &upstream.url, &settings, bindings);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let brief = bearer(&auth.token_with("a", json!({"exp": now + 3})));
        let lasting = bearer(&auth.token_with("a", json!({"sub": "user-2"})));
        let get = |token: &str| {
            let url = format!("{}/api/{UUID}/x", edge.url);
            let from = ("cf-connecting-ip", "192.0.2.7");
            http::get(&url, &[from, ("authorization", token)]).unwrap()
        };
        let user = |token: &str| seen(&get(token).json(), "x-edge-user");
        for _ in 0..2 {
            assert_eq!(user(&brief), ["user-1"]);
        }
        assert_eq!(get("Bearer a.b.c").outcome(), "401 malformed_token");
        for _ in 0..2 {
            assert_eq!(user(&lasting), ["user-2"]);
        }
        thread::sleep(Duration::from_secs(4));
        assert_eq!(get(&brief).outcome(), "401 expired");
        assert_eq!(user(&lasting), ["user-2"]);
        let log = if bindings.is_empty() { edge.log() } else { edge.log_with("Reinitializing") };
        assert_eq!(log.contains("Reinitializing"), !bindings.is_empty());
    }
}

#[test]
fn a_client_with_more_headers_than_the_caches_accept_is_served_as_any_other() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[("USER_CLAIM", json!("sub"))]);
    let token = bearer(&auth.token("a"));
    let names: Vec<_> = (0..200).map(|number| format!("x-{number}")).collect();
    for count in [50, 70, 200] {
        let mut headers: Vec<_> =
            names[..count].iter().map(|name| (name.as_str(), name.as_str())).collect();
        headers.push(("authorization", &token));
        for _ in 0..3 {
            let url = format!("{}/api/{UUID}/x", edge.url);
            let echoed = http::get(&url, &headers).unwrap().json();
            assert_eq!(seen(&echoed, "x-edge-user"), ["user-1"], "{count}");
            for name in &names[..count] {
                assert_eq!(&seen(&echoed, name), &[name.as_str()]);
            }
            assert_eq!(seen(&echoed, "x-request-id").len(), 1);
        }
    }
}
