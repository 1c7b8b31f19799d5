//! Times in claims, in seconds since 1970: they are compared exactly, with the clock tolerance.

use crate::common::{NOW, Signer, TestHost, good_claims, key_set, options, outcome, verdict};

fn verdict_with(name: &str, value: &str) -> &'static str {
    verdict(&Signer::default().token(&good_claims().with(name, value)))
}

/// The outcome of a verifier with this tolerance for a time that is `offset` seconds from now.
fn verdict_at(name: &str, offset: f64, tolerance: Option<f64>) -> &'static str {
    let signer = Signer::default();
    let mut options = options(&key_set(&[signer.jwk()]));
    options.clock_tolerance = tolerance;
    let verifier = options.build().unwrap();
    let host = TestHost::new();
    let claims = good_claims().with(name, &(NOW + offset).to_string());
    outcome(&host.run(verifier.verify(&signer.token(&claims), &host)))
}

#[test]
fn a_token_is_valid_before_exp_plus_the_tolerance_and_not_at_it() {
    for (tolerance, offset, expected) in [
        (None, 0.0, "ok"),
        (None, -4.0, "ok"),
        (None, -4.5, "ok"),
        (None, -5.0, "expired"),
        (None, -6.0, "expired"),
        (Some(0.0), 0.5, "ok"),
        (Some(0.0), 0.0, "expired"),
        (Some(0.0), -0.5, "expired"),
        (Some(60.0), -59.5, "ok"),
        (Some(60.0), -60.0, "expired"),
        (Some(300.0), -299.0, "ok"),
        (Some(300.0), -300.0, "expired"),
    ] {
        let seen = verdict_at("exp", offset, tolerance);
        assert_eq!(seen, expected, "exp {offset} s from now, tolerance {tolerance:?}");
    }
}

#[test]
fn a_token_is_valid_from_nbf_minus_the_tolerance() {
    for name in ["nbf", "iat"] {
        for (tolerance, offset, expected) in [
            (None, -86_400.0, "ok"),
            (None, 0.0, "ok"),
            (None, 5.0, "ok"),
            (None, 5.5, "not_yet_valid"),
            (None, 6.0, "not_yet_valid"),
            (Some(0.0), 0.0, "ok"),
            (Some(0.0), 0.5, "not_yet_valid"),
            (Some(60.0), 60.0, "ok"),
            (Some(60.0), 60.5, "not_yet_valid"),
        ] {
            let seen = verdict_at(name, offset, tolerance);
            assert_eq!(seen, expected, "{name} {offset} s from now, tolerance {tolerance:?}");
        }
    }
}

#[test]
fn the_clock_is_read_at_each_verification() {
    let signer = Signer::default();
    let verifier = crate::common::default_verifier();
    let host = TestHost::new();
    let token = signer.token(&good_claims().with("exp", &(NOW + 10.0).to_string()));
    for (seconds, expected) in [(0.0, "ok"), (14.0, "ok"), (1.0, "expired"), (1.0, "expired")] {
        host.advance(seconds);
        assert_eq!(outcome(&host.run(verifier.verify(&token, &host))), expected);
    }
}

#[test]
fn a_time_is_a_number_of_seconds_within_the_years_1970_to_9999() {
    for name in ["exp", "nbf", "iat"] {
        for value in [
            r#""1750000900""#,
            r#""2026-01-01T00:00:00Z""#,
            r#""""#,
            "true",
            "false",
            "[]",
            "[1750000900]",
            "{}",
            "1750000900000",
            "253402300800",
            "1e12",
            "1e308",
            "1e999",
            "-1e999",
            "-1",
            "-0.001",
            "-1750000900",
            "99999999999999999999999999999999999999999999",
            "1e99999999",
            "-1e-320",
            "1e9999999999999999999999",
            "9e2147483648",
        ] {
            assert_eq!(verdict_with(name, value), "invalid_claim", "{name} is {value}");
        }
    }
}

#[test]
fn a_time_may_have_any_notation_of_a_json_number() {
    for (name, value, expected) in [
        ("exp", "1750000900", "ok"),
        ("exp", "1750000900.75", "ok"),
        ("exp", "1.7500009e9", "ok"),
        ("exp", "1.7500009E+9", "ok"),
        ("exp", "17500009000e-1", "ok"),
        ("exp", "253402300799", "ok"),
        ("exp", "0", "expired"),
        ("exp", "-0", "expired"),
        ("exp", "0.5", "expired"),
        ("exp", "900", "expired"),
        ("exp", "1e-999", "expired"),
        ("exp", "1e-2147483649", "expired"),
        ("exp", "0e99999999999", "expired"),
        ("nbf", "0e99999999999", "ok"),
        ("nbf", "-0.0E-99999999999999999999", "ok"),
        ("nbf", "1e-2147483649", "ok"),
        ("iat", "1e-9999999999999999999999", "ok"),
        ("iat", "0.000000000000175e22", "ok"),
        ("nbf", "0", "ok"),
        ("iat", "-0.0", "ok"),
        ("iat", "1749999999.999999", "ok"),
        ("nbf", "253402300799", "not_yet_valid"),
        ("iat", "1.75e10", "not_yet_valid"),
    ] {
        assert_eq!(verdict_with(name, value), expected, "{name} is {value}");
    }
}
