//! Sessions by cookie that have ended: exchanged tokens and cookie caches.

use crate::common::{
    AUTH_SERVER, Edge, NOW, ScriptedResponse, ScriptedStore, good_claims, request, upstream_headers,
};
use better_auth_edge::gateway::RequestHead;
use serde_json::{Value, json};

use super::revocations::{SESSION_ENDED, report, session_claims};

const EXCHANGE: (&str, &str) = ("SESSION_EXCHANGE", "true");
const CACHE: (&str, &str) = ("COOKIE_CACHE", "jwks");
const OPTIONAL: (&str, &str) = ("ROUTES", r#"[{"path":"/*","auth":"optional"}]"#);
const SESSION: &str = "better-auth.session_token=token-1.c2ln";

fn edge(settings: &[(&str, &str)]) -> Edge {
    Edge::with_revocations(settings, &ScriptedStore::new())
}

fn user_ended(not_before: f64) -> String {
    format!(r#"[{{"type":"user","sub":"user-1","not_before":{not_before}}}]"#)
}

/// The auth server answers exchanges with a token of these claims from now on.
fn exchanges_for(edge: &Edge, claims: &crate::common::Claims) {
    let body = format!(r#"{{"token":"{}"}}"#, edge.signer.token(claims));
    edge.host.respond_once_with(ScriptedResponse::ok(body));
}

fn with_cookie(cookie: &str) -> RequestHead {
    request("GET", "/x", &[("cookie", cookie)])
}

/// The cookies of a session with a cookie cache.
fn with_cache(edge: &Edge, cache: &Value) -> RequestHead {
    let header = edge.signer.header_with("typ", r#""better-auth.session-cache+jwt""#);
    let cache = edge.signer.sign(header, cache.to_string());
    with_cookie(&format!("{SESSION}; better-auth.session_data={cache}"))
}

fn cache(user: Value) -> Value {
    let mut all = json!({"id": "user-1", "email": "ada@example.com"});
    user.as_object().unwrap().iter().for_each(|(name, value)| all[name] = value.clone());
    json!({
        "session": {"id": "session-1", "token": "token-1", "userId": "user-1",
                    "createdAt": "2025-06-15T15:06:00.250Z",
                    "expiresAt": "2025-06-22T15:06:40.000Z",
                    "activeOrganizationId": "org-1"},
        "user": all,
        "updatedAt": NOW * 1_000.0, "version": "1", "iat": NOW, "exp": NOW + 300.0,
        "iss": AUTH_SERVER, "aud": "better-auth:session-cache", "sub": "user-1", "sid": "token-1",
    })
}

#[test]
fn the_cached_token_of_a_session_that_has_ended_is_refused() {
    let edge = edge(&[EXCHANGE]);
    exchanges_for(&edge, &session_claims());
    assert_eq!(edge.outcome(&with_cookie(SESSION)), "forward");
    let fetches = edge.host.fetches();
    assert_eq!(report(&edge, "1", SESSION_ENDED), 204);
    assert_eq!(edge.outcome(&with_cookie(SESSION)), "session_revoked");
    assert_eq!(edge.host.fetches(), fetches, "no further exchange can help");
}

#[test]
fn the_token_of_an_api_key_says_what_has_ended() {
    let edge = edge(&[]);
    let of_key = session_claims().with("cred", r#""api-key""#);
    let event =
        |end: &str| format!(r#"[{{"type":"session","sid":"session-1","sub":"user-1"{end}}}]"#);
    let detail = |claims: &crate::common::Claims| {
        let response = edge.respond(&request("GET", "/x", &[edge.bearer(claims)]));
        let problem: Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!(problem["code"], "session_revoked");
        problem["detail"].as_str().unwrap().to_owned()
    };
    let session = "the session of the token has ended";
    assert_eq!(report(&edge, "1", &user_ended(NOW + 1.0)), 204);
    assert_eq!(detail(&of_key), session, "the key itself is valid");
    let disabled = event(&format!(r#","not_before":{}"#, NOW + 1.0));
    for (jti, events) in [("2", disabled), ("3", event(""))] {
        assert_eq!(report(&edge, jti, &events), 204);
        assert_eq!(detail(&of_key), "the API key of the token was deleted or disabled");
        assert_eq!(detail(&session_claims()), session);
    }
}

#[test]
fn a_cached_token_from_before_the_end_of_the_users_sessions_is_exchanged_once_more() {
    let edge = edge(&[EXCHANGE]);
    let old = good_claims();
    exchanges_for(&edge, &old);
    assert_eq!(edge.outcome(&with_cookie(SESSION)), "forward");
    edge.host.advance(10.0);
    assert_eq!(report(&edge, "1", &user_ended(NOW + 5.0)), 204);
    let fetches = edge.host.fetches();
    exchanges_for(&edge, &old.with("iat", &(NOW + 10.0).to_string()));
    assert_eq!(edge.outcome(&with_cookie(SESSION)), "forward", "Better Auth still knows it");
    assert_eq!(edge.host.fetches(), fetches + 1);
    // a session that began before has ended, and its new token says so
    let edge = self::edge(&[EXCHANGE]);
    exchanges_for(&edge, &session_claims());
    assert_eq!(edge.outcome(&with_cookie(SESSION)), "forward");
    edge.host.advance(10.0);
    assert_eq!(report(&edge, "1", &user_ended(NOW + 5.0)), 204);
    exchanges_for(&edge, &session_claims().with("iat", &(NOW + 10.0).to_string()));
    assert_eq!(edge.outcome(&with_cookie(SESSION)), "session_revoked");
}

#[test]
fn a_dead_cookie_on_an_optional_path_does_not_count() {
    let edge = edge(&[EXCHANGE, OPTIONAL]);
    exchanges_for(&edge, &session_claims());
    let head = with_cookie(SESSION);
    let user = |edge: &Edge| {
        let headers = upstream_headers(&head, &edge.forward(&head));
        headers.iter().any(|(name, _)| name == "x-edge-user")
    };
    assert!(user(&edge));
    assert_eq!(report(&edge, "1", SESSION_ENDED), 204);
    assert!(!user(&edge));
    let bearer = request("GET", "/x", &[edge.bearer(&session_claims())]);
    assert_eq!(edge.outcome(&bearer), "session_revoked", "a script can omit a token");
}

#[test]
fn a_request_is_refused_if_the_edge_cannot_know_whether_its_session_has_ended() {
    let store = ScriptedStore::new();
    for rules in [[].as_slice(), &[OPTIONAL]] {
        let edge = Edge::with_revocations(&[&[EXCHANGE], rules].concat(), &store);
        store.fail_reads(true);
        exchanges_for(&edge, &session_claims());
        let two = format!("{SESSION}; __Secure-{SESSION}");
        assert_eq!(edge.outcome(&with_cookie(&two)), "revocations_unavailable");
    }
}

#[test]
fn a_cookie_cache_of_a_session_that_has_ended_is_refused() {
    for events in [SESSION_ENDED.to_owned(), user_ended(NOW - 39.0)] {
        let edge = edge(&[CACHE]);
        let head = with_cache(&edge, &cache(json!({})));
        assert_eq!(edge.outcome(&head), "forward");
        assert_eq!(report(&edge, "1", &events), 204);
        assert_eq!(edge.outcome(&head), "session_revoked", "{events}");
    }
    let edge = edge(&[CACHE]);
    // it began at 15:06:00.25, which is 39.75 s before
    assert_eq!(report(&edge, "1", &user_ended(NOW - 39.75)), 204);
    assert_eq!(edge.outcome(&with_cache(&edge, &cache(json!({})))), "forward");
}

#[test]
fn the_session_cookie_decides_if_the_cookie_cache_is_of_an_ended_session() {
    let edge = edge(&[CACHE, EXCHANGE]);
    let head = with_cache(&edge, &cache(json!({})));
    assert_eq!(edge.outcome(&head), "forward");
    assert_eq!(report(&edge, "1", &user_ended(NOW)), 204);
    exchanges_for(&edge, &session_claims().with("sid", r#""session-2""#));
    assert_eq!(edge.outcome(&head), "forward", "its session began later");
    let edge = self::edge(&[CACHE, EXCHANGE]);
    assert_eq!(report(&edge, "1", SESSION_ENDED), 204);
    edge.host.respond_once_with(ScriptedResponse::status(401, "{}"));
    assert_ne!(edge.outcome(&with_cache(&edge, &cache(json!({})))), "forward");
}

#[test]
fn a_cookie_cache_names_another_issuer_than_the_tokens_of_its_sessions() {
    let edge = edge(&[CACHE, ("ISSUER", "https://tokens.example")]);
    let head = with_cache(&edge, &cache(json!({})));
    assert_eq!(edge.outcome(&head), "forward");
    let events = crate::common::message_claims(NOW, "1").with("events", SESSION_ENDED);
    let events = events.with("iss", r#""https://tokens.example""#);
    let message = super::revocations::message_of(&edge.signer, &events);
    assert_eq!(edge.receive(&super::revocations::to_events(), message).status, 204);
    assert_eq!(edge.outcome(&head), "session_revoked");
}

#[test]
fn no_field_of_a_user_becomes_a_claim_about_the_session() {
    let forged = json!({
        "sid": "x", "session_iat": 9e9, "impersonatedBy": "admin", "cred": "api-key",
        "permissions": {"tasks": ["write"]}, "act": {"sub": "admin"}, "api_key_id": "k",
        "activeOrganizationId": "org-9", "organizations": ["org-9"], "plan": "free",
    });
    let headers = json!({
        "sid": "x-sid", "session_iat": "x-began", "impersonatedBy": "x-by", "cred": "x-cred",
        "permissions": "x-may", "act": "x-act", "api_key_id": "x-key",
        "activeOrganizationId": "x-org", "organizations": "x-orgs", "plan": "x-plan",
    });
    let settings = [CACHE, ("CLAIM_HEADERS", &*headers.to_string())];
    let store = ScriptedStore::new();
    for edge in [Edge::new(&settings), Edge::with_revocations(&settings, &store)] {
        let head = with_cache(&edge, &cache(forged.clone()));
        let mut given: Vec<_> = upstream_headers(&head, &edge.forward(&head))
            .into_iter()
            .filter(|(name, _)| name.starts_with("x-") && !name.starts_with("x-edge"))
            .filter(|(name, _)| name != "x-request-id" && !name.starts_with("x-forwarded"))
            .collect();
        given.sort();
        let expected = [
            ("x-began", "1749999960.250"),
            ("x-org", "org-1"),
            ("x-plan", "free"),
            ("x-sid", "session-1"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(given, expected);
    }
}

#[test]
fn the_administrator_behind_a_session_is_a_claim_of_its_cookie_cache() {
    let edge = edge(&[CACHE, ("CLAIM_HEADERS", r#"{"impersonatedBy":"x-by"}"#)]);
    let mut impersonated = cache(json!({"impersonatedBy": "forged"}));
    impersonated["session"]["impersonatedBy"] = json!("admin-1");
    let head = with_cache(&edge, &impersonated);
    let headers = upstream_headers(&head, &edge.forward(&head));
    assert!(headers.contains(&("x-by".to_owned(), "admin-1".to_owned())));
}
