//! The Worker in workerd: assertions under replay, close to a token's expiry, and during key
//! rotation.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::common::{Auth, Scripted, UUID, bearer, echo, edge, key_set, seen};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use xtask::http;
use xtask::stack::Edge;
use xtask::token;

/// A private JWK with that `kid`, in the format of `EDGE_SIGNING_KEY`.
fn private_key(seed: u8, kid: &str) -> Value {
    let mut jwk = token::private_jwk(&SigningKey::from_bytes(&[seed; 32]));
    jwk["kid"] = json!(kid);
    json!(jwk.to_string())
}

fn published(edge: &Edge) -> Vec<Value> {
    let url = format!("{}/.well-known/better-auth-edge/jwks.json", edge.url);
    http::get(&url, &[]).unwrap().json()["keys"].as_array().unwrap().clone()
}

/// Verifies the assertion that reached the upstream with one of these keys. Returns its `kid` and
/// its claims.
fn verified(echoed: &Value, keys: &[Value]) -> (Value, Value) {
    let assertions = seen(echoed, "x-edge-jwt-assertion");
    let [assertion] = &assertions[..] else { panic!("{echoed}") };
    let kid = token::segment(assertion, 0)["kid"].clone();
    let key = keys.iter().find(|key| key["kid"] == kid).unwrap();
    assert!(token::verified_by(key, assertion), "{assertion}");
    (kid, token::segment(assertion, 1))
}

fn get(edge: &Edge, token: &str, path: &str, headers: http::Headers<'_>) -> Value {
    let bearer = bearer(token);
    let headers = [&[("authorization", &*bearer)], headers].concat();
    let response = http::get(&format!("{}/api/{UUID}{path}", edge.url), &headers).unwrap();
    assert_eq!(response.status, 200);
    response.json()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn servers() -> (Auth, Scripted) {
    (Auth::start(&key_set(&["a"])), echo())
}

#[test]
fn a_client_that_repeats_a_request_id_does_not_repeat_an_assertions_id() {
    let (auth, upstream) = servers();
    let settings =
        [("EDGE_SIGNING_KEY", private_key(1, "one")), ("EDGE_BIND_REQUEST", json!("true"))];
    let edge = edge(&auth, &upstream, &settings);
    let (keys, token) = (published(&edge), auth.token("a"));
    let mut ids = Vec::new();
    for path in ["/x", "/x", "/y?q=1"] {
        for headers in [&[("x-request-id", "of-the-client")][..], &[]] {
            let echoed = get(&edge, &token, path, headers);
            let (_, claims) = verified(&echoed, &keys);
            let url = format!("{}/api/{UUID}{}", upstream.url, path.split('?').next().unwrap());
            assert_eq!((&claims["htm"], &claims["htu"]), (&json!("GET"), &json!(url)));
            ids.push(claims["jti"].as_str().unwrap().to_owned());
        }
    }
    assert!(!ids.contains(&"of-the-client".to_owned()));
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "{ids:?}");
}

#[test]
fn an_assertion_is_reused_for_its_token_and_issuer_only() {
    let (auth, upstream) = servers();
    let edge = edge(&auth, &upstream, &[("EDGE_SIGNING_KEY", private_key(1, "one"))]);
    let keys = published(&edge);
    let (token, other) = (auth.token("a"), auth.token_with("a", json!({"sub": "user-2"})));
    let assertion = |token: &str, headers: http::Headers<'_>| {
        let echoed = get(&edge, token, "/x", headers);
        verified(&echoed, &keys);
        seen(&echoed, "x-edge-jwt-assertion").remove(0)
    };
    let first = assertion(&token, &[]);
    assert_eq!(assertion(&token, &[]), first);
    assert_ne!(assertion(&other, &[]), first);
    let elsewhere = assertion(&token, &[("host", "other.example")]);
    assert_eq!(token::segment(&elsewhere, 1)["iss"], "http://other.example");
    let again = assertion(&token, &[]);
    assert_eq!(token::segment(&again, 1)["iss"], edge.url);
}

#[test]
fn a_token_close_to_its_expiry_is_rejected_or_its_assertion_is_still_valid() {
    let (auth, upstream) = servers();
    let settings = [("EDGE_SIGNING_KEY", private_key(1, "one")), ("CLOCK_TOLERANCE", json!("30"))];
    let edge = edge(&auth, &upstream, &settings);
    let keys = published(&edge);
    for (left, least, most) in [(900, 55, 60), (20, 15, 20), (1, 0, 1), (0, 0, 1), (-20, 0, 1)] {
        let exp = now().saturating_add_signed(left);
        let echoed = get(&edge, &auth.token_with("a", json!({"exp": exp})), "/x", &[]);
        let (_, claims) = verified(&echoed, &keys);
        let expires = claims["exp"].as_u64().unwrap();
        let life = expires.saturating_sub(now());
        assert!((least..=most).contains(&life), "{life} s for a token with {left} s");
        assert!(claims["iat"].as_u64().unwrap() < expires);
    }
    let late = bearer(&auth.token_with("a", json!({"exp": now() - 31})));
    let url = format!("{}/api/{UUID}/x", edge.url);
    let response = http::get(&url, &[("authorization", &late)]).unwrap();
    assert_eq!(response.outcome(), "401 expired");
}

#[test]
fn during_rotation_of_the_edges_keys_every_assertion_verifies_with_the_old_and_the_new_set() {
    let (auth, upstream) = servers();
    let stages = [
        vec![("EDGE_SIGNING_KEY", "one")],
        vec![("EDGE_SIGNING_KEY", "one"), ("EDGE_SIGNING_KEY_NEXT", "two")],
        vec![("EDGE_SIGNING_KEY", "two"), ("EDGE_SIGNING_KEY_NEXT", "one")],
        vec![("EDGE_SIGNING_KEY", "two")],
    ];
    let stages = stages.map(|keys| {
        let seed = |kid: &str| u8::from(kid == "one") + 1;
        let settings: Vec<_> =
            keys.iter().map(|(name, kid)| (*name, private_key(seed(kid), kid))).collect();
        edge(&auth, &upstream, &settings)
    });
    let sets: Vec<_> = stages.iter().map(published).collect();
    assert_eq!(sets.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 2, 1]);
    assert!(sets.iter().flatten().all(|key| key.get("d").is_none()));
    let token = auth.token("a");
    for (i, signer) in ["one", "one", "two", "two"].into_iter().enumerate() {
        let echoed = get(&stages[i], &token, "/x", &[]);
        for set in &sets[i.saturating_sub(1)..=(i + 1).min(3)] {
            assert_eq!(verified(&echoed, set).0, signer, "stage {i}");
        }
    }
}
