//! Attacks on rules by paths that some servers take for others: in other letters, with parameters behind
//! `;`, with dots and spaces at the end.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use common::{Edge, good_claims, request};

fn edge(routes: &str) -> Edge {
    Edge::new(&[("ROUTES", routes)])
}

/// What becomes of user-1's request.
fn outcome(edge: &Edge, method: &str, path: &str) -> &'static str {
    edge.outcome(&request(method, path, &[edge.bearer(&good_claims())]))
}

const RULES: &str = r#"[{"path":"/public/*","auth":"public"},
    {"path":"/api/{user_id}/*","methods":["GET"],"match":{"user_id":"sub"}},
    {"path":"/Admin/*","claims":{"role":["admin"]}},
    {"path":"/jobs/run","methods":["POST"],"scopes":["jobs"]},
    {"path":"/keys/{x}","match":{"x":"sub"}},
    {"path":"/help","auth":"required"},
    {"path":"/{page}","methods":["GET"],"auth":"public"}]"#;

#[test]
fn a_path_that_is_a_stricter_rules_when_it_is_read_loosely_is_ambiguous() {
    let edge = edge(RULES);
    for (method, path) in [
        ("GET", "/API/user-2/x"),
        ("GET", "/Api/user-1/x"),
        ("DELETE", "/aPI/user-2/x"),
        ("GET", "/api;v=1/user-2/x"),
        ("GET", "/api%3Bv/user-2/x"),
        ("GET", "/API;x/user-2"),
        ("GET", "/api./user-2/x"),
        ("GET", "/api%20/user-2/x"),
        ("GET", "/api.%20.;x/user-2/x"),
        ("GET", "/api%C2%A0/user-2/x"),
        ("GET", "/admin/stats"),
        ("PATCH", "/ADMIN"),
        ("GET", "/Admin;x/stats"),
        ("POST", "/jobs/RUN"),
        ("POST", "/JOBS;a=b/run."),
        // the Kelvin sign is a K in lower case
        ("GET", "/%E2%84%AAeys/user-2"),
        ("GET", "/Help"),
        ("GET", "/help;x"),
    ] {
        assert_eq!(outcome(&edge, method, path), "ambiguous_path", "{method} {path}");
    }
}

#[test]
fn paths_that_no_stricter_rule_would_take_pass_as_before() {
    let edge = edge(RULES);
    for (method, path) in [
        ("GET", "/api/user-1/Report;v=2"),
        ("GET", "/api/user-1/x."),
        ("GET", "/PUBLIC/x"),
        ("GET", "/public/API/user-2;x"),
        ("GET", "/apis/user-2"),
        ("GET", "/other/Path;jsessionid=1"),
        ("GET", "/JOBS/run"),
        ("GET", "/About;x"),
    ] {
        assert_eq!(outcome(&edge, method, path), "forward", "{method} {path}");
    }
    assert_eq!(outcome(&edge, "GET", "/api/user-2/x"), "user_mismatch");
    assert_eq!(outcome(&edge, "GET", "/Admin/x"), "insufficient_claims");
    let own =
        r#"[{"path":"/API/{u}","match":{"u":"sub"}},{"path":"/api/{u}","match":{"u":"sub"}}]"#;
    for path in ["/API/user-1", "/api/user-1"] {
        assert_eq!(outcome(&self::edge(own), "GET", path), "forward");
    }
}
