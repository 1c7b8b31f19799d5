//! The Worker in workerd in front of FastAPI, with request targets that the two could interpret
//! differently. The tests send raw requests, because HTTP clients normalize targets.

use std::io::ErrorKind;
use std::process::Command;

use crate::common::wire::Wire;
use crate::common::{Auth, UUID, bearer, edge_before, key_set};
use serde_json::Value;
use xtask::process::Server;
use xtask::stack::Edge;
use xtask::{root, setup};

const OTHER: &str = "0f8fad5b-d9cb-469f-a165-70867728950f";

#[test]
fn every_target_is_rejected_or_means_the_same_to_the_upstream_and_the_worker() {
    let setup = Setup::start();
    let mut differences = Vec::new();
    let targets = targets();
    assert!(targets.len() >= 200, "{}", targets.len());
    for (target, expected) in &targets {
        let outcome = setup.outcome(target, Some(&setup.token));
        if let Outcome::Reached(seen) = &outcome {
            assert_normalized(seen, target);
            assert_users_own(seen, target);
        }
        if outcome.shown() != setup.expand(expected) {
            differences.push(format!("[{target:?}, {:?}] not {expected:?}", outcome.shown()));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn without_a_token_only_the_public_prefix_is_reachable() {
    let setup = Setup::start();
    let mut reached = 0;
    for (target, _) in targets() {
        match setup.outcome(&target, None) {
            Outcome::Reached(seen) => {
                assert_normalized(&seen, &target);
                assert_public(&seen, &target);
                reached += 1;
            }
            Outcome::Rejected(code) => {
                assert!(REJECTIONS.contains(&&*code), "{target} was {code}");
            }
            Outcome::RejectedByRuntime => {}
        }
    }
    assert!(reached > 0);
}

#[test]
fn a_host_header_that_resembles_the_start_of_a_path_opens_no_path() {
    let setup = Setup::start();
    for host in [
        "a.example/public",
        "a.example/public/",
        "a.example/public/?",
        "a.example/public/#",
        "a.example/public/..",
        "a.example/public/%2e%2e",
        "a.example/public/..;",
        "a.example?",
        "a.example#",
        "a.example\\public",
        "public@a.example",
        "/public",
        "/public/?",
        "//public/?",
        "?",
        "#",
        "",
        "a.example:80:80",
        "[::1",
        "a.example\t/public/",
        "a.example%2Fpublic",
    ] {
        for target in [format!("/api/{OTHER}/x"), format!("/../api/{OTHER}/x"), "/x".into()] {
            let named = format!("{target} at {host:?}");
            if let Outcome::Reached(seen) = setup.outcome_at(host, &target, Some(&setup.token)) {
                assert_normalized(&seen, &named);
                assert_users_own(&seen, &named);
            }
            if let Outcome::Reached(seen) = setup.outcome_at(host, &target, None) {
                assert_normalized(&seen, &named);
                assert_public(&seen, &named);
            }
        }
    }
}

const REJECTIONS: [&str; 3] = ["400 ambiguous_path", "400 malformed_request", "401 missing_token"];

/// FastAPI, the Worker in front of it, and user A's token.
struct Setup {
    edge: Edge,
    _upstream: Server,
    _auth: Auth,
    token: String,
}

/// The result of a request.
enum Outcome {
    /// The upstream received the request; its reading of the path
    Reached(Value),
    /// The Worker's status and code
    Rejected(String),
    /// The Worker's runtime rejected the request
    RejectedByRuntime,
}

impl Setup {
    fn start() -> Self {
        let mut command = Command::new(setup::python().unwrap());
        command
            .arg(root().join("xtask/tests/origins/paths.py"))
            .envs([("PYTHONPATH", root().join("examples/fullstack/api"))])
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let ready = |line: &str| line.strip_prefix("FastAPI listening on ").map(str::to_owned);
        let (upstream, url) = Server::start("FastAPI", &mut command, ready).unwrap();
        let auth = Auth::start(&key_set(&["a"]));
        let edge = edge_before(&auth, &url, &[]);
        Self { edge, _upstream: upstream, token: auth.token("a"), _auth: auth }
    }

    fn host(&self) -> &str {
        self.edge.url.strip_prefix("http://").unwrap()
    }

    fn outcome(&self, target: &str, token: Option<&str>) -> Outcome {
        self.outcome_at(self.host(), &self.expand(target), token)
    }

    fn outcome_at(&self, host: &str, target: &str, token: Option<&str>) -> Outcome {
        let authorization = token.map(|token| format!("authorization: {}\r\n", bearer(token)));
        let headers = format!(
            " HTTP/1.1\r\nhost: {host}\r\n{}connection: close\r\n\r\n",
            authorization.unwrap_or_default()
        );
        let mut wire = Wire::connect(&self.edge.url);
        // best effort: a server can close the connection before it has read a long head
        let _ = wire.send([b"GET ", &bytes(target)[..], headers.as_bytes()].concat());
        let head = match wire.head() {
            Ok(head) => head,
            Err(error) => {
                let gone = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
                assert!(gone.contains(&error.kind()), "{target}: {error}");
                return Outcome::RejectedByRuntime;
            }
        };
        let body = wire.body(&head).all().unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        match (body["code"].as_str(), body["raw_path"].is_string()) {
            (Some(code), _) => Outcome::Rejected(format!("{} {code}", head.status())),
            (None, true) => Outcome::Reached(body),
            (None, false) => {
                assert!(matches!(head.status(), 400 | 414), "{}", head.start);
                Outcome::RejectedByRuntime
            }
        }
    }

    /// Replaces the placeholders of the file: `{a}`, `{b}` and in capitals `{A}`, `{B}` are the
    /// users' UUIDs, `{host}` is the Worker, `[x*3]` is `xxx`.
    fn expand(&self, line: &str) -> String {
        let mut text = String::new();
        let mut rest = line;
        while let Some((before, repeated, after)) = repetition(rest) {
            text += before;
            text += &repeated;
            rest = after;
        }
        text += rest;
        text.replace("{a}", UUID)
            .replace("{b}", OTHER)
            .replace("{A}", &UUID.to_uppercase())
            .replace("{B}", &OTHER.to_uppercase())
            .replace("{host}", self.host())
    }
}

impl Outcome {
    fn shown(&self) -> &str {
        match self {
            Self::Reached(seen) => text(&seen["raw_path"]),
            Self::Rejected(code) => code,
            Self::RejectedByRuntime => "rejected by the runtime",
        }
    }
}

/// The targets of tests/vectors/paths.json and their expected results.
fn targets() -> Vec<(String, String)> {
    let file = std::fs::read(root().join("tests/vectors/paths.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    let groups = file.as_object().unwrap().values();
    let pairs = groups.flat_map(|group| group.as_array().unwrap());
    pairs.map(|pair| (text(&pair[0]).to_owned(), text(&pair[1]).to_owned())).collect()
}

/// In the file, each character of a target is one byte.
fn bytes(target: &str) -> Vec<u8> {
    target.chars().map(|c| u8::try_from(c).expect("one byte a character")).collect()
}

fn repetition(text: &str) -> Option<(&str, String, &str)> {
    text.match_indices('[').find_map(|(start, _)| {
        let (inner, after) = text[start + 1..].split_once(']')?;
        let (repeated, count) = inner.rsplit_once('*')?;
        Some((&text[..start], repeated.repeat(count.parse().ok()?), after))
    })
}

/// Asserts that the upstream received the path in the normal form of RFC 3986 (section 6.2.2) and
/// decoded it accordingly.
fn assert_normalized(seen: &Value, target: &str) {
    let raw = text(&seen["raw_path"]);
    let decoded = decode(raw);
    let path = String::from_utf8(decoded.clone()).unwrap();
    assert_eq!(seen["path"], path, "{target}");
    assert!(!path.contains(['\\', '\0']) && !path.contains("//"), "{target} became {raw}");
    assert_eq!(raw.matches('/').count(), path.matches('/').count(), "{target} became {raw}");
    assert_eq!(raw, normal(raw), "{target}");
}

/// Asserts that every reading of the path begins with the public prefix.
fn assert_public(seen: &Value, target: &str) {
    assert_eq!(seen["route"], "public", "{target} was {seen}");
    assert_eq!(seen["x_edge_user"], Value::Array(vec![]), "{target}");
    for reading in readings(text(&seen["raw_path"])) {
        let first = reading.first().map(String::as_str);
        assert_eq!(first, Some("public"), "{target} could be read as {reading:?}");
    }
}

/// Asserts that the user in every reading of the path is the token's.
fn assert_users_own(seen: &Value, target: &str) {
    match text(&seen["route"]) {
        "public" => assert_eq!(seen["x_edge_user"], Value::Array(vec![]), "{target}"),
        route => {
            assert_eq!(seen["x_edge_user"], Value::Array(vec![UUID.into()]), "{target}");
            assert!(route != "private" || is_uuid(text(&seen["user_id"])), "{target} was {seen}");
        }
    }
    for reading in readings(text(&seen["raw_path"])) {
        if let [api, user, ..] = &reading[..]
            && api == "api"
        {
            assert!(is_uuid(user), "{target} could be read as {reading:?}");
        }
    }
}

/// The path's segments as read by servers less strict than FastAPI: decoded up to three times, with
/// backslashes as slashes, dot segments resolved even with parameters, and without empty segments.
fn readings(raw: &str) -> [Vec<String>; 3] {
    let once = decode(raw);
    let twice = decode_bytes(&once);
    let thrice = decode_bytes(&twice);
    [once, twice, thrice].map(|decoded| {
        let path = String::from_utf8_lossy(&decoded).replace('\\', "/");
        let mut segments: Vec<String> = Vec::new();
        for segment in path.split('/') {
            match segment.split(';').next().unwrap() {
                "" | "." => {}
                ".." => drop(segments.pop()),
                _ => segments.push(segment.to_owned()),
            }
        }
        segments
    })
}

fn decode(raw: &str) -> Vec<u8> {
    decode_bytes(raw.as_bytes())
}

fn decode_bytes(raw: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = raw;
    while let [first, tail @ ..] = rest {
        let encoded = tail.get(..2).filter(|hex| *first == b'%' && hex.is_ascii());
        let byte = encoded.and_then(|hex| std::str::from_utf8(hex).ok());
        match byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                rest = &tail[2..];
            }
            None => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    decoded
}

/// Normalizes the path by RFC 3986, section 6.2.2: unreserved characters are decoded, hexadecimal
/// digits are in upper case, and characters that a path cannot contain are encoded.
fn normal(raw: &str) -> String {
    let mut normal = String::new();
    let mut rest = raw.as_bytes();
    while let [first, tail @ ..] = rest {
        let encoded = first == &b'%';
        let length = if encoded { 3 } else { 1 };
        let byte = decode_bytes(&rest[..length])[0];
        let is_unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let is_literal = is_unreserved || (!encoded && b"/!$&'()*+,;=:@".contains(&byte));
        match is_literal {
            true => normal.push(byte.into()),
            false => normal += &format!("%{byte:02X}"),
        }
        rest = &tail[length - 1..];
    }
    normal
}

/// Whether this is user A's UUID in any notation of UUIDs.
fn is_uuid(user: &str) -> bool {
    let user = user.to_ascii_lowercase();
    let bare = user.strip_prefix("urn:uuid:").unwrap_or(&user);
    let bare = bare.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(bare);
    bare.replace('-', "") == UUID.replace('-', "")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
