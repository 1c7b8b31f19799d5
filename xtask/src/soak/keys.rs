//! The auth server's signing keys, and what the Worker can know of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};

use super::plan::Plan;

/// The keys of a run, and its clock.
pub(super) struct Keys {
    pub(super) plan: Plan,
    started: Instant,
    keys: Vec<Key>,
}

struct Key {
    kid: String,
    private: SigningKey,
    /// When the Worker first got a set with the key
    delivered: Moment,
    /// When the Worker first got a set without it after its removal
    withdrawn: Moment,
}

/// What the Worker can know of a key while it handles a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum KeyState {
    /// It has the key, and the key is published
    Known,
    /// The key is published, and the Worker may not have it yet
    New,
    /// The key has been removed, and the Worker may still have it
    Removed,
    /// The Worker knows that no such key exists
    Gone,
}

impl Keys {
    /// Starts the clock.
    pub(super) fn new(plan: Plan) -> Self {
        let key = |number: usize| {
            let seed = Sha256::digest(format!("{} {number}", plan.seed));
            let private = SigningKey::from_bytes(&seed.into());
            let kid = format!("m3kVtqYzvKjzQpY1w8cXb2RrT0s{number:05}");
            Key { kid, private, delivered: Moment::never(), withdrawn: Moment::never() }
        };
        let keys = (0..plan.keys.len()).map(key).collect();
        Self { plan, started: Instant::now(), keys }
    }

    /// Seconds since the start.
    pub(super) fn now(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    pub(super) fn kid(&self, key: usize) -> &str {
        &self.keys[key].kid
    }

    /// The signature of one of the keys.
    pub(super) fn sign(&self, key: usize, input: &[u8]) -> [u8; 64] {
        self.keys[key].private.sign(input).to_bytes()
    }

    /// The JWK Set at a time.
    pub(super) fn jwks(&self, at: f64) -> String {
        let jwks = self.plan.published(at).map(|number| {
            let Key { kid, private, .. } = &self.keys[number];
            let x = BASE64URL.encode(private.verifying_key().as_bytes());
            format!(r#"{{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"{kid}","x":"{x}"}}"#)
        });
        format!(r#"{{"keys":[{}]}}"#, jwks.collect::<Vec<_>>().join(","))
    }

    /// Notes that the Worker has the set of `at` now.
    pub(super) fn deliver(&self, at: f64) {
        let now = self.now();
        for number in self.plan.published(at) {
            self.keys[number].delivered.note(now);
        }
        for (life, key) in self.plan.keys.iter().zip(&self.keys) {
            if life.removed <= at {
                key.withdrawn.note(now);
            }
        }
    }

    /// What the Worker can know of a key during a request.
    pub(super) fn state(&self, key: usize, sent: f64, received: f64) -> KeyState {
        let life = self.plan.keys[key];
        // the Worker fetches at the latest when its set is no longer fresh and no back-off is left
        let has_fetched_since = |time: f64| {
            let healthy = self.plan.healthy_for(sent).min(sent - time);
            healthy > max_age(&self.plan) + BACKOFF
        };
        let is_old = |moment: &Moment| moment.time() + PROCESSING < sent;
        let Key { delivered, withdrawn, .. } = &self.keys[key];
        if life.removed <= received {
            let is_gone = is_old(withdrawn) || has_fetched_since(life.removed);
            return if is_gone { KeyState::Gone } else { KeyState::Removed };
        }
        let is_known = is_old(delivered) || has_fetched_since(life.published.max(0.0));
        if is_known { KeyState::Known } else { KeyState::New }
    }
}

/// `JWKS_MAX_AGE` for a run, in seconds: several fetches within a phase of an hour's run.
pub(super) fn max_age(plan: &Plan) -> f64 {
    (plan.slot() / 2.0).round().clamp(4.0, 20.0)
}

/// `JWKS_COOLDOWN` for a run, in seconds.
pub(super) fn cooldown(plan: &Plan) -> f64 {
    (plan.slot() / 6.0).round().clamp(1.0, 5.0)
}

/// The longest back-off after failures and the longest fetch, in seconds, and time for a busy
/// machine.
const BACKOFF: f64 = 30.0 + 2.0 + 8.0;

/// Seconds from the end of a response of the auth server until the Worker has read it, on a busy
/// machine.
const PROCESSING: f64 = 2.0;

/// The first time that something happened.
struct Moment(AtomicU64);

impl Moment {
    fn never() -> Self {
        Self(f64::INFINITY.to_bits().into())
    }

    fn note(&self, time: f64) {
        // positive floats have the order of their bits
        self.0.fetch_min(time.to_bits(), Ordering::SeqCst);
    }

    fn time(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soak::plan::Life;

    #[test]
    fn a_key_is_new_until_it_is_delivered_and_removed_until_a_set_without_it_is() {
        let mut plan = Plan::new(1, 130.0);
        plan.keys = vec![
            Life { published: f64::NEG_INFINITY, removed: 20.0 },
            Life { published: 10.0, removed: f64::INFINITY },
        ];
        let keys = Keys::new(plan);
        let state = |key, at: f64| keys.state(key, at, at + 0.1);
        assert_eq!((state(0, 1.0), state(1, 11.0)), (KeyState::New, KeyState::New));
        keys.keys[0].delivered.note(0.5);
        assert_eq!((state(0, 2.0), state(0, 3.0)), (KeyState::New, KeyState::Known));
        assert_eq!(state(0, 19.95), KeyState::Removed);
        keys.keys[0].withdrawn.note(21.0);
        assert_eq!((state(0, 22.5), state(0, 23.5)), (KeyState::Removed, KeyState::Gone));
        keys.keys[1].delivered.note(12.0);
        assert_eq!((state(1, 13.5), state(1, 14.5)), (KeyState::New, KeyState::Known));
    }

    #[test]
    fn a_set_contains_the_published_keys() {
        let plan = Plan::new(1, 130.0);
        let overlap = plan.keys[1].published;
        let keys = Keys::new(plan);
        let contains = |at: f64, key| keys.jwks(at).contains(keys.kid(key));
        assert!(contains(overlap, 0) && contains(overlap, 1));
        assert!(!contains(overlap - 0.1, 1) && !contains(1e6, 0));
        keys.deliver(overlap);
        assert!(keys.keys[1].delivered.time().is_finite());
        assert!(keys.keys[0].withdrawn.time().is_infinite());
    }
}
