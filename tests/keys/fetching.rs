//! Fetches of the JWK Set while the auth server responds: rare, shared by all waiting requests, and
//! immediate for an unknown `kid`.

use crate::common::{Timeline, wanted};
use better_auth_edge::jose::Algorithm;
use better_auth_edge::keys::{Timing, Wanted};

#[test]
fn the_first_token_fetches_and_the_others_wait_for_it() {
    let mut timeline = Timeline::new();
    timeline.assert_steps(&[(0.0, "a", "fetch"), (0.0, "a", "wait"), (0.1, "b", "wait")]);
    timeline.succeed(0.3, &["a"]);
    timeline.assert_steps(&[(0.3, "a", "use"), (0.32, "a", "use")]);
}

#[test]
fn a_set_is_used_then_refreshed_in_the_background_then_fetched_again() {
    for (age, expected) in [
        (0.0, "use"),
        (1.0, "use"),
        (479.9, "use"),
        (480.0, "use and refresh"),
        (599.9, "use and refresh"),
        (600.0, "fetch"),
        (86_399.9, "fetch"),
        (86_400.0, "fetch"),
        (1e9, "fetch"),
    ] {
        assert_eq!(Timeline::with_keys(&["a"]).step(age, "a"), expected, "at the age of {age} s");
    }
}

#[test]
fn the_age_of_a_set_counts_from_its_request() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.step(0.0, "a"), "fetch");
    timeline.succeed(4.0, &["a"]);
    timeline.assert_steps(&[(479.9, "a", "use"), (480.0, "a", "use and refresh")]);
}

#[test]
fn one_request_refreshes_while_all_use_the_cached_set() {
    let mut timeline = Timeline::with_keys(&["a"]);
    timeline.assert_steps(&[
        (480.0, "a", "use and refresh"),
        (480.0, "a", "use"),
        (482.0, "a", "use"),
    ]);
    timeline.succeed(482.0, &["a"]);
    timeline.assert_steps(&[
        (482.0, "a", "use"),
        (600.0, "a", "use"),
        (959.9, "a", "use"),
        (960.0, "a", "use and refresh"),
    ]);
}

#[test]
fn a_refresh_that_never_ends_is_taken_over() {
    let mut timeline = Timeline::with_keys(&["a"]);
    timeline.assert_steps(&[
        (480.0, "a", "use and refresh"),
        (485.4, "a", "use"),
        (485.5, "a", "use and refresh"),
        (485.5, "a", "use"),
    ]);
}

#[test]
fn a_fetch_that_never_ends_is_taken_over() {
    for (start, during) in [(0.0, "wait"), (600.0, "use")] {
        let mut timeline = if start == 0.0 { Timeline::new() } else { Timeline::with_keys(&["a"]) };
        timeline.assert_steps(&[
            (start, "a", "fetch"),
            (start + 5.4, "a", during),
            (start + 5.5, "a", "fetch"),
            (start + 5.5, "a", during),
            (start + 10.9, "a", during),
            (start + 11.0, "a", "fetch"),
        ]);
    }
}

#[test]
fn a_canceled_attempt_is_taken_over_at_once() {
    for (start, during) in [(0.0, "wait"), (600.0, "use")] {
        let mut timeline = if start == 0.0 { Timeline::new() } else { Timeline::with_keys(&["a"]) };
        timeline.assert_steps(&[(start, "a", "fetch"), (start + 0.1, "a", during)]);
        timeline.abandon();
        timeline.assert_steps(&[(start + 0.1, "a", "fetch"), (start + 0.1, "a", during)]);
        timeline.succeed(start + 0.2, &["a"]);
        assert_eq!(timeline.step(start + 0.2, "a"), "use");
    }
}

#[test]
fn an_attempt_canceled_late_does_not_end_the_one_that_took_over() {
    let mut timeline = Timeline::new();
    timeline.assert_steps(&[(0.0, "a", "fetch"), (5.5, "a", "fetch")]);
    timeline.abandon();
    timeline.assert_steps(&[(5.6, "a", "wait")]);
    timeline.succeed(5.7, &["a"]);
    assert_eq!(timeline.step(5.7, "a"), "use");
}

#[test]
fn known_keys_that_are_not_too_old_are_used_while_an_attempt_runs() {
    let mut timeline = Timeline::with_keys(&["a"]);
    assert_eq!(timeline.step(86_399.0, "a"), "fetch");
    timeline.assert_steps(&[
        (86_399.1, "a", "use"),
        (86_399.1, "b", "wait"),
        (86_400.0, "a", "wait"),
    ]);
}

#[test]
fn a_canceled_fetch_does_not_end_the_one_that_took_over() {
    let mut timeline = Timeline::new();
    timeline.assert_steps(&[(0.0, "a", "fetch"), (5.5, "a", "fetch")]);
    timeline.fail(6.0);
    assert_eq!(timeline.step(6.0, "a"), "wait");
    timeline.succeed(7.0, &["a"]);
    assert_eq!(timeline.step(7.0, "a"), "use");
}

#[test]
fn a_set_that_arrives_late_is_used_until_a_newer_one_arrives() {
    let mut timeline = Timeline::new();
    timeline.assert_steps(&[(0.0, "a", "fetch"), (5.5, "a", "fetch")]);
    timeline.succeed(6.0, &["a"]);
    timeline.assert_steps(&[(6.0, "a", "use"), (6.0, "b", "wait")]);
    timeline.succeed(7.0, &["b"]);
    assert_eq!(timeline.step(7.0, "b"), "use");
}

#[test]
fn an_older_attempt_never_overwrites_a_newer_set() {
    let mut timeline = Timeline::new();
    timeline.assert_steps(&[(0.0, "a", "fetch"), (5.5, "a", "fetch")]);
    timeline.newest_first();
    timeline.succeed(6.0, &["new"]);
    timeline.succeed(6.1, &["old"]);
    timeline.assert_steps(&[
        (6.2, "new", "use"),
        (485.4, "new", "use"),
        (485.5, "new", "use and refresh"),
    ]);
    assert_ne!(Timeline::step(&mut timeline, 485.6, "old"), "use");
}

#[test]
fn an_older_attempt_that_fails_does_not_count_against_a_newer_set() {
    let mut timeline = Timeline::with_keys(&["a"]);
    timeline.assert_steps(&[(480.0, "a", "use and refresh"), (486.0, "a", "use and refresh")]);
    timeline.newest_first();
    timeline.succeed(487.0, &["a"]);
    timeline.fail(1_085.9);
    // if the failure were counted, it would delay the next fetch
    assert_eq!(timeline.step(1_086.0, "a"), "fetch");
}

#[test]
fn a_key_removed_from_the_set_stops_verifying_at_once() {
    let mut timeline = Timeline::with_keys(&["a", "b"]);
    timeline.assert_steps(&[
        (1.0, "a", "use"),
        (480.0, "b", "use and refresh"),
        (480.5, "a", "use"),
    ]);
    timeline.succeed(481.0, &["b"]);
    timeline.assert_steps(&[(481.0, "b", "use"), (481.0, "a", "fetch"), (481.0, "a", "wait")]);
    timeline.succeed(481.5, &["b"]);
    timeline.assert_steps(&[(481.5, "a", "unknown_key"), (481.5, "b", "use")]);
}

#[test]
fn unknown_kids_cause_a_few_immediate_fetches_and_then_one_in_thirty_seconds() {
    let mut timeline = Timeline::with_keys(&["a"]);
    for (now, kid) in [(2.0, "b"), (2.5, "c"), (3.0, "d"), (3.5, "e")] {
        assert_eq!(timeline.step(now, kid), "fetch");
        timeline.assert_steps(&[
            (now + 0.1, kid, "wait"),
            (now + 0.1, "x", "wait"),
            (now, "a", "use"),
        ]);
        timeline.succeed(now + 0.2, &["a"]);
        assert_eq!(timeline.step(now + 0.2, kid), "unknown_key", "it was looked for");
    }
    timeline.assert_steps(&[(3.8, "f", "keys_unavailable"), (3.8, "a", "use")]);
    assert_eq!(timeline.retry_after(), Some(29));
    timeline.assert_steps(&[(31.9, "g", "keys_unavailable"), (32.0, "g", "fetch")]);
    timeline.succeed(32.5, &["a"]);
    timeline.assert_steps(&[(32.5, "g", "unknown_key"), (61.9, "h", "keys_unavailable")]);
    assert_eq!(timeline.retry_after(), Some(1));
    assert_eq!(timeline.step(62.0, "h"), "fetch");
}

#[test]
fn unused_permits_accumulate_up_to_a_few() {
    for pause in [120.0, 400.0] {
        let mut timeline = Timeline::with_keys(&["a"]);
        let mut fetches = 0;
        for i in 0..40 {
            let now = f64::from(i / 20) * pause + 1.0 + f64::from(i) * 0.01;
            if timeline.step(now, &format!("unknown-{i}")) == "fetch" {
                fetches += 1;
                timeline.succeed(now, &["a"]);
            }
        }
        assert_eq!(fetches, 8);
    }
}

#[test]
fn a_kid_that_was_searched_for_is_not_searched_for_again_at_once() {
    let mut timeline = Timeline::with_keys(&["a"]);
    assert_eq!(timeline.step(2.0, "b"), "fetch");
    timeline.succeed(2.1, &["a"]);
    timeline.assert_steps(&[
        (2.2, "b", "unknown_key"),
        (2.9, "b", "unknown_key"),
        (3.0, "b", "fetch"),
    ]);
    // and it uses no permit
    timeline.succeed(3.1, &["a"]);
    assert_eq!(timeline.step(3.2, "c"), "fetch");
}

#[test]
fn a_client_that_guesses_the_next_kid_delays_its_users_only_briefly() {
    for made_up in [0, 10] {
        let mut timeline = Timeline::with_keys(&["1"]);
        assert_eq!(timeline.step(2.0, "2"), "fetch");
        timeline.succeed(2.0, &["1"]);
        for i in 0..made_up {
            let now = 2.1 + f64::from(i) * 0.01;
            if timeline.step(now, &format!("made-up-{i}")) == "fetch" {
                timeline.succeed(now, &["1"]);
            }
        }
        // now a key with that kid exists
        match made_up {
            0 => timeline.assert_steps(&[(2.9, "2", "unknown_key"), (3.0, "2", "fetch")]),
            _ => {
                timeline.assert_steps(&[(6.9, "2", "unknown_key"), (7.0, "2", "keys_unavailable")])
            }
        }
    }
}

#[test]
fn the_kids_cached_as_absent_are_few_and_short() {
    let mut timeline = Timeline::with_keys(&["a"]);
    let long = "x".repeat(3_000);
    assert_eq!(timeline.step(2.0, "first"), "fetch");
    timeline.succeed(2.0, &["a"]);
    assert_eq!(timeline.step(2.1, &long), "fetch");
    timeline.succeed(2.1, &["a"]);
    timeline.assert_steps(&[(2.2, "first", "unknown_key"), (2.2, &long, "fetch")]);
    timeline.succeed(2.2, &["a"]);
    // these tokens arrived before the search
    for i in 0..64 {
        let name = format!("other-{i}");
        assert_eq!(timeline.step_for(2.3, &wanted(&name, 2.2)), "unknown_key");
    }
    timeline.assert_steps(&[(2.3, "other-0", "unknown_key"), (2.3, "first", "fetch")]);
}

#[test]
fn a_search_that_finds_its_key_is_not_counted() {
    let mut timeline = Timeline::with_keys(&["0"]);
    for i in 1..20_u32 {
        let (now, kid) = (f64::from(i), i.to_string());
        assert_eq!(timeline.step(now, &kid), "fetch");
        timeline.succeed(now + 0.5, &["0", &kid]);
        assert_eq!(timeline.step(now + 0.5, &kid), "use");
    }
    // a search that finds only another key is counted
    for (now, kid) in [(20.0, "a"), (20.1, "b"), (20.2, "c"), (20.3, "d")] {
        assert_eq!(timeline.step(now, kid), "fetch");
        timeline.succeed(now, &["new", kid, "0"][..1]);
    }
    assert_eq!(timeline.step(20.4, "e"), "keys_unavailable");
}

#[test]
fn a_canceled_search_is_not_counted() {
    let mut timeline = Timeline::with_keys(&["a"]);
    for i in 0..20_u32 {
        assert_eq!(timeline.step(2.0 + f64::from(i), "b"), "fetch");
        timeline.abandon();
    }
}

#[test]
fn the_first_fetch_and_refreshes_use_no_permits_for_searches() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.step(0.0, "b"), "fetch");
    timeline.succeed(0.5, &["a"]);
    timeline.assert_steps(&[(1.0, "b", "fetch")]);

    let mut timeline = Timeline::with_keys(&["a"]);
    assert_eq!(timeline.step(480.0, "a"), "use and refresh");
    timeline.succeed(481.0, &["a"]);
    assert_eq!(timeline.step(481.5, "b"), "fetch");

    let mut timeline = Timeline::with_keys(&["a"]);
    assert_eq!(timeline.step(600.0, "b"), "fetch");
    timeline.succeed(601.0, &["a"]);
    assert_eq!(timeline.step(601.5, "b"), "fetch");
}

#[test]
fn an_empty_set_is_a_set_and_searches_stay_as_rare() {
    let mut timeline = Timeline::with_keys(&[]);
    assert_eq!(timeline.step(1.0, "a"), "fetch");
    timeline.succeed(1.5, &[]);
    for (now, kid) in [(2.0, "b"), (2.1, "c"), (2.2, "d")] {
        assert_eq!(timeline.step(now, kid), "fetch");
        timeline.succeed(now, &[]);
    }
    timeline.assert_steps(&[(2.3, "a", "unknown_key"), (30.9, "e", "keys_unavailable")]);
    assert_eq!(timeline.step(31.0, "a"), "fetch");
    timeline.succeed(31.5, &["a"]);
    assert_eq!(timeline.step(31.5, "a"), "use");
}

#[test]
fn a_set_requested_after_the_token_arrived_decides() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.step(0.0, "b"), "fetch");
    timeline.succeed(0.5, &["a"]);
    for since in [-1.0, 0.0] {
        assert_eq!(
            timeline.step_for(0.5, &wanted("b", since)),
            "unknown_key",
            "came in at {since}"
        );
    }
    // the key can be created between the request for the set and the token
    assert_eq!(timeline.step_for(0.5, &wanted("c", 0.1)), "fetch");
}

#[test]
fn a_token_that_would_be_rejected_anyway_causes_no_search() {
    let implausible = |kid, since| Wanted { plausible: false, ..wanted(kid, since) };
    let mut timeline = Timeline::with_keys(&["a"]);
    assert_eq!(timeline.step_for(2.0, &implausible("b", 2.0)), "unknown_key");
    assert_eq!(timeline.step_for(2.0, &implausible("a", 2.0)), "use");
    // and it uses no permit of a valid token
    assert_eq!(timeline.step(2.0, "b"), "fetch");
    assert_eq!(
        timeline.step_for(2.0, &implausible("c", 2.0)),
        "unknown_key",
        "and the request does not wait"
    );
    // for this token, a known set is used at any age
    let mut timeline = Timeline::with_keys(&["a"]);
    for now in [480.0, 600.0, 86_399.0] {
        assert_eq!(timeline.step_for(now, &implausible("a", now)), "use");
        assert_eq!(timeline.step_for(now, &implausible("b", now)), "unknown_key");
    }
    // without a set, or with one that is too old, the set is fetched
    assert_eq!(timeline.step_for(86_400.0, &implausible("a", 86_400.0)), "fetch");
    assert_eq!(Timeline::new().step_for(0.0, &implausible("a", 0.0)), "fetch");
}

#[test]
fn a_key_of_another_algorithm_is_known_and_may_have_been_replaced() {
    let mut timeline = Timeline::with_keys(&["a"]);
    let with = |kid| Wanted { kid, algorithm: Algorithm::Es256, since: 2.0, plausible: true };
    let named = with(Some("a"));
    assert_eq!(timeline.step_for(2.0, &named), "recheck");
    let implausible = Wanted { plausible: false, ..named };
    assert_eq!(timeline.step_for(2.0, &implausible), "unsupported_algorithm");
    // a key without a kid, or with another kid, can be new
    assert_eq!(timeline.step_for(2.0, &with(None)), "fetch");
}

#[test]
fn a_token_without_a_kid_causes_no_search_among_several_keys() {
    let mut timeline = Timeline::with_keys(&["a", "b"]);
    let without_kid = Wanted { kid: None, ..wanted("", 2.0) };
    assert_eq!(timeline.step_for(2.0, &without_kid), "recheck");
    let implausible = Wanted { plausible: false, ..without_kid };
    assert_eq!(timeline.step_for(2.0, &implausible), "unknown_key");
    let mut timeline = Timeline::with_keys(&["a"]);
    assert_eq!(timeline.step_for(2.0, &without_kid), "use");
}

#[test]
fn a_fetch_times_out_after_five_seconds() {
    assert_eq!(Timing::default().fetch_timeout_milliseconds(), 5_000);
    let timing = Timing { fetch_timeout: 1.5, ..Timing::default() };
    assert_eq!(timing.fetch_timeout_milliseconds(), 1_500);
}
