//! The Worker in workerd with an auth server that rotates keys, responds wrongly, stalls or stops.

use std::thread;
use std::time::{Duration, Instant};

use crate::common::{Auth, UUID, bearer, echo, edge, key_set, respond};
use serde_json::json;
use xtask::http;
use xtask::stack::Edge;

fn outcome(edge: &Edge, token: &str) -> String {
    let url = format!("{}/api/{UUID}/x", edge.url);
    http::get(&url, &[("authorization", &bearer(token))]).unwrap().outcome()
}

#[test]
fn no_key_is_fetched_until_a_token_needs_one_and_then_once() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    http::get(&format!("{}/public/x", edge.url), &[]).unwrap();
    assert_eq!(outcome(&edge, "a.b.c"), "401 malformed_token");
    assert_eq!(auth.server.count(), 0);
    for _ in 0..5 {
        assert_eq!(outcome(&edge, &auth.token("a")), "200");
    }
    assert_eq!(auth.server.count(), 1);
}

#[test]
fn many_first_requests_share_one_fetch() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    auth.handle(|request| {
        thread::sleep(Duration::from_millis(300));
        respond(request, 200, &[], key_set(&["a"]).to_string());
    });
    let edge = edge(&auth, &upstream, &[]);
    let token = auth.token("a");
    thread::scope(|scope| {
        let requests: Vec<_> = (0..20).map(|_| scope.spawn(|| outcome(&edge, &token))).collect();
        for request in requests {
            assert_eq!(request.join().unwrap(), "200");
        }
    });
    assert_eq!(auth.server.count(), 1);
}

#[test]
fn a_new_key_is_picked_up_at_once_and_a_removed_one_stops_verifying() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    assert_eq!(outcome(&edge, &auth.token("a")), "200");
    for kid in ["b", "c"] {
        auth.publish(&key_set(&[kid]));
        assert_eq!(outcome(&edge, &auth.token(kid)), "200", "the first token with {kid}");
    }
    assert_eq!(auth.server.count(), 3);
    // fetches do not find these keys
    for kid in ["a", "b", "a", "b"] {
        assert_eq!(outcome(&edge, &auth.token(kid)), "401 unknown_key");
    }
    assert_eq!(auth.server.count(), 5);
}

#[test]
fn a_thousand_unknown_kids_cause_a_few_fetches() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    assert_eq!(outcome(&edge, &auth.token("a")), "200");
    thread::scope(|scope| {
        for part in 0..4 {
            let (edge, auth) = (&edge, &auth);
            scope.spawn(move || {
                for i in 0..250 {
                    let token = auth.token(&format!("unknown-{part}-{i}"));
                    let outcome = outcome(edge, &token);
                    let expected = ["401 unknown_key", "503 keys_unavailable"];
                    assert!(expected.contains(&outcome.as_str()), "{outcome}");
                }
            });
        }
    });
    // one permit can be restored in the meantime
    assert!((5..=6).contains(&auth.server.count()), "{}", auth.server.count());
    assert_eq!(outcome(&edge, &auth.token("a")), "200");
}

#[test]
fn a_token_of_another_issuer_does_not_use_the_fetch_that_a_new_key_needs() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    assert_eq!(outcome(&edge, &auth.token("a")), "200");
    let foreign = auth.token_with("of-another", json!({"iss": "https://another.example"}));
    assert_eq!(outcome(&edge, &foreign), "401 unknown_key");
    assert_eq!(auth.server.count(), 1);
    auth.publish(&key_set(&["a", "b"]));
    assert_eq!(outcome(&edge, &auth.token("b")), "200");
}

#[test]
fn unusable_keys_are_ignored_and_the_others_are_used() {
    let mut set = key_set(&["a"]);
    for unusable in [
        json!(7),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "small", "x": "A".repeat(43)}),
        json!({"kty": "oct", "kid": "secret", "k": "AAAA"}),
        json!({"kty": "OKP", "crv": "X25519", "kid": "dh", "x": "A".repeat(43)}),
    ] {
        set["keys"].as_array_mut().unwrap().insert(0, unusable);
    }
    let (auth, upstream) = (Auth::start(&set), echo());
    let edge = edge(&auth, &upstream, &[]);
    assert_eq!(outcome(&edge, &auth.token("a")), "200");
    assert_eq!(outcome(&edge, &auth.token("small")), "401 unknown_key");
}

#[test]
fn an_invalid_set_keeps_the_known_keys_and_is_a_503_when_none_are_known() {
    let redirected = Auth::start(&key_set(&["a", "b"]));
    let elsewhere = redirected.server.url.clone();
    type InvalidResponse = (&'static str, Box<dyn Fn() -> (u16, String, String)>);
    let responses: Vec<InvalidResponse> = vec![
        ("not JSON", Box::new(|| (200, String::new(), "<html>".into()))),
        ("no set", Box::new(|| (200, String::new(), r#"{"key":[]}"#.into()))),
        ("an array", Box::new(|| (200, String::new(), "[]".into()))),
        ("duplicates", Box::new(|| (200, String::new(), r#"{"keys":[],"keys":[]}"#.into()))),
        ("a 404", Box::new(|| (404, String::new(), key_set(&["a", "b"]).to_string()))),
        ("a 429", Box::new(|| (429, String::new(), String::new()))),
        ("a redirect", Box::new(move || (302, elsewhere.clone(), String::new()))),
        (
            "over 256 kB",
            Box::new(|| {
                let set = key_set(&["a", "b"]).to_string();
                (200, String::new(), format!("{}{}", " ".repeat(256 * 1024), set))
            }),
        ),
    ];
    for (response, script) in responses {
        let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
        let (warm, cold) = (edge(&auth, &upstream, &[]), edge(&auth, &upstream, &[]));
        assert_eq!(outcome(&warm, &auth.token("a")), "200");
        let (status, location, body) = script();
        auth.handle(move |request| {
            respond(request, status, &[("location", &location)], body.clone());
        });
        assert_eq!(outcome(&warm, &auth.token("b")), "503 keys_unavailable", "{response}, warm");
        assert_eq!(outcome(&warm, &auth.token("a")), "200", "{response}, warm");
        assert_eq!(outcome(&cold, &auth.token("a")), "503 keys_unavailable", "{response}, cold");
    }
    assert_eq!(redirected.server.count(), 0, "redirects are not followed");
}

#[test]
fn a_stalled_auth_server_times_out_after_five_seconds() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let (warm, cold) = (edge(&auth, &upstream, &[]), edge(&auth, &upstream, &[]));
    assert_eq!(outcome(&warm, &auth.token("a")), "200");
    auth.handle(|request| {
        thread::sleep(Duration::from_secs(20));
        respond(request, 200, &[], key_set(&["a", "b"]).to_string());
    });
    thread::scope(|scope| {
        for (edge, kid) in [(&warm, "b"), (&cold, "a"), (&cold, "a")] {
            let token = auth.token(kid);
            scope.spawn(move || {
                let started = Instant::now();
                assert_eq!(outcome(edge, &token), "503 keys_unavailable");
                let waited = started.elapsed().as_secs();
                assert!((4..15).contains(&waited), "{waited} s");
            });
        }
        scope.spawn(|| assert_eq!(outcome(&warm, &auth.token("a")), "200"));
    });
}

#[test]
fn a_503_has_a_retry_after_and_recovery_needs_no_restart() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    auth.handle(|request| respond(request, 500, &[], ""));
    let edge = edge(&auth, &upstream, &[]);
    let url = format!("{}/api/{UUID}/x", edge.url);
    let token = bearer(&auth.token("a"));
    let headers = [("authorization", token.as_str())];
    let rejected = http::get(&url, &headers).unwrap();
    assert_eq!(rejected.outcome(), "503 keys_unavailable");
    let seconds: u64 = rejected.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&seconds), "{seconds}");
    auth.publish(&key_set(&["a"]));
    thread::sleep(Duration::from_secs(seconds));
    assert_eq!(http::get(&url, &headers).unwrap().outcome(), "200");
}
