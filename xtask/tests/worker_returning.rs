//! The Worker in workerd keeps what its clients send with every request: nobody gets what is another's.

mod common;

use std::thread;

use common::{Auth, UUID, bearer, echo, edge, key_set, seen};
use serde_json::json;
use xtask::{http, token};

/// More than there are numbers for.
const CLIENTS: usize = 300;

#[test]
fn more_clients_than_are_kept_each_reach_the_origin_as_themselves() {
    let (auth, origin) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &origin, &[("USER_CLAIM", json!("sub"))]);
    let tokens: Vec<_> = (0..CLIENTS)
        .map(|client| bearer(&auth.token_with("a", json!({"sub": format!("user-{client}")}))))
        .collect();
    // in both directions, so that some are still kept and some are not any more
    let there = 0..CLIENTS;
    let order: Vec<_> = there.clone().chain(there.clone().rev()).chain(there).collect();
    let (edge, tokens) = (&edge, &tokens);
    thread::scope(|scope| {
        for part in order.chunks(order.len() / 4) {
            scope.spawn(move || {
                for &client in part {
                    let headers = [
                        ("authorization", tokens[client].as_str()),
                        ("x-client", &client.to_string()),
                        ("cf-ray", &format!("{client:x}-AMS")),
                    ];
                    let url = format!("{}/api/{UUID}/tasks", edge.url);
                    for method in ["GET", "POST"] {
                        let answer = match method {
                            "GET" => http::get(&url, &headers),
                            _ => http::post(&url, &headers, &json!({"client": client})),
                        };
                        let echoed = answer.unwrap().json();
                        assert_eq!(echoed["method"], method);
                        assert_eq!(seen(&echoed, "x-edge-user"), [format!("user-{client}")]);
                        assert_eq!(seen(&echoed, "authorization"), [&*tokens[client]]);
                        assert_eq!(seen(&echoed, "x-client"), [client.to_string()]);
                        assert_eq!(seen(&echoed, "cf-ray"), [format!("{client:x}-AMS")]);
                        assert_eq!(seen(&echoed, "x-request-id").len(), 1);
                    }
                }
            });
        }
    });
}

#[test]
fn a_request_that_comes_again_is_refused_when_its_path_or_token_is_another() {
    let (auth, origin) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &origin, &[]);
    let token = auth.token("a");
    let (good, forged) = (bearer(&token), bearer(&token::with_flipped_bit(&token)));
    let other = bearer(&auth.token_with("a", json!({"uuid": "another"})));
    let (own, foreign) = (format!("/api/{UUID}/x"), "/api/0f8fad5b/x".to_owned());
    for _ in 0..3 {
        for (path, token, status) in
            [(&own, &good, 200), (&foreign, &good, 403), (&own, &other, 403), (&own, &forged, 401)]
        {
            let url = format!("{}{path}", edge.url);
            let answer = http::get(&url, &[("authorization", token.as_str())]).unwrap();
            assert_eq!(answer.status, status, "{path}");
        }
    }
}
