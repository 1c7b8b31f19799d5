//! The Worker in workerd between a real Better Auth and a real FastAPI; several at the same time.

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
fn better_auths_claims_reach_the_origin_as_settings_say() {
    let claim_headers = json!({"email": "x-user-email", "name": "x-user-name", "id": "x-user-id"});
    let stack = Stack::start(&[
        ("CLAIM_HEADERS", claim_headers),
        ("USER_CLAIM", json!("sub")),
        ("ROUTES", json!([{"path": "/api/{user_id}/*", "match": {"user_id": "uuid"}}])),
    ])
    .unwrap();
    let user = stack.sign_up("Jürgen").unwrap();
    let token = stack.token(&user).unwrap();
    let answer = stack.get(&format!("/api/{}/whoami", user.uuid), &token).unwrap();
    assert_eq!(answer.outcome(), "200");
    let claims = token::segment(&token, 1);
    assert_eq!(answer.json()["headers"]["x-edge-user"], json!([claims["sub"]]));
}

#[test]
fn an_upload_streams_through_to_the_origin() {
    let stack = Stack::start(&[]).unwrap();
    let user = stack.sign_up("Ada").unwrap();
    let bearer = format!("Bearer {}", stack.token(&user).unwrap());
    let url = format!("{}/api/{}/upload", stack.edge_url, user.uuid);
    let body = json!("x".repeat(5_000_000));
    let answer = http::post(&url, &[("authorization", &bearer)], &body).unwrap();
    assert_eq!(answer.outcome(), "200");
    assert_eq!(answer.json()["bytes"], 5_000_002);
}
