//! Clients that hang up: the Worker in workerd, whose requests end with their clients, before an
//! auth server that takes its time. Other clients are served as if none had hung up.

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

/// How long the auth server takes to respond.
const SLOW: Duration = Duration::from_millis(300);

/// After this a client hangs up.
const PATIENCE: Duration = Duration::from_millis(40);

/// After this it comes again.
const PAUSE: Duration = Duration::from_millis(60);

/// Far more than the auth server takes on a busy machine; a fetch that has died takes 5.5 s to be
/// given up.
const PROMPT: Duration = Duration::from_secs(4);

/// An auth server that takes its time, with the keys of these ids.
fn slow(kids: &[&str]) -> Auth {
    let auth = Auth::start(&json!({}));
    publish_slowly(&auth, kids);
    auth
}

fn publish_slowly(auth: &Auth, kids: &[&str]) {
    let set = key_set(kids).to_string();
    auth.handle(move |request| {
        thread::sleep(SLOW);
        respond(request, 200, &[], set.clone());
    });
}

/// Sends a request and resets its connection a moment later.
fn hang_up(edge: &Edge, path: &str, header: &str) {
    let address: SocketAddr = edge.url.trim_start_matches("http://").parse().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: edge\r\n{header}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    thread::sleep(PATIENCE);
    // the end of a stream could be that of a request; a reset is the end of a client
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
}

/// A forged token with publicly known values.
fn strangers(auth: &Auth, kid: &str) -> String {
    let claims = token::segment(&auth.token("a"), 1);
    let header = json!({"alg": "EdDSA", "kid": kid});
    format!("authorization: Bearer {}", token::signed(&header, &claims, |_| vec![0x55; 64]))
}

fn path() -> String {
    format!("/api/{UUID}/x")
}

/// A request that must be served, and soon.
fn is_served(edge: &Edge, headers: http::Headers<'_>, situation: &str) {
    let started = Instant::now();
    let outcome = http::get(&format!("{}{}", edge.url, path()), headers).unwrap().outcome();
    assert_eq!(outcome, "200", "{situation}");
    assert!(started.elapsed() < PROMPT, "{situation}: {:?}", started.elapsed());
}

fn good_is_served(edge: &Edge, auth: &Auth, kid: &str, situation: &str) {
    is_served(edge, &[("authorization", &bearer(&auth.token(kid)))], situation);
}

/// Clients that hang up again and again while `f` runs.
fn under_attack(edge: &Edge, header: &(impl Fn(usize) -> String + Sync), f: impl FnOnce()) {
    attacked_by(&|number| hang_up(edge, &path(), &header(number)), f);
}

/// Attacks again and again, a hundred times in a second, while `f` runs. There is always one whose
/// request is under way; more would only show how many connections this machine can take.
fn attacked_by(attack: &(impl Fn(usize) + Sync), f: impl FnOnce()) {
    let (is_over, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let number = count.fetch_add(1, Ordering::Relaxed);
                    attack(number);
                    thread::sleep(PAUSE);
                }
            });
        }
        thread::sleep(Duration::from_millis(200));
        // a panic must end them too
        let end = EndsOnDrop(&is_over);
        f();
        drop(end);
    });
    assert!(count.load(Ordering::Relaxed) >= 20);
}

struct EndsOnDrop<'a>(&'a AtomicBool);

impl Drop for EndsOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_client_that_hangs_up_does_not_cancel_the_fetch_of_others() {
    let (auth, origin) = (slow(&["a"]), echo());
    let cold = edge(&auth, &origin, &[]);
    hang_up(&cold, &path(), &strangers(&auth, "a"));
    good_is_served(&cold, &auth, "a", "cold");
    assert_eq!(auth.server.count(), 1);

    let cold = edge(&auth, &origin, &[]);
    hang_up(&cold, "/.well-known/better-auth-edge/health", "accept: */*");
    good_is_served(&cold, &auth, "a", "cold, by a look at its health");
    assert_eq!(auth.server.count(), 2);

    publish_slowly(&auth, &["a", "b"]);
    thread::sleep(Duration::from_millis(100));
    hang_up(&cold, &path(), &strangers(&auth, "made-up"));
    good_is_served(&cold, &auth, "b", "rotated");
}

#[test]
fn a_cold_worker_serves_while_other_clients_hang_up() {
    let (auth, origin) = (slow(&["a"]), echo());
    let edge = edge(&auth, &origin, &[]);
    under_attack(&edge, &|_| strangers(&auth, "a"), || {
        for _ in 0..12 {
            good_is_served(&edge, &auth, "a", "cold");
        }
    });
    // the attack can end before the edge has read a forged token with warm keys: send one more
    let forged = strangers(&auth, "a");
    let forged = forged.trim_start_matches("authorization: ");
    let url = format!("{}{}", edge.url, path());
    let response = http::get(&url, &[("authorization", forged)]).unwrap();
    assert_eq!(response.outcome(), "401 bad_signature");
    // the second fetch checks whether the auth server has replaced the key under its id
    assert_eq!(auth.server.count(), 2);
}

#[test]
fn an_idle_worker_serves_while_other_clients_hang_up() {
    let (auth, origin) = (slow(&["a"]), echo());
    let edge = edge(&auth, &origin, &[("JWKS_MAX_AGE", json!("1"))]);
    good_is_served(&edge, &auth, "a", "warm");
    thread::sleep(Duration::from_millis(1_200));
    under_attack(&edge, &|_| strangers(&auth, "a"), || {
        for _ in 0..12 {
            good_is_served(&edge, &auth, "a", "idle");
        }
    });
}

#[test]
fn a_worker_whose_keys_have_changed_serves_while_other_clients_hang_up() {
    let (auth, origin) = (slow(&["a"]), echo());
    let edge = edge(&auth, &origin, &[]);
    good_is_served(&edge, &auth, "a", "warm");
    publish_slowly(&auth, &["a", "b"]);
    // all with one name, so that these do not use up what may be fetched
    under_attack(&edge, &|_| strangers(&auth, "made-up"), || {
        for _ in 0..12 {
            good_is_served(&edge, &auth, "b", "rotated");
            good_is_served(&edge, &auth, "a", "rotated, by the old key");
        }
    });
}

#[test]
fn a_flood_of_forged_kids_causes_few_fetches_and_signs_no_user_out() {
    let (auth, origin) = (slow(&["a"]), echo());
    let edge = edge(&auth, &origin, &[("JWKS_COOLDOWN", json!("5"))]);
    good_is_served(&edge, &auth, "a", "warm");
    let started = Instant::now();
    let flood = |i: usize| {
        let token = strangers(&auth, &format!("made-up-{i}"));
        let token = token.trim_start_matches("authorization: ");
        let _ = http::get(&format!("{}{}", edge.url, path()), &[("authorization", token)]);
    };
    attacked_by(&flood, || {
        thread::sleep(Duration::from_secs(2));
        publish_slowly(&auth, &["a", "b"]);
        let by_new = bearer(&auth.token("b"));
        loop {
            good_is_served(&edge, &auth, "a", "by the old key");
            let url = format!("{}{}", edge.url, path());
            let new = http::get(&url, &[("authorization", &by_new)]).unwrap();
            if new.status == 200 {
                break;
            }
            assert_eq!(new.outcome(), "503 keys_unavailable");
            let seconds: u64 = new.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=5).contains(&seconds), "{seconds}");
            assert!(started.elapsed() < Duration::from_secs(20), "it is picked up at last");
            thread::sleep(Duration::from_millis(100));
        }
    });
    let most = 1 + 4 + started.elapsed().as_secs() as usize / 5 + 1;
    assert!(auth.server.count() <= most, "{} of {most}", auth.server.count());
}

/// An auth server that gives a token for one session, slowly, and counts who asks.
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
        thread::sleep(SLOW);
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
fn a_client_that_hangs_up_does_not_cancel_the_session_exchange_of_others() {
    let exchanges = Arc::new(AtomicUsize::new(0));
    let (auth, origin) = (sessions(&exchanges), echo());
    let edge = exchanging(&auth, &origin, &[]);
    const LIVE: &str = "better-auth.session_token=live.s%3D";
    hang_up(&edge, &path(), &format!("cookie: {LIVE}"));
    is_served(&edge, &[("cookie", LIVE)], "one that another has begun");
    thread::scope(|scope| {
        for spelling in ["live.s=", "%6cive.s%3D", "live%2Es%3d"] {
            let edge = &edge;
            scope.spawn(move || {
                let cookie = format!("better-auth.session_token={spelling}");
                is_served(edge, &[("cookie", &cookie)], spelling);
            });
        }
    });
    assert_eq!(exchanges.load(Ordering::SeqCst), 1);

    let planted = format!("__Secure-better-auth.session_token=x; {LIVE}");
    for _ in 0..5 {
        is_served(&edge, &[("cookie", &planted)], "in addition to a planted cookie");
    }
    assert_eq!(exchanges.load(Ordering::SeqCst), 2);
}

#[test]
fn sessions_are_exchanged_while_other_clients_hang_up() {
    let exchanges = Arc::new(AtomicUsize::new(0));
    let (auth, origin) = (sessions(&exchanges), echo());
    let edge = exchanging(&auth, &origin, &[("SESSION_MAX_AGE", json!("1"))]);
    let live = "better-auth.session_token=live.s%3D";
    let started = Instant::now();
    under_attack(&edge, &|_| format!("cookie: {live}"), || {
        for _ in 0..12 {
            is_served(&edge, &[("cookie", live)], "a session that another client has too");
        }
    });
    let most = started.elapsed().as_secs() as usize + 2;
    let exchanges = exchanges.load(Ordering::SeqCst);
    assert!(exchanges <= most, "{exchanges} of {most}");
}

fn exchanging(auth: &Auth, origin: &Scripted, more: &[(&str, Value)]) -> Edge {
    edge(auth, origin, &[&[("SESSION_EXCHANGE", json!("true"))], more].concat())
}
