//! The core as wasm in a browser: the JavaScript API with the browser's `fetch` and clock.
//!
//! `wasm-pack test --headless --chrome` runs this file.
#![cfg(target_arch = "wasm32")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use better_auth_edge::bindings::javascript::create_verifier;
use ed25519_dalek::{Signer, SigningKey};
use js_sys::{Array, Date, Function, JSON, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// The test runner's server serves the files of the checkout.
const JWKS_PATH: &str = "/tests/vectors/web/jwks.json";
const JWKS: &str = include_str!("../vectors/web/jwks.json");
const ISSUER: &str = "https://app.example";

#[wasm_bindgen_test]
async fn a_valid_token_returns_payload_header_and_user() {
    let result = verify(&with_set(), &token(&claims())).await.unwrap();
    assert_eq!(text(&result, "payload.email"), "ada@example.com");
    assert_eq!(text(&result, "protectedHeader.alg"), "EdDSA");
    assert_eq!(text(&result, "protectedHeader.kid"), "web");
    assert_eq!(text(&result, "user.id"), "user-1");
    assert_eq!(text(&result, "user.claims.sub"), "user-1");
    assert!(member(&result, "user.uuid").is_undefined());
}

#[wasm_bindgen_test]
async fn keys_are_fetched_by_the_browser() {
    let options = format!(
        r#"{{"jwksUrl":"{}{JWKS_PATH}","issuer":"{ISSUER}","audience":["{ISSUER}"]}}"#,
        page_origin()
    );
    let result = verify(&options, &token(&claims())).await.unwrap();
    assert_eq!(text(&result, "user.id"), "user-1");
}

#[wasm_bindgen_test]
async fn unavailable_keys_are_not_a_token_error() {
    for jwks_url in [format!("{}/nowhere.json", page_origin()), "http://127.0.0.1:9/jwks".into()] {
        let options =
            format!(r#"{{"jwksUrl":"{jwks_url}","issuer":"{ISSUER}","audience":"{ISSUER}"}}"#);
        let error = verify(&options, &token(&claims())).await.unwrap_err();
        assert_eq!(text(&error, "code"), "keys_unavailable", "{jwks_url}");
        assert_eq!(member(&error, "status").as_f64(), Some(503.0));
    }
}

#[wasm_bindgen_test]
async fn a_bad_token_is_an_error_with_code_and_status() {
    let good = token(&claims());
    let expired = token(&claims_with("exp", "1700000000"));
    let (input, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{input}.{}", BASE64URL.encode([0; 64]));
    for (token, code) in [
        (expired.as_str(), "expired"),
        (forged.as_str(), "bad_signature"),
        ("", "missing_token"),
        ("a.b", "malformed_token"),
        ("0123456789abcdef0123456789abcdef", "opaque_token"),
    ] {
        let error = verify(&with_set(), token).await.unwrap_err();
        assert_eq!(text(&error, "code"), code);
        assert_eq!(member(&error, "status").as_f64(), Some(401.0));
    }
    let verifier = create_verifier(JSON::parse(&with_set()).unwrap()).unwrap();
    let error = JsFuture::from(verifier.verify(JsValue::from(7))).await.unwrap_err();
    assert_eq!(text(&error, "code"), "malformed_token");
}

#[wasm_bindgen_test]
async fn verifications_that_wait_for_one_key_import_do_not_interfere() {
    let made = JsFuture::from(es256_tokens(ISSUER)).await.unwrap();
    let options =
        format!(r#"{{"jwks":{},"issuer":"{ISSUER}","audience":"{ISSUER}"}}"#, text(&made, "jwks"));
    let verifier = create_verifier(JSON::parse(&options).unwrap()).unwrap();
    let tokens: Vec<_> = member(&made, "tokens").unchecked_into::<Array>().to_vec();
    let results: Vec<_> = tokens.into_iter().map(|token| verifier.verify(token)).collect();
    for (number, result) in results.into_iter().enumerate() {
        match JsFuture::from(result).await {
            Ok(result) => {
                assert_ne!(number, FORGED);
                assert_eq!(text(&result, "user.id"), format!("user-{number}"));
            }
            Err(error) => {
                assert_eq!((number, text(&error, "code")), (FORGED, "bad_signature".into()));
            }
        }
    }
}

#[wasm_bindgen_test]
async fn verifiers_share_an_imported_key_until_the_last_one_is_dropped() {
    let made = JsFuture::from(es256_tokens(ISSUER)).await.unwrap();
    let options =
        format!(r#"{{"jwks":{},"issuer":"{ISSUER}","audience":"{ISSUER}"}}"#, text(&made, "jwks"));
    let make = || create_verifier(JSON::parse(&options).unwrap()).unwrap();
    let [first, second]: [JsValue; 2] = {
        let tokens = member(&made, "tokens").unchecked_into::<Array>();
        [tokens.get(0), tokens.get(1)]
    };
    let count = Function::new_no_args(
        "const prototype = Object.getPrototypeOf(crypto.subtle);
        const { importKey } = prototype;
        let imports = 0;
        prototype.importKey = function (...args) {
            imports += 1;
            return importKey.apply(this, args);
        };
        return () => imports;",
    );
    let count: Function = count.call0(&JsValue::UNDEFINED).unwrap().unchecked_into();
    let imports = || count.call0(&JsValue::UNDEFINED).unwrap().as_f64();
    let verifiers = [make(), make()];
    for token in [&first, &second] {
        for verifier in &verifiers {
            JsFuture::from(verifier.verify(token.clone())).await.unwrap();
        }
    }
    assert_eq!(imports(), Some(1.0));
    let [dropped, kept] = verifiers;
    drop(dropped);
    let third = make();
    JsFuture::from(third.verify(first.clone())).await.unwrap();
    assert_eq!(imports(), Some(1.0));
    drop((kept, third));
    JsFuture::from(make().verify(first)).await.unwrap();
    assert_eq!(imports(), Some(2.0));
}

#[wasm_bindgen_test]
fn invalid_options_are_rejected_with_every_error_named() {
    let options = r#"{"baseURL":"x","algorithms":["none"],"clockTolerance":-1}"#;
    let error = create_verifier(JSON::parse(options).unwrap()).err().unwrap();
    assert_eq!(text(&error, "code"), "misconfigured");
    let message = text(&error, "message");
    for option in ["baseURL", "algorithms", "clockTolerance"] {
        assert!(message.contains(option), "{message}");
    }
    for options in ["{}", r#"{"baseUrl":"https://app.example"}"#, "null", "7"] {
        let error = create_verifier(JSON::parse(options).unwrap()).err().unwrap();
        assert_eq!(text(&error, "code"), "misconfigured", "{options}");
    }
}

/// Options with an inline key set.
fn with_set() -> String {
    format!(r#"{{"jwks":{JWKS},"issuer":"{ISSUER}","audience":"{ISSUER}"}}"#)
}

async fn verify(options: &str, token: &str) -> Result<JsValue, JsValue> {
    let verifier = create_verifier(JSON::parse(options)?)?;
    JsFuture::from(verifier.verify(JsValue::from(token))).await
}

fn claims() -> String {
    claims_with("exp", &(now() + 900).to_string())
}

fn claims_with(name: &str, value: &str) -> String {
    let issued = now() - 3600;
    format!(
        r#"{{"iss":"{ISSUER}","aud":"{ISSUER}","sub":"user-1","email":"ada@example.com","iat":{issued},"{name}":{value}}}"#
    )
}

fn now() -> u64 {
    (Date::now() / 1000.0) as u64
}

/// Signs with the private key of vectors/web/jwks.json.
fn token(claims: &str) -> String {
    let header = BASE64URL.encode(r#"{"alg":"EdDSA","kid":"web"}"#);
    let input = format!("{header}.{}", BASE64URL.encode(claims));
    let signature = SigningKey::from_bytes(&[1; 32]).sign(input.as_bytes());
    format!("{input}.{}", BASE64URL.encode(signature.to_bytes()))
}

/// The index in [`es256_tokens`] of the token with an invalid signature.
const FORGED: usize = 3;

/// A promise of eight tokens, of different users and lengths, and of their key set.
fn es256_tokens(issuer: &str) -> Promise {
    let body = format!(
        r#"return (async () => {{
            const algorithm = {{ name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }};
            const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
            const encode = (bytes) => btoa(String.fromCharCode(...bytes))
                .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
            const utf8 = (text) => new TextEncoder().encode(text);
            const sign = async (number) => {{
                const sub = `user-${{number}}`, exp = Math.floor(Date.now() / 1000) + 600;
                const claims = {{ iss: issuer, aud: issuer, exp, sub, more: "x".repeat(97 * number) }};
                const parts = [{{ alg: "ES256", kid: "k" }}, claims];
                const input = parts.map((part) => encode(utf8(JSON.stringify(part)))).join(".");
                const signed = number === {FORGED} ? utf8("something else") : utf8(input);
                const signature = await crypto.subtle.sign(algorithm, pair.privateKey, signed);
                return `${{input}}.${{encode(new Uint8Array(signature))}}`;
            }};
            const {{ kty, crv, x, y }} = await crypto.subtle.exportKey("jwk", pair.publicKey);
            return {{
                jwks: JSON.stringify({{ keys: [{{ kty, crv, x, y, kid: "k" }}] }}),
                tokens: await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(sign)),
            }};
        }})()"#
    );
    let tokens = Function::new_with_args("issuer", &body);
    tokens.call1(&JsValue::UNDEFINED, &issuer.into()).unwrap().unchecked_into()
}

fn page_origin() -> String {
    text(&js_sys::global(), "location.origin")
}

fn text(value: &JsValue, path: &str) -> String {
    member(value, path).as_string().unwrap_or_else(|| panic!("{path} is not a text"))
}

fn member(value: &JsValue, path: &str) -> JsValue {
    path.split('.').fold(value.clone(), |value, name| Reflect::get(&value, &name.into()).unwrap())
}
