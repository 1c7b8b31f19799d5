//! The requests of the Worker in workerd to the auth server: `User-Agent`, client address, and
//! responses of firewalls.

use std::sync::{Arc, Mutex};

use crate::common::{Auth, echo, edge, key_set, respond};
use serde_json::{Value, json};
use xtask::http;
use xtask::stack::Edge;

const SESSION: (&str, &str) = ("cookie", "better-auth.session_token=live.x");
const EXCHANGE: (&str, &str) = ("SESSION_EXCHANGE", "true");

/// A request to the auth server: target, `User-Agent` and client address.
type AuthRequest = (String, Option<String>, Option<String>);

/// An auth server behind a firewall that rejects requests without a `User-Agent`, and a log of its
/// requests.
fn behind_firewall() -> (Auth, Arc<Mutex<Vec<AuthRequest>>>) {
    let auth = Auth::start(&json!({}));
    let (token, set) = (json!({"token": auth.token("a")}), key_set(&["a"]));
    let requests: Arc<Mutex<Vec<AuthRequest>>> = Arc::default();
    let log = Arc::clone(&requests);
    auth.handle(move |request| {
        let header = |name: &str| request.header(name).map(str::to_owned);
        let (agent, address) = (header("user-agent"), header("x-forwarded-for"));
        let is_named = agent.is_some();
        log.lock().unwrap().push((request.target().to_owned(), agent, address));
        match request.target() {
            _ if !is_named => respond(request, 403, &[], "error code: 1010"),
            target if target.ends_with("/jwks") => respond(request, 200, &[], set.to_string()),
            _ => respond(request, 200, &[], token.to_string()),
        }
    });
    (auth, requests)
}

fn expected(address: Option<&str>) -> Vec<AuthRequest> {
    let package: Value = serde_json::from_str(include_str!("../../../npm/package.json")).unwrap();
    let agent = package["version"].as_str().map(|version| format!("better-auth-edge/{version}"));
    let address = address.map(str::to_owned);
    vec![
        ("/api/auth/token?disableRefresh=true".to_owned(), agent.clone(), address),
        ("/api/auth/jwks".to_owned(), agent, None),
    ]
}

#[test]
fn the_worker_names_itself_and_the_client_address_that_its_proxy_names() {
    let ((auth, requests), upstream) = (behind_firewall(), echo());
    let settings = [(EXCHANGE.0, json!(EXCHANGE.1)), ("CLIENT_IP_HEADER", json!("x-real-ip"))];
    let edge = edge(&auth, &upstream, &settings);
    let headers = [SESSION, ("x-real-ip", "192.0.2.7"), ("x-forwarded-for", "192.0.2.8")];
    assert_eq!(http::get(&edge.url, &headers).unwrap().outcome(), "200");
    assert_eq!(*requests.lock().unwrap(), expected(Some("192.0.2.7")));
}

#[test]
fn on_cloudflare_the_client_address_is_the_one_that_cloudflare_reports_and_elsewhere_none_is_known()
{
    let upstream = echo();
    let cf = ("cf-blob", r#"{"colo":"AMS"}"#);
    let headers =
        [cf, SESSION, ("cf-connecting-ip", "192.0.2.7"), ("x-forwarded-for", "192.0.2.8")];
    let vars = |auth: &Auth| -> [(&str, Value); 3] {
        [
            ("BETTER_AUTH_URL", json!(auth.server.url)),
            ("ORIGIN_URL", json!(upstream.url)),
            (EXCHANGE.0, json!(EXCHANGE.1)),
        ]
    };
    let (auth, requests) = behind_firewall();
    let on_cloudflare = Edge::start_on_cloudflare(&vars(&auth), &[], "cf-blob").unwrap();
    assert_eq!(http::get(&on_cloudflare.url, &headers).unwrap().outcome(), "200");
    assert_eq!(*requests.lock().unwrap(), expected(Some("192.0.2.7")));

    let (auth, requests) = behind_firewall();
    let elsewhere = edge(&auth, &upstream, &[(EXCHANGE.0, json!(EXCHANGE.1))]);
    assert_eq!(http::get(&elsewhere.url, &headers).unwrap().outcome(), "200");
    assert_eq!(*requests.lock().unwrap(), expected(None));
}

#[test]
fn the_retry_after_of_better_auth_reaches_the_client() {
    for name in ["X-Retry-After", "Retry-After"] {
        let (auth, upstream) = (Auth::start(&json!({})), echo());
        auth.handle(move |request| {
            respond(request, 429, &[(name, "17")], r#"{"message":"Too many requests."}"#);
        });
        let edge = edge(&auth, &upstream, &[(EXCHANGE.0, json!(EXCHANGE.1))]);
        for _ in 0..2 {
            let rejected = http::get(&edge.url, &[SESSION]).unwrap();
            assert_eq!(rejected.outcome(), "503 keys_unavailable");
            let seconds: u32 = rejected.header("retry-after").unwrap().parse().unwrap();
            assert!((10..=17).contains(&seconds), "{seconds}");
        }
        assert_eq!(auth.server.count(), 1, "no other request is sent");
    }
}

#[test]
fn a_response_by_cloudflare_or_by_an_edge_names_the_missing_binding_in_the_log() {
    let own_error = r#"{"type":"tag:better-auth-edge,2026:errors#missing_token"}"#;
    for (status, body, expected) in [
        (404, "error code: 1042", "must not fetch from its own zone (error 1042): bind the auth"),
        (401, own_error, "the URL is an edge's own: bind the auth server as AUTH"),
    ] {
        let (auth, upstream) = (Auth::start(&json!({})), echo());
        let headers = [("WWW-Authenticate", "Bearer")];
        auth.handle(move |request| respond(request, status, &headers, body));
        let edge = edge(&auth, &upstream, &[(EXCHANGE.0, json!(EXCHANGE.1))]);
        let response = http::get(&edge.url, &[SESSION]).unwrap();
        assert_eq!(response.outcome(), "503 keys_unavailable");
        let body = String::from_utf8_lossy(&response.body);
        assert!(!body.contains("AUTH"), "the client must not learn about the deployment");
        let log = edge.log_with(expected);
        assert!(log.contains(expected), "{log}");
    }
}

#[test]
fn the_retry_after_of_a_busy_edge_reaches_the_client() {
    let own_error = r#"{"type":"tag:better-auth-edge,2026:errors#keys_unavailable"}"#;
    let (auth, upstream) = (Auth::start(&json!({})), echo());
    auth.handle(move |request| respond(request, 503, &[("Retry-After", "17")], own_error));
    let edge = edge(&auth, &upstream, &[(EXCHANGE.0, json!(EXCHANGE.1))]);
    let rejected = http::get(&edge.url, &[SESSION]).unwrap();
    assert_eq!(rejected.outcome(), "503 keys_unavailable");
    let seconds: u32 = rejected.header("retry-after").unwrap().parse().unwrap();
    assert!((10..=17).contains(&seconds), "{seconds}");
}
