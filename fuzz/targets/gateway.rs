//! The gateway, with requests of any form.
//!
//! Always: it does not panic. The path that the origin gets, decoded once by somebody else, has the
//! segments that the request had and the rules were held against; none is empty, `.` or `..`, holds a
//! slash, or is encoded twice. A path that needs a user gets through only with a token that was
//! signed for us, `/api/{user_id}` only with that user's own. No header that is kept or set, and no
//! URL, has a line break. Identity headers of the client are gone in every spelling; those that the
//! origin sees are the token's. The edits cross to the host as text that says the same. A client whose
//! fields have a number gets the same, at first and when it returns.
//!
//! Input: a byte (see [`Plan`]), the user up to a NUL, and a request's head, in which `$T` stands
//! for the user's token.

#![no_main]

use better_auth_edge::gateway::{
    Decision, Forward, Gateway, HeaderEdit, Heads, Path, RequestHead, Response, Settings,
};
use better_auth_edge_fuzz::base64url::encode;
use better_auth_edge_fuzz::host::StillHost;
use better_auth_edge_fuzz::json::{Value, quoted};
use better_auth_edge_fuzz::percent;
use better_auth_edge_fuzz::ring::Ring;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((head, rest)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let (user, head_text) = text.split_once('\0').unwrap_or(("user-1", &text));
    check_path(head_text);
    HARNESS.with(|harness| harness.run(&Plan::new(*head), user, head_text));
});

thread_local! {
    static HARNESS: Harness = Harness::new();
}

const NOW: f64 = 1_750_000_000.0;
/// When no token is good any more, tolerance included.
const LATER: f64 = NOW + 70.0;
const SERVER: &str = "https://app.example";
const ORIGIN: &str = "https://api.example/v1";
const ROUTES: &str = r#"[
    {"path":"/public/*","auth":"public"},
    {"path":"/maybe/*","auth":"optional"},
    {"path":"/status","methods":["GET"],"auth":"public"},
    {"path":"/api/{user_id}/*","match":{"user_id":"sub"}}]"#;
const CLAIM_HEADERS: &str = r#"{"email":"X-User_Email","n":"x-number"}"#;

/// What the first byte says.
struct Plan {
    /// The kind of token
    kind: Kind,
    /// Whether the origin gets the bearer token
    authorization: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Good,
    Expired,
    OfAnother,
}

impl Plan {
    fn new(byte: u8) -> Self {
        let kind = [Kind::Good, Kind::Good, Kind::Expired, Kind::OfAnother][usize::from(byte) % 4];
        Self { kind, authorization: byte & 4 == 0 }
    }
}

struct Harness {
    ring: Ring,
    host: StillHost,
    /// Passing the bearer token on, and not
    gateways: [Gateway; 2],
}

impl Harness {
    fn new() -> Self {
        let ring = Ring::new();
        let host = StillHost::at(NOW).serving(&ring.set(1));
        let gateways = ["true", "false"].map(|authorization| Gateway::new(settings(authorization)));
        Self { ring, host, gateways }
    }

    fn run(&self, plan: &Plan, user: &str, text: &str) {
        let token = match text.contains("$T") {
            true => self.token(plan.kind, user),
            false => String::new(),
        };
        let text = text.replace("$T", &token);
        let Some(head) = RequestHead::parse(&text) else { return };
        let gateway = &self.gateways[usize::from(!plan.authorization)];
        let decision = self.host.run(gateway.decide(&head, &self.host));
        self.check_returning(gateway, &text, &decision);
        match decision {
            Decision::Forward(forward) => {
                let request_id = forward.request_id.clone();
                assert!(is_value(&request_id));
                let seen = Seen { text: &text, head: &head, forward: &forward };
                let segments = seen.check_url();
                seen.check_access(plan, user, &token, &segments);
                seen.check_headers(plan, user, &request_id);
                check_edits(&forward);
            }
            Decision::Respond(_, None) => {
                assert!(head.path().starts_with("/.well-known/better-auth-edge/"), "no reason");
            }
            Decision::Respond(response, Some(error)) => {
                assert_eq!(response.status, error.status());
                check_response(&response, error.code().as_str());
            }
        }
    }

    fn check_returning(&self, gateway: &Gateway, text: &str, decision: &Decision) {
        let mut lines = text.splitn(3, '\n');
        let (method, url) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let fields = lines.next().unwrap_or_default();
        let mut heads = Heads::default();
        let first = heads.read(format!("+0\n{method}\n{url}\n\n{fields}"));
        let again = heads.read(format!("0\n{method}\n{url}\n"));
        for head in [first, again] {
            let head = head.expect("it was read as a whole");
            let returned = self.host.run(gateway.decide(&head, &self.host));
            assert_eq!(outcome(&returned), outcome(decision));
            if let Decision::Forward(Forward { pass: Some(pass), .. }) = returned {
                let passes = [NOW, LATER].map(|now| gateway.lets_pass(pass, now));
                assert_eq!(passes, [true, false], "a pass is good for as long as the token");
            }
        }
    }

    fn token(&self, kind: Kind, user: &str) -> String {
        let key = &self.ring.keys()[0];
        let expires = if kind == Kind::Expired { NOW - 60.0 } else { LATER - 10.0 };
        let user = quoted(user);
        let claims = format!(
            r#"{{"iss":"{SERVER}","aud":"{SERVER}","exp":{expires},"sub":{user},"email":{user},"n":7}}"#
        );
        let input = [key.header(), claims].map(encode).join(".");
        let signer = if kind == Kind::OfAnother { Ring::PUBLISHED } else { 0 };
        format!("{input}.{}", encode(self.ring.sign(signer, &input)))
    }
}

fn outcome(decision: &Decision) -> (String, String) {
    match decision {
        Decision::Forward(forward) => (forward.as_text(), forward.private.to_string()),
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
    Settings::parse(lookup).expect("these settings are good")
}

fn check_path(raw: &str) {
    let Ok(path) = Path::parse(raw) else { return };
    let encoded = path.encoded();
    assert_eq!(Path::parse(encoded).expect("its one spelling is a path"), path);
    assert_eq!(percent::segments(encoded), percent::segments(raw), "{raw} becomes {encoded}");
}

/// A request that was let through: as it came, as the edge read it, as it goes.
struct Seen<'r> {
    text: &'r str,
    head: &'r RequestHead,
    forward: &'r Forward,
}

impl Seen<'_> {
    /// The decoded segments of the path that the origin gets.
    fn check_url(&self) -> Vec<Vec<u8>> {
        let url = self.forward.url();
        assert!(!url.contains(['\r', '\n', '#']), "{url:?}");
        let target = url.strip_prefix(ORIGIN).expect("it goes to the origin");
        let (path, query) = split_query(target);
        assert!(path.bytes().all(|byte| byte.is_ascii_graphic()), "{path:?}");
        let (raw_path, raw_query) = split_query(raw_target(self.text));
        assert_eq!(query, raw_query, "the query has changed");

        let mut segments = percent::segments(path).expect("the path can be decoded");
        assert_eq!(Some(&segments), percent::segments(raw_path).as_ref(), "another path");
        segments.pop_if(|last| last.is_empty());
        let matched = Path::parse(self.head.path()).expect("it was read before");
        let matched: Vec<_> = matched.segments().iter().map(|text| text.as_bytes()).collect();
        assert_eq!(segments, matched, "the edge has matched another path");
        segments.iter().for_each(|segment| check_segment(segment));
        segments
    }

    /// Nobody without a token, and nobody on another's path.
    fn check_access(&self, plan: &Plan, user: &str, token: &str, segments: &[Vec<u8>]) {
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
        assert!(public || optional || has_user, "nobody is let through");
        if has_user {
            let mut values = self.sent().filter(|(name, _)| name == "authorization");
            let sent = values.any(|(_, value)| !token.is_empty() && value.contains(token));
            assert!(sent && plan.kind == Kind::Good && !user.is_empty(), "there is no good token");
            if let ["api", id, ..] = segments[..] {
                assert!(id == user || uuid(id).is_some_and(|id| Some(id) == uuid(user)));
            }
        } else if optional {
            let mut values = self.sent().filter(|(name, _)| name == "authorization");
            let bearer =
                |value: &str| value.get(..7).is_some_and(|s| s.eq_ignore_ascii_case("bearer "));
            assert!(!values.any(|(_, value)| bearer(&value)), "a bad token is ignored");
        }
    }

    fn check_headers(&self, plan: &Plan, user: &str, request_id: &str) {
        for (name, value) in
            [("x-edge-user", percent::header_value(user)), ("x-number", "7".into())]
        {
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
            let folded = name.replace('_', "-");
            let ours = folded.starts_with("x-edge-") || CLAIMED.contains(&&*folded);
            assert!(!ours, "the client speaks for the edge: {name}");
            assert!(!HOP_BY_HOP.contains(&&*name) && folded != "x-request-id");
            assert!(!named.contains(&name) || name == "upgrade", "Connection names {name}");
            assert!(plan.authorization || name != "authorization");
        }
    }

    /// The value that the edge gives a header.
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
    let (_, rest) = url.split_once("://").expect("it was read before");
    let target = rest.find('/').map_or("/", |start| &rest[start..]);
    target.split('#').next().unwrap_or_default()
}

fn split_query(target: &str) -> (&str, Option<&str>) {
    target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)))
}

/// No server may read another path from it: not one that decodes again, nor one that cuts parameters.
fn check_segment(segment: &[u8]) {
    let text = std::str::from_utf8(segment).expect("a segment is UTF-8");
    let name = text.split(';').next().unwrap_or_default();
    assert!(!matches!(name, "" | "." | ".."), "{text:?}");
    assert!(!text.contains(['/', '\\']) && !text.chars().any(char::is_control), "{text:?}");
    let encoded_twice =
        text.split('%').skip(1).any(|part| percent::decode(&format!("%{part}")).is_some());
    assert!(!encoded_twice, "{text:?}");
}

/// The digits of a UUID in any of its spellings.
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
    assert!(read.eq(forward.edits().cloned()), "the host reads other edits");
    for edit in forward.edits() {
        match edit {
            HeaderEdit::Remove(name) => assert!(is_name(name), "{name:?}"),
            HeaderEdit::Set(name, value)
            | HeaderEdit::Append(name, value)
            | HeaderEdit::Default(name, value) => {
                // what is left of the client's own may have any bytes
                let own = matches!(&**name, "cookie" | "sec-websocket-protocol");
                let good = is_value(value) || (own && !value.contains(['\0', '\r', '\n']));
                assert!(is_name(name) && good, "{edit:?}");
            }
        }
    }
}

fn check_response(response: &Response, code: &str) {
    let body = Value::parse_object(response.body.as_bytes()).expect("the body is an object");
    assert_eq!(body.member("code").and_then(Value::as_str), Some(code));
    assert!(response.headers.iter().all(|(name, value)| is_name(name) && is_value(value)));
    let challenges =
        response.headers.iter().filter(|(name, _)| *name == "www-authenticate").count();
    assert!(challenges == 1 || response.status != 401);
}

/// RFC 9110, section 5.6.2.
fn is_name(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}

/// Printable ASCII.
fn is_value(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}
