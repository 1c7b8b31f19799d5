//! A stored JWK Set saves cold isolates a fetch and survives outages of the auth server. It is
//! trusted no more than a fetched one.

use crate::common::{
    AUTH_SERVER, ScriptedResponse, Signer, TestHost, good_claims, key_set, outcome,
};
use better_auth_edge::{Verifier, VerifierOptions};

/// An isolate. Successive isolates share a store for the auth server's keys.
struct Isolate {
    verifier: Verifier,
    host: TestHost,
}

impl Isolate {
    fn new(host: TestHost) -> Self {
        Self::of(AUTH_SERVER, host)
    }

    fn of(base_url: &str, host: TestHost) -> Self {
        let options = VerifierOptions {
            base_url: Some(base_url.to_owned()),
            issuer: Some(vec![AUTH_SERVER.to_owned()]),
            audience: Some(vec![AUTH_SERVER.to_owned()]),
            // every token looks its key up
            token_cache: Some(0.0),
            ..VerifierOptions::default()
        };
        Self { verifier: options.build().unwrap(), host }
    }

    /// An isolate that has just fetched the keys of these signers.
    fn knowing(signers: &[&Signer]) -> Self {
        let isolate = Self::new(TestHost::new());
        isolate.publish(signers);
        assert_eq!(isolate.verdict(signers[0]), "ok");
        isolate
    }

    fn publish(&self, signers: &[&Signer]) {
        let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
        self.host.respond_with(ScriptedResponse::ok(key_set(&keys)));
    }

    /// A cold isolate, this many seconds later, while the auth server is down.
    fn restarted_after(&self, seconds: f64) -> Self {
        self.host.advance(seconds);
        Self::new(self.host.restarted())
    }

    fn verdict(&self, signer: &Signer) -> &'static str {
        let token = signer.token(&good_claims().with("exp", "253402300799"));
        outcome(&self.host.run(self.verifier.verify(&token, &self.host)))
    }

    /// The number of reads of the store and of fetches so far.
    fn work(&self) -> (usize, usize) {
        (self.host.loads(), self.host.fetches())
    }
}

/// The stored record of a set requested `requested` seconds after [`crate::common::NOW`].
fn record(requested: f64, url: &str, document: &str) -> String {
    format!("{} {url}\n{document}", ((crate::common::NOW + requested) * 1_000.0) as u64)
}

const URL: &str = "https://app.example/api/auth/jwks";

#[test]
fn a_set_is_stored_verbatim_with_its_url_and_request_time() {
    let signer = Signer::default();
    let isolate = Isolate::new(TestHost::new());
    let document = key_set(&[signer.jwk()]);
    isolate.host.respond_with(ScriptedResponse::ok(document.as_str()).after(2.0));
    assert_eq!(isolate.verdict(&signer), "ok");
    let saved: Vec<_> = isolate.host.stored().into_iter().collect();
    assert_eq!(saved, [(URL.to_owned(), record(0.0, URL, &document).into_bytes())]);
}

#[test]
fn a_cold_isolate_uses_a_stored_set_according_to_its_age() {
    let signer = Signer::default();
    for (age, server_is_up, verdict, fetches) in [
        (0.0, false, "ok", 0),
        (599.0, false, "ok", 0),
        (600.0, true, "ok", 1),
        (600.0, false, "ok", 1),
        (86_399.0, false, "ok", 1),
        (86_400.0, true, "ok", 1),
        (86_400.0, false, "keys_unavailable", 1),
    ] {
        let cold = Isolate::knowing(&[&signer]).restarted_after(age);
        if server_is_up {
            cold.publish(&[&signer]);
        }
        assert_eq!(cold.verdict(&signer), verdict, "{age} s");
        assert_eq!(cold.host.fetches(), fetches, "{age} s, {server_is_up}");
    }
}

#[test]
fn the_store_is_read_once_per_isolate() {
    let signer = Signer::default();
    let first = Isolate::knowing(&[&signer]);
    for _ in 0..10 {
        assert_eq!(first.verdict(&signer), "ok");
    }
    assert_eq!(first.work(), (1, 1));
    let cold = Isolate::new(TestHost::new());
    for _ in 0..10 {
        assert_eq!(cold.verdict(&signer), "keys_unavailable");
        cold.host.advance(60.0);
    }
    assert_eq!(cold.work(), (1, 10));
}

#[test]
fn a_stored_set_keeps_its_age() {
    let signer = Signer::default();
    let cold = Isolate::knowing(&[&signer]).restarted_after(479.0);
    cold.publish(&[&signer]);
    assert_eq!(cold.verdict(&signer), "ok");
    assert_eq!(cold.host.background_tasks(), 0);
    cold.host.advance(1.0);
    assert_eq!(cold.verdict(&signer), "ok");
    assert_eq!((cold.host.background_tasks(), cold.host.fetches()), (1, 0));
}

#[test]
fn a_background_refresh_is_stored_too() {
    let (old, new) = (Signer::default(), Signer::new(2, "key-2"));
    let warm = Isolate::knowing(&[&old]);
    warm.host.advance(500.0);
    warm.publish(&[&old, &new]);
    assert_eq!(warm.verdict(&old), "ok");
    warm.host.run_background();
    let cold = warm.restarted_after(599.0);
    assert_eq!((cold.verdict(&new), cold.host.fetches()), ("ok", 0));
}

#[test]
fn stale_stored_keys_are_used_while_a_background_fetch_runs() {
    let signer = Signer::default();
    let cold = Isolate::knowing(&[&signer]).restarted_after(3_600.0);
    assert_eq!(cold.verdict(&signer), "ok");
    assert_eq!((cold.host.fetches(), cold.host.background_tasks()), (1, 0));
    cold.host.advance(2.0);
    assert_eq!(cold.verdict(&signer), "ok");
    assert_eq!((cold.host.fetches(), cold.host.background_tasks()), (1, 1));
    cold.publish(&[&signer]);
    cold.host.run_background();
    assert_eq!((cold.verdict(&signer), cold.work()), ("ok", (1, 2)));
}

#[test]
fn a_key_missing_from_the_stored_set_is_fetched() {
    let (old, new, unknown) = (Signer::default(), Signer::new(2, "key-2"), Signer::new(3, "key-3"));
    let cold = Isolate::knowing(&[&old]).restarted_after(10.0);
    cold.publish(&[&old, &new]);
    assert_eq!((cold.verdict(&new), cold.work()), ("ok", (1, 1)));
    cold.host.advance(0.1);
    assert_eq!((cold.verdict(&unknown), cold.work()), ("unknown_key", (1, 2)));
    cold.host.advance(0.1);
    assert_eq!((cold.verdict(&unknown), cold.work()), ("unknown_key", (1, 2)));
}

#[test]
fn a_removed_key_stops_verifying_when_the_stored_set_is_too_old() {
    let (old, new) = (Signer::default(), Signer::new(2, "key-2"));
    let cold = Isolate::knowing(&[&old]).restarted_after(600.0);
    cold.publish(&[&new]);
    assert_eq!(cold.verdict(&old), "unknown_key");
}

#[test]
fn an_implausible_stored_set_is_fetched_again() {
    let signer = Signer::default();
    let document = key_set(&[signer.jwk()]);
    let large = format!("{document}{}", " ".repeat(256 * 1_024));
    for (name, entry) in [
        ("empty", String::new()),
        ("no time", format!("{URL}\n{document}")),
        ("no line", document.clone()),
        ("another URL's", record(0.0, "https://evil.example/jwks", &document)),
        ("from the future", record(1.0, URL, &document)),
        ("too old", record(-86_400.0, URL, &document)),
        ("no set", record(0.0, URL, "<html>")),
        ("no keys", record(0.0, URL, r#"{"keys":{}}"#)),
        ("duplicates", record(0.0, URL, r#"{"keys":[],"keys":[]}"#)),
        ("too large", record(0.0, URL, &large)),
        ("cut off", record(0.0, URL, &document[..document.len() - 1])),
    ] {
        let first = Isolate::knowing(&[&signer]);
        first.host.replace_stored(entry);
        let down = first.restarted_after(0.0);
        assert_eq!(down.verdict(&signer), "keys_unavailable", "{name}");
        let up = first.restarted_after(0.0);
        up.publish(&[&signer]);
        assert_eq!((up.verdict(&signer), up.work()), ("ok", (1, 1)), "{name}");
    }
    let first = Isolate::knowing(&[&signer]);
    first.host.replace_stored(record(0.0, URL, &document));
    assert_eq!(first.restarted_after(0.0).verdict(&signer), "ok", "the record itself is good");
}

#[test]
fn sets_of_two_urls_do_not_mix() {
    let signer = Signer::default();
    let first = Isolate::knowing(&[&signer]);
    let other = Isolate::of("https://other.example", first.host.restarted());
    assert_eq!(other.verdict(&signer), "keys_unavailable");
    let same = Isolate::of("https://App.example:443/", first.host.restarted());
    assert_eq!(same.verdict(&signer), "ok");
}

#[test]
fn an_invalid_set_is_not_stored() {
    for answer in [
        ScriptedResponse::status(500, ""),
        ScriptedResponse::status(404, key_set(&[Signer::default().jwk()])),
        ScriptedResponse::ok("<html>"),
        ScriptedResponse::ok(r#"{"keys":{}}"#),
    ] {
        let isolate = Isolate::new(TestHost::new());
        isolate.host.respond_with(answer);
        assert_eq!(isolate.verdict(&Signer::default()), "keys_unavailable");
        assert!(isolate.host.stored().is_empty());
    }
}

#[test]
fn a_key_replaced_under_its_kid_after_the_set_was_stored_is_picked_up_by_a_cold_isolate() {
    let (old, new) = (Signer::new(1, "1"), Signer::new(2, "1"));
    let isolate = Isolate::knowing(&[&old]).restarted_after(60.0);
    isolate.publish(&[&new]);
    assert_eq!(isolate.verdict(&new), "ok");
    assert_eq!(isolate.work(), (1, 1));
    assert_eq!(isolate.verdict(&old), "bad_signature");
}
