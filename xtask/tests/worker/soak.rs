//! The soak test, for seconds: the oracle finds nothing wrong with the Worker, and finds what a
//! Worker with other settings does wrong.

use serde_json::{Value, json};
use xtask::soak::{Options, Outcome, soak};

fn run(seconds: f64, settings: &[(&'static str, Value)]) -> Outcome {
    let options = Options { seed: 7, seconds, settings: settings.to_vec(), ..Options::default() };
    soak(&options).unwrap()
}

#[test]
fn a_run_of_seconds_finds_no_wrong_decision() {
    let Outcome { requests, wrong, lost, findings, .. } = run(12.0, &[]);
    assert_eq!((wrong, lost), (0, 0), "{findings:#?}");
    assert!(requests > 1_000, "{requests}");
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
