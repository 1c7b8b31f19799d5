//! An explanation has the same decision as the verifier for every token, at the same check.

use std::sync::Arc;

use crate::common::{
    AUTH_SERVER, NOW, ScriptedResponse, Signer, TestHost, assert_explanation, base64url,
    good_claims, key_set, options, verifier,
};
use better_auth_edge::claims::RequiredClaim;
use better_auth_edge::jose::{Algorithm, Json, Unusable};
use better_auth_edge::{
    Check, CheckOutcome, Error, Explanation, Verified, Verifier, VerifierOptions,
};
use serde_json::Value;

#[test]
fn every_check_can_decide_and_has_its_own_code() {
    let signer = Signer::default();
    let good = good_claims().with("role", r#""admin""#);
    let verifier = strict();
    let token = signer.token(&good);
    let (input, _) = token.rsplit_once('.').unwrap();
    let later = |seconds: f64| (NOW + seconds).to_string();
    let cases = [
        (Check::Form, "a.b".to_owned(), "malformed_token"),
        (Check::Header, signed(&signer.header_with("crit", "[]")), "malformed_token"),
        (Check::Type, signed(&signer.header_with("typ", r#""at+jwt""#)), "wrong_token_type"),
        (Check::Algorithm, signed(r#"{"alg":"none"}"#), "unsupported_algorithm"),
        (Check::Key, signed(r#"{"alg":"EdDSA","kid":"other"}"#), "unknown_key"),
        (Check::Signature, format!("{input}.{}", base64url([0; 64])), "bad_signature"),
        (Check::Kind, signer.token(&good.with("nonce", "1")), "wrong_token_type"),
        (Check::Presence, signer.token(&good.without("exp")), "missing_claim"),
        (Check::User, signer.token(&good.with("sub", "7")), "invalid_claim"),
        (Check::Types, signer.token(&good.with("exp", r#""soon""#)), "invalid_claim"),
        (Check::Lifetime, signer.token(&good.with("exp", &later(9_000.0))), "invalid_claim"),
        (Check::Issuer, signer.token(&good.with("iss", r#""other""#)), "issuer_mismatch"),
        (Check::Audience, signer.token(&good.with("aud", r#"["other"]"#)), "audience_mismatch"),
        (Check::Expiry, signer.token(&good.with("exp", &later(-6.0))), "expired"),
        (Check::Age, signer.token(&good.with("iat", &later(-2_000.0))), "expired"),
        (Check::NotBefore, signer.token(&good.with("nbf", &later(6.0))), "not_yet_valid"),
        (Check::Issued, signer.token(&good.with("iat", &later(6.0))), "not_yet_valid"),
        (Check::Values, signer.token(&good.with("role", r#""guest""#)), "insufficient_claims"),
    ];
    for (check, token, code) in &cases {
        let explanation = explained(&verifier, token);
        let failed =
            explanation.checks.iter().find(|report| report.outcome == CheckOutcome::Failed);
        assert_eq!(failed.map(|report| report.check), Some(*check), "{explanation:?}");
        let error = explanation.result.as_ref().err().map(|error| error.code().as_str());
        assert_eq!(error, Some(*code), "{explanation:?}");
    }
    let decided: Vec<_> = cases.iter().map(|(check, ..)| *check).collect();
    assert_eq!(decided, Check::ALL, "every check, in order");
}

#[test]
fn a_valid_token_passes_every_check_and_names_its_key() {
    let set = key_set(&[Signer::new(2, "key-2").jwk(), Signer::default().jwk()]);
    let explanation = explained(&verifier(&set), &Signer::default().token(&good_claims()));
    assert!(explanation.checks.iter().all(|report| report.outcome == CheckOutcome::Passed));
    let keys: Vec<_> = explanation.keys.iter().map(|key| (key.kid.as_deref(), key.used)).collect();
    assert_eq!(keys, [(Some("key-2"), false), (Some("key-1"), true)]);
    assert_eq!(explanation.now, NOW);
}

#[test]
fn keys_are_reported_in_the_order_of_their_set() {
    let rfc8037 = r#"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let set = key_set(&[
        r#"{"kty":"oct","k":"AAAA"}"#.into(),
        rfc8037.into(),
        r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#.into(),
    ]);
    let explanation = explained(&verifier(&set), &Signer::default().token(&good_claims()));
    let [key] = &explanation.keys[..] else { panic!("{:?}", explanation.keys) };
    assert_eq!((key.kty, key.size.as_str(), key.algorithm), ("OKP", "Ed25519", None::<Algorithm>));
    // RFC 8037, appendix A.3
    assert_eq!(key.thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert!(!key.used, "the token names another key");
    assert_eq!(explanation.unusable, [Unusable::Private, Unusable::WeakRsa]);
}

#[test]
fn the_keys_tried_for_a_bad_signature_are_reported() {
    let set = key_set(&[Signer::new(2, "key-1").jwk(), Signer::new(3, "key-3").jwk()]);
    let explanation = explained(&verifier(&set), &Signer::default().token(&good_claims()));
    let used: Vec<_> = explanation.keys.iter().map(|key| key.used).collect();
    assert_eq!(used, [true, false]);
}

#[test]
fn the_key_of_a_token_with_a_rejected_claim_is_reported_too() {
    let set = key_set(&[Signer::new(2, "key-1").jwk(), Signer::default().jwk()]);
    let token = Signer::default().token(&good_claims().with("iss", r#""elsewhere""#));
    let explanation = explained(&verifier(&set), &token);
    let used: Vec<_> = explanation.keys.iter().map(|key| key.used).collect();
    assert_eq!(used, [false, true], "the second of two keys with the kid of the token");
}

#[test]
fn the_content_of_an_unverified_token_is_shown_and_decides_nothing() {
    let token = Signer::new(2, "other").token(&good_claims().with("iss", r#""elsewhere""#));
    let explanation = explained(&crate::common::default_verifier(), &token);
    let outcome = |check| {
        let report = explanation.checks.iter().find(|report| report.check == check);
        report.map(|report| report.outcome)
    };
    assert_eq!(outcome(Check::Key), Some(CheckOutcome::Failed));
    assert_eq!(outcome(Check::Signature), Some(CheckOutcome::NotReached));
    assert_eq!(outcome(Check::Types), Some(CheckOutcome::WouldPass));
    assert_eq!(outcome(Check::Issuer), Some(CheckOutcome::WouldFail));
    assert_eq!(outcome(Check::Expiry), Some(CheckOutcome::NotReached));
    assert_eq!(outcome(Check::Age), None, "this verifier does not check the age");
    assert!(explanation.header.is_some_and(|header| header.contains("other")));
    assert!(explanation.claims.is_some_and(|claims| claims.contains("elsewhere")));
}

#[test]
fn unreadable_content_is_not_shown() {
    let explanation =
        explained(&crate::common::default_verifier(), "0123456789abcdef0123456789abcdef");
    assert!(explanation.header.is_none() && explanation.claims.is_none());
}

#[test]
fn unavailable_keys_fail_the_key_check_with_their_cause() {
    let remote = VerifierOptions { base_url: Some(AUTH_SERVER.into()), ..Default::default() };
    let verifier = remote.build().unwrap();
    let host = TestHost::new();
    host.respond_with(ScriptedResponse::status(404, "gone"));
    let explanation = host.run(verifier.explain(&Signer::default().token(&good_claims()), &host));
    let failed = explanation.checks.iter().find(|report| report.outcome == CheckOutcome::Failed);
    assert_eq!(failed.map(|report| report.check), Some(Check::Key));
    let error = explanation.result.as_ref().unwrap_err();
    assert_eq!(error.code().as_str(), "keys_unavailable");
    let cause = std::error::Error::source(error).map(ToString::to_string);
    let expected =
        "GET https://app.example/api/auth/jwks: the server answered 404, not 200: the jwt plugin";
    assert!(cause.is_some_and(|cause| cause.starts_with(expected)));
    assert_eq!(explanation.source.as_deref(), Some("https://app.example/api/auth/jwks"));
}

#[test]
fn a_token_that_expires_while_keys_are_fetched_is_reported_as_expired() {
    let remote = VerifierOptions { base_url: Some(AUTH_SERVER.into()), ..Default::default() };
    let verifier = remote.build().unwrap();
    let host = TestHost::new();
    host.respond_with(ScriptedResponse::ok(key_set(&[Signer::default().jwk()])).after(4.0));
    let exp = (NOW - 2.0).to_string();
    let token = Signer::default().token(&good_claims().with("exp", &exp));
    let explanation = host.run(verifier.explain(&token, &host));
    let said = host.run(verifier.verify(&token, &host));
    assert_eq!(crate::common::outcome(&said), "expired");
    assert_eq!(crate::common::outcome(&explanation.result), "expired");
    let failed = explanation.checks.iter().find(|report| report.outcome == CheckOutcome::Failed);
    assert_eq!(failed.map(|report| report.check), Some(Check::Expiry));
}

#[test]
fn a_token_signed_by_secret_is_explained_too() {
    let secret = VerifierOptions {
        base_url: Some(AUTH_SERVER.into()),
        secret: Some(vec![7; 32]),
        algorithms: Some(vec!["HS256".into()]),
        ..Default::default()
    };
    let verifier = secret.build().unwrap();
    let explanation = explained(&verifier, &signed(r#"{"alg":"HS256"}"#));
    let failed = explanation.checks.iter().find(|report| report.outcome == CheckOutcome::Failed);
    assert_eq!(failed.map(|report| report.check), Some(Check::Signature));
    assert!(explanation.keys.is_empty());
}

// The tokens of another implementation and of the RFCs, each with its own key.
#[test]
fn explanations_and_decisions_agree_on_all_vectors() {
    let cases: Value = serde_json::from_str(include_str!("../vectors/jose/cases.json")).unwrap();
    let of_cases = cases["cases"].as_array().unwrap().iter().map(|case| {
        (cases["keys"][case["key"].as_str().unwrap()].to_string(), case["token"].as_str().unwrap())
    });
    let rfcs = [
        include_str!("../vectors/rfc/rfc7515.json"),
        include_str!("../vectors/rfc/rfc7520.json"),
        include_str!("../vectors/rfc/rfc8037.json"),
    ];
    let rfcs: Vec<Value> = rfcs.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let of_rfcs = rfcs
        .iter()
        .flat_map(|file| file.as_array().unwrap())
        .map(|example| (example["jwk"].to_string(), example["token"].as_str().unwrap()));
    let (mut run, mut held) = (0, 0);
    for (jwk, token) in of_cases.chain(of_rfcs) {
        let published = VerifierOptions {
            algorithms: Some(PUBLISHED.map(str::to_owned).to_vec()),
            ..options(&key_set(&[jwk]))
        };
        let explanation = explained(&published.build().unwrap(), token);
        let passed = |report: &better_auth_edge::CheckReport| {
            report.check == Check::Signature && report.outcome == CheckOutcome::Passed
        };
        held += usize::from(explanation.checks.iter().any(passed));
        run += 1;
    }
    println!("{run} tokens explained, of which {held} had a good signature");
    assert!(run > 500 && held > 20, "{held} of {run}");
}

const PUBLISHED: [&str; 10] =
    ["EdDSA", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];

/// A verifier that requires every check.
fn strict() -> Verifier {
    let admin = Json::String("admin".into());
    let options = VerifierOptions {
        max_token_age: Some(1_000.0),
        max_token_lifetime: Some(5_000.0),
        required_claims: RequiredClaim::one_of("role", vec![admin]).map(|role| vec![role]),
        ..options(&key_set(&[Signer::default().jwk()]))
    };
    options.build().unwrap()
}

/// A token with this header and valid claims.
fn signed(header: &str) -> String {
    Signer::default().sign(header, good_claims().with("role", r#""admin""#).to_string())
}

/// The explanation of a token, after a comparison with the verifier's decision.
fn explained(verifier: &Verifier, token: &str) -> Explanation {
    let host = TestHost::new();
    let explanation = host.run(verifier.explain(token, &host));
    let said: Result<Arc<Verified>, Error> = host.run(verifier.verify(token, &host));
    assert_explanation(&explanation, &said);
    explanation
}
