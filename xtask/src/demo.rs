//! `cargo xtask demo`: starts the whole stack, and optionally runs a scripted tour.

use std::sync::mpsc;

use anyhow::{Result, bail};

use crate::stack::{self, Stack, Storage};
use crate::{progress, tour, web};

/// Starts everything, prints the URLs, and runs until Ctrl-C.
pub fn stay_up(storage: Storage) -> Result<()> {
    let stopped = on_signal()?;
    stack::prepare()?;
    web::prepare()?;
    progress("starting Better Auth, FastAPI, the Worker and the Next.js application");
    let web_url = web::free_url()?;
    let feed_token = stack::random_token()?;
    let stack = Stack::start_for_pages(&web_url, &feed_token, storage)?;
    let _web = web::start(&web_url, &stack, &feed_token)?;
    println!("{}", introduction(&stack, &web_url));
    // the signal handler owns the sender, so this returns on a signal
    let _ = stopped.recv();
    progress("stopping");
    Ok(())
}

/// Starts everything, runs the tour, and fails if a step fails.
pub fn check(storage: Storage) -> Result<()> {
    let stopped = on_signal()?;
    take_tour(storage, &stopped)
}

/// Runs the tour on every kind of database.
pub fn check_all() -> Result<()> {
    let stopped = on_signal()?;
    take_tour(Storage::Sqlite, &stopped)?;
    take_tour(Storage::Postgres, &stopped)
}

fn start(storage: Storage) -> Result<Stack> {
    stack::prepare()?;
    progress(format!("starting Better Auth, FastAPI and the Worker on {storage:?}"));
    Stack::start_on(storage)
}

fn take_tour(storage: Storage, stopped: &mpsc::Receiver<()>) -> Result<()> {
    let mut stack = start(storage)?;
    let mut failed = 0;
    let mut passed = 0;
    for step in tour::steps() {
        if stopped.try_recv().is_ok() {
            bail!("stopped");
        }
        match step.run(&mut stack) {
            true => passed += 1,
            false => failed += 1,
        }
    }
    println!("\n{passed} passed, {failed} failed");
    if failed > 0 {
        bail!("a step of the tour failed");
    }
    Ok(())
}

/// Receives Ctrl-C and termination signals, so that the owner of each server can stop it.
fn on_signal() -> Result<mpsc::Receiver<()>> {
    let (sender, receiver) = mpsc::channel();
    ctrlc::set_handler(move || {
        // the receiver is dropped when the process ends
        let _ = sender.send(());
    })?;
    Ok(receiver)
}

fn introduction(stack: &Stack, web_url: &str) -> String {
    let Stack { edge_url, api_url, auth_url, .. } = stack;
    format!(
        r#"
Better Auth   {auth_url}/api/auth
FastAPI       {api_url}/docs      (the upstream; clients use the Worker)
Worker        {edge_url}

Try it:

  AUTH={auth_url}
  EDGE={edge_url}
  SESSION=$(curl -si $AUTH/api/auth/sign-up/email -H "origin: $AUTH" --json \
    '{{"name":"Ada","email":"ada@example.com","password":"correct horse battery"}}' \
    | tr -d '\r' | sed -n 's/^set-auth-token: //p')
  TOKEN=$(curl -s $AUTH/api/auth/token -H "authorization: Bearer $SESSION" | sed 's/.*"token":"\([^"]*\)".*/\1/')
  USER_UUID=$(curl -s $AUTH/api/auth/get-session -H "authorization: Bearer $SESSION" | sed 's/.*"uuid":"\([^"]*\)".*/\1/')

  curl -s $EDGE/api/$USER_UUID/tasks -H "authorization: Bearer $TOKEN" --json '{{"title":"Try the edge"}}'
  curl -s $EDGE/api/$USER_UUID/tasks -H "authorization: Bearer $TOKEN"
  curl -s $EDGE/api/00000000-0000-4000-8000-000000000000/tasks -H "authorization: Bearer $TOKEN"
  curl -s $EDGE/api/$USER_UUID/tasks -H "authorization: Bearer $SESSION"

Or open {web_url}/sign-up?next=/edge : a Next.js application with its own edge. Sign up, and the page
"See the edge at work" sends the requests of the tour and shows what becomes of each.

Ctrl-C stops everything."#
    )
}
