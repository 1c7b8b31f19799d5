//! The Worker in workerd: malformed upstream responses, with and without CORS, which changes their
//! headers.

use std::sync::{Arc, Mutex};

use crate::common::UUID;
use crate::common::wire::{Head, Wire, WireEdge};
use serde_json::{Value, json};

const PAGE: &str = "https://page.example";

#[test]
fn a_compressed_response_is_returned_byte_for_byte_for_any_accept_encoding() {
    for upstream in both() {
        for encoding in ["gzip", "br", "zstd", "GZIP", "gzip, br"] {
            // decompression would fail for each of them
            let sent =
                format!("200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: 5\r\n\r\nbytes");
            for accepts in ["", "accept-encoding: identity", "accept-encoding: gzip, br;q=0.5"] {
                let lines: &[&str] = if accepts.is_empty() { &[] } else { &[accepts] };
                let (head, body) = upstream.exchange("GET", lines, sent.as_bytes());
                assert_eq!(head.header("content-encoding"), Some(encoding));
                assert_eq!((head.header("content-length"), &*body), (Some("5"), &b"bytes"[..]));
                let requested = accepts.strip_prefix("accept-encoding: ");
                assert_eq!(upstream.last_request().header("accept-encoding"), requested);
            }
        }
    }
}

#[test]
fn responses_without_a_body_are_framed_as_the_upstreams() {
    for upstream in both() {
        for encoding in ["", "content-encoding: gzip\r\n"] {
            let sent = format!("200 OK\r\n{encoding}content-length: 1234\r\n\r\n");
            let (head, body) = upstream.exchange("HEAD", &[], sent.as_bytes());
            assert_eq!((head.status(), body.len()), (200, 0));
            assert_eq!(head.header("content-length"), Some("1234"));
        }
        for status in [204, 304] {
            for length in ["", "content-length: 0\r\n"] {
                let sent = format!("{status} None\r\netag: \"a\"\r\n{length}\r\n");
                let (head, body) = upstream.exchange("GET", &[], sent.as_bytes());
                assert_eq!((head.status(), body.len()), (status, 0));
                assert_eq!(head.header("etag"), Some("\"a\""));
                assert_eq!(head.header("transfer-encoding"), None);
            }
        }
    }
}

#[test]
fn header_values_of_responses_are_bytes_and_cookies_stay_separate() {
    for upstream in both() {
        let lines = [&b"x-utf8: J\xc3\xbcr"[..], b"x-latin: caf\xe9", b"x-other: \xff\xfe"];
        let cookies = [&b"set-cookie: a=1; Expires=Wed, 21 Oct 2026"[..], b"set-cookie: a=\xe9"];
        let sent = [&[&b"200 OK"[..]], &lines[..], &cookies, &[b"content-length: 0", b"", b""]];
        *upstream.response.lock().unwrap() =
            [b"HTTP/1.1 ", &*sent.concat().join(&b"\r\n"[..])].concat();
        let received = upstream.request("GET", &[]).head_bytes().unwrap().to_ascii_lowercase();
        for line in lines.iter().chain(&cookies) {
            let line = [b"\r\n", &*line.to_ascii_lowercase(), b"\r\n"].concat();
            let found = received.windows(line.len()).any(|window| window == line);
            assert!(found, "{}", String::from_utf8_lossy(&received));
        }
    }
}

#[test]
fn range_requests_and_partial_responses_are_forwarded_as_such() {
    for upstream in both() {
        let sent = b"206 Part\r\ncontent-range: bytes 0-1/5\r\ncontent-length: 2\r\n\r\nab";
        let (head, body) = upstream.exchange("GET", &["range: bytes=0-1", "if-range: \"a\""], sent);
        assert_eq!((head.status(), &*body), (206, &b"ab"[..]));
        assert_eq!(head.header("content-range"), Some("bytes 0-1/5"));
        let requested = upstream.last_request();
        assert_eq!(requested.header("range"), Some("bytes=0-1"));
        assert_eq!(requested.header("if-range"), Some("\"a\""));
    }
}

#[test]
fn unusual_statuses_are_returned_or_are_a_502_and_never_a_runtime_error() {
    for upstream in both() {
        for status in [299, 418, 599] {
            let (head, body) = upstream.exchange("GET", &[], &odd(status));
            assert_eq!((head.status(), &*body), (status, &b"ab"[..]));
        }
        for status in [0, 99, 199, 1000] {
            assert_eq!(upstream.rejection(&odd(status)), (502, json!("origin_unreachable")));
        }
    }
    let [plain, changed] = both();
    for status in [600, 999] {
        assert_eq!(plain.exchange("GET", &[], &odd(status)).0.status(), status);
        // the runtime cannot construct a response with that status, so the edge cannot change one
        assert_eq!(changed.rejection(&odd(status)), (502, json!("origin_unreachable")));
    }
    let switch = b"101 Switch\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n";
    assert_eq!(changed.rejection(switch), (502, json!("origin_unreachable")));
    assert!(!changed.edge.edge.log().contains("Uncaught"), "{}", changed.edge.edge.log());
}

#[test]
fn a_response_with_a_status_that_no_response_can_have_is_logged_once() {
    let settings = [("CORS_ORIGINS", PAGE), ("LOG_LEVEL", "info"), ("SERVER_TIMING", "true")];
    let upstream = ScriptedUpstream::start(&settings.map(|(name, value)| (name, json!(value))));
    assert_eq!(upstream.rejection(&odd(999)), (502, json!("origin_unreachable")));
    let (head, _) = upstream.exchange("GET", &[], &odd(299));
    assert!(head.header("server-timing").is_some());
    let log = upstream.edge.edge.log_with("\"upstream_status\":299");
    assert!(!log.contains("\"upstream_status\":999"), "{log}");
    assert_eq!(log.matches("\"origin_unreachable\"").count(), 1, "{log}");
}

#[test]
fn an_ambiguous_response_is_a_502_or_has_one_length() {
    for upstream in both() {
        for garbage in [
            "200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc",
            "200 OK\r\nx-a: b\r\n c\r\ncontent-length: 0\r\n\r\n",
            "200 OK\r\nx-a: b\0c\r\ncontent-length: 0\r\n\r\n",
            "200 O\u{1}K\r\ncontent-length: 0\r\n\r\n",
            "OK\r\n\r\n",
        ] {
            assert_eq!(upstream.rejection(garbage.as_bytes()).0, 502, "{garbage:?}");
        }
        let both = b"200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
        let (head, body) = upstream.exchange("GET", &[], both);
        assert_eq!((head.header("content-length"), &*body), (None, &b"ab"[..]));
        let trailers = b"200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-edge\r\n\r\n2\r\nab\r\n0\r\nx-edge: 1\r\n\r\n";
        let (_, body) = upstream.exchange("GET", &[], trailers);
        assert_eq!(body, b"ab");
    }
}

/// A Worker in front of an upstream that sends the bytes in `response` and keeps its last request.
struct ScriptedUpstream {
    edge: WireEdge,
    response: Arc<Mutex<Vec<u8>>>,
    last_request: Arc<Mutex<Option<Head>>>,
}

/// One without CORS and one with CORS.
fn both() -> [ScriptedUpstream; 2] {
    [&[][..], &[("CORS_ORIGINS", json!(PAGE))]].map(ScriptedUpstream::start)
}

fn odd(status: u16) -> Vec<u8> {
    format!("{status:03} Odd\r\ncontent-length: 2\r\n\r\nab").into_bytes()
}

impl ScriptedUpstream {
    fn start(settings: &[(&str, Value)]) -> Self {
        let (response, last_request) = (Arc::default(), Arc::<Mutex<Option<Head>>>::default());
        let (sent, seen) = (Arc::<Mutex<Vec<u8>>>::clone(&response), Arc::clone(&last_request));
        let edge = WireEdge::before_with(settings, move |mut wire| {
            *seen.lock().unwrap() = Some(wire.head()?);
            let bytes = sent.lock().unwrap().clone();
            wire.send(bytes)
        });
        Self { edge, response, last_request }
    }

    fn request(&self, method: &str, headers: &[&str]) -> Wire {
        let page = format!("origin: {PAGE}");
        self.edge.request(method, &[&["connection: close", &*page], headers].concat())
    }

    /// The client's response if the upstream sends `HTTP/1.1 ` and these bytes.
    fn exchange(&self, method: &str, headers: &[&str], sent: &[u8]) -> (Head, Vec<u8>) {
        *self.response.lock().unwrap() = [b"HTTP/1.1 ", sent].concat();
        let mut wire = self.request(method, headers);
        let head = wire.head().unwrap();
        let body = match method == "HEAD" || [204, 304].contains(&head.status()) {
            true => wire.rest(),
            false => wire.body(&head).all(),
        };
        (head, body.unwrap())
    }

    /// The status and code of the edge's own response.
    fn rejection(&self, sent: &[u8]) -> (u16, Value) {
        let (head, body) = self.exchange("GET", &[], sent);
        let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
        (head.status(), problem["code"].clone())
    }

    /// The head of the last request that reached the upstream.
    fn last_request(&self) -> Head {
        let request = self.last_request.lock().unwrap().take().unwrap();
        assert_eq!(request.start, format!("GET /api/{UUID}/x HTTP/1.1"));
        request
    }
}
