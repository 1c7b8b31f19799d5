//! Decisions by rules, tokens, and the user of an isolated path.

use crate::common::{Claims, Edge, ScriptedResponse, Signer, good_claims, request};
use better_auth_edge::gateway::Decision;

const NO_HEADERS: [(&str, &str); 0] = [];

const RULES: (&str, &str) = (
    "ROUTES",
    r#"[
        {"path":"/health","auth":"public"},
        {"path":"/docs/*","methods":["GET"],"auth":"public"},
        {"path":"/feed/*","methods":["GET"],"auth":"optional"},
        {"path":"/feed/private","auth":"public"},
        {"path":"/api/{user_id}/settings","methods":["PUT"],"match":{"user_id":"uuid"}},
        {"path":"/api/{user_id}/*","match":{"user_id":"sub"}}
    ]"#,
);

#[test]
fn the_first_matching_rule_decides_whether_a_token_is_required() {
    let edge = Edge::new(&[RULES]);
    for (method, path, without, with_bad) in [
        ("GET", "/health", "forward", "forward"),
        ("POST", "/health", "forward", "forward"),
        ("GET", "/health/", "forward", "forward"),
        ("GET", "/%68ealth", "forward", "forward"),
        ("GET", "/health?a=b", "forward", "forward"),
        ("GET", "/docs", "forward", "forward"),
        ("GET", "/docs/a/b", "forward", "forward"),
        ("HEAD", "/docs/a", "forward", "forward"),
        ("GET", "/feed", "forward", "bad_signature"),
        ("GET", "/feed/private", "forward", "bad_signature"),
        ("GET", "/health/x", "missing_token", "bad_signature"),
        ("GET", "/Health", "missing_token", "bad_signature"),
        ("GET", "/healthy", "missing_token", "bad_signature"),
        ("GET", "/health;x", "missing_token", "bad_signature"),
        ("POST", "/docs/a", "missing_token", "bad_signature"),
        ("OPTIONS", "/docs/a", "missing_token", "bad_signature"),
        ("get", "/docs/a", "missing_token", "bad_signature"),
        ("GET", "/", "missing_token", "bad_signature"),
        ("GET", "/nowhere", "missing_token", "bad_signature"),
        ("GET", "/api/user-1/tasks", "missing_token", "bad_signature"),
    ] {
        let seen = edge.outcome(&request(method, path, &NO_HEADERS));
        assert_eq!(seen, without, "{method} {path} without a token");
        let bad = Signer::new(66, "key-1").token(&good_claims());
        let bad = request(method, path, &[("Authorization", format!("Bearer {bad}"))]);
        assert_eq!(edge.outcome(&bad), with_bad, "{method} {path} with a bad token");
    }
}

#[test]
fn without_rules_every_request_requires_a_token() {
    let edge = Edge::new(&[]);
    let bearer = edge.bearer(&good_claims());
    for path in ["/", "/health", "/api/user-2/tasks", "/.well-known/openid-configuration"] {
        assert_eq!(edge.outcome(&request("GET", path, &NO_HEADERS)), "missing_token", "{path}");
        assert_eq!(edge.outcome(&request("GET", path, std::slice::from_ref(&bearer))), "forward");
    }
}

#[test]
fn no_key_is_fetched_before_a_token_needs_one() {
    let edge = Edge::new(&[RULES]);
    let signer = Signer::default();
    let good = format!("Bearer {}", signer.token(&good_claims()));
    let hs256 = signer.sign(r#"{"alg":"HS256","kid":"key-1"}"#, good_claims().to_string());
    for (path, authorization, expected) in [
        ("/health", good.as_str(), "forward"),
        ("/docs/x", "Bearer x", "forward"),
        ("/feed/x", "", "forward"),
        ("/feed/x", "Basic dTpw", "forward"),
        ("/api/../x", good.as_str(), "ambiguous_path"),
        ("/a//b", good.as_str(), "ambiguous_path"),
        ("/x", "Basic dTpw", "missing_token"),
        ("/x", "Bearer", "missing_token"),
        ("/x", "Bearer a.b.c", "malformed_token"),
        ("/x", "Bearer a, Bearer b", "malformed_request"),
        ("/x", &format!("Bearer {}", "x".repeat(32)), "opaque_token"),
        ("/x", &format!("Bearer {}", "x".repeat(17_000)), "token_too_large"),
        ("/x", &format!("Bearer {hs256}"), "unsupported_algorithm"),
    ] {
        let head = request("GET", path, &[("authorization", authorization)]);
        assert_eq!(edge.outcome(&head), expected, "{path} with {authorization:.40}");
        assert_eq!(edge.host.fetches(), 0, "{path} with {authorization:.40}");
    }
    let head = request("GET", "/x", &[("authorization", good)]);
    assert_eq!((edge.outcome(&head), edge.host.fetches()), ("forward", 1));
}

#[test]
fn a_request_must_have_one_token_in_one_place() {
    let edge = Edge::new(&[]);
    let token = edge.signer.token(&good_claims());
    for (headers, expected) in [
        (vec![("authorization", format!("Bearer {token}"))], "forward"),
        (vec![("Authorization", format!("bearer {token}"))], "forward"),
        (vec![("AUTHORIZATION", format!("BEARER   {token}  "))], "forward"),
        (vec![("authorization", token.clone())], "missing_token"),
        (vec![("authorization", String::new())], "missing_token"),
        (vec![("authorization", format!("Token {token}"))], "missing_token"),
        (vec![("authorization", format!("Bearer{token}"))], "missing_token"),
        (vec![("authorization", format!("DPoP {token}"))], "missing_token"),
        (vec![("cookie", format!("better-auth.session_token={token}"))], "missing_token"),
        (vec![("x-authorization", format!("Bearer {token}"))], "missing_token"),
        (vec![("proxy-authorization", format!("Bearer {token}"))], "missing_token"),
        (vec![("authorization", format!("Bearer {token} x"))], "malformed_request"),
        (vec![("authorization", format!("Bearer {token}, Bearer {token}"))], "malformed_request"),
        (vec![("authorization", format!("Bearer {token}")); 2], "malformed_request"),
        (
            vec![
                ("authorization", "Basic dTpw".into()),
                ("Authorization", format!("Bearer {token}")),
            ],
            "malformed_request",
        ),
        (vec![("authorization", format!("Basic dTpw, Bearer {token}"))], "malformed_request"),
        (vec![("authorization", format!("Bearer \"{token}\""))], "malformed_token"),
    ] {
        assert_eq!(edge.outcome(&request("GET", "/x", &headers)), expected, "{headers:.60?}");
    }
    let in_query = request("GET", &format!("/x?access_token={token}"), &NO_HEADERS);
    assert_eq!(edge.outcome(&in_query), "missing_token");
}

#[test]
fn an_invalid_credential_is_rejected_when_a_token_is_optional() {
    let edge = Edge::new(&[RULES]);
    let token = edge.signer.token(&good_claims());
    for (authorization, expected) in [
        (format!("Bearer\t{token}"), "missing_token"),
        (format!("Bearer:{token}"), "missing_token"),
        ("Bearer:".into(), "missing_token"),
        ("Bearer".into(), "missing_token"),
        (token.clone(), "missing_token"),
        (format!("Token {token}"), "missing_token"),
        (format!("JWT {token}"), "missing_token"),
        ("x".repeat(32), "missing_token"),
        (format!("Basic dTpw,Bearer\t{token}"), "malformed_request"),
        ("Basic dTpw".into(), "forward"),
    ] {
        let head = request("GET", "/feed/x", &[("authorization", &authorization)]);
        assert_eq!(edge.outcome(&head), expected, "{authorization:.40}");
    }
}

const A: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const B: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

/// The outcome of a request for that path with these claims.
fn visit(claims: &Claims, path: &str) -> &'static str {
    let rules = r#"[{"path":"/api/{user_id}/*","match":{"user_id":"uuid"}}]"#;
    let edge = Edge::new(&[("ROUTES", rules)]);
    let head = request("GET", path, &[edge.bearer(claims)]);
    edge.outcome(&head)
}

#[test]
fn a_user_reaches_their_own_path_and_no_other_users() {
    let user = good_claims().with("uuid", &format!("{A:?}"));
    for (id, expected) in [
        (A.to_owned(), "forward"),
        (A.to_uppercase(), "forward"),
        (format!("%7B{A}%7D"), "forward"),
        (A.replace('-', ""), "forward"),
        (A.replace('-', "%2D"), "forward"),
        (format!("%30{}", &A[1..]), "forward"),
        (B.to_owned(), "user_mismatch"),
        (B.to_uppercase(), "user_mismatch"),
        ("user-1".into(), "user_mismatch"),
        ("me".into(), "user_mismatch"),
        (format!("{A}x"), "user_mismatch"),
        (format!("{A}%20"), "user_mismatch"),
        (format!("%20{A}"), "user_mismatch"),
        (format!("{A},{B}"), "user_mismatch"),
        (format!("{A};{B}"), "user_mismatch"),
        (A[1..].into(), "user_mismatch"),
        (format!("{A}%00"), "ambiguous_path"),
        (format!("{A}%2F..%2F{B}"), "ambiguous_path"),
        (format!("{A}/../{B}"), "ambiguous_path"),
        (format!("{A}%2f%2e%2e%2f{B}"), "ambiguous_path"),
        (format!("{A}/..;/{B}"), "ambiguous_path"),
        (format!("{A}%252F"), "ambiguous_path"),
        (format!("{A}\\..\\{B}"), "ambiguous_path"),
        (String::new(), "ambiguous_path"),
    ] {
        for rest in ["/tasks", "/tasks/1/", ""] {
            let path = format!("/api/{id}{rest}");
            let expected = match (id.as_str(), rest) {
                // without an id the path is /api/, which contains no user
                ("", "") => "forward",
                _ => expected,
            };
            assert_eq!(visit(&user, &path), expected, "{path}");
        }
    }
}

#[test]
fn ids_that_are_not_uuids_are_compared_exactly() {
    let user = good_claims().with("uuid", r#""Jürgen %1""#);
    for (id, expected) in [
        ("J%C3%BCrgen%20%251", "forward"),
        ("j%C3%BCrgen%20%251", "user_mismatch"),
        ("J%75%CC%88rgen%20%251", "user_mismatch"),
        ("J%FCrgen%20%251", "ambiguous_path"),
        ("Jurgen%20%251", "user_mismatch"),
        ("J%C3%BCrgen+%251", "user_mismatch"),
    ] {
        assert_eq!(visit(&user, &format!("/api/{id}/tasks")), expected, "{id}");
    }
}

#[test]
fn a_token_without_the_claim_matches_no_path() {
    for claims in [
        good_claims(),
        good_claims().with("uuid", "null"),
        good_claims().with("uuid", r#""""#),
        good_claims().with("uuid", "7"),
        good_claims().with("uuid", "true"),
        good_claims().with("uuid", &format!("[[{A:?}]]")),
        good_claims().with("uuid", &format!("{{{A:?}:1}}")),
        good_claims().with("UUID", &format!("{A:?}")),
        good_claims().with("sub", &format!("{A:?}")),
    ] {
        for id in [A, "7", "true", "null", "undefined", "user-1", "%22%22"] {
            let path = format!("/api/{id}/tasks");
            assert_eq!(visit(&claims, &path), "user_mismatch", "{claims} on {path}");
        }
    }
}

#[test]
fn each_rule_has_its_own_claim_and_checks_all_of_its_parameters() {
    let rules = r#"[
        {"path":"/orgs/{org}/users/{user}/*","match":{"org":"org","user":"sub"}},
        {"path":"/users/{user}","match":{"user":"sub"}},
        {"path":"/seen/{user}"}
    ]"#;
    let edge = Edge::new(&[("ROUTES", rules), ("CLAIMS", "org,sub")]);
    let bearer = edge.bearer(&good_claims().with("org", r#""acme""#));
    for (path, expected) in [
        ("/orgs/acme/users/user-1", "forward"),
        ("/orgs/acme/users/user-1/x", "forward"),
        ("/orgs/acme/users/user-2", "user_mismatch"),
        ("/orgs/other/users/user-1", "user_mismatch"),
        ("/orgs/user-1/users/acme", "user_mismatch"),
        ("/users/user-1", "forward"),
        ("/users/acme", "user_mismatch"),
        ("/seen/any-user", "forward"),
    ] {
        let head = request("GET", path, std::slice::from_ref(&bearer));
        assert_eq!(edge.outcome(&head), expected, "{path}");
    }
}

#[test]
fn isolation_is_checked_only_after_the_token() {
    let rules = r#"[{"path":"/api/{user_id}","match":{"user_id":"sub"}}]"#;
    let edge = Edge::new(&[("ROUTES", rules)]);
    let outcome = |bearer| edge.outcome(&request("GET", "/api/user-2", &[bearer]));
    assert_eq!(outcome(edge.bearer(&good_claims().with("exp", "1"))), "expired");
    assert_eq!(outcome(edge.bearer(&good_claims().without("sub"))), "missing_claim");
    assert_eq!(outcome(edge.bearer(&good_claims())), "user_mismatch");
    assert_eq!(edge.outcome(&request("GET", "/api/user-2", &NO_HEADERS)), "missing_token");
}

#[test]
fn a_failure_of_the_auth_server_is_not_a_client_error() {
    let edge = Edge::new(&[("ROUTES", r#"[{"path":"/open","auth":"optional"}]"#)]);
    edge.host.respond_with(ScriptedResponse::status(500, ""));
    let bearer = edge.bearer(&good_claims());
    for path in ["/x", "/open"] {
        let head = request("GET", path, std::slice::from_ref(&bearer));
        let Decision::Respond(response, Some(error)) = edge.decide(&head) else { panic!("{path}") };
        assert_eq!((response.status, error.code().as_str()), (503, "keys_unavailable"), "{path}");
    }
    assert_eq!(edge.outcome(&request("GET", "/open", &NO_HEADERS)), "forward");
}
