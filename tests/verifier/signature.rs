//! A token is rejected unless its signature covers exactly these bytes with this key.

use crate::common::{
    Signer, TestHost, base64url, default_verifier, good_claims, outcome, verdict, verify,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use better_auth_edge::crypto::VerifyingKey;
use better_auth_edge::jose::{Algorithm, JwkSet};
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::{EdwardsPoint, Scalar};
use sha2::{Digest, Sha512};

/// The key, signing input and signature of RFC 8037, appendix A.4.
const RFC_8037_KEY: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const RFC_8037_INPUT: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
const RFC_8037_SIGNATURE: &str =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

fn rfc_8037_key() -> VerifyingKey {
    let set = JwkSet::parse(format!(r#"{{"keys":[{RFC_8037_KEY}]}}"#).as_bytes()).unwrap();
    VerifyingKey::from_jwk(set.entries()[0].as_ref().unwrap()).unwrap()
}

#[test]
fn the_example_of_rfc_8037_verifies_and_altered_ones_do_not() {
    let (key, host) = (rfc_8037_key(), TestHost::new());
    let verifies = |message: &[u8], signature: &[u8]| {
        host.run(key.verifies(&host, Algorithm::EdDsa, message, signature))
    };
    let input = RFC_8037_INPUT.as_bytes();
    let signature = URL_SAFE_NO_PAD.decode(RFC_8037_SIGNATURE).unwrap();
    assert!(verifies(input, &signature));
    assert!(!verifies(&input[1..], &signature));
    assert!(!verifies(b"", &signature));
    assert!(!verifies(input, &signature[..63]));
    assert!(!verifies(input, &[&signature[..], &[0]].concat()));
    assert!(!verifies(input, &[]));
    assert!(!verifies(input, &[0; 64]));
    let swapped = [&signature[32..], &signature[..32]].concat();
    assert!(!verifies(input, &swapped));
}

#[test]
fn the_example_of_rfc_8037_has_no_claims_and_is_not_a_token() {
    let verifier = crate::common::verifier(&format!(r#"{{"keys":[{RFC_8037_KEY}]}}"#));
    let result = verify(&verifier, &format!("{RFC_8037_INPUT}.{RFC_8037_SIGNATURE}"));
    assert_eq!(outcome(&result), "malformed_token");
}

/// The decoded segments of a valid token.
fn good_segments() -> [Vec<u8>; 3] {
    let token = Signer::default().token(&good_claims());
    let segments: Vec<_> =
        token.split('.').map(|segment| URL_SAFE_NO_PAD.decode(segment).unwrap()).collect();
    segments.try_into().unwrap()
}

fn token_of([header, payload, signature]: &[Vec<u8>; 3]) -> String {
    format!("{}.{}.{}", base64url(header), base64url(payload), base64url(signature))
}

/// The outcomes of one verifier for copies of a valid token with one changed bit in segment
/// `which`. `bits` returns the bits to change in a byte, from the index of the byte.
fn changed(segments: [Vec<u8>; 3], which: usize, bits: fn(usize) -> Vec<usize>) -> Vec<String> {
    let verifier = default_verifier();
    assert_eq!(outcome(&verify(&verifier, &token_of(&segments))), "ok");
    let mut seen = Vec::new();
    for byte in 0..segments[which].len() {
        for bit in bits(byte) {
            let mut segments = segments.clone();
            segments[which][byte] ^= 1 << bit;
            let outcome = outcome(&verify(&verifier, &token_of(&segments)));
            assert_ne!(outcome, "ok", "bit {bit} of byte {byte} of segment {which}");
            seen.push(outcome.to_owned());
        }
    }
    seen
}

fn count(outcomes: &[String], code: &str) -> usize {
    outcomes.iter().filter(|outcome| *outcome == code).count()
}

#[test]
fn a_token_with_any_changed_byte_in_its_signature_is_rejected() {
    let seen = changed(good_segments(), 2, |byte| vec![byte % 8, 7 - byte % 8]);
    assert_eq!(seen, vec!["bad_signature"; 128]);
}

#[test]
fn a_token_with_any_changed_byte_in_its_payload_is_rejected() {
    let seen = changed(good_segments(), 1, |byte| vec![byte % 8]);
    let (form, signature) = (count(&seen, "malformed_token"), count(&seen, "bad_signature"));
    assert_eq!(form + signature, seen.len(), "{seen:?}");
    assert!(signature > seen.len() / 3, "many payloads are still JSON: {seen:?}");
}

#[test]
fn a_token_with_any_changed_bit_in_its_header_is_rejected() {
    // an ignored member, so that many changed headers have the same meaning
    let header = Signer::default().header_with("unused", r#""value""#).into_bytes();
    let [_, payload, _] = good_segments();
    let token = Signer::default().sign(&header, &payload);
    let signature = URL_SAFE_NO_PAD.decode(token.rsplit_once('.').unwrap().1).unwrap();
    let seen = changed([header, payload, signature], 0, |_| (0..8).collect());
    let known = ["bad_signature", "malformed_token", "unknown_key", "unsupported_algorithm"];
    assert!(known.iter().all(|code| count(&seen, code) > 0), "{seen:?}");
    assert!(seen.iter().all(|code| known.contains(&code.as_str())), "{seen:?}");
}

#[test]
fn parts_of_two_valid_tokens_do_not_form_a_valid_token() {
    let signer = Signer::default();
    let one = signer.token(&good_claims());
    let other = signer.token(&good_claims().with("sub", r#""user-2""#));
    let (one_input, one_signature) = one.rsplit_once('.').unwrap();
    let (other_input, other_signature) = other.rsplit_once('.').unwrap();
    assert_eq!(verdict(&format!("{one_input}.{other_signature}")), "bad_signature");
    assert_eq!(verdict(&format!("{other_input}.{one_signature}")), "bad_signature");
}

/// The outcomes of verifiers whose key has been used 0, 20 and 300 times. The core verifies faster
/// with keys in use, and must be equally strict.
fn verdicts(tokens: &[String]) -> Vec<[&'static str; 3]> {
    let verifiers = [0, 20, 300].map(|uses| {
        let verifier = default_verifier();
        let used = good_claims().with("used", "true");
        for i in 0..uses {
            let token = Signer::default().token(&used.with("i", &i.to_string()));
            assert_eq!(outcome(&verify(&verifier, &token)), "ok", "use {i}");
        }
        verifier
    });
    let verdict = |token| verifiers.each_ref().map(|verifier| outcome(&verify(verifier, token)));
    tokens.iter().map(|token| verdict(token)).collect()
}

#[test]
fn a_signature_that_does_not_have_64_bytes_is_rejected() {
    let [header, payload, signature] = good_segments();
    let tokens = [1, 31, 32, 63, 65, 96, 128, 132, 256, 512].map(|length| {
        let mut other = signature.clone();
        other.resize(length, 0);
        token_of(&[header.clone(), payload.clone(), other])
    });
    assert_eq!(verdicts(&tokens), [["bad_signature"; 3]; 10]);
}

/// The order of the base point (RFC 8032, section 5.1), little endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[test]
fn a_signature_with_a_scalar_above_the_order_is_rejected() {
    let [header, payload, mut signature] = good_segments();
    let mut tokens = Vec::new();
    // S + L to S + 14 L
    for _ in 1..=14 {
        let mut carry = 0;
        for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        assert_eq!(carry, 0, "the sum has 256 bits");
        tokens.push(token_of(&[header.clone(), payload.clone(), signature.clone()]));
    }
    assert_eq!(verdicts(&tokens), [["bad_signature"; 3]; 14]);
}

/// A signature over `input` by the default key with a chosen `point` as R. `r` is its discrete
/// logarithm, except for a point of small order.
fn signature_with(r: Scalar, point: EdwardsPoint, input: &str) -> [u8; 64] {
    let key = Signer::default();
    let encoded = point.compress().to_bytes();
    let hash = Sha512::new()
        .chain_update(encoded)
        .chain_update(key.key().verifying_key())
        .chain_update(input);
    let challenge = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
    let s = r + challenge * key.key().to_scalar();
    [encoded, s.to_bytes()].concat().try_into().unwrap()
}

#[test]
fn a_signature_that_only_lenient_verifiers_accept_is_rejected() {
    let signer = Signer::default();
    let input = format!("{}.{}", base64url(signer.header()), base64url(good_claims().to_string()));
    let token = |r, point| format!("{input}.{}", base64url(signature_with(r, point, &input)));
    let r = Scalar::from(0x0123_4567_89ab_cdef_u64);
    let point = ED25519_BASEPOINT_POINT * r;

    // R itself has small order: for the neutral element the equation without cofactor holds
    let small = EIGHT_TORSION.map(|small| token(Scalar::ZERO, small));
    assert_eq!(verdicts(&small), [["bad_signature"; 3]; 8]);

    // the equation holds only if both sides are multiplied by the cofactor
    let mixed = EIGHT_TORSION.map(|small| token(r, point + small));
    let seen = verdicts(&mixed);
    assert_eq!(
        seen[0], ["ok"; 3],
        "the first point is the neutral element, so the signature is valid"
    );
    assert_eq!(seen[1..], [["bad_signature"; 3]; 7]);
}
