//! What an exchange asks the auth server for, and how little it takes for an answer.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{AUTH_SERVER, Answer, Edge, good_claims, request};
use serde_json::json;

#[test]
fn an_exchange_asks_for_a_small_document_in_a_few_seconds_with_the_session_alone() {
    let edge = Edge::new(&[("SESSION_EXCHANGE", "true")]);
    let answer = json!({"token": edge.signer.token(&good_claims())}).to_string();
    edge.host.answers_to(|request| request.url.ends_with("/token"), Answer::ok(answer));
    let cookies = "theme=dark; better-auth.session_token=t.sig; better-auth.other=x";
    assert_eq!(edge.outcome(&request("GET", "/a", &[("cookie", cookies)])), "forward");

    let requests = edge.host.requests();
    let exchanges: Vec<_> = requests.iter().filter(|it| it.url.ends_with("/token")).collect();
    let [exchange] = exchanges[..] else { panic!("{requests:?}") };
    assert_eq!(exchange.url, format!("{AUTH_SERVER}/api/auth/token"));
    assert_eq!(exchange.accept, "application/json");
    assert_eq!(exchange.cookie.as_deref(), Some("better-auth.session_token=t.sig"));
    assert_eq!((exchange.max_bytes, exchange.timeout), (64 * 1_024, 5_000));
}
