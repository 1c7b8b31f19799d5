//! The soak test, for seconds: the oracle finds nothing wrong with the Worker, and finds what a
//! Worker with other settings does wrong.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use xtask::soak::{Options, Outcome, soak};

fn run(seconds: f64, settings: &[(&'static str, Value)]) -> Outcome {
    soak(&options(1, seconds, settings)).unwrap()
}

fn options(workers: u64, seconds: f64, settings: &[(&'static str, Value)]) -> Options {
    Options { seed: 7, workers, seconds, settings: settings.to_vec(), ..Options::default() }
}

#[test]
fn a_run_of_seconds_finds_no_wrong_decision() {
    let Outcome { requests, wrong, lost, findings, .. } = run(12.0, &[]);
    assert_eq!((wrong, lost), (0, 0), "{findings:#?}");
    assert!(requests > 1_000, "{requests}");
}

#[test]
fn workers_side_by_side_end_when_the_run_is_stopped() {
    let options = options(2, 1_000.0, &[]);
    let stopped = Arc::clone(&options.stopped);
    let timer = thread::spawn(move || {
        thread::sleep(Duration::from_secs(6));
        stopped.store(true, Ordering::SeqCst);
    });
    let Outcome { requests, wrong, findings, .. } = soak(&options).unwrap();
    timer.join().unwrap();
    assert_eq!(wrong, 0, "{findings:#?}");
    assert!(requests > 500, "{requests}");
}

#[test]
fn a_worker_that_does_not_start_is_an_error() {
    let wrong_setting = [("BETTER_AUTH_URL", json!("no URL"))];
    let error = soak(&options(2, 1_000.0, &wrong_setting)).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("not healthy"), "{error}");
}

#[test]
fn a_worker_that_does_not_keep_users_apart_is_found() {
    let rules = json!([
        {"path": "/admin/*", "claims": {"role": ["admin"]}},
        {"path": "/public/*", "auth": "public"},
    ]);
    let findings = findings(&[("ROUTES", rules)]);
    let is_expected = |it: &String| {
        ["another user's path", "ambiguous path"].iter().any(|kind| it.contains(kind))
    };
    assert!(findings.iter().all(is_expected), "{findings:#?}");
    assert!(findings.iter().any(|it| it.contains("200, not 403 user_mismatch")), "{findings:#?}");
}

#[test]
fn a_worker_that_accepts_expired_tokens_is_found() {
    let findings = findings(&[("CLOCK_TOLERANCE", json!("300"))]);
    assert!(findings.iter().any(|it| it.starts_with("expired token")), "{findings:#?}");
}

#[test]
fn a_worker_that_does_not_forward_the_users_claims_is_found() {
    let findings = findings(&[("CLAIM_HEADERS", json!({"name": "x-user-email"}))]);
    assert!(findings.iter().any(|it| it.starts_with("token in use")), "{findings:#?}");
}

/// What a short run finds, without a token in it.
fn findings(settings: &[(&'static str, Value)]) -> Vec<String> {
    let Outcome { wrong, findings, .. } = run(6.0, settings);
    assert!(wrong > 0);
    assert!(!findings.is_empty() && findings.iter().all(|it| !it.contains("eyJ")), "{findings:#?}");
    findings
}
