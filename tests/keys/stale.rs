//! The freshness of a set, tokens that wait for a newer set, and the errors without one.

use crate::common::{Timeline, wanted};
use better_auth_edge::Error;
use better_auth_edge::jose::Algorithm;
use better_auth_edge::keys::{KeyCache, Timing, Wanted};

#[test]
fn a_set_is_fresh_until_its_refresh_is_due() {
    let timeline = Timeline::with_keys(&["a"]);
    for (now, is_fresh) in
        [(-0.1, false), (0.0, true), (1.0, true), (479.9, true), (480.0, false), (600.0, false)]
    {
        assert_eq!(timeline.cache.fresh(now).is_some(), is_fresh, "{now}");
    }
    assert!(KeyCache::new(Timing::default()).fresh(0.0).is_none(), "there is no set");
}

#[test]
fn the_age_of_a_fresh_set_counts_from_its_request() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.step(1_000.0, "a"), "fetch");
    timeline.succeed(1_004.0, &["a"]);
    for (now, is_fresh) in [(999.9, false), (1_000.0, true), (1_479.9, true), (1_480.0, false)] {
        assert_eq!(timeline.cache.fresh(now).is_some(), is_fresh, "{now}");
    }
}

#[test]
fn a_token_that_an_old_set_would_reject_waits_for_the_running_fetch() {
    let mut timeline = Timeline::with_keys(&["a"]);
    assert_eq!(timeline.step(600.0, "a"), "fetch");
    let algorithm = Algorithm::Es256;
    let other = Wanted { kid: Some("a"), algorithm, since: 600.1, plausible: true };
    assert_eq!(timeline.step_for(600.1, &other), "wait");
    assert_eq!(
        timeline.step_for(600.1, &Wanted { plausible: false, ..other }),
        "unsupported_algorithm"
    );
    assert_eq!(timeline.step_for(600.1, &wanted("b", 600.1)), "wait");
}

#[test]
fn a_rejection_distinguishes_too_many_fetches_from_failed_ones() {
    let mut timeline = Timeline::with_keys(&["a"]);
    for (now, kid) in [(1.0, "b"), (1.1, "c"), (1.2, "d")] {
        assert_eq!(timeline.step(now, kid), "fetch");
        timeline.succeed(now, &["a"]);
    }
    assert_eq!(timeline.step(1.3, "e"), "fetch");
    timeline.succeed(1.3, &["a"]);
    assert_eq!(timeline.step(1.4, "f"), "keys_unavailable");
    assert!(detail(&timeline).contains("too often"));

    let mut timeline = Timeline::with_keys(&["a"]);
    for (now, kid) in [(1.0, "b"), (1.1, "c"), (1.2, "d")] {
        assert_eq!(timeline.step(now, kid), "fetch");
        timeline.succeed(now, &["a"]);
    }
    assert_eq!(timeline.step(1.3, "e"), "fetch");
    timeline.fail(1.3);
    assert_eq!(timeline.step(3.0, "f"), "keys_unavailable");
    assert!(detail(&timeline).contains("could not be fetched"));
}

fn detail(timeline: &Timeline) -> &str {
    timeline.last_error.as_ref().map_or("", Error::detail)
}

#[test]
fn a_set_is_stored_until_it_is_too_old_for_use() {
    assert_eq!(Timing::default().stale_seconds(), 86_400);
    let timing = Timing { stale: 90.5, ..Timing::default() };
    assert_eq!(timing.stale_seconds(), 90);
}
