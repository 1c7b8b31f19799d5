//! The verifier over time: tokens come in, some of them together, while the clock moves, the auth
//! server changes its keys, answers late or not at all, and clients go away. Verified tokens are
//! cached.
//!
//! Always: it does not panic. A token is accepted only if it was really signed, by a published key,
//! and before it expires; the claims are that token's own. Its key was in a set that was fetched less
//! than `stale` ago and that no later set without the key had followed when the token came in; if the
//! auth server answers and is not being asked just then, the set is younger than `fresh`. Conversely a
//! good token of a key that is in the latest set is accepted, and when all faults are over every good
//! token is. The key of a good token is unknown only where a set without it was asked for after the token
//! came in, or shortly before.
//!
//! Input: a byte for the options, then steps of two bytes (see [`World::step`]).

#![no_main]

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use better_auth_edge::host::{Clock, GetError};
use better_auth_edge::{Code, Error, Verified, Verifier, VerifierOptions};
use better_auth_edge_fuzz::base64url::encode;
use better_auth_edge_fuzz::host::poll;
use better_auth_edge_fuzz::network::{Answer, Get, Network};
use ed25519_dalek::{Signer, SigningKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((options, steps)) = data.split_first() else { return };
    let mut world = World::new(*options);
    for step in steps.chunks_exact(2).take(64) {
        world.step(step[0], step[1]);
        world.settle();
    }
    world.calm_down();
});

const NOW: f64 = 1_750_000_000.0;
const SERVER: &str = "https://app.example";
const TOLERANCE: f64 = 5.0;

/// Seconds by which sums and digits of times may be rounded.
const ROUNDING: f64 = 1e-6;
/// Those that may be published; the last is a stranger's. Two have one key id.
const KIDS: [&str; 5] = ["a", "b", "c", "a", "a"];
const PUBLISHED: u8 = 0b1111;

struct World {
    keys: [SigningKey; KIDS.len()],
    network: Network,
    verifier: Rc<Verifier>,
    timing: Timing,
    minted: Vec<Rc<Minted>>,
    requests: Vec<Request>,
    accepted: usize,
}

/// Seconds
struct Timing {
    fresh: f64,
    stale: f64,
    cooldown: f64,
}

/// So long after a failure, in seconds, a set that is no longer fresh has to do: the longest pause,
/// and as much again for somebody else's next attempt.
const EXCUSE: f64 = 60.0;

/// So long, in seconds, a key that was not found is not looked for again.
const MEMORY: f64 = 5.0;

/// A token and what it is.
struct Minted {
    text: String,
    user: String,
    key: usize,
    expires: f64,
    genuine: bool,
}

/// A token that has come in.
struct Request {
    minted: Rc<Minted>,
    arrived: f64,
    moment: u64,
    /// Whether somebody else waited for a set when it came in
    under_way: bool,
    verdict: Pin<Box<dyn Future<Output = Result<Arc<Verified>, Error>>>>,
}

impl World {
    fn new(options: u8) -> Self {
        let timing = match options & 1 {
            0 => Timing { fresh: 600.0, stale: 86_400.0, cooldown: 30.0 },
            _ => Timing { fresh: 10.0, stale: 20.0, cooldown: 5.0 },
        };
        let one = |text: &str| Some(vec![text.to_owned()]);
        let tokens = [1_000.0, 0.0, 1.0, 2.0][usize::from(options >> 1) % 4];
        let built = VerifierOptions {
            jwks_url: Some(format!("{SERVER}/jwks")),
            issuer: one(SERVER),
            audience: one(SERVER),
            clock_tolerance: Some(TOLERANCE),
            cache_max_age: Some(timing.fresh),
            cache_stale_age: Some(timing.stale),
            cooldown: Some(timing.cooldown),
            token_cache: Some(tokens),
            ..VerifierOptions::default()
        };
        let keys = [1, 2, 3, 4, 5].map(|seed| SigningKey::from_bytes(&[seed; 32]));
        let network = Network::at(NOW);
        network.answers(set(&keys, 1, ""));
        Self {
            keys,
            network,
            verifier: Rc::new(built.build().expect("these options are good")),
            timing,
            minted: Vec::new(),
            requests: Vec::new(),
            accepted: 0,
        }
    }

    fn step(&mut self, what: u8, value: u8) {
        let (number, seconds) = (usize::from(value), f64::from(value));
        match what % 16 {
            0 => self.network.pass(seconds / 20.0),
            1 => self.network.pass(seconds),
            2 => self.network.pass(seconds * 300.0),
            3 => {
                // the same keys, written in another way, are other keys
                let member = if value & 0x10 == 0 { "" } else { r#","alg":"EdDSA""# };
                self.network.answers(set(&self.keys, value & PUBLISHED, member));
            }
            4 => self.network.answers(FAILURES[number % FAILURES.len()].clone()),
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
        let number = self.minted.len();
        let expires = self.network.now() + lifetime;
        let user = format!("user-{number}");
        let header = format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, KIDS[key]);
        let claims =
            format!(r#"{{"iss":"{SERVER}","aud":"{SERVER}","sub":"{user}","exp":{expires}}}"#);
        let input = [header, claims].map(encode).join(".");
        let signature = self.keys[key].sign(input.as_bytes()).to_bytes();
        let text = format!("{input}.{}", encode(signature));
        let genuine = PUBLISHED >> key & 1 == 1;
        self.minted.push(Rc::new(Minted { text, user, key, expires, genuine }));
    }

    fn submit(&mut self, number: usize) {
        if let Some(minted) = self.minted.get(number % self.minted.len().max(1)) {
            let minted = Rc::clone(minted);
            self.receive(minted);
        }
    }

    /// A token with the segments of two, or with another last character.
    fn tamper(&mut self, number: usize) {
        let count = self.minted.len().max(1);
        let Some(one) = self.minted.get(number % count) else { return };
        let other = &self.minted[number / 16 % count];
        let (input, signature) = one.text.rsplit_once('.').expect("it has three segments");
        let (_, another) = other.text.rsplit_once('.').expect("it has three segments");
        let text = match another == signature {
            true => format!("{input}.{}A", &signature[..signature.len() - 1]),
            false => format!("{input}.{another}"),
        };
        if text != one.text {
            let (user, key, expires) = (one.user.clone(), one.key, one.expires);
            self.receive(Rc::new(Minted { text, user, key, expires, genuine: false }));
        }
    }

    fn receive(&mut self, minted: Rc<Minted>) {
        let (verifier, network) = (Rc::clone(&self.verifier), self.network.clone());
        let token = minted.text.clone();
        self.requests.push(Request {
            minted,
            arrived: self.network.now(),
            moment: self.network.moment(),
            under_way: self.network.gets().iter().any(Get::is_open),
            verdict: Box::pin(async move { verifier.verify(&token, &network).await }),
        });
    }

    /// Lets everybody go on as far as they can.
    fn settle(&mut self) {
        loop {
            let before = self.requests.len();
            // a request may go on when a task has ended
            let mut has_ended = false;
            let mut waiting = Vec::new();
            for mut request in std::mem::take(&mut self.requests) {
                match poll(request.verdict.as_mut()) {
                    Poll::Ready(verdict) => self.check(&request, verdict),
                    Poll::Pending => waiting.push(request),
                }
                has_ended |= self.network.run_tasks();
            }
            self.requests = waiting;
            has_ended |= self.network.run_tasks();
            if self.requests.len() == before && !has_ended {
                return;
            }
        }
    }

    fn check(&mut self, request: &Request, verdict: Result<Arc<Verified>, Error>) {
        let minted = &request.minted;
        let gets = self.network.gets();
        let left = minted.expires + TOLERANCE - self.network.now();
        match verdict {
            Ok(verified) => {
                assert!(minted.genuine, "it accepts what nobody signed");
                assert!(left > -ROUNDING, "it accepts a token after its time");
                assert_eq!(verified.user(), minted.user, "it takes one token for another");
                self.check_key(request, &gets);
                self.accepted += 1;
            }
            Err(error) => {
                let in_time = left > ROUNDING;
                let good = minted.genuine && in_time && self.has_latest_key(request, &gets);
                assert!(!good, "it refuses a good token: {error}");
                if error.code() == Code::UnknownKey && minted.genuine && in_time {
                    assert!(self.was_looked_for(request, &gets), "no set says so: {error}");
                }
            }
        }
    }

    fn check_key(&self, request: &Request, gets: &[Get]) {
        let Request { minted, arrived, moment, under_way, .. } = request;
        let has_key = |get: &Get| get.keys().map(|mask| mask >> minted.key & 1 == 1);
        let left = gets.iter().rposition(|get| {
            let before = get.delivered.is_some_and(|delivery| delivery.moment <= *moment);
            before && has_key(get) == Some(false)
        });
        let since_left = &gets[left.map_or(0, |left| left + 1)..];
        let mut with_key = since_left.iter().filter(|get| has_key(get) == Some(true));
        let age = with_key.next_back().map(|get| arrived - get.called);
        let age = age.expect("it accepts a token by a key that has left");
        assert!(age < self.timing.stale, "it accepts a token by a set from long ago");
        let failed = gets.iter().filter(|get| get.has_failed()).filter_map(|get| get.delivered);
        let excused = failed.into_iter().any(|delivery| delivery.time > arrived - EXCUSE);
        let excused = excused || *under_way;
        assert!(age < self.timing.fresh || excused, "it does not look for a newer set");
    }

    /// Whether a set lacks the key and was asked for after the token came in, or shortly before.
    fn was_looked_for(&self, request: &Request, gets: &[Get]) -> bool {
        let lacks_key =
            |get: &&Get| get.keys().is_some_and(|mask| mask >> request.minted.key & 1 == 0);
        let lately = |get: &Get| get.called > request.arrived - MEMORY - ROUNDING;
        gets.iter().filter(lacks_key).any(lately)
    }

    /// Whether the set that was fetched last is fresh and has the token's key, and nothing else has
    /// come since.
    fn has_latest_key(&self, request: &Request, gets: &[Get]) -> bool {
        let latest = gets.iter().rev().find_map(|get| Some((get, get.keys()?, get.delivered?)));
        latest.is_some_and(|(get, mask, delivery)| {
            let fresh = self.network.now() - get.called < self.timing.fresh;
            mask >> request.minted.key & 1 == 1 && fresh && delivery.moment <= request.moment
        })
    }

    /// When the auth server answers again and some time has passed, a new token is accepted.
    fn calm_down(&mut self) {
        self.network.set_slow(false);
        self.network.answers(set(&self.keys, PUBLISHED, ""));
        self.requests.clear();
        // what is under way is given up; then the longest pause after it goes by
        for seconds in [10.0, 40.0] {
            self.network.pass(seconds);
            self.settle();
        }
        self.mint(1, 60.0);
        self.submit(self.minted.len() - 1);
        let before = self.accepted;
        self.settle();
        assert_eq!(self.accepted, before + 1, "it has not recovered");
    }
}

const LIFETIMES: [f64; 5] = [900.0, 1.0, 30.0, 60.0, 200_000.0];
const FAILURES: [Answer; 5] = [
    Answer::Response(500, ""),
    Answer::Response(404, r#"{"keys":[]}"#),
    Answer::Response(200, r#"{"keys":{}}"#),
    Answer::Fails(GetError::Unreachable),
    Answer::Fails(GetError::TooLarge),
];

/// The JWK Set of the keys whose bits are set.
fn set(keys: &[SigningKey], mask: u8, member: &str) -> Answer {
    let published = keys.iter().zip(KIDS).enumerate().filter(|(i, _)| mask >> i & 1 == 1);
    let entry = |(_, (key, kid)): (usize, (&SigningKey, &str))| {
        let x = encode(key.verifying_key());
        format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"{member}}}"#)
    };
    let entries: Vec<_> = published.map(entry).collect();
    Answer::Set(format!(r#"{{"keys":[{}]}}"#, entries.join(",")), mask)
}
