//! The request of a session exchange, and the accepted responses.

use crate::common::{AUTH_SERVER, Edge, ScriptedResponse, good_claims, request};
use serde_json::{Value, json};

#[test]
fn an_exchange_requests_a_small_document_within_seconds_with_the_session_cookie_only() {
    let edge = Edge::new(&[("SESSION_EXCHANGE", "true")]);
    let answer = json!({"token": edge.signer.token(&good_claims())}).to_string();
    edge.host.respond_to(|request| request.url.contains("/token"), ScriptedResponse::ok(answer));
    let cookies = "theme=dark; better-auth.session_token=t.sig; better-auth.other=x";
    assert_eq!(edge.outcome(&request("GET", "/a", &[("cookie", cookies)])), "forward");

    let requests = edge.host.requests();
    let exchanges: Vec<_> = requests.iter().filter(|it| it.url.contains("/token")).collect();
    let [exchange] = exchanges[..] else { panic!("{requests:?}") };
    assert_eq!(exchange.url, format!("{AUTH_SERVER}/api/auth/token?disableRefresh=true"));
    assert_eq!(exchange.accept, "application/json");
    assert_eq!(exchange.cookie.as_deref(), Some("better-auth.session_token=t.sig"));
    assert_eq!((exchange.max_bytes, exchange.timeout), (64 * 1_024, 5_000));
}

#[test]
fn the_log_has_the_error_in_the_auth_servers_response() {
    for (answer, cause) in [
        (
            ScriptedResponse::status(500, "{}"),
            "GET https://app.example/api/auth/token: the server answered 500, not 200",
        ),
        (
            ScriptedResponse::ok("{}"),
            "GET https://app.example/api/auth/token: the server answered 200, but the response has no token",
        ),
    ] {
        let edge = Edge::new(&[("SESSION_EXCHANGE", "true")]);
        edge.host.respond_to(|request| request.url.contains("/token"), answer);
        let cookies = "better-auth.session_token=t.sig";
        let head = request("GET", "/a", &[("cookie", cookies)]);
        assert_eq!(edge.outcome(&head), "keys_unavailable");
        let line = edge.host.logged().pop().expect("a rejection is logged").1;
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["cause"], cause);
    }
}
