//! The Worker in workerd with service bindings: requests to bound services do not use the network.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::wire::Wire;
use crate::common::{Auth, Request, Scripted, bearer, echo, key_set, respond, seen};
use serde_json::{Value, json};
use xtask::http;
use xtask::stack::Edge;

/// Host names that do not resolve.
const AUTH_URL: &str = "http://auth.invalid:3000";
const ORIGIN_URL: &str = "http://origin.invalid/v1";

fn edge(services: &[(&str, &str)], more: &[(&str, Value)]) -> Edge {
    let urls = [("BETTER_AUTH_URL", json!(AUTH_URL)), ("ORIGIN_URL", json!(ORIGIN_URL))];
    Edge::start_bound(&[&urls[..], more].concat(), services, &[]).unwrap()
}

fn token(auth: &Auth) -> String {
    auth.token_with("a", json!({"iss": AUTH_URL, "aud": AUTH_URL}))
}

#[test]
fn the_auth_server_and_the_upstream_are_called_through_their_bindings() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&[("AUTH", &auth.server.url), ("ORIGIN", &upstream.url)], &[]);
    let authorization = bearer(&token(&auth));
    let headers = [("authorization", authorization.as_str())];
    for count in 1..4 {
        let response = http::get(&format!("{}/x?y=1", edge.url), &headers).unwrap();
        assert_eq!(response.outcome(), "200");
        let echoed = response.json();
        assert_eq!(echoed["target"], json!("/v1/x?y=1"));
        assert_eq!(seen(&echoed, "host"), ["origin.invalid"]);
        assert_eq!(seen(&echoed, "x-edge-user"), ["user-1"]);
        assert_eq!((auth.server.count(), upstream.count()), (1, count));
    }
    let posted = http::post(&edge.url, &headers, &json!({"a": 1})).unwrap();
    assert_eq!(posted.json()["bytes"], json!(7));
}

#[test]
fn a_session_is_exchanged_through_the_binding() {
    let targets = Arc::new(Mutex::new(Vec::new()));
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let token = token(&auth);
    let seen_targets = Arc::clone(&targets);
    auth.handle(move |request| {
        seen_targets.lock().unwrap().push(request.target().to_owned());
        let body = match request.target() {
            "/api/auth/token?disableRefresh=true" => json!({"token": token}),
            _ => key_set(&["a"]),
        };
        respond(request, 200, &[], body.to_string());
    });
    let services = [("AUTH", auth.server.url.as_str()), ("ORIGIN", upstream.url.as_str())];
    let edge = edge(&services, &[("SESSION_EXCHANGE", json!("true"))]);
    let cookie = [("cookie", "better-auth.session_token=abc.def")];
    assert_eq!(http::get(&edge.url, &cookie).unwrap().outcome(), "200");
    let expected = ["/api/auth/token?disableRefresh=true", "/api/auth/jwks"];
    assert_eq!(*targets.lock().unwrap(), expected);
}

#[test]
fn keys_of_another_origin_are_fetched_over_the_network() {
    let (auth, elsewhere, upstream) =
        (Auth::start(&key_set(&["b"])), Auth::start(&key_set(&["a"])), echo());
    let url = json!(format!("{}/keys.json", elsewhere.server.url));
    let services = [("AUTH", auth.server.url.as_str()), ("ORIGIN", upstream.url.as_str())];
    let edge = edge(&services, &[("JWKS_URL", url)]);
    let headers = [("authorization", &*bearer(&token(&auth)))];
    assert_eq!(http::get(&edge.url, &headers).unwrap().outcome(), "200");
    assert_eq!((auth.server.count(), elsewhere.server.count()), (0, 1));
}

#[test]
fn a_binding_that_is_down_is_reported_as_the_network_is() {
    let auth = Auth::start(&key_set(&["a"]));
    let edge = edge(&[("AUTH", &auth.server.url), ("ORIGIN", "http://127.0.0.1:9")], &[]);
    let headers = [("authorization", &*bearer(&token(&auth)))];
    assert_eq!(http::get(&edge.url, &headers).unwrap().outcome(), "502 origin_unreachable");
}

#[test]
fn a_binding_of_the_wrong_kind_is_a_setting_error_that_names_it() {
    let (text, object) = (json!("http://127.0.0.1:9"), json!({"get": 7}));
    let objects = ["ORIGIN", "JWKS_KV", "REVOCATIONS"].map(|name| (name, object.clone()));
    let texts = ["AUTH", "REVOCATIONS_KV"].map(|name| (name, text.clone()));
    let edge = edge(&[], &[&texts[..], &objects[..]].concat());
    assert_eq!(http::get(&edge.url, &[]).unwrap().outcome(), "500 misconfigured");
    let log = edge.log_with("misconfigured");
    let line = log.lines().find(|line| line.contains("misconfigured")).expect("a line in the log");
    for error in [
        "AUTH is not a service",
        "ORIGIN is not a service",
        "JWKS_KV is not a KV namespace",
        "REVOCATIONS is a variable: bind it under [[durable_objects.bindings]]",
        "REVOCATIONS_KV is a variable: bind it under [[kv_namespaces]]",
    ] {
        assert!(line.contains(error), "{error}: {line}");
    }
    assert_eq!(line.matches("REVOCATIONS").count(), 2, "one error for each: {line}");
}

/// A KV namespace with workerd's protocol, and a log of its requests: methods and targets.
fn namespace(
    handle: impl Fn(Request) + Send + Sync + 'static,
) -> (Scripted, Arc<Mutex<Vec<String>>>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&requests);
    let server = Scripted::start(move |request| {
        log.lock().unwrap().push(format!("{} {}", request.method(), request.target()));
        handle(request);
    });
    (server, requests)
}

#[test]
fn keys_are_read_from_kv_once_and_written_to_it() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let (kv, requests) = namespace(|request| respond(request, 404, &[], ""));
    let services = [("AUTH", &*auth.server.url), ("ORIGIN", &*upstream.url), ("JWKS_KV", &*kv.url)];
    let edge = edge(&services, &[("JWKS_STALE_AGE", json!(7200)), ("TOKEN_CACHE", json!(0))]);
    let headers = [("authorization", &*bearer(&token(&auth)))];
    for _ in 0..5 {
        assert_eq!(http::get(&edge.url, &headers).unwrap().outcome(), "200");
    }
    let deadline = Instant::now() + Duration::from_secs(5);
    while requests.lock().unwrap().len() < 2 && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
    }
    let requests = requests.lock().unwrap();
    let [get, put] = &requests[..] else { panic!("{requests:?}") };
    assert!(get.starts_with("GET /http:%2F%2Fauth.invalid:3000%2Fapi%2Fauth%2Fjwks"), "{get}");
    assert!(put.starts_with("PUT /http:%2F%2Fauth.invalid:3000%2Fapi%2Fauth%2Fjwks"), "{put}");
    assert!(put.contains("expiration_ttl=7200"), "{put}");
}

#[test]
fn a_kv_that_fails_stalls_or_returns_invalid_keys_is_ignored() {
    type Handler = fn(Request);
    let handlers: [(&str, Handler); 3] = [
        ("fails", |request| respond(request, 500, &[], "")),
        ("stalls", |request| {
            thread::sleep(Duration::from_secs(8));
            respond(request, 200, &[], "");
        }),
        ("returns invalid keys", |request| {
            respond(request, 200, &[], "1 http://auth.invalid\n{\"keys\":[]}")
        }),
    ];
    for (name, handler) in handlers {
        let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
        let (kv, _) = namespace(handler);
        let services =
            [("AUTH", &*auth.server.url), ("ORIGIN", &*upstream.url), ("JWKS_KV", &*kv.url)];
        let edge = edge(&services, &[]);
        let headers = [("authorization", &*bearer(&token(&auth)))];
        let started = Instant::now();
        assert_eq!(http::get(&edge.url, &headers).unwrap().outcome(), "200", "{name}");
        assert!(started.elapsed() < Duration::from_secs(4), "{name}: {:?}", started.elapsed());
        assert_eq!(auth.server.count(), 1, "{name}");
    }
}

/// Sends a request for that host to the edge and returns the status and the body.
fn get_as(edge: &Edge, host: &str, headers: &str) -> (u16, String) {
    let mut wire = Wire::connect(&edge.url);
    wire.send(format!("GET /public HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n")).unwrap();
    let head = wire.head().unwrap();
    let body = wire.body(&head).all().unwrap();
    (head.status(), String::from_utf8(body).unwrap())
}

#[test]
fn a_request_that_loops_back_to_the_edge_is_rejected_with_the_reason() {
    let upstream: Scripted = echo();
    let public = json!([{"path": "/public", "auth": "public"}]);
    let own = [("ORIGIN_URL", json!(upstream.url)), ("ROUTES", public)];
    let host = upstream.url.trim_start_matches("http://");
    let back = format!("x-forwarded-host: {host}\r\n");
    let loose = edge(&[], &own);
    let (status, body) = get_as(&loose, host, &back);
    assert_eq!(status, 502);
    assert!(body.contains("origin_unreachable") && body.contains("own address"), "{body}");
    assert_eq!(upstream.count(), 0);
    // the upstream of a route can have the route's address without a loop
    assert_eq!(get_as(&loose, host, "").0, 200);
    assert_eq!(get_as(&loose, "other.example", &back).0, 200);
    let bound = edge(&[("ORIGIN", &upstream.url)], &own);
    assert_eq!(get_as(&bound, host, &back).0, 200);
}
