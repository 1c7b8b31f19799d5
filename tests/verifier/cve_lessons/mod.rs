//! Published vulnerabilities of other verifiers: a test for each one shows that this verifier does
//! not have it.

mod confusion;
mod fetches;
mod gateway;
mod gullible_host;

use crate::common::{
    AUTH_SERVER, Signer, TestHost, base64url, good_claims, key_set, options, outcome, verdict,
    verify,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gullible_host::GullibleHost;

/// The key of RFC 7515, appendix A.3.
const P256_JWK: &str = r#"{"kty":"EC","crv":"P-256","kid":"key-1",
    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// The key of RFC 7515, appendix A.4.
const P521_JWK: &str = r#"{"kty":"EC","crv":"P-521","kid":"key-1",
    "x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
    "y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}"#;
/// The order of P-256.
const P256_ORDER: &str = "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE";

fn segments(algorithm: &str, kid: &str) -> String {
    let header = base64url(format!(r#"{{"alg":"{algorithm}"{kid}}}"#));
    format!("{header}.{}", base64url(good_claims().to_string()))
}

const KID: &str = r#","kid":"key-1""#;

#[test]
fn cve_2022_21449_a_signature_of_zeros_is_rejected() {
    // Java's ECDSA accepted r = s = 0. The core checks the range on every host.
    for (algorithm, jwk, length) in [("ES256", P256_JWK, 32), ("ES512", P521_JWK, 66)] {
        let [zero, mut one] = [vec![0; length], vec![0; length]];
        one[length - 1] = 1;
        let beyond = vec![0xff; length];
        let order = if length == 32 { URL_SAFE_NO_PAD.decode(P256_ORDER).unwrap() } else { beyond };
        let verifier = crate::common::verifier(&key_set(&[jwk.to_owned()]));
        let host = GullibleHost(TestHost::new());
        for (signature, expected) in [
            ([&one[..], &one].concat(), "ok"),
            ([&zero[..], &zero].concat(), "bad_signature"),
            ([&zero[..], &one].concat(), "bad_signature"),
            ([&one[..], &zero].concat(), "bad_signature"),
            ([&order[..], &one].concat(), "bad_signature"),
            ([&one[..], &order].concat(), "bad_signature"),
            // zeros in ASN.1
            (vec![0x30, 6, 2, 1, 0, 2, 1, 0], "bad_signature"),
        ] {
            let token = format!("{}.{}", segments(algorithm, KID), base64url(&signature));
            let code = outcome(&host.0.run(verifier.verify(&token, &host)));
            assert_eq!(code, expected, "{algorithm} with {signature:?}");
        }
    }
}

#[test]
fn ghsa_rp9m_7r4c_75qg_tokens_that_differ_in_one_letter_do_not_share_a_cache_entry() {
    // The cache key covered a part of the token, so another token with the same part got its user.
    let (signer, verifier) = (Signer::default(), crate::common::default_verifier());
    let token = signer.token(&good_claims());
    let user = |token: &str| verify(&verifier, token).map(|verified| verified.user().to_owned());
    assert_eq!(user(&token).unwrap(), "user-1");
    for (i, letter) in token.char_indices().filter(|(_, letter)| *letter != '.') {
        let mut other = token.clone();
        other.replace_range(i..=i, if letter == 'A' { "B" } else { "A" });
        assert!(user(&other).is_err(), "letter {i} of a token that was verified before");
    }
    for padded in [format!("{token}="), format!(" {token}"), token[..token.len() - 1].to_owned()] {
        assert!(user(&padded).is_err(), "{padded}");
    }
    for number in 2..50 {
        let user_id = format!("user-{number}");
        let other = signer.token(&good_claims().with("sub", &format!("{user_id:?}")));
        assert_eq!(user(&other).unwrap(), user_id);
    }
    assert_eq!(user(&token).unwrap(), "user-1");
}

#[test]
fn cve_2026_35041_accepted_values_are_not_patterns() {
    let mut options = options(&key_set(&[Signer::default().jwk()]));
    options.issuer = Some(vec![".*".into(), "^(([a-z])+.)+[A-Z]([a-z])+$".into(), "/./".into()]);
    let verifier = options.build().unwrap();
    let long = "a".repeat(8_000);
    for (issuer, expected) in
        [(AUTH_SERVER, "issuer_mismatch"), (&long, "issuer_mismatch"), (".*", "ok")]
    {
        let token = Signer::default().token(&good_claims().with("iss", &format!("{issuer:?}")));
        assert_eq!(outcome(&verify(&verifier, &token)), expected);
    }
}

#[test]
fn cve_2026_25537_a_time_of_the_wrong_type_is_invalid_and_not_absent() {
    for name in ["exp", "nbf", "iat"] {
        for value in [r#""1750000900""#, r#""""#, "true", "[1750000900]", "{}", "-1", "1e999"] {
            let token = Signer::default().token(&good_claims().with(name, value));
            assert_eq!(verdict(&token), "invalid_claim", "{name} is {value}");
        }
    }
}

#[test]
fn cve_2026_32597_and_cve_2025_59420_a_critical_extension_is_rejected() {
    for crit in [r#"["x-policy"]"#, r#"["exp"]"#, r#"["alg"]"#, "[]", r#""x-policy""#, "null"] {
        let header = Signer::default().header_with("crit", crit);
        let header = header.replace('}', r#","x-policy":"require-mfa","exp":1}"#);
        let token = Signer::default().sign(header, good_claims().to_string());
        assert_eq!(verdict(&token), "malformed_token", "crit {crit}");
    }
}

#[test]
fn ghsa_jc38_x7x8_2xc8_only_the_protected_header_names_the_algorithm() {
    // A compact token has only the protected header. The core does not parse JSON serializations.
    let payload = good_claims().with("alg", r#""EdDSA""#);
    let signer = Signer::default();
    let [kid, none] = [r#"{"kid":"key-1"}"#, r#"{"alg":"none","kid":"key-1"}"#];
    assert_eq!(verdict(&signer.sign(kid, payload.to_string())), "malformed_token");
    assert_eq!(verdict(&signer.sign(none, payload.to_string())), "unsupported_algorithm");
    let token = signer.sign(none, payload.to_string());
    let [protected, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!()
    };
    let flat = format!(
        r#"{{"protected":"{protected}","header":{{"alg":"EdDSA"}},"payload":"{payload}",
            "signature":"{signature}"}}"#
    );
    for text in [flat.clone(), format!(r#"{{"signatures":[{flat}]}}"#), format!("{token}.{kid}")] {
        assert_ne!(verdict(&text), "ok", "{text}");
    }
    let unprotected = base64url(r#"{"alg":"EdDSA","kid":"key-1"}"#);
    assert_eq!(verdict(&format!("{token}.{unprotected}")), "malformed_token");
}

#[test]
fn authlib_1_6_3_a_segment_that_is_too_large_is_rejected() {
    let long = "A".repeat(64 * 1024 * 1024);
    for token in [format!("{long}.e30.AAAA"), format!("e30.{long}.AAAA"), format!("e30.e30.{long}")]
    {
        assert_eq!(verdict(&token), "token_too_large");
    }
    assert_eq!(verdict(&".".repeat(1 << 24)), "token_too_large");
    assert_eq!(verdict(&format!("{}.e30.AAAA", &long[..4_100])), "token_too_large");
    assert_eq!(verdict(&format!("{}.e30.AAAA", &long[..4_096])), "malformed_token");
}
