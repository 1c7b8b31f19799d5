//! The Worker in workerd with a real Better Auth and a real FastAPI; several at the same time.

use std::thread;

use serde_json::json;
use xtask::http;
use xtask::stack::Stack;
use xtask::token;

#[test]
fn stacks_run_side_by_side_and_do_not_accept_each_others_users() {
    thread::scope(|scope| {
        let start = || scope.spawn(|| Stack::start(&[]).unwrap());
        let [one, two] = [start(), start()].map(|stack| stack.join().unwrap());
        let ada = one.sign_up("Ada").unwrap();
        let token = one.token(&ada).unwrap();
        let path = format!("/api/{}/tasks", ada.uuid);
        assert_eq!(one.get(&path, &token).unwrap().outcome(), "200");
        assert_eq!(two.get(&path, &token).unwrap().outcome(), "401 unknown_key");
    });
}

#[test]
fn better_auths_claims_reach_the_upstream_as_the_settings_say() {
    let claim_headers = json!({"email": "x-user-email", "name": "x-user-name", "id": "x-user-id"});
    let stack = Stack::start(&[
        ("CLAIM_HEADERS", claim_headers),
        ("USER_CLAIM", json!("sub")),
        ("ROUTES", json!([{"path": "/api/{user_id}/*", "match": {"user_id": "uuid"}}])),
    ])
    .unwrap();
    let user = stack.sign_up("Jürgen").unwrap();
    let token = stack.token(&user).unwrap();
    let response = stack.get(&format!("/api/{}/whoami", user.uuid), &token).unwrap();
    assert_eq!(response.outcome(), "200");
    let claims = token::segment(&token, 1);
    assert_eq!(response.json()["headers"]["x-edge-user"], json!([claims["sub"]]));
}

#[test]
fn better_auth_exchanges_its_session_cookie_at_the_edge() {
    let stack = Stack::start(&[("SESSION_EXCHANGE", json!("true"))]).unwrap();
    let [ada, bob] = ["Ada", "Bob"].map(|name| stack.sign_up(name).unwrap());
    let path = format!("/api/{}/whoami", ada.uuid);
    let cookies = format!("theme=dark; {}", ada.cookie);
    let response = stack.get_with(&path, &[("cookie", &cookies)]).unwrap();
    assert_eq!(response.outcome(), "200");
    assert_eq!(response.json()["headers"]["x-edge-user"], json!([ada.uuid]));
    let of = |cookie: &str, headers: &[(&str, &str)]| {
        stack.get_with(&path, &[headers, &[("cookie", cookie)]].concat()).unwrap().outcome()
    };
    assert_eq!(of(&bob.cookie, &[]), "403 user_mismatch");
    let (name, _) = ada.cookie.split_once('=').unwrap();
    assert_eq!(of(&format!("{name}=forged.c2lnbmF0dXJl"), &[]), "401 missing_token");
    let url = format!("{}/api/{}/tasks", stack.edge_url, ada.uuid);
    let task = json!({"title": "x"});
    let post = |origin| {
        let headers = [("cookie", ada.cookie.as_str()), ("origin", origin)];
        http::post(&url, &headers, &task).unwrap().outcome()
    };
    assert_eq!(post("https://evil.example"), "403 cross_site_request");
    assert_eq!(post(&stack.auth_url), "201");
}

#[test]
fn a_bound_assertion_is_valid_for_its_request_only() {
    let stack = Stack::start(&[("EDGE_BIND_REQUEST", json!("true"))]).unwrap();
    let user = stack.sign_up("Ada").unwrap();
    let token = stack.token(&user).unwrap();
    let [whoami, tasks] = ["whoami", "tasks"].map(|name| format!("/api/{}/{name}", user.uuid));
    let response = stack.get(&format!("{whoami}?a=%2F"), &token).unwrap();
    assert_eq!(response.outcome(), "200");
    assert_eq!(stack.get(&tasks, &token).unwrap().outcome(), "200");
    let json = response.json();
    let assertion = json["headers"]["x-edge-jwt-assertion"][0].as_str().unwrap();
    let directly = |path: &str| {
        let url = format!("{}{path}", stack.api_url);
        http::get(&url, &[("x-edge-jwt-assertion", assertion)]).unwrap().outcome()
    };
    assert_eq!(directly(&whoami), "200");
    assert_eq!(directly(&tasks), "401 invalid_claim");
}

#[test]
fn a_store_of_ended_sessions_leaves_all_others_as_they_were() {
    let stack = Stack::start(&[("SESSION_EXCHANGE", json!("true"))]).unwrap();
    let user = stack.sign_up("Ada").unwrap();
    let token = stack.token(&user).unwrap();
    let path = format!("/api/{}/tasks", user.uuid);
    assert_eq!(stack.get(&path, &token).unwrap().outcome(), "200");
    let cookie = [("cookie", user.cookie.as_str())];
    assert_eq!(stack.get_with(&path, &cookie).unwrap().outcome(), "200");
    let health = stack.get_with("/.well-known/better-auth-edge/health", &[]).unwrap().json();
    // Better Auth may have told of its first signing key by now
    assert!(health["revocations"]["entries"].as_u64().is_some_and(|it| it <= 1), "{health}");
}

#[test]
fn an_upload_streams_to_the_upstream() {
    let stack = Stack::start(&[]).unwrap();
    let user = stack.sign_up("Ada").unwrap();
    let bearer = format!("Bearer {}", stack.token(&user).unwrap());
    let url = format!("{}/api/{}/upload", stack.edge_url, user.uuid);
    let body = json!("x".repeat(5_000_000));
    let response = http::post(&url, &[("authorization", &bearer)], &body).unwrap();
    assert_eq!(response.outcome(), "200");
    assert_eq!(response.json()["bytes"], 5_000_002);
}
