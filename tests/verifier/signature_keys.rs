//! The keys of a set that may verify a token: valid keys with the token's `kid` and algorithm.

use crate::common::{Signer, base64url, good_claims, key_set, outcome, verifier, verify};
use curve25519_dalek::constants::EIGHT_TORSION;

fn verdict_by(entries: &[String], token: &str) -> &'static str {
    outcome(&verify(&verifier(&key_set(entries)), token))
}

/// A token without `kid`.
fn without_kid(signer: &Signer) -> String {
    signer.sign(r#"{"alg":"EdDSA"}"#, good_claims().to_string())
}

#[test]
fn a_token_is_verified_by_the_key_that_it_names() {
    let (one, two) = (Signer::new(1, "one"), Signer::new(2, "two"));
    let set = [one.jwk(), two.jwk()];
    assert_eq!(verdict_by(&set, &one.token(&good_claims())), "ok");
    assert_eq!(verdict_by(&set, &two.token(&good_claims())), "ok");
    for kid in ["three", "One", "one ", " one", "on", "one\\u0000", "", "*"] {
        let header = format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#);
        let token = one.sign(header, good_claims().to_string());
        assert_eq!(verdict_by(&set, &token), "unknown_key", "{kid:?}");
    }
}

#[test]
fn a_kid_is_compared_after_json_unescaping() {
    let signer = Signer::new(1, r"k\u00e9y\/1");
    let token = signer.sign(r#"{"alg":"EdDSA","kid":"\u006béy/1"}"#, good_claims().to_string());
    assert_eq!(verdict_by(&[signer.jwk()], &token), "ok");
}

#[test]
fn another_key_with_the_same_kid_does_not_verify() {
    let (signer, stranger) = (Signer::new(1, "key"), Signer::new(2, "key"));
    let token = stranger.token(&good_claims());
    assert_eq!(verdict_by(&[signer.jwk()], &token), "bad_signature");
    // and the verifier does not try a key that the token does not name
    let other = Signer::new(2, "other");
    assert_eq!(verdict_by(&[signer.jwk(), other.jwk()], &token), "bad_signature");
}

#[test]
fn all_keys_with_one_kid_are_tried_up_to_four() {
    let signers: Vec<_> = (1..=6).map(|number| Signer::new(number, "key")).collect();
    let set: Vec<_> = signers.iter().map(Signer::jwk).collect();
    let verdicts: Vec<_> =
        signers.iter().map(|signer| verdict_by(&set, &signer.token(&good_claims()))).collect();
    assert_eq!(verdicts, ["ok", "ok", "ok", "ok", "bad_signature", "bad_signature"]);
}

/// The base point of P-256 (SEC 2, section 2.4.2) as a key.
const P_256_KEY: &str = r#"{"kty":"EC","crv":"P-256","kid":"key",
    "x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
    "y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}"#;

#[test]
fn keys_that_do_not_fit_do_not_count_among_the_four() {
    let signer = Signer::new(1, "key");
    let mut set: Vec<_> = (2..=8).map(|number| Signer::new(number, "other").jwk()).collect();
    for unusable in UNUSABLE {
        set.push(signer.jwk_with(&format!(r#""kid":"key",{unusable}"#)));
    }
    set.extend(vec![P_256_KEY.to_owned(); 4]);
    set.extend((2..=4).map(|number| Signer::new(number, "key").jwk()));
    set.push(signer.jwk());
    assert_eq!(verdict_by(&set, &signer.token(&good_claims())), "ok");
}

#[test]
fn a_token_without_a_kid_is_tried_with_keys_without_one_or_with_the_only_fitting_key() {
    let (one, two) = (Signer::new(1, "one"), Signer::new(2, "two"));
    let nameless = one.jwk_with(r#""alg":"EdDSA""#);
    let unusable = two.jwk_with(r#""use":"enc""#);
    let token = without_kid(&one);
    for (set, expected) in [
        (vec![one.jwk()], "ok"),
        (vec![nameless.clone()], "ok"),
        (vec![unusable.clone(), one.jwk(), "7".into()], "ok"),
        (vec![two.jwk()], "bad_signature"),
        (vec![one.jwk(), two.jwk()], "unknown_key"),
        (vec![nameless.clone(), two.jwk()], "ok"),
        (vec![two.jwk_with(r#""alg":"EdDSA""#), nameless.clone()], "ok"),
        (vec![two.jwk_with(r#""alg":"EdDSA""#), one.jwk()], "bad_signature"),
        (vec![one.jwk(), one.jwk()], "unknown_key"),
        (vec![unusable], "unknown_key"),
        (vec![], "unknown_key"),
    ] {
        assert_eq!(verdict_by(&set, &token), expected, "{set:?}");
    }
    for kid in ["one", "", "null", "undefined"] {
        let header = format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#);
        let token = one.sign(header, good_claims().to_string());
        let seen = verdict_by(std::slice::from_ref(&nameless), &token);
        assert_eq!(seen, "unknown_key", "a key without a kid does not match {kid:?}");
    }
}

/// Members that make a valid key unusable.
const UNUSABLE: [&str; 20] = [
    r#""use":"enc""#,
    r#""use":"SIG""#,
    r#""use":"""#,
    r#""use":["sig"]"#,
    r#""key_ops":["sign"]"#,
    r#""key_ops":[]"#,
    r#""key_ops":["verify","verify"]"#,
    r#""key_ops":["verify",7]"#,
    r#""key_ops":"verify""#,
    r#""alg":"ES256""#,
    r#""alg":"RS256""#,
    r#""alg":"HS256""#,
    r#""alg":"Ed448""#,
    r#""alg":"none""#,
    r#""alg":7"#,
    r#""d":"AAAA""#,
    r#""p":"AAAA""#,
    r#""oth":[]"#,
    r#""k":"AAAA""#,
    r#""use":"sig","key_ops":["deriveBits"]"#,
];

#[test]
fn an_unusable_key_is_ignored() {
    let signer = Signer::default();
    let token = signer.token(&good_claims());
    for members in UNUSABLE {
        let jwk = signer.jwk_with(&format!(r#""kid":"key-1",{members}"#));
        assert_eq!(verdict_by(std::slice::from_ref(&jwk), &token), "unknown_key", "{members}");
        assert_eq!(verdict_by(&[jwk, signer.jwk()], &token), "ok", "{members} beside a valid key");
    }
    for members in [
        r#""use":"sig""#,
        r#""d":null"#,
        r#""d":null,"k":null,"oth":null"#,
        r#""use":null"#,
        r#""key_ops":["verify"]"#,
        r#""key_ops":["sign","verify"]"#,
        r#""alg":"Ed25519""#,
        r#""ext":true,"iat":1,"exp":1,"x5c":["AAAA"],"x5t":7,"oki":{"d":"AAAA"}"#,
    ] {
        let jwk = signer.jwk_with(&format!(r#""kid":"key-1",{members}"#));
        assert_eq!(verdict_by(&[jwk], &token), "ok", "{members}");
    }
}

#[test]
fn an_entry_that_is_not_an_ed25519_key_is_ignored() {
    let signer = Signer::default();
    let token = signer.token(&good_claims());
    let x = base64url(signer.key().verifying_key());
    let standard = x.replace('-', "+").replace('_', "/");
    let short = base64url(&signer.key().verifying_key().as_bytes()[..31]);
    let long = base64url([signer.key().verifying_key().as_bytes(), &[0][..]].concat());
    let okp = |x: &str| format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"key-1","x":{x}}}"#);
    for entry in [
        "null".to_owned(),
        "7".into(),
        "[]".into(),
        "{}".into(),
        format!("[{}]", signer.jwk()),
        format!("{:?}", signer.jwk()),
        okp("null"),
        okp("7"),
        okp(r#""""#),
        okp(&format!(r#""{x}=""#)),
        okp(&format!(r#""{short}""#)),
        okp(&format!(r#""{long}""#)),
        okp(&format!(r#"["{x}"]"#)),
        okp(&format!(r#"" {x}""#)),
        format!(r#"{{"crv":"Ed25519","kid":"key-1","x":"{x}"}}"#),
        format!(r#"{{"kty":"OKP","kid":"key-1","x":"{x}"}}"#),
        format!(r#"{{"kty":"okp","crv":"Ed25519","kid":"key-1","x":"{x}"}}"#),
        format!(r#"{{"kty":"OKP","crv":"ed25519","kid":"key-1","x":"{x}"}}"#),
        format!(r#"{{"kty":"OKP","crv":"X25519","kid":"key-1","x":"{x}"}}"#),
        format!(r#"{{"kty":"OKP","crv":"Ed448","kid":"key-1","x":"{x}"}}"#),
        format!(r#"{{"kty":"EC","crv":"Ed25519","kid":"key-1","x":"{x}","y":"{x}"}}"#),
        format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":7,"x":"{x}"}}"#),
        format!(r#"{{"kty":["OKP"],"crv":"Ed25519","kid":"key-1","x":"{x}"}}"#),
    ] {
        assert_eq!(verdict_by(std::slice::from_ref(&entry), &token), "unknown_key", "{entry}");
        let beside = [entry.clone(), signer.jwk(), entry];
        assert_eq!(verdict_by(&beside, &token), "ok", "{} beside a valid key", beside[0]);
    }
    if standard != x {
        assert_eq!(verdict_by(&[okp(&format!(r#""{standard}""#))], &token), "unknown_key");
    }
}

#[test]
fn a_point_of_small_order_is_not_a_key() {
    let signer = Signer::default();
    let token = signer.token(&good_claims());
    // a lenient verifier accepts this signature for every message with such a key
    let (input, _) = token.rsplit_once('.').unwrap();
    let mut points: Vec<_> =
        EIGHT_TORSION.iter().map(|point| point.compress().to_bytes()).collect();
    // the same points and others, in encodings that RFC 8032 forbids: y from p on, x = 0 negative
    for (low, high) in [(0xed, 0x7f), (0xee, 0x7f), (0xed, 0xff), (0xee, 0xff), (0xf0, 0x7f)] {
        let mut point = [0xff; 32];
        (point[0], point[31]) = (low, high);
        points.push(point);
    }
    let mut negative_zero = [0; 32];
    (negative_zero[0], negative_zero[31]) = (1, 0x80);
    points.push(negative_zero);
    let mut off_the_curve = [0; 32];
    off_the_curve[0] = 2;
    points.push(off_the_curve);
    for point in points {
        let x = base64url(point);
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"key-1","x":"{x}"}}"#);
        for r in [point, EIGHT_TORSION[0].compress().to_bytes()] {
            let token = format!("{input}.{}", base64url([r, [0; 32]].concat()));
            let seen = verdict_by(std::slice::from_ref(&jwk), &token);
            assert_eq!(seen, "unknown_key", "{point:02x?}");
        }
    }
}

#[test]
fn every_key_is_unknown_in_an_empty_set() {
    let signer = Signer::default();
    assert_eq!(verdict_by(&[], &signer.token(&good_claims())), "unknown_key");
    assert_eq!(verdict_by(&[], &without_kid(&signer)), "unknown_key");
}
