//! A secret that is shared with the auth server verifies HMACs (RFC 7518, section 3.2) and nothing
//! else, and nothing else verifies HMACs.

use crate::common::{
    AUTH_SERVER, Signer, TestHost, base64url, good_claims, key_set, outcome, verify,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use better_auth_edge::claims::Expectations;
use better_auth_edge::crypto::Secret;
use better_auth_edge::jose::Algorithm;
use better_auth_edge::keys::{KeySet, KeySource};
use better_auth_edge::{Keys, SettingError, Verifier, VerifierOptions};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

const HS: [&str; 3] = ["HS256", "HS384", "HS512"];

/// The bytes of a secret that is long enough for every algorithm.
const SECRET: &[u8; 64] = b"a secret of 64 bytes, as long as the hash of HS512, ends here: !";

fn mac(algorithm: &str, secret: &[u8], input: &str) -> Vec<u8> {
    macro_rules! mac {
        ($hash:ty) => {{
            let keyed = Hmac::<$hash>::new_from_slice(secret).expect("HMAC takes any key");
            keyed.chain_update(input).finalize().into_bytes().to_vec()
        }};
    }
    match algorithm {
        "HS384" => mac!(Sha384),
        "HS512" => mac!(Sha512),
        _ => mac!(Sha256),
    }
}

/// The first two segments of a good token that names that algorithm.
fn input(algorithm: &str) -> String {
    let header = base64url(format!(r#"{{"alg":"{algorithm}"}}"#));
    format!("{header}.{}", base64url(good_claims().to_string()))
}

/// A good token that names `named` and has the MAC of `used`.
fn token(named: &str, used: &str, secret: &[u8]) -> String {
    let input = input(named);
    let mac = mac(used, secret, &input);
    format!("{input}.{}", base64url(mac))
}

fn list(values: &[&str]) -> Option<Vec<String>> {
    Some(values.iter().map(|value| (*value).to_owned()).collect())
}

/// Options with that secret and these algorithms.
fn options(secret: &[u8], algorithms: &[&str]) -> VerifierOptions {
    VerifierOptions {
        secret: Some(secret.to_vec()),
        algorithms: list(algorithms),
        issuer: list(&[AUTH_SERVER]),
        audience: list(&[AUTH_SERVER]),
        ..VerifierOptions::default()
    }
}

fn verifier(algorithms: &[&str]) -> Verifier {
    options(SECRET, algorithms).build().expect("these options are good")
}

fn faults(options: VerifierOptions) -> Vec<&'static str> {
    options.build().err().unwrap_or_default().iter().map(SettingError::option).collect()
}

#[test]
fn a_token_is_accepted_by_its_own_algorithm_and_secret_alone() {
    let other = [&SECRET[..63], b"?"].concat();
    let verifier = verifier(&HS);
    for named in HS {
        for used in HS {
            let expected = if named == used { "ok" } else { "bad_signature" };
            let result = verify(&verifier, &token(named, used, SECRET));
            assert_eq!(outcome(&result), expected, "{named} with the MAC of {used}");
            let result = verify(&verifier, &token(named, used, &other));
            assert_eq!(outcome(&result), "bad_signature", "{named}, {used}, another secret");
        }
    }
}

#[test]
fn an_unlisted_algorithm_is_not_accepted_for_a_secret_either() {
    for allowed in HS {
        let verifier = verifier(&[allowed]);
        for named in HS {
            let expected = if named == allowed { "ok" } else { "unsupported_algorithm" };
            let result = verify(&verifier, &token(named, named, SECRET));
            assert_eq!(outcome(&result), expected, "{named} where {allowed} is allowed");
        }
        for named in ["none", "hs256", "HS256 ", "HS1", "EdDSA", "ES256", "RS256", ""] {
            let result = verify(&verifier, &token(named, allowed, SECRET));
            assert_eq!(outcome(&result), "unsupported_algorithm", "{named}");
        }
    }
}

#[test]
fn the_example_of_rfc_7515_has_a_valid_mac_and_lacks_an_audience() {
    // appendix A.1
    const KEY: &str = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZ\
                       r1Z9CAow";
    const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzM\
                         DA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP\
                         -mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let secret = URL_SAFE_NO_PAD.decode(KEY).unwrap();
    let verifier = options(&secret, &["HS256"]).build().unwrap();
    assert_eq!(outcome(&verify(&verifier, TOKEN)), "missing_claim");
    let damaged = TOKEN.replace("dBjft", "dBjfu");
    assert_eq!(outcome(&verify(&verifier, &damaged)), "bad_signature");
}

#[test]
fn the_mac_counts_as_a_whole() {
    for algorithm in HS {
        let verifier = verifier(&[algorithm]);
        let input = input(algorithm);
        let good = mac(algorithm, SECRET, &input);
        let verdict = |mac: &[u8]| {
            let token = format!("{input}.{}", base64url(mac));
            outcome(&verify(&verifier, &token))
        };
        assert_eq!(verdict(&[]), "malformed_token", "{algorithm} without a MAC");
        for length in (1..good.len()).chain([good.len() + 1, 2 * good.len()]) {
            let mut other = good.clone();
            other.resize(length, 0);
            assert_eq!(verdict(&other), "bad_signature", "{algorithm}, {length} bytes");
        }
        assert_eq!(verdict(&good[1..]), "bad_signature", "{algorithm} without its first byte");
        for bit in 0..8 * good.len() {
            let mut other = good.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verdict(&other), "bad_signature", "{algorithm}, bit {bit}");
        }
        assert_eq!(verdict(&good), "ok", "{algorithm}");
    }
}

#[test]
fn a_secret_must_be_as_long_as_the_longest_hash() {
    for (algorithms, needed) in [
        (&["HS256"][..], 32),
        (&["HS384"], 48),
        (&["HS512"], 64),
        (&["HS256", "HS384"], 48),
        (&["HS512", "HS256"], 64),
        (&HS, 64),
    ] {
        for length in [0, 1, 16, needed - 1] {
            let faults = faults(options(&vec![7; length], algorithms));
            assert_eq!(faults, ["secret"], "{length} bytes for {algorithms:?}");
        }
        for length in [needed, needed + 1, 128, 129, 4_096] {
            let secret = vec![7; length];
            let verifier = options(&secret, algorithms).build().expect("this is long enough");
            for algorithm in algorithms {
                let result = verify(&verifier, &token(algorithm, algorithm, &secret));
                assert_eq!(outcome(&result), "ok", "{length} bytes for {algorithm}");
            }
        }
    }
}

#[test]
fn every_byte_of_a_secret_counts() {
    // a line break at the end, a byte that is not UTF-8, zeros: nothing is trimmed or replaced
    for secret in [[SECRET.as_slice(), b"\n"].concat(), vec![0xff; 64], vec![0; 64]] {
        let verifier = options(&secret, &["HS256"]).build().unwrap();
        let good = token("HS256", "HS256", &secret);
        assert_eq!(outcome(&verify(&verifier, &good)), "ok", "{secret:?}");
        let nearly = token("HS256", "HS256", &secret[..secret.len() - 1]);
        // HMAC itself fills a key up with zeros (RFC 2104, section 2)
        let expected = if secret == [0; 64] { "ok" } else { "bad_signature" };
        assert_eq!(outcome(&verify(&verifier, &nearly)), expected, "{secret:?}");
    }
}

#[test]
fn a_token_signed_by_secret_needs_no_kid_and_no_network() {
    let mut options = options(SECRET, &["HS256"]);
    options.base_url = Some(AUTH_SERVER.to_owned());
    let verifier = options.build().unwrap();
    let host = TestHost::new();
    for kid in ["", r#","kid":"key-1""#, r#","kid":"no such key""#] {
        let header = base64url(format!(r#"{{"alg":"HS256"{kid}}}"#));
        let input = format!("{header}.{}", base64url(good_claims().to_string()));
        let token = format!("{input}.{}", base64url(mac("HS256", SECRET, &input)));
        assert_eq!(outcome(&host.run(verifier.verify(&token, &host))), "ok", "{kid}");
    }
    assert_eq!(host.fetches(), 0);
}

/// Key sets that contain the secret, as an operator might publish it by mistake.
fn sets_with_the_secret() -> Vec<String> {
    let k = base64url(SECRET);
    let oct = |members: &str| format!(r#"{{"kty":"oct","k":"{k}"{members}}}"#);
    vec![
        key_set(&[oct("")]),
        key_set(&[oct(r#","alg":"HS256""#)]),
        key_set(&[oct(r#","alg":"HS256","kid":"key-1","use":"sig""#), Signer::default().jwk()]),
        key_set(&[Signer::default().jwk_with(&format!(r#""k":"{k}","alg":"HS256""#))]),
    ]
}

#[test]
fn a_key_set_never_serves_hmac() {
    for set in sets_with_the_secret() {
        let result = verify(&crate::common::verifier(&set), &token("HS256", "HS256", SECRET));
        assert_eq!(outcome(&result), "unsupported_algorithm", "{set}");

        let mut asking = crate::common::options(&set);
        asking.algorithms = list(&["HS256"]);
        assert_eq!(faults(asking), ["algorithms"], "{set}");
    }
}

/// What the options refuse to build.
fn verifier_of(keys: Keys, algorithms: &[Algorithm]) -> Verifier {
    let accepted = || vec![AUTH_SERVER.to_owned()];
    let expectations = Expectations::new(accepted(), accepted()).unwrap();
    Verifier::new(keys, algorithms.to_vec(), expectations)
}

#[test]
fn a_key_set_never_verifies_hmac_even_if_a_program_allows_it() {
    for set in sets_with_the_secret() {
        let keys = Keys::Published(KeySource::fixed(KeySet::parse(set.as_bytes()).unwrap()));
        let verifier = verifier_of(keys, &[Algorithm::Hs256]);
        let code = outcome(&verify(&verifier, &token("HS256", "HS256", SECRET)));
        assert_eq!(code, "unknown_key", "{set}");
    }
}

#[test]
fn a_secret_never_verifies_signatures_even_if_a_program_allows_it() {
    let secret = Secret::new(SECRET, &[Algorithm::Hs256]).unwrap();
    let verifier = verifier_of(Keys::Shared(secret), &[Algorithm::EdDsa, Algorithm::Hs256]);
    let signed = Signer::default().token(&good_claims());
    assert_eq!(outcome(&verify(&verifier, &signed)), "bad_signature");
    let disguised = token("EdDSA", "HS256", SECRET);
    assert_eq!(outcome(&verify(&verifier, &disguised)), "bad_signature");
    assert_eq!(outcome(&verify(&verifier, &token("HS256", "HS256", SECRET))), "ok");
}

#[test]
fn a_misconfigured_secret_is_an_error_and_builds_no_verifier() {
    let good = || options(SECRET, &["HS256"]);
    let jwks = || Some(key_set(&[Signer::default().jwk()]));
    let jwks_url = || Some("https://keys.example/jwks".to_owned());
    for (what, options, fault) in [
        ("the good options", good(), None),
        (
            "HS256 without a secret",
            VerifierOptions { secret: None, jwks: jwks(), ..good() },
            Some("algorithms"),
        ),
        (
            "a secret without algorithms",
            VerifierOptions { algorithms: None, ..good() },
            Some("algorithms"),
        ),
        ("HS256 and a public one", options(SECRET, &["HS256", "EdDSA"]), Some("algorithms")),
        ("only a public one", options(SECRET, &["EdDSA"]), Some("algorithms")),
        ("an unknown one", options(SECRET, &["HS256", "HS128"]), Some("algorithms")),
        ("no algorithm", options(SECRET, &[]), Some("algorithms")),
        ("a secret and a set", VerifierOptions { jwks: jwks(), ..good() }, Some("secret")),
        ("a secret and a URL", VerifierOptions { jwks_url: jwks_url(), ..good() }, Some("secret")),
        ("no issuer", VerifierOptions { issuer: list(&[]), ..good() }, Some("issuer")),
        (
            "an empty audience",
            VerifierOptions { audience: list(&[""]), ..good() },
            Some("audience"),
        ),
        (
            "a negative tolerance",
            VerifierOptions { clock_tolerance: Some(-1.0), ..good() },
            Some("clockTolerance"),
        ),
    ] {
        assert_eq!(faults(options), fault.into_iter().collect::<Vec<_>>(), "{what}");
    }
}

#[test]
fn all_errors_about_a_secret_are_reported_at_once() {
    let options = VerifierOptions {
        jwks: Some("{}".to_owned()),
        jwks_url: Some("https://keys.example/jwks".to_owned()),
        issuer: list(&[]),
        ..options(b"short", &["EdDSA", "none"])
    };
    let mut faults = faults(options);
    faults.sort_unstable();
    assert_eq!(faults, ["algorithms", "algorithms", "issuer", "secret"]);
}

#[test]
fn nothing_shows_the_secret() {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let forms = [text(SECRET), base64url(SECRET), format!("{SECRET:?}"), format!("{SECRET:02x?}")];
    let secret = Secret::new(SECRET, &[Algorithm::Hs256]).unwrap();
    let bad = VerifierOptions { algorithms: None, ..options(SECRET, &[]) };
    for shown in [
        format!("{secret:?}"),
        format!("{:?}", Keys::Shared(secret)),
        format!("{:?}", verifier(&["HS256"])),
        format!("{:?}", bad.clone().build().unwrap_err()),
        format!("{bad:?}"),
    ] {
        for form in &forms {
            let form = form.trim_matches(['[', ']']);
            assert!(!shown.contains(form), "the secret is in {shown}");
        }
    }
}
