//! Clients that disconnect while the auth server is slow. workerd cancels the request of a client
//! that disconnects, and the Worker must still serve the other clients.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{Auth, Scripted, UUID, bearer, echo, edge, key_set, respond};
use serde_json::{Value, json};
use xtask::http;
use xtask::stack::Edge;
use xtask::token;

/// The response time of the auth server.
const AUTH_DELAY: Duration = Duration::from_millis(300);

/// The time between a client's request and its disconnection.
const DISCONNECT_AFTER: Duration = Duration::from_millis(40);

/// The time until the client's next request.
const RECONNECT_AFTER: Duration = Duration::from_millis(60);

/// The maximum time of a served request: more than the auth server needs on a busy machine, less
/// than the 5.5 s until a canceled fetch is abandoned.
const MAX_TIME: Duration = Duration::from_secs(4);

/// A slow auth server with keys of these ids.
fn slow_auth(kids: &[&str]) -> Auth {
    let auth = Auth::start(&json!({}));
    publish_slowly(&auth, kids);
    auth
}

fn publish_slowly(auth: &Auth, kids: &[&str]) {
    let set = key_set(kids).to_string();
    auth.handle(move |request| {
        thread::sleep(AUTH_DELAY);
        respond(request, 200, &[], set.clone());
    });
}

/// Sends a request and resets its connection a moment later.
fn disconnect(edge: &Edge, path: &str, header: &str) {
    let address: SocketAddr = edge.url.trim_start_matches("http://").parse().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: edge\r\n{header}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    thread::sleep(DISCONNECT_AFTER);
    // a reset, because the end of a stream could be the end of a request
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
}

/// The header of a forged token with publicly known claims.
fn forged(auth: &Auth, kid: &str) -> String {
    let claims = token::segment(&auth.token("a"), 1);
    let header = json!({"alg": "EdDSA", "kid": kid});
    format!("authorization: Bearer {}", token::signed(&header, &claims, |_| vec![0x55; 64]))
}

fn path() -> String {
    format!("/api/{UUID}/x")
}

/// Asserts that a request is served in time.
fn assert_served(edge: &Edge, headers: http::Headers<'_>, case: &str) {
    let started = Instant::now();
    let outcome = http::get(&format!("{}{}", edge.url, path()), headers).unwrap().outcome();
    assert_eq!(outcome, "200", "{case}");
    assert!(started.elapsed() < MAX_TIME, "{case}: {:?}", started.elapsed());
}

fn assert_valid_served(edge: &Edge, auth: &Auth, kid: &str, case: &str) {
    assert_served(edge, &[("authorization", &bearer(&auth.token(kid)))], case);
}

/// Runs `f` while clients send requests and disconnect.
fn while_clients_disconnect(
    edge: &Edge,
    header: &(impl Fn(usize) -> String + Sync),
    f: impl FnOnce(),
) {
    while_attacking(&|number| disconnect(edge, &path(), &header(number)), f);
}

/// Runs `f` while ten threads repeat `attack`, together about a hundred times per second: at least
/// one attack is always in progress, and more would only test the machine's limits.
fn while_attacking(attack: &(impl Fn(usize) + Sync), f: impl FnOnce()) {
    let (is_over, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let number = count.fetch_add(1, Ordering::Relaxed);
                    attack(number);
                    thread::sleep(RECONNECT_AFTER);
                }
            });
        }
        thread::sleep(Duration::from_millis(200));
        // a panic must stop the threads too
        let end = StopOnDrop(&is_over);
        f();
        drop(end);
    });
    assert!(count.load(Ordering::Relaxed) >= 20);
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_client_that_disconnects_does_not_cancel_the_key_fetch_of_others() {
    let (auth, upstream) = (slow_auth(&["a"]), echo());
    let cold = edge(&auth, &upstream, &[]);
    disconnect(&cold, &path(), &forged(&auth, "a"));
    assert_valid_served(&cold, &auth, "a", "cold");
    assert_eq!(auth.server.count(), 1);

    let cold = edge(&auth, &upstream, &[]);
    disconnect(&cold, "/.well-known/better-auth-edge/health", "accept: */*");
    assert_valid_served(&cold, &auth, "a", "cold, fetched for the health endpoint");
    assert_eq!(auth.server.count(), 2);

    publish_slowly(&auth, &["a", "b"]);
    thread::sleep(Duration::from_millis(100));
    disconnect(&cold, &path(), &forged(&auth, "made-up"));
    assert_valid_served(&cold, &auth, "b", "rotated");
}

#[test]
fn a_cold_worker_serves_while_other_clients_disconnect() {
    let (auth, upstream) = (slow_auth(&["a"]), echo());
    let edge = edge(&auth, &upstream, &[]);
    while_clients_disconnect(&edge, &|_| forged(&auth, "a"), || {
        for _ in 0..12 {
            assert_valid_served(&edge, &auth, "a", "cold");
        }
    });
    // the attack can end before the edge has read a forged token with warm keys: send one more
    let forged = forged(&auth, "a");
    let forged = forged.trim_start_matches("authorization: ");
    let url = format!("{}{}", edge.url, path());
    let response = http::get(&url, &[("authorization", forged)]).unwrap();
    assert_eq!(response.outcome(), "401 bad_signature");
    // the second fetch checks whether the auth server has replaced the key with this id
    assert_eq!(auth.server.count(), 2);
}

#[test]
fn an_idle_worker_serves_while_other_clients_disconnect() {
    let (auth, upstream) = (slow_auth(&["a"]), echo());
    let edge = edge(&auth, &upstream, &[("JWKS_MAX_AGE", json!("1"))]);
    assert_valid_served(&edge, &auth, "a", "warm");
    thread::sleep(Duration::from_millis(1_200));
    while_clients_disconnect(&edge, &|_| forged(&auth, "a"), || {
        for _ in 0..12 {
            assert_valid_served(&edge, &auth, "a", "idle");
        }
    });
}

#[test]
fn a_worker_whose_keys_have_changed_serves_while_other_clients_disconnect() {
    let (auth, upstream) = (slow_auth(&["a"]), echo());
    let edge = edge(&auth, &upstream, &[]);
    assert_valid_served(&edge, &auth, "a", "warm");
    publish_slowly(&auth, &["a", "b"]);
    // one `kid` for all, so that they do not use up the limit of fetches
    while_clients_disconnect(&edge, &|_| forged(&auth, "made-up"), || {
        for _ in 0..12 {
            assert_valid_served(&edge, &auth, "b", "rotated");
            assert_valid_served(&edge, &auth, "a", "rotated, with the old key");
        }
    });
}

#[test]
fn a_flood_of_forged_kids_causes_few_fetches_and_signs_no_user_out() {
    let (auth, upstream) = (slow_auth(&["a"]), echo());
    let edge = edge(&auth, &upstream, &[("JWKS_COOLDOWN", json!("5"))]);
    assert_valid_served(&edge, &auth, "a", "warm");
    let started = Instant::now();
    let flood = |i: usize| {
        let token = forged(&auth, &format!("made-up-{i}"));
        let token = token.trim_start_matches("authorization: ");
        let _ = http::get(&format!("{}{}", edge.url, path()), &[("authorization", token)]);
    };
    while_attacking(&flood, || {
        thread::sleep(Duration::from_secs(2));
        publish_slowly(&auth, &["a", "b"]);
        let with_new_key = bearer(&auth.token("b"));
        loop {
            assert_valid_served(&edge, &auth, "a", "with the old key");
            let url = format!("{}{}", edge.url, path());
            let new = http::get(&url, &[("authorization", &with_new_key)]).unwrap();
            if new.status == 200 {
                break;
            }
            assert_eq!(new.outcome(), "503 keys_unavailable");
            let seconds: u64 = new.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=5).contains(&seconds), "{seconds}");
            assert!(started.elapsed() < Duration::from_secs(20), "the new key is never fetched");
            thread::sleep(Duration::from_millis(100));
        }
    });
    let most = 1 + 4 + started.elapsed().as_secs() as usize / 5 + 1;
    assert!(auth.server.count() <= most, "{} of {most}", auth.server.count());
}

/// A slow auth server that returns a token for one session and counts exchanges.
fn sessions(exchanges: &Arc<AtomicUsize>) -> Auth {
    let auth = Auth::start(&json!({}));
    let token = auth.token("a");
    let exchanges = Arc::clone(exchanges);
    let set = key_set(&["a"]).to_string();
    auth.handle(move |request| {
        if !request.target().contains("/token") {
            return respond(request, 200, &[], set.clone());
        }
        exchanges.fetch_add(1, Ordering::SeqCst);
        thread::sleep(AUTH_DELAY);
        match request.header("cookie") {
            Some("better-auth.session_token=live.s%3D") => {
                respond(request, 200, &[], json!({"token": token}).to_string());
            }
            _ => respond(request, 401, &[], ""),
        }
    });
    auth
}

#[test]
fn a_client_that_disconnects_does_not_cancel_the_session_exchange_of_others() {
    let exchanges = Arc::new(AtomicUsize::new(0));
    let (auth, upstream) = (sessions(&exchanges), echo());
    let edge = exchanging(&auth, &upstream, &[]);
    const LIVE: &str = "better-auth.session_token=live.s%3D";
    disconnect(&edge, &path(), &format!("cookie: {LIVE}"));
    assert_served(&edge, &[("cookie", LIVE)], "an exchange that another client started");
    thread::scope(|scope| {
        for spelling in ["live.s=", "%6cive.s%3D", "live%2Es%3d"] {
            let edge = &edge;
            scope.spawn(move || {
                let cookie = format!("better-auth.session_token={spelling}");
                assert_served(edge, &[("cookie", &cookie)], spelling);
            });
        }
    });
    assert_eq!(exchanges.load(Ordering::SeqCst), 1);

    let planted = format!("__Secure-better-auth.session_token=x; {LIVE}");
    for _ in 0..5 {
        assert_served(&edge, &[("cookie", &planted)], "in addition to a planted cookie");
    }
    assert_eq!(exchanges.load(Ordering::SeqCst), 2);
}

#[test]
fn sessions_are_exchanged_while_other_clients_disconnect() {
    let exchanges = Arc::new(AtomicUsize::new(0));
    let (auth, upstream) = (sessions(&exchanges), echo());
    let edge = exchanging(&auth, &upstream, &[("SESSION_MAX_AGE", json!("1"))]);
    let live = "better-auth.session_token=live.s%3D";
    let started = Instant::now();
    while_clients_disconnect(&edge, &|_| format!("cookie: {live}"), || {
        for _ in 0..12 {
            assert_served(&edge, &[("cookie", live)], "a session of another client too");
        }
    });
    let most = started.elapsed().as_secs() as usize + 2;
    let exchanges = exchanges.load(Ordering::SeqCst);
    assert!(exchanges <= most, "{exchanges} of {most}");
}

fn exchanging(auth: &Auth, upstream: &Scripted, more: &[(&str, Value)]) -> Edge {
    edge(auth, upstream, &[&[("SESSION_EXCHANGE", json!("true"))], more].concat())
}
