//! Problem responses: one shape for all errors, and no content of an unverified token.

use crate::common::{Edge, ScriptedResponse, Signer, base64url, good_claims, request};
use better_auth_edge::gateway::{Decision, RequestHead, Response};
use better_auth_edge::{Code, Error};
use serde_json::{Value, json};

const ID: &str = "request-0001";
const ISOLATED: (&str, &str) = ("ROUTES", r#"[{"path":"/api/{id}/*","match":{"id":"sub"}}]"#);

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let mut values = response.headers.iter().filter(|(given, _)| *given == name);
    let value = values.next().map(|(_, value)| value.as_str());
    assert!(values.next().is_none(), "{name} occurs once at most");
    value
}

fn body(response: &Response) -> Value {
    serde_json::from_str(&response.body).expect("the body is JSON")
}

/// The head of a request to `path` with this `Authorization` and a request id.
fn head(path: &str, authorization: Option<&str>) -> RequestHead {
    let mut headers = vec![("x-request-id", ID)];
    headers.extend(authorization.map(|value| ("authorization", value)));
    request("GET", path, &headers)
}

#[test]
fn a_rejection_is_a_problem_response_with_a_challenge() {
    let response = Edge::new(&[]).respond(&head("/x", None));
    let names: Vec<_> = response.headers.iter().map(|(name, _)| *name).collect();
    // the first line of the text for hosts is the request's id
    let expected = [
        "x-request-id",
        "content-type",
        "cache-control",
        "x-content-type-options",
        "www-authenticate",
    ];
    assert_eq!(names, expected);
    assert_eq!(response.status, 401);
    assert_eq!(header(&response, "content-type"), Some("application/problem+json"));
    assert_eq!(header(&response, "cache-control"), Some("no-store"));
    assert_eq!(header(&response, "x-content-type-options"), Some("nosniff"));
    assert_eq!(header(&response, "x-request-id"), Some(ID));
    assert_eq!(header(&response, "www-authenticate"), Some(r#"Bearer realm="better-auth-edge""#));
    let body = body(&response);
    let expected = json!({
        "type": "tag:better-auth-edge,2026:errors#missing_token",
        "title": "A token is required",
        "status": 401,
        "code": "missing_token",
        "detail": body["detail"],
        "request_id": ID,
    });
    assert_eq!(body, expected);
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
}

/// A request for every reason of rejection, with code, status, and the challenge's error.
fn reasons() -> Vec<(RequestHead, &'static str, u16, Option<&'static str>)> {
    let (signer, attacker) = (Signer::default(), Signer::new(66, "key-1"));
    let invalid = Some("invalid_token");
    let with_token = |path, token: String| head(path, Some(&format!("Bearer {token}")));
    let with = |name, value| with_token("/x", signer.token(&good_claims().with(name, value)));
    let signed = |header: &str| with_token("/x", signer.sign(header, good_claims().to_string()));
    let good = signer.token(&good_claims());
    vec![
        (head("/a//b", None), "ambiguous_path", 400, None),
        (head("/x", Some("Bearer a, Bearer b")), "malformed_request", 400, Some("invalid_request")),
        (with_token("/x", "x".repeat(40)), "opaque_token", 401, invalid),
        (with_token("/x", "a.b.c".into()), "malformed_token", 401, invalid),
        (with_token("/x", "x".repeat(20_000)), "token_too_large", 401, invalid),
        (signed(r#"{"alg":"EdDSA","typ":"at+jwt"}"#), "wrong_token_type", 401, invalid),
        (signed(r#"{"alg":"HS256"}"#), "unsupported_algorithm", 401, invalid),
        (signed(r#"{"alg":"EdDSA","kid":"x"}"#), "unknown_key", 401, invalid),
        (with_token("/x", attacker.token(&good_claims())), "bad_signature", 401, invalid),
        (with("exp", "1"), "expired", 401, invalid),
        (with("nbf", "9999999999"), "not_yet_valid", 401, invalid),
        (with("iss", r#""x""#), "issuer_mismatch", 401, invalid),
        (with("aud", r#""x""#), "audience_mismatch", 401, invalid),
        (with("sub", "null"), "missing_claim", 401, invalid),
        (with("sub", "7"), "invalid_claim", 401, invalid),
        (with_token("/api/other/x", good), "user_mismatch", 403, None),
    ]
}

#[test]
fn every_rejection_has_the_same_shape() {
    for (head, code, status, challenge) in reasons() {
        let edge = Edge::new(&[ISOLATED]);
        let response = edge.respond(&head);
        let body = body(&response);
        let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["code", "detail", "request_id", "status", "title", "type"], "{code}");
        assert_eq!(body["code"], code);
        assert_eq!((response.status, &body["status"]), (status, &json!(status)), "{code}");
        assert_eq!(body["type"], format!("tag:better-auth-edge,2026:errors#{code}"));
        assert_eq!(body["request_id"], ID, "{code}");
        assert_eq!(header(&response, "content-type"), Some("application/problem+json"), "{code}");
        assert_eq!(header(&response, "cache-control"), Some("no-store"), "{code}");
        assert_eq!(header(&response, "retry-after"), None, "{code}");
        let (title, detail) = (body["title"].as_str().unwrap(), body["detail"].as_str().unwrap());
        assert!(!detail.is_empty() && !detail.starts_with(code), "{code}: {detail}");
        let expected = challenge.map(|error| {
            format!(
                r#"Bearer realm="better-auth-edge", error="{error}", error_description="{title}""#
            )
        });
        assert_eq!(header(&response, "www-authenticate"), expected.as_deref(), "{code}");
    }
}

#[test]
fn unavailable_keys_are_a_503_with_a_retry_after() {
    let edge = Edge::new(&[]);
    edge.host.respond_with(ScriptedResponse::status(500, ""));
    let token = edge.signer.token(&good_claims());
    let response = edge.respond(&head("/x", Some(&format!("Bearer {token}"))));
    assert_eq!((response.status, &body(&response)["code"]), (503, &json!("keys_unavailable")));
    assert_eq!(header(&response, "retry-after"), Some("1"));
    assert_eq!(header(&response, "www-authenticate"), None);
    assert_eq!(header(&response, "cache-control"), Some("no-store"));
}

#[test]
fn setting_errors_appear_in_the_log_only() {
    let error = Error::new(Code::Misconfigured, "ORIGIN_URL is https://internal.example");
    let response = Response::problem(&error, ID);
    assert_eq!((response.status, &body(&response)["code"]), (500, &json!("misconfigured")));
    assert!(!response.body.contains("internal"), "{}", response.body);
    assert_eq!(header(&response, "www-authenticate"), None);
    assert!(error.to_string().contains("internal"));
}

/// Claims whose every value is `canary`.
fn canary_claims() -> String {
    r#"{"iss":"canary","aud":["canary"],"sub":"canary","exp":"canary","nonce":"canary",
        "canary":"canary","email":"canary"}"#
        .to_owned()
}

#[test]
fn a_rejection_repeats_nothing_of_an_unverified_token() {
    let (signer, attacker) = (Signer::default(), Signer::new(66, "key-1"));
    let good = good_claims().to_string();
    let members = r#""canary":"canary""#;
    for (what, token) in [
        ("wrong format", "canary.canary.canary.canary".to_owned()),
        ("session token", format!("canary{}.canary", "x".repeat(32))),
        ("too large", "canary".repeat(4_000)),
        ("header is not JSON", signer.sign("canary", &good)),
        ("payload is not JSON", signer.sign(signer.header(), r#""canary""#)),
        ("duplicate member", signer.sign(signer.header(), format!("{{{members},{members}}}"))),
        ("crit", signer.sign(signer.header_with("crit", r#"["canary"]"#), &good)),
        ("cty", signer.sign(signer.header_with("cty", r#"["canary"]"#), &good)),
        ("typ", signer.sign(signer.header_with("typ", r#""canary""#), &good)),
        ("alg", signer.sign(r#"{"alg":"canary","kid":"key-1"}"#, &good)),
        ("kid", signer.sign(r#"{"alg":"EdDSA","kid":"canary"}"#, &good)),
        ("kid and alg", signer.sign(r#"{"alg":"RS256","kid":"canary"}"#, canary_claims())),
        ("unknown key", signer.sign(r#"{"alg":"EdDSA","kid":"canary"}"#, canary_claims())),
        ("signature", attacker.sign(attacker.header(), canary_claims())),
    ] {
        let edge = Edge::new(&[]);
        let authorization = format!("Bearer {token}");
        let Decision::Respond(response, Some(error)) =
            edge.decide(&head("/x", Some(authorization.as_str())))
        else {
            panic!("{what} is forwarded");
        };
        let everything = format!("{response:?} {error} {error:?}");
        for secret in ["canary", &base64url("canary")[..7]].into_iter().chain(token.split('.')) {
            assert!(!everything.contains(secret), "{what}: {everything}");
        }
    }
}

#[test]
fn a_rejection_never_repeats_the_token() {
    for (head, code, ..) in reasons() {
        let Decision::Respond(response, Some(error)) = Edge::new(&[ISOLATED]).decide(&head) else {
            panic!("{code} is forwarded");
        };
        let token = head.header("authorization").next().unwrap_or_default();
        let everything = format!("{response:?} {error} {error:?}");
        for segment in token.split(['.', ' ']).filter(|segment| segment.len() > 8) {
            assert!(!everything.contains(segment), "{code}: {everything}");
        }
    }
}

#[test]
fn the_headers_of_a_rejection_are_printable_ascii() {
    let edge = Edge::new(&[]);
    let claims = good_claims().with("iss", r#""\u00fc\r\nset-cookie: a=b\"""#);
    let (name, value) = edge.bearer(&claims);
    let response = edge.respond(&request("GET", "/x", &[(name, value)]));
    assert_eq!(body(&response)["code"], "issuer_mismatch");
    for (name, value) in &response.headers {
        assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{name}: {value:?}");
    }
}

#[test]
fn every_code_has_its_own_status_and_title() {
    for code in Code::ALL {
        assert!([400, 401, 403, 409, 429, 500, 502, 503, 504].contains(&code.status()), "{code}");
        let same = |other: &&Code| other.as_str() == code.as_str() || other.title() == code.title();
        assert_eq!(Code::ALL.iter().filter(same).count(), 1, "{code}");
        // a challenge contains the title as a quoted string
        assert!(!code.title().contains(['"', '\\']), "{code}");
        assert!(code.title().is_ascii(), "{code}");
    }
}

#[test]
fn a_missing_claim_and_a_different_claim_have_different_codes() {
    let rule = r#"[{"path":"/api/{id}/*","match":{"id":"uuid"}}]"#;
    let lacks = "the token has no \\\"uuid\\\", which the rule compares with the path; definePayload puts it in";
    let differs = "the id in the path is not the token's \\\"uuid\\\"";
    for (claims, detail) in [
        (good_claims(), lacks),
        (good_claims().with("uuid", r#""other""#), differs),
        (good_claims().with("uuid", r#""""#), differs),
        (good_claims().with("uuid", "7"), differs),
    ] {
        let edge = Edge::new(&[("ROUTES", rule)]);
        let (name, bearer) = edge.bearer(&claims);
        let response = edge.respond(&request("GET", "/api/user-1/x", &[(name, bearer)]));
        assert_eq!(response.status, 403);
        assert!(response.body.contains("\"user_mismatch\""), "{}", response.body);
        assert!(response.body.contains(detail), "{}", response.body);
    }
}
