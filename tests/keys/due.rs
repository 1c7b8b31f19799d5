//! A set that the auth server has replaced: it is fetched again before its keys are used.

use crate::common::{Timeline, wanted};

#[test]
fn no_request_uses_a_due_set_while_it_can_be_fetched() {
    let mut timeline = Timeline::with_keys(&["a"]);
    assert!(timeline.cache.mark_due(10.0));
    assert!(timeline.cache.fresh(11.0).is_none());
    timeline.assert_steps(&[(11.0, "a", "fetch"), (11.0, "a", "wait"), (11.1, "b", "wait")]);
    timeline.succeed(11.2, &["b"]);
    assert!(timeline.cache.fresh(11.3).is_some());
    assert_eq!(timeline.step_for(11.3, &wanted("a", 10.9)), "unknown_key");
    assert_eq!(timeline.step(11.3, "b"), "use");
}

#[test]
fn a_set_that_is_newer_is_not_due() {
    let mut timeline = Timeline::with_keys(&["a"]);
    assert!(!timeline.cache.mark_due(0.0));
    timeline.assert_steps(&[(1.0, "a", "use")]);
    assert!(timeline.cache.mark_due(5.0));
    assert!(!timeline.cache.mark_due(-5.0), "an earlier time changes nothing");
    assert_eq!(timeline.step(6.0, "a"), "fetch");
}

#[test]
fn a_fetch_that_began_before_does_not_count() {
    let mut timeline = Timeline::with_keys(&["a"]);
    assert_eq!(timeline.step(500.0, "a"), "use and refresh");
    assert!(timeline.cache.mark_due(501.0));
    assert_eq!(timeline.step(502.0, "a"), "wait");
    timeline.succeed(503.0, &["a"]);
    assert_eq!(timeline.step(503.0, "a"), "fetch");
}

#[test]
fn a_due_set_serves_while_fetches_fail() {
    let mut timeline = Timeline::with_keys(&["a"]);
    timeline.cache.mark_due(10.0);
    assert_eq!(timeline.step(11.0, "a"), "fetch");
    timeline.fail(11.5);
    assert_eq!(timeline.step(11.6, "a"), "use");
}

#[test]
fn a_clock_that_goes_back_does_not_make_every_set_due() {
    let mut timeline = Timeline::with_keys(&["a"]);
    timeline.cache.mark_due(10_000.0);
    assert_eq!(timeline.step(100.0, "a"), "fetch");
    timeline.succeed(100.0, &["a"]);
    assert_eq!(timeline.step(100.5, "a"), "use");
}
