//! The Worker in workerd: malformed requests that client libraries do not send. The upstream must
//! receive one unambiguous request with the verified identity.

use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use crate::common::UUID;
use crate::common::wire::{Head, Wire, WireEdge};
use serde_json::{Value, json};

#[test]
fn a_body_has_one_length_even_if_its_framing_is_disguised() {
    let probe = Probe::start(&[]);
    for (framing, body, length) in [
        ("content-length: 3", "abc", Some("3")),
        ("content-length: 3\r\ncontent-length: 3", "abc", Some("3")),
        ("connection: content-length\r\ncontent-length: 3", "abc", Some("3")),
        ("transfer-encoding: chunked\r\ncontent-length: 3", "3;a=b\r\nabc\r\n0\r\n\r\n", None),
        ("content-length: 3\r\ntransfer-encoding: chunked", "3\r\nabc\r\n0\r\n\r\n", None),
        ("connection: transfer-encoding\r\ntransfer-encoding: chunked", CHUNKED, None),
        ("transfer-encoding: chunked", "3\r\nabc\r\n0;x\r\nx-edge-user: admin\r\n\r\n", None),
        ("expect: 100-continue\r\ncontent-length: 3", "abc", Some("3")),
    ] {
        let status = probe.send("POST", &[framing], body);
        assert_eq!(status, Some(200), "{framing}");
        let (head, received) = probe.reached();
        assert_eq!(received, b"abc", "{framing}");
        assert_eq!(head.all("content-length").collect::<Vec<_>>(), Vec::from_iter(length));
        assert_eq!(head.all("transfer-encoding").count(), usize::from(length.is_none()));
        assert_users_own(&head, framing);
    }
    for framing in [
        "content-length: 3\r\ncontent-length: 5",
        "content-length: 3, 3",
        "content-length: +3",
        "content-length: -3",
        "content-length: 0x3",
        "content-length: 99999999999999999999999",
        "transfer-encoding: identity\r\ncontent-length: 3",
        "transfer-encoding: xchunked\r\ncontent-length: 3",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
    ] {
        assert_eq!(probe.send("POST", &[framing], "abcde"), Some(400), "{framing}");
    }
    probe.assert_nothing_more();
}

#[test]
fn a_request_smuggled_behind_a_body_of_two_lengths_is_not_served() {
    let probe = Probe::start(&[]);
    let smuggled = "0\r\n\r\nGET /public/smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
    for lengths in ["content-length: 3\r\ntransfer-encoding: chunked", "transfer-encoding: chunked"]
    {
        probe.send("POST", &[lengths, "connection: close"], smuggled);
        let (head, body) = probe.reached();
        assert_eq!(head.start, format!("POST /api/{UUID}/x HTTP/1.1"));
        assert!(body.is_empty());
    }
    probe.assert_nothing_more();
}

#[test]
fn for_every_method_the_body_or_its_absence_is_forwarded_unchanged() {
    let probe = Probe::start(&[]);
    for method in ["GET", "HEAD", "DELETE", "OPTIONS", "PATCH", "PROPFIND"] {
        for body in ["", "abc"] {
            let length = format!("content-length: {}", body.len());
            assert_eq!(probe.send(method, &[&length], body), Some(200), "{method} {body}");
            let (head, received) = probe.reached();
            assert!(head.start.starts_with(&format!("{method} ")), "{}", head.start);
            assert_eq!(received, body.as_bytes(), "{method}");
            assert_users_own(&head, method);
        }
    }
    for unknown in ["get", "Get", "FOO", "GET\t", "TRACK"] {
        let status = probe.send(unknown, &[], "");
        assert!(matches!(status, None | Some(400 | 501)), "{unknown}: {status:?}");
    }
    assert_ne!(probe.send("CONNECT", &[], ""), Some(200));
    probe.assert_nothing_more();
}

#[test]
fn no_spelling_of_a_header_forges_or_removes_an_identity() {
    let probe = Probe::start(&[("CLAIM_HEADERS", json!({"email": "x-user-email"}))]);
    for forged in [
        "X-Edge-User: admin\r\nx-edge-user: root",
        "X_EDGE_USER: admin",
        "X-Edge_User: admin",
        "x_edge-jwt_assertion: a.b.c",
        "x-edge-: admin",
        "X_User-Email: admin@a.example",
        "connection: x-edge-user, x-user-email, x-request-id",
        "Connection: X-Edge-User\r\nconnection: close, host, x-forwarded-host",
        "x-forwarded-for: 1.2.3.4\r\nforwarded: for=1.2.3.4\r\nx_real_ip: 1.2.3.4",
        "x-bytes: \u{c3}\u{a9}\r\nx-edge-user: admin\r\n__proto__: a\r\nconstructor: b",
    ] {
        assert_eq!(probe.send("GET", &[forged], ""), Some(200), "{forged}");
        let (head, _) = probe.reached();
        assert_users_own(&head, forged);
        for (name, value) in &head.headers {
            let normalized = name.replace('_', "-");
            let ours = ["x-edge-user", "x-forwarded-host", "x-forwarded-proto"];
            let about = ["x-edge-", "x-user-email", "x-forwarded-", "forwarded", "x-real-ip"];
            let is_reserved = about.iter().any(|prefix| normalized.starts_with(prefix));
            assert!(!is_reserved || ours.contains(&&**name), "{name}: {value} by {forged}");
        }
    }
    for unreadable in [
        "x-a: b\r\n x-edge-user: admin",
        "x-a: b\r\n\tc",
        "x-edge-user : admin",
        "x-edge-user\t: admin",
        "x-a: b\rx-edge-user: admin",
        "x-a: b\0c",
        "x-edge-user",
        ": admin",
    ] {
        assert_eq!(probe.send("GET", &[unreadable], ""), Some(400), "{unreadable:?}");
    }
    probe.assert_nothing_more();
}

#[test]
fn many_or_long_headers_are_forwarded_or_rejected_and_the_next_request_is_served() {
    let probe = Probe::start(&[]);
    let many: Vec<_> = (0..2_000).map(|i| format!("x-h{i}: v")).collect();
    for (headers, count) in [
        (many.join("\r\n"), 2_000),
        (vec!["x-h: v"; 2_000].join("\r\n"), 1),
        (format!("x-h: {}", "v".repeat(60_000)), 1),
    ] {
        assert_eq!(probe.send("GET", &[&headers], ""), Some(200), "{count}");
        let (head, _) = probe.reached();
        assert_eq!(head.headers.iter().filter(|(name, _)| name.starts_with("x-h")).count(), count);
        assert_users_own(&head, "many");
    }
    // all are long: no check may scan one of them once for each part of another
    let (commas, names) = (",".repeat(100_000), many.join("\r\n"));
    let cookies = format!("cookie: {}better-auth.x=1\r\ncookie: a=1", "a, ".repeat(30_000));
    for headers in [format!("connection: x-h7,{commas}\r\n{names}"), cookies] {
        let started = Instant::now();
        assert_eq!(probe.send("GET", &[&headers], ""), Some(200));
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        let (head, _) = probe.reached();
        assert_eq!(head.header("x-h7"), None);
        assert_users_own(&head, "long");
    }
    let status = probe.send("GET", &[&format!("x-h: {}", "v".repeat(2_000_000))], "");
    assert!(matches!(status, None | Some(431)), "{status:?}");
    assert_eq!(probe.send("GET", &[], ""), Some(200));
    probe.reached();
    probe.assert_nothing_more();
}

#[test]
fn a_query_is_forwarded_verbatim_or_rejected() {
    let probe = Probe::start(&[]);
    for query in
        ["?", "??", "?a=b&a=c", "?a=%", "?a=%zz", "?a=%0d%0ax:1", "?a=\\..\\", "?{}|^`[]", "?&&=="]
    {
        assert_eq!(probe.get(&format!("/public/x{query}")), Some(200), "{query}");
        assert_eq!(probe.reached().0.start, format!("GET /public/x{query} HTTP/1.1"));
    }
    for (target, seen) in [("/public/x?a#b?c", "/public/x?a"), ("/public/x#b", "/public/x")] {
        assert_eq!(probe.get(target), Some(200), "{target}");
        assert_eq!(probe.reached().0.start, format!("GET {seen} HTTP/1.1"), "{target}");
    }
    for query in ["?a=b c", "?a=\u{e9}", "?a=\u{1}", "?a=\t", "?a=\u{7f}"] {
        assert_eq!(probe.get(&format!("/public/x{query}")), Some(400), "{query:?}");
    }
    probe.assert_nothing_more();
}

#[test]
fn a_bearer_token_is_unambiguous_or_rejected() {
    let probe = Probe::start(&[]);
    let authorization = probe.edge.authorization();
    let token = authorization.rsplit(' ').next().unwrap();
    let send = |value: &str| {
        let target = format!("/api/{UUID}/x");
        probe.exchange("GET", &target, &[&format!("authorization: {value}")], "")
    };
    for good in ["bearer T", "BEARER T", "Bearer  T", "Bearer T  ", "Bearer T\t", "\tBearer T"] {
        assert_eq!(send(&good.replace('T', token)), Some(200), "{good}");
        probe.reached();
    }
    for (bad, status) in [
        ("", 401),
        ("Bearer", 401),
        ("Token T", 401),
        ("DPoP T", 401),
        ("Bearer\tT", 401),
        ("Bearer: T", 401),
        ("Bearer \"T\"", 401),
        ("Bearer token=T", 401),
        ("Bearer \tT", 400),
        ("Bearer T T", 400),
        ("Bearer Bearer T", 400),
        ("Bearer T,", 400),
        (",Bearer T", 400),
        ("Basic x, bearer T", 400),
        ("Bearer T\r\nauthorization: Bearer T", 400),
        ("Basic x\r\nAuthorization: Bearer T", 400),
        ("Bearer T\r\nauthorization: ", 400),
    ] {
        assert_eq!(send(&bad.replace(" T", &format!(" {token}"))), Some(status), "{bad:?}");
    }
    probe.assert_nothing_more();
}

#[test]
fn only_a_websocket_upgrade_with_a_token_is_forwarded() {
    let probe = Probe::start(&[]);
    let key = "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
    let handshake = format!("connection: upgrade\r\nupgrade: websocket\r\n{key}");
    let target = format!("/api/{UUID}/x");
    for (protocols, status) in [
        ("", 401),
        ("\r\nsec-websocket-protocol: bearer", 401),
        ("\r\nsec-websocket-protocol: bearer, x.y.z", 401),
        ("\r\nsec-websocket-protocol: bearer, x.y.z, bearer, x.y.z", 400),
    ] {
        let headers = format!("{handshake}{protocols}");
        assert_eq!(probe.exchange("GET", &target, &[&headers], ""), Some(status), "{protocols}");
    }
    let h2c = "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAAA";
    assert_eq!(probe.send("GET", &[h2c], ""), Some(200));
    let (head, _) = probe.reached();
    for name in ["upgrade", "connection", "http2-settings"] {
        assert_eq!(head.header(name), None);
    }
    probe.assert_nothing_more();
}

#[test]
fn a_rejection_is_the_same_for_every_method_and_echoes_no_invalid_request_id() {
    let probe = Probe::start(&[]);
    for method in ["GET", "HEAD", "OPTIONS", "TRACE", "DELETE"] {
        for (id, is_forwarded) in [
            ("abcd-EFGH_1.2", true),
            ("short", false),
            ("12345678, 12345678", false),
            ("<script>alert</script>", false),
            ("%0d%0aset-cookie: a=b", false),
            ("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", false),
        ] {
            let mut wire = Wire::connect(probe.edge.url());
            let start = format!("{method} /api/{UUID}/x HTTP/1.1\r\nhost: a.example");
            let latin = |text: String| text.chars().map(|c| c as u8).collect::<Vec<_>>();
            wire.send(latin(format!("{start}\r\nx-request-id: {id}\r\n\r\n"))).unwrap();
            let head = wire.head().unwrap();
            assert_eq!(head.status(), 401, "{method}");
            assert_eq!(head.header("www-authenticate"), Some("Bearer realm=\"better-auth-edge\""));
            assert_eq!(head.header("x-request-id") == Some(id), is_forwarded, "{method} {id}");
            assert_eq!(head.header("set-cookie"), None);
        }
    }
    probe.assert_nothing_more();
}

const CHUNKED: &str = "3\r\nabc\r\n0\r\n\r\n";

/// A Worker in front of an upstream that reports its requests.
struct Probe {
    edge: WireEdge,
    arrived: Mutex<Receiver<(Head, Vec<u8>)>>,
}

impl Probe {
    fn start(settings: &[(&str, Value)]) -> Self {
        let (arrive, arrived) = mpsc::channel();
        let edge = WireEdge::before_with(settings, move |mut wire| {
            let head = wire.head()?;
            let framed = ["content-length", "transfer-encoding"];
            let body = match framed.iter().any(|name| head.header(name).is_some()) {
                true => wire.body(&head).all()?,
                false => Vec::new(),
            };
            arrive.send((head, body)).unwrap();
            // one request per connection, so that a smuggled request is detected
            wire.send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        });
        Self { edge, arrived: Mutex::new(arrived) }
    }

    /// Sends a request with the user's token to the user's own path. Returns the status of the
    /// response, if there is one.
    fn send(&self, method: &str, headers: &[&str], body: &str) -> Option<u16> {
        let authorization = self.edge.authorization();
        let target = format!("/api/{UUID}/x");
        self.exchange(method, &target, &[&[&*authorization], headers].concat(), body)
    }

    fn get(&self, target: &str) -> Option<u16> {
        self.exchange("GET", target, &[], "")
    }

    /// Each character of the target and the headers is one byte.
    fn exchange(&self, method: &str, target: &str, headers: &[&str], body: &str) -> Option<u16> {
        let mut wire = Wire::connect(self.edge.url());
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let text = format!("{method} {target} HTTP/1.1\r\nhost: a.example\r\n{lines}\r\n{body}");
        let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).expect("one byte")).collect();
        // best effort: a server can close the connection before it has read everything
        let _ = wire.send(bytes);
        let mut status = wire.head().ok()?.status();
        if status == 100 {
            status = wire.head().ok()?.status();
        }
        Some(status)
    }

    fn reached(&self) -> (Head, Vec<u8>) {
        self.arrived.lock().unwrap().recv_timeout(Duration::from_secs(60)).unwrap()
    }

    /// Asserts that no other request reached the upstream.
    fn assert_nothing_more(&self) {
        assert_eq!(self.get("/public/last"), Some(200));
        assert_eq!(self.reached().0.start, "GET /public/last HTTP/1.1");
        assert!(self.arrived.lock().unwrap().try_recv().is_err());
    }
}

fn assert_users_own(head: &Head, named: &str) {
    assert_eq!(head.all("x-edge-user").collect::<Vec<_>>(), [UUID], "{named}");
    assert_eq!(head.all("x-request-id").count(), 1, "{named}");
    assert_eq!(head.all("host").count(), 1, "{named}");
}
