//! Steps of an attacker, and common mistakes of developers.

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Value, json};

use super::Step;
use crate::http::{self, Response};
use crate::stack::{Stack, User};
use crate::token;

pub(super) const STEPS: &[Step] = &[
    Step::new("no token", "401 missing_token, Bearer challenge", no_token),
    Step::new("an opaque session token instead of a JWT", "401 opaque_token", opaque),
    Step::new("a token with one bit of its signature flipped", "401 bad_signature", flipped_bit),
    Step::new("a token with another issuer's key", "401 unknown_key", foreign_key),
    Step::new(
        "another issuer's key under Better Auth's kid",
        "401 bad_signature",
        foreign_under_kid,
    ),
    Step::new("alg: none without a signature", "401 malformed_token", none_unsigned),
    Step::new("alg: none with a signature", "401 unsupported_algorithm", none_signed),
    Step::new(
        "HS256 with the public key as secret",
        "401 unsupported_algorithm",
        public_key_as_secret,
    ),
    Step::new(
        "a forged X-Edge-User on a user's own path",
        "the upstream saw only the user",
        forged,
    ),
    Step::new("a forged X-Edge-User on a public path", "the upstream saw none", forged_in_public),
];

fn no_token(stack: &mut Stack) -> Result<String> {
    let response = stack.get_with("/api/any/tasks", &[])?;
    let challenge = response.header("www-authenticate").unwrap_or_default();
    let scheme = challenge.split(' ').next().unwrap_or_default();
    Ok(format!("{}, {scheme} challenge", response.outcome()))
}

fn opaque(stack: &mut Stack) -> Result<String> {
    let user = stack.sign_up("Ada")?;
    let path = format!("/api/{}/tasks", user.uuid);
    Ok(stack.get(&path, &user.session_token)?.outcome())
}

fn flipped_bit(stack: &mut Stack) -> Result<String> {
    outcome(stack, |good| Ok(token::with_flipped_bit(good)))
}

fn foreign_key(stack: &mut Stack) -> Result<String> {
    outcome(stack, |good| {
        let header = json!({"alg": "EdDSA", "kid": "of-another-issuer"});
        let mut claims = token::segment(good, 1);
        claims["iss"] = "https://another-issuer.example".into();
        Ok(token::signed_by_foreign_key(&header, &claims))
    })
}

fn foreign_under_kid(stack: &mut Stack) -> Result<String> {
    outcome(stack, |good| {
        Ok(token::signed_by_foreign_key(&token::segment(good, 0), &token::segment(good, 1)))
    })
}

fn none_unsigned(stack: &mut Stack) -> Result<String> {
    outcome(stack, |good| {
        Ok(token::signed(&with_alg(good, "none"), &token::segment(good, 1), |_| vec![]))
    })
}

fn none_signed(stack: &mut Stack) -> Result<String> {
    outcome(stack, |good| {
        Ok(token::signed_by_foreign_key(&with_alg(good, "none"), &token::segment(good, 1)))
    })
}

fn public_key_as_secret(stack: &mut Stack) -> Result<String> {
    let jwks = http::get(&format!("{}/api/auth/jwks", stack.auth_url), &[])?.json();
    outcome(stack, |good| {
        let x = jwks["keys"][0]["x"].as_str().context("the JWK has no x")?;
        let secret = BASE64URL.decode(x)?;
        Ok(token::signed_by_secret(&with_alg(good, "HS256"), &token::segment(good, 1), &secret))
    })
}

fn forged(stack: &mut Stack) -> Result<String> {
    let (ada, grace) = (stack.sign_up("Ada")?, stack.sign_up("Grace")?);
    let bearer = format!("Bearer {}", stack.token(&ada)?);
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-edge-user", &grace.uuid),
        ("x_edge_user", &grace.uuid),
        ("x-edge-jwt-assertion", "a.b.c"),
    ];
    let response = stack.get_with(&format!("/api/{}/whoami", ada.uuid), &headers)?;
    let seen = identity_headers(&response)?;
    let assertion = seen["x-edge-jwt-assertion"][0].as_str().context("no assertion")?;
    let expected = json!({"x-edge-user": [ada.uuid], "x-edge-jwt-assertion": [assertion]});
    let is_ada = assertion != "a.b.c" && token::segment(assertion, 1)["sub"] == *ada.uuid;
    Ok(match seen == expected && is_ada {
        true => "the upstream saw only the user".into(),
        false => seen.to_string(),
    })
}

fn forged_in_public(stack: &mut Stack) -> Result<String> {
    let headers =
        [("x-edge-user", "admin"), ("X-Edge-Jwt-Assertion", "a.b.c"), ("x_edge_user", "admin")];
    let response = stack.get_with("/public/whoami", &headers)?;
    Ok(match identity_headers(&response)? {
        seen if seen == json!({}) => "the upstream saw none".into(),
        seen => seen.to_string(),
    })
}

/// The outcome of a token that an attacker derived from a valid one.
fn outcome(stack: &Stack, attack: impl Fn(&str) -> Result<String>) -> Result<String> {
    let user: User = stack.sign_up("Ada")?;
    let path = format!("/api/{}/tasks", user.uuid);
    let token = attack(&stack.token(&user)?)?;
    Ok(stack.get(&path, &token)?.outcome())
}

fn with_alg(good: &str, alg: &str) -> Value {
    let mut header = token::segment(good, 0);
    header["alg"] = alg.into();
    header
}

/// The identity headers that the upstream received.
fn identity_headers(response: &Response) -> Result<Value> {
    let mut headers = response.json()["headers"].take();
    let headers_seen = headers.as_object_mut().context("the upstream echoed no headers")?;
    headers_seen.retain(|name, _| name.replace('_', "-").starts_with("x-edge-"));
    Ok(headers)
}
