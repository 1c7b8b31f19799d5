//! The Worker in workerd: all kinds of upstream responses are returned unchanged, and a failing
//! upstream is a 502.

use std::sync::{Arc, Mutex};

use crate::common::wire::{Head, WireEdge};
use crate::common::{Auth, bearer, edge_before, key_set};
use serde_json::{Value, json};
use xtask::http;

#[test]
fn redirects_are_returned_to_the_client() {
    let upstream = ScriptedUpstream::start();
    for status in [301, 302, 303, 307, 308] {
        for location in ["/elsewhere", "http://127.0.0.1:9/x", "//b.example/", "?page=2"] {
            let sent =
                format!("{status} Moved\r\nlocation: {location}\r\ncontent-length: 2\r\n\r\nok");
            for method in ["GET", "POST"] {
                let (head, body) = upstream.exchange(method, &[], &sent);
                assert_eq!((head.status(), &body[..]), (status, &b"ok"[..]), "{method}");
                assert_eq!(head.header("location"), Some(location), "{method} {status}");
            }
        }
    }
}

#[test]
fn cookies_and_other_repeated_headers_stay_apart() {
    let upstream = ScriptedUpstream::start();
    let cookies = [
        "session=a; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly; SameSite=Lax",
        "theme=dark",
        "session=b; Path=/x; Max-Age=0",
    ];
    let sent = format!(
        "200 OK\r\nset-cookie: {}\r\nlink: </a>\r\nlink: </b>\r\ncontent-length: 0\r\n\r\n",
        cookies.join("\r\nset-cookie: ")
    );
    let (head, _) = upstream.exchange("GET", &[], &sent);
    assert_eq!(head.all("set-cookie").collect::<Vec<_>>(), cookies);
    let links: Vec<_> = head.all("link").flat_map(|value| value.split(", ")).collect();
    assert_eq!(links, ["</a>", "</b>"]);
}

#[test]
fn responses_without_a_body_leave_the_connection_ready_for_the_next_request() {
    let edge = WireEdge::before(|mut wire| {
        let head = wire.head()?;
        let response = head.header("x-response").unwrap();
        wire.send(format!("HTTP/1.1 {response}\r\nconnection: close\r\n\r\n"))
    });
    let mut wire = edge.request("GET", &["x-response: 204 No Content"]);
    let head = wire.head().unwrap();
    assert_eq!(head.status(), 204);
    assert_eq!((head.header("content-length"), head.header("transfer-encoding")), (None, None));
    for (method, response) in [
        ("GET", "304 Not Modified"),
        ("HEAD", "304 Not Modified"),
        ("HEAD", "200 OK"),
        ("HEAD", "404 Not Found"),
        ("DELETE", "204 No Content"),
        ("GET", "204 No Content"),
    ] {
        let start = format!("{method} /public/x HTTP/1.1\r\nhost: a.example");
        wire.send(format!("{start}\r\nx-response: {response}\r\n\r\n")).unwrap();
        let status = wire.head().unwrap().status();
        assert!(response.starts_with(&status.to_string()), "{status} for {method} {response}");
    }
}

#[test]
fn the_content_headers_of_a_head_response_or_a_304_are_preserved() {
    let upstream = ScriptedUpstream::start();
    let sent = "200 OK\r\ncontent-length: 1234\r\netag: \"a\"\r\n\r\n";
    let (head, body) = upstream.exchange("HEAD", &[], sent);
    assert_eq!((head.status(), body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some("1234"));
    assert_eq!(head.header("etag"), Some("\"a\""));
    let (head, body) = upstream.exchange(
        "GET",
        &["if-none-match: \"a\""],
        "304 Not Modified\r\netag: \"a\"\r\n\r\n",
    );
    assert_eq!((head.status(), body.len()), (304, 0));
    assert_eq!(head.header("etag"), Some("\"a\""));
}

#[test]
fn compressed_bodies_are_not_touched() {
    let upstream = ScriptedUpstream::start();
    for encoding in ["gzip", "br", "zstd", "deflate"] {
        // decompression would fail for each of them
        let sent =
            format!("200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: 5\r\n\r\nbytes");
        for accepts in [&[][..], &[&*format!("accept-encoding: {encoding}")]] {
            let (head, body) = upstream.exchange("GET", accepts, &sent);
            assert_eq!(head.header("content-encoding"), Some(encoding));
            assert_eq!(body, b"bytes", "{encoding}");
        }
    }
}

#[test]
fn errors_of_the_upstream_are_returned_unchanged() {
    let upstream = ScriptedUpstream::start();
    for status in [400, 401, 404, 422, 429, 500, 502, 503] {
        let sent = format!(
            "{status} Own\r\nretry-after: 7\r\nwww-authenticate: Own\r\ncontent-length: 3\r\n\r\nown"
        );
        let (head, body) = upstream.exchange("GET", &[], &sent);
        assert_eq!((head.status(), &body[..]), (status, &b"own"[..]));
        assert_eq!(head.header("retry-after"), Some("7"), "{status}");
        assert_eq!(head.header("www-authenticate"), Some("Own"), "{status}");
    }
}

#[test]
fn interim_responses_are_not_returned_as_the_response() {
    let upstream = ScriptedUpstream::start();
    for interim in ["100 Continue", "103 Early Hints\r\nlink: </a>"] {
        let sent = format!("{interim}\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        let (mut head, body) = upstream.exchange("GET", &[], &sent);
        assert_eq!((head.status(), &body[..]), (200, &b"ok"[..]), "{interim}");
        head.headers.retain(|(name, _)| name == "link");
        assert!(head.headers.is_empty(), "{interim}");
    }
}

#[test]
fn an_upstream_that_breaks_off_or_sends_garbage_before_its_response_is_a_502() {
    for sent in ["", "HTTP/1.1", "HTTP/1.1 200 OK\r\ncontent-len", "SSH-2.0-OpenSSH\r\n\r\n"] {
        let edge = WireEdge::before(move |mut wire| {
            wire.head()?;
            wire.send(sent)
        });
        let mut wire = edge.request("GET", &["x-request-id: request-0001"]);
        let head = wire.head().unwrap();
        let body = wire.body(&head).all().unwrap();
        assert_unreachable(&head, &body);
    }
}

#[test]
fn an_upstream_that_is_down_is_a_502_for_every_method() {
    let auth = Auth::start(&key_set(&["a"]));
    let edge = edge_before(&auth, "http://127.0.0.1:9", &[]);
    let token = bearer(&auth.token("a"));
    for method in ["GET", "POST", "DELETE"] {
        let headers = [("authorization", &*token), ("x-request-id", "request-0001")];
        let url = format!("{}/public/x", edge.url);
        let response = http::send(method, &url, &headers).unwrap();
        assert_eq!(response.outcome(), "502 origin_unreachable", "{method}");
        assert_eq!(response.json()["request_id"], "request-0001");
        let text = String::from_utf8(response.body).unwrap();
        assert!(
            !text.contains("127.0.0.1"),
            "the client must not learn the upstream's address: {text}"
        );
    }
}

/// A Worker in front of an upstream that sends the bytes in `response`.
struct ScriptedUpstream {
    edge: WireEdge,
    response: Arc<Mutex<String>>,
}

impl ScriptedUpstream {
    fn start() -> Self {
        let response = Arc::new(Mutex::new(String::new()));
        let sent = Arc::clone(&response);
        let edge = WireEdge::before(move |mut wire| {
            wire.head()?;
            wire.send(&*sent.lock().unwrap())
        });
        Self { edge, response }
    }

    /// The client's response if the upstream sends `HTTP/1.1 ` and these bytes. The upstream says
    /// that it closes the connection: otherwise workerd can send the next request over it.
    fn exchange(&self, method: &str, headers: &[&str], sent: &str) -> (Head, Vec<u8>) {
        let (start, body) = sent.rsplit_once("\r\n\r\n").unwrap();
        *self.response.lock().unwrap() =
            format!("HTTP/1.1 {start}\r\nconnection: close\r\n\r\n{body}");
        let mut wire = self.edge.request(method, &[&["connection: close"], headers].concat());
        let head = wire.head().unwrap();
        let body = match method == "HEAD" || [204, 304].contains(&head.status()) {
            true => wire.rest(),
            false => wire.body(&head).all(),
        };
        (head, body.unwrap())
    }
}

fn assert_unreachable(head: &Head, body: &[u8]) {
    assert_eq!(head.status(), 502);
    assert_eq!(head.header("content-type"), Some("application/problem+json"));
    assert_eq!(head.header("cache-control"), Some("no-store"));
    assert_eq!(head.header("x-request-id"), Some("request-0001"));
    let problem: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(problem["code"], json!("origin_unreachable"));
}
