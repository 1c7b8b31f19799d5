//! The Worker in workerd: assertions, CORS, timeouts and health.

use std::thread;
use std::time::Duration;

use crate::common::wire::WireEdge;
use crate::common::{Auth, Scripted, UUID, bearer, echo, edge, key_set, respond, seen};
use serde_json::{Value, json};
use xtask::http;
use xtask::token;

/// RFC 8037, appendix A.1
const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"edge-1","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

#[test]
fn the_upstream_gets_a_signed_assertion_and_the_key_to_verify_it() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[("EDGE_SIGNING_KEY", json!(KEY))]);
    let bearer = bearer(&auth.token("a"));
    let url = format!("{}/api/{UUID}/x", edge.url);
    let echoed = http::get(&url, &[("authorization", &bearer)]).unwrap().json();
    let assertions = seen(&echoed, "x-edge-jwt-assertion");
    let [assertion] = &assertions[..] else { panic!("{assertions:?}") };
    assert_eq!(token::segment(assertion, 0)["typ"], "edge-assertion+jwt");
    let claims = token::segment(assertion, 1);
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!(UUID), &json!(upstream.url)));
    assert_eq!(claims["iss"], edge.url);

    let well_known = format!("{}/.well-known/better-auth-edge/jwks.json", edge.url);
    let response = http::get(&well_known, &[]).unwrap();
    assert_eq!(response.header("content-type"), Some("application/jwk-set+json"));
    let keys = &response.json()["keys"];
    assert_eq!((&keys[0]["kid"], keys[0].get("d")), (&json!("edge-1"), None));
    let verified = token::verified_by(&keys[0], assertion);
    assert!(verified, "the published key verifies the assertion");
}

#[test]
fn a_page_of_another_origin_can_read_responses_and_rejections() {
    const PAGE: &str = "https://page.example";
    let auth = Auth::start(&key_set(&["a"]));
    let upstream = Scripted::start(|request| {
        let headers = [("access-control-allow-origin", "*"), ("vary", "accept")];
        respond(request, 200, &headers, "");
    });
    let edge = edge(&auth, &upstream, &[("CORS_ORIGINS", json!(PAGE))]);
    let bearer = bearer(&auth.token("a"));
    let url = format!("{}/api/{UUID}/x", edge.url);
    let good = http::get(&url, &[("authorization", &bearer), ("origin", PAGE)]).unwrap();
    assert_eq!(good.header("access-control-allow-origin"), Some(PAGE));
    let rejected = http::get(&url, &[("origin", PAGE)]).unwrap();
    assert_eq!(rejected.outcome(), "401 missing_token");
    assert_eq!(rejected.header("access-control-allow-origin"), Some(PAGE));
    let evil = [("authorization", bearer.as_str()), ("origin", "https://evil.example")];
    assert_eq!(http::get(&url, &evil).unwrap().header("access-control-allow-origin"), None);
    let before = upstream.count();
    let preflight = [("origin", PAGE), ("access-control-request-method", "PUT")];
    let response = http::send("OPTIONS", &url, &preflight).unwrap();
    assert_eq!((response.status, upstream.count()), (204, before));
    assert_eq!(response.header("access-control-allow-origin"), Some(PAGE));
}

#[test]
fn an_upstream_that_sends_no_response_times_out_and_one_that_has_started_does_not() {
    let auth = Auth::start(&key_set(&["a"]));
    let upstream = Scripted::start(|request| {
        if request.target() == "/public/slow" {
            thread::sleep(Duration::from_secs(6));
        }
        respond(request, 200, &[], "late");
    });
    let edge = edge(&auth, &upstream, &[("ORIGIN_TIMEOUT", json!("2"))]);
    let slow = http::get(&format!("{}/public/slow", edge.url), &[]).unwrap();
    assert_eq!(slow.outcome(), "504 origin_timeout");

    let edge = WireEdge::before_with(&[("ORIGIN_TIMEOUT", json!("1"))], |mut wire| {
        wire.head()?;
        wire.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na")?;
        thread::sleep(Duration::from_secs(3));
        wire.send("b")
    });
    let mut wire = edge.request("GET", &[]);
    let head = wire.head().unwrap();
    assert_eq!(wire.body(&head).all().unwrap(), b"ab");
}

#[test]
fn a_large_upload_can_take_longer_than_the_timeout_and_a_small_one_cannot() {
    let edge = WireEdge::before_with(&[("ORIGIN_TIMEOUT", json!("1"))], |mut wire| {
        let head = wire.head()?;
        let body = wire.body(&head).all()?;
        wire.respond(body.len().to_string().as_bytes())
    });
    let million = "x".repeat(1_000_000);
    for (framing, first, last, status) in [
        ("content-length: 1000001", million.as_str(), "x", 200),
        ("transfer-encoding: chunked", "1\r\nx\r\n", "0\r\n\r\n", 200),
        ("content-length: 2", "x", "x", 504),
    ] {
        let mut wire = edge.request("POST", &[framing]);
        wire.send(first).unwrap();
        thread::sleep(Duration::from_millis(1_500));
        wire.send(last).unwrap();
        assert_eq!(wire.head().unwrap().status(), status, "{framing}");
    }
}

#[test]
fn health_reports_whether_requests_can_be_served() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let good = edge(&auth, &upstream, &[]);
    let health = |url: &str| http::get(&format!("{url}/.well-known/better-auth-edge/health"), &[]);
    let response = health(&good.url).unwrap();
    assert_eq!((response.status, &response.json()["status"]), (200, &json!("ok")));
    let broken = edge(&auth, &upstream, &[("CLOCK_TOLERANCE", json!("x"))]);
    assert_eq!(health(&broken.url).unwrap().status, 503);
    auth.handle(|request| crate::common::respond(request, 500, &[], ""));
    let without_keys = edge(&auth, &upstream, &[("JWKS_MAX_AGE", Value::Null)]);
    assert_eq!(health(&without_keys.url).unwrap().status, 503);
}
