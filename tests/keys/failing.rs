//! Fetches of the JWK Set while the auth server fails or the clock is wrong: known keys stay valid
//! for a day, and fetches back off.

use crate::common::{Timeline, wanted};

#[test]
fn without_any_set_failures_make_the_keys_unavailable() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.step(0.0, "a"), "fetch");
    timeline.fail(0.2);
    timeline.assert_steps(&[
        (0.2, "a", "keys_unavailable"),
        (1.1, "b", "keys_unavailable"),
        (1.2, "a", "fetch"),
        (1.2, "a", "wait"),
    ]);
    timeline.succeed(1.5, &["a"]);
    assert_eq!(timeline.step(1.5, "a"), "use");
}

#[test]
fn the_back_off_after_failures_doubles_up_to_a_limit() {
    for (jitter, pauses) in [
        (0.0, [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]),
        (0.5, [0.75, 1.5, 3.0, 6.0, 12.0, 22.5, 22.5, 22.5]),
        (1.0, [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]),
    ] {
        let mut timeline = Timeline::new();
        let mut now = 0.0;
        for (i, pause) in pauses.into_iter().enumerate() {
            assert_eq!(timeline.step(now, "a"), "fetch", "attempt {i} with jitter {jitter}");
            timeline.fail_with(now, jitter);
            let outcome = timeline.step(now + pause - 0.01, "a");
            assert_eq!(outcome, "keys_unavailable", "after failure {i} with jitter {jitter}");
            now += pause;
        }
    }
}

#[test]
fn the_back_off_stays_bounded_after_any_number_of_failures() {
    let mut timeline = Timeline::new();
    for attempt in 0..2_000 {
        assert_eq!(timeline.step(f64::from(attempt) * 30.0, "a"), "fetch", "attempt {attempt}");
        timeline.fail(f64::from(attempt) * 30.0);
    }
}

#[test]
fn a_success_ends_the_back_off() {
    let mut timeline = Timeline::new();
    for now in [0.0, 1.0, 3.0] {
        assert_eq!(timeline.step(now, "a"), "fetch");
        timeline.fail(now);
    }
    assert_eq!(timeline.step(7.0, "a"), "fetch");
    timeline.succeed(7.0, &["a"]);
    assert_eq!(timeline.step(607.0, "a"), "fetch");
    timeline.fail(607.0);
    // again the first back-off of one second
    timeline.assert_steps(&[(607.9, "a", "use"), (608.0, "a", "use and refresh")]);
}

#[test]
fn the_next_fetch_is_allowed_at_the_retry_after_of_a_rejection() {
    for (failures, jitter) in [(1, 0.0), (1, 1.0), (3, 0.3), (5, 0.7), (8, 1.0)] {
        let mut timeline = Timeline::new();
        let mut now = 0.0;
        for _ in 0..failures {
            assert_eq!(timeline.step(now, "a"), "fetch");
            timeline.fail_with(now, jitter);
            assert_eq!(timeline.step(now, "a"), "keys_unavailable");
            let seconds = timeline.retry_after().expect("a temporary error has a Retry-After");
            assert!((1..=30).contains(&seconds), "{seconds}");
            now += f64::from(seconds);
        }
        assert_eq!(timeline.step(now, "a"), "fetch");
    }
}

#[test]
fn known_keys_are_used_for_a_day_while_fetching_fails() {
    let mut timeline = Timeline::with_keys(&["a"]);
    assert_eq!(timeline.step(480.0, "a"), "use and refresh");
    timeline.fail(480.0);
    timeline.assert_steps(&[(480.9, "a", "use"), (481.0, "a", "use and refresh")]);
    timeline.fail(481.0);
    assert_eq!(timeline.step(600.0, "a"), "fetch");
    timeline.fail(605.0);
    for now in [605.0, 608.9] {
        assert_eq!(timeline.step(now, "a"), "use", "at {now} s");
    }
    assert_eq!(timeline.step(86_398.0, "a"), "fetch");
    timeline.fail(86_399.5);
    timeline.assert_steps(&[(86_399.9, "a", "use"), (86_400.0, "a", "keys_unavailable")]);
    assert_eq!(timeline.step(86_430.0, "a"), "fetch");
    timeline.succeed(86_430.0, &["a"]);
    assert_eq!(timeline.step(86_430.0, "a"), "use");
}

#[test]
fn keys_that_are_too_old_are_not_used_while_a_fetch_runs() {
    let mut timeline = Timeline::with_keys(&["a"]);
    timeline.assert_steps(&[
        (86_400.0, "a", "fetch"),
        (86_400.0, "a", "wait"),
        (86_405.4, "a", "wait"),
    ]);
}

#[test]
fn a_failed_search_for_a_key_keeps_the_known_ones_and_is_counted() {
    let mut timeline = Timeline::with_keys(&["a"]);
    assert_eq!(timeline.step(2.0, "b"), "fetch");
    timeline.fail(2.5);
    timeline.assert_steps(&[(2.5, "a", "use"), (2.5, "b", "keys_unavailable")]);
    // the back-off delays searches too
    for (now, kid) in [(3.5, "b"), (5.5, "c"), (9.5, "d")] {
        assert_eq!(timeline.step(now - 0.1, kid), "keys_unavailable");
        assert_eq!(timeline.step(now, kid), "fetch", "{kid} at {now}");
        timeline.fail(now);
    }
    timeline.assert_steps(&[
        (20.0, "c", "keys_unavailable"),
        (20.0, "a", "use"),
        (31.9, "c", "keys_unavailable"),
        (32.0, "c", "fetch"),
    ]);
    timeline.succeed(32.5, &["a", "c"]);
    timeline.assert_steps(&[(32.5, "a", "use"), (32.5, "c", "use")]);
}

#[test]
fn a_search_that_never_ends_is_taken_over() {
    let mut timeline = Timeline::with_keys(&["a"]);
    timeline.assert_steps(&[
        (2.0, "b", "fetch"),
        (7.4, "b", "wait"),
        (7.5, "b", "fetch"),
        (7.5, "c", "wait"),
        (7.5, "a", "use"),
    ]);
}

#[test]
fn a_rejection_after_a_failed_search_has_the_time_of_the_next_search() {
    let mut timeline = Timeline::with_keys(&["a"]);
    assert_eq!(timeline.step(2.0, "b"), "fetch");
    timeline.fail(2.5);
    for (now, seconds) in [(2.5, 1), (3.5, 2), (5.5, 4)] {
        assert_eq!(timeline.step(now, "b"), "keys_unavailable");
        assert_eq!(timeline.retry_after(), Some(seconds));
        let next = now + f64::from(seconds);
        assert_eq!(timeline.step(next, "b"), "fetch");
        timeline.fail(next);
    }
    // the last permit is used up
    assert_eq!(timeline.step(9.5, "b"), "keys_unavailable");
    assert_eq!(timeline.retry_after(), Some(23));
    assert_eq!(timeline.step(31.9, "b"), "keys_unavailable");
    assert_eq!(timeline.step(32.0, "b"), "fetch");
}

#[test]
fn keys_that_are_too_old_are_rejected_until_the_next_fetch_and_not_until_the_next_search() {
    let mut timeline = Timeline::with_keys(&["a"]);
    assert_eq!(timeline.step(600.0, "a"), "fetch");
    timeline.fail(600.0);
    assert_eq!(timeline.step(86_400.0 - 5.0, "b"), "fetch");
    timeline.fail(86_400.0 - 5.0);
    assert_eq!(timeline.step(86_400.0 - 3.0, "b"), "fetch", "a search");
    // the third failure causes a back-off of four seconds
    timeline.fail(86_400.0 - 3.0);
    assert_eq!(timeline.step(86_400.0, "b"), "keys_unavailable");
    assert_eq!(timeline.retry_after(), Some(1));
    assert_eq!(timeline.step(86_401.0, "b"), "fetch");
}

#[test]
fn a_clock_that_goes_back_does_not_remove_the_keys() {
    let mut timeline = Timeline::with_keys(&["a"]);
    for now in [-1.0, -600.0, -1e6] {
        assert_eq!(timeline.step_for(now, &wanted("a", now)), "use", "at {now}");
    }
}

#[test]
fn a_clock_that_goes_back_does_not_block_a_fetch_forever() {
    let mut timeline = Timeline::new();
    timeline.assert_steps(&[(10_000.0, "a", "fetch"), (0.0, "a", "fetch"), (5.4, "a", "wait")]);
}

#[test]
fn a_clock_that_goes_back_does_not_prolong_a_back_off() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.step(10_000.0, "a"), "fetch");
    timeline.fail(10_000.0);
    assert_eq!(timeline.step(10_000.5, "a"), "keys_unavailable");
    // the longest back-off
    assert_eq!(timeline.step(0.0 + 30.0, "a"), "fetch");
}

#[test]
fn a_clock_that_goes_back_does_not_keep_new_keys_out() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.step(10_000.0, "a"), "fetch");
    timeline.succeed(10_000.0, &["a"]);
    assert_eq!(timeline.step(0.0, "a"), "use");
    assert_eq!(timeline.step(1.0, "b"), "fetch");
}

#[test]
fn a_clock_that_goes_back_does_not_extend_the_life_of_a_set() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.step(10_000.0, "a"), "fetch");
    timeline.succeed(10_000.0, &["a"]);
    assert_eq!(timeline.step(0.0, "a"), "use");
    assert_eq!(timeline.step(600.0, "a"), "fetch");
}

#[test]
fn with_cached_keys_no_request_waits_for_a_failing_source_except_one_after_an_idle_time() {
    let mut timeline = Timeline::with_keys(&["a"]);
    assert_eq!(timeline.step(600.0, "a"), "fetch");
    timeline.fail(605.0);
    timeline.assert_steps(&[
        (605.9, "a", "use"),
        (606.0, "a", "use and refresh"),
        (606.1, "a", "use"),
    ]);
    timeline.fail(611.0);
    assert_eq!(timeline.step(700.0, "a"), "fetch");
}

#[test]
fn the_retry_after_of_a_source_is_respected() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.step(0.0, "a"), "fetch");
    timeline.fail(0.2);
    timeline.cache.back_off(120.0, 0.2);
    assert_eq!(timeline.step(0.2, "a"), "keys_unavailable");
    assert_eq!(timeline.retry_after(), Some(120));
    timeline.assert_steps(&[(120.1, "a", "keys_unavailable"), (120.2, "a", "fetch")]);
    // a value below the back-off has no effect
    timeline.fail(120.2);
    timeline.cache.back_off(1.0, 120.2);
    timeline.assert_steps(&[(122.1, "a", "keys_unavailable"), (122.2, "a", "fetch")]);
}

#[test]
fn known_keys_are_used_during_the_retry_after_of_the_source() {
    let mut timeline = Timeline::with_keys(&["a"]);
    assert_eq!(timeline.step(480.0, "a"), "use and refresh");
    timeline.fail(480.0);
    timeline.cache.back_off(300.0, 480.0);
    timeline.assert_steps(&[(779.9, "a", "use"), (779.9, "b", "keys_unavailable")]);
    assert_eq!(timeline.step(780.0, "a"), "use and refresh");
    timeline.succeed(780.0, &["a"]);
    timeline.cache.back_off(300.0, 780.0);
    assert_eq!(timeline.step(1_260.0, "a"), "use and refresh", "after a success it has no effect");
}

#[test]
fn a_clock_that_goes_back_does_not_prolong_the_retry_after_of_the_source() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.step(10_000.0, "a"), "fetch");
    timeline.fail(10_000.0);
    timeline.cache.back_off(300.0, 10_000.0);
    assert_eq!(timeline.step(10_299.0, "a"), "keys_unavailable");
    assert_eq!(timeline.step(0.0, "a"), "fetch");
}
