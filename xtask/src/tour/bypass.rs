//! Attacks by a client that knows the upstream's address and bypasses the edge.

use anyhow::{Context, Result};
use serde_json::Value;

use super::Step;
use crate::http;
use crate::stack::{Stack, User};
use crate::token;

pub(super) const STEPS: &[Step] = &[
    Step::new(
        "bypassing the edge with a valid token and forged headers",
        "401 wrong_token_type",
        with_forged_headers,
    ),
    Step::new("bypassing the edge with an attacker's assertion", "401 unknown_key", of_an_attacker),
    Step::new(
        "bypassing the edge with an attacker's assertion under the edge's kid",
        "401 bad_signature",
        under_the_edges_kid,
    ),
    Step::new(
        "bypassing the edge with an assertion on another user's path",
        "403 user_mismatch",
        on_anothers_path,
    ),
];

fn with_forged_headers(stack: &mut Stack) -> Result<String> {
    let [ada, grace] = [stack.sign_up("Ada")?, stack.sign_up("Grace")?];
    let bearer = format!("Bearer {}", stack.token(&ada)?);
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-edge-user", &grace.uuid),
        ("x_edge_jwt_assertion", "a.b.c"),
    ];
    directly(stack, &grace, &headers)
}

fn of_an_attacker(stack: &mut Stack) -> Result<String> {
    forged(stack, |header| header["kid"] = "of-an-attacker".into())
}

fn under_the_edges_kid(stack: &mut Stack) -> Result<String> {
    forged(stack, |_| ())
}

fn on_anothers_path(stack: &mut Stack) -> Result<String> {
    let [ada, grace] = [stack.sign_up("Ada")?, stack.sign_up("Grace")?];
    let assertion = assertion(stack, &ada)?;
    directly(stack, &grace, &[("x-edge-jwt-assertion", &assertion)])
}

/// The outcome of a valid assertion with an attacker's signature.
fn forged(stack: &Stack, change: impl Fn(&mut Value)) -> Result<String> {
    let user = stack.sign_up("Ada")?;
    let good = assertion(stack, &user)?;
    let mut header = token::segment(&good, 0);
    change(&mut header);
    let forged = token::signed_by_foreign_key(&header, &token::segment(&good, 1));
    directly(stack, &user, &[("x-edge-jwt-assertion", &forged)])
}

/// An assertion as the upstream receives it.
fn assertion(stack: &Stack, user: &User) -> Result<String> {
    let seen = stack.get(&format!("/api/{}/whoami", user.uuid), &stack.token(user)?)?.json();
    let assertion = seen["headers"]["x-edge-jwt-assertion"][0].as_str();
    Ok(assertion.context("no assertion")?.to_owned())
}

fn directly(stack: &Stack, user: &User, headers: http::Headers<'_>) -> Result<String> {
    let url = format!("{}/api/{}/tasks", stack.api_url, user.uuid);
    Ok(http::get(&url, headers)?.outcome())
}
