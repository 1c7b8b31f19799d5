//! Lessons about algorithm confusion: an attacker signs a token with an HMAC whose secret is a
//! public key (RFC 8725, section 2.1).

use super::{KID, P256_JWK, segments};
use crate::common::{AUTH_SERVER, Signer, base64url, key_set, options, outcome, verdict, verify};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use better_auth_edge::claims::Expectations;
use better_auth_edge::crypto::Secret;
use better_auth_edge::jose::Algorithm::{EdDsa, Es256, Hs256, Hs384, Hs512, Ps256, Rs256};
use better_auth_edge::keys::{KeySet, KeySource};
use better_auth_edge::{Keys, Verifier};
use hmac::{Hmac, KeyInit, Mac};
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::pkcs8::EncodePublicKey;
use rsa::{BigUint, RsaPublicKey};
use sha2::Sha256;

fn mac(secret: &[u8], input: &str) -> String {
    let keyed = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes any key");
    base64url(keyed.chain_update(input).finalize().into_bytes())
}

/// A verifier whose program allows every algorithm, so that it depends on the check of the key.
fn lenient(set: &str) -> Verifier {
    let keys = Keys::Published(KeySource::fixed(KeySet::parse(set.as_bytes()).unwrap()));
    let accepted = || vec![AUTH_SERVER.to_owned()];
    let expectations = Expectations::new(accepted(), accepted()).unwrap();
    let algorithms = vec![Hs256, Hs384, Hs512, Rs256, Ps256, Es256, EdDsa];
    Verifier::new(keys, algorithms, expectations)
}

/// Verifies tokens with a MAC by `secret`, with key sets of `jwk`, and asserts that every one is
/// rejected.
fn confuse(jwk: &str, secret: &[u8]) {
    let what = String::from_utf8_lossy(secret);
    let oct = format!(r#"{{"kty":"oct","alg":"HS256","kid":"key-1","k":"{}"}}"#, base64url(secret));
    for set in [vec![jwk.to_owned()], vec![oct.clone(), jwk.to_owned()], vec![oct]] {
        let set = key_set(&set);
        for (kid, algorithm) in
            [(KID, "HS256"), ("", "HS256"), (KID, "RS256"), (KID, "ES256"), (KID, "EdDSA")]
        {
            let input = segments(algorithm, kid);
            let token = format!("{input}.{}", mac(secret, &input));
            for verifier in [crate::common::verifier(&set), lenient(&set)] {
                let code = outcome(&verify(&verifier, &token));
                let rejected = ["unsupported_algorithm", "unknown_key", "bad_signature"];
                assert!(rejected.contains(&code), "{code}: {algorithm} with {what} by {set}");
                assert!(algorithm != "HS256" || code != "bad_signature", "no MAC is computed");
            }
        }
    }
}

fn rsa_key() -> (String, RsaPublicKey) {
    let mut n = vec![0xab; 256];
    n[255] = 0xcd;
    let jwk = format!(r#"{{"kty":"RSA","kid":"key-1","n":"{}","e":"AQAB"}}"#, base64url(&n));
    (jwk, RsaPublicKey::new(BigUint::from_bytes_be(&n), BigUint::from(65_537u32)).unwrap())
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn rsa_pems() -> [String; 2] {
    let (_, key) = rsa_key();
    let (spki, pkcs1) = (key.to_public_key_der().unwrap(), key.to_pkcs1_der().unwrap());
    [pem("PUBLIC KEY", spki.as_bytes()), pem("RSA PUBLIC KEY", pkcs1.as_bytes())]
}

#[test]
fn cve_2023_48223_a_public_key_in_pem_is_not_a_secret() {
    let (jwk, key) = rsa_key();
    for pem in rsa_pems() {
        confuse(&jwk, pem.as_bytes());
        confuse(&jwk, pem.trim_end().as_bytes());
        confuse(&jwk, pem.replace('\n', "\r\n").as_bytes());
    }
    confuse(&jwk, key.to_public_key_der().unwrap().as_bytes());
    confuse(&jwk, key.to_pkcs1_der().unwrap().as_bytes());
}

#[test]
fn cve_2026_34950_a_public_key_after_white_space_is_not_a_secret() {
    for space in [" ", "\n", "\t", "\r\n", "\u{feff}"] {
        for pem in rsa_pems() {
            confuse(&rsa_key().0, format!("{space}{pem}").as_bytes());
        }
    }
}

#[test]
fn ghsa_ww5h_9m49_7xx4_a_public_key_after_any_prefix_is_not_a_secret() {
    for prefix in ["#", "// key\n", "\0", "\u{200b}", ".", "-----BEGIN PGP MESSAGE-----\n"] {
        for pem in rsa_pems() {
            confuse(&rsa_key().0, format!("{prefix}{pem}").as_bytes());
        }
    }
}

#[test]
fn cve_2026_48526_a_public_jwk_is_not_a_secret() {
    for jwk in [rsa_key().0, P256_JWK.to_owned(), Signer::default().jwk()] {
        let compact: String = jwk.split_whitespace().collect();
        for text in
            [&jwk, &compact, &compact.replace(':', ": "), &key_set(std::slice::from_ref(&jwk))]
        {
            confuse(&jwk, text.as_bytes());
        }
        for number in compact.split('"').filter(|text| text.len() > 40) {
            confuse(&jwk, number.as_bytes());
            confuse(&jwk, &URL_SAFE_NO_PAD.decode(number).unwrap());
        }
    }
}

#[test]
fn ghsa_8wpc_h4q6_8fxv_and_cve_2026_44351_an_empty_secret_is_rejected() {
    assert!(Secret::new(b"", &[Hs256]).is_err());
    assert!(Secret::new(b"", &[]).is_err());
    let mut empty = options("");
    (empty.jwks, empty.secret) = (None, Some(Vec::new()));
    empty.algorithms = Some(vec!["HS256".into()]);
    assert_eq!(empty.build().unwrap_err()[0].option(), "secret");
    // an unknown kid selects no key, and not an empty key
    confuse(&Signer::default().jwk(), b"");
    confuse(&Signer::new(2, "key-2").jwk(), b"");
    confuse(&Signer::new(2, "key-2").jwk(), b"undefined");
}

#[test]
fn cve_2026_22817_and_cve_2026_22818_the_header_does_not_choose_the_algorithm_of_a_key() {
    let jwk = rsa_key().0;
    assert!(!jwk.contains("alg"));
    for algorithm in ["HS256", "HS384", "HS512", "none", "ES256", "EdDSA"] {
        let token = format!("{}.{}", segments(algorithm, KID), base64url([1; 256]));
        let code = outcome(&verify(&lenient(&key_set(std::slice::from_ref(&jwk))), &token));
        assert_eq!(code, "unsupported_algorithm", "{algorithm}");
    }
    // and the default verifier does not allow HMAC
    let token = format!("{}.{}", segments("HS256", KID), base64url([1; 32]));
    assert_eq!(verdict(&token), "unsupported_algorithm");
}
