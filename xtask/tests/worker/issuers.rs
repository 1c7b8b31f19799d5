//! The Worker in workerd with two auth servers, one of which stops.

use crate::common::{Auth, UUID, bearer, echo, edge, key_set, respond};
use serde_json::json;
use xtask::http;

#[test]
fn each_issuer_serves_its_own_tokens_and_no_others() {
    let (production, staging, upstream) =
        (Auth::start(&key_set(&["a"])), Auth::start(&key_set(&["b"])), echo());
    let issuers = json!([{"base_url": staging.server.url}]);
    let edge = edge(&production, &upstream, &[("ISSUERS", issuers)]);
    let outcome = |token: &str| {
        let url = format!("{}/api/{UUID}/x", edge.url);
        http::get(&url, &[("authorization", &bearer(token))]).unwrap().outcome()
    };
    for _ in 0..2 {
        assert_eq!(outcome(&production.token("a")), "200");
        assert_eq!(outcome(&staging.token("b")), "200");
    }
    assert_eq!(outcome(&staging.token("a")), "401 unknown_key");
    let foreign = staging.token_with("b", json!({"iss": format!("{}/", staging.server.url)}));
    assert_eq!(outcome(&foreign), "401 unknown_key");

    staging.handle(|request| respond(request, 500, &[], ""));
    let url = format!("{}/.well-known/better-auth-edge/health", edge.url);
    let health = http::get(&url, &[]).unwrap().json();
    let expected = json!({
        "status": "ok", "keys": 2, "keys_age": health["keys_age"], "rules": 3,
        "isolating_rules": 1, "issuers": 2, "issuers_with_keys": 2,
    });
    assert_eq!(health, expected);
}
