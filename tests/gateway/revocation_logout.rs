//! OIDC Back-Channel Logout.

use crate::common::{Claims, Edge, NOW, ScriptedStore, Signer, message_claims, request};
use better_auth_edge::gateway::{RequestHead, Response};

use super::revocations::{session_claims, with_token};

const EVENT: &str = r#"{"http://schemas.openid.net/event/backchannel-logout":{}}"#;

fn edge(settings: &[(&str, &str)]) -> Edge {
    Edge::with_revocations(settings, &ScriptedStore::new())
}

fn to_logout() -> RequestHead {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    request("POST", "/.well-known/better-auth-edge/backchannel-logout", &headers)
}

fn logout_claims() -> Claims {
    let claims = message_claims(NOW, "1").with("aud", r#""https://app.example""#);
    claims.with("events", EVENT).with("sid", r#""session-1""#).with("sub", r#""user-1""#)
}

fn logout_token(signer: &Signer, claims: &Claims) -> String {
    signer.sign(signer.header_with("typ", r#""logout+jwt""#), claims.to_string())
}

fn log_out(edge: &Edge, claims: &Claims) -> Response {
    let form = format!("logout_token={}", logout_token(&edge.signer, claims));
    edge.receive(&to_logout(), form)
}

fn code(response: &Response) -> String {
    let problem: serde_json::Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!(problem["status"], response.status);
    problem["code"].as_str().unwrap().to_owned()
}

#[test]
fn a_logout_token_ends_its_session_or_all_sessions_of_its_user() {
    let of = |sid: &str| session_claims().with("sid", &format!("{sid:?}"));
    for (claims, expected) in [
        (logout_claims(), ["session_revoked", "forward"]),
        (logout_claims().without("sub"), ["session_revoked", "forward"]),
        (logout_claims().without("sid"), ["session_revoked", "session_revoked"]),
    ] {
        let edge = edge(&[]);
        let response = log_out(&edge, &claims);
        assert_eq!((response.status, response.body.as_str()), (200, ""));
        assert_eq!(response.headers, [("cache-control", "no-store".to_owned())]);
        let outcomes =
            ["session-1", "session-2"].map(|sid| edge.outcome(&with_token(&edge, &of(sid))));
        assert_eq!(outcomes, expected, "{claims}");
        // signing in again
        edge.host.advance(2.0);
        let again = of("session-3").with("session_iat", &(NOW + 1.5).to_string());
        assert_eq!(edge.outcome(&with_token(&edge, &again)), "forward");
    }
}

#[test]
fn an_error_has_status_400_and_changes_nothing() {
    let edge = edge(&[]);
    let good = logout_claims();
    for (claims, expected) in [
        (good.with("nonce", r#""n""#), "wrong_token_type"),
        (good.without("events"), "invalid_claim"),
        (good.with("events", r#"{"other":{}}"#), "invalid_claim"),
        (good.without("sid").without("sub"), "missing_claim"),
        (good.with("sid", "7"), "invalid_claim"),
        (good.without("jti"), "missing_claim"),
        (good.without("iat"), "missing_claim"),
        (good.with("aud", r#""https://edge.example""#), "audience_mismatch"),
        (good.with("iss", r#""https://evil.example""#), "issuer_mismatch"),
        (good.with("exp", "7"), "expired"),
    ] {
        let response = log_out(&edge, &claims);
        assert_eq!((response.status, code(&response).as_str()), (400, expected), "{claims}");
        let challenges = response.headers.iter().filter(|(name, _)| *name == "www-authenticate");
        assert_eq!(challenges.count(), 0);
    }
    let token = logout_token(&edge.signer, &good);
    for body in [
        token.clone(),
        String::new(),
        "logout_token=%".to_owned(),
        format!("logout_token={token}&logout_token={token}"),
        format!("token={token}"),
    ] {
        let response = edge.receive(&to_logout(), &body);
        assert_eq!(
            (response.status, code(&response).as_str()),
            (400, "malformed_request"),
            "{body}"
        );
    }
    let untyped = format!("logout_token={}", edge.signer.token(&good));
    assert_eq!(code(&edge.receive(&to_logout(), untyped)), "wrong_token_type");
    assert_eq!(edge.outcome(&with_token(&edge, &session_claims())), "forward");
    assert_eq!(log_out(&edge, &good).status, 200);
    let again = log_out(&edge, &good);
    assert_eq!((again.status, code(&again).as_str()), (400, "replayed_event"));
}

#[test]
fn the_audience_of_logout_tokens_can_be_set() {
    let edge = edge(&[("LOGOUT_AUDIENCE", "client-1, client-2")]);
    let to =
        |audience: &str| log_out(&edge, &logout_claims().with("aud", &format!("{audience:?}")));
    assert_eq!(to("https://app.example").status, 400);
    assert_eq!(to("client-2").status, 200);
}

#[test]
fn other_parameters_and_percent_encoding_are_accepted() {
    let edge = edge(&[]);
    let token = logout_token(&edge.signer, &logout_claims()).replace('.', "%2E");
    let response = edge.receive(&to_logout(), format!("a=b&logout_token={token}&c=d"));
    assert_eq!(response.status, 200);
}
