//! Steps of a user: sign up, get a token, manage tasks.

use anyhow::{Context, Result};
use serde_json::json;

use super::Step;
use crate::http;
use crate::stack::Stack;
use crate::token;

pub(super) const STEPS: &[Step] = &[
    Step::new("two users sign up and get tokens whose uuid is not their sub", "2 tokens", tokens),
    Step::new("a user creates, lists, reads and deletes their own task", "201 200 200 204", own),
    Step::new("the list of tasks contains only the user's own", "200, 1 task", list),
    Step::new("the same user id in capitals is the same user", "200", capitals),
    Step::new("another user's path is rejected", "403 user_mismatch", other_path),
    Step::new("an ambiguous path is rejected", "400 ambiguous_path", ambiguous),
    Step::new("a public path needs no token", "200", public),
    Step::new(
        "the upstream receives the edge's signed assertion",
        "edge-assertion+jwt for the upstream, of the user, by a published key, for 60 s",
        assertion,
    ),
];

fn tokens(stack: &mut Stack) -> Result<String> {
    let mut good = 0;
    for name in ["Ada", "Grace"] {
        let user = stack.sign_up(name)?;
        let claims = token::segment(&stack.token(&user)?, 1);
        good +=
            usize::from(claims["uuid"] == user.uuid.as_str() && claims["sub"] != claims["uuid"]);
    }
    Ok(format!("{good} tokens"))
}

fn own(stack: &mut Stack) -> Result<String> {
    let user = stack.sign_up("Ada")?;
    let bearer = format!("Bearer {}", stack.token(&user)?);
    let headers = [("authorization", bearer.as_str())];
    let tasks = format!("{}/api/{}/tasks", stack.edge_url, user.uuid);
    let created = http::post(&tasks, &headers, &json!({"title": "Water the plants"}))?;
    let id = created.json()["id"].as_i64().context("the task has no id")?;
    let task = format!("{tasks}/{id}");
    let listed = http::get(&tasks, &headers)?;
    let read = http::get(&task, &headers)?;
    let deleted = http::send("DELETE", &task, &headers)?;
    let statuses = [created, listed, read, deleted].map(|response| response.outcome());
    Ok(statuses.join(" "))
}

fn list(stack: &mut Stack) -> Result<String> {
    let users = [stack.sign_up("Ada")?, stack.sign_up("Grace")?];
    for user in &users {
        let bearer = format!("Bearer {}", stack.token(user)?);
        let url = format!("{}/api/{}/tasks", stack.edge_url, user.uuid);
        http::post(&url, &[("authorization", &bearer)], &json!({"title": "Mine"}))?;
    }
    let path = format!("/api/{}/tasks", users[0].uuid);
    let response = stack.get(&path, &stack.token(&users[0])?)?;
    let count = response.json().as_array().map_or(0, Vec::len);
    Ok(format!("{}, {count} task", response.outcome()))
}

fn capitals(stack: &mut Stack) -> Result<String> {
    let user = stack.sign_up("Ada")?;
    let path = format!("/api/{}/tasks", user.uuid.to_uppercase());
    Ok(stack.get(&path, &stack.token(&user)?)?.outcome())
}

fn other_path(stack: &mut Stack) -> Result<String> {
    let (ada, grace) = (stack.sign_up("Ada")?, stack.sign_up("Grace")?);
    let path = format!("/api/{}/tasks", grace.uuid);
    Ok(stack.get(&path, &stack.token(&ada)?)?.outcome())
}

fn ambiguous(stack: &mut Stack) -> Result<String> {
    let (ada, grace) = (stack.sign_up("Ada")?, stack.sign_up("Grace")?);
    let path = format!("/api/{}%2F..%2F{}/tasks", ada.uuid, grace.uuid);
    Ok(stack.get(&path, &stack.token(&ada)?)?.outcome())
}

fn public(stack: &mut Stack) -> Result<String> {
    Ok(stack.get_with("/health", &[])?.outcome())
}

fn assertion(stack: &mut Stack) -> Result<String> {
    let user = stack.sign_up("Ada")?;
    let own = format!("/api/{}/whoami", user.uuid);
    let seen = stack.get(&own, &stack.token(&user)?)?.json();
    let assertion = seen["headers"]["x-edge-jwt-assertion"][0].as_str().context("no assertion")?;
    let (header, claims) = (token::segment(assertion, 0), token::segment(assertion, 1));

    let published = stack.get_with("/.well-known/better-auth-edge/jwks.json", &[])?.json();
    let by_published = token::verified_by(&published["keys"][0], assertion);
    let for_origin = claims["aud"] == stack.api_url.as_str();
    let of_user = claims["sub"] == user.uuid.as_str() && claims["claims"]["uuid"] == claims["sub"];
    let seconds = claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat);
    Ok(format!(
        "{} {}, {}, {}, for {} s",
        header["typ"].as_str().unwrap_or("no typ"),
        if for_origin { "for the upstream" } else { "for another audience" },
        if of_user { "of the user" } else { "of another user" },
        if by_published { "by a published key" } else { "by an unknown key" },
        seconds.context("no times")?,
    ))
}
