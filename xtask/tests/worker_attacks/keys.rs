//! The Worker in workerd: key fetches under load, under attack and from a misbehaving auth server,
//! and the health endpoint in these cases.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::wire::{Wire, WireUpstream};
use crate::common::{Auth, Scripted, UUID, bearer, echo, edge, key_set, respond};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use xtask::http;
use xtask::stack::Edge;

fn outcome(edge: &Edge, token: &str) -> String {
    let url = format!("{}/api/{UUID}/x", edge.url);
    http::get(&url, &[("authorization", &bearer(token))]).unwrap().outcome()
}

fn health(edge: &Edge) -> (u16, Value) {
    let url = format!("{}/.well-known/better-auth-edge/health", edge.url);
    let response = http::get(&url, &[]).unwrap();
    (response.status, response.json()["status"].clone())
}

/// Sends requests with these tokens over one connection and returns the statuses.
fn statuses<'t>(edge: &Edge, tokens: impl Iterator<Item = &'t str>) -> Vec<u16> {
    let mut wire = Wire::connect(&edge.url);
    let mut status = |token: &str| {
        let head = format!("GET /api/{UUID}/x HTTP/1.1\r\nhost: a\r\nauthorization: ");
        wire.send(format!("{head}{}\r\n\r\n", bearer(token))).unwrap();
        let head = wire.head().unwrap();
        wire.body(&head).all().unwrap();
        head.status()
    };
    tokens.map(&mut status).collect()
}

#[test]
fn keys_are_rotated_under_load_without_a_false_rejection() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    let rotated = AtomicBool::new(false);
    thread::scope(|scope| {
        let requests: Vec<_> = (0..6)
            .map(|client| {
                let (edge, auth, rotated) = (&edge, &auth, &rotated);
                scope.spawn(move || {
                    // all tokens are distinct, so that each one is verified
                    let token = |kid: &str, number: u32| {
                        auth.token_with(kid, json!({"jti": format!("{client}-{number}")}))
                    };
                    let mut after = 0;
                    for number in 0.. {
                        // both are valid once the new key is published
                        let is_rotated = rotated.load(Ordering::SeqCst);
                        let kid = if is_rotated && number % 2 == 0 { "b" } else { "a" };
                        assert_eq!(outcome(edge, &token(kid, number)), "200", "{kid} {number}");
                        after += u32::from(is_rotated);
                        if after == 50 {
                            return number;
                        }
                    }
                    unreachable!()
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(300));
        auth.publish(&key_set(&["a", "b"]));
        rotated.store(true, Ordering::SeqCst);
        for request in requests {
            assert!(request.join().unwrap() >= 50);
        }
    });
    assert_eq!(auth.server.count(), 2, "one fetch for the first key, one for the second");
}

#[test]
fn ten_thousand_unknown_kids_cause_a_few_fetches_and_one_more_in_thirty_seconds() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let edge = edge(&auth, &upstream, &[]);
    assert_eq!(outcome(&edge, &auth.token("a")), "200");
    let started = Instant::now();
    thread::scope(|scope| {
        for part in 0..4 {
            let (edge, auth) = (&edge, &auth);
            scope.spawn(move || {
                let tokens: Vec<_> =
                    (0..2_500).map(|i| auth.token(&format!("unknown-{part}-{i}"))).collect();
                let statuses = statuses(edge, tokens.iter().map(String::as_str));
                // 503 for a key that no fetch has looked for yet
                assert!(statuses.iter().all(|status| matches!(status, 401 | 503)));
            });
        }
    });
    let searches = started.elapsed().as_secs() as usize / 30 + 4;
    assert!(auth.server.count() <= 1 + searches, "{} fetches", auth.server.count());
    assert_eq!(outcome(&edge, &auth.token("a")), "200");
}

#[test]
fn an_auth_server_that_sends_slowly_times_out_and_health_reports_available_keys() {
    let drip = |head: &'static str| {
        WireUpstream::start(move |mut wire| {
            wire.head()?;
            wire.send(head)?;
            for _ in 0..300 {
                wire.send(" ")?;
                thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        })
    };
    thread::scope(|scope| {
        for head in [
            "HTTP/1.1 200 OK\r\ncontent-length: 300\r\n\r\n",
            "HTTP/1.1 500 Oh\r\ncontent-length: 300\r\n\r\n",
            "HTTP/1.1 200 OK\r\nx-head:",
        ] {
            scope.spawn(move || {
                let (auth, upstream, dripping) =
                    (Auth::start(&key_set(&["a"])), echo(), drip(head));
                let cold = edge(&auth, &upstream, &[("JWKS_URL", json!(dripping.url))]);
                let started = Instant::now();
                assert_eq!(outcome(&cold, &auth.token("a")), "503 keys_unavailable", "{head}");
                let waited = started.elapsed().as_secs();
                assert!((4..10).contains(&waited), "{waited} s for {head}");
                assert_eq!(health(&cold), (503, json!("keys_unavailable")), "{head}");
            });
        }
    });
}

#[test]
fn an_invalid_set_does_no_harm_and_a_valid_one_is_read_with_any_content_type() {
    let both = key_set(&["a", "b"]).to_string();
    let mut private = key_set(&["a", "b"]);
    private["keys"][1]["d"] = json!("A".repeat(43));
    let twice = both.replacen(r#""kty":"OKP""#, r#""kty":"OKP","kty":"OKP""#, 1);
    let deep = format!(r#"{{"keys":[],"x":{}{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
    for (lie, status, kind, body, new, known) in [
        ("HTML", 200, "text/html", "<html>".to_owned(), "503 keys_unavailable", "200"),
        ("a set with the type HTML", 200, "text/html", both.clone(), "200", "200"),
        ("nothing", 200, "application/json", String::new(), "503 keys_unavailable", "200"),
        ("more", 200, "application/json", format!("{both}x"), "503 keys_unavailable", "200"),
        ("a part", 206, "application/json", both.clone(), "503 keys_unavailable", "200"),
        ("no status", 999, "application/json", both.clone(), "503 keys_unavailable", "200"),
        ("a member twice", 200, "application/json", twice, "503 keys_unavailable", "200"),
        ("depth", 200, "application/json", deep, "503 keys_unavailable", "200"),
        ("a private key", 200, "application/json", private.to_string(), "401 unknown_key", "200"),
    ] {
        let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
        let edge = edge(&auth, &upstream, &[]);
        assert_eq!(outcome(&edge, &auth.token("a")), "200");
        auth.handle(move |request| respond(request, status, &[("content-type", kind)], &*body));
        assert_eq!(outcome(&edge, &auth.token("b")), new, "{lie}");
        assert_eq!(outcome(&edge, &auth.token("a")), known, "{lie}");
        assert_eq!(health(&edge), (200, json!("ok")), "{lie}");
    }
}

#[test]
fn a_compressed_set_is_read_and_an_endless_one_does_no_harm() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    let warm = edge(&auth, &upstream, &[]);
    assert_eq!(outcome(&warm, &auth.token("a")), "200");
    let at_first = warm.memory().unwrap();
    // endless spaces
    auth.handle(|request| request.stream("200 OK", std::io::repeat(b' ').take(1 << 30)));
    let started = Instant::now();
    assert_eq!(outcome(&warm, &auth.token("b")), "503 keys_unavailable");
    assert!(started.elapsed() < Duration::from_secs(4));
    let grown = warm.memory().unwrap().saturating_sub(at_first);
    assert!(grown < 30 * 1024 * 1024, "{grown} bytes more");
    assert_eq!(outcome(&warm, &auth.token("a")), "200");
    auth.publish(&key_set(&["a"]));
    let compressed = Scripted::start(|request| {
        let set = compressed(key_set(&["a"]).to_string().as_bytes());
        respond(request, 200, &[("content-encoding", "gzip")], set);
    });
    let cold = edge(&auth, &upstream, &[("JWKS_URL", json!(compressed.url))]);
    assert_eq!(outcome(&cold, &auth.token("a")), "200");
}

/// Compresses with gzip.
fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
