//! Pages of other origins: who may call, and that they can read why not.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use better_auth_edge::gateway::{HeaderEdit, Response};
use common::{Edge, good_claims, request};

const PAGE: &str = "https://page.example";
const ORIGINS: (&str, &str) = ("CORS_ORIGINS", "https://page.example, http://localhost:3000");

fn preflight(origin: &str) -> [(&str, &str); 2] {
    [("origin", origin), ("access-control-request-method", "PUT")]
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_preflight_is_answered_by_the_edge_without_a_token() {
    let edge = Edge::new(&[ORIGINS, ("CORS_CREDENTIALS", "true"), ("CORS_MAX_AGE", "60")]);
    for path in ["/api/x", "/api//x", "/nowhere"] {
        let response = edge.respond(&request("OPTIONS", path, &preflight(PAGE)));
        assert_eq!((response.status, response.body.as_str()), (204, ""));
        assert_eq!(header(&response, "access-control-allow-origin"), Some(PAGE));
        assert_eq!(header(&response, "access-control-allow-credentials"), Some("true"));
        assert_eq!(header(&response, "access-control-max-age"), Some("60"));
        assert!(header(&response, "access-control-allow-methods").unwrap().contains("PUT"));
        assert!(
            header(&response, "access-control-allow-headers").unwrap().contains("authorization")
        );
        assert!(header(&response, "vary").unwrap().contains("Origin"));
    }
    for other in
        ["https://page.example.evil", "http://page.example", "null", "https://page.example:444"]
    {
        let response = edge.respond(&request("OPTIONS", "/api/x", &preflight(other)));
        assert_eq!(header(&response, "access-control-allow-origin"), None, "{other}");
    }
}

#[test]
fn a_refusal_can_be_read_by_the_page() {
    let edge = Edge::new(&[ORIGINS]);
    let response = edge.respond(&request("GET", "/api/x", &[("origin", PAGE)]));
    assert_eq!(response.status, 401);
    assert_eq!(header(&response, "access-control-allow-origin"), Some(PAGE));
    assert!(header(&response, "access-control-expose-headers").unwrap().contains("x-request-id"));
    let response = edge.respond(&request("GET", "/api/x", &[("origin", "https://evil.example")]));
    assert_eq!(header(&response, "access-control-allow-origin"), None);
}

#[test]
fn an_answer_of_the_origin_gets_the_edges_permission_and_not_its_own() {
    let edge = Edge::new(&[ORIGINS]);
    let (name, token) = edge.bearer(&good_claims());
    let edits = |origin| {
        let headers = [(name, token.as_str()), ("origin", origin)];
        edge.forward(&request("GET", "/api/x", &headers)).answer_edits().to_vec()
    };
    let allowed = edits(PAGE);
    assert!(allowed.contains(&HeaderEdit::Set("access-control-allow-origin".into(), PAGE.into())));
    assert!(allowed.contains(&HeaderEdit::Append("vary".into(), "Origin".into())));
    let refused = edits("https://evil.example");
    assert!(refused.contains(&HeaderEdit::Remove("access-control-allow-origin".into())));
    assert!(!refused.iter().any(|edit| matches!(edit, HeaderEdit::Set(..))), "{refused:?}");
}

#[test]
fn any_origin_may_be_allowed_but_not_with_cookies() {
    let edge = Edge::new(&[("CORS_ORIGINS", "*")]);
    let response = edge.respond(&request("OPTIONS", "/x", &preflight("https://any.example")));
    assert_eq!(header(&response, "access-control-allow-origin"), Some("*"));
    assert_eq!(header(&response, "access-control-allow-credentials"), None);
}

#[test]
fn preflights_reach_the_origin_where_it_answers_them() {
    let edge = Edge::new(&[("CORS_PREFLIGHT_TO_ORIGIN", "true")]);
    assert_eq!(edge.outcome(&request("OPTIONS", "/api/x", &preflight(PAGE))), "forward");
    for headers in [&preflight(PAGE)[..1], &preflight(PAGE)[1..], &[]] {
        assert_eq!(edge.outcome(&request("OPTIONS", "/api/x", headers)), "missing_token");
    }
    assert_eq!(edge.outcome(&request("GET", "/api/x", &preflight(PAGE))), "missing_token");
    assert_eq!(edge.outcome(&request("OPTIONS", "/a//x", &preflight(PAGE))), "ambiguous_path");
}

#[test]
fn without_settings_a_preflight_is_a_request_like_any_other() {
    let edge = Edge::new(&[]);
    assert_eq!(edge.outcome(&request("OPTIONS", "/api/x", &preflight(PAGE))), "missing_token");
    let forward = edge.forward(&request("GET", "/x", &[edge.bearer(&good_claims())]));
    assert!(forward.answer_edits().is_empty());
}
