//! A test for each recommendation of RFC 8725, "JSON Web Token Best Current Practices".

use crate::common::{
    AUTH_SERVER, Claims, ScriptedResponse, Signer, TestHost, base64url, good_claims, key_set,
    options, outcome, verdict, verify,
};
use better_auth_edge::{SettingError, VerifierOptions};

const ED25519_CURVE: &str = r#""kty":"OKP","crv":"Ed25519""#;

/// An odd RSA modulus of this many bits, without a known private key.
fn modulus(bits: usize) -> String {
    let mut bytes = vec![0xff; bits.div_ceil(8)];
    bytes[0] >>= (8 - bits % 8) % 8;
    base64url(bytes)
}

fn rsa_jwk(algorithm: &str) -> String {
    let n = modulus(2_048);
    format!(r#"{{"kty":"RSA","kid":"key-1","n":"{n}","e":"AQAB","alg":"{algorithm}"}}"#)
}

fn header(algorithm: &str) -> String {
    format!(r#"{{"alg":"{algorithm}","kid":"key-1"}}"#)
}

fn list(values: &[&str]) -> Option<Vec<String>> {
    Some(values.iter().map(|value| (*value).to_owned()).collect())
}

fn errors(options: VerifierOptions) -> Vec<&'static str> {
    options.build().err().unwrap_or_default().iter().map(SettingError::option).collect()
}

/// The outcome for a valid token if the set has only this key under its `kid`.
fn verdict_by(jwk: &str) -> &'static str {
    let verifier = crate::common::verifier(&key_set(&[jwk.to_owned()]));
    outcome(&verify(&verifier, &Signer::default().token(&good_claims())))
}

#[test]
fn section_3_1_the_algorithm_is_the_verifiers_choice() {
    let signer = Signer::default();
    let token = signer.token(&good_claims());
    for (allowed, expected) in [
        (&["EdDSA"][..], "ok"),
        (&["ES256", "Ed25519"], "ok"),
        (&["ES256"], "unsupported_algorithm"),
        (&["ES256", "ES512", "PS256", "RS256"], "unsupported_algorithm"),
    ] {
        let mut options = options(&key_set(&[signer.jwk()]));
        options.algorithms = list(allowed);
        let result = verify(&options.build().unwrap(), &token);
        assert_eq!(outcome(&result), expected, "{allowed:?}");
    }
}

#[test]
fn section_3_1_a_key_is_used_with_the_one_algorithm_that_it_names() {
    for (of_key, of_token, expected) in [
        ("RS256", "RS256", "bad_signature"),
        ("PS256", "PS256", "bad_signature"),
        ("RS256", "PS256", "unsupported_algorithm"),
        ("PS256", "RS256", "unsupported_algorithm"),
        ("RS512", "RS256", "unsupported_algorithm"),
        ("RS256", "EdDSA", "unsupported_algorithm"),
        ("RS256", "ES256", "unsupported_algorithm"),
        // an algorithm of another key type, of encryption or an unknown one makes the key unusable
        ("HS256", "RS256", "unknown_key"),
        ("ES256", "RS256", "unknown_key"),
        ("RSA-OAEP", "RS256", "unknown_key"),
        ("none", "RS256", "unknown_key"),
    ] {
        let verifier = crate::common::verifier(&key_set(&[rsa_jwk(of_key)]));
        let payload = base64url(good_claims().to_string());
        let token = format!("{}.{payload}.{}", base64url(header(of_token)), base64url([1; 256]));
        let code = outcome(&verify(&verifier, &token));
        assert_eq!(code, expected, "{of_token} by a key for {of_key}");
    }
}

#[test]
fn section_3_2_only_secure_signature_algorithms_can_be_configured() {
    let defaults = ["EdDSA", "Ed25519", "ES256", "ES512", "PS256", "RS256"];
    let further = ["ES384", "PS384", "PS512", "RS384", "RS512"];
    let never = [
        "none",
        "None",
        "",
        "RS1",
        "MD5",
        "HS1",
        "ES256K",
        "Ed448",
        "RSA1_5",
        "RSA-OAEP",
        "dir",
        "A128KW",
        "A128GCM",
        "ECDH-ES",
        "PBES2-HS256+A128KW",
    ];
    for name in defaults.into_iter().chain(further).chain(never) {
        let token = Signer::new(2, "key-2").sign(header(name), good_claims().to_string());
        // a token with an accepted algorithm fails only at the check of its key
        let accepted =
            if defaults.contains(&name) { "unknown_key" } else { "unsupported_algorithm" };
        let set = key_set(&[Signer::new(3, "key-3").jwk()]);
        assert_eq!(outcome(&verify(&crate::common::verifier(&set), &token)), accepted, "{name:?}");

        let named = VerifierOptions { algorithms: list(&[name]), ..options(&set) };
        let expected = if never.contains(&name) { &["algorithms"][..] } else { &[] };
        assert_eq!(errors(named), expected, "{name:?}");
    }
}

#[test]
fn section_3_3_every_operation_must_succeed_or_the_whole_token_is_rejected() {
    let signer = Signer::default();
    let token = signer.token(&good_claims());
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!(verdict(&token), "ok");
    for damaged in [
        format!("{header}.{payload}.{}", base64url([0; 64])),
        format!("{header}.{payload}.{signature}x"),
        format!("{header}.{payload}x.{signature}"),
        format!("{header}x.{payload}.{signature}"),
        format!("{payload}.{header}.{signature}"),
    ] {
        assert_ne!(verdict(&damaged), "ok", "{damaged}");
    }
    // nested tokens are not supported: the payload must be claims
    assert_eq!(verdict(&signer.sign(signer.header(), &token)), "malformed_token");
    assert_eq!(verdict(&signer.sign(signer.header(), format!("{token:?}"))), "malformed_token");
    let nested = signer.header_with("cty", r#""JWT""#);
    assert_eq!(verdict(&signer.sign(&nested, &token)), "malformed_token");
    assert_eq!(verdict(&signer.sign(&nested, good_claims().to_string())), "malformed_token");
}

#[test]
fn section_3_4_keys_that_are_not_valid_points_or_numbers_are_not_used() {
    // The RFC describes an attack on ECDH, which signed tokens do not use. Here the inputs are the
    // keys of the set and the signature.
    assert_eq!(verdict_by(&Signer::default().jwk()), "ok");
    let ed25519 = |x: [u8; 32]| {
        let x = base64url(x);
        format!(r#"{{{ED25519_CURVE},"kid":"key-1","x":"{x}"}}"#)
    };
    let p256 = |x: &[u8], y: &[u8]| {
        let (x, y) = (base64url(x), base64url(y));
        format!(r#"{{"kty":"EC","crv":"P-256","kid":"key-1","x":"{x}","y":"{y}"}}"#)
    };
    let rsa = |n: &str, e: &str| format!(r#"{{"kty":"RSA","kid":"key-1","n":"{n}","e":"{e}"}}"#);
    let mut identity = [0; 32];
    identity[0] = 1;
    let odd = modulus(2_048);
    for unusable in [
        ed25519([0; 32]),
        ed25519(identity),
        ed25519([0xff; 32]),
        ed25519([2; 32]),
        p256(&[0; 32], &[0; 32]),
        p256(&[0xff; 32], &[0xff; 32]),
        p256(&[1; 32], &[1; 32]),
        p256(&[1; 31], &[1; 32]),
        rsa(&odd, "AQ"),
        rsa(&odd, "Ag"),
        rsa(&odd, &odd),
        rsa(&odd.replace("_w", "_g"), "AQAB"),
    ] {
        let token = |name| Signer::default().sign(header(name), good_claims().to_string());
        let verifier = crate::common::verifier(&key_set(std::slice::from_ref(&unusable)));
        for name in ["EdDSA", "ES256", "RS256", "PS256"] {
            let code = outcome(&verify(&verifier, &token(name)));
            assert_eq!(code, "unknown_key", "{name} by {unusable}");
        }
    }
}

#[test]
fn section_3_5_keys_that_an_attacker_could_guess_are_not_used() {
    // The core cannot check the entropy of a secret. The minimum length, that of the hash
    // (RFC 7518, section 3.2), excludes most passwords.
    for (secret, algorithm) in
        [("", "HS256"), ("secret", "HS256"), ("correct horse battery staple", "HS256")]
    {
        let by_secret = VerifierOptions {
            jwks: None,
            secret: Some(secret.as_bytes().to_vec()),
            algorithms: list(&[algorithm]),
            ..options("")
        };
        assert_eq!(errors(by_secret), ["secret"], "{secret}");
    }
    for (bits, expected) in [
        (512, "unknown_key"),
        (1_024, "unknown_key"),
        (2_047, "unknown_key"),
        (2_048, "unsupported_algorithm"),
        (4_096, "unsupported_algorithm"),
    ] {
        // the token has an Ed25519 signature, so a usable RSA key has another algorithm
        let jwk = rsa_jwk("RS256").replace(&modulus(2_048), &modulus(bits));
        assert_eq!(verdict_by(&jwk), expected, "{bits} bits");
    }
}

#[test]
fn section_3_6_compressed_and_encrypted_tokens_are_rejected() {
    // Compression before encryption leaks content. The core does not decrypt tokens, so it rejects
    // every token that requires either.
    for (name, value) in [("zip", r#""DEF""#), ("zip", "null"), ("enc", r#""A256GCM""#)] {
        let header = Signer::default().header_with(name, value);
        let token = Signer::default().sign(&header, good_claims().to_string());
        assert_eq!(verdict(&token), "malformed_token", "{header}");
    }
    let encrypted = base64url(r#"{"alg":"dir","enc":"A256CBC-HS512","zip":"DEF"}"#);
    assert_eq!(verdict(&format!("{encrypted}..AAAA.AAAA.AAAA")), "malformed_token");
}

#[test]
fn section_3_7_header_and_claims_are_utf_8() {
    let signer = Signer::default();
    let text = good_claims().with("name", r#""é""#).to_string();
    let latin_1: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let utf_16 = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    };
    let with_mark = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let overlong = text.replace('é', "@").into_bytes();
    let overlong: Vec<u8> = overlong
        .into_iter()
        .flat_map(|byte| if byte == b'@' { vec![0xc1, 0x80] } else { vec![byte] })
        .collect();
    let surrogate = good_claims().with("name", r#""\ud800""#).to_string().into_bytes();
    assert_eq!(verdict(&signer.sign(signer.header(), &text)), "ok");
    for other in [
        latin_1,
        utf_16(u16::to_le_bytes),
        utf_16(u16::to_be_bytes),
        with_mark,
        overlong,
        surrogate,
    ] {
        let code = verdict(&signer.sign(signer.header(), &other));
        assert_eq!(code, "malformed_token", "{:?}", String::from_utf8_lossy(&other));
    }
    assert_eq!(
        verdict(&signer.sign(b"{\"alg\":\"EdDSA\",\"x\":\"\xe9\"}", &text)),
        "malformed_token"
    );
    // two encodings of é are two users: the core does not normalize Unicode
    for user in ["é", "e\u{301}"] {
        let token = signer.token(&good_claims().with("sub", &format!("\"{user}\"")));
        assert_eq!(verify(&crate::common::default_verifier(), &token).unwrap().user(), user);
    }
}

/// The outcome for a valid token with this value of the claim.
fn verdict_with(name: &str, value: &str) -> &'static str {
    verdict(&Signer::default().token(&good_claims().with(name, value)))
}

#[test]
fn section_3_8_issuer_and_subject_are_validated() {
    assert_eq!(verdict_with("iss", r#""https://other.example""#), "issuer_mismatch");
    assert_eq!(verdict_with("iss", "null"), "missing_claim");
    assert_eq!(verdict_with("sub", "null"), "missing_claim");
    assert_eq!(verdict_with("sub", r#""""#), "invalid_claim");
    // keys belong to an issuer: a token with the right `iss` by another key is rejected
    let other = Signer::new(2, "key-2").token(&good_claims());
    assert_eq!(verdict(&other), "unknown_key");
    let other = Signer::new(2, "key-1").token(&good_claims());
    assert_eq!(verdict(&other), "bad_signature");
}

#[test]
fn section_3_9_the_audience_is_required_and_validated() {
    assert_eq!(verdict_with("aud", r#"["https://other.example","https://app.example"]"#), "ok");
    assert_eq!(verdict_with("aud", r#""https://other.example""#), "audience_mismatch");
    assert_eq!(verdict_with("aud", "[]"), "audience_mismatch");
    assert_eq!(verdict_with("aud", "null"), "missing_claim");
    for audience in [&[][..], &[""]] {
        let open = VerifierOptions { audience: list(audience), ..options(&key_set(&[])) };
        assert_eq!(errors(open), ["audience"], "a verifier requires an audience");
    }
}

#[test]
fn section_3_10_no_claim_is_trusted_before_the_signature_holds() {
    const KEYS: &str = "https://app.example/api/auth/jwks";
    let verifier = VerifierOptions { jwks: None, jwks_url: Some(KEYS.to_owned()), ..options("") };
    let verifier = verifier.build().unwrap();
    let host = TestHost::new();
    host.respond_with(ScriptedResponse::ok(key_set(&[Signer::default().jwk()])));
    let stranger = Signer::new(66, "key-1");
    let mark = "quite-a-marked-word";
    for (kid, expected) in [
        ("key-1", "bad_signature"),
        ("key-1' OR '1'='1", "unknown_key"),
        ("*)(uid=*", "unknown_key"),
        ("../../../../dev/null", "unknown_key"),
        ("https://evil.example/quite-a-marked-word", "unknown_key"),
        ("key-1\\u0000", "unknown_key"),
        ("key-?", "unknown_key"),
    ] {
        let header = format!(
            r#"{{"alg":"EdDSA","kid":"{kid}","jku":"https://evil.example/{mark}",
                "x5u":"https://evil.example/{mark}","jwk":{}}}"#,
            stranger.jwk(),
        );
        let claims = good_claims().with("iss", &format!("{mark:?}"));
        for claims in [good_claims(), claims.clone(), claims.with("exp", "1")] {
            let token = stranger.sign(&header, claims.to_string());
            let error = host.run(verifier.verify(&token, &host)).unwrap_err();
            assert_eq!(error.code().as_str(), expected, "{kid}");
            assert!(!error.to_string().contains(mark), "{error}");
        }
    }
    assert!(host.requests().iter().all(|request| request.url == KEYS));
    assert_eq!(host.fetches(), 1, "only the first token causes a fetch");
}

/// The profile, `typ` and claims of each kind of token. Better Auth writes no `typ` to session
/// tokens.
fn kinds() -> [(&'static str, &'static str, Claims); 3] {
    let issuer = format!("\"{AUTH_SERVER}/api/auth\"");
    [
        ("session", "", good_claims()),
        ("access-token", "at+jwt", good_claims().with("iss", &issuer)),
        (
            "session-cache",
            "better-auth.session-cache+jwt",
            good_claims().with("aud", r#""better-auth:session-cache""#),
        ),
    ]
}

/// The outcome of a verifier with this profile for a token with this `typ` and these claims.
fn verdict_as(profile: &str, typ: &str, claims: &Claims) -> &'static str {
    let signer = Signer::default();
    let typ = if typ.is_empty() { String::new() } else { format!(r#","typ":"{typ}""#) };
    let header = format!(r#"{{"alg":"EdDSA","kid":"key-1"{typ}}}"#);
    let verifier = VerifierOptions {
        profile: Some(profile.to_owned()),
        base_url: Some(AUTH_SERVER.to_owned()),
        jwks: Some(key_set(&[signer.jwk()])),
        ..VerifierOptions::default()
    };
    outcome(&verify(&verifier.build().unwrap(), &signer.sign(header, claims.to_string())))
}

#[test]
fn section_3_11_the_type_is_required_for_tokens_to_which_better_auth_writes_one() {
    // Session tokens and id_tokens have no type. Their claims distinguish them.
    for (profile, own, claims) in kinds() {
        for typ in ["", "JWT", "at+jwt", "better-auth.session-cache+jwt", "logout+jwt"] {
            let fits = typ == own || (own.is_empty() && typ == "JWT");
            let expected = if fits { "ok" } else { "wrong_token_type" };
            assert_eq!(verdict_as(profile, typ, &claims), expected, "{typ:?} as {profile}");
        }
    }
}

#[test]
fn section_3_12_a_token_passes_the_checks_of_one_kind_only() {
    for (kind, typ, claims) in kinds() {
        for (profile, own, _) in kinds() {
            let expected = if kind == profile { "ok" } else { "wrong_token_type" };
            assert_eq!(verdict_as(profile, typ, &claims), expected, "{kind} as {profile}");
            // with the expected type, the issuer or audience is still wrong
            let mismatch = verdict_as(profile, own, &claims);
            assert_eq!(mismatch == "ok", kind == profile, "{kind} as {profile}: {mismatch}");
        }
    }
}
