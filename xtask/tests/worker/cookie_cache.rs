//! The Worker in workerd with the cookie cache of a real Better Auth that has stopped.

use crate::common::{echo, seen};
use serde_json::json;
use xtask::http;
use xtask::stack::Stack;

#[test]
fn a_signed_cookie_cache_suffices_while_better_auth_is_down() {
    for signed_by in ["jwks", "secret"] {
        let upstream = echo();
        let mut stack = Stack::start_with_cookie_cache(signed_by, &upstream.url).unwrap();
        let [ada, bob] = ["Ada", "Bob"].map(|name| stack.sign_up(name).unwrap());
        let cache = ada.cookies.split_once("; ").expect("two cookies").1;
        assert!(cache.starts_with("better-auth.session_data="), "{signed_by}");
        let path = format!("/api/{}/whoami", ada.uuid);
        if signed_by == "jwks" {
            // the keys are fetched before Better Auth stops
            let response = stack.get_with(&path, &[("cookie", &ada.cookies)]).unwrap();
            assert_eq!(response.outcome(), "200");
        }
        stack.stop_auth();

        let response = stack.get_with(&path, &[("cookie", &ada.cookies)]).unwrap();
        assert_eq!(response.outcome(), "200", "{signed_by}");
        assert_eq!(seen(&response.json(), "x-edge-user"), [ada.uuid.as_str()]);
        assert!(seen(&response.json(), "cookie").is_empty());
        let of = |cookies: &str| stack.get_with(&path, &[("cookie", cookies)]).unwrap().outcome();
        assert_eq!(of(&bob.cookies), "403 user_mismatch");
        assert_eq!(of(&format!("{}; {cache}", bob.cookie)), "401 invalid_claim");
        assert_eq!(of(cache), "401 missing_token");
        assert_eq!(of(&ada.cookie), "401 missing_token");
        let forged = &ada.cookies[..ada.cookies.len() - 8];
        assert_eq!(of(&format!("{forged}AAAAAAAA")), "401 bad_signature");

        let url = format!("{}/api/{}/tasks", stack.edge_url, ada.uuid);
        let headers = [("cookie", ada.cookies.as_str()), ("origin", "https://evil.example")];
        let posted = http::post(&url, &headers, &json!({"title": "x"})).unwrap();
        assert_eq!(posted.outcome(), "403 cross_site_request");
    }
}
