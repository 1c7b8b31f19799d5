//! What went wrong in other verifiers, tried on this one: a test for each published lesson.

mod gateway;
mod gullible_host;

use crate::common::{
    AUTH_SERVER, Answer, Signer, TestHost, base64url, good_claims, key_set, options, outcome,
    verdict, verify,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use better_auth_edge::claims::Expectations;
use better_auth_edge::crypto::Secret;
use better_auth_edge::jose::Algorithm::{EdDsa, Es256, Hs256, Hs384, Hs512, Ps256, Rs256};
use better_auth_edge::keys::{KeySet, KeySource};
use better_auth_edge::{Keys, Verifier};
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::pkcs8::EncodePublicKey;
use rsa::{BigUint, RsaPublicKey};
use sha2::Sha256;

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
fn cve_2022_21449_psychic_signatures() {
    // Java's ECDSA took r = s = 0. The core checks the range on every host.
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
            // the same in ASN.1
            (vec![0x30, 6, 2, 1, 0, 2, 1, 0], "bad_signature"),
        ] {
            let token = format!("{}.{}", segments(algorithm, KID), base64url(&signature));
            let code = outcome(&host.0.run(verifier.verify(&token, &host)));
            assert_eq!(code, expected, "{algorithm} with {signature:?}");
        }
    }
}

fn mac(secret: &[u8], input: &str) -> String {
    let keyed = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes any key");
    base64url(keyed.chain_update(input).finalize().into_bytes())
}

/// A verifier that a program allows everything: confusion would be its undoing.
fn lenient(set: &str) -> Verifier {
    let keys = Keys::Published(KeySource::fixed(KeySet::parse(set.as_bytes()).unwrap()));
    let accepted = || vec![AUTH_SERVER.to_owned()];
    let expectations = Expectations::new(accepted(), accepted()).unwrap();
    let algorithms = vec![Hs256, Hs384, Hs512, Rs256, Ps256, Es256, EdDsa];
    Verifier::new(keys, algorithms, expectations)
}

/// Holds tokens whose MAC is made with these bytes against a set of one key.
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
                let refused = ["unsupported_algorithm", "unknown_key", "bad_signature"];
                assert!(refused.contains(&code), "{code}: {algorithm} with {what} by {set}");
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
fn cve_2023_48223_a_public_key_in_pem_as_secret() {
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
fn cve_2026_34950_a_public_key_behind_white_space_as_secret() {
    for space in [" ", "\n", "\t", "\r\n", "\u{feff}"] {
        for pem in rsa_pems() {
            confuse(&rsa_key().0, format!("{space}{pem}").as_bytes());
        }
    }
}

#[test]
fn ghsa_ww5h_9m49_7xx4_a_public_key_behind_anything_as_secret() {
    for prefix in ["#", "// key\n", "\0", "\u{200b}", ".", "-----BEGIN PGP MESSAGE-----\n"] {
        for pem in rsa_pems() {
            confuse(&rsa_key().0, format!("{prefix}{pem}").as_bytes());
        }
    }
}

#[test]
fn cve_2026_48526_a_public_jwk_as_secret() {
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
fn ghsa_8wpc_h4q6_8fxv_and_cve_2026_44351_an_empty_secret() {
    assert!(Secret::new(b"", &[Hs256]).is_err());
    assert!(Secret::new(b"", &[]).is_err());
    let mut empty = options("");
    (empty.jwks, empty.secret) = (None, Some(Vec::new()));
    empty.algorithms = Some(vec!["HS256".into()]);
    assert_eq!(empty.build().unwrap_err()[0].option(), "secret");
    // an unknown kid finds no key, not an empty one
    confuse(&Signer::default().jwk(), b"");
    confuse(&Signer::new(2, "key-2").jwk(), b"");
    confuse(&Signer::new(2, "key-2").jwk(), b"undefined");
}

#[test]
fn ghsa_rp9m_7r4c_75qg_tokens_that_share_a_cache_key() {
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
fn cve_2026_35041_accepted_values_that_are_read_as_patterns() {
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
fn cve_2026_22817_and_cve_2026_22818_the_algorithm_of_the_header_where_the_key_names_none() {
    let jwk = rsa_key().0;
    assert!(!jwk.contains("alg"));
    for algorithm in ["HS256", "HS384", "HS512", "none", "ES256", "EdDSA"] {
        let token = format!("{}.{}", segments(algorithm, KID), base64url([1; 256]));
        let code = outcome(&verify(&lenient(&key_set(std::slice::from_ref(&jwk))), &token));
        assert_eq!(code, "unsupported_algorithm", "{algorithm}");
    }
    // HMAC is off by default
    let token = format!("{}.{}", segments("HS256", KID), base64url([1; 32]));
    assert_eq!(verdict(&token), "unsupported_algorithm");
}

#[test]
fn cve_2026_25537_times_of_the_wrong_type_taken_for_absent() {
    for name in ["exp", "nbf", "iat"] {
        for value in [r#""1750000900""#, r#""""#, "true", "[1750000900]", "{}", "-1", "1e999"] {
            let token = Signer::default().token(&good_claims().with(name, value));
            assert_eq!(verdict(&token), "invalid_claim", "{name} is {value}");
        }
    }
}

#[test]
fn cve_2026_32597_and_cve_2025_59420_extensions_that_are_critical_and_unknown() {
    for crit in [r#"["x-policy"]"#, r#"["exp"]"#, r#"["alg"]"#, "[]", r#""x-policy""#, "null"] {
        let header = Signer::default().header_with("crit", crit);
        let header = header.replace('}', r#","x-policy":"require-mfa","exp":1}"#);
        let token = Signer::default().sign(header, good_claims().to_string());
        assert_eq!(verdict(&token), "malformed_token", "crit {crit}");
    }
}

const KEYS_URL: &str = "https://app.example/api/auth/jwks";

/// A verifier whose keys are fetched from that network.
fn remote(answer: Answer) -> (Verifier, TestHost) {
    let mut options = options("");
    (options.jwks, options.jwks_url) = (None, Some(KEYS_URL.to_owned()));
    let host = TestHost::new();
    host.answers(answer);
    (options.build().unwrap(), host)
}

fn unknown(number: usize) -> String {
    Signer::new(66, &format!("no-key-{number}")).token(&good_claims())
}

#[test]
fn cve_2026_48524_unknown_key_ids_that_cause_fetches_and_errors_that_wipe_the_cache() {
    let (verifier, host) = remote(Answer::ok(key_set(&[Signer::default().jwk()])));
    let run = |token: &str| outcome(&host.run(verifier.verify(token, &host)));
    let good = Signer::default().token(&good_claims());
    assert_eq!(run(&good), "ok");
    for number in 0..290 {
        host.pass(0.1);
        // those that no fetch has looked for are not known yet
        let expected = if number < 4 { "unknown_key" } else { "keys_unavailable" };
        assert_eq!(run(&unknown(number)), expected);
    }
    assert_eq!(host.fetches(), 5, "four, and one more in the cool-down of 30 s");
    for answer in [Answer::status(500, "{}"), Answer::ok("<html>"), Answer::ok(r#"{"keys":7}"#)] {
        host.answers(answer);
        host.pass(31.0);
        run(&unknown(1_000));
        assert_eq!(run(&good), "ok", "the keys that were known still are");
    }
    assert_eq!(host.fetches(), 8, "each of the bad answers was fetched");
}

#[test]
fn mobula_a_cool_down_that_an_empty_set_evades() {
    let (verifier, host) = remote(Answer::ok(key_set(&[])));
    for number in 0..290 {
        host.pass(0.1);
        let outcome = outcome(&host.run(verifier.verify(&unknown(number), &host)));
        assert_eq!(outcome, if number < 5 { "unknown_key" } else { "keys_unavailable" });
    }
    assert_eq!(host.fetches(), 5);
}

#[test]
fn tilegroxy_and_fastapi_zitadel_auth_one_fetch_for_each_of_many_at_once() {
    let (verifier, host) = remote(Answer::ok(key_set(&[])).after(1.0));
    let tokens: Vec<_> = (0..50).map(unknown).collect();
    let results = host.run(join_all(tokens.iter().map(|token| verifier.verify(token, &host))));
    assert!(results.iter().all(|result| outcome(result) == "unknown_key"));
    assert_eq!(host.fetches(), 1, "the slot is taken before the fetch begins");
}

#[test]
fn ghsa_jc38_x7x8_2xc8_an_algorithm_from_outside_of_the_protected_header() {
    // A compact token has only the protected header, and the JSON serializations are not read.
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
fn authlib_1_6_3_segments_of_any_size() {
    let long = "A".repeat(64 * 1024 * 1024);
    for token in [format!("{long}.e30.AAAA"), format!("e30.{long}.AAAA"), format!("e30.e30.{long}")]
    {
        assert_eq!(verdict(&token), "token_too_large");
    }
    assert_eq!(verdict(&".".repeat(1 << 24)), "token_too_large");
    assert_eq!(verdict(&format!("{}.e30.AAAA", &long[..4_100])), "token_too_large");
    assert_eq!(verdict(&format!("{}.e30.AAAA", &long[..4_096])), "malformed_token");
}

#[test]
fn albeast_a_key_id_that_says_where_the_key_is() {
    // The token named the load balancer whose keys were fetched, so any load balancer was trusted.
    let (verifier, host) = remote(Answer::ok(key_set(&[Signer::new(66, "stranger").jwk()])));
    for kid in ["stranger/../key-1", "?key=stranger", "https://evil.example/stranger", "key-1"] {
        let header = format!(
            r#"{{"alg":"EdDSA","kid":"{kid}","signer":"arn:aws:x","iss":"{AUTH_SERVER}",
                "jku":"https://evil.example/jwks","url":"https://evil.example"}}"#
        );
        let token = Signer::new(66, kid).sign(header, good_claims().to_string());
        assert_eq!(outcome(&host.run(verifier.verify(&token, &host))), "unknown_key", "{kid}");
    }
    assert!(host.requests().iter().all(|request| request.url == KEYS_URL));
}
