//! Several issuers on one edge: each token is verified by its own issuer's keys and rules.

use crate::common::{
    AUTH_SERVER, Claims, Edge, ScriptedResponse, Signer, good_claims, key_set, request,
};
use better_auth_edge::gateway::{RequestHead, Settings};
use better_auth_edge::host::GetError;

const STAGING: &str = "https://staging.example";

/// Staging in addition to [`AUTH_SERVER`].
const TWO: (&str, &str) = ("ISSUERS", r#"[{"base_url":"https://staging.example"}]"#);

/// Staging's key, with the same id as production's.
fn staging_signer() -> Signer {
    Signer::new(2, Signer::default().kid())
}

fn claims_of(issuer: &str) -> Claims {
    good_claims().with("iss", &format!("{issuer:?}")).with("aud", &format!("{STAGING:?}"))
}

fn with_token(token: &str) -> RequestHead {
    request("GET", "/x", &[("authorization", format!("Bearer {token}"))])
}

/// An edge whose fetches return production's keys, then staging's, then an error.
fn edge(more: &[(&str, &str)]) -> Edge {
    let edge = Edge::new(&[&[TWO], more].concat());
    let (production, staging) = (edge.signer.jwk(), staging_signer().jwk());
    edge.host.respond_with(ScriptedResponse::error(GetError::Unreachable));
    for set in [production, staging] {
        edge.host.respond_once_with(ScriptedResponse::ok(key_set(&[set])));
    }
    assert_eq!(edge.outcome(&with_token(&edge.signer.token(&good_claims()))), "forward");
    let token = staging_signer().token(&claims_of(STAGING));
    assert_eq!(edge.outcome(&with_token(&token)), "forward");
    edge
}

#[test]
fn each_token_is_verified_by_its_own_issuers_keys_and_rules() {
    let edge = edge(&[]);
    let urls: Vec<_> = edge.host.requests().into_iter().map(|request| request.url).collect();
    let jwks = |base: &str| format!("{base}/api/auth/jwks");
    assert_eq!(urls, [jwks(AUTH_SERVER), jwks(STAGING)]);
    let (production, staging) = (Signer::default(), staging_signer());
    for (signer, claims, expected) in [
        (&production, good_claims(), "forward"),
        (&staging, claims_of(STAGING), "forward"),
        // the same key id, signed with the other issuer's key
        (&staging, good_claims(), "bad_signature"),
        (&production, claims_of(STAGING), "bad_signature"),
        // the other issuer's audience
        (&staging, good_claims().with("iss", &format!("{STAGING:?}")), "audience_mismatch"),
        (&production, good_claims().with("aud", &format!("{STAGING:?}")), "audience_mismatch"),
        (&staging, claims_of(STAGING).with("exp", "7"), "expired"),
        // the token of an unknown issuer: the first issuer decides
        (&production, claims_of("https://staging.example/"), "issuer_mismatch"),
        (&production, claims_of("https://Staging.example"), "issuer_mismatch"),
        (&production, claims_of("https://staging.example/api/auth"), "issuer_mismatch"),
        (&staging, claims_of("https://staging.example/"), "bad_signature"),
        (&staging, claims_of("https://evil.example"), "bad_signature"),
        (
            &staging,
            claims_of(STAGING).with("iss", r#"["https://staging.example"]"#),
            "bad_signature",
        ),
        (&staging, claims_of(STAGING).without("iss"), "bad_signature"),
        (&production, good_claims().without("iss"), "missing_claim"),
    ] {
        assert_eq!(edge.outcome(&with_token(&signer.token(&claims))), expected, "{claims}");
    }
    for (token, expected) in [
        ("a.b.c", "malformed_token"),
        ("0123456789012345678901234567890123456789", "opaque_token"),
        (
            &staging.sign(r#"{"alg":"none"}"#, claims_of(STAGING).to_string()),
            "unsupported_algorithm",
        ),
        (&staging.sign(staging.header(), r#"{"iss":"a","iss":"b"}"#), "malformed_token"),
        (
            &staging.sign(staging.header_with("jku", r#""https://evil.example""#), "{}"),
            "bad_signature",
        ),
    ] {
        assert_eq!(edge.outcome(&with_token(token)), expected, "{token}");
    }
    assert_eq!(edge.host.fetches(), 2, "no token causes a fetch from another server");
}

#[test]
fn cached_tokens_stay_valid_until_their_own_issuer_removes_the_key() {
    let edge = edge(&[]);
    let production = with_token(&edge.signer.token(&good_claims()));
    let staging = with_token(&staging_signer().token(&claims_of(STAGING)));
    for _ in 0..3 {
        assert_eq!([&production, &staging].map(|head| edge.outcome(head)), ["forward"; 2]);
    }
    assert_eq!(edge.host.fetches(), 2);

    // staging rotates its key
    edge.host.advance(1.0);
    let fresh = Signer::new(3, "key-3");
    edge.host.respond_with(ScriptedResponse::ok(key_set(&[fresh.jwk()])));
    assert_eq!(edge.outcome(&with_token(&fresh.token(&claims_of(STAGING)))), "forward");
    assert_eq!(edge.host.fetches(), 3);
    assert_eq!(edge.outcome(&production), "forward");
    assert_eq!(edge.outcome(&staging), "unknown_key");
    assert!(edge.host.requests()[2..].iter().all(|request| request.url.starts_with(STAGING)));
}

#[test]
fn an_issuer_without_keys_affects_only_its_own_tokens() {
    let edge = Edge::new(&[TWO]);
    let production = with_token(&edge.signer.token(&good_claims()));
    assert_eq!(edge.outcome(&production), "forward");
    edge.host.respond_with(ScriptedResponse::error(GetError::Unreachable));
    let staging = with_token(&staging_signer().token(&claims_of(STAGING)));
    assert_eq!(edge.outcome(&staging), "keys_unavailable");
    assert_eq!(edge.outcome(&production), "forward");

    let health = request::<&str>("GET", "/.well-known/better-auth-edge/health", &[]);
    let answer = edge.respond(&health);
    let expected = r#"{"status":"keys_unavailable","rules":0,"isolating_rules":0,"issuers":2,"issuers_with_keys":1}"#;
    assert_eq!((answer.status, answer.body.as_str()), (503, expected));
    edge.host.advance(120.0);
    edge.host.respond_with(ScriptedResponse::ok(key_set(&[staging_signer().jwk()])));
    let answer = edge.respond(&health);
    let expected = r#"{"status":"ok","keys":2,"keys_age":120,"rules":0,"isolating_rules":0,"issuers":2,"issuers_with_keys":2}"#;
    assert_eq!((answer.status, answer.body.as_str()), (200, expected));
}

#[test]
fn a_comma_in_a_member_of_an_array_is_part_of_the_member() {
    let issuers = r#"[{"jwks_url":"https://keys.example/set","issuer":["a,b"],"audience":"c,d"}]"#;
    let edge = Edge::new(&[("ISSUERS", issuers)]);
    let of = |issuer: &str, audience: &str| {
        good_claims().with("iss", &format!("{issuer:?}")).with("aud", &format!("{audience:?}"))
    };
    for (claims, expected) in [
        (of("a,b", "c"), "forward"),
        (of("a,b", "d"), "forward"),
        (of("a", "c"), "issuer_mismatch"),
        (of("b", "c"), "issuer_mismatch"),
    ] {
        assert_eq!(edge.outcome(&with_token(&edge.signer.token(&claims))), expected, "{claims}");
    }
}

#[test]
fn a_member_of_an_issuer_entry_that_is_an_array_instead_of_a_text_is_an_error() {
    for member in ["base_url", "jwks_url", "profile"] {
        let issuers = format!(r#"[{{"base_url":"https://b.example","{member}":["a"]}}]"#);
        let settings = |name: &str| match name {
            "ISSUERS" => Some(
                issuers.replace(r#""base_url":"https://b.example","base_url""#, r#""base_url""#),
            ),
            "BETTER_AUTH_URL" => Some(AUTH_SERVER.to_owned()),
            "ORIGIN_URL" => Some("https://api.example".to_owned()),
            _ => None,
        };
        let errors = Settings::parse(settings).unwrap_err();
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(texts, [format!("ISSUERS [0]: {member} is not a string")]);
    }
}

#[test]
fn an_issuer_entry_overrides_the_common_settings_that_it_names() {
    let issuers = r#"[{"jwks_url":"https://keys.example/set","issuer":["a","b"],"audience":"c",
        "algorithms":["EdDSA"],"user_claim":"uuid","required_claims":{"role":["admin"]}},
        {"base_url":"https://staging.example"}]"#;
    let edge = Edge::new(&[("ISSUERS", issuers), ("REQUIRED_CLAIMS", "email")]);
    let of = |issuer: &str| good_claims().with("iss", &format!("{issuer:?}")).with("aud", r#""c""#);
    for (claims, expected) in [
        (of("a").with("uuid", r#""u""#).with("role", r#""admin""#), "forward"),
        (of("b").with("uuid", r#""u""#).with("role", r#""user""#), "insufficient_claims"),
        (of("a").with("role", r#""admin""#), "missing_claim"),
        (claims_of(STAGING), "missing_claim"),
        (claims_of(STAGING).with("email", r#""e""#), "forward"),
        (good_claims(), "missing_claim"),
        (good_claims().with("email", r#""e""#), "forward"),
    ] {
        assert_eq!(edge.outcome(&with_token(&edge.signer.token(&claims))), expected, "{claims}");
    }
}

#[test]
fn two_kinds_of_tokens_of_one_issuer_are_told_apart_by_their_type() {
    let edge = Edge::new(&[(
        "ISSUERS",
        r#"[{"base_url":"https://app.example","issuer":"https://app.example",
            "profile":"access-token"}]"#,
    )]);
    let access = good_claims().with("client_id", r#""c""#).to_string();
    for (typ, expected) in [
        (r#""at+jwt""#, "forward"),
        (r#""JWT""#, "wrong_token_type"),
        (r#""x""#, "wrong_token_type"),
    ] {
        let token = edge.signer.sign(edge.signer.header_with("typ", typ), &access);
        assert_eq!(edge.outcome(&with_token(&token)), expected, "{typ}");
    }
    assert_eq!(edge.outcome(&with_token(&edge.signer.token(&good_claims()))), "forward");
}

#[test]
fn every_setting_error_is_reported_with_its_place() {
    let errors = |issuers: &str| {
        let settings =
            [("BETTER_AUTH_URL", AUTH_SERVER), ("ORIGIN_URL", "https://o"), ("ISSUERS", issuers)];
        let errors = Settings::parse(|wanted| {
            let mut all = settings.iter().filter(|(name, _)| *name == wanted);
            all.next().map(|(_, value)| (*value).to_owned())
        });
        let errors = errors.err().unwrap_or_default();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    for (issuers, expected) in [
        ("[]", ""),
        ("{}", "ISSUERS is not a list of tables"),
        ("7", "ISSUERS is not a list of tables"),
        (
            r#"[7,{},{"baseURL":"https://b"}]"#,
            "ISSUERS [0]: is not a table; \
             ISSUERS [1]: base_url is required, or jwks_url with issuer and audience; \
             ISSUERS [2]: baseURL is not a member of an issuer (did you mean base_url?)",
        ),
        (
            r#"[{"base_url":"b"},{"base_url":"https://b","profile":"x","algorithms":["HS256"],
                "issuer":[],"audience":"","user_claim":7}]"#,
            "ISSUERS [0]: base_url is not an absolute URL, such as https://app.example.com; \
             ISSUERS [1]: issuer is empty, or not of its type; \
             ISSUERS [1]: audience is empty, or not of its type; \
             ISSUERS [1]: user_claim is empty, or not of its type; \
             ISSUERS [1]: profile is not session, access-token, session-cache or edge-assertion; \
             ISSUERS [1]: algorithms names HS256, which needs a secret",
        ),
        (
            r#"[{"jwks_url":"https://b/k"}]"#,
            "ISSUERS [0]: issuer is required without a base URL; \
             ISSUERS [0]: audience is required without a base URL",
        ),
        (
            r#"[{"jwks_url":"https://b/k","base_path":"/auth","issuer":"b","audience":"b"},
                {"base_url":"b","base_path":"auth"}]"#,
            "ISSUERS [0]: base_path needs base_url; \
             ISSUERS [1]: base_url is not an absolute URL, such as https://app.example.com; \
             ISSUERS [1]: base_path does not begin with a slash",
        ),
        (
            r#"[{"base_url":"https://app.example"},{"base_url":"https://b"},
                {"base_url":"https://c","issuer":["https://c","https://b"]}]"#,
            "ISSUERS [0]: accepts https://app.example, as an issuer before it does, for one profile; \
             ISSUERS [2]: accepts https://b, as an issuer before it does, for one profile",
        ),
        (r#"[{"base_url":"https://app.example","profile":"access-token"}]"#, ""),
    ] {
        assert_eq!(errors(issuers), expected, "{issuers}");
    }
}
