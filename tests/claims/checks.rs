//! The checks of the claims of a signed token: their error codes and their order.

use crate::common::{
    AUTH_SERVER, Claims, NOW, Signer, good_claims, key_set, options, outcome, verdict, verify,
};

/// Claims that only other kinds of tokens contain.
const MARKERS: [&str; 9] =
    ["at_hash", "c_hash", "nonce", "auth_time", "acr", "azp", "events", "cnf", "client_id"];

fn verdict_on(claims: &Claims) -> &'static str {
    verdict(&Signer::default().token(claims))
}

#[test]
fn a_token_with_the_usual_claims_is_accepted() {
    assert_eq!(verdict_on(&good_claims()), "ok");
    let user = good_claims()
        .with("id", r#""user-1""#)
        .with("email", r#""a@example.com""#)
        .with("emailVerified", "false")
        .with("image", "null")
        .with("createdAt", r#""2026-01-01T00:00:00.000Z""#)
        .with("scope", r#""openid""#)
        .with("jti", r#""1""#);
    assert_eq!(verdict_on(&user), "ok");
    assert_eq!(verdict_on(&good_claims().without("iat")), "ok");
}

#[test]
fn a_required_claim_that_is_absent_or_null_is_missing() {
    for name in ["iss", "aud", "exp", "sub"] {
        assert_eq!(verdict_on(&good_claims().without(name)), "missing_claim", "no {name}");
        let null = good_claims().with(name, "null");
        assert_eq!(verdict_on(&null), "missing_claim", "{name} is null");
        let capital = good_claims().without(name).with(&name.to_uppercase(), r#""x""#);
        assert_eq!(verdict_on(&capital), "missing_claim", "{name} in capitals");
    }
    for name in ["nbf", "iat"] {
        assert_eq!(verdict_on(&good_claims().with(name, "null")), "ok", "{name} is null");
    }
}

#[test]
fn jti_and_scope_are_strings_when_present() {
    for name in ["jti", "scope"] {
        for (value, expected) in [
            (r#""a b""#, "ok"),
            (r#""""#, "ok"),
            ("null", "ok"),
            ("7", "invalid_claim"),
            ("0e99999999999", "invalid_claim"),
            ("true", "invalid_claim"),
            ("[]", "invalid_claim"),
            (r#"["openid"]"#, "invalid_claim"),
            (r#"{"a":1}"#, "invalid_claim"),
        ] {
            assert_eq!(verdict_on(&good_claims().with(name, value)), expected, "{name}: {value}");
        }
        // an invalid claim precedes a mismatch and follows a missing claim
        let bad = good_claims().with(name, "7");
        assert_eq!(verdict_on(&bad.with("iss", r#""x""#)), "invalid_claim");
        assert_eq!(verdict_on(&bad.without("exp")), "missing_claim");
    }
}

#[test]
fn an_oauth_token_of_better_auth_1_4_to_1_6_is_not_a_session_token() {
    let access_token = good_claims()
        .with("azp", r#""third-party""#)
        .with("scope", r#""openid offline_access""#)
        .with("sid", r#""session-1""#);
    assert_eq!(verdict_on(&access_token), "wrong_token_type");
    assert_eq!(verdict_on(&access_token.without("scope").without("sid")), "wrong_token_type");
    let id_token = good_claims().with("acr", r#""urn:mace:incommon:iap:silver""#);
    assert_eq!(verdict_on(&id_token), "wrong_token_type");
    // definePayload can add the other claims to a session token
    assert_eq!(verdict_on(&access_token.without("azp")), "ok");
}

#[test]
fn the_issuer_equals_an_accepted_one_exactly() {
    for (issuer, expected) in [
        (r#""https://app.example""#, "ok"),
        (r#""https:\/\/app.example""#, "ok"),
        (r#""https://other.example""#, "issuer_mismatch"),
        (r#""https://app.example/""#, "issuer_mismatch"),
        (r#""https://app.example/api/auth""#, "issuer_mismatch"),
        (r#""https://app.example.evil.example""#, "issuer_mismatch"),
        (r#""https://App.example""#, "issuer_mismatch"),
        (r#""http://app.example""#, "issuer_mismatch"),
        (r#"" https://app.example""#, "issuer_mismatch"),
        (r#""https://app.example\u0000""#, "issuer_mismatch"),
        (r#""""#, "issuer_mismatch"),
        ("7", "invalid_claim"),
        ("true", "invalid_claim"),
        (r#"["https://app.example"]"#, "invalid_claim"),
        (r#"{"https://app.example":1}"#, "invalid_claim"),
    ] {
        assert_eq!(verdict_on(&good_claims().with("iss", issuer)), expected, "iss {issuer}");
    }
}

#[test]
fn the_audience_is_an_accepted_string_or_an_array_that_contains_one() {
    for (audience, expected) in [
        (r#""https://app.example""#, "ok"),
        (r#"["https://app.example"]"#, "ok"),
        (r#"["https://other.example","https://app.example"]"#, "ok"),
        (r#"["https://app.example","https://app.example"]"#, "ok"),
        ("[]", "audience_mismatch"),
        (r#""""#, "audience_mismatch"),
        (r#"[""]"#, "audience_mismatch"),
        (r#""https://other.example""#, "audience_mismatch"),
        (r#"["https://other.example"]"#, "audience_mismatch"),
        (r#""https://app.example/""#, "audience_mismatch"),
        (r#""https://app.example https://other.example""#, "audience_mismatch"),
        (r#""https://app.example,https://other.example""#, "audience_mismatch"),
        ("7", "invalid_claim"),
        ("{}", "invalid_claim"),
        (r#"{"0":"https://app.example"}"#, "invalid_claim"),
        (r#"["https://app.example",7]"#, "invalid_claim"),
        (r#"["https://app.example",null]"#, "invalid_claim"),
        (r#"[["https://app.example"]]"#, "invalid_claim"),
        ("[null]", "invalid_claim"),
    ] {
        assert_eq!(verdict_on(&good_claims().with("aud", audience)), expected, "aud {audience}");
    }
}

#[test]
fn several_issuers_and_audiences_may_be_accepted() {
    let signer = Signer::default();
    let mut options = options(&key_set(&[signer.jwk()]));
    options.issuer = Some(vec!["https://a.example".into(), AUTH_SERVER.into()]);
    options.audience = Some(vec!["api".into(), "web".into()]);
    let verifier = options.build().unwrap();
    for (issuer, audience, expected) in [
        (r#""https://app.example""#, r#""api""#, "ok"),
        (r#""https://a.example""#, r#"["x","web"]"#, "ok"),
        (r#""https://b.example""#, r#""api""#, "issuer_mismatch"),
        (r#""https://a.example""#, r#""https://app.example""#, "audience_mismatch"),
        (r#""api""#, r#""https://a.example""#, "issuer_mismatch"),
    ] {
        let token = signer.token(&good_claims().with("iss", issuer).with("aud", audience));
        assert_eq!(outcome(&verify(&verifier, &token)), expected, "iss {issuer}, aud {audience}");
    }
}

#[test]
fn a_token_of_another_kind_is_recognized_by_its_claims() {
    for name in MARKERS {
        for value in [r#""x""#, "7", "{}", "false", r#""""#] {
            let claims = good_claims().with(name, value);
            assert_eq!(verdict_on(&claims), "wrong_token_type", "{name} is {value}");
        }
        let within = good_claims().with("x", &format!("{{{name:?}:1}}"));
        assert_eq!(verdict_on(&within), "ok", "{name} within another claim");
    }
}

#[test]
fn a_marker_claim_that_is_null_counts_as_missing() {
    for name in MARKERS {
        assert_eq!(verdict_on(&good_claims().with(name, "null")), "ok", "{name} is null");
    }
}

#[test]
fn the_user_claim_is_a_non_empty_string() {
    for (user, expected) in [
        (r#""u""#, "ok"),
        (r#"" ""#, "ok"),
        (r#""\u00fc\n""#, "ok"),
        (r#""""#, "invalid_claim"),
        ("7", "invalid_claim"),
        ("true", "invalid_claim"),
        (r#"["user-1"]"#, "invalid_claim"),
        (r#"{"id":"user-1"}"#, "invalid_claim"),
        ("null", "missing_claim"),
    ] {
        assert_eq!(verdict_on(&good_claims().with("sub", user)), expected, "sub {user}");
    }
}

#[test]
fn another_user_claim_replaces_sub_without_a_fallback() {
    let signer = Signer::default();
    let mut options = options(&key_set(&[signer.jwk()]));
    options.user_claim = Some(vec!["uuid".into()]);
    let verifier = options.build().unwrap();
    for (claims, expected) in [
        (good_claims().with("uuid", r#""u-1""#), "ok"),
        (good_claims().with("uuid", r#""u-1""#).without("sub"), "ok"),
        (good_claims().with("uuid", r#""u-1""#).with("sub", "7"), "ok"),
        (good_claims(), "missing_claim"),
        (good_claims().with("uuid", "null"), "missing_claim"),
        (good_claims().with("uuid", r#""""#), "invalid_claim"),
        (good_claims().with("uuid", "7"), "invalid_claim"),
    ] {
        let result = verify(&verifier, &signer.token(&claims));
        assert_eq!(outcome(&result), expected, "{claims}");
        if let Ok(verified) = result {
            assert_eq!(verified.user(), "u-1");
        }
    }
}

#[test]
fn a_verified_token_names_its_user_and_its_key() {
    let signer = Signer::default();
    let claims = good_claims().with("email", r#""a@example.com""#).with("name", r#""""#);
    let verified = verify(&crate::common::default_verifier(), &signer.token(&claims)).unwrap();
    assert_eq!(verified.user(), "user-1");
    assert_eq!(verified.header().kid(), Some(signer.kid()));
    assert_eq!(verified.algorithm().name(), "EdDSA");
    assert_eq!(verified.claims().as_json(), claims.to_string());
    assert_eq!(verified.claims().text_claim("email"), Some("a@example.com"));
    assert_eq!(verified.claims().text_claim("name"), None);
    assert_eq!(verified.claims().text_claim("exp"), None);
}

/// Defects in the order of the checks. Each replaces a later defect of the same claim.
const DEFECTS: [(&str, &str, &str); 11] = [
    ("nonce", r#""n""#, "wrong_token_type"),
    ("iss", "null", "missing_claim"),
    ("aud", "null", "missing_claim"),
    ("exp", "null", "missing_claim"),
    ("sub", "null", "missing_claim"),
    ("iss", "7", "invalid_claim"),
    ("iss", r#""https://other.example""#, "issuer_mismatch"),
    ("aud", r#""https://other.example""#, "audience_mismatch"),
    ("exp", "1", "expired"),
    ("nbf", "253402300799", "not_yet_valid"),
    ("iat", "253402300799", "not_yet_valid"),
];

#[test]
fn with_several_defects_the_first_check_names_the_code() {
    for first in 0..=DEFECTS.len() {
        let defects = DEFECTS[first..].iter().rev();
        let claims =
            defects.fold(good_claims(), |claims, (name, value, _)| claims.with(name, value));
        let expected = DEFECTS.get(first).map_or("ok", |(_, _, code)| code);
        assert_eq!(verdict_on(&claims), expected, "{claims}");
    }
}

#[test]
fn missing_claims_precede_invalid_ones_which_precede_mismatches() {
    let invalid = [
        ("iss", "7"),
        ("aud", "7"),
        ("exp", r#""never""#),
        ("nbf", r#""now""#),
        ("iat", "-1"),
        ("sub", "7"),
    ];
    for (bad, value) in invalid {
        for missing in ["iss", "aud", "exp", "sub"].into_iter().filter(|name| *name != bad) {
            let claims = good_claims().with(bad, value).without(missing);
            assert_eq!(verdict_on(&claims), "missing_claim", "{claims}");
        }
        let mismatches = good_claims()
            .with("iss", r#""https://other.example""#)
            .with("aud", r#""other""#)
            .with("exp", &(NOW - 900.0).to_string())
            .with("nbf", &(NOW + 900.0).to_string());
        let claims = mismatches.with(bad, value);
        assert_eq!(verdict_on(&claims), "invalid_claim", "{claims}");
    }
}
