//! Session cookies if the edge has the Better Auth secret: forged cookies cause no request.

use crate::common::{Edge, ScriptedResponse, Signer, good_claims, request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use better_auth_edge::gateway::{Decision, RequestHead};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const EXCHANGE: (&str, &str) = ("SESSION_EXCHANGE", "true");
const SECRET: &str = "a secret that only Better Auth and the edge know";
const KNOWN: (&str, &str) = ("BETTER_AUTH_SECRET", SECRET);
const NAME: &str = "better-auth.session_token";
/// In the format of better-call 1.4.0.
const LIVE: &str =
    "better-auth.session_token=t8.fih4%2B83H9cD9ygQRXiefNl%2Fd2c5jFuCTzFVFsClpxao%3D";

/// An edge whose auth server returns a token for every session.
fn edge(settings: &[(&str, &str)]) -> Edge {
    let edge = Edge::new(settings);
    let token = edge.signer.token(&good_claims());
    let answer = ScriptedResponse::ok(json!({ "token": token }).to_string());
    edge.host.respond_to(|request| request.url.contains("/token?"), answer);
    edge
}

fn with_cookies(cookies: &str) -> RequestHead {
    request("GET", "/x", &[("cookie", cookies)])
}

/// The session cookies that the auth server received.
fn exchanged(edge: &Edge) -> Vec<String> {
    edge.host.requests().into_iter().filter_map(|request| request.cookie).collect()
}

/// A cookie value signed like Better Auth's.
fn signed(secret: &str, token: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let mac = STANDARD.encode(mac.chain_update(token).finalize().into_bytes());
    format!("{token}.{mac}").replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

#[test]
fn a_session_signed_by_better_auth_is_exchanged_in_any_encoding() {
    let value = LIVE.split_once('=').unwrap().1;
    let (decoded, lower) = (value.replace("%2B", "+").replace("%2F", "/"), value.to_lowercase());
    let spellings = [
        LIVE.to_owned(),
        format!("{NAME}={}", decoded.replace("%3D", "=")),
        format!("{NAME}={}", value.replace("%2B", "%2b")),
        format!("{NAME}=\"{value}\""),
        format!("a=b; __Secure-{NAME}={}", signed(SECRET, "another")),
        format!("__Host-{NAME}={}", signed(SECRET, "with.dots.in-it")),
    ];
    for cookies in spellings {
        let edge = edge(&[EXCHANGE, KNOWN]);
        assert_eq!(edge.outcome(&with_cookies(&cookies)), "forward", "{cookies}");
        assert_eq!(exchanged(&edge).len(), 1);
    }
    let edge = edge(&[EXCHANGE, KNOWN]);
    let cookies = format!("{NAME}={lower}");
    assert_eq!(
        edge.outcome(&with_cookies(&cookies)),
        "missing_token",
        "cookie names are case-sensitive"
    );
}

#[test]
fn a_forged_session_is_rejected_without_a_request_and_the_log_says_why() {
    let mac = &LIVE[LIVE.len() - 50..];
    for value in [
        "t.s%3D".to_owned(),
        "token".to_owned(),
        format!("t9.{mac}"),
        format!(".{mac}"),
        signed("another secret of Better Auth's, with 32 bytes", "t8"),
        signed(SECRET, "t8") + "%3D",
        signed(SECRET, "t8").replace("%2B", "-").replace("%2F", "_"),
        signed(SECRET, "t8").replace("%3D", ""),
    ] {
        let edge = edge(&[EXCHANGE, KNOWN]);
        let head = with_cookies(&format!("{NAME}={value}; __Secure-{NAME}=x.y"));
        let response = edge.respond(&head);
        assert_eq!(response.status, 401);
        let problem: Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!(problem["code"], "missing_token", "{value}");
        let detail = "the session cookie is not signed by Better Auth; sign in again";
        assert_eq!(problem["detail"], detail);
        assert!(!response.body.contains("SECRET"), "responses contain no settings");
        assert_eq!(edge.host.fetches(), 0, "{value}");
        let line = edge.host.logged().pop().expect("a rejection is logged").1;
        let line: Value = serde_json::from_str(&line).unwrap();
        let cause = line["cause"].as_str().unwrap();
        assert!(cause.contains("BETTER_AUTH_SECRET"), "{cause}");
        assert!(!cause.contains(&value));
    }
}

#[test]
fn a_cookie_without_a_session_is_not_reported_as_a_wrong_secret() {
    for value in ["", "%", "%ff", &"x".repeat(5_000)] {
        let edge = edge(&[EXCHANGE, KNOWN]);
        let Decision::Respond(_, Some(error)) =
            edge.decide(&with_cookies(&format!("{NAME}={value}")))
        else {
            panic!("forwarded: {value}")
        };
        assert_eq!(error.code().as_str(), "missing_token");
        assert!(std::error::Error::source(&error).is_none());
        assert_eq!(edge.host.fetches(), 0);
    }
}

#[test]
fn a_flood_of_forged_sessions_does_not_displace_a_live_session() {
    let forged =
        |i: usize| format!("{NAME}=t{i}.fih4%2B83H9cD9ygQRXiefNl%2Fd2c5jFuCTzFVFsClpxao%3D");
    let flood: Vec<_> = (100..400).map(forged).collect();
    for cookies in [
        format!("{}; {LIVE}", flood.join("; ")),
        format!("{LIVE}; {}", flood.join("; ")),
        format!(
            "__Host-{}; __Secure-{}; {LIVE}",
            flood.join("; __Host-"),
            flood.join("; __Secure-")
        ),
        format!("{NAME}=; {NAME}=%; {NAME}=a; {NAME}=b; {NAME}=c; {LIVE}"),
    ] {
        let edge = edge(&[EXCHANGE, KNOWN]);
        assert_eq!(edge.outcome(&with_cookies(&cookies)), "forward");
        assert_eq!(exchanged(&edge), [LIVE]);
    }
    // four of the signed sessions
    let ended: Vec<_> =
        (0..10).map(|i| format!("{NAME}={}", signed(SECRET, &i.to_string()))).collect();
    let edge = Edge::new(&[EXCHANGE, KNOWN]);
    edge.host.respond_with(ScriptedResponse::status(401, ""));
    assert_eq!(edge.outcome(&with_cookies(&ended.join("; "))), "missing_token");
    assert_eq!(exchanged(&edge).len(), 4);
}

#[test]
fn without_the_secret_unreadable_cookies_do_not_displace_a_live_session() {
    let unreadable = ["", "%", "%ff", "\"\"", "%zz"].map(|value| format!("{NAME}={value}"));
    let edge = edge(&[EXCHANGE]);
    let cookies = format!("{}; {NAME}={}; {LIVE}", unreadable.join("; "), "x".repeat(5_000));
    assert_eq!(edge.outcome(&with_cookies(&cookies)), "forward");
    assert_eq!(exchanged(&edge), [LIVE]);
}

#[test]
fn a_short_better_auth_secret_also_verifies_its_cookies() {
    let edge = edge(&[EXCHANGE, ("BETTER_AUTH_SECRET", "short")]);
    let cookies = |secret| with_cookies(&format!("{NAME}={}", signed(secret, "t")));
    assert_eq!(edge.outcome(&cookies("short")), "forward");
    assert_eq!(edge.outcome(&cookies("shor")), "missing_token");
}

#[test]
fn the_secret_changes_nothing_else() {
    // tokens with the secret are rejected
    let edge = edge(&[EXCHANGE, KNOWN]);
    let header = crate::common::base64url(r#"{"alg":"HS256"}"#);
    let input = format!("{header}.{}", crate::common::base64url(good_claims().to_string()));
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let mac = mac.chain_update(&input).finalize().into_bytes();
    let bearer = format!("Bearer {input}.{}", crate::common::base64url(mac));
    let head = request("GET", "/x", &[("authorization", &bearer)]);
    assert_eq!(edge.outcome(&head), "unsupported_algorithm");
    // tokens with a key are accepted
    let good = edge.bearer(&good_claims());
    assert_eq!(edge.outcome(&request("GET", "/x", &[good])), "forward");
    // a form of another site is rejected, even with a signed cookie
    for cookies in [LIVE, "better-auth.session_token=x"] {
        let head = request("POST", "/x", &[("cookie", cookies)]);
        assert_eq!(edge.outcome(&head), "cross_site_request");
    }
    // without the exchange a session cookie does not count
    let off = self::edge(&[KNOWN]);
    assert_eq!(off.outcome(&with_cookies(LIVE)), "missing_token");
    assert_eq!(off.host.fetches(), 0);
}

#[test]
fn the_secret_does_not_change_the_cookie_cache_with_session_exchange() {
    let signer = Signer::default();
    let cache = json!({
        "session": {"token": "t8", "userId": "user-1", "expiresAt": "2025-06-22T15:06:40.000Z"},
        "user": {"id": "user-1"}, "version": "1", "iat": crate::common::NOW, "exp": crate::common::NOW + 300.0,
        "iss": crate::common::AUTH_SERVER, "aud": "better-auth:session-cache", "sub": "user-1", "sid": "t8",
    });
    let header = signer.header_with("typ", r#""better-auth.session-cache+jwt""#);
    let cache = signer.sign(header, cache.to_string());
    for secret in [None, Some(KNOWN)] {
        let settings: Vec<_> =
            [EXCHANGE, ("COOKIE_CACHE", "jwks")].into_iter().chain(secret).collect();
        for session in [LIVE, "better-auth.session_token=t8.c2ln"] {
            let edge = edge(&settings);
            let cookies = format!("{session}; better-auth.session_data={cache}");
            assert_eq!(edge.outcome(&with_cookies(&cookies)), "forward");
            assert_eq!(exchanged(&edge), [""; 0], "the cache decides");
        }
    }
}
