//! Rate limits with bindings: for users, and for the client addresses of rejected requests.

use crate::common::{Edge, good_claims, request};
use better_auth_edge::gateway::{Bindings, RequestHead};
use better_auth_edge::host::Limit;
use serde_json::Value;

const ROUTES: (&str, &str) = (
    "ROUTES",
    r#"[{"path":"/public/*","auth":"public"},{"path":"/maybe","auth":"optional"},
        {"path":"/api/{user_id}/*","match":{"user_id":"sub"}}]"#,
);
const ADDRESS: &str = "192.0.2.7";

fn edge(settings: &[(&str, &str)]) -> Edge {
    let bindings =
        Bindings { rate_limit_user: true, rate_limit_rejected: true, ..Bindings::default() };
    Edge::with_bindings(&[&[ROUTES], settings].concat(), bindings)
}

fn head(method: &str, path: &str, bearer: &str) -> RequestHead {
    let headers = [("authorization", bearer), ("cf-connecting-ip", ADDRESS)];
    let sent = headers.iter().filter(|(_, value)| !value.is_empty());
    request(method, path, &sent.copied().collect::<Vec<_>>()).from_cloudflare()
}

#[test]
fn each_rate_limit_counts_its_own_requests() {
    let edge = edge(&[("CORS_ORIGINS", "https://page.example")]);
    let good = edge.bearer(&good_claims()).1;
    for (method, path, bearer, limit) in [
        ("GET", "/api/user-1/a", &*good, Some(Limit::User)),
        ("HEAD", "/a", &*good, Some(Limit::User)),
        ("GET", "/maybe", &*good, Some(Limit::User)),
        ("GET", "/maybe", "", None),
        ("GET", "/public/a", &*good, None),
        ("GET", "/a", "", Some(Limit::Rejected)),
        ("HEAD", "/a", "", Some(Limit::Rejected)),
        ("GET", "/a", "Bearer a.b.c", Some(Limit::Rejected)),
        ("GET", "/api/user-2/a", &*good, Some(Limit::Rejected)),
        ("GET", "/a//b", &*good, None),
        ("GET", "/.well-known/better-auth-edge/health", "", None),
        ("GET", "/.well-known/better-auth-edge/jwks.json", "", None),
    ] {
        edge.decide(&head(method, path, bearer));
        let counted: Vec<_> = edge.host.counted().into_iter().map(|(limit, _)| limit).collect();
        assert_eq!(counted, limit.into_iter().collect::<Vec<_>>(), "{method} {path} {bearer}");
    }
    let preflight = [
        ("origin", "https://page.example"),
        ("access-control-request-method", "PUT"),
        ("cf-connecting-ip", ADDRESS),
    ];
    edge.decide(&request("OPTIONS", "/a", &preflight));
    assert!(edge.host.counted().is_empty());
}

#[test]
fn a_user_is_counted_by_a_pseudonym_that_is_the_same_in_all_isolates() {
    let key = |settings: &[(&str, &str)], user: &str| {
        let edge = edge(settings);
        let good = edge.bearer(&good_claims().with("sub", &format!("\"{user}\""))).1;
        edge.forward(&head("GET", "/a", &good));
        edge.host.counted().remove(0).1
    };
    let name = key(&[], "user-1");
    assert!(name.len() == 64 && !name.contains("user-1"), "{name}");
    assert_eq!(name, key(&[("LOG_SALT", "salt")], "user-1"));
    assert_ne!(name, key(&[], "user-2"));
}

#[test]
fn the_client_address_of_cloudflare_is_counted_and_without_an_address_no_limit_applies() {
    let edge = edge(&[]);
    edge.respond(&head("GET", "/a", ""));
    assert_eq!(edge.host.counted(), [(Limit::Rejected, ADDRESS.to_owned())]);
    edge.respond(&request::<&str>("GET", "/a", &[]));
    assert!(edge.host.counted().is_empty());
}

#[test]
fn a_rate_limited_client_gets_a_retry_after() {
    for (settings, seconds) in [(&[][..], "60"), (&[("RATE_LIMIT_RETRY_AFTER", "7")][..], "7")] {
        let edge = edge(settings);
        let good = edge.bearer(&good_claims()).1;
        edge.host.set_reached_limits(&[Limit::User, Limit::Rejected]);
        for bearer in [&*good, "Bearer a.b.c"] {
            let response = edge.respond(&head("GET", "/a", bearer));
            let header = |wanted| {
                let mut headers = response.headers.iter();
                headers.find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str())
            };
            assert_eq!(response.status, 429);
            assert_eq!(header("retry-after"), Some(seconds));
            assert_eq!(
                header("www-authenticate"),
                None,
                "the client learns nothing about the token"
            );
            assert!(response.body.contains(r#""code":"rate_limited""#), "{}", response.body);
        }
    }
}

#[test]
fn rejected_requests_of_an_address_do_not_limit_its_valid_ones() {
    let edge = edge(&[]);
    edge.host.set_reached_limits(&[Limit::Rejected]);
    assert_eq!(edge.outcome(&head("GET", "/a", "")), "rate_limited");
    assert_eq!(edge.outcome(&head("GET", "/a", &edge.bearer(&good_claims()).1)), "forward");
    assert_eq!(edge.outcome(&head("GET", "/public/a", "")), "forward");
}

#[test]
fn the_log_has_the_code_that_the_rate_limit_replaced() {
    let edge = edge(&[]);
    edge.host.set_reached_limits(&[Limit::Rejected]);
    edge.respond(&head("GET", "/a", ""));
    let line: Value = serde_json::from_str(&edge.host.logged()[0].1).unwrap();
    assert_eq!((&line["code"], &line["status"]), (&"rate_limited".into(), &429.into()));
    assert_eq!(line["cause"], "missing_token");
}

#[test]
fn without_bindings_no_rate_limiter_is_called() {
    let edge = Edge::new(&[ROUTES]);
    edge.host.set_reached_limits(&[Limit::User, Limit::Rejected]);
    assert_eq!(edge.outcome(&head("GET", "/a", "")), "missing_token");
    assert_eq!(edge.outcome(&head("GET", "/a", &edge.bearer(&good_claims()).1)), "forward");
    assert!(edge.host.counted().is_empty());
}
