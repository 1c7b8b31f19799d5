//! The header can name the token's type and its key. It cannot choose the rules of verification.

use crate::common::{
    Claims, Signer, TestHost, base64url, good_claims, key_set, options, outcome, verdict, verify,
};
use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};

fn verdict_on_header(header: &str) -> &'static str {
    verdict(&Signer::default().sign(header, good_claims().to_string()))
}

#[test]
fn header_members_that_change_the_meaning_of_a_token_are_rejected_with_any_value() {
    for name in ["crit", "b64", "zip", "enc"] {
        for value in [r#"["exp"]"#, r#"["b64"]"#, "[]", "{}", "true", "false", "null", r#""DEF""#] {
            let header = Signer::default().header_with(name, value);
            assert_eq!(verdict_on_header(&header), "malformed_token", "{header}");
        }
    }
}

#[test]
fn a_nested_token_is_rejected() {
    for (cty, expected) in [
        (r#""JWT""#, "malformed_token"),
        (r#""jwt""#, "malformed_token"),
        (r#""application/jwt""#, "malformed_token"),
        (r#""Application/JWT""#, "malformed_token"),
        (r#""json""#, "ok"),
    ] {
        let header = Signer::default().header_with("cty", cty);
        assert_eq!(verdict_on_header(&header), expected, "{header}");
    }
}

#[test]
fn alg_kid_and_typ_must_be_strings() {
    for value in ["null", "true", "7", "[]", r#"["EdDSA"]"#, "{}", r#"{"EdDSA":1}"#] {
        for header in [
            format!(r#"{{"alg":{value},"kid":"key-1"}}"#),
            format!(r#"{{"alg":"EdDSA","kid":{value}}}"#),
            format!(r#"{{"alg":"EdDSA","kid":"key-1","typ":{value}}}"#),
        ] {
            assert_eq!(verdict_on_header(&header), "malformed_token", "{header}");
        }
    }
    for header in ["{}", r#"{"kid":"key-1"}"#, r#"{"kid":"key-1","typ":"JWT"}"#] {
        assert_eq!(verdict_on_header(header), "malformed_token", "{header}");
    }
}

#[test]
fn a_session_token_with_another_type_than_jwt_is_rejected() {
    assert_eq!(verdict_on_header(r#"{"alg":"EdDSA","kid":"key-1"}"#), "ok");
    for (typ, expected) in [
        ("JWT", "ok"),
        ("jwt", "ok"),
        ("application/jwt", "ok"),
        ("APPLICATION/JWT", "ok"),
        ("at+jwt", "wrong_token_type"),
        ("application/at+jwt", "wrong_token_type"),
        ("logout+jwt", "wrong_token_type"),
        ("better-auth.session-cache+jwt", "wrong_token_type"),
        ("edge-assertion+jwt", "wrong_token_type"),
        ("dpop+jwt", "wrong_token_type"),
        ("JOSE", "wrong_token_type"),
        ("JOSE+JSON", "wrong_token_type"),
        ("JWS", "wrong_token_type"),
        ("", "wrong_token_type"),
        (" JWT", "wrong_token_type"),
        ("text/jwt", "wrong_token_type"),
        ("application/application/jwt", "wrong_token_type"),
        ("application/", "wrong_token_type"),
        ("ĵwt", "wrong_token_type"),
        ("applicatioñ/jwt", "wrong_token_type"),
    ] {
        let header = Signer::default().header_with("typ", &format!("{typ:?}"));
        assert_eq!(verdict_on_header(&header), expected, "{header}");
    }
}

#[test]
fn eddsa_and_ed25519_name_the_same_algorithm() {
    let signer = Signer::default();
    for in_key in [r#""alg":"EdDSA","#, r#""alg":"Ed25519","#, r#""alg":null,"#, ""] {
        let set = key_set(&[signer.jwk_with(&format!(r#"{in_key}"kid":"key-1""#))]);
        for in_token in ["EdDSA", "Ed25519"] {
            for allowed in [None, Some("EdDSA"), Some("Ed25519")] {
                let algorithms = allowed.map(|name| vec![name.to_owned()]);
                let mut options = options(&set);
                options.algorithms = algorithms;
                let header = format!(r#"{{"alg":"{in_token}","kid":"key-1"}}"#);
                let token = signer.sign(header, good_claims().to_string());
                let result = verify(&options.build().unwrap(), &token);
                let what = format!("{in_token} by a key with {in_key}, allowed {allowed:?}");
                assert_eq!(outcome(&result), "ok", "{what}");
            }
        }
    }
}

#[test]
fn a_disallowed_algorithm_is_rejected_with_any_signature() {
    for name in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        "HS256",
        "HS384",
        "HS512",
        "RS384",
        "RS512",
        "PS384",
        "PS512",
        "ES384",
        "ES256K",
        "Ed448",
        "eddsa",
        "EDDSA",
        "ed25519",
        "EdDSA ",
        "ML-DSA-44",
        "RS1",
        "dir",
        "EdDSA\\u0000",
    ] {
        for kid in [r#","kid":"key-1""#, r#","kid":"unknown""#, ""] {
            let header = format!(r#"{{"alg":"{name}"{kid}}}"#);
            assert_eq!(verdict_on_header(&header), "unsupported_algorithm", "{header}");
        }
    }
}

#[test]
fn only_the_listed_algorithms_are_accepted() {
    let signer = Signer::default();
    let mut options = options(&key_set(&[signer.jwk()]));
    options.algorithms = Some(vec!["ES256".into(), "RS256".into()]);
    let result = verify(&options.build().unwrap(), &signer.token(&good_claims()));
    assert_eq!(outcome(&result), "unsupported_algorithm");
}

#[test]
fn an_allowed_algorithm_that_does_not_fit_the_key_is_rejected() {
    for name in ["RS256", "PS256", "ES256", "ES512"] {
        let header = |kid: &str| format!(r#"{{"alg":"{name}"{kid}}}"#);
        let named = verdict_on_header(&header(r#","kid":"key-1""#));
        assert_eq!(named, "unsupported_algorithm", "{name}");
        // the token can mean another key, which the set does not contain
        let other = verdict_on_header(&header(r#","kid":"key-2""#));
        assert_eq!(other, "unknown_key", "{name}");
        assert_eq!(verdict_on_header(&header("")), "unknown_key", "{name}");
    }
}

#[test]
fn an_unsigned_token_is_rejected() {
    for name in ["none", "None", "NONE", "EdDSA"] {
        let header = base64url(format!(r#"{{"alg":"{name}","kid":"key-1"}}"#));
        let token = format!("{header}.{}.", base64url(good_claims().to_string()));
        assert_eq!(verdict(&token), "malformed_token", "{name}");
    }
}

/// HMAC (RFC 2104) with SHA-256.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    match key.len() > block.len() {
        true => block[..32].copy_from_slice(&Sha256::digest(key)),
        false => block[..key.len()].copy_from_slice(key),
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message);
    let outer = Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner.finalize()).finalize().to_vec()
}

#[test]
fn a_public_key_does_not_verify_macs() {
    let signer = Signer::default();
    let public: VerifyingKey = signer.key().verifying_key();
    let x = base64url(public);
    for secret in [public.as_bytes().to_vec(), x.into_bytes(), signer.jwk().into_bytes(), vec![]] {
        let header = base64url(r#"{"alg":"HS256","kid":"key-1"}"#);
        let input = format!("{header}.{}", base64url(good_claims().to_string()));
        let token = format!("{input}.{}", base64url(hmac_sha256(&secret, input.as_bytes())));
        assert_eq!(verdict(&token), "unsupported_algorithm");
        let token = token.replacen(&header, &base64url(signer.header()), 1);
        assert_eq!(verdict(&token), "bad_signature");
    }
}

#[test]
fn a_key_embedded_in_the_token_is_ignored() {
    let (signer, other) = (Signer::default(), Signer::new(66, "key-1"));
    let jwk = other.jwk();
    let hints = format!(
        r#""jwk":{jwk},"jku":"https://evil.example/jwks","x5u":"https://evil.example/x5u",
           "x5c":["AAAA"],"x5t":"AAAA""#
    );
    let verifier = crate::common::default_verifier();
    let host = TestHost::new();
    let verdict = |signer: &Signer, kid: &str| {
        let header = format!(r#"{{"alg":"EdDSA"{kid},{hints}}}"#);
        let token = signer.sign(header, good_claims().to_string());
        outcome(&host.run(verifier.verify(&token, &host)))
    };
    for (kid, by_signer, by_other) in [
        (r#","kid":"key-1""#, "ok", "bad_signature"),
        ("", "ok", "bad_signature"),
        (r#","kid":"key-2""#, "unknown_key", "unknown_key"),
        (r#","kid":"https://evil.example/jwks""#, "unknown_key", "unknown_key"),
        (r#","kid":"../../key-1""#, "unknown_key", "unknown_key"),
    ] {
        assert_eq!(verdict(&signer, kid), by_signer, "{kid}");
        assert_eq!(verdict(&other, kid), by_other, "{kid}");
    }
    assert_eq!(host.fetches(), 0);
}

#[test]
fn key_hints_of_any_type_are_ignored() {
    for name in ["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "url", "nonce", "iss"] {
        for value in ["null", "7", "[]", "{}", r#""text""#] {
            let header = Signer::default().header_with(name, value);
            assert_eq!(verdict_on_header(&header), "ok", "{header}");
        }
    }
}

/// A token that fails the check number `first` and all later ones.
fn defective(first: usize) -> String {
    let fail_at = |check: usize, bad: &'static str, good: &'static str| {
        if first <= check { bad } else { good }
    };
    let typ = fail_at(2, r#""at+jwt""#, r#""JWT""#);
    let algorithm = fail_at(3, "none", "EdDSA");
    let kid = fail_at(4, "unknown", "key-1");
    let header = format!(r#"{{"alg":"{algorithm}","kid":"{kid}","typ":{typ}}}"#);
    let header = if first <= 1 { header.replace('}', r#","crit":[]}"#) } else { header };
    let claims: Claims = good_claims().without("exp").with("nonce", "1");
    let padding = fail_at(0, "x", "").repeat(16_384);
    let claims = claims.with("padding", &format!("{padding:?}"));
    let claims = if first <= 6 { claims } else { good_claims() };
    let signer = if first <= 5 { Signer::new(66, "key-1") } else { Signer::default() };
    signer.sign(header, claims.to_string())
}

#[test]
fn the_first_failed_check_decides_the_code() {
    for (first, expected) in [
        "token_too_large",
        "malformed_token",
        "wrong_token_type",
        "unsupported_algorithm",
        "unknown_key",
        "bad_signature",
        "wrong_token_type",
        "ok",
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(verdict(&defective(first)), expected, "fails from check {first}");
    }
}
