//! The limit of requests that wait for the auth server's keys. Clients that disconnect free their
//! places.

use better_auth_edge::keys::{KeyCache, Timing};

#[test]
fn at_most_five_hundred_requests_wait_and_the_next_gets_a_retry_after() {
    let mut cache = KeyCache::new(Timing::default());
    let places: Vec<_> = (0..500).map(|_| cache.join(None, 90.1, true).unwrap()).collect();
    let error = cache.join(None, 90.2, true).unwrap_err();
    assert_eq!((error.code().as_str(), error.retry_after()), ("keys_unavailable", Some(1)));
    for place in places {
        assert!(cache.join(Some(place), 90.4, true).is_ok(), "a waiting request keeps its place");
    }
    assert!(cache.join(None, 90.5, true).is_err());
    assert!(cache.join(None, 90.7, true).is_err(), "the waiting requests still count");
}

#[test]
fn a_request_that_stops_waiting_frees_its_place() {
    let mut cache = KeyCache::new(Timing::default());
    let places: Vec<_> = (0..500).map(|_| cache.join(None, 90.1, true).unwrap()).collect();
    cache.leave(places[0]);
    assert!(cache.join(None, 90.2, true).is_ok());
    assert!(cache.join(None, 90.2, true).is_err());
    assert!(cache.join(None, 90.4, true).is_err());
    cache.leave(places[1]);
    assert!(cache.join(None, 90.4, true).is_ok());
}

#[test]
fn requests_canceled_without_notice_free_their_places() {
    let mut cache = KeyCache::new(Timing::default());
    assert!((0..500).all(|_| cache.join(None, 90.1, true).is_ok()));
    assert!(cache.join(None, 90.1, true).is_err());
    // one of them still waits
    let place = cache.join(None, 91.0, true).unwrap();
    assert!((0..499).all(|_| cache.join(None, 91.05, true).is_ok()));
    assert!(cache.join(None, 91.1, true).is_err());
    assert_eq!(cache.join(Some(place), 91.1, true).unwrap(), place, "counted once in a window");
    // a clock that was set back does not change the number of places
    assert!(cache.join(None, 3.0, true).is_ok());
}

#[test]
fn implausible_tokens_take_at_most_half_of_the_places() {
    let mut cache = KeyCache::new(Timing::default());
    assert!((0..250).all(|_| cache.join(None, 90.1, false).is_ok()));
    assert!(cache.join(None, 90.1, false).is_err());
    assert!((0..250).all(|_| cache.join(None, 90.1, true).is_ok()));
    assert!(cache.join(None, 90.1, true).is_err());
}
