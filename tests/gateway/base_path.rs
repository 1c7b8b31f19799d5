//! Better Auth's base path, including the root: the URLs of keys and of session tokens.

use crate::common::{Edge, ScriptedResponse, good_claims, key_set, request};

#[test]
fn keys_and_session_tokens_are_requested_below_the_base_path() {
    for (url, base_path, base) in [
        ("https://app.example", "", "https://app.example/api/auth"),
        ("https://app.example", "/", "https://app.example"),
        ("https://app.example/", "/", "https://app.example"),
        ("https://app.example", "/auth/v1/", "https://app.example/auth/v1"),
        ("https://app.example/auth", "", "https://app.example/auth"),
        ("https://app.example/auth", "/auth", "https://app.example/auth"),
    ] {
        let settings = [
            ("BETTER_AUTH_URL", url),
            ("BETTER_AUTH_BASE_PATH", base_path),
            ("SESSION_EXCHANGE", "true"),
        ];
        let edge = Edge::new(&settings);
        let token = edge.signer.token(&good_claims());
        edge.host.respond_once_with(ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#)));
        let cookie = [("cookie", "better-auth.session_token=t.s%3D")];
        assert_eq!(edge.outcome(&request("GET", "/x", &cookie)), "forward", "{settings:?}");
        let requests = edge.host.requests();
        let requested: Vec<_> = requests.iter().map(|r| r.url.split('?').next().unwrap()).collect();
        assert_eq!(requested, [format!("{base}/token"), format!("{base}/jwks")]);
    }
}

#[test]
fn every_issuer_has_its_own_base_path() {
    let issuers = r#"[{"base_url":"https://b.example","base_path":"/"},
        {"base_url":"https://c.example"}]"#;
    let settings = [("BETTER_AUTH_BASE_PATH", "/auth"), ("ISSUERS", issuers)];
    let edge = Edge::new(&settings);
    edge.host.respond_with(ScriptedResponse::ok(key_set(&[edge.signer.jwk()])));
    for (issuer, url) in [
        ("https://app.example", "https://app.example/auth/jwks"),
        ("https://b.example", "https://b.example/jwks"),
        ("https://c.example", "https://c.example/api/auth/jwks"),
    ] {
        let name = format!("{issuer:?}");
        let claims = good_claims().with("iss", &name).with("aud", &name);
        let head = request("GET", "/x", &[edge.bearer(&claims)]);
        assert_eq!(edge.outcome(&head), "forward", "{issuer}");
        assert_eq!(edge.host.requests().last().unwrap().url, url);
    }
}
