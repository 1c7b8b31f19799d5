//! The assertion for the upstream: claims, keys, lifetime and reuse.

use crate::common::{Claims, Edge, NOW, good_claims, request};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use better_auth_edge::gateway::HeaderEdit;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Value, json};

/// RFC 8037, appendix A.1
pub(crate) const KEY: (&str, &str) = (
    "EDGE_SIGNING_KEY",
    r#"{"kty":"OKP","crv":"Ed25519","kid":"edge-1","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
);
/// RFC 8032, section 7.1, test 2
const NEXT: (&str, &str) = (
    "EDGE_SIGNING_KEY_NEXT",
    r#"{"kty":"OKP","crv":"Ed25519","d":"TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}"#,
);

const WELL_KNOWN: &str = "/.well-known/better-auth-edge/jwks.json";

/// The assertion that the upstream receives for a request with these claims, if any.
fn assertion(edge: &Edge, claims: &Claims, method: &str, path: &str) -> Option<String> {
    let forward = edge.forward(&request(method, path, &[edge.bearer(claims)]));
    forward.edits().cloned().find_map(|edit| match edit {
        HeaderEdit::Set(name, value) if name == "x-edge-jwt-assertion" => Some(value),
        _ => None,
    })
}

fn published(edge: &Edge) -> Value {
    let headers: [(&str, &str); 0] = [];
    serde_json::from_str(&edge.respond(&request("GET", WELL_KNOWN, &headers)).body).unwrap()
}

/// Verifies an assertion with the edge's published keys and returns its header and claims.
fn verified(edge: &Edge, assertion: &str) -> (Value, Value) {
    let parts: Vec<_> = assertion.split('.').collect();
    let decode = |part: &str| BASE64URL.decode(part).unwrap();
    let header: Value = serde_json::from_slice(&decode(parts[0])).unwrap();
    let set = published(edge);
    let keys = set["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).unwrap();
    let x: [u8; 32] = decode(key["x"].as_str().unwrap()).try_into().unwrap();
    let signature = Signature::from_slice(&decode(parts[2])).unwrap();
    let input = format!("{}.{}", parts[0], parts[1]);
    let key = VerifyingKey::from_bytes(&x).unwrap();
    key.verify_strict(input.as_bytes(), &signature).unwrap();
    (header, serde_json::from_slice(&decode(parts[1])).unwrap())
}

#[test]
fn an_assertion_names_the_user_the_edge_and_the_upstream_for_one_minute() {
    let edge = Edge::new(&[KEY]);
    let claims = good_claims().with("role", r#"["admin",1.5,{"a":null}]"#).with("plan", r#""x""#);
    let (header, assertion_claims) =
        verified(&edge, &assertion(&edge, &claims, "GET", "/x").unwrap());
    assert_eq!(header, json!({"alg": "EdDSA", "typ": "edge-assertion+jwt", "kid": "edge-1"}));
    assert_eq!(assertion_claims["iss"], "https://edge.example");
    assert_eq!(assertion_claims["aud"], "https://api.example");
    assert_eq!(assertion_claims["sub"], "user-1");
    assert_eq!(
        (assertion_claims["iat"].as_u64(), assertion_claims["exp"].as_u64()),
        (Some(NOW as u64), Some(NOW as u64 + 60))
    );
    assert!(!assertion_claims["jti"].as_str().unwrap().is_empty());
    assert_eq!(assertion_claims["claims"]["sub"], "user-1");
    assert_eq!(assertion_claims["claims"]["role"], json!(["admin", 1.5, {"a": null}]));
    assert_eq!(assertion_claims["claims"].get("plan"), None, "only the listed claims");
    assert_eq!(assertion_claims.get("htm"), None);
}

#[test]
fn the_assertions_issuer_and_claims_can_be_set() {
    let edge = Edge::new(&[KEY, ("EDGE_ISSUER", "https://edge.internal"), ("CLAIMS", "sub,plan")]);
    let claims = good_claims().with("plan", r#""x""#);
    let (_, assertion_claims) = verified(&edge, &assertion(&edge, &claims, "GET", "/x").unwrap());
    assert_eq!(assertion_claims["iss"], "https://edge.internal");
    assert_eq!(assertion_claims["claims"], json!({"sub": "user-1", "plan": "x"}));
}

#[test]
fn an_assertion_does_not_outlive_the_token() {
    let edge = Edge::new(&[KEY]);
    let claims = good_claims().with("exp", &(NOW as u64 + 20).to_string());
    let (_, assertion_claims) = verified(&edge, &assertion(&edge, &claims, "GET", "/x").unwrap());
    assert_eq!(assertion_claims["exp"].as_u64(), Some(NOW as u64 + 20));
}

#[test]
fn a_token_accepted_at_its_expiry_has_an_assertion_that_is_still_valid() {
    for ago in [0, 4] {
        let edge = Edge::new(&[KEY]);
        let claims = good_claims().with("exp", &(NOW as u64 - ago).to_string());
        let (_, assertion_claims) =
            verified(&edge, &assertion(&edge, &claims, "GET", "/x").unwrap());
        assert_eq!(assertion_claims["exp"].as_u64(), Some(NOW as u64 + 1), "{ago} s ago");
    }
}

#[test]
fn no_client_chooses_an_assertions_id() {
    let edge = Edge::new(&[KEY, ("EDGE_BIND_REQUEST", "true")]);
    let ids = [(), ()].map(|()| {
        let (name, bearer) = edge.bearer(&good_claims());
        let headers = [(name, bearer), ("x-request-id", "of-the-client".to_owned())];
        let forward = edge.forward(&request("GET", "/x", &headers));
        assert_eq!(forward.request_id, "of-the-client");
        let assertion = forward.edits().find_map(|edit| match edit {
            HeaderEdit::Set(name, value) if name == "x-edge-jwt-assertion" => Some(value),
            _ => None,
        });
        let (_, assertion_claims) = verified(&edge, assertion.unwrap());
        assertion_claims["jti"].as_str().unwrap().to_owned()
    });
    assert_ne!(ids[0], ids[1]);
    assert!(!ids.contains(&"of-the-client".to_owned()), "{ids:?}");
}

#[test]
fn an_assertion_is_reused_for_half_of_its_lifetime() {
    let edge = Edge::new(&[KEY]);
    let claims = good_claims();
    let next = || assertion(&edge, &claims, "GET", "/x").unwrap();
    let first = next();
    edge.host.advance(29.0);
    assert_eq!(next(), first);
    edge.host.advance(2.0);
    assert_ne!(next(), first);
    let other = good_claims().with("sub", r#""user-2""#);
    let (_, assertion_claims) = verified(&edge, &assertion(&edge, &other, "GET", "/x").unwrap());
    assert_eq!(assertion_claims["sub"], "user-2");
}

#[test]
fn a_bound_assertion_covers_one_method_and_path() {
    let edge = Edge::new(&[KEY, ("EDGE_BIND_REQUEST", "true")]);
    let claims = good_claims();
    let first = assertion(&edge, &claims, "PUT", "/a/%62?q=1").unwrap();
    let (_, assertion_claims) = verified(&edge, &first);
    assert_eq!(
        (&assertion_claims["htm"], &assertion_claims["htu"]),
        (&json!("PUT"), &json!("https://api.example/a/b"))
    );
    assert_ne!(assertion(&edge, &claims, "PUT", "/a/b").unwrap(), first);
}

#[test]
fn without_a_key_or_a_user_no_assertion_is_sent() {
    assert_eq!(assertion(&Edge::new(&[]), &good_claims(), "GET", "/x"), None);
    let edge = Edge::new(&[KEY, ("ROUTES", r#"[{"path":"/p","auth":"public"}]"#)]);
    assert_eq!(assertion(&edge, &good_claims(), "GET", "/p"), None);
    assert_eq!(published(&Edge::new(&[])), json!({"keys": []}));
}

#[test]
fn the_next_key_is_published_before_it_signs() {
    let edge = Edge::new(&[KEY, NEXT]);
    let set = published(&edge);
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key.get("d").is_none() && key["use"] == "sig"), "{set}");
    let (header, _) = verified(&edge, &assertion(&edge, &good_claims(), "GET", "/x").unwrap());
    assert_eq!(header["kid"], "edge-1");
}

#[test]
fn numbers_are_forwarded_to_the_last_digit() {
    let edge = Edge::new(&[KEY, ("CLAIMS", "number")]);
    for number in ["12345678901234567890123", "0.10000000000000000001", "-1", "1.50", "1E+2"] {
        let assertion = assertion(&edge, &good_claims().with("number", number), "GET", "/x");
        let assertion = assertion.unwrap();
        let payload = BASE64URL.decode(assertion.split('.').nth(1).unwrap()).unwrap();
        let payload = String::from_utf8(payload).unwrap();
        assert!(payload.contains(&format!(r#""claims":{{"number":{number}}}"#)), "{payload}");
    }
}
