//! Lessons about the gateway around a verifier: which requests it verifies, and how it uses the
//! result.

use crate::common::{Claims, Edge, Signer, good_claims, request, upstream_headers};

const NO_HEADERS: [(&str, &str); 0] = [];

const OWN_TASKS: (&str, &str) =
    ("ROUTES", r#"[{"path":"/api/{user_id}/tasks","match":{"user_id":"uuid"}}]"#);

fn claims_of(uuid: &str) -> Claims {
    good_claims().with("uuid", uuid)
}

#[test]
fn cve_2025_29927_no_header_disables_the_check() {
    // Next.js accepted an internal header from clients and skipped the middleware. No header of a
    // request may disable the check, and the upstream verifies the assertion again.
    let edge = Edge::new(&[]);
    for header in [
        ("x-middleware-subrequest", "middleware:middleware:middleware:middleware:middleware"),
        ("x-middleware-next", "1"),
        ("x-middleware-rewrite", "/health"),
        ("x-middleware-skip", "1"),
        ("x-nextjs-data", "1"),
        ("x-edge-user", "user-1"),
        ("x-edge-jwt-assertion", "a.b.c"),
        ("x-original-url", "/health"),
        ("x-rewrite-url", "/health"),
        ("x-http-method-override", "OPTIONS"),
        ("x-forwarded-user", "user-1"),
        ("cf-worker", "app.example"),
        ("purpose", "prefetch"),
    ] {
        for (method, path) in [("GET", "/"), ("POST", "/api"), ("OPTIONS", "/"), ("HEAD", "/")] {
            let head = request(method, path, &[header]);
            assert_eq!(edge.outcome(&head), "missing_token", "{method} {path} with {header:?}");
        }
    }
}

#[test]
fn cve_2026_44574_the_checked_path_is_the_forwarded_path() {
    // In Next.js the query could contain another {user_id} than the path that the middleware
    // checked. The edge forwards the path that it checked: in one spelling, decoded once.
    let edge = Edge::new(&[OWN_TASKS]);
    let bearer = edge.bearer(&claims_of(r#""u-1""#));
    for (target, expected) in [
        ("/api/u-1/tasks", "forward"),
        ("/api/u-1/tasks?user_id=u-2&nxtPuser_id=u-2", "forward"),
        ("/api/u%2D1/tasks", "forward"),
        ("/api/u-2/tasks?user_id=u-1", "user_mismatch"),
        ("/api/u-2/tasks?nxtPuser_id=u-1", "user_mismatch"),
        ("/api/u%2D2/tasks", "user_mismatch"),
        ("/api/U-1/tasks", "user_mismatch"),
        ("/api/u-1%00/tasks", "ambiguous_path"),
        ("/api/u-1%2F..%2Fu-2/tasks", "ambiguous_path"),
        ("/api/u-1/../u-2/tasks", "ambiguous_path"),
        ("/api/u%252D1/tasks", "ambiguous_path"),
        ("/api//u-1/tasks", "ambiguous_path"),
    ] {
        let head = request("GET", target, std::slice::from_ref(&bearer));
        assert_eq!(edge.outcome(&head), expected, "{target}");
        if expected == "forward" {
            let url = edge.forward(&head).url().to_owned();
            let path = url.split('?').next().unwrap();
            assert_eq!(path, "https://api.example/api/u-1/tasks", "{target}");
        }
    }
}

#[test]
fn agno_a_token_without_a_user_matches_no_path() {
    // If the user was None, the server returned the rows of all users.
    for uuid in ["null", r#""""#, "7", "0", "false", "[]", r#"[["u-1"]]"#, "{}"] {
        let claims = claims_of(uuid);
        for claims in [claims.clone(), claims.without("uuid")] {
            for user in ["null", "None", "undefined", "7", "0", "false", "u-1", "*", "{user_id}"] {
                let path = format!("/api/{user}/tasks");
                let edge = Edge::new(&[OWN_TASKS]);
                let head = request("GET", &path, &[edge.bearer(&claims)]);
                assert_eq!(edge.outcome(&head), "user_mismatch", "{path} by {claims}");
                let edge = Edge::new(&[OWN_TASKS, ("USER_CLAIM", "uuid")]);
                let seen = edge.outcome(&head);
                assert!(["missing_claim", "invalid_claim"].contains(&seen), "{seen} by {claims}");
            }
        }
    }
}

#[test]
fn ghsa_2g96_86rw_qmvg_a_header_of_the_client_never_sets_a_claim() {
    const CLAIM_HEADERS: (&str, &str) = ("CLAIM_HEADERS", r#"{"org":"X-Org-Id","uuid":"X-Uuid"}"#);
    let edge = Edge::new(&[CLAIM_HEADERS]);
    let bearer = edge.bearer(&good_claims().with("org", r#""org-1""#));
    let (name, token) = (bearer.0, bearer.1.as_str());
    let head = request(
        "GET",
        "/",
        &[
            (name, token),
            ("X-Org-Id", "org-2"),
            ("x_org_id", "org-2"),
            ("X-ORG-ID", "org-3"),
            // the token has no such claim, so the header is removed
            ("X-Uuid", "u-2"),
            ("X-Edge-User", "user-2"),
            ("X_Edge_User", "user-2"),
        ],
    );
    let headers = upstream_headers(&head, &edge.forward(&head));
    let identity = |(name, _): &&(String, String)| {
        let name = name.replace('_', "-");
        name.starts_with("x-edge") || ["x-org-id", "x-uuid"].contains(&name.as_str())
    };
    let mut seen: Vec<_> =
        headers.iter().filter(identity).map(|(n, v)| format!("{n}={v}")).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["x-edge-user=user-1", "x-org-id=org-1"]);
}

#[test]
fn cve_2026_25748_a_malformed_credential_is_not_an_anonymous_request() {
    // authentik forwarded a request with a malformed cookie without authentication. Only a request
    // without a credential may be anonymous, and only if a rule allows it.
    let edge = Edge::new(&[("ROUTES", r#"[{"path":"/feed","auth":"optional"}]"#)]);
    assert_eq!(edge.outcome(&request("GET", "/feed", &NO_HEADERS)), "forward");
    let expired = Signer::default().token(&good_claims().with("exp", "1"));
    for (credential, expected) in [
        ("Bearer".to_owned(), "missing_token"),
        ("Bearer ".to_owned(), "missing_token"),
        ("Bearer x".to_owned(), "malformed_token"),
        ("Bearer ..".to_owned(), "malformed_token"),
        ("Bearer a.b.c".to_owned(), "malformed_token"),
        ("Bearer e30.e30.AAAA".to_owned(), "malformed_token"),
        ("Bearer \u{e9}".to_owned(), "malformed_token"),
        ("Bearer a b".to_owned(), "malformed_request"),
        (format!("Bearer {}", "x".repeat(40)), "opaque_token"),
        (format!("Bearer {}", "x".repeat(20_000)), "token_too_large"),
        (format!("Bearer {expired}"), "expired"),
    ] {
        for path in ["/feed", "/other"] {
            let head = request("GET", path, &[("Authorization", &credential)]);
            assert_eq!(edge.outcome(&head), expected, "{path} with {credential:.40}");
        }
    }
}
