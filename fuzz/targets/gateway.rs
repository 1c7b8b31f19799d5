//! The gateway, with arbitrary requests.
//!
//! Invariants:
//! - The gateway does not panic.
//! - The upstream's path, decoded once by the reference implementation, has the segments of the
//!   request and of the path that the rules matched. No segment is empty, `.` or `..`, contains a
//!   slash, or is encoded twice.
//! - A request for a path that requires a user is forwarded only with a token signed for that edge,
//!   and for `/api/{user_id}` only with that user's token.
//! - No forwarded header and no URL contains a line break.
//! - The client's identity headers are removed in every spelling. Those that the upstream sees come
//!   from the token.
//! - The header edits are the same in their text form for the host.
//! - A repeated request with cached headers has the same decision.
//!
//! Input: a byte (see [`Scenario`]), the user up to a NUL, and a request head, in which `$T` stands
//! for the user's token.

#![no_main]

use better_auth_edge::gateway::{
    Decision, Forward, Gateway, HeaderCache, HeaderEdit, Path, RequestHead, Response, Settings,
};
use better_auth_edge_fuzz::base64url::encode;
use better_auth_edge_fuzz::host::FixedHost;
use better_auth_edge_fuzz::json::{Value, quoted};
use better_auth_edge_fuzz::path;
use better_auth_edge_fuzz::signing_keys::SigningKeys;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((head, rest)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let (user, head_text) = text.split_once('\0').unwrap_or(("user-1", &text));
    check_path(head_text);
    HARNESS.with(|harness| harness.run(&Scenario::new(*head), user, head_text));
});

thread_local! {
    static HARNESS: Harness = Harness::new();
}

const NOW: f64 = 1_750_000_000.0;
/// A time at which every token has expired, tolerance included.
const LATER: f64 = NOW + 70.0;
const SERVER: &str = "https://app.example";
const ORIGIN: &str = "https://api.example/v1";
const ROUTES: &str = r#"[
    {"path":"/public/*","auth":"public"},
    {"path":"/maybe/*","auth":"optional"},
    {"path":"/status","methods":["GET"],"auth":"public"},
    {"path":"/api/{user_id}/*","match":{"user_id":"sub"}}]"#;
const CLAIM_HEADERS: &str = r#"{"email":"X-User_Email","n":"x-number"}"#;

/// The first byte of an input.
struct Scenario {
    /// The kind of token
    kind: Kind,
    /// Whether the edge forwards the bearer token
    authorization: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Valid,
    Expired,
    Forged,
}

impl Scenario {
    fn new(byte: u8) -> Self {
        let kind = [Kind::Valid, Kind::Valid, Kind::Expired, Kind::Forged][usize::from(byte) % 4];
        Self { kind, authorization: byte & 4 == 0 }
    }
}

struct Harness {
    keys: SigningKeys,
    host: FixedHost,
    /// With and without forwarding of the bearer token
    gateways: [Gateway; 2],
}

impl Harness {
    fn new() -> Self {
        let keys = SigningKeys::new();
        let host = FixedHost::at(NOW).serving(&keys.set(1));
        let gateways = ["true", "false"].map(|authorization| Gateway::new(settings(authorization)));
        Self { keys, host, gateways }
    }

    fn run(&self, scenario: &Scenario, user: &str, text: &str) {
        let token = match text.contains("$T") {
            true => self.token(scenario.kind, user),
            false => String::new(),
        };
        let text = text.replace("$T", &token);
        let Some(head) = RequestHead::parse(&text) else { return };
        let gateway = &self.gateways[usize::from(!scenario.authorization)];
        let decision = self.host.run(gateway.decide(&head, &self.host));
        self.check_repeated(gateway, &text, &decision);
        match decision {
            Decision::Forward(forward) => {
                let request_id = forward.request_id.clone();
                assert!(is_value(&request_id));
                let forwarded = ForwardedRequest { text: &text, head: &head, forward: &forward };
                let segments = forwarded.check_url();
                forwarded.check_access(scenario, user, &token, &segments);
                forwarded.check_headers(scenario, user, &request_id);
                check_edits(&forward);
            }
            Decision::Respond(_, None) => {
                assert!(
                    head.path().starts_with("/.well-known/better-auth-edge/"),
                    "a response without an error"
                );
            }
            Decision::Respond(response, Some(error)) => {
                assert_eq!(response.status, error.status());
                check_response(&response, error.code().as_str());
            }
        }
    }

    fn check_repeated(&self, gateway: &Gateway, text: &str, decision: &Decision) {
        let mut lines = text.splitn(3, '\n');
        let (method, url) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let fields = lines.next().unwrap_or_default();
        let mut heads = HeaderCache::default();
        let first = heads.read(format!("+0\n{method}\n{url}\n\n{fields}"));
        let again = heads.read(format!("0\n{method}\n{url}\n"));
        for head in [first, again] {
            let head = head.expect("the whole head was valid");
            let returned = self.host.run(gateway.decide(&head, &self.host));
            assert_eq!(outcome(&returned), outcome(decision));
            if let Decision::Forward(Forward { decision_id: Some(pass), .. }) = returned {
                let passes = [NOW, LATER].map(|now| gateway.decision_is_valid(pass, now));
                assert_eq!(
                    passes,
                    [true, false],
                    "a cached decision is valid as long as its token"
                );
            }
        }
    }

    fn token(&self, kind: Kind, user: &str) -> String {
        let key = &self.keys.all()[0];
        let expires = if kind == Kind::Expired { NOW - 60.0 } else { LATER - 10.0 };
        let user = quoted(user);
        let claims = format!(
            r#"{{"iss":"{SERVER}","aud":"{SERVER}","exp":{expires},"sub":{user},"email":{user},"n":7}}"#
        );
        let input = [key.header(), claims].map(encode).join(".");
        let signer = if kind == Kind::Forged { SigningKeys::PUBLISHED } else { 0 };
        format!("{input}.{}", encode(self.keys.sign(signer, &input)))
    }
}

/// Without the trace for the log, which says whether the token came from the cache.
fn outcome(decision: &Decision) -> (String, String) {
    match decision {
        Decision::Forward(forward) => {
            (forward.as_text().replacen(&forward.trace, "", 1), forward.private.to_string())
        }
        Decision::Respond(response, _) => (response.headers_as_text(), response.body.clone()),
    }
}

fn settings(authorization: &str) -> Settings {
    let lookup = |name: &str| {
        let value = match name {
            "BETTER_AUTH_URL" => SERVER,
            "ORIGIN_URL" => ORIGIN,
            "ROUTES" => ROUTES,
            "CLAIM_HEADERS" => CLAIM_HEADERS,
            "FORWARD_AUTHORIZATION" => authorization,
            _ => return None,
        };
        Some(value.to_owned())
    };
    Settings::parse(lookup).expect("the settings are valid")
}

fn check_path(raw: &str) {
    let Ok(path) = Path::parse(raw) else { return };
    let encoded = path.encoded();
    assert_eq!(Path::parse(encoded).expect("the normalized path is valid"), path);
    assert_eq!(path::segments(encoded), path::segments(raw), "{raw} becomes {encoded}");
}

/// A forwarded request: as received, as parsed, and as forwarded.
struct ForwardedRequest<'r> {
    text: &'r str,
    head: &'r RequestHead,
    forward: &'r Forward,
}

impl ForwardedRequest<'_> {
    /// The decoded segments of the forwarded path.
    fn check_url(&self) -> Vec<Vec<u8>> {
        let url = self.forward.url();
        assert!(!url.contains(['\r', '\n', '#']), "{url:?}");
        let target = url.strip_prefix(ORIGIN).expect("the target is the upstream");
        let (path, query) = split_query(target);
        assert!(path.bytes().all(|byte| byte.is_ascii_graphic()), "{path:?}");
        let (raw_path, raw_query) = split_query(raw_target(self.text));
        assert_eq!(query, raw_query, "the query has changed");

        let mut segments = path::segments(path).expect("the path is valid");
        assert_eq!(Some(&segments), path::segments(raw_path).as_ref(), "the path has changed");
        segments.pop_if(|last| last.is_empty());
        let matched = Path::parse(self.head.path()).expect("the head was valid");
        let matched: Vec<_> = matched.segments().iter().map(|text| text.as_bytes()).collect();
        assert_eq!(segments, matched, "the rules matched another path");
        segments.iter().for_each(|segment| check_segment(segment));
        segments
    }

    /// Checks that the request has a token, and that the path is not another user's.
    fn check_access(&self, scenario: &Scenario, user: &str, token: &str, segments: &[Vec<u8>]) {
        let method = self.text.split('\n').next().unwrap_or_default();
        let segments: Vec<_> = segments.iter().map(|s| String::from_utf8_lossy(s)).collect();
        let segments: Vec<_> = segments.iter().map(|segment| &**segment).collect();
        let (public, optional) = match segments[..] {
            ["public", ..] => (true, false),
            ["status"] => (matches!(method, "GET" | "HEAD"), false),
            ["maybe", ..] => (false, true),
            _ => (false, false),
        };
        let has_user = self.set("x-edge-user").is_some();
        assert!(!(public && has_user), "a public path has a user");
        assert!(public || optional || has_user, "forwarded without a user");
        if has_user {
            let mut values = self.sent().filter(|(name, _)| name == "authorization");
            let sent = values.any(|(_, value)| !token.is_empty() && value.contains(token));
            assert!(
                sent && scenario.kind == Kind::Valid && !user.is_empty(),
                "the token is invalid"
            );
            if let ["api", id, ..] = segments[..] {
                assert!(id == user || uuid(id).is_some_and(|id| Some(id) == uuid(user)));
            }
        } else if optional {
            let mut values = self.sent().filter(|(name, _)| name == "authorization");
            let bearer =
                |value: &str| value.get(..7).is_some_and(|s| s.eq_ignore_ascii_case("bearer "));
            assert!(!values.any(|(_, value)| bearer(&value)), "ignored a bad token");
        }
    }

    fn check_headers(&self, scenario: &Scenario, user: &str, request_id: &str) {
        for (name, value) in [("x-edge-user", path::header_value(user)), ("x-number", "7".into())] {
            assert!(self.set(name).is_none_or(|set| set == value), "{name} is not the token's");
        }
        assert_eq!(self.set("x-user_email").is_some(), self.set("x-edge-user").is_some());
        assert_eq!(self.set("x-request-id"), Some(request_id));

        let connection = self.sent().filter(|(name, _)| name == "connection");
        let listed = |value: String| value.split(',').map(|n| n.trim().to_lowercase()).collect();
        let named: Vec<String> = connection.flat_map(|(_, v)| -> Vec<_> { listed(v) }).collect();
        let removed = |name: &str| {
            self.forward.edits().any(|edit| match edit {
                HeaderEdit::Remove(gone) | HeaderEdit::Set(gone, _) => gone == name,
                HeaderEdit::Append(..) | HeaderEdit::Default(..) => false,
            })
        };
        for (name, value) in self.sent().filter(|(name, _)| !removed(name)) {
            assert!(is_name(&name), "a header is named {name:?}");
            assert!(!value.contains(['\r', '\n', '\0']), "{name} has a line break: {value:?}");
            let normalized = name.replace('_', "-");
            let reserved = normalized.starts_with("x-edge-") || CLAIMED.contains(&&*normalized);
            assert!(!reserved, "the client forged {name}");
            assert!(!HOP_BY_HOP.contains(&&*name) && normalized != "x-request-id");
            assert!(!named.contains(&name) || name == "upgrade", "Connection names {name}");
            assert!(scenario.authorization || name != "authorization");
        }
    }

    /// The value that the edge sets for a header.
    fn set(&self, wanted: &str) -> Option<&str> {
        let mut values = self.forward.edits().filter_map(|edit| match edit {
            HeaderEdit::Set(name, value) if name == wanted => Some(value.as_str()),
            _ => None,
        });
        let value = values.next();
        assert_eq!(values.next(), None, "{wanted} is set twice");
        value
    }

    /// The names, in lower case, and values of the headers that the client sent.
    fn sent(&self) -> impl Iterator<Item = (String, String)> {
        let lines = self.text.split('\n').skip(2);
        let pairs = lines.filter_map(|line| line.split_once(": "));
        pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
    }
}

const CLAIMED: [&str; 2] = ["x-user-email", "x-number"];
const HOP_BY_HOP: [&str; 6] =
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"];

fn raw_target(text: &str) -> &str {
    let url = text.split('\n').nth(1).unwrap_or_default();
    let (_, rest) = url.split_once("://").expect("the head was valid");
    let target = rest.find('/').map_or("/", |start| &rest[start..]);
    target.split('#').next().unwrap_or_default()
}

fn split_query(target: &str) -> (&str, Option<&str>) {
    target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)))
}

/// Checks that no server reads another path: one that decodes twice, or one that drops parameters.
fn check_segment(segment: &[u8]) {
    let text = std::str::from_utf8(segment).expect("a segment is UTF-8");
    let name = text.split(';').next().unwrap_or_default();
    assert!(!matches!(name, "" | "." | ".."), "{text:?}");
    assert!(!text.contains(['/', '\\']) && !text.chars().any(char::is_control), "{text:?}");
    let encoded_twice =
        text.split('%').skip(1).any(|part| path::decode(&format!("%{part}")).is_some());
    assert!(!encoded_twice, "{text:?}");
}

/// The digits of a UUID in any spelling.
fn uuid(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let text = text.strip_prefix("urn:uuid:").unwrap_or(&text);
    let digits: String = text.chars().filter(|c| !"{}-".contains(*c)).collect();
    (digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit())).then_some(digits)
}

fn check_edits(forward: &Forward) {
    let text = HeaderEdit::as_text(forward.edits());
    let read = text.lines().map(|line| match line.split_once(": ") {
        Some((name, value)) => HeaderEdit::Set(name.to_owned().into(), value.to_owned()),
        None => HeaderEdit::Remove(line.to_owned().into()),
    });
    assert!(read.eq(forward.edits().cloned()), "the host parses other edits");
    for edit in forward.edits() {
        match edit {
            HeaderEdit::Remove(name) => assert!(is_name(name), "{name:?}"),
            HeaderEdit::Set(name, value)
            | HeaderEdit::Append(name, value)
            | HeaderEdit::Default(name, value) => {
                // the rest of the client's value may have any bytes
                let own = matches!(&**name, "cookie" | "sec-websocket-protocol");
                let good = is_value(value) || (own && !value.contains(['\0', '\r', '\n']));
                assert!(is_name(name) && good, "{edit:?}");
            }
        }
    }
}

fn check_response(response: &Response, code: &str) {
    let body = Value::parse_object(response.body.as_bytes()).expect("the body is a JSON object");
    assert_eq!(body.member("code").and_then(Value::as_str), Some(code));
    assert!(response.headers.iter().all(|(name, value)| is_name(name) && is_value(value)));
    let challenges =
        response.headers.iter().filter(|(name, _)| *name == "www-authenticate").count();
    assert!(challenges == 1 || response.status != 401);
}

/// A header name (RFC 9110, section 5.6.2).
fn is_name(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}

/// A header value of printable ASCII.
fn is_value(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}
