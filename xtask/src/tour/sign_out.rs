//! Steps of users who sign out, and of an attacker who sends the edge events of his own.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::Step;
use crate::http;
use crate::stack::{Stack, User};
use crate::token;

pub(super) const STEPS: &[Step] = &[
    Step::new(
        "Ada signs out in one tab: her token in the other tab stops to count",
        "200; 401 session_revoked",
        sign_out,
    ),
    Step::new(
        "Ada signs out everywhere and signs in again: only the new token counts",
        "401 session_revoked; 200",
        sign_out_everywhere,
    ),
    Step::new(
        "an attacker reports the end of Ada's session, signed with another key",
        "401 unknown_key; 200",
        forged_event,
    ),
];

fn sign_out(stack: &mut Stack) -> Result<String> {
    let ada = stack.sign_up("Ada")?;
    let token = stack.token(&ada)?;
    let before = stack.get(&tasks(&ada), &token)?.outcome();
    post(stack, "/api/auth/sign-out", &ada)?;
    Ok(format!("{before}; {}", outcome_once_ended(stack, &ada, &token)?))
}

fn sign_out_everywhere(stack: &mut Stack) -> Result<String> {
    let ada = stack.sign_up("Ada")?;
    let old = stack.token(&ada)?;
    post(stack, "/api/auth/revoke-sessions", &ada)?;
    let ended = outcome_once_ended(stack, &ada, &old)?;
    let new = stack.token(&stack.sign_in(&ada)?)?;
    Ok(format!("{ended}; {}", stack.get(&tasks(&ada), &new)?.outcome()))
}

fn forged_event(stack: &mut Stack) -> Result<String> {
    let ada = stack.sign_up("Ada")?;
    let good = stack.token(&ada)?;
    let claims = token::segment(&good, 1);
    let header = json!({"alg": "EdDSA", "kid": "an attacker's", "typ": "edge-event+jwt"});
    let now = claims["iat"].clone();
    let event = json!({
        "iss": claims["iss"], "aud": stack.edge_url, "iat": now, "jti": "1",
        "exp": now.as_u64().unwrap_or_default() + 120,
        "events": [{"type": "session", "sid": claims["sid"], "sub": claims["sub"]}],
    });
    let event = token::signed_by_foreign_key(&header, &event);
    let url = format!("{}/.well-known/better-auth-edge/events", stack.edge_url);
    let forged = http::post_text(&url, "application/jwt", &event)?.outcome();
    thread::sleep(Duration::from_secs(3)); // longer than the lag
    Ok(format!("{forged}; {}", stack.get(&tasks(&ada), &good)?.outcome()))
}

/// The outcome of requests with a token whose session has ended, after the first that is refused.
fn outcome_once_ended(stack: &Stack, user: &User, token: &str) -> Result<String> {
    let mut outcome = String::new();
    for _ in 0..ATTEMPTS {
        outcome = stack.get(&tasks(user), token)?.outcome();
        if !outcome.starts_with("200") {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(outcome)
}

/// Far more than the lag.
const ATTEMPTS: usize = 150;

fn post(stack: &Stack, path: &str, user: &User) -> Result<()> {
    let url = format!("{}{path}", stack.auth_url);
    let headers = [("origin", stack.auth_url.as_str()), ("cookie", user.cookies.as_str())];
    let response = http::post(&url, &headers, &json!({}))?;
    anyhow::ensure!(response.status == 200, "{path} returned {}", response.outcome());
    Ok(())
}

fn tasks(user: &User) -> String {
    format!("/api/{}/tasks", user.uuid)
}
