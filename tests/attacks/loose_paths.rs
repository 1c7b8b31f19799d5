//! Attacks on rules with paths that some servers treat as equal: in another case, with parameters
//! after `;`, with trailing dots and spaces.

use crate::common::{Edge, good_claims, request};
use better_auth_edge::gateway::Decision;

fn edge(routes: &str) -> Edge {
    Edge::new(&[("ROUTES", routes)])
}

/// The outcome of user-1's request.
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
fn a_path_that_matches_a_stricter_rule_when_read_loosely_is_ambiguous() {
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
        // letters that become ASCII: long s, dotless i, i with a dot, full-width letters
        ("POST", "/jobs/r%EF%BD%95n"),
        ("GET", "/ap%C4%B1/user-2/x"),
        ("GET", "/ap%C4%B0/user-2/x"),
        ("GET", "/%EF%BD%81pi/user-2/x"),
        ("GET", "/%EF%BC%A1%EF%BC%B0i/user-1/x"),
        ("GET", "/api%EF%BC%9Bv/user-2/x"),
        ("GET", "/api%EF%BC%8E/user-2/x"),
        ("GET", "/key%C5%BF/user-2"),
        ("GET", "/api%E3%80%80/user-2/x"),
        ("GET", "/help%2E"),
        ("GET", "/help%3Bx"),
    ] {
        assert_eq!(outcome(&edge, method, path), "ambiguous_path", "{method} {path}");
    }
}

#[test]
fn paths_that_match_no_stricter_rule_are_forwarded() {
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
    // letters that only look similar
    for path in ["/%D0%B0pi/user-2/x", "/%EF%BC%8Fapi/user-2/x"] {
        assert_eq!(outcome(&edge, "GET", path), "forward", "{path}");
    }
    assert_eq!(outcome(&edge, "GET", "/api/user-2/x"), "user_mismatch");
    assert_eq!(outcome(&edge, "GET", "/Admin/x"), "insufficient_claims");
    let own =
        r#"[{"path":"/API/{u}","match":{"u":"sub"}},{"path":"/api/{u}","match":{"u":"sub"}}]"#;
    for path in ["/API/user-1", "/api/user-1"] {
        assert_eq!(outcome(&self::edge(own), "GET", path), "forward");
    }
}

#[test]
fn a_different_isolation_does_not_replace_the_bypassed_one() {
    let edge = edge(
        r#"[{"path":"/api/{user_id}/*","match":{"user_id":"sub"}},
            {"path":"/{tenant}/*","match":{"tenant":"uuid"}}]"#,
    );
    // a tenant name that a user can choose
    let claims = good_claims().with("uuid", r#""API""#);
    let own = |path| edge.outcome(&request("GET", path, &[edge.bearer(&claims)]));
    assert_eq!(own("/API/user-2/x"), "ambiguous_path");
    assert_eq!(own("/API"), "forward");
    assert_eq!(own("/api/user-2/x"), "user_mismatch");
    assert_eq!(own("/api/user-1/x"), "forward");
}

#[test]
fn different_claims_and_scopes_do_not_replace_the_bypassed_ones() {
    let edge = edge(
        r#"[{"path":"/admin/*","claims":{"role":["admin"]}},
            {"path":"/jobs/*","scopes":["jobs"]},
            {"path":"/maybe","auth":"optional"},
            {"path":"/{area}/x","claims":{"role":["user"]},"scopes":["read"]},
            {"path":"/{area}","auth":"public"}]"#,
    );
    let claims = good_claims().with("role", r#""user""#).with("scope", r#""read""#);
    let own = |path| edge.outcome(&request("GET", path, &[edge.bearer(&claims)]));
    for path in ["/Admin/x", "/Jobs/x", "/admin;a/x", "/MAYBE", "/maybe%20"] {
        assert_eq!(own(path), "ambiguous_path", "{path}");
    }
    assert_eq!(own("/other/x"), "forward");
    assert_eq!(own("/Other;x"), "forward");
}

#[test]
fn a_user_id_that_is_another_users_up_to_a_semicolon_is_ambiguous() {
    let edge = edge(r#"[{"path":"/api/{user_id}/*","match":{"user_id":"uuid"}}]"#);
    let claims = good_claims().with("uuid", r#""bob;v=1""#);
    let outcome = |path| edge.outcome(&request("GET", path, &[edge.bearer(&claims)]));
    for path in ["/api/bob;v=1/x", "/api/bob%3Bv=1/x", "/api/bob%3bv%3D1"] {
        assert_eq!(outcome(path), "ambiguous_path", "{path}");
    }
    for path in ["/api/bob/x", "/api/bob;v=2/x", "/api/bob;/x"] {
        assert_eq!(outcome(path), "user_mismatch", "{path}");
    }
}

#[test]
fn a_percent_encoded_character_of_an_id_equals_the_character() {
    let edge = edge(r#"[{"path":"/api/{user_id}/*","match":{"user_id":"uuid"}}]"#);
    let user = |uuid: &str| good_claims().with("uuid", &format!("\"{uuid}\""));
    let sent = |path, claims: &_| edge.decide(&request("GET", path, &[edge.bearer(claims)]));
    let outcome = |path, claims: &_| edge.outcome(&request("GET", path, &[edge.bearer(claims)]));
    for (path, id, onwards) in [
        ("/api/a@b.c/x", "a@b.c", "/api/a@b.c/x"),
        ("/api/a%40b.c/x", "a@b.c", "/api/a%40b.c/x"),
        ("/api/%61%40b%2ec/x", "a@b.c", "/api/a%40b.c/x"),
        ("/api/a%2bb/x", "a+b", "/api/a%2Bb/x"),
        ("/api/google%3A1/x", "google:1", "/api/google%3A1/x"),
        ("/api/auth0%7c1/x", "auth0|1", "/api/auth0%7C1/x"),
    ] {
        let Decision::Forward(forward) = sent(path, &user(id)) else { panic!("{path}") };
        assert_eq!(forward.url(), ["https://api.example", onwards].concat());
    }
    for (path, id) in [
        ("/api/a%40b/x", "a%40b"),
        ("/api/a%2540b/x", "a%40b"),
        ("/api/a+b/x", "a b"),
        ("/api/a%20b/x", "a+b"),
        ("/api/a%2Bb/x", "a b"),
        ("/api/b%2Fx/x", "b/x"),
        ("/api/b%26/x", "b"),
        ("/api/b%23/x", "b"),
        ("/api/b%3F/x", "b"),
        ("/api/b%00/x", "b"),
    ] {
        let outcome = outcome(path, &user(id));
        assert!(["user_mismatch", "ambiguous_path"].contains(&outcome), "{path} for {id}");
    }
}
