//! The request that the upstream receives: the verified identity, and no forged header.

use crate::common::{Edge, good_claims, request, upstream_headers};
use better_auth_edge::gateway::{HeaderEdit, RequestHead, Settings};

const NO_HEADERS: [(&str, &str); 0] = [];

const OPEN: (&str, &str) = (
    "ROUTES",
    r#"[{"path":"/public/*","auth":"public"},{"path":"/optional/*","auth":"optional"}]"#,
);

const CLAIM_HEADERS: (&str, &str) =
    ("CLAIM_HEADERS", r#"{"email":"X-User-Email","role":"x-role","n":"x-n"}"#);

/// The headers that the edge adds for the upstream, except the request id.
fn seen(edge: &Edge, head: &RequestHead) -> Vec<(String, String)> {
    let mut headers = upstream_headers(head, &edge.forward(head));
    headers.retain(|(name, _)| name != "x-request-id" && name != "authorization");
    headers.retain(|(name, _)| !name.starts_with("x-forwarded-"));
    headers
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_forwarded_url_is_the_upstreams() {
    let edge = Edge::new(&[OPEN, ("ORIGIN_URL", "http://127.0.0.1:8000/base/")]);
    for (path, expected) in [
        ("/public/a", "http://127.0.0.1:8000/base/public/a"),
        ("/public/a/", "http://127.0.0.1:8000/base/public/a/"),
        ("/public/%61?x=%2F&y=a+b?c", "http://127.0.0.1:8000/base/public/a?x=%2F&y=a+b?c"),
        ("/public/a?", "http://127.0.0.1:8000/base/public/a?"),
        ("/public/a%3Fb%23c", "http://127.0.0.1:8000/base/public/a%3Fb%23c"),
        ("/public/@evil.example", "http://127.0.0.1:8000/base/public/@evil.example"),
    ] {
        assert_eq!(edge.forward(&request("GET", path, &NO_HEADERS)).url(), expected, "{path}");
    }
}

const FORGED: [(&str, &str); 14] = [
    ("X-Edge-User", "admin"),
    ("x_edge_user", "admin"),
    ("X-Edge_User", "admin"),
    ("x_edge-user", "admin"),
    ("X-EDGE-JWT-ASSERTION", "a.b.c"),
    ("x-edge-", "x"),
    ("x_edge_", "x"),
    ("x-edge-future", "x"),
    ("x-user-email", "admin@example.com"),
    ("X_User_Email", "admin@example.com"),
    ("x-user_email", "admin@example.com"),
    ("X-Role", "admin"),
    ("x_role", "admin"),
    ("x-n", "1"),
];

#[test]
fn forged_headers_are_removed_on_every_path() {
    let edge = Edge::new(&[OPEN, CLAIM_HEADERS]);
    let innocent =
        [("accept", "*/*"), ("x-edged", "1"), ("edge-user", "1"), ("x-user-emails", "1")];
    let headers: Vec<_> =
        FORGED.iter().chain(&innocent).map(|(n, v)| (*n, (*v).to_owned())).collect();
    for path in ["/public/x", "/optional/x"] {
        assert_eq!(seen(&edge, &request("GET", path, &headers)), pairs(&innocent), "{path}");
    }
    for path in ["/x", "/optional/x"] {
        let mut headers = headers.clone();
        headers.push(edge.bearer(&good_claims()));
        let expected = [pairs(&innocent), pairs(&[("x-edge-user", "user-1")])].concat();
        assert_eq!(seen(&edge, &request("GET", path, &headers)), expected, "{path}");
    }
}

#[test]
fn a_public_path_has_no_user_even_with_a_token() {
    let edge = Edge::new(&[OPEN, CLAIM_HEADERS]);
    let claims = good_claims().with("email", r#""a@example.com""#);
    assert_eq!(seen(&edge, &request("GET", "/public/x", &[edge.bearer(&claims)])), pairs(&[]));
}

#[test]
fn the_user_is_the_user_claim() {
    for (setting, expected) in [("sub", "user-1"), ("uuid", "u-1"), ("email", "a@example.com")] {
        let edge = Edge::new(&[("USER_CLAIM", setting)]);
        let claims = good_claims().with("uuid", r#""u-1""#).with("email", r#""a@example.com""#);
        let headers = seen(&edge, &request("GET", "/x", &[edge.bearer(&claims)]));
        assert_eq!(headers, pairs(&[("x-edge-user", expected)]));
    }
}

#[test]
fn a_claim_becomes_one_header_and_cannot_inject_another() {
    let edge = Edge::new(&[CLAIM_HEADERS]);
    for (value, expected) in [
        (r#""plain value""#, Some("plain value")),
        (r#""a\r\nx-edge-user: admin""#, Some("a%0D%0Ax-edge-user: admin")),
        (r#""a\nb""#, Some("a%0Ab")),
        (r#""a\u0000b""#, Some("a%00b")),
        (r#""a\tb""#, Some("a%09b")),
        (r#""a\u007fb""#, Some("a%7Fb")),
        (r#""Jürgen""#, Some("J%C3%BCrgen")),
        (r#""\ud83d\ude00""#, Some("%F0%9F%98%80")),
        (r#""a\u0085b\u2028c""#, Some("a%C2%85b%E2%80%A8c")),
        (r#""~!@#$^&*()_+{}|:<>?""#, Some("~!@#$^&*()_+{}|:<>?")),
        (r#""""#, Some("")),
        ("7", Some("7")),
        ("-1.5e3", Some("-1.5e3")),
        ("true", Some("true")),
        ("false", Some("false")),
        ("null", None),
        (r#"["admin"]"#, None),
        (r#"{"admin":true}"#, None),
    ] {
        let forged = ("x-role", "forged".to_owned());
        let head = request("GET", "/x", &[edge.bearer(&good_claims().with("role", value)), forged]);
        let headers = seen(&edge, &head);
        let role = headers.iter().find(|(name, _)| name == "x-role");
        assert_eq!(role.map(|(_, value)| value.as_str()), expected, "role {value}");
        let expected = 1 + usize::from(expected.is_some());
        assert_eq!(headers.len(), expected, "nothing else: {headers:?}");
    }
}

#[test]
fn a_user_name_with_any_characters_is_one_header_line() {
    let edge = Edge::new(&[]);
    let claims = good_claims().with("sub", r#""ü\r\nx-edge-role: admin""#);
    let forward = edge.forward(&request("GET", "/x", &[edge.bearer(&claims)]));
    let text = HeaderEdit::as_text(forward.edits());
    let line = "x-edge-user: %C3%BC%0D%0Ax-edge-role: admin";
    assert!(text.lines().any(|given| given == line), "{text}");
    assert!(text.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)), "{text:?}");
    assert_eq!(text.lines().count(), forward.edits().count());
}

#[test]
fn the_token_is_forwarded_unless_a_setting_removes_it() {
    for (setting, path, expected) in [
        (None, "/x", true),
        (Some("true"), "/x", true),
        (Some("false"), "/x", false),
        (None, "/public/x", true),
        (Some("false"), "/public/x", false),
    ] {
        let mut settings = vec![OPEN];
        settings.extend(setting.map(|value| ("FORWARD_AUTHORIZATION", value)));
        let edge = Edge::new(&settings);
        let bearer = edge.bearer(&good_claims());
        let head = request("GET", path, std::slice::from_ref(&bearer));
        let headers = upstream_headers(&head, &edge.forward(&head));
        let passed = headers.iter().find(|(name, _)| name == "authorization");
        assert_eq!(passed.map(|(_, value)| value), expected.then_some(&bearer.1), "{setting:?}");
    }
}

#[test]
fn claims_cannot_become_headers_with_another_meaning() {
    let errors = |header: &str| {
        let table = format!(r#"{{"email":"{header}"}}"#);
        let settings = [
            ("BETTER_AUTH_URL", "https://app.example"),
            ("ORIGIN_URL", "https://api.example"),
            ("CLAIM_HEADERS", table.as_str()),
        ];
        let lookup = |wanted: &str| {
            let setting = settings.iter().find(|(name, _)| *name == wanted);
            setting.map(|(_, value)| (*value).to_owned())
        };
        Settings::parse(lookup).err().map_or(0, |errors| errors.len())
    };
    for reserved in
        ["host", "Cookie", "CF-Ray", "x-edge-email", "X_Edge_Email", "x-request_id", "a b"]
    {
        assert_eq!(errors(reserved), 1, "{reserved}");
    }
    assert_eq!(errors("x-email"), 0);
}

#[test]
fn hop_by_hop_headers_are_not_forwarded() {
    let edge = Edge::new(&[CLAIM_HEADERS]);
    let (name, token) = edge.bearer(&good_claims().with("role", r#""user""#));
    let headers = [
        (name, token.as_str()),
        ("Connection", "close, X-Edge-User, x-role , X-Hop"),
        ("X-Hop", "1"),
        ("TE", "trailers"),
        ("Transfer-Encoding", "chunked"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Authorization", "Basic dTpw"),
        ("Proxy-Connection", "close"),
        ("Trailer", "X-Edge-User"),
        ("accept", "*/*"),
    ];
    let headers = seen(&edge, &request("GET", "/x", &headers));
    let expected = [("accept", "*/*"), ("x-edge-user", "user-1"), ("x-role", "user")];
    assert_eq!(headers, pairs(&expected), "and the identity stays");
}

#[test]
fn the_upstream_and_the_client_get_the_same_request_id() {
    let edge = Edge::new(&[OPEN]);
    for (sent, kept) in [
        (vec!["0123-abc_D.e"], true),
        (vec!["3f2504e0-4f89-11d3-9a0c-0305e82c3301"], true),
        (vec![&"a".repeat(64)[..]], true),
        (vec![&"a".repeat(65)[..]], false),
        (vec!["short"], false),
        (vec![""], false),
        (vec!["two words here"], false),
        (vec!["<script>alert(1)</script>"], false),
        (vec!["id\u{fc}\u{fc}\u{fc}\u{fc}\u{fc}"], false),
        (vec!["12345678", "12345678"], false),
        (vec![], false),
    ] {
        let headers: Vec<_> = sent.iter().map(|id| ("X-Request-Id", *id)).collect();
        let head = request("GET", "/public/x", &headers);
        let passed: Vec<_> = upstream_headers(&head, &edge.forward(&head));
        let passed: Vec<_> = passed.iter().filter(|(name, _)| name == "x-request-id").collect();
        let [(_, passed)] = passed[..] else { panic!("one id reaches the origin: {passed:?}") };
        assert_eq!(sent.iter().any(|id| id == passed), kept, "{sent:?} -> {passed}");
        assert_eq!(passed.starts_with("made-by-host-"), !kept, "{sent:?} -> {passed}");

        let response = edge.respond(&request("GET", "/x", &headers));
        let (_, answered) =
            response.headers.iter().find(|(name, _)| *name == "x-request-id").unwrap();
        assert_eq!(sent.iter().any(|id| id == answered), kept, "{sent:?} -> {answered}");
    }
}

#[test]
fn a_request_that_the_edge_sent_to_itself_is_recognized() {
    for (origin, host, own) in [
        ("https://edge.example", Some("edge.example"), true),
        ("https://edge.example/v1", Some("edge.example"), true),
        ("https://Edge.example:443", Some("edge.example"), true),
        // a Worker on a route calls its upstream with the route's own address
        ("https://edge.example", None, false),
        ("https://edge.example", Some("other.example"), false),
        ("https://edge.example", Some("example"), false),
        ("https://edge.example", Some(""), false),
        ("https://api.example", Some("edge.example"), false),
        ("https://edge.example:8443", Some("edge.example"), false),
    ] {
        let edge = Edge::new(&[("ORIGIN_URL", origin), OPEN]);
        let header = host.map_or(String::new(), |host| format!("x-forwarded-host: {host}\n"));
        let head =
            RequestHead::parse(format!("GET\nhttps://edge.example/public/x\n{header}")).unwrap();
        assert_eq!(edge.gateway.is_own_request(&head), own, "{origin} {host:?}");
    }
    let edge = Edge::new(&[("ORIGIN_URL", "https://edge.example"), OPEN]);
    let head = request("GET", "/public/x", &NO_HEADERS);
    assert!(!edge.gateway.is_own_request(&head));
    let again = upstream_headers(&head, &edge.forward(&head));
    assert!(edge.gateway.is_own_request(&request("GET", "/public/x", &borrowed(&again))));
}

fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (&**name, &**value)).collect()
}
