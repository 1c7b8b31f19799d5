//! Made-up API keys and session tokens: they must neither lock out known ones, nor evict them, nor
//! pass for another kind of credential.

use crate::common::{Edge, NOW, ScriptedResponse, good_claims, request};
use better_auth_edge::gateway::{Decision, RequestHead};
use futures_util::future::join_all;

/// An edge whose auth server responds in a second and accepts keys and tokens that contain `live`.
fn edge(settings: &[(&str, &str)]) -> Edge {
    let both = [("API_KEYS", "true"), ("SESSION_EXCHANGE", "true")];
    let edge = Edge::new(&[&both, settings].concat());
    let (name, bearer) = edge.bearer(&good_claims());
    assert_eq!(edge.outcome(&request("GET", "/x", &[(name, bearer)])), "forward");
    let token = edge.signer.token(&good_claims().with("exp", &(NOW + 900.0).to_string()));
    edge.host.respond_to(
        |request| {
            let by_header = request.authorization.as_ref().map(|(_, value)| value);
            by_header.or(request.cookie.as_ref()).is_some_and(|value| value.contains("live"))
        },
        ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#)).after(1.0),
    );
    edge.host.respond_to(
        |request| request.url.contains("/token"),
        ScriptedResponse::status(401, r#"{"message":"no","code":"INVALID_API_KEY"}"#).after(1.0),
    );
    edge
}

const WITH_ADDRESS: [(&str, &str); 1] = [("CLIENT_IP_HEADER", "x-real-ip")];

fn with_key(key: &str, address: &str) -> RequestHead {
    request("GET", "/x", &[("x-api-key", key), ("x-real-ip", address)])
}

fn with_bearer(token: &str, address: &str) -> RequestHead {
    let bearer = format!("Bearer {token}-nR7bYx2QmK5tWv8sLpJc3HdG6fZaE9uT");
    request("GET", "/x", &[("authorization", bearer.as_str()), ("x-real-ip", address)])
}

/// The outcome of a request that arrives while two thousand made-up keys and tokens wait, and its
/// duration in seconds.
fn within_a_flood(
    edge: &Edge,
    address_of: impl Fn(usize) -> String,
    head: &RequestHead,
) -> (&'static str, f64) {
    let made_up = |i: usize| match i % 2 {
        0 => with_key(&format!("made-up{i}"), &address_of(i)),
        _ => with_bearer(&format!("made-up{i}"), &address_of(i)),
    };
    edge.outcome_within(&(0..2_000).map(made_up).collect::<Vec<_>>(), head)
}

#[test]
fn a_flood_from_one_address_delays_no_other_address() {
    for head in [with_key("live", "198.51.100.1"), with_bearer("live", "198.51.100.1")] {
        let edge = edge(&WITH_ADDRESS);
        let (outcome, seconds) = within_a_flood(&edge, |_| "192.0.2.7".to_owned(), &head);
        assert_eq!(outcome, "forward");
        assert!(seconds < 1.1, "{seconds}");
    }
}

#[test]
fn a_known_key_passes_a_flood_from_many_or_unknown_addresses() {
    for unknown in [true, false] {
        let address = |i: usize| match unknown {
            true => String::new(),
            false => format!("10.0.{}.{}", i / 256, i % 256),
        };
        for head in [with_key("live", ""), with_bearer("live", "")] {
            let edge = edge(&WITH_ADDRESS);
            assert_eq!(edge.outcome(&head), "forward");
            edge.host.advance(61.0);
            let (outcome, seconds) = within_a_flood(&edge, address, &head);
            assert_eq!(outcome, "forward");
            assert!(seconds < 1.1, "{seconds}");
        }
    }
}

#[test]
fn without_an_address_made_up_keys_leave_a_part_of_the_budget_to_known_ones() {
    let edge = edge(&[("BETTER_AUTH_SECRET", "a secret that no key is signed with")]);
    assert_eq!(edge.outcome(&with_key("live-known", "")), "forward");
    edge.host.advance(61.0);
    let outcome = |i: usize| edge.outcome(&with_key(&format!("made-up{i}"), ""));
    let heads: Vec<_> = (0..300).map(|i| with_key(&format!("made-up{i}"), "")).collect();
    let flood = join_all(heads.iter().map(|head| edge.gateway.decide(head, &edge.host)));
    edge.host.run(flood);
    let asked = edge.host.requests().iter().filter(|it| it.authorization.is_some()).count();
    assert_eq!(asked, 81, "eighty made-up keys, and the known one");
    assert_eq!(outcome(1_000), "keys_unavailable");
    assert_eq!(edge.outcome(&with_key("live-known", "")), "forward");
    assert_eq!(edge.outcome(&with_key("live-new", "")), "keys_unavailable");
    edge.host.advance(10.0);
    assert_eq!(edge.outcome(&with_key("live-new", "")), "forward");
}

#[test]
fn made_up_keys_evict_no_token() {
    let edge = edge(&WITH_ADDRESS);
    edge.outcome(&with_key("live", ""));
    edge.outcome(&with_bearer("live", ""));
    let heads: Vec<_> = (0..6_000)
        .map(|i| with_key(&format!("made-up{i}"), &format!("10.0.{}.{}", i / 256, i % 256)))
        .collect();
    for part in heads.chunks(100) {
        edge.host.run(join_all(part.iter().map(|head| edge.gateway.decide(head, &edge.host))));
        let before = edge.host.fetches();
        if edge.host.elapsed() < 50.0 {
            assert_eq!(edge.outcome(&with_key("live", "")), "forward");
            assert_eq!(edge.outcome(&with_bearer("live", "")), "forward");
            assert_eq!(edge.host.fetches(), before, "both tokens are cached");
        }
    }
    assert!(edge.host.elapsed() > 50.0, "the flood has lasted");
}

#[test]
fn one_text_as_different_credentials_has_an_exchange_for_each() {
    let edge = edge(&[]);
    let text = "live-nR7bYx2QmK5tWv8sLpJc3HdG6fZaE9uT";
    let cookie = format!("better-auth.session_token={text}");
    let bearer = format!("Bearer {text}");
    let cookie_as_key = cookie.clone();
    let heads = [
        [("x-api-key", text)],
        [("authorization", bearer.as_str())],
        [("cookie", cookie.as_str())],
        [("x-api-key", cookie_as_key.as_str())],
    ];
    for (count, headers) in heads.iter().enumerate() {
        let asked = |edge: &Edge| {
            edge.host.requests().iter().filter(|request| request.url.contains("/token")).count()
        };
        assert_eq!(asked(&edge), count);
        assert_eq!(edge.outcome(&request("GET", "/x", headers)), "forward");
        assert_eq!(edge.outcome(&request("GET", "/x", headers)), "forward");
        assert_eq!(asked(&edge), count + 1, "{headers:?} has an exchange of its own");
    }
}

#[test]
fn a_huge_or_strange_key_reaches_neither_the_auth_server_nor_the_log() {
    let edge = edge(&[("LOG_LEVEL", "info")]);
    let before = edge.host.fetches();
    let huge = "live".repeat(10_000);
    for key in [huge.as_str(), "live\u{e9}", "live live", "live,live"] {
        assert_eq!(edge.outcome(&with_key(key, "")), "malformed_request");
    }
    assert_eq!(edge.host.fetches(), before);
    assert!(edge.host.logged().iter().all(|(_, line)| !line.contains("live")));
}

#[test]
fn no_response_or_log_contains_a_key() {
    let edge = edge(&[("LOG_LEVEL", "info")]);
    edge.host.logged();
    for key in ["made-up-secret", "live-secret"] {
        let text = match edge.decide(&with_key(key, "")) {
            Decision::Respond(response, error) => format!("{} {error:?}", response.body),
            Decision::Forward(forward) => forward.report.and_then(|it| it.log).expect("a line"),
        };
        assert!(!text.contains("secret"), "{text}");
    }
    let lines = edge.host.logged();
    assert_eq!(lines.len(), 1, "the rejection");
    assert!(!lines[0].1.contains("secret"), "{}", lines[0].1);
}

#[test]
fn a_public_path_exchanges_no_key() {
    let edge = edge(&[("ROUTES", r#"[{"path":"/x","auth":"public"}]"#)]);
    let before = edge.host.fetches();
    for key in ["live", "made-up", "", "a, b"] {
        assert_eq!(edge.outcome(&with_key(key, "")), "forward");
    }
    assert_eq!(edge.host.fetches(), before);
}
