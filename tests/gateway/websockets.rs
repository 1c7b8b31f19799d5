//! Tokens in WebSocket handshakes: as a subprotocol or in the query, and never forwarded.

use crate::common::{Edge, good_claims, request, upstream_headers};
use better_auth_edge::gateway::{HeaderEdit, RequestHead};

const PARAMETER: (&str, &str) = ("WEBSOCKET_QUERY_PARAMETER", "access_token");

fn handshake(path: &str, more: &[(&str, &str)]) -> RequestHead {
    request("GET", path, &[&[("upgrade", "websocket"), ("connection", "Upgrade")], more].concat())
}

fn token(edge: &Edge) -> String {
    edge.signer.token(&good_claims())
}

#[test]
fn the_token_can_be_a_subprotocol_and_the_other_subprotocols_are_forwarded() {
    let edge = Edge::new(&[]);
    let token = token(&edge);
    for (offered, left) in [
        (format!("bearer, {token}"), None),
        (format!("chat, Bearer,{token} , v2"), Some("chat, v2")),
    ] {
        let head = handshake("/ws", &[("sec-websocket-protocol", &offered)]);
        let forward = edge.forward(&head);
        let headers = upstream_headers(&head, &forward);
        let protocol = headers.iter().find(|(name, _)| name == "sec-websocket-protocol");
        assert_eq!(protocol.map(|(_, value)| value.as_str()), left);
        assert!(
            headers.iter().any(|(name, value)| (&**name, &**value) == ("x-edge-user", "user-1"))
        );
        let chosen = HeaderEdit::Default("sec-websocket-protocol".into(), "bearer".into());
        assert!(forward.response_edits().contains(&chosen));
    }
}

#[test]
fn the_token_can_be_in_the_query_only_if_a_setting_allows_it() {
    let edge = Edge::new(&[PARAMETER]);
    let token = token(&edge);
    for (query, left) in [
        (format!("access_token={token}"), "https://api.example/ws?"),
        (format!("a=%2F&access_token={token}&b"), "https://api.example/ws?a=%2F&b"),
    ] {
        assert_eq!(edge.forward(&handshake(&format!("/ws?{query}"), &[])).url(), left);
    }
    let path = format!("/ws?access_token={token}");
    let headers: [(&str, &str); 0] = [];
    assert_eq!(edge.outcome(&request("GET", &path, &headers)), "missing_token", "no handshake");
    assert_eq!(Edge::new(&[]).outcome(&handshake(&path, &[])), "missing_token");
}

#[test]
fn two_tokens_in_one_request_are_an_error() {
    let edge = Edge::new(&[PARAMETER]);
    let (token, bearer) = (token(&edge), edge.bearer(&good_claims()).1);
    let protocol = format!("bearer, {token}");
    let twice = format!("bearer, {token}, bearer, {token}");
    let query = format!("/ws?access_token={token}");
    for (path, headers, expected) in [
        (query.as_str(), vec![("sec-websocket-protocol", protocol.as_str())], "malformed_request"),
        (&query, vec![("authorization", bearer.as_str())], "malformed_request"),
        (
            "/ws",
            vec![("sec-websocket-protocol", &protocol), ("authorization", &bearer)],
            "malformed_request",
        ),
        ("/ws", vec![("sec-websocket-protocol", twice.as_str())], "malformed_request"),
        ("/ws", vec![("sec-websocket-protocol", "bearer")], "missing_token"),
        ("/ws?access_token=", vec![], "missing_token"),
        ("/ws", vec![("sec-websocket-protocol", "chat")], "missing_token"),
        ("/ws", vec![("authorization", &bearer)], "forward"),
    ] {
        assert_eq!(edge.outcome(&handshake(path, &headers)), expected, "{path} {headers:?}");
    }
}

#[test]
fn a_token_is_not_forwarded_on_public_paths_either() {
    let edge = Edge::new(&[PARAMETER, ("ROUTES", r#"[{"path":"/*","auth":"public"}]"#)]);
    let head =
        handshake("/ws?access_token=a.b.c&x=1", &[("sec-websocket-protocol", "bearer, a.b.c")]);
    let forward = edge.forward(&head);
    assert_eq!(forward.url(), "https://api.example/ws?x=1");
    assert!(!upstream_headers(&head, &forward).iter().any(|(_, value)| value.contains("a.b.c")));
}
