//! API keys, which the edge exchanges for tokens at Better Auth.

use better_auth_edge::gateway::{Decision, RequestHead, Settings};
use better_auth_edge::host::GetRequest;

use crate::common::{
    AUTH_SERVER, Claims, Edge, NOW, ScriptedResponse, ScriptedStore, good_claims, request,
    upstream_headers,
};

const KEY: &str = "jKmNpQrStUvWxYzAbCdEfGhJkLmNpQrS";

/// The claims of a token that Better Auth issues for an API key.
fn key_claims() -> Claims {
    let permissions = r#"{"tasks":["read"]}"#;
    let exp = (NOW + 900.0).to_string();
    let claims = good_claims().with("cred", r#""api-key""#).with("exp", &exp);
    claims.with("permissions", permissions).with("sid", r#""api-key:1""#)
}

fn edge(settings: &[(&str, &str)]) -> Edge {
    let edge = Edge::new(&[&[("API_KEYS", "true")], settings].concat());
    let token = edge.signer.token(&key_claims());
    edge.host.respond_to(
        |request| of_key(request).is_some_and(|key| key.starts_with('j')),
        ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#)),
    );
    edge.host.respond_to(
        |request| request.url.contains("/token"),
        ScriptedResponse::status(401, r#"{"message":"Invalid","code":"INVALID_API_KEY"}"#),
    );
    edge
}

fn of_key(request: &GetRequest) -> Option<&str> {
    let (_, key) = request.authorization.as_ref().filter(|(name, _)| &**name == "x-api-key")?;
    Some(key)
}

fn with(key: &str) -> RequestHead {
    request("POST", "/api/x", &[("x-api-key", key)])
}

/// The requests for tokens so far.
fn exchanges(edge: &Edge) -> Vec<GetRequest> {
    edge.host.requests().into_iter().filter(|request| request.url.contains("/token")).collect()
}

#[test]
fn an_api_key_is_exchanged_once_and_identifies_its_user() {
    let edge = edge(&[]);
    let head = with(KEY);
    for _ in 0..3 {
        let forward = edge.forward(&head);
        assert_eq!(forward.user.as_ref().expect("a user").user(), "user-1");
        assert_eq!(forward.decision_id, None, "a host must not replay it");
        let headers = upstream_headers(&head, &forward);
        assert!(!headers.iter().any(|(name, value)| name == "x-api-key" || value == KEY));
        let jwt = headers.iter().find(|(name, _)| name == "authorization").expect("a token");
        assert!(jwt.1.starts_with("Bearer eyJ"));
    }
    let [exchange] = &exchanges(&edge)[..] else { panic!("more than one exchange") };
    assert_eq!(exchange.url, format!("{AUTH_SERVER}/api/auth/token?disableRefresh=true"));
    assert_eq!(exchange.authorization, Some(("x-api-key".into(), KEY.to_owned())));
    assert_eq!(exchange.cookie, None);
    assert!(!format!("{exchange:?}").contains(KEY));
}

#[test]
fn the_token_of_a_key_is_used_for_the_keys_own_age() {
    let edge = edge(&[("API_KEY_MAX_AGE", "5"), ("SESSION_MAX_AGE", "60")]);
    for (seconds, count) in [(0.0, 1), (4.9, 1), (0.2, 2), (4.9, 2)] {
        edge.host.advance(seconds);
        assert_eq!(edge.outcome(&with(KEY)), "forward");
        assert_eq!(exchanges(&edge).len(), count);
    }
}

#[test]
fn a_key_that_better_auth_rejects_is_remembered_for_a_minute_at_most() {
    for (age, most) in [("5", 5.0), ("60", 60.0), ("300", 60.0)] {
        let edge = edge(&[("API_KEY_MAX_AGE", age)]);
        for _ in 0..3 {
            assert_eq!(edge.outcome(&with("made-up")), "invalid_api_key");
        }
        edge.host.advance(most - 0.1);
        assert_eq!(edge.outcome(&with("made-up")), "invalid_api_key");
        assert_eq!(exchanges(&edge).len(), 1, "{age}");
        edge.host.advance(0.2);
        assert_eq!(edge.outcome(&with("made-up")), "invalid_api_key");
        assert_eq!(exchanges(&edge).len(), 2, "{age}");
    }
}

#[test]
fn a_limit_of_the_key_is_a_429_for_that_key_alone() {
    let edge = Edge::new(&[("API_KEYS", "true"), ("CLIENT_IP_HEADER", "x-real-ip")]);
    let token = edge.signer.token(&key_claims());
    let limited = ScriptedResponse::status(429, r#"{"message":"no","code":"RATE_LIMITED"}"#);
    edge.host
        .respond_to(|it| of_key(it) == Some("limited"), limited.with_header("retry-after", "30"));
    let token = ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#));
    edge.host.respond_to(|it| of_key(it).is_some(), token);
    let with =
        |key: &str| request("GET", "/api/x", &[("x-api-key", key), ("x-real-ip", "192.0.2.7")]);
    for (seconds, wait) in [(0.0, 30), (10.0, 20), (19.5, 1)] {
        edge.host.advance(seconds);
        let Decision::Respond(response, error) = edge.decide(&with("limited")) else { panic!() };
        let error = error.expect("an error");
        assert_eq!((response.status, error.code().as_str()), (429, "rate_limited"));
        assert_eq!(error.retry_after(), Some(wait));
        assert_eq!(edge.outcome(&with("another")), "forward", "of the same client");
    }
    let limited = exchanges(&edge).iter().filter(|it| of_key(it) == Some("limited")).count();
    assert_eq!(limited, 1);
}

#[test]
fn a_limit_of_the_address_is_not_the_keys_fault() {
    let edge = Edge::new(&[("API_KEYS", "true")]);
    let limited = r#"{"message":"Too many requests. Please try again later."}"#;
    edge.host.respond_to(
        |request| request.url.contains("/token"),
        ScriptedResponse::status(429, limited).with_header("x-retry-after", "8"),
    );
    let Decision::Respond(response, error) = edge.decide(&with(KEY)) else { panic!() };
    assert_eq!(response.status, 503);
    assert_eq!(error.expect("an error").retry_after(), Some(8));
}

#[test]
fn only_one_visible_key_is_read() {
    let edge = edge(&[]);
    let long = "j".repeat(513);
    let malformed = ["a b", "a,b", "a, b", "a\tb", "kéy", "\u{7f}", &long];
    for key in malformed {
        assert_eq!(edge.outcome(&with(key)), "malformed_request", "{key:.20}");
    }
    for empty in ["", " "] {
        assert_eq!(edge.outcome(&with(empty)), "missing_token");
    }
    let two = request("GET", "/api/x", &[("x-api-key", KEY), ("x-api-key", KEY)]);
    assert_eq!(edge.outcome(&two), "malformed_request");
    assert!(exchanges(&edge).is_empty());
    assert_eq!(edge.outcome(&with(&long[..512])), "forward");
}

#[test]
fn a_request_has_a_key_or_a_token_and_a_cookie_beside_a_key_does_not_count() {
    let edge = edge(&[("SESSION_EXCHANGE", "true")]);
    let (_, bearer) = edge.bearer(&good_claims());
    for token in [bearer.as_str(), "Bearer nR7bYx2QmK5tWv8sLpJc3HdG6fZaE9uT"] {
        let head = request("GET", "/api/x", &[("x-api-key", KEY), ("authorization", token)]);
        assert_eq!(edge.outcome(&head), "malformed_request");
    }
    let handshake = [
        ("x-api-key", KEY),
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("sec-websocket-protocol", "bearer, a.b.c"),
    ];
    assert_eq!(edge.outcome(&request("GET", "/api/x", &handshake)), "malformed_request");
    let cookie = ("cookie", "better-auth.session_token=a.b");
    let head = request("POST", "/api/x", &[("x-api-key", KEY), cookie]);
    assert_eq!(edge.outcome(&head), "forward");
    assert_eq!(
        edge.outcome(&request("GET", "/api/x", &[("x-api-key", "made-up"), cookie])),
        "invalid_api_key"
    );
    assert!(exchanges(&edge).iter().all(|exchange| exchange.cookie.is_none()));
    let basic = request("GET", "/api/x", &[("x-api-key", KEY), ("authorization", "Basic dTpw")]);
    assert_eq!(edge.outcome(&basic), "forward");
}

#[test]
fn an_api_key_as_bearer_token_does_not_count_as_an_api_key() {
    for settings in [&[][..], &[("SESSION_EXCHANGE", "true")]] {
        let edge = edge(settings);
        let head = request("GET", "/api/x", &[("authorization", format!("Bearer {KEY}"))]);
        assert_ne!(edge.outcome(&head), "forward");
        assert!(exchanges(&edge).iter().all(|exchange| of_key(exchange).is_none()));
    }
}

#[test]
fn the_upstream_never_gets_the_key() {
    let routes = r#"[{"path":"/public/*","auth":"public"},{"path":"/maybe/*","auth":"optional"}]"#;
    for settings in
        [&[("ROUTES", routes)][..], &[("ROUTES", routes), ("FORWARD_AUTHORIZATION", "false")]]
    {
        let edge = edge(settings);
        for path in ["/public/x", "/maybe/x", "/api/x"] {
            let head = request("GET", path, &[("X-API-Key", KEY), ("x_api_key", KEY)]);
            let headers = upstream_headers(&head, &edge.forward(&head));
            assert!(!headers.iter().any(|(_, value)| value.contains(KEY)), "{path}");
        }
        let public = request("GET", "/public/x", &[("x-api-key", "a, b")]);
        let headers = upstream_headers(&public, &edge.forward(&public));
        assert!(!headers.iter().any(|(name, _)| name == "x-api-key"), "not a key");
    }
}

#[test]
fn without_the_switch_the_header_is_the_upstreams() {
    let edge = Edge::new(&[]);
    assert_eq!(edge.outcome(&with(KEY)), "missing_token");
    let (name, bearer) = edge.bearer(&good_claims());
    let head = request("GET", "/api/x", &[("x-api-key", KEY), (name, &bearer)]);
    let headers = upstream_headers(&head, &edge.forward(&head));
    assert!(headers.iter().any(|(name, value)| name == "x-api-key" && value == KEY));
    assert!(exchanges(&edge).is_empty());
}

#[test]
fn a_bad_key_is_rejected_on_an_optional_path() {
    let edge = edge(&[("ROUTES", r#"[{"path":"/*","auth":"optional"}]"#)]);
    assert_eq!(edge.outcome(&with("made-up")), "invalid_api_key");
    assert_eq!(edge.outcome(&with("")), "missing_token");
}

#[test]
fn rules_compare_the_permissions_of_a_key() {
    let edge = edge(&[(
        "ROUTES",
        r#"[{"path":"/read/*","claims":{"permissions.tasks":["read"]}},
            {"path":"/write/*","claims":{"permissions.tasks":["write"]}},
            {"path":"/users/{id}/*","match":{"id":"sub"}}]"#,
    )]);
    let outcome = |path| edge.outcome(&request("GET", path, &[("x-api-key", KEY)]));
    assert_eq!(outcome("/read/x"), "forward");
    assert_eq!(outcome("/write/x"), "insufficient_claims");
    assert_eq!(outcome("/users/user-1/x"), "forward");
    assert_eq!(outcome("/users/user-2/x"), "user_mismatch");
}

#[test]
fn an_expired_token_of_a_key_is_exchanged_once_more() {
    let edge = Edge::new(&[("API_KEYS", "true"), ("API_KEY_MAX_AGE", "300")]);
    let token = |exp: f64| {
        let token = edge.signer.token(&key_claims().with("exp", &exp.to_string()));
        ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#))
    };
    edge.host.respond_once_with(token(NOW + 30.0));
    assert_eq!(edge.outcome(&with(KEY)), "forward");
    edge.host.advance(40.0);
    edge.host.respond_once_with(token(NOW + 900.0));
    assert_eq!(edge.outcome(&with(KEY)), "forward");
}

#[test]
fn the_header_has_another_name_if_a_setting_says_so() {
    let edge = Edge::new(&[("API_KEYS", "true"), ("API_KEY_HEADER", "X-Service-Key")]);
    let token = edge.signer.token(&key_claims());
    edge.host.respond_to(
        |request| request.authorization == Some(("x-service-key".into(), KEY.to_owned())),
        ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#)),
    );
    let head = request("GET", "/api/x", &[("x-service-key", KEY), ("x-api-key", "other")]);
    let headers = upstream_headers(&head, &edge.forward(&head));
    assert!(!headers.iter().any(|(name, _)| name == "x-service-key"));
    assert!(headers.iter().any(|(name, _)| name == "x-api-key"), "the upstream's own");
}

/// The first errors of settings, each with the name of its setting.
fn errors(settings: &[(&str, &str)]) -> Vec<String> {
    let required = [("BETTER_AUTH_URL", AUTH_SERVER), ("ORIGIN_URL", "https://api.example")];
    let all = [settings, &required].concat();
    let lookup = |name: &str| {
        all.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
    };
    match Settings::parse(lookup) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn a_header_with_another_meaning_is_an_error() {
    for name in [
        "Authorization",
        "cookie",
        "host",
        "x-forwarded-for",
        "x-edge-user",
        "x-request-id",
        "x_api_key",
        "a b",
        "cf-ray",
        "sec-websocket-protocol",
        "content-type",
        "origin",
        "upgrade",
        "x-http-method-override",
    ] {
        let found = errors(&[("API_KEY_HEADER", name)]);
        assert_eq!(found.len(), 1, "{name} {found:?}");
        assert!(found[0].starts_with("API_KEY_HEADER is not the name"), "{found:?}");
    }
    for (setting, value) in [
        ("CLIENT_IP_HEADER", "X-Api-Key"),
        ("AUTH_CLIENT_IP_HEADER", "x-api-key"),
        ("FORWARD_HEADERS", "x-a,x_api_key"),
        ("CLAIM_HEADERS", r#"{"email":"x-api-key"}"#),
    ] {
        let found = errors(&[("API_KEYS", "true"), (setting, value)]);
        assert_eq!(found.len(), 1, "{setting} {found:?}");
        assert!(found[0].starts_with(&format!("{setting} must not name x-api-key")), "{found:?}");
        assert!(errors(&[(setting, value)]).is_empty(), "without API keys");
    }
    for age in ["-1", "301", "x"] {
        assert_eq!(errors(&[("API_KEY_MAX_AGE", age)]).len(), 1, "{age}");
    }
}

#[test]
fn a_warning_says_that_made_up_keys_can_use_up_a_shared_rate_limit() {
    let warned = |settings: &[(&str, &str)]| {
        let all = [settings, &[("BETTER_AUTH_URL", AUTH_SERVER), ("API_KEYS", "true")]].concat();
        let lookup = |name: &str| {
            all.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
        };
        let warnings = Settings::parse_within_app(lookup).expect("valid").warnings();
        warnings.iter().filter(|text| text.starts_with("API_KEYS is on")).count()
    };
    assert_eq!(warned(&[("BETTER_AUTH_SECRET", "a secret does not help")]), 1);
    assert_eq!(warned(&[("CLIENT_IP_HEADER", "x-real-ip")]), 0);
}

#[test]
fn a_key_that_has_ended_is_refused_although_its_token_is_cached() {
    let settings = [("API_KEYS", "true")];
    let edge = Edge::with_revocations(&settings, &ScriptedStore::new());
    let token = edge.signer.token(&key_claims());
    let token = ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#));
    edge.host.respond_to(|request| of_key(request).is_some(), token);
    assert_eq!(edge.outcome(&with(KEY)), "forward");
    let ended = r#"[{"type":"session","sid":"api-key:1","sub":"user-1"}]"#;
    assert_eq!(super::revocations::report(&edge, "1", ended), 204);
    let response = edge.respond(&with(KEY));
    assert!(response.body.contains("session_revoked"), "{}", response.body);
    assert!(response.body.contains("the API key of the token was deleted or disabled"));
    assert_eq!(exchanges(&edge).len(), 1, "no further exchange can help");
}

#[test]
fn the_log_asks_whether_better_auth_reads_the_header_if_it_may_not() {
    for (code, is_asked) in
        [("UNAUTHORIZED", true), ("INVALID_API_KEY", false), ("KEY_DISABLED", false)]
    {
        let edge = Edge::new(&[("API_KEYS", "true")]);
        let body = format!(r#"{{"message":"no","code":"{code}"}}"#);
        edge.host.respond_to(|_| true, ScriptedResponse::status(401, &*body));
        let cause = edge.cause_for(&with(KEY)).expect("a cause");
        let question = "; does Better Auth read this header: apiKey and edge plugins?";
        assert_eq!(cause.ends_with(question), is_asked, "{cause}");
        assert!(cause.contains(code) && !cause.contains(KEY), "{cause}");
    }
}
