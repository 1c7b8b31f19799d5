//! Better Auth's signed cookie cache: which user it identifies, when it is ignored, and its limits.

use crate::common::{
    AUTH_SERVER, Edge, NOW, ScriptedResponse, Signer, base64url, good_claims, request,
    upstream_headers,
};
use better_auth_edge::gateway::RequestHead;
use better_auth_edge::host::GetError;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const BY_KEYS: (&str, &str) = ("COOKIE_CACHE", "jwks");
const BY_SECRET: [(&str, &str); 2] = [("COOKIE_CACHE", "secret"), ("BETTER_AUTH_SECRET", SECRET)];
const EXCHANGE: (&str, &str) = ("SESSION_EXCHANGE", "true");
const SECRET: &str = "a secret that only Better Auth and the edge know";
const SESSION: &str = "better-auth.session_token=token-1.c2ln";

/// A cache that Better Auth signs with its secret.
fn by_secret() -> Value {
    json!({
        "session": {"token": "token-1", "userId": "user-1", "expiresAt": "2025-06-22T15:06:40.000Z"},
        "user": {"id": "user-1", "email": "ada@example.com", "name": "Ada", "uuid": "uuid-1",
                 "role": "admin", "image": null},
        "updatedAt": NOW * 1_000.0, "version": "1", "iat": NOW, "exp": NOW + 300.0,
    })
}

/// A cache that Better Auth signs with its keys.
fn by_keys() -> Value {
    let more = json!({
        "iss": AUTH_SERVER, "aud": "better-auth:session-cache", "sub": "user-1", "sid": "token-1",
    });
    changed(by_secret(), &more)
}

/// The same cache with `changes`. `null` removes a member. Members of `user` and `session` are
/// merged.
fn changed(mut claims: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match (&claims[name], value) {
            (_, Value::Null) => drop(claims.as_object_mut().unwrap().remove(name)),
            (Value::Object(_), Value::Object(_)) => {
                claims[name] = changed(claims[name].clone(), value);
            }
            _ => claims[name] = value.clone(),
        }
    }
    claims
}

fn signed_by_key(signer: &Signer, claims: &Value) -> String {
    let header = signer.header_with("typ", r#""better-auth.session-cache+jwt""#);
    signer.sign(header, claims.to_string())
}

fn signed_by_secret(secret: &str, claims: &Value) -> String {
    let input = format!("{}.{}", base64url(r#"{"alg":"HS256"}"#), base64url(claims.to_string()));
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let mac = mac.chain_update(&input).finalize().into_bytes();
    format!("{input}.{}", base64url(mac))
}

fn with_cookies(cookies: &str) -> RequestHead {
    request("GET", "/x", &[("cookie", cookies)])
}

/// A request with a session's cookie and this cache.
fn with_cache(cache: &str) -> RequestHead {
    with_cookies(&format!("{SESSION}; better-auth.session_data={cache}"))
}

#[test]
fn a_valid_cookie_cache_identifies_the_user_without_a_request() {
    let rules = r#"[{"path":"/{id}","match":{"id":"uuid"},"claims":{"role":["admin"]}}]"#;
    let more = [
        ("ROUTES", rules),
        ("USER_CLAIM", "uuid"),
        ("CLAIM_HEADERS", r#"{"email":"x-email","id":"x-id","sub":"x-sub","image":"x-image"}"#),
        ("REQUIRED_CLAIMS", "name"),
    ];
    let jwks = Edge::new(&[&more[..], &[BY_KEYS]].concat());
    let secret = Edge::new(&[&more[..], &BY_SECRET].concat());
    secret.host.respond_with(ScriptedResponse::error(GetError::Unreachable));
    // tokens and caches share one set of keys
    let claims = good_claims().with("uuid", r#""u""#).with("name", r#""n""#);
    assert_eq!(jwks.outcome(&request("GET", "/", &[jwks.bearer(&claims)])), "forward");
    let caches = [
        (&jwks, signed_by_key(&jwks.signer, &by_keys()), 1),
        (&secret, signed_by_secret(SECRET, &by_secret()), 0),
    ];
    for (edge, cache, fetches) in caches {
        let cookies = format!("a=b; {SESSION}; better-auth.session_data={cache}");
        let head = request("GET", "/uuid-1", &[("cookie", &cookies)]);
        let headers = upstream_headers(&head, &edge.forward(&head));
        let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        for (name, expected) in [
            ("x-edge-user", Some("uuid-1")),
            ("x-email", Some("ada@example.com")),
            ("x-id", Some("user-1")),
            ("x-sub", Some("user-1")),
            ("x-image", None),
            ("cookie", Some("a=b")),
            ("authorization", None),
        ] {
            assert_eq!(header(name), expected, "{name}");
        }
        let other = request("GET", "/uuid-2", &[("cookie", &cookies)]);
        assert_eq!(edge.outcome(&other), "user_mismatch");
        assert_eq!(edge.host.fetches(), fetches);
    }
}

#[test]
fn an_invalid_cookie_cache_is_rejected_when_no_other_credential_can_decide() {
    let jwks = Edge::new(&[BY_KEYS]);
    let foreign = Signer::new(9, jwks.signer.kid());
    let key = |changes: Value| signed_by_key(&jwks.signer, &changed(by_keys(), &changes));
    for (cache, expected) in [
        (key(json!({})), "forward"),
        (signed_by_key(&foreign, &by_keys()), "bad_signature"),
        (signed_by_secret(SECRET, &by_secret()), "wrong_token_type"),
        (jwks.signer.sign(jwks.signer.header(), by_keys().to_string()), "wrong_token_type"),
        (jwks.signer.token(&good_claims()), "wrong_token_type"),
        ("eyJzZXNzaW9uIjp7fX0".into(), "malformed_token"),
        (format!("a.b.{}", "c".repeat(20_000)), "token_too_large"),
        (key(json!({"iss": "https://evil.example"})), "issuer_mismatch"),
        (key(json!({"iss": "https://app.example/api/auth"})), "forward"),
        (key(json!({"aud": AUTH_SERVER})), "audience_mismatch"),
        (key(json!({"iss": null, "user": {"iss": AUTH_SERVER}})), "missing_claim"),
        (key(json!({"exp": null, "user": {"exp": NOW + 9e6}})), "missing_claim"),
        (key(json!({"exp": NOW - 6.0})), "expired"),
        (key(json!({"exp": NOW - 4.0})), "forward"),
        (key(json!({"iat": NOW + 60.0})), "not_yet_valid"),
        (key(json!({"session": {"expiresAt": "2025-06-15T15:06:30.000Z"}})), "expired"),
        (key(json!({"session": {"expiresAt": "2025-06-15T15:06:36.000Z"}})), "forward"),
        (key(json!({"session": {"expiresAt": null}})), "invalid_claim"),
        (key(json!({"session": {"expiresAt": "soon"}})), "invalid_claim"),
        (key(json!({"session": {"expiresAt": 1_850_000_000_000_u64}})), "invalid_claim"),
        (key(json!({"version": "2"})), "expired"),
        (key(json!({"version": null})), "forward"),
        (key(json!({"sub": "user-2"})), "invalid_claim"),
        (key(json!({"sub": null})), "invalid_claim"),
        (key(json!({"sub": null, "user": {"sub": "user-1"}})), "invalid_claim"),
        (key(json!({"sid": "token-2"})), "invalid_claim"),
        (key(json!({"sid": null})), "invalid_claim"),
        (key(json!({"sid": "token-2", "session": {"token": "token-2"}})), "invalid_claim"),
        (key(json!({"user": {"id": null}})), "invalid_claim"),
        (key(json!({"user": {"id": ""}, "sub": ""})), "invalid_claim"),
        (key(json!({"session": {"token": ""}, "sid": ""})), "invalid_claim"),
        (key(json!({"user": null})), "wrong_token_type"),
        (key(json!({"session": "token-1"})), "wrong_token_type"),
        (key(json!({"cnf": {}})), "wrong_token_type"),
    ] {
        assert_eq!(jwks.outcome(&with_cache(&cache)), expected, "{cache}");
    }

    let secret = Edge::new(&BY_SECRET);
    let mac = |changes: Value| signed_by_secret(SECRET, &changed(by_secret(), &changes));
    for (cache, expected) in [
        (mac(json!({})), "forward"),
        (
            signed_by_secret("another secret that has thirty-two bytes", &by_secret()),
            "bad_signature",
        ),
        (signed_by_key(&secret.signer, &by_keys()), "unsupported_algorithm"),
        (mac(json!({"sub": "user-1", "sid": "token-1", "iss": AUTH_SERVER})), "forward"),
        (mac(json!({"sub": "user-2"})), "invalid_claim"),
        (mac(json!({"iss": "https://evil.example"})), "issuer_mismatch"),
        (mac(json!({"session": {"token": "token-2"}})), "invalid_claim"),
        (mac(json!({"exp": null})), "missing_claim"),
        // Better Auth signs the tokens in its emails with the same secret
        (
            mac(json!({"session": null, "user": null, "email": "ada@example.com"})),
            "wrong_token_type",
        ),
    ] {
        assert_eq!(secret.outcome(&with_cache(&cache)), expected, "{cache}");
    }
    assert_eq!(secret.host.fetches(), 0);
}

#[test]
fn a_cookie_cache_is_accepted_only_as_that_cookie_and_not_as_a_token() {
    for settings in [&[BY_KEYS][..], &BY_SECRET] {
        let edge = Edge::new(settings);
        let caches =
            [signed_by_key(&edge.signer, &by_keys()), signed_by_secret(SECRET, &by_secret())];
        for cache in caches {
            let bearer = format!("Bearer {cache}");
            let outcome = edge.outcome(&request("GET", "/x", &[("authorization", &bearer)]));
            assert!(matches!(outcome, "wrong_token_type" | "unsupported_algorithm"), "{outcome}");
        }
        // a valid token with the secret
        let claims = good_claims().to_string();
        let token = signed_by_secret(SECRET, &serde_json::from_str(&claims).unwrap());
        let bearer = format!("Bearer {token}");
        let head = request("GET", "/x", &[("authorization", &bearer)]);
        assert_eq!(edge.outcome(&head), "unsupported_algorithm");
    }
    let off = Edge::new(&[]);
    let cache = signed_by_key(&off.signer, &by_keys());
    assert_eq!(off.outcome(&with_cache(&cache)), "missing_token");
}

#[test]
fn with_session_exchange_the_session_cookie_decides_when_its_cache_does_not() {
    let edge = |answer: ScriptedResponse| {
        let edge = Edge::new(&[BY_KEYS, EXCHANGE]);
        // the keys are cached
        assert_eq!(edge.outcome(&with_cache(&signed_by_key(&edge.signer, &by_keys()))), "forward");
        edge.host.respond_once_with(answer);
        edge
    };
    let signer = Signer::default();
    let foreign = Signer::new(9, signer.kid());
    for cache in [
        signed_by_key(&signer, &changed(by_keys(), &json!({"exp": NOW - 10.0}))),
        signed_by_key(&signer, &changed(by_keys(), &json!({"version": "0"}))),
        signed_by_key(
            &signer,
            &changed(by_keys(), &json!({"sid": "t", "session": {"token": "t"}})),
        ),
        signed_by_key(&foreign, &changed(by_keys(), &json!({"user": {"id": "eve"}, "sub": "eve"}))),
        "x".into(),
        String::new(),
    ] {
        let token = signer.token(&good_claims().with("sub", r#""by-exchange""#));
        let edge = edge(ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#)));
        let head = with_cache(&cache);
        let headers = upstream_headers(&head, &edge.forward(&head));
        assert!(headers.contains(&("x-edge-user".into(), "by-exchange".into())), "{headers:?}");
        assert_eq!(edge.host.fetches(), 2);
        let exchange = &edge.host.requests()[1];
        assert_eq!(
            exchange.cookie.as_deref(),
            Some(SESSION),
            "the auth server does not get the cache"
        );
    }
    let ended = edge(ScriptedResponse::status(401, ""));
    assert_eq!(ended.outcome(&with_cache("x")), "missing_token");
}

#[test]
fn chunks_form_one_cookie_cache_in_exactly_one_way() {
    let cache = signed_by_secret(SECRET, &by_secret());
    let forged = signed_by_secret("another secret that has thirty-two bytes", &by_secret());
    let third = cache.len() / 3;
    let (one, two, three) = (&cache[..third], &cache[third..2 * third], &cache[2 * third..]);
    let name = "better-auth.session_data";
    let (first, second, last) =
        (format!("{name}.0={one}"), format!("{name}.1={two}"), format!("{name}.2={three}"));
    let split = |parts: usize| {
        let part = |i: usize| &cache[i * cache.len() / parts..(i + 1) * cache.len() / parts];
        (0..parts).map(|i| format!("{name}.{i}={}", part(i))).collect::<Vec<_>>().join("; ")
    };
    for (cookies, expected) in [
        (format!("{first}; {second}; {last}"), "forward"),
        (format!("{last}; a=b; {first}; {second}"), "forward"),
        (split(100), "forward"),
        (split(101), "malformed_token"),
        (format!("{name}.0={cache}"), "forward"),
        (format!("{name}={cache}"), "forward"),
        (format!("{name}=; {name}.0={cache}"), "forward"),
        (format!("{name}={cache}; {name}.x=y; {name}.00=y; {name}s=y; {name}.=y"), "forward"),
        (format!("{first}; {last}"), "malformed_token"),
        (format!("{second}; {last}"), "malformed_token"),
        // duplicates count once, and a neighboring host's cookies do no harm
        (format!("{first}; {first}; {second}; {last}"), "forward"),
        (format!("{name}={cache}; {name}={cache}"), "forward"),
        (format!("{name}=x; {name}={cache}"), "forward"),
        (format!("{name}.1=x; {first}; {second}; {last}; {name}.1=y"), "forward"),
        (format!("{name}={cache}; {first}"), "forward"),
        (format!("{name}={cache}; {name}.7=x"), "forward"),
        // up to four values
        (format!("{name}=1; {name}=2; {name}=3; {name}={cache}"), "forward"),
        (format!("{name}=1; {name}=2; {name}=3; {name}=4; {name}={cache}"), "malformed_token"),
        (format!("{first}; {second}"), "malformed_token"),
        (format!("{first}; {second}; {name}.2={}", &forged[2 * third..]), "bad_signature"),
        (format!("{name}.0={cache}; {name}.1={}", "x".repeat(20_000)), "token_too_large"),
        (format!("__Secure-{name}={cache}"), "missing_token"),
        (format!("{name}="), "missing_token"),
        (String::new(), "missing_token"),
    ] {
        let edge = Edge::new(&BY_SECRET);
        let cookies = format!("{SESSION}; {cookies}");
        assert_eq!(edge.outcome(&with_cookies(&cookies)), expected, "{cookies}");
    }
}

#[test]
fn a_cookie_cache_requires_its_session_cookie_with_the_same_prefix() {
    let cache = signed_by_secret(SECRET, &by_secret());
    let (token, data) = ("better-auth.session_token", "better-auth.session_data");
    for (cookies, expected) in [
        (format!("{token}=token-1.sig; {data}={cache}"), "forward"),
        (format!("{token}=token-1.c2ln%2B%3D; {data}={cache}"), "forward"),
        (format!("{data}={cache}"), "missing_token"),
        (format!("{token}=token-2.sig; {data}={cache}"), "invalid_claim"),
        (format!("{token}=token-1; {data}={cache}"), "invalid_claim"),
        (format!("{token}=; {data}={cache}"), "invalid_claim"),
        (format!("{token}=token-1.a; {token}=token-1.a; {data}={cache}"), "forward"),
        (format!("{token}=x; {token}=token-1.a; {data}={cache}"), "forward"),
        (format!("{token}=token-3.a; {token}=token-2.a; {data}={cache}"), "invalid_claim"),
        (format!("__Secure-{token}=token-1.sig; __Secure-{data}={cache}"), "forward"),
        (format!("__Host-{token}=token-1.sig; __Host-{data}={cache}"), "forward"),
        (format!("__Secure-{token}=token-1.sig; {data}={cache}"), "missing_token"),
        (format!("__Secure-{token}=token-2.sig; {token}=token-1.sig; {data}={cache}"), "forward"),
        (
            format!("__Secure-{token}=token-1.sig; {token}=token-2.sig; {data}={cache}"),
            "invalid_claim",
        ),
        (
            format!(
                "__Secure-{token}=x; __Secure-{data}=x; {token}=token-1.sig; {data}={cache}; \
                 __Secure-{data}.3=x"
            ),
            "forward",
        ),
    ] {
        let edge = Edge::new(&BY_SECRET);
        assert_eq!(edge.outcome(&with_cookies(&cookies)), expected, "{cookies}");
    }
    let mine = Edge::new(&[&BY_SECRET[..], &[("COOKIE_PREFIX", "mine")]].concat());
    let cookies = format!("mine.session_token=token-1.s; mine.session_data={cache}");
    assert_eq!(mine.outcome(&with_cookies(&cookies)), "forward");
}

#[test]
fn a_cookie_cache_allows_unsafe_methods_only_from_trusted_origins() {
    let cookies =
        format!("{SESSION}; better-auth.session_data={}", signed_by_secret(SECRET, &by_secret()));
    let trusted = ("TRUSTED_ORIGINS", "https://page.example");
    for (method, headers, expected) in [
        ("POST", &[("origin", "https://page.example")][..], "forward"),
        ("POST", &[("origin", AUTH_SERVER)], "forward"),
        ("POST", &[("origin", "https://evil.example")], "cross_site_request"),
        ("POST", &[], "cross_site_request"),
        ("DELETE", &[("sec-fetch-site", "same-site")], "cross_site_request"),
        ("GET", &[("origin", "https://evil.example")], "forward"),
        ("GET", &[("upgrade", "websocket")], "cross_site_request"),
    ] {
        let edge = Edge::new(&[&BY_SECRET[..], &[trusted]].concat());
        let headers = [headers, &[("cookie", cookies.as_str())]].concat();
        assert_eq!(
            edge.outcome(&request(method, "/x", &headers)),
            expected,
            "{method} {headers:?}"
        );
    }
}

#[test]
fn a_cookie_cache_expires_with_its_session_and_at_the_maximum_age() {
    let cache =
        |changes: Value| with_cache(&signed_by_secret(SECRET, &changed(by_secret(), &changes)));
    let ends = json!({"session": {"expiresAt": "2025-06-15T15:07:40.000Z"}});
    let aged = ("SESSION_MAX_AGE", "60");
    let token_aged = ("MAX_TOKEN_AGE", "60");
    for (more, head) in [
        (&[][..], cache(json!({"exp": NOW + 60.0}))),
        (&[][..], cache(ends)),
        (&[aged][..], cache(json!({}))),
        (&[token_aged][..], cache(json!({}))),
        (&[aged, ("MAX_TOKEN_AGE", "30")][..], cache(json!({}))),
    ] {
        let edge = Edge::new(&[&BY_SECRET, more].concat());
        assert_eq!(edge.outcome(&head), "forward");
        edge.host.advance(64.0);
        assert_eq!(edge.outcome(&head), "forward", "{more:?}");
        edge.host.advance(2.0);
        assert_eq!(edge.outcome(&head), "expired", "{more:?}");
    }
    let edge = Edge::new(&[&BY_SECRET[..], &[aged]].concat());
    assert_eq!(edge.outcome(&cache(json!({"iat": null}))), "missing_claim");
    let edge = Edge::new(&[&BY_SECRET[..], &[("COOKIE_CACHE_VERSION", "2")]].concat());
    assert_eq!(edge.outcome(&cache(json!({"version": "2"}))), "forward");
    assert_eq!(edge.outcome(&cache(json!({}))), "expired");
}
