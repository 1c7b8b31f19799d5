//! Attacks on the Worker in workerd with the head of a request: override headers, `Host` headers
//! with paths, TRACE, and forged client addresses.

use std::thread;
use std::time::Duration;

use crate::common::wire::Wire;
use crate::common::{Auth, UUID, bearer, echo, edge, edge_with, key_set, seen};
use serde_json::{Value, json};
use xtask::http;
use xtask::stack::Edge;

const OVERRIDES: [&str; 30] = [
    "SCRIPT_NAME",
    "Script-Name",
    "PATH_INFO",
    "Path-Info",
    "REQUEST_URI",
    "Request-Method",
    "REMOTE_USER",
    "Remote-Addr",
    "HTTP_HOST",
    "Proxy",
    "X-Original-URL",
    "X_Original_URL",
    "X-Rewrite-URL",
    "X-Script-Name",
    "X-HTTP-Method-Override",
    "X_HTTP_Method_Override",
    "X-Method-Override",
    "X-Forwarded-Prefix",
    "X-Host",
    "CF_Connecting_IP",
    "CF-Connecting-IP",
    "True-Client-IP",
    "X-Real-IP",
    "X-Envoy-Original-Path",
    "X-Auth-Request-User",
    "X-Middleware-Subrequest",
    "Content_Length",
    "Transfer_Encoding",
    "X.Edge.User",
    "Authorization_",
];

/// The Worker's response to a raw request.
fn response_to(edge: &Edge, head: &str) -> (u16, Value) {
    let mut wire = Wire::connect(&edge.url);
    wire.send(head.replace('\n', "\r\n")).unwrap();
    let head = wire.head().unwrap();
    let body = wire.body(&head).all().unwrap();
    (head.status(), serde_json::from_slice(&body).unwrap_or_default())
}

#[test]
fn no_override_header_reaches_the_upstream_on_public_paths_or_a_users_own() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    let token = bearer(&auth.token("a"));
    let lines: String = OVERRIDES.iter().map(|name| format!("{name}: attack\n")).collect();
    for path in ["/public/x", &format!("/api/{UUID}/x")] {
        // twice: a cached head must not change the result
        for _ in 0..2 {
            let head = format!(
                "GET {path} HTTP/1.1\nhost: edge.example\nauthorization: {token}\nx-custom: attack\n\
                 connection: close\n{lines}\n"
            );
            let (status, echoed) = response_to(&edge, &head);
            assert_eq!((status, &echoed["target"]), (200, &json!(path)));
            let headers = echoed["headers"].as_array().unwrap().iter();
            let arrived: Vec<_> = headers.filter(|h| h[1] == "attack").map(|h| &h[0]).collect();
            assert_eq!(arrived, ["x-custom"], "{path}");
        }
    }
}

#[test]
fn only_allowed_override_headers_are_forwarded() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[("FORWARD_HEADERS", json!("x-original-url,script_name"))]);
    let head = "GET /public/x HTTP/1.1\nhost: edge.example\nconnection: close\nX-Original-URL: a\n\
                x_original_url: b\nSCRIPT_NAME: c\nPATH_INFO: d\n\n";
    let (_, echoed) = response_to(&edge, head);
    assert_eq!(
        (seen(&echoed, "x-original-url"), seen(&echoed, "script_name")),
        (vec!["a".into()], vec!["c".into()])
    );
    assert!(seen(&echoed, "x_original_url").is_empty() && seen(&echoed, "path_info").is_empty());
}

#[test]
fn trace_and_long_connection_lists_are_rejected_on_public_paths_too() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    let names = |count: usize| (0..count).map(|i| format!("x-{i}, ")).collect::<String>();
    for (method, connection, status) in [
        ("TRACE", String::new(), 400),
        ("GET", names(101), 400),
        ("GET", names(2_000), 400),
        ("GET", names(99), 200),
    ] {
        let head = format!(
            "{method} /public/x HTTP/1.1\nhost: edge.example\nx-100: b\nconnection: {connection}close\n\n"
        );
        let (response_status, body) = response_to(&edge, &head);
        assert_eq!(response_status, status, "{method} {body}");
        assert!(status == 200 || body["code"] == "malformed_request", "{method} {body}");
    }
    assert_eq!(upstream.count(), 1);
}

#[test]
fn a_host_header_is_exactly_host_and_port() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    for host in [
        "x/public?",
        "x/public/y#",
        "x/public",
        "x?",
        "x#",
        "a@x",
        "x\\public",
        "x,y",
        "x%2Fpublic",
        "x:80:80",
        "[::1",
        "x;y",
        "x'y",
        "(x)",
        "x:",
        "x:99999",
        "x\nhost: y",
    ] {
        let head = format!("GET /public/y HTTP/1.1\nhost: {host}\nconnection: close\n\n");
        let (status, body) = response_to(&edge, &head);
        assert_eq!(status, 400, "{host:?} {body}");
    }
    assert_eq!(upstream.count(), 0);
    for host in ["x", "X.example:8000", "127.0.0.1", "[::1]:8000", "my_service"] {
        let head = format!("GET /public/y HTTP/1.1\nhost: {host}\nconnection: close\n\n");
        assert_eq!(response_to(&edge, &head).0, 200, "{host}");
    }
}

const LIMIT: (&str, &str) = (
    "RATE_LIMIT_REJECTED",
    "export default () => ({
        async limit({ key }) { console.log('counts ' + key); return { success: true }; },
    })",
);

/// The client addresses that the rate limiter counts for rejected requests with these headers.
fn counted(edge: &Edge, requests: &[&[(&str, &str)]]) -> Vec<String> {
    for headers in requests {
        let response = http::get(&format!("{}/elsewhere", edge.url), headers).unwrap();
        assert_eq!(response.outcome(), "401 missing_token");
    }
    // workerd's output arrives with a delay
    thread::sleep(Duration::from_millis(500));
    let log = edge.log();
    log.lines()
        .filter_map(|line| line.split_once("counts "))
        .map(|(_, key)| key.to_owned())
        .collect()
}

#[test]
fn a_client_cannot_choose_its_client_address() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let claims = [
        ("cf-connecting-ip", "192.0.2.7"),
        ("x-forwarded-for", "192.0.2.8"),
        ("x-real-ip", "192.0.2.9"),
        ("cf-blob", r#"{"colo":"AMS"}"#),
    ];
    let bare = edge_with(&auth, &upstream.url, &[], &[LIMIT]);
    assert!(counted(&bare, &[&claims]).is_empty());
    let echoed = http::get(&format!("{}/public/x", bare.url), &claims).unwrap().json();
    assert!(seen(&echoed, "x-forwarded-for").is_empty());
    assert!(seen(&echoed, "cf-connecting-ip").is_empty());

    let settings = [("CLIENT_IP_HEADER", json!("x-forwarded-for"))];
    let behind_proxy = edge_with(&auth, &upstream.url, &settings, &[LIMIT]);
    let of =
        |address: &'static str| [("x-forwarded-for", address), ("cf-connecting-ip", "192.0.2.7")];
    let requests =
        ["192.0.2.1, 192.0.2.8", "2001:db8:1:2::3", "2001:db8:1:2:ffff::", "nonsense"].map(of);
    let requests = requests.each_ref().map(|headers| &headers[..]);
    let network = "2001:db8:1:2::/64";
    assert_eq!(counted(&behind_proxy, &requests), ["192.0.2.8", network, network]);
}

#[test]
fn on_cloudflare_the_client_address_is_cloudflares() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let vars = [
        ("BETTER_AUTH_URL", json!(auth.server.url)),
        ("ORIGIN_URL", json!(upstream.url)),
        ("ROUTES", json!([{"path": "/public/*", "auth": "public"}])),
    ];
    let edge = Edge::start_on_cloudflare(&vars, &[LIMIT], "cf-blob").unwrap();
    let cf = ("cf-blob", r#"{"colo":"AMS"}"#);
    let headers = [cf, ("cf-connecting-ip", "192.0.2.7"), ("x-forwarded-for", "192.0.2.8")];
    assert_eq!(counted(&edge, &[&headers, &headers]), ["192.0.2.7", "192.0.2.7"]);
    let echoed = http::get(&format!("{}/public/x", edge.url), &headers).unwrap().json();
    assert_eq!(seen(&echoed, "x-forwarded-for"), ["192.0.2.7"]);
}

#[test]
fn open_paths_below_an_isolated_path_are_reported_in_the_log() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let rule =
        json!([{"path": "/api/{user_id}/tasks", "match": {"user_id": "uuid"}, "methods": ["GET"]}]);
    let edge = edge(&auth, &upstream, &[("ROUTES", rule)]);
    let token = bearer(&auth.token("a"));
    for method in ["GET", "DELETE", "PATCH"] {
        let outcome = |user: &str| {
            let url = format!("{}/api/{user}/tasks", edge.url);
            http::send(method, &url, &[("authorization", &token)]).unwrap().outcome()
        };
        assert_eq!(outcome("bob"), "403 user_mismatch", "{method}");
        assert!(outcome(UUID).starts_with("200"), "{method}");
    }
    let log = edge.log_with("isolates that path alone");
    assert_eq!(
        log.matches("ROUTES [0]: /api/{user_id}/tasks isolates that path alone").count(),
        1,
        "{log}"
    );
}
