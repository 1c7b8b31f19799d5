//! The Worker in workerd: logs, `Server-Timing`, and the operators' bindings.

use std::thread;
use std::time::{Duration, Instant};

use crate::common::{
    Auth, Scripted, UUID, bearer, echo, edge, edge_before, edge_with, key_set, respond,
};
use serde_json::{Value, json};
use xtask::http;
use xtask::stack::Edge;

#[test]
fn only_rejections_are_logged_by_default() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    let token = bearer(&auth.token("a"));
    assert_eq!(get(&edge, &format!("/api/{UUID}/x"), &[("authorization", &token)]).status, 200);
    assert_eq!(get(&edge, "/api/secret-path?q=secret", &[("cookie", "secret=1")]).status, 401);
    let [line] = &lines(&edge, 1)[..] else { panic!() };
    assert_eq!((&line["level"], &line["status"]), (&json!("warn"), &json!(401)));
    assert_eq!((&line["code"], &line["rule"]["index"]), (&json!("missing_token"), &json!(0)));
    assert!(!edge.log().contains("secret"), "{}", edge.log());
}

#[test]
fn a_forwarded_request_is_logged_once_its_response_starts_and_no_line_has_a_secret() {
    let auth = Auth::start(&key_set(&["a"]));
    let upstream = Scripted::start(|request| {
        thread::sleep(Duration::from_millis(60));
        respond(request, 207, &[], "ok");
    });
    let settings = [("LOG_LEVEL", json!("info")), ("LOG_SALT", json!("salt-of-the-log"))];
    let edge = edge(&auth, &upstream, &settings);
    let token = auth.token("a");
    let authorization = bearer(&token);
    let headers = [
        ("authorization", &*authorization),
        ("cookie", "theme=cookie-secret"),
        ("x-request-id", "request-0001"),
    ];
    let path = format!("/api/{UUID}/secret-path?q=query-secret");
    for _ in 0..2 {
        assert_eq!(get(&edge, &path, &headers).status, 207);
    }
    get(&edge, "/api/other/secret-path", &headers);
    let [first, second, rejected] = &lines(&edge, 3)[..] else { panic!() };
    for (name, value) in [
        ("level", json!("info")),
        ("decision", json!("forward")),
        ("code", Value::Null),
        ("upstream_status", json!(207)),
        ("rule", json!({"index": 0, "path": "/api/{user_id}/*"})),
        ("method", json!("GET")),
        ("issuer", json!(auth.server.url)),
        ("kid", json!("a")),
        ("cached", json!(false)),
        ("keys_age", json!(0)),
        ("request_id", json!("request-0001")),
    ] {
        assert_eq!(first[name], value, "{name} in {first}");
    }
    assert!(first["upstream_ms"].as_u64().is_some_and(|ms| (50..5_000).contains(&ms)), "{first}");
    assert!(first["user"].as_str().is_some_and(|user| user.len() == 16), "{first}");
    assert_eq!((&second["cached"], &second["user"]), (&json!(true), &first["user"]));
    assert_eq!((&rejected["code"], &rejected["user"]), (&json!("user_mismatch"), &first["user"]));

    let log = edge.log();
    for part in token.split('.').chain([UUID, "user-1", "secret", "salt-of-the-log"]) {
        assert!(!log.contains(part), "{part} in {log}");
    }
}

#[test]
fn a_failing_upstream_is_logged_with_the_request_id() {
    let auth = Auth::start(&key_set(&["a"]));
    let edge = edge_before(&auth, "http://127.0.0.1:9", &[]);
    let response = get(&edge, "/public/x?q=secret", &[("x-request-id", "request-0001")]);
    assert_eq!(response.outcome(), "502 origin_unreachable");
    assert!(!response.json().to_string().contains("127.0.0.1"), "{}", response.json());
    let [line] = &lines(&edge, 1)[..] else { panic!() };
    assert_eq!((&line["level"], &line["code"]), (&json!("error"), &json!("origin_unreachable")));
    assert_eq!((&line["status"], &line["request_id"]), (&json!(502), &json!("request-0001")));
    assert_eq!(line["method"], "GET");
    let cause = line["cause"].as_str().unwrap();
    assert!(cause.starts_with("GET http://127.0.0.1:9/public/x: "), "{cause}");
    assert!(!cause.contains("secret"), "{cause}");
}

#[test]
fn a_failing_upstream_is_logged_with_the_rule_and_the_user() {
    let auth = Auth::start(&key_set(&["a"]));
    let edge = edge_before(&auth, "http://127.0.0.1:9", &[("LOG_SALT", json!("salt"))]);
    let token = bearer(&auth.token("a"));
    let headers = [("authorization", &*token)];
    for path in [format!("/api/{UUID}/x"), "/api/other/x".to_owned()] {
        get(&edge, &path, &headers);
    }
    // an equal request is forwarded as the one before it
    get(&edge, &format!("/api/{UUID}/x"), &headers);
    let [failed, rejected, again] = &lines(&edge, 3)[..] else { panic!() };
    assert_eq!(
        (&failed["code"], &failed["rule"]["index"]),
        (&json!("origin_unreachable"), &json!(0))
    );
    assert_eq!(rejected["code"], "user_mismatch");
    for name in ["rule", "issuer", "kid", "user", "credential"] {
        assert!(!failed[name].is_null(), "{name} of {failed}");
        assert_eq!((&failed[name], &again[name]), (&rejected[name], &rejected[name]), "{name}");
    }
}

#[test]
fn responses_have_server_timing_when_set() {
    let auth = Auth::start(&key_set(&["a"]));
    let set = key_set(&["a"]).to_string();
    auth.handle(move |request| {
        thread::sleep(Duration::from_millis(60));
        respond(request, 200, &[], set.clone());
    });
    let upstream = Scripted::start(|request| {
        thread::sleep(Duration::from_millis(60));
        respond(request, 200, &[("server-timing", "db;dur=7")], "ok");
    });
    let edge = edge(&auth, &upstream, &[("SERVER_TIMING", json!("true"))]);
    let token = bearer(&auth.token("a"));
    let server_timing = |path: &str, headers: http::Headers<'_>| {
        let response = get(&edge, path, headers);
        response.all("server-timing").collect::<Vec<_>>().join(", ")
    };
    let path = format!("/api/{UUID}/x");
    let first = server_timing(&path, &[("authorization", &token)]);
    for name in ["edge", "jwks", "origin"] {
        assert!(duration(&first, name).is_some_and(|ms| ms >= 50), "{name} in {first}");
    }
    let second = server_timing(&path, &[("authorization", &token)]);
    assert!(duration(&second, "origin").is_some_and(|ms| ms >= 50), "{second}");
    assert!(duration(&second, "jwks").is_none() && duration(&second, "edge").is_some(), "{second}");
    assert!(second.starts_with("db;dur=7"), "the upstream's own value stays: {second}");
    let rejection = server_timing(&path, &[]);
    assert!(rejection.starts_with("edge;dur=") && !rejection.contains("origin"), "{rejection}");
}

#[test]
fn decisions_are_data_points_when_a_dataset_is_bound() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let dataset = "export default () => ({
        writeDataPoint(point) { console.log('point ' + JSON.stringify(point)); },
    })";
    let edge = edge_with(&auth, &upstream.url, &[], &[("ANALYTICS", dataset)]);
    let token = bearer(&auth.token("a"));
    get(&edge, &format!("/api/{UUID}/x"), &[("authorization", &token)]);
    get(&edge, "/elsewhere", &[]);
    let points = wait_for(|| {
        let log = edge.log();
        let points = log.lines().filter_map(|line| line.strip_prefix("point "));
        let points: Vec<Value> = points.map(|text| serde_json::from_str(text).unwrap()).collect();
        (points.len() == 2).then_some(points)
    });
    let rule = "0 /api/{user_id}/*";
    assert_eq!(points[0]["indexes"], json!([rule]));
    assert_eq!(points[0]["blobs"], json!(["forward", "", rule, auth.server.url, "GET"]));
    assert_eq!((&points[0]["doubles"][0], &points[0]["doubles"][2]), (&json!(200), &json!(0)));
    let expected = json!({
        "indexes": ["none"], "blobs": ["respond", "missing_token", "none", "", "GET"],
        "doubles": [401, 0, 0],
    });
    assert_eq!(points[1], expected);
}

#[test]
fn rate_limits_count_users_and_rejected_addresses_and_valid_requests_pass() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let limit = |name: &str| {
        format!(
            "const left = {{}};
            export default () => ({{
                async limit({{ key }}) {{
                    console.log('{name} counts ' + key);
                    return {{ success: (left[key] = (left[key] ?? 2) - 1) >= 0 }};
                }},
            }})"
        )
    };
    let bindings = ["RATE_LIMIT_USER", "RATE_LIMIT_REJECTED"].map(|name| (name, limit(name)));
    let bindings = bindings.each_ref().map(|(name, module)| (*name, module.as_str()));
    // not on Cloudflare, so a setting names the header with the client address
    let settings = [("CLIENT_IP_HEADER", json!("cf-connecting-ip"))];
    let edge = edge_with(&auth, &upstream.url, &settings, &bindings);
    let from = ("cf-connecting-ip", "192.0.2.7");
    let outcome = |headers: http::Headers<'_>| get(&edge, "/maybe", headers).outcome();
    let bad = ("authorization", "Bearer a.b.c");
    for expected in ["401 malformed_token", "401 malformed_token", "429 rate_limited"] {
        assert_eq!(outcome(&[from, bad]), expected);
    }
    assert_eq!(outcome(&[("cf-connecting-ip", "192.0.2.8"), bad]), "401 malformed_token");
    assert_eq!(get(&edge, "/maybe", &[from, bad]).header("retry-after"), Some("60"));

    let token = bearer(&auth.token("a"));
    for expected in [200, 200, 429] {
        assert_eq!(get(&edge, "/maybe", &[from, ("authorization", &token)]).status, expected);
    }
    let another = bearer(&auth.token_with("a", json!({"uuid": "another"})));
    assert_eq!(get(&edge, "/maybe", &[from, ("authorization", &another)]).status, 200);
    let log = wait_for(|| Some(edge.log()).filter(|log| log.contains("RATE_LIMIT_USER counts ")));
    assert!(!log.contains(UUID), "a user is counted under a hash: {log}");
}

#[test]
fn a_failing_rate_limiter_limits_no_request_and_a_wrong_binding_is_a_setting_error() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let token = bearer(&auth.token("a"));
    let fails = "export default () => ({ limit() { throw new Error('out of order'); } })";
    let edge = edge_with(&auth, &upstream.url, &[], &[("RATE_LIMIT_USER", fails)]);
    assert_eq!(get(&edge, "/maybe", &[("authorization", &token)]).status, 200);
    wait_for(|| edge.log().contains("RATE_LIMIT_USER failed: Error: out of order").then_some(()));

    let none = "export default () => ({ get() {} })";
    let edge =
        edge_with(&auth, &upstream.url, &[], &[("RATE_LIMIT_USER", none), ("ANALYTICS", none)]);
    assert_eq!(get(&edge, "/maybe", &[]).outcome(), "500 misconfigured");
    wait_for(|| {
        let log = edge.log();
        (log.contains("RATE_LIMIT_USER is no") && log.contains("ANALYTICS is no")).then_some(())
    });
}

#[test]
fn requests_of_a_user_bypass_the_cache_and_others_do_not() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let outbound = "export default {
        fetch(request) {
            const isForKeys = request.url.endsWith('/jwks');
            return isForKeys ? fetch(request) : Response.json(request.cf ?? {});
        },
    }";
    let edge = edge_with(&auth, &upstream.url, &[], &[("outbound", outbound)]);
    let token = bearer(&auth.token("a"));
    for method in ["GET", "POST"] {
        let level = |path: &str, headers: http::Headers<'_>| {
            let url = format!("{}{path}", edge.url);
            http::send(method, &url, headers).unwrap().json()["cacheLevel"].take()
        };
        let user = [("authorization", &*token)];
        assert_eq!(level("/maybe", &user), "bypass", "{method}");
        assert_eq!(level("/maybe", &[]), Value::Null, "{method}");
        assert_eq!(level("/public/x", &user), Value::Null, "{method}");
    }
}

#[test]
fn a_response_for_a_user_tells_caches_not_to_store_it_unless_the_request_did() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    let token = bearer(&auth.token("a"));
    for method in ["GET", "POST"] {
        for sent in [None, Some("max-age=7")] {
            let mut headers = vec![("authorization", &*token)];
            headers.extend(sent.map(|value| ("cache-control", value)));
            let url = format!("{}/api/{UUID}/x", edge.url);
            let echoed = http::send(method, &url, &headers).unwrap().json();
            let seen = crate::common::seen(&echoed, "cache-control");
            assert_eq!(seen, [sent.unwrap_or("no-cache")], "{method}");
        }
    }
    let echoed = get(&edge, "/public/x", &[]).json();
    assert!(crate::common::seen(&echoed, "cache-control").is_empty());
}

fn get(edge: &Edge, path: &str, headers: http::Headers<'_>) -> http::Response {
    http::get(&format!("{}{path}", edge.url), headers).unwrap()
}

/// Waits for `count` log lines about decisions and returns them. Fails if there are more.
fn lines(edge: &Edge, count: usize) -> Vec<Value> {
    let read = || -> Vec<Value> {
        let log = edge.log();
        let lines = log.lines().filter(|line| line.contains("\"decision\""));
        lines.map(|line| serde_json::from_str(&line[line.find('{').unwrap()..]).unwrap()).collect()
    };
    wait_for(|| (read().len() >= count).then_some(()));
    thread::sleep(Duration::from_millis(100));
    let lines = read();
    assert_eq!(lines.len(), count, "{}", edge.log());
    lines
}

/// Waits until `ready` returns a value, because workerd's output arrives with a delay.
fn wait_for<T>(mut ready: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < deadline, "the expected line was not logged");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A duration in `Server-Timing`, in milliseconds.
fn duration(timing: &str, name: &str) -> Option<u64> {
    let mut metrics = timing.split(", ").filter_map(|metric| metric.split_once(";dur="));
    metrics.find(|(metric, _)| *metric == name)?.1.parse().ok()
}
