//! Steps of an operator: a key rotation, a large download, an outage of the auth server.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use super::Step;
use crate::http;
use crate::stack::Stack;
use crate::token;

pub(super) const STEPS: &[Step] = &[
    Step::new(
        "Better Auth rotates its key under load: the new key and the old one are both accepted",
        "a new kid, 40 of 40 accepted",
        rotation,
    ),
    Step::new(
        "50 MB stream through while the Worker's memory stays flat",
        "200, 52428800 bytes, less than 16 MB more memory",
        streaming,
    ),
    Step::new(
        "Better Auth stopped: known keys still verify, others get 503 with Retry-After",
        "200; 503 keys_unavailable, Retry-After",
        auth_down,
    ),
];

fn rotation(stack: &mut Stack) -> Result<String> {
    let user = stack.sign_up("Ada")?;
    let path = format!("/api/{}/tasks", user.uuid);
    let old = stack.token(&user)?;
    stack.get(&path, &old)?;
    stack.rotate_keys()?;
    let new = stack.token(&user)?;
    let kid = |token: &str| token::segment(token, 0)["kid"].clone();
    let changed = if kid(&old) == kid(&new) { "the same kid" } else { "a new kid" };

    let stack = &*stack;
    let tokens: Vec<_> = [&new, &old].into_iter().cycle().take(40).collect();
    let accepted = thread::scope(|scope| {
        let is_accepted = |token: &str| stack.get(&path, token).is_ok_and(|a| a.status == 200);
        let requests: Vec<_> =
            tokens.iter().map(|token| scope.spawn(move || is_accepted(token))).collect();
        requests.into_iter().filter_map(|r| r.join().ok()).filter(|accepted| *accepted).count()
    });
    Ok(format!("{changed}, {accepted} of {} accepted", tokens.len()))
}

fn streaming(stack: &mut Stack) -> Result<String> {
    let user = stack.sign_up("Ada")?;
    let bearer = format!("Bearer {}", stack.token(&user)?);
    let url = format!("{}/api/{}/export", stack.edge_url, user.uuid);
    // the first download allocates buffers that are not freed
    let headers = [("authorization", bearer.as_str())];
    http::stream(&format!("{url}?megabytes=5"), &headers, |_| ())?;

    let before = stack.edge_memory()?;
    let (mut bytes, mut peak, mut measured) = (0, before, 0);
    let status = http::stream(&format!("{url}?megabytes=50"), &headers, |piece| {
        bytes += piece.len();
        if bytes / MEGABYTE > measured {
            measured = bytes / MEGABYTE;
            // with a slow client, a buffer in the Worker would fill
            thread::sleep(Duration::from_millis(10));
            peak = peak.max(stack.edge_memory().unwrap_or(u64::MAX));
        }
    })?;
    let more = (peak - before) as usize / MEGABYTE;
    let memory = match more {
        0..16 => "less than 16 MB more memory".to_owned(),
        _ => format!("{more} MB more memory"),
    };
    Ok(format!("{status}, {bytes} bytes, {memory}"))
}

const MEGABYTE: usize = 1024 * 1024;

fn auth_down(stack: &mut Stack) -> Result<String> {
    let user = stack.sign_up("Ada")?;
    let path = format!("/api/{}/tasks", user.uuid);
    let good = stack.token(&user)?;
    stack.get(&path, &good)?;
    stack.stop_auth();
    // the demo's upstream verifies the token too, with its cached keys
    let known = stack.get(&path, &good)?;
    let header = json!({"alg": "EdDSA", "kid": "never-seen"});
    let unknown =
        stack.get(&path, &token::signed_by_foreign_key(&header, &token::segment(&good, 1)))?;
    let seconds = unknown.header("retry-after").context("no Retry-After")?.parse::<u32>()?;
    let retry =
        if (1..=30).contains(&seconds) { "Retry-After" } else { "Retry-After out of range" };
    Ok(format!("{}; {}, {retry}", known.outcome(), unknown.outcome()))
}
