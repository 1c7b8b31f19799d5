//! The verifier over time. Tokens arrive, some of them concurrently, while the clock advances, the
//! auth server changes its keys, responds late or not at all, and clients disconnect. Verified
//! tokens are cached.
//!
//! Invariants:
//! - The verifier does not panic.
//! - It accepts a token only if a published key signed it and before it expires. The claims are
//!   those of that token.
//! - The key of an accepted token was in a set fetched less than `stale` ago, and no later set
//!   without the key had arrived before the token. If the auth server works and no fetch is in
//!   progress, the set is younger than `fresh`.
//! - It accepts a valid token of a key in the latest set. After all errors have ended it accepts
//!   every valid token.
//! - The key of a valid token is unknown only if a set without it was fetched after the token
//!   arrived, or shortly before.
//!
//! Input: a byte for the options, then steps of two bytes (see [`Simulation::step`]).

#![no_main]

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use better_auth_edge::host::{Clock, GetError};
use better_auth_edge::{Code, Error, Verified, Verifier, VerifierOptions};
use better_auth_edge_fuzz::base64url::encode;
use better_auth_edge_fuzz::host::poll;
use better_auth_edge_fuzz::network::{Network, RecordedFetch, ScriptedResponse};
use ed25519_dalek::{Signer, SigningKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((options, steps)) = data.split_first() else { return };
    let mut simulation = Simulation::new(*options);
    for step in steps.chunks_exact(2).take(64) {
        simulation.step(step[0], step[1]);
        simulation.settle();
    }
    simulation.recover();
});

const NOW: f64 = 1_750_000_000.0;
const SERVER: &str = "https://app.example";
const TOLERANCE: f64 = 5.0;

/// Rounding error of times, in seconds.
const ROUNDING: f64 = 1e-6;
/// The key ids. Two published keys share one. The last key is an attacker's and never published.
const KIDS: [&str; 5] = ["a", "b", "c", "a", "a"];
const PUBLISHED: u8 = 0b1111;

struct Simulation {
    keys: [SigningKey; KIDS.len()],
    network: Network,
    verifier: Rc<Verifier>,
    timing: Timing,
    tokens: Vec<Rc<TestToken>>,
    requests: Vec<Request>,
    accepted: usize,
}

/// Times in seconds
struct Timing {
    fresh: f64,
    stale: f64,
    cooldown: f64,
}

/// How long after a failed fetch the verifier may use a set that is not fresh, in seconds: the
/// longest back-off, twice.
const BACK_OFF: f64 = 60.0;

/// How long the verifier remembers that a key was not found, in seconds.
const ABSENT_KEY_AGE: f64 = 5.0;

/// A token with its properties.
struct TestToken {
    text: String,
    user: String,
    key: usize,
    expires: f64,
    genuine: bool,
}

/// The verification of a token.
struct Request {
    token: Rc<TestToken>,
    arrived: f64,
    event: u64,
    /// Whether a fetch was in progress when the token arrived
    fetching: bool,
    verdict: Pin<Box<dyn Future<Output = Result<Arc<Verified>, Error>>>>,
}

impl Simulation {
    fn new(options: u8) -> Self {
        let timing = match options & 1 {
            0 => Timing { fresh: 600.0, stale: 86_400.0, cooldown: 30.0 },
            _ => Timing { fresh: 10.0, stale: 20.0, cooldown: 5.0 },
        };
        let one = |text: &str| Some(vec![text.to_owned()]);
        let cache_size = [1_000.0, 0.0, 1.0, 2.0][usize::from(options >> 1) % 4];
        let built = VerifierOptions {
            jwks_url: Some(format!("{SERVER}/jwks")),
            issuer: one(SERVER),
            audience: one(SERVER),
            clock_tolerance: Some(TOLERANCE),
            cache_max_age: Some(timing.fresh),
            cache_stale_age: Some(timing.stale),
            cooldown: Some(timing.cooldown),
            token_cache: Some(cache_size),
            ..VerifierOptions::default()
        };
        let keys = [1, 2, 3, 4, 5].map(|seed| SigningKey::from_bytes(&[seed; 32]));
        let network = Network::at(NOW);
        network.set_response(set(&keys, 1, ""));
        Self {
            keys,
            network,
            verifier: Rc::new(built.build().expect("the options are valid")),
            timing,
            tokens: Vec::new(),
            requests: Vec::new(),
            accepted: 0,
        }
    }

    fn step(&mut self, action: u8, value: u8) {
        let (number, seconds) = (usize::from(value), f64::from(value));
        match action % 16 {
            0 => self.network.advance(seconds / 20.0),
            1 => self.network.advance(seconds),
            2 => self.network.advance(seconds * 300.0),
            3 => {
                // another spelling of the same keys counts as other keys
                let member = if value & 0x10 == 0 { "" } else { r#","alg":"EdDSA""# };
                self.network.set_response(set(&self.keys, value & PUBLISHED, member));
            }
            4 => self.network.set_response(FAILURES[number % FAILURES.len()].clone()),
            5 | 6 => {
                self.mint(number % KIDS.len(), LIFETIMES[number / KIDS.len() % LIFETIMES.len()])
            }
            7..=10 => self.submit(number),
            11 => self.tamper(number),
            12 => self.network.deliver(number),
            13 => self.network.set_slow(value & 1 == 1),
            14 if !self.requests.is_empty() => {
                drop(self.requests.remove(number % self.requests.len()))
            }
            15 => self.network.drop_tasks(),
            _ => {}
        }
    }

    fn mint(&mut self, key: usize, lifetime: f64) {
        let number = self.tokens.len();
        let expires = self.network.now() + lifetime;
        let user = format!("user-{number}");
        let header = format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, KIDS[key]);
        let claims =
            format!(r#"{{"iss":"{SERVER}","aud":"{SERVER}","sub":"{user}","exp":{expires}}}"#);
        let input = [header, claims].map(encode).join(".");
        let signature = self.keys[key].sign(input.as_bytes()).to_bytes();
        let text = format!("{input}.{}", encode(signature));
        let genuine = PUBLISHED >> key & 1 == 1;
        self.tokens.push(Rc::new(TestToken { text, user, key, expires, genuine }));
    }

    fn submit(&mut self, number: usize) {
        if let Some(token) = self.tokens.get(number % self.tokens.len().max(1)) {
            let token = Rc::clone(token);
            self.verify(token);
        }
    }

    /// Verifies a token with the segments of two others, or with another last character.
    fn tamper(&mut self, number: usize) {
        let count = self.tokens.len().max(1);
        let Some(one) = self.tokens.get(number % count) else { return };
        let other = &self.tokens[number / 16 % count];
        let (input, signature) = one.text.rsplit_once('.').expect("it has three segments");
        let (_, another) = other.text.rsplit_once('.').expect("it has three segments");
        let text = match another == signature {
            true => format!("{input}.{}A", &signature[..signature.len() - 1]),
            false => format!("{input}.{another}"),
        };
        if text != one.text {
            let (user, key, expires) = (one.user.clone(), one.key, one.expires);
            self.verify(Rc::new(TestToken { text, user, key, expires, genuine: false }));
        }
    }

    fn verify(&mut self, token: Rc<TestToken>) {
        let (verifier, network) = (Rc::clone(&self.verifier), self.network.clone());
        let text = token.text.clone();
        self.requests.push(Request {
            token,
            arrived: self.network.now(),
            event: self.network.event(),
            fetching: self.network.fetches().iter().any(RecordedFetch::is_open),
            verdict: Box::pin(async move { verifier.verify(&text, &network).await }),
        });
    }

    /// Polls all requests and tasks until none makes progress.
    fn settle(&mut self) {
        loop {
            let before = self.requests.len();
            // a request can make progress when a task has completed
            let mut has_completed = false;
            let mut waiting = Vec::new();
            for mut request in std::mem::take(&mut self.requests) {
                match poll(request.verdict.as_mut()) {
                    Poll::Ready(verdict) => self.check(&request, verdict),
                    Poll::Pending => waiting.push(request),
                }
                has_completed |= self.network.run_tasks();
            }
            self.requests = waiting;
            has_completed |= self.network.run_tasks();
            if self.requests.len() == before && !has_completed {
                return;
            }
        }
    }

    fn check(&mut self, request: &Request, verdict: Result<Arc<Verified>, Error>) {
        let token = &request.token;
        let fetches = self.network.fetches();
        let left = token.expires + TOLERANCE - self.network.now();
        match verdict {
            Ok(verified) => {
                assert!(token.genuine, "accepted a forged token");
                assert!(left > -ROUNDING, "accepted an expired token");
                assert_eq!(verified.user(), token.user, "confused two tokens");
                self.check_key(request, &fetches);
                self.accepted += 1;
            }
            Err(error) => {
                let in_time = left > ROUNDING;
                let valid = token.genuine && in_time && self.has_latest_key(request, &fetches);
                assert!(!valid, "rejected a valid token: {error}");
                if error.code() == Code::UnknownKey && token.genuine && in_time {
                    assert!(
                        self.was_fetched_without_key(request, &fetches),
                        "no set lacks the key: {error}"
                    );
                }
            }
        }
    }

    fn check_key(&self, request: &Request, fetches: &[RecordedFetch]) {
        let Request { token, arrived, event, fetching, .. } = request;
        let has_key = |fetch: &RecordedFetch| fetch.keys().map(|mask| mask >> token.key & 1 == 1);
        let left = fetches.iter().rposition(|fetch| {
            let before = fetch.delivered.is_some_and(|delivery| delivery.event <= *event);
            before && has_key(fetch) == Some(false)
        });
        let since_left = &fetches[left.map_or(0, |left| left + 1)..];
        let mut with_key = since_left.iter().filter(|fetch| has_key(fetch) == Some(true));
        let age = with_key.next_back().map(|fetch| arrived - fetch.called);
        let age = age.expect("accepted a token of a removed key");
        assert!(age < self.timing.stale, "accepted a token with a set that is too old");
        let failed =
            fetches.iter().filter(|fetch| fetch.has_failed()).filter_map(|fetch| fetch.delivered);
        let excused = failed.into_iter().any(|delivery| delivery.time > arrived - BACK_OFF);
        let excused = excused || *fetching;
        assert!(age < self.timing.fresh || excused, "did not fetch a newer set");
    }

    /// Whether a set without the key was fetched after the token arrived, or shortly before.
    fn was_fetched_without_key(&self, request: &Request, fetches: &[RecordedFetch]) -> bool {
        let lacks_key = |fetch: &&RecordedFetch| {
            fetch.keys().is_some_and(|mask| mask >> request.token.key & 1 == 0)
        };
        let is_recent =
            |fetch: &RecordedFetch| fetch.called > request.arrived - ABSENT_KEY_AGE - ROUNDING;
        fetches.iter().filter(lacks_key).any(is_recent)
    }

    /// Whether the latest set is fresh and has the token's key, and arrived before the token.
    fn has_latest_key(&self, request: &Request, fetches: &[RecordedFetch]) -> bool {
        let latest =
            fetches.iter().rev().find_map(|fetch| Some((fetch, fetch.keys()?, fetch.delivered?)));
        latest.is_some_and(|(fetch, mask, delivery)| {
            let fresh = self.network.now() - fetch.called < self.timing.fresh;
            mask >> request.token.key & 1 == 1 && fresh && delivery.event <= request.event
        })
    }

    /// Checks that the verifier accepts a new token some time after the auth server works again.
    fn recover(&mut self) {
        self.network.set_slow(false);
        self.network.set_response(set(&self.keys, PUBLISHED, ""));
        self.requests.clear();
        // the open fetch times out, then its longest back-off ends
        for seconds in [10.0, 40.0] {
            self.network.advance(seconds);
            self.settle();
        }
        self.mint(1, 60.0);
        self.submit(self.tokens.len() - 1);
        let before = self.accepted;
        self.settle();
        assert_eq!(self.accepted, before + 1, "did not recover");
    }
}

const LIFETIMES: [f64; 5] = [900.0, 1.0, 30.0, 60.0, 200_000.0];
const FAILURES: [ScriptedResponse; 5] = [
    ScriptedResponse::Other(500, ""),
    ScriptedResponse::Other(404, r#"{"keys":[]}"#),
    ScriptedResponse::Other(200, r#"{"keys":{}}"#),
    ScriptedResponse::Error(GetError::Unreachable),
    ScriptedResponse::Error(GetError::TooLarge),
];

/// The JWK Set of the keys whose bits are set.
fn set(keys: &[SigningKey], mask: u8, member: &str) -> ScriptedResponse {
    let published = keys.iter().zip(KIDS).enumerate().filter(|(i, _)| mask >> i & 1 == 1);
    let entry = |(_, (key, kid)): (usize, (&SigningKey, &str))| {
        let x = encode(key.verifying_key());
        format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"{member}}}"#)
    };
    let entries: Vec<_> = published.map(entry).collect();
    ScriptedResponse::Set(format!(r#"{{"keys":[{}]}}"#, entries.join(",")), mask)
}
