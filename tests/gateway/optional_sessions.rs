//! Paths with an optional token: the cookie of an ended session does not cause a rejection, because
//! the page cannot remove it from the browser.

use crate::common::{Edge, ScriptedResponse, good_claims, request, upstream_headers};

const ROUTES: (&str, &str) = ("ROUTES", r#"[{"path":"/open","auth":"optional"}]"#);
const EXCHANGE: (&str, &str) = ("SESSION_EXCHANGE", "true");
const SESSION: (&str, &str) = ("cookie", "better-auth.session_token=t.s");

/// An edge whose auth server returns this response for every session.
fn edge(settings: &[(&str, &str)], answer: ScriptedResponse) -> Edge {
    let edge = Edge::new(&[&[ROUTES], settings].concat());
    edge.host.respond_to(|request| request.cookie.is_some(), answer);
    edge
}

#[test]
fn an_ended_session_counts_as_no_credential() {
    let edge = edge(&[EXCHANGE], ScriptedResponse::status(401, ""));
    let head = request("GET", "/open", &[SESSION]);
    let headers = upstream_headers(&head, &edge.forward(&head));
    assert!(headers.iter().all(|(name, _)| name != "x-edge-user" && name != "cookie"));
    assert_eq!(edge.outcome(&request("GET", "/needed", &[SESSION])), "missing_token");
}

#[test]
fn an_unsigned_session_counts_as_no_credential() {
    let secret = ("BETTER_AUTH_SECRET", "a secret that only Better Auth and the edge know");
    let edge = edge(&[EXCHANGE, secret], ScriptedResponse::status(500, ""));
    assert_eq!(edge.outcome(&request("GET", "/open", &[SESSION])), "forward");
    assert_eq!(edge.outcome(&request("GET", "/needed", &[SESSION])), "missing_token");
}

#[test]
fn an_invalid_cookie_cache_counts_as_no_credential() {
    let edge = edge(&[("COOKIE_CACHE", "jwks")], ScriptedResponse::status(500, ""));
    let cookies = ("cookie", "better-auth.session_token=t.s; better-auth.session_data=a.b.c");
    assert_eq!(edge.outcome(&request("GET", "/open", &[cookies])), "forward");
    assert_eq!(edge.outcome(&request("GET", "/needed", &[cookies])), "malformed_token");
}

#[test]
fn an_undecided_session_is_not_treated_as_absent() {
    let down = edge(&[EXCHANGE], ScriptedResponse::status(500, ""));
    assert_eq!(down.outcome(&request("GET", "/open", &[SESSION])), "keys_unavailable");
    let ended = edge(&[EXCHANGE], ScriptedResponse::status(401, ""));
    let other = request("POST", "/open", &[SESSION, ("origin", "https://other.example")]);
    assert_eq!(ended.outcome(&other), "cross_site_request");
}

#[test]
fn a_bad_token_in_the_authorization_header_is_rejected() {
    let edge = edge(&[EXCHANGE], ScriptedResponse::status(401, ""));
    let token = edge.signer.token(&good_claims().with("exp", "1"));
    let bearer = format!("Bearer {token}");
    let head = request("GET", "/open", &[SESSION, ("authorization", &bearer)]);
    assert_eq!(edge.outcome(&head), "expired");
}
