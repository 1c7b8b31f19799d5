//! The Worker in workerd: responses that no server should send, with and without changes to their
//! headers, which a page of another origin needs.

use std::sync::{Arc, Mutex};

use crate::common::UUID;
use crate::common::wire::{Head, Wire, WireEdge};
use serde_json::{Value, json};

const PAGE: &str = "https://page.example";

#[test]
fn a_compressed_response_is_returned_byte_for_byte_for_any_accept_encoding() {
    for told in both() {
        for encoding in ["gzip", "br", "zstd", "GZIP", "gzip, br"] {
            // none of them would survive being read
            let sent =
                format!("200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: 5\r\n\r\nbytes");
            for accepts in ["", "accept-encoding: identity", "accept-encoding: gzip, br;q=0.5"] {
                let lines: &[&str] = if accepts.is_empty() { &[] } else { &[accepts] };
                let (head, body) = told.exchange("GET", lines, sent.as_bytes());
                assert_eq!(head.header("content-encoding"), Some(encoding));
                assert_eq!((head.header("content-length"), &*body), (Some("5"), &b"bytes"[..]));
                let asked = accepts.strip_prefix("accept-encoding: ");
                assert_eq!(told.asked().header("accept-encoding"), asked);
            }
        }
    }
}

#[test]
fn responses_without_a_body_are_framed_as_the_upstreams() {
    for told in both() {
        for encoding in ["", "content-encoding: gzip\r\n"] {
            let sent = format!("200 OK\r\n{encoding}content-length: 1234\r\n\r\n");
            let (head, body) = told.exchange("HEAD", &[], sent.as_bytes());
            assert_eq!((head.status(), body.len()), (200, 0));
            assert_eq!(head.header("content-length"), Some("1234"));
        }
        for status in [204, 304] {
            for length in ["", "content-length: 0\r\n"] {
                let sent = format!("{status} None\r\netag: \"a\"\r\n{length}\r\n");
                let (head, body) = told.exchange("GET", &[], sent.as_bytes());
                assert_eq!((head.status(), body.len()), (status, 0));
                assert_eq!(head.header("etag"), Some("\"a\""));
                assert_eq!(head.header("transfer-encoding"), None);
            }
        }
    }
}

#[test]
fn header_values_of_responses_are_bytes_and_cookies_stay_separate() {
    for told in both() {
        let lines = [&b"x-utf8: J\xc3\xbcr"[..], b"x-latin: caf\xe9", b"x-other: \xff\xfe"];
        let cookies = [&b"set-cookie: a=1; Expires=Wed, 21 Oct 2026"[..], b"set-cookie: a=\xe9"];
        let sent = [&[&b"200 OK"[..]], &lines[..], &cookies, &[b"content-length: 0", b"", b""]];
        *told.sent.lock().unwrap() = [b"HTTP/1.1 ", &*sent.concat().join(&b"\r\n"[..])].concat();
        let received = told.request("GET", &[]).head_bytes().unwrap().to_ascii_lowercase();
        for line in lines.iter().chain(&cookies) {
            let line = [b"\r\n", &*line.to_ascii_lowercase(), b"\r\n"].concat();
            let found = received.windows(line.len()).any(|window| window == line);
            assert!(found, "{}", String::from_utf8_lossy(&received));
        }
    }
}

#[test]
fn range_requests_and_partial_responses_are_forwarded_as_such() {
    for told in both() {
        let sent = b"206 Part\r\ncontent-range: bytes 0-1/5\r\ncontent-length: 2\r\n\r\nab";
        let (head, body) = told.exchange("GET", &["range: bytes=0-1", "if-range: \"a\""], sent);
        assert_eq!((head.status(), &*body), (206, &b"ab"[..]));
        assert_eq!(head.header("content-range"), Some("bytes 0-1/5"));
        let asked = told.asked();
        assert_eq!(asked.header("range"), Some("bytes=0-1"));
        assert_eq!(asked.header("if-range"), Some("\"a\""));
    }
}

#[test]
fn unusual_statuses_are_returned_or_are_a_502_and_never_a_runtime_error() {
    for told in both() {
        for status in [299, 418, 599] {
            let (head, body) = told.exchange("GET", &[], &odd(status));
            assert_eq!((head.status(), &*body), (status, &b"ab"[..]));
        }
        for status in [0, 99, 199, 1000] {
            assert_eq!(told.rejection(&odd(status)), (502, json!("origin_unreachable")));
        }
    }
    let [plain, changed] = both();
    for status in [600, 999] {
        assert_eq!(plain.exchange("GET", &[], &odd(status)).0.status(), status);
        // the runtime cannot construct a response of that status, so the edge cannot change one
        assert_eq!(changed.rejection(&odd(status)), (502, json!("origin_unreachable")));
    }
    let switch = b"101 Switch\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n";
    assert_eq!(changed.rejection(switch), (502, json!("origin_unreachable")));
    assert!(!changed.edge.edge.log().contains("Uncaught"), "{}", changed.edge.edge.log());
}

#[test]
fn an_ambiguous_response_is_a_502_or_has_one_length() {
    for told in both() {
        for garbage in [
            "200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc",
            "200 OK\r\nx-a: b\r\n c\r\ncontent-length: 0\r\n\r\n",
            "200 OK\r\nx-a: b\0c\r\ncontent-length: 0\r\n\r\n",
            "200 O\u{1}K\r\ncontent-length: 0\r\n\r\n",
            "OK\r\n\r\n",
        ] {
            assert_eq!(told.rejection(garbage.as_bytes()).0, 502, "{garbage:?}");
        }
        let both = b"200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
        let (head, body) = told.exchange("GET", &[], both);
        assert_eq!((head.header("content-length"), &*body), (None, &b"ab"[..]));
        let trailers = b"200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-edge\r\n\r\n2\r\nab\r\n0\r\nx-edge: 1\r\n\r\n";
        let (_, body) = told.exchange("GET", &[], trailers);
        assert_eq!(body, b"ab");
    }
}

/// A Worker before an origin that sends what it is told to, and what it was last asked.
struct Told {
    edge: WireEdge,
    sent: Arc<Mutex<Vec<u8>>>,
    asked: Arc<Mutex<Option<Head>>>,
}

/// One that passes responses on as they are, and one that says which pages may read them.
fn both() -> [Told; 2] {
    [&[][..], &[("CORS_ORIGINS", json!(PAGE))]].map(Told::start)
}

fn odd(status: u16) -> Vec<u8> {
    format!("{status:03} Odd\r\ncontent-length: 2\r\n\r\nab").into_bytes()
}

impl Told {
    fn start(settings: &[(&str, Value)]) -> Self {
        let (sent, asked) = (Arc::default(), Arc::<Mutex<Option<Head>>>::default());
        let (told, seen) = (Arc::<Mutex<Vec<u8>>>::clone(&sent), Arc::clone(&asked));
        let edge = WireEdge::before_with(settings, move |mut wire| {
            *seen.lock().unwrap() = Some(wire.head()?);
            let bytes = told.lock().unwrap().clone();
            wire.send(bytes)
        });
        Self { edge, sent, asked }
    }

    fn request(&self, method: &str, headers: &[&str]) -> Wire {
        let page = format!("origin: {PAGE}");
        self.edge.request(method, &[&["connection: close", &*page], headers].concat())
    }

    /// What a client gets when the origin sends this behind `HTTP/1.1 `.
    fn exchange(&self, method: &str, headers: &[&str], sent: &[u8]) -> (Head, Vec<u8>) {
        *self.sent.lock().unwrap() = [b"HTTP/1.1 ", sent].concat();
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

    /// The head of the last request that reached the origin.
    fn asked(&self) -> Head {
        let asked = self.asked.lock().unwrap().take().unwrap();
        assert_eq!(asked.start, format!("GET /api/{UUID}/x HTTP/1.1"));
        asked
    }
}
