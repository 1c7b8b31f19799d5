//! Compact JWS from parsing to the signature: the examples of the RFCs, and tokens that another
//! implementation signed. The checks have the order of the core: form, key, algorithm, signature.

#[path = "../vectors/keys.rs"]
mod keys;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use better_auth_edge::crypto::Secret;
use better_auth_edge::jose::{Algorithm, CompactJws, Jwk, Limits, Object, Unusable};
use serde_json::{Value, json};

use crate::common::TestHost;
use keys::verifying_key;

/// The examples whose payload is a claims set, so that the core parses them as tokens. The others
/// sign plain text: their signatures are valid, but they are not tokens.
const TOKENS: [&str; 3] =
    ["RFC 7515, appendix A.1", "RFC 7515, appendix A.2", "RFC 7515, appendix A.3"];

/// The example without a signature. It is not a token.
const UNSECURED: &str = "RFC 7515, appendix A.5";

#[test]
fn the_signatures_of_the_rfcs_verify_only_with_their_own_bytes_and_algorithm() {
    let host = TestHost::new();
    let mut count = 0;
    for example in examples() {
        let Some(jwk) = &example.jwk else {
            assert_eq!(example.source, UNSECURED);
            continue;
        };
        let (input, signature) = example.token.rsplit_once('.').expect("a token has dots");
        let signature = decode(signature);
        let own = example.algorithm();
        let verifies = |algorithm, message: &[u8], signature: &[u8]| {
            verify(&host, jwk, algorithm, message, signature) == "verified"
        };
        assert!(verifies(own, input.as_bytes(), &signature), "{example:?}");
        assert!(!verifies(own, format!("{input}A").as_bytes(), &signature), "{example:?}");
        for index in [0, signature.len() - 1] {
            let mut changed = signature.clone();
            changed[index] ^= 1;
            assert!(!verifies(own, input.as_bytes(), &changed), "{example:?}");
        }
        for other in ALGORITHMS.into_iter().filter(|other| *other != own) {
            assert!(!verifies(other, input.as_bytes(), &signature), "{other}: {example:?}");
        }
        count += 1;
    }
    println!("RFC 7515, 7520, 8037: {count} signatures verified");
    assert_eq!(count, 9);
}

#[test]
fn only_rfc_examples_with_claims_and_a_signature_are_tokens() {
    for example in examples() {
        let parsed = CompactJws::parse(&example.token, &Limits::default());
        let payload = example.token.split('.').nth(1).expect("a token has a payload");
        assert_eq!(decode(payload), example.payload.as_bytes(), "{example:?}");
        if TOKENS.contains(&example.source.as_str()) {
            let parsed = parsed.unwrap_or_else(|error| panic!("{example:?}: {error:?}"));
            assert_eq!(
                Algorithm::from_name(parsed.header().algorithm()),
                Some(example.algorithm())
            );
        } else {
            let code = parsed.err().map(|error| error.code().as_str());
            assert_eq!(code, Some("malformed_token"), "{example:?}");
        }
    }
}

#[test]
fn rfc_examples_in_a_json_serialization_are_not_tokens() {
    for example in examples() {
        let segments: Vec<_> = example.token.split('.').collect();
        let (protected, payload, signature) = (segments[0], segments[1], segments[2]);
        let signatures = json!([{ "protected": protected, "signature": signature }]);
        let general = json!({ "payload": payload, "signatures": signatures });
        let flattened =
            json!({ "payload": payload, "protected": protected, "signature": signature });
        for form in [general, flattened] {
            let error = CompactJws::parse(&form.to_string(), &Limits::default()).err();
            let code = error.map(|error| error.code().as_str());
            assert_eq!(code, Some("malformed_token"), "{example:?}");
        }
    }
}

#[test]
fn tokens_of_another_implementation_have_the_recorded_verdicts() {
    let file = parse(include_str!("../vectors/jose/cases.json"));
    let host = TestHost::new();
    let mut counts = BTreeMap::<_, usize>::new();
    let mut mismatches = Vec::new();
    for case in list(&file["cases"]) {
        let jwk = &file["keys"][text(case, "key")];
        let actual = verdict(&host, jwk, text(case, "token"));
        *counts.entry(actual).or_default() += 1;
        let expected = text(case, "expect");
        if actual != expected {
            mismatches.push(format!("{}: {actual}, not {expected}", text(case, "name")));
        }
    }
    println!("jose/cases.json: {counts:?}");
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
    assert_eq!(counts.values().sum::<usize>(), 501);
}

/// The verdict on a token that this key must verify, in the words of `cases.json`.
fn verdict(host: &TestHost, jwk: &Value, token: &str) -> &'static str {
    let Ok(jws) = CompactJws::parse(token, &Limits::default()) else {
        return "malformed";
    };
    let Some(algorithm) = Algorithm::from_name(jws.header().algorithm()) else {
        return "unfit";
    };
    verify(host, jwk, algorithm, jws.signing_input(), jws.signature())
}

fn verify(
    host: &TestHost,
    jwk: &Value,
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> &'static str {
    let verified = match jwk["kty"].as_str() {
        Some("oct") => {
            assert_eq!(jwk_error(jwk), Some(Unusable::Private), "a secret in a set is ignored");
            if !algorithm.is_symmetric() {
                return "unfit";
            }
            let bytes = decode(text(jwk, "k"));
            let Ok(secret) = Secret::new(&bytes, &[algorithm]) else {
                return "unusable";
            };
            secret.verifies(algorithm, message, signature)
        }
        _ => {
            let Ok(key) = verifying_key(&jwk.to_string()) else {
                return "unusable";
            };
            if !key.fits(algorithm) {
                assert!(!host.run(key.verifies(host, algorithm, message, signature)));
                return "unfit";
            }
            host.run(key.verifies(host, algorithm, message, signature))
        }
    };
    if verified { "verified" } else { "bad signature" }
}

/// The reason why a set ignores the key.
fn jwk_error(jwk: &Value) -> Option<Unusable> {
    let object = Object::parse(jwk.to_string().as_bytes()).expect("the text is a JSON object");
    Jwk::from_object(&object).err()
}

const ALGORITHMS: [Algorithm; 13] = [
    Algorithm::EdDsa,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Hs256,
    Algorithm::Hs384,
    Algorithm::Hs512,
];

/// An example of an RFC. `jwk` is `None` if the example has no signature.
#[derive(Debug)]
struct Example {
    source: String,
    jwk: Option<Value>,
    token: String,
    payload: String,
}

impl Example {
    fn algorithm(&self) -> Algorithm {
        let header = decode(self.token.split('.').next().expect("a token has a header"));
        let header = parse(&String::from_utf8(header).expect("the header is text"));
        Algorithm::from_name(text(&header, "alg")).expect("the algorithm is known")
    }
}

fn examples() -> Vec<Example> {
    let files = [
        include_str!("../vectors/rfc/rfc7515.json"),
        include_str!("../vectors/rfc/rfc7520.json"),
        include_str!("../vectors/rfc/rfc8037.json"),
    ];
    let read = |entry: &Value| Example {
        source: text(entry, "source").to_owned(),
        jwk: entry.get("jwk").cloned(),
        token: text(entry, "token").to_owned(),
        payload: text(entry, "payload").to_owned(),
    };
    files.into_iter().flat_map(|file| list(&parse(file)).map(read).collect::<Vec<_>>()).collect()
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).expect("the text is JSON")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("an array").iter()
}

fn text<'v>(object: &'v Value, name: &str) -> &'v str {
    object[name].as_str().unwrap_or_else(|| panic!("{name} is not a string in {object}"))
}

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("the text is base64url")
}
