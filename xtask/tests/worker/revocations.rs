//! Sessions that have ended: the Worker in two isolates with a real Durable Object on disk.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{Auth, Scripted, bearer, echo, key_set, respond};
use serde_json::{Value, json};
use xtask::http::{self, Response};
use xtask::isolates::Isolates;
use xtask::token;

const EDGE: &str = "https://edge.example";
/// More than `REVOCATION_LAG` of these tests.
const LAG: Duration = Duration::from_millis(600);

/// The Worker in two isolates, an auth server, an upstream, and a gate before the object.
struct Setup {
    auth: Auth,
    upstream: Scripted,
    gate: Gate,
    isolates: Isolates,
}

impl Setup {
    fn start(changes: &[(&str, Value)]) -> Self {
        let (auth, upstream, gate) = (Auth::start(&key_set(&["a"])), echo(), Gate::start());
        let settings = [
            ("BETTER_AUTH_URL", json!(auth.server.url)),
            ("ORIGIN_URL", json!(upstream.url)),
            ("EDGE_ISSUER", json!(EDGE)),
            ("REVOCATION_LAG", json!("0.5")),
            ("LOG_LEVEL", json!("info")),
        ];
        let settings = [&settings[..], changes].concat();
        let isolates = Isolates::start(&settings, Some(&gate.wrapper())).unwrap();
        Self { auth, upstream, gate, isolates }
    }

    /// A request with the token of this session, in an isolate.
    fn get(&self, isolate: usize, session: &Session) -> Response {
        let authorization = bearer(&self.token(session));
        http::get(&self.isolates.urls[isolate], &[("authorization", &authorization)]).unwrap()
    }

    fn outcomes(&self, session: &Session) -> [String; 2] {
        [0, 1].map(|isolate| self.get(isolate, session).outcome())
    }

    fn token(&self, Session { sid, user, began }: &Session) -> String {
        self.auth.token_with("a", json!({"sid": sid, "sub": user, "session_iat": began}))
    }

    /// Sends events to the first isolate, as the auth server does.
    fn send(&self, events: &Value) -> String {
        self.post(&self.message(json!({"events": events})))
    }

    fn post(&self, message: &str) -> String {
        let url = format!("{}/.well-known/better-auth-edge/events", self.isolates.urls[0]);
        http::post_text(&url, "application/jwt", message).unwrap().outcome()
    }

    /// A token with events.
    fn message(&self, claims: Value) -> String {
        self.message_as("edge-event+jwt", claims)
    }

    fn message_as(&self, typ: &str, claims: Value) -> String {
        let now = token::now();
        let mut all = json!({
            "iss": self.auth.server.url, "aud": EDGE, "iat": now, "exp": now + 120.0,
            "jti": format!("{now}-{:?}", thread::current().id()),
        });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        token::signed_by_foreign_key(&json!({"alg": "EdDSA", "kid": "a", "typ": typ}), &all)
    }

    fn health(&self, isolate: usize) -> Response {
        let path = "/.well-known/better-auth-edge/health";
        http::get(&format!("{}{path}", self.isolates.urls[isolate]), &[]).unwrap()
    }
}

struct Session {
    sid: String,
    user: &'static str,
    began: f64,
}

/// A session that began a minute ago.
fn session(sid: &str, user: &'static str) -> Session {
    Session { sid: sid.to_owned(), user, began: token::now() - 60.0 }
}

fn end_of(session: &Session) -> Value {
    json!({"type": "session", "sid": session.sid, "sub": session.user})
}

/// Decides whether calls of the object reach it.
struct Gate {
    server: Scripted,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    is_away: bool,
    is_slow: bool,
    reads: usize,
}

impl Gate {
    fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let own = Arc::clone(&state);
        let server = Scripted::start(move |request| {
            let (is_away, is_slow) = {
                let mut state = own.lock().unwrap();
                state.reads += usize::from(request.target() == "/read");
                (state.is_away, state.is_slow)
            };
            while is_slow && own.lock().unwrap().is_slow {
                thread::sleep(Duration::from_millis(10));
            }
            respond(request, if is_away { 500 } else { 200 }, &[], "");
        });
        Self { server, state }
    }

    /// The binding, whose calls pass the gate before they reach the object.
    fn wrapper(&self) -> String {
        let gate = &self.server.url;
        format!(
            "class Namespace {{
                constructor(env) {{ this.objects = env.objects; }}
                idFromName(name) {{ return this.objects.idFromName(name); }}
                get(id) {{
                    const object = this.objects.get(id);
                    const call = (method) => async (...args) => {{
                        const {{ ok }} = await fetch(`{gate}/${{method}}`);
                        if (!ok) throw new Error('the object is away');
                        return await object[method](...args);
                    }};
                    return {{ read: call('read'), append: call('append') }};
                }}
            }}
            export default (env) => new Namespace(env);"
        )
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    fn reads(&self) -> usize {
        self.state.lock().unwrap().reads
    }
}

/// Waits until `found` is true.
fn until(what: &str, found: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !found() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

const VALID: [&str; 2] = ["200", "200"];
const ENDED: [&str; 2] = ["401 session_revoked", "401 session_revoked"];

#[test]
fn an_ended_session_is_refused_in_every_isolate_and_after_a_restart() {
    let mut setup = Setup::start(&[]);
    let [ended, other] = ["ended", "other"].map(|sid| session(sid, "user-1"));
    // each request twice: the second is replayed from the cache of decisions
    for _ in 0..2 {
        assert_eq!(setup.outcomes(&ended), VALID);
        assert_eq!(setup.outcomes(&other), VALID);
    }
    assert_eq!(setup.send(&json!([end_of(&ended)])), "204");
    assert_eq!(setup.get(0, &ended).outcome(), "401 session_revoked");
    thread::sleep(LAG);
    assert_eq!(setup.outcomes(&ended), ENDED);
    assert_eq!(setup.outcomes(&other), VALID);

    setup.isolates.restart().unwrap();
    assert_eq!(setup.outcomes(&ended), ENDED);
    assert_eq!(setup.outcomes(&other), VALID);
    let health = setup.health(0).json();
    assert_eq!(health["revocations"]["entries"], json!(1), "{health}");
}

#[test]
fn a_signed_in_user_whose_other_sessions_have_ended_stays_signed_in() {
    let setup = Setup::start(&[]);
    let [first, second] = ["first", "second"].map(|sid| session(sid, "user-1"));
    let neighbor = session("third", "user-2");
    let not_before = token::now() - 1.0;
    let event = json!({"type": "user", "sub": "user-1", "not_before": not_before});
    assert_eq!(setup.send(&json!([event])), "204");
    let new = Session { began: not_before + 0.5, ..session("new", "user-1") };
    thread::sleep(LAG);
    for session in [first, second] {
        assert_eq!(setup.outcomes(&session), ENDED);
    }
    for session in [new, neighbor] {
        assert_eq!(setup.outcomes(&session), VALID);
    }
}

#[test]
fn forged_replayed_and_misdirected_events_end_no_session() {
    let setup = Setup::start(&[]);
    let session = session("s", "user-1");
    let events = json!([end_of(&session)]);
    let message = |claims: Value| {
        let mut all = json!({"events": events});
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        setup.message(all)
    };
    let forged = token::with_flipped_bit(&message(json!({})));
    assert_eq!(setup.post(&forged), "401 bad_signature");
    assert_eq!(
        setup.post(&message(json!({"aud": "https://other.example"}))),
        "401 audience_mismatch"
    );
    assert_eq!(
        setup.post(&message(json!({"iss": "https://other.example"}))),
        "401 issuer_mismatch"
    );
    assert_eq!(setup.post(&setup.token(&session)), "401 wrong_token_type");
    assert_eq!(setup.post("no token"), "401 malformed_token");
    let bearer = bearer(&message(json!({})));
    let as_token = http::get(&setup.isolates.urls[0], &[("authorization", &bearer)]).unwrap();
    assert_eq!(as_token.outcome(), "401 wrong_token_type");
    thread::sleep(LAG);
    assert_eq!(setup.outcomes(&session), VALID);

    let message = message(json!({}));
    assert_eq!(setup.post(&message), "204");
    assert_eq!(setup.post(&message), "409 replayed_event");
    assert_eq!(setup.upstream.count(), 2, "the upstream receives no event");
}

#[test]
fn a_body_is_read_up_to_its_limit() {
    let setup = Setup::start(&[]);
    let large = "x".repeat(16_384);
    assert_eq!(setup.post(&large), "401 opaque_token");
    assert_eq!(setup.post(&"x".repeat(16_385)), "401 token_too_large");
    // the Worker does not wait for the rest of a body
    let mut sent = 0;
    let mut wire = crate::common::wire::Wire::connect(&setup.isolates.urls[0]);
    let head = "POST /.well-known/better-auth-edge/events HTTP/1.1\r\nhost: edge.example\r\n\
                content-type: application/jwt\r\ncontent-length: 1000000000\r\n\r\n";
    wire.send(head).unwrap();
    while sent < 20_000 {
        wire.send("x".repeat(1_000)).unwrap();
        sent += 1_000;
    }
    assert_eq!(wire.head().unwrap().status(), 401);
}

#[test]
fn an_oidc_logout_token_ends_a_session() {
    let setup = Setup::start(&[("LOGOUT_AUDIENCE", json!("client-1"))]);
    let session = session("s", "user-1");
    assert_eq!(setup.outcomes(&session), VALID);
    let event = "http://schemas.openid.net/event/backchannel-logout";
    let claims = json!({"aud": "client-1", "sid": "s", "sub": "user-1", "events": {event: {}}});
    let body = format!("logout_token={}", setup.message_as("logout+jwt", claims));
    let path = "/.well-known/better-auth-edge/backchannel-logout";
    let url = format!("{}{path}", setup.isolates.urls[1]);
    let post = || http::post_text(&url, "application/x-www-form-urlencoded", &body).unwrap();
    let response = post();
    assert_eq!(
        (response.outcome(), response.header("cache-control")),
        ("200".into(), Some("no-store"))
    );
    assert_eq!(post().outcome(), "400 replayed_event");
    thread::sleep(LAG);
    assert_eq!(setup.outcomes(&session), ENDED);
}

#[test]
fn without_the_object_requests_are_refused_after_the_failure_age_and_events_are_not_lost() {
    let setup = Setup::start(&[("REVOCATION_FAILURE_AGE", json!("0.5"))]);
    let session = session("s", "user-1");
    assert_eq!(setup.outcomes(&session), VALID);
    setup.gate.set(|gate| gate.is_away = true);
    thread::sleep(LAG);
    let refused = setup.get(1, &session);
    assert_eq!(refused.outcome(), "503 revocations_unavailable");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(setup.health(1).json()["status"], json!("revocations_unavailable"));
    assert_eq!(setup.send(&json!([end_of(&session)])), "503 revocations_unavailable");
    let log = setup.isolates.log_with("the object is away");
    assert!(log.contains("the object is away"), "the reason is in the log: {log}");

    setup.gate.set(|gate| gate.is_away = false);
    // the auth server sends the event again, as a new token
    until("the event is stored", || setup.send(&json!([end_of(&session)])) == "204");
    until("both isolates refuse the session", || setup.outcomes(&session) == ENDED);
}

#[test]
fn without_the_object_requests_pass_if_the_operator_says_so() {
    let allow = ("REVOCATION_ON_FAILURE", json!("allow"));
    let setup = Setup::start(&[("REVOCATION_FAILURE_AGE", json!("0.5")), allow]);
    setup.gate.set(|gate| gate.is_away = true);
    let [session, ended] = ["s", "ended"].map(|sid| session(sid, "user-1"));
    assert_eq!(setup.outcomes(&session), VALID);
    // the isolate that receives an event respects it even so
    assert_eq!(setup.send(&json!([end_of(&ended)])), "503 revocations_unavailable");
    assert_eq!(setup.outcomes(&ended), ["401 session_revoked", "200"]);
}

#[test]
fn a_slow_object_does_not_stop_requests_within_the_failure_age() {
    let setup = Setup::start(&[("REVOCATION_FAILURE_AGE", json!("300"))]);
    let session = session("s", "user-1");
    assert_eq!(setup.outcomes(&session), VALID);
    setup.gate.set(|gate| gate.is_slow = true);
    thread::sleep(LAG);
    for _ in 0..3 {
        assert_eq!(setup.outcomes(&session), VALID);
    }
    setup.gate.set(|gate| gate.is_slow = false);
    assert_eq!(setup.send(&json!([end_of(&session)])), "204");
    until("both isolates refuse the session", || setup.outcomes(&session) == ENDED);
}

#[test]
fn a_hundred_thousand_ended_sessions_are_read_once() {
    const SESSIONS: usize = 100_000;
    const OF_MESSAGE: usize = 100;
    // one read answers all requests of this test
    let setup = Setup::start(&[("REVOCATION_LAG", json!("300"))]);
    let sid = |number: usize| format!("session-{number}");
    let numbers = Mutex::new((0..SESSIONS).step_by(OF_MESSAGE));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(first) = { numbers.lock().unwrap().next() } {
                    let sessions =
                        (first..first + OF_MESSAGE).map(|it| session(&sid(it), "user-1"));
                    let events: Vec<_> = sessions.map(|session| end_of(&session)).collect();
                    assert_eq!(setup.send(&json!(events)), "204");
                }
            });
        }
    });
    let before = setup.gate.reads();
    for number in [0, 1, SESSIONS / 2, SESSIONS - 1] {
        let session = session(&sid(number), "user-1");
        until("the isolate has read all pages", || {
            setup.get(1, &session).outcome() == "401 session_revoked"
        });
    }
    assert_eq!(setup.get(1, &session("other", "user-1")).outcome(), "200");
    let health = setup.health(1).json();
    assert_eq!(health["revocations"]["entries"], json!(SESSIONS), "{health}");
    let reads = setup.gate.reads() - before;
    assert!((10..=20).contains(&reads), "{reads} reads of ten pages");
}
