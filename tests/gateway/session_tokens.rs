//! Session tokens as bearer tokens, which the edge exchanges as it exchanges cookies.

use better_auth_edge::gateway::RequestHead;

use crate::common::{Edge, ScriptedResponse, good_claims, request, upstream_headers};

const TOKEN: &str = "nR7bYx2QmK5tWv8sLpJc3HdG6fZaE9uT";
/// The token with Better Auth's signature by `SECRET`, percent-encoded as in `set-auth-token`.
const SECRET: &str = "a secret that only Better Auth and the edge know";

fn edge(settings: &[(&str, &str)]) -> Edge {
    let edge = Edge::new(&[&[("SESSION_EXCHANGE", "true")], settings].concat());
    let token = edge.signer.token(&good_claims());
    edge.host.respond_to(
        |request| request.url.contains("/token"),
        ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#)),
    );
    edge
}

fn bearer(token: &str) -> RequestHead {
    request("POST", "/api/x", &[("authorization", &format!("Bearer {token}"))])
}

fn exchanges(edge: &Edge) -> Vec<(Option<String>, Option<String>)> {
    let requests = edge.host.requests().into_iter();
    let requests = requests.filter(|request| request.url.contains("/token"));
    requests
        .map(|request| (request.cookie, request.authorization.map(|(_, value)| value)))
        .collect()
}

#[test]
fn a_session_token_is_exchanged_once_and_identifies_the_user() {
    let edge = edge(&[]);
    let head = bearer(TOKEN);
    for _ in 0..3 {
        let forward = edge.forward(&head);
        assert!(forward.user.is_some());
        let headers = upstream_headers(&head, &forward);
        let authorization: Vec<_> =
            headers.iter().filter(|(name, _)| name == "authorization").collect();
        let [(_, value)] = authorization[..] else { panic!("{authorization:?}") };
        assert!(value.starts_with("Bearer eyJ"), "the JWT in place of the session token");
    }
    assert_eq!(exchanges(&edge), [(None, Some(format!("Bearer {TOKEN}")))]);
}

#[test]
fn the_upstream_never_gets_a_session_token() {
    let routes = r#"[{"path":"/public/*","auth":"public"}]"#;
    for settings in
        [&[("ROUTES", routes)][..], &[("ROUTES", routes), ("FORWARD_AUTHORIZATION", "false")]]
    {
        let edge = edge(settings);
        for path in ["/public/x", "/api/x"] {
            let head = request("GET", path, &[("authorization", &format!("Bearer {TOKEN}"))]);
            let headers = upstream_headers(&head, &edge.forward(&head));
            assert!(!headers.iter().any(|(_, value)| value.contains(TOKEN)), "{path}");
        }
    }
}

#[test]
fn without_the_exchange_it_is_an_opaque_token() {
    let edge = Edge::new(&[]);
    assert_eq!(edge.outcome(&bearer(TOKEN)), "opaque_token");
    assert!(exchanges(&edge).is_empty());
}

#[test]
fn a_session_that_better_auth_does_not_know_is_rejected() {
    let edge = Edge::new(&[("SESSION_EXCHANGE", "true")]);
    let unauthorized = ScriptedResponse::status(401, "");
    edge.host.respond_to(|request| request.url.contains("/token"), unauthorized);
    for _ in 0..3 {
        assert_eq!(edge.outcome(&bearer(TOKEN)), "missing_token");
    }
    assert_eq!(exchanges(&edge).len(), 1, "the rejection is cached");
}

#[test]
fn with_the_secret_a_forged_signature_costs_no_exchange() {
    let edge = edge(&[("BETTER_AUTH_SECRET", SECRET)]);
    for forged in ["MdIO6uXcdXVWyBbmeZM0UmBjcTJ4YmhuZ3JzYXhrZGc=", "x", ""] {
        assert_eq!(
            edge.outcome(&bearer(&format!("{TOKEN}.{forged}"))),
            "missing_token",
            "{forged}"
        );
    }
    assert!(exchanges(&edge).is_empty());
    assert_eq!(edge.outcome(&bearer(SIGNED)), "forward");
    assert_eq!(edge.outcome(&bearer(TOKEN)), "forward", "Better Auth decides about a bare one");
    assert_eq!(exchanges(&edge).len(), 2);
}

#[test]
fn the_log_asks_for_the_bearer_plugin_if_better_auth_may_not_have_read_the_token() {
    let question = "; does Better Auth have the bearer plugin?";
    let body = |code| format!(r#"{{"message":"no","code":"{code}"}}"#);
    for (status, body, is_asked) in [
        (401, String::new(), true),
        (401, body("UNAUTHORIZED"), true),
        (401, body("SESSION_EXPIRED"), false),
        (403, body("BANNED_USER"), false),
    ] {
        let edge = Edge::new(&[("SESSION_EXCHANGE", "true")]);
        let response = ScriptedResponse::status(status, &*body);
        edge.host.respond_to(|request| request.url.contains("/token"), response);
        let cause = edge.cause_for(&bearer(TOKEN)).expect("a cause");
        assert_eq!(cause.ends_with(question), is_asked, "{cause}");
        assert!(!cause.contains(TOKEN), "{cause}");
        // Better Auth always reads cookies
        let cookie = request("GET", "/x", &[("cookie", "better-auth.session_token=t.s")]);
        let cause = edge.cause_for(&cookie).expect("a cause");
        assert!(!cause.contains("plugin"), "{cause}");
    }
}

#[test]
fn a_token_that_the_secret_has_not_signed_is_logged_as_a_forged_cookie_is() {
    let edge = edge(&[("BETTER_AUTH_SECRET", SECRET)]);
    let forged = format!("{TOKEN}.MdIO6uXcdXVWyBbmeZM0UmBjcTJ4YmhuZ3JzYXhrZGc=");
    let cause = edge.cause_for(&bearer(&forged)).expect("a cause");
    assert!(cause.starts_with("no session token of the request is signed with BETTER_AUTH_SECRET"));
    assert!(!cause.contains(TOKEN), "{cause}");
}

#[test]
fn all_spellings_of_a_signed_token_are_one_session() {
    for settings in [&[][..], &[("BETTER_AUTH_SECRET", SECRET)]] {
        let edge = edge(settings);
        let encoded = SIGNED.replace('=', "%3D");
        for spelling in [SIGNED, &encoded, &encoded.replace("%3D", "%3d")] {
            assert_eq!(edge.outcome(&bearer(spelling)), "forward");
        }
        assert_eq!(exchanges(&edge), [(None, Some(format!("Bearer {encoded}")))]);
    }
}

/// `token-1` would be shorter than a session token.
const SIGNED: &str = "token-1.Ge8ADjtw5KRPYnDnMPQwq1rJY1rFPBAp1aEAklzdSfo=";

#[test]
fn other_bearer_tokens_are_not_exchanged() {
    let edge = edge(&[]);
    let long = "x".repeat(5_000);
    for (token, code) in
        [("short", "malformed_token"), ("a.b.c", "malformed_token"), (&long, "opaque_token")]
    {
        assert_eq!(edge.outcome(&bearer(token)), code, "{token:.20}");
    }
    assert!(exchanges(&edge).is_empty());
}

#[test]
fn a_cookie_with_the_same_text_is_another_session() {
    let edge = edge(&[]);
    assert_eq!(edge.outcome(&bearer(TOKEN)), "forward");
    let cookie = format!("better-auth.session_token={TOKEN}");
    let head = request("GET", "/api/x", &[("cookie", &cookie)]);
    assert_eq!(edge.outcome(&head), "forward");
    let exchanges = exchanges(&edge);
    assert_eq!(exchanges.len(), 2);
    assert!(exchanges[0].0.is_none() && exchanges[1].1.is_none());
}

#[test]
fn an_auth_server_that_fails_is_not_the_clients_fault() {
    let edge = Edge::new(&[("SESSION_EXCHANGE", "true")]);
    edge.host
        .respond_to(|request| request.url.contains("/token"), ScriptedResponse::status(500, ""));
    assert_eq!(edge.outcome(&bearer(TOKEN)), "keys_unavailable");
}
