//! Tests of the feed: when it reads, what a request may rely on, and what it forgets.

use super::super::key::Kind;
use super::*;

const TIMING: Timing = Timing { lag: 2.0, failure_age: 30.0 };

fn key(id: &str) -> Key {
    Key::of("https://app.example", Kind::Session, id)
}

fn line(id: &str, until: f64, not_before: f64) -> String {
    let mut line = String::new();
    Entry { key: key(id), term: Term { until, not_before } }.write(&mut line);
    line
}

fn step(feed: &mut Feed, now: f64) -> Step {
    feed.step(now, now, &TIMING)
}

fn begin(feed: &mut Feed, now: f64) -> Read {
    match step(feed, now) {
        Step::Read(read) | Step::UseAndRead(read) => read,
        other => panic!("no read: {other:?}"),
    }
}

fn page(feed: &mut Feed, read: Read, text: &str, now: f64) -> Progress {
    feed.page(read, Ok(text), now, |_| ())
}

fn fail(feed: &mut Feed, read: Read, now: f64) {
    assert_eq!(feed.page(read, Err("down".to_owned()), now, |_| ()), Progress::Stop);
}

/// A feed that was read at `now` and has these entries.
fn feed_with(entries: &str, now: f64) -> Feed {
    let mut feed = Feed::default();
    let read = begin(&mut feed, now);
    assert_eq!(page(&mut feed, read, &format!("c1 0\n{entries}"), now), Progress::Done);
    feed
}

#[test]
fn a_read_starts_at_half_the_lag_and_is_waited_for_from_the_lag_on() {
    let mut feed = feed_with("", 100.0);
    assert_eq!(step(&mut feed, 100.9), Step::Use);
    let read = begin(&mut feed, 101.0);
    assert_eq!(read.after, "c1");
    assert_eq!(step(&mut feed, 101.9), Step::Use);
    assert_eq!(step(&mut feed, 102.0), Step::Wait);
    assert_eq!(page(&mut feed, read, "c2 0", 102.1), Progress::Done);
    // it began at 101
    assert_eq!(step(&mut feed, 101.95), Step::Use);
    assert!(matches!(step(&mut feed, 102.2), Step::UseAndRead(_)));
}

#[test]
fn a_request_that_waited_relies_on_a_read_that_takes_longer_than_the_lag() {
    let mut feed = Feed::default();
    let read = begin(&mut feed, 100.0);
    assert_eq!(page(&mut feed, read, "c1 0", 105.0), Progress::Done);
    assert_eq!(feed.step(105.0, 100.0, &TIMING), Step::Use);
    assert!(matches!(feed.step(105.0, 105.0, &TIMING), Step::Read(_)));
}

#[test]
fn no_request_waits_for_a_second_after_a_failure() {
    let mut feed = feed_with("", 100.0);
    let read = begin(&mut feed, 110.0);
    fail(&mut feed, read, 110.5);
    assert_eq!(step(&mut feed, 110.6), Step::UseStale);
    assert_eq!(step(&mut feed, 111.4), Step::UseStale);
    assert!(matches!(step(&mut feed, 111.6), Step::Read(_)));
    assert_eq!(feed.failure(), Some("down"));
}

#[test]
fn a_stale_feed_serves_up_to_the_failure_age_and_an_unread_one_never() {
    let mut feed = feed_with("", 100.0);
    for (now, expected) in [(129.0, Step::UseStale), (131.0, Step::Unknown)] {
        let read = begin(&mut feed, now);
        fail(&mut feed, read, now);
        assert_eq!(step(&mut feed, now), expected);
    }
    let mut unread = Feed::default();
    let read = begin(&mut unread, 100.0);
    assert_eq!(step(&mut unread, 100.5), Step::Wait);
    fail(&mut unread, read, 100.6);
    assert_eq!(step(&mut unread, 100.6), Step::Unknown);
}

#[test]
fn a_slow_read_is_not_waited_for_again_and_one_without_an_answer_is_given_up() {
    let mut feed = feed_with("", 100.0);
    let lost = begin(&mut feed, 110.0);
    assert_eq!(step(&mut feed, 115.0), Step::Wait, "no request has waited so far");
    assert_eq!(feed.stop_waiting(117.0, &TIMING), Step::UseStale);
    assert_eq!(step(&mut feed, 117.1), Step::UseStale);
    assert_eq!(step(&mut feed, 119.9), Step::UseStale);
    assert_eq!(step(&mut feed, 120.0), Step::UseStale, "a failure");
    let next = begin(&mut feed, 121.1);
    // the lost one changes nothing any more
    let late = format!("c9 0\n{}", line("a", 900.0, 1.0));
    assert_eq!(page(&mut feed, lost, &late, 121.2), Progress::Stop);
    assert_eq!((next.after.as_str(), feed.len()), ("c1", 0));
    feed.abandon(&next);
    assert!(matches!(step(&mut feed, 121.3), Step::Read(_)));
}

#[test]
fn a_read_that_the_runtime_has_stopped_without_notice_is_not_a_failure() {
    let mut feed = feed_with("", 100.0);
    begin(&mut feed, 101.0);
    assert!(matches!(step(&mut feed, 111.0), Step::Read(_)));
    assert_eq!(feed.failure(), None);
}

#[test]
fn pages_follow_each_other_and_count_from_the_beginning_of_the_first() {
    let mut feed = Feed::default();
    let read = begin(&mut feed, 100.0);
    let first = page(&mut feed, read, &format!("c1 1\n{}", line("a", 900.0, f64::INFINITY)), 101.0);
    let Progress::Next(read) = first else { panic!("{first:?}") };
    assert!(feed.find(key("a"), 101.0).is_some(), "an entry counts as soon as it is there");
    assert_eq!(read.after, "c1");
    assert_eq!(
        page(&mut feed, read, &format!("c2 0\n{}", line("b", 900.0, 5.0)), 101.5),
        Progress::Done
    );
    assert_eq!((feed.began(), feed.len()), (Some(100.0), 2));
}

#[test]
fn a_failure_between_two_pages_keeps_what_was_read() {
    let mut feed = Feed::default();
    let read = begin(&mut feed, 100.0);
    let next = page(&mut feed, read, &format!("c1 1\n{}", line("a", 900.0, 5.0)), 100.0);
    let Progress::Next(read) = next else { panic!("{next:?}") };
    fail(&mut feed, read, 100.0);
    assert_eq!((feed.began(), feed.len()), (None, 1));
    assert_eq!(begin(&mut feed, 101.5).after, "c1");
}

#[test]
fn the_later_not_before_wins_in_any_order() {
    for lines in [["5", "7", "6"], ["7", "6", "5"], ["6", "5", "7"]] {
        let entries: String = lines
            .iter()
            .map(|at| line("a", 900.0 + at.parse::<f64>().unwrap(), at.parse().unwrap()))
            .collect();
        let feed = feed_with(&entries, 100.0);
        assert_eq!(feed.find(key("a"), 100.0), Some(Term { until: 907.0, not_before: 7.0 }));
    }
}

#[test]
fn the_version_changes_only_if_something_is_revoked() {
    let mut feed = feed_with(&line("a", 900.0, 5.0), 100.0);
    let version = feed.version();
    let add = |feed: &mut Feed, until, not_before| {
        feed.add(&Entry { key: key("a"), term: Term { until, not_before } }, 100.0)
    };
    assert!(!add(&mut feed, 950.0, 4.0));
    assert!(!add(&mut feed, 99.0, 9.0), "it has expired");
    assert_eq!(feed.version(), version);
    assert!(add(&mut feed, 900.0, 6.0));
    assert_eq!(feed.version(), version + 1);
    assert_eq!(feed.find(key("a"), 949.0).map(|term| term.not_before), Some(6.0));
}

#[test]
fn an_entry_counts_until_its_end_and_is_then_forgotten() {
    let mut feed = feed_with(&line("a", 150.0, 5.0), 100.0);
    assert!(feed.find(key("a"), 149.9).is_some());
    assert!(feed.find(key("a"), 150.0).is_none());
    let read = begin(&mut feed, 159.0);
    page(&mut feed, read, "c2 0", 159.0);
    assert_eq!(feed.len(), 1, "the search for expired entries is not due");
    let read = begin(&mut feed, 161.0);
    page(&mut feed, read, "c3 0", 161.0);
    assert_eq!(feed.len(), 0);
}

#[test]
fn a_reset_replaces_the_entries_once_it_is_complete() {
    let mut feed = feed_with(&line("old", 900.0, 5.0), 100.0);
    let read = begin(&mut feed, 110.0);
    let next = page(&mut feed, read, &format!("d1 1 reset\n{}", line("a", 900.0, 5.0)), 110.0);
    let Progress::Next(read) = next else { panic!("{next:?}") };
    assert!(feed.find(key("old"), 110.0).is_some());
    let own = Entry { key: key("own"), term: Term { until: 900.0, not_before: 5.0 } };
    assert!(feed.add(&own, 110.0));
    assert_eq!(
        page(&mut feed, read, &format!("d2 0\n{}", line("b", 900.0, 5.0)), 110.0),
        Progress::Done
    );
    let found = ["old", "a", "b", "own"].map(|id| feed.find(key(id), 110.0).is_some());
    assert_eq!(found, [false, true, true, true]);
}

#[test]
fn an_incomplete_reset_drops_nothing_and_starts_over() {
    let mut feed = feed_with(&line("old", 900.0, 5.0), 100.0);
    let read = begin(&mut feed, 110.0);
    let next = page(&mut feed, read, "d1 1 reset", 110.0);
    let Progress::Next(read) = next else { panic!("{next:?}") };
    fail(&mut feed, read, 110.0);
    assert!(feed.find(key("old"), 110.0).is_some());
    assert_eq!(begin(&mut feed, 112.0).after, "");
}

#[test]
fn malformed_entries_are_counted_and_malformed_pages_are_failures() {
    let text = format!("nonsense\n{}\u{0}\n{}", line("a", 900.0, 5.0), "x".repeat(5_000));
    let feed = feed_with(&text, 100.0);
    assert_eq!((feed.len(), feed.malformed()), (1, 3));
    for text in ["", "<html>", "c1 7", "c1 0 reset again"] {
        let mut feed = Feed::default();
        let read = begin(&mut feed, 100.0);
        assert_eq!(page(&mut feed, read, text, 100.0), Progress::Stop, "{text:?}");
        assert!(feed.failure().is_some() && feed.began().is_none());
    }
}

#[test]
fn pages_without_end_are_a_failure() {
    let mut feed = feed_with("", 100.0);
    let read = begin(&mut feed, 110.0);
    assert_eq!(page(&mut feed, read, "c1 1", 110.0), Progress::Stop);
    let mut read = begin(&mut feed, 112.0);
    for number in 1.. {
        match page(&mut feed, read, &format!("d{number} 1"), 112.0) {
            Progress::Next(next) => read = next,
            Progress::Stop => return assert_eq!(number, MAX_PAGES),
            Progress::Done => panic!("there is a further page"),
        }
    }
}

#[test]
fn after_a_jump_of_the_clock_the_feed_is_read_again() {
    let mut feed = feed_with("", 100.0);
    assert!(matches!(step(&mut feed, 90.0), Step::Read(_)), "back");
    let mut feed = feed_with("", 100.0);
    assert!(matches!(step(&mut feed, 1e9), Step::Read(_)), "ahead");
    let mut feed = feed_with("", 100.0);
    let read = begin(&mut feed, 110.0);
    fail(&mut feed, read, 110.0);
    assert!(matches!(step(&mut feed, 50.0), Step::Read(_)), "no back-off from the future");
}

#[test]
fn a_hundred_thousand_entries_are_found_and_forgotten() {
    let mut feed = Feed::default();
    let mut read = begin(&mut feed, 100.0);
    for number in 0..10 {
        let ids = number * 10_000..(number + 1) * 10_000;
        let lines: String = ids.map(|id| line(&id.to_string(), 150.0, 5.0)).collect();
        let more = u8::from(number < 9);
        match page(&mut feed, read, &format!("c{number} {more}\n{lines}"), 100.0) {
            Progress::Next(next) => read = next,
            Progress::Done => {
                assert_eq!((number, feed.len()), (9, 100_000));
                assert!(feed.find(key("99999"), 100.0).is_some());
                let read = begin(&mut feed, 200.0);
                page(&mut feed, read, "c10 0", 200.0);
                assert!(feed.len() == 0 && feed.entries.capacity() < 1_000);
                return;
            }
            Progress::Stop => panic!("{:?}", feed.failure()),
        }
    }
}
