//! Claims that the operator requires in addition to the registered ones: by name, by name and
//! value, and `iat` if the age or the lifetime is limited.

use crate::common::{
    Claims, NOW, Signer, TestHost, good_claims, key_set, options, outcome, verdict, verify,
};
use better_auth_edge::claims::RequiredClaim;
use better_auth_edge::jose::Json;
use better_auth_edge::{SettingError, Verifier, VerifierOptions};

fn verifier_with(change: impl FnOnce(&mut VerifierOptions)) -> Verifier {
    let mut options = options(&key_set(&[Signer::default().jwk()]));
    change(&mut options);
    options.build().expect("these options are valid")
}

fn verdict_of(verifier: &Verifier, claims: &Claims) -> &'static str {
    outcome(&verify(verifier, &Signer::default().token(claims)))
}

fn present(name: &str) -> RequiredClaim {
    RequiredClaim::present(name).expect("this is a name")
}

/// A required claim with these accepted values, as JSON.
fn one_of(name: &str, accepted: &[&str]) -> RequiredClaim {
    let accepted = accepted.iter().map(|json| Json::parse(json).expect("this is JSON")).collect();
    RequiredClaim::one_of(name, accepted).expect("this is a name")
}

fn requiring(required: Vec<RequiredClaim>) -> Verifier {
    verifier_with(|options| options.required_claims = Some(required))
}

#[test]
fn a_claim_required_by_name_may_have_any_value_except_null() {
    let verifier = requiring(vec![present("role")]);
    for value in ["false", "0", "-0.0", r#""""#, "[]", "[null]", "{}", "1e999", r#""admin""#] {
        let claims = good_claims().with("role", value);
        assert_eq!(verdict_of(&verifier, &claims), "ok", "role {value}");
    }
    for claims in [
        good_claims(),
        good_claims().with("role", "null"),
        good_claims().with("Role", r#""admin""#),
        good_claims().with("role ", r#""admin""#),
        good_claims().with("user", r#"{"role":"admin"}"#),
    ] {
        assert_eq!(verdict_of(&verifier, &claims), "missing_claim", "{claims}");
    }
}

#[test]
fn a_name_with_dots_is_a_claim_name_or_a_path_into_objects() {
    let verifier = requiring(vec![present("user.role"), present("https://app.example/role")]);
    let claims = good_claims().with("https://app.example/role", "1");
    assert_eq!(verdict_of(&verifier, &claims), "missing_claim");
    assert_eq!(verdict_of(&verifier, &claims.with("user.role", "1")), "ok");
    assert_eq!(verdict_of(&verifier, &claims.with("user", r#"{"role":"admin"}"#)), "ok");
    assert_eq!(verdict_of(&verifier, &claims.with("user", r#"{"role":null}"#)), "missing_claim");
}

#[test]
fn a_required_claim_must_have_a_name() {
    assert_eq!(RequiredClaim::present(""), None);
    assert_eq!(RequiredClaim::one_of("", vec![Json::Bool(true)]), None);
}

#[test]
fn a_claim_required_by_value_equals_one_of_the_values_in_type_and_value() {
    const INSUFFICIENT: &str = "insufficient_claims";
    for (accepted, value, expected) in [
        (&[r#""admin""#][..], r#""admin""#, "ok"),
        (&[r#""admin""#], r#""\u0061dmin""#, "ok"),
        (&[r#""admin""#], r#""Admin""#, INSUFFICIENT),
        (&[r#""admin""#], r#""admin ""#, INSUFFICIENT),
        (&[r#""admin""#], r#""administrator""#, INSUFFICIENT),
        (&[r#""admin""#], r#""user admin""#, INSUFFICIENT),
        (&[r#""admin""#], r#""""#, INSUFFICIENT),
        (&[r#""admin""#], "true", INSUFFICIENT),
        (&[r#""admin""#], r#"{"admin":true}"#, INSUFFICIENT),
        (&[r#"".*""#], r#""admin""#, INSUFFICIENT),
        (&[r#""admin""#, r#""owner""#], r#""owner""#, "ok"),
        (&[r#""admin""#, r#""owner""#], r#""guest""#, INSUFFICIENT),
        (&["true"], "true", "ok"),
        (&["true"], "false", INSUFFICIENT),
        (&["true"], r#""true""#, INSUFFICIENT),
        (&["true"], "1", INSUFFICIENT),
        (&["false"], "0", INSUFFICIENT),
        (&["false"], r#""""#, INSUFFICIENT),
        (&["1"], "1", "ok"),
        (&["1"], r#""1""#, INSUFFICIENT),
        (&["1"], "true", INSUFFICIENT),
        (&["1"], "2", INSUFFICIENT),
        (&[r#""1""#], "1", INSUFFICIENT),
        (&["1", r#""1""#], r#""1""#, "ok"),
        (&[r#"{"a":1,"b":[2]}"#], r#"{"b":[2],"a":1}"#, "ok"),
        (&[r#"{"a":1}"#], r#"{"a":1,"b":2}"#, INSUFFICIENT),
        (&[r#"{"a":1}"#], r#"{"a":"1"}"#, INSUFFICIENT),
        (&[r#""admin""#], "null", "missing_claim"),
        (&["null"], "null", "missing_claim"),
    ] {
        let verifier = requiring(vec![one_of("role", accepted)]);
        let claims = good_claims().with("role", value);
        assert_eq!(verdict_of(&verifier, &claims), expected, "{value} for {accepted:?}");
    }
    let verifier = requiring(vec![one_of("role", &[r#""admin""#])]);
    assert_eq!(verdict_of(&verifier, &good_claims()), "missing_claim", "no role");
}

#[test]
fn numbers_are_compared_by_value_in_any_notation() {
    for (accepted, value, equal) in [
        ("1", "1.0", true),
        ("1.0", "1", true),
        ("1", "1e0", true),
        ("10", "1E1", true),
        ("100", "1.00e+2", true),
        ("0.5", "5e-1", true),
        ("0", "-0", true),
        ("0", "0.0", true),
        ("1", "1.0000001", false),
        ("1", "-1", false),
        ("1", "10", false),
        // ids above 2^53 are compared exactly, although both have the same f64
        ("9007199254740993", "9007199254740993", true),
        ("9007199254740993", "9007199254740992", false),
        ("18446744073709551616", "18446744073709551617", false),
        // numbers that exceed an f64 are compared exactly
        ("1e999", "2e999", false),
    ] {
        let verifier = requiring(vec![one_of("level", &[accepted])]);
        let expected = if equal { "ok" } else { "insufficient_claims" };
        for value in [value.to_owned(), format!("[{value}]")] {
            let claims = good_claims().with("level", &value);
            assert_eq!(verdict_of(&verifier, &claims), expected, "{value} for {accepted}");
        }
    }
}

#[test]
fn one_member_of_an_array_suffices() {
    let verifier = requiring(vec![one_of("role", &[r#""admin""#, "7"])]);
    for (value, expected) in [
        (r#"["admin"]"#, "ok"),
        (r#"["guest","admin"]"#, "ok"),
        (r#"["guest",7]"#, "ok"),
        (r#"[null,{},"admin"]"#, "ok"),
        ("[]", "insufficient_claims"),
        (r#"["guest"]"#, "insufficient_claims"),
        (r#"["Admin"]"#, "insufficient_claims"),
        (r#"["7"]"#, "insufficient_claims"),
        (r#"["guest admin"]"#, "insufficient_claims"),
        (r#"[["admin"]]"#, "insufficient_claims"),
        (r#"[{"role":"admin"}]"#, "insufficient_claims"),
        ("[null]", "insufficient_claims"),
    ] {
        let claims = good_claims().with("role", value);
        assert_eq!(verdict_of(&verifier, &claims), expected, "role {value}");
    }
}

#[test]
fn several_requirements_must_all_hold() {
    let verifier = requiring(vec![
        present("email"),
        one_of("role", &[r#""admin""#]),
        one_of("emailVerified", &["true"]),
    ]);
    let good = good_claims()
        .with("email", r#""a@example.com""#)
        .with("role", r#""admin""#)
        .with("emailVerified", "true");
    assert_eq!(verdict_of(&verifier, &good), "ok");
    for (claims, expected) in [
        (good.without("email"), "missing_claim"),
        (good.without("role"), "missing_claim"),
        (good.without("emailVerified"), "missing_claim"),
        (good.with("role", r#""guest""#), "insufficient_claims"),
        (good.with("emailVerified", "false"), "insufficient_claims"),
        (good.with("role", r#""guest""#).without("emailVerified"), "missing_claim"),
    ] {
        assert_eq!(verdict_of(&verifier, &claims), expected, "{claims}");
    }
}

#[test]
fn a_registered_claim_may_be_required_with_a_value() {
    let verifier = requiring(vec![one_of("sub", &[r#""user-1""#]), present("exp")]);
    assert_eq!(verdict_of(&verifier, &good_claims()), "ok");
    let other = good_claims().with("sub", r#""user-2""#);
    assert_eq!(verdict_of(&verifier, &other), "insufficient_claims");
}

#[test]
fn missing_claims_come_first_and_insufficient_ones_last() {
    let verifier = requiring(vec![one_of("role", &[r#""admin""#])]);
    let guest = good_claims().with("role", r#""guest""#);
    for (claims, expected) in [
        (guest.with("nonce", "1"), "wrong_token_type"),
        (good_claims().with("exp", r#""x""#), "missing_claim"),
        (guest.with("exp", r#""x""#), "invalid_claim"),
        (guest.with("iss", r#""x""#), "issuer_mismatch"),
        (guest.with("aud", r#""x""#), "audience_mismatch"),
        (guest.with("exp", "1"), "expired"),
        (guest.with("nbf", "253402300799"), "not_yet_valid"),
        (guest, "insufficient_claims"),
    ] {
        assert_eq!(verdict_of(&verifier, &claims), expected, "{claims}");
    }
    let stranger = Signer::new(66, "key-1").token(&good_claims());
    assert_eq!(outcome(&verify(&verifier, &stranger)), "bad_signature");
}

/// Changes of the options that limit the age or the lifetime.
const LIMITS: [fn(&mut VerifierOptions); 3] = [
    |options| options.max_token_age = Some(60.0),
    |options| options.max_token_lifetime = Some(900.0),
    |options| (options.max_token_age, options.max_token_lifetime) = (Some(60.0), Some(900.0)),
];

#[test]
fn a_maximum_age_or_lifetime_requires_iat() {
    for (i, limit) in LIMITS.into_iter().enumerate() {
        let verifier = verifier_with(limit);
        for (claims, expected) in [
            (good_claims(), "ok"),
            (good_claims().without("iat"), "missing_claim"),
            (good_claims().with("iat", "null"), "missing_claim"),
            (good_claims().with("iat", r#""1750000000""#), "invalid_claim"),
            (good_claims().with("iat", "true"), "invalid_claim"),
            (good_claims().with("iat", "-1"), "invalid_claim"),
            (good_claims().with("iat", "1e999"), "invalid_claim"),
            (good_claims().with("iat", "1750000000000"), "invalid_claim"),
            (good_claims().with("iat", "1750000006"), "not_yet_valid"),
        ] {
            assert_eq!(verdict_of(&verifier, &claims), expected, "limit {i}: {claims}");
        }
    }
    let without = Signer::default().token(&good_claims().without("iat"));
    assert_eq!(verdict(&without), "ok", "without a limit iat is not required");
}

#[test]
fn a_token_may_be_as_old_as_the_maximum_age_plus_the_tolerance() {
    let signer = Signer::default();
    for (tolerance, age, expected) in [
        (5.0, 0.0, "ok"),
        (5.0, 60.0, "ok"),
        (5.0, 65.0, "ok"),
        (5.0, 65.25, "expired"),
        (5.0, 600.0, "expired"),
        (0.0, 60.0, "ok"),
        (0.0, 60.25, "expired"),
        (300.0, 360.0, "ok"),
        (300.0, 361.0, "expired"),
    ] {
        let verifier = verifier_with(|options| {
            options.max_token_age = Some(60.0);
            options.clock_tolerance = Some(tolerance);
        });
        let host = TestHost::new();
        host.advance(age);
        let result = host.run(verifier.verify(&signer.token(&good_claims()), &host));
        assert_eq!(outcome(&result), expected, "{age} s with {tolerance} s of tolerance");
    }
}

#[test]
fn a_token_may_have_exactly_the_maximum_lifetime() {
    for (most, iat, exp, expected) in [
        (900.0, NOW, NOW + 900.0, "ok"),
        (900.0, NOW, NOW + 900.5, "invalid_claim"),
        (900.0, NOW - 0.5, NOW + 900.0, "invalid_claim"),
        (900.5, NOW, NOW + 900.5, "ok"),
        // the lifetime starts at iat, not now
        (900.0, NOW - 1_000.0, NOW + 10.0, "invalid_claim"),
        (900.0, 0.0, NOW + 10.0, "invalid_claim"),
        (900.0, NOW, 253_402_300_799.0, "invalid_claim"),
        // the clock tolerance does not apply, because the check reads no clock
        (900.0, NOW, NOW + 904.0, "invalid_claim"),
        // the check of the lifetime precedes the checks by the clock
        (900.0, NOW - 2_000.0, NOW - 1_000.0, "invalid_claim"),
        (900.0, NOW - 1_000.0, NOW - 100.0, "expired"),
        (900.0, NOW, NOW - 100.0, "expired"),
    ] {
        let verifier = verifier_with(|options| options.max_token_lifetime = Some(most));
        let claims = good_claims().with("iat", &iat.to_string()).with("exp", &exp.to_string());
        assert_eq!(verdict_of(&verifier, &claims), expected, "{claims}, at most {most} s");
    }
}

#[test]
fn a_maximum_age_or_lifetime_is_above_zero() {
    for seconds in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let mut options = options(&key_set(&[]));
        options.max_token_age = Some(seconds);
        options.max_token_lifetime = Some(seconds);
        let errors = options.build().expect_err("these options are invalid");
        let named: Vec<_> = errors.iter().map(SettingError::option).collect();
        assert_eq!(named, ["maxTokenAge", "maxTokenLifetime"], "{seconds} s");
    }
}
