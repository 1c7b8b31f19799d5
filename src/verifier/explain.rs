//! Why a token is accepted or refused, check by check. It is the verifier itself that is watched
//! here: what is reported is what it did.

use std::sync::Arc;

use super::{Keys, Verified, Verifier, signer};
use crate::check::{Check, Watch};
use crate::claims::Rule;
use crate::crypto::VerifyingKey;
use crate::error::{Code, Error};
use crate::host::Host;
use crate::jose::{Algorithm, Header, Segments, Unusable};
use crate::keys::{KeySet, Selection, Wanted};

impl Verifier {
    /// Verifies a compact JWS as [`verify`](Self::verify) does, remembers nothing, and tells what
    /// every check has found.
    ///
    /// Unlike an [`Error`], an explanation holds what an unverified token says: it is for whoever
    /// brought the token, and for no log.
    pub async fn explain<H: Host>(&self, token: &str, host: &H) -> Explanation {
        let mut record = Record::default();
        let result = self.verify_afresh(token, host, &mut record).await;
        let checks = self.reports(&record);
        let set = self.known_set();
        let used = self.used(token, &set, &record, host).await;
        let keys = set.usable().iter().map(|key| KeyReport::new(key, &used)).collect();
        let unusable = set.unusable().to_vec();
        let read = Segments::parse(token, &self.limits).ok();
        let (header, claims) = read.map(|read| (read.header, read.payload)).unzip();
        let tolerance = self.expectations.tolerance();
        let source = self.key_url().map(str::to_owned);
        let now = host.now();
        Explanation { result, checks, header, claims, source, keys, unusable, now, tolerance }
    }

    /// Claims are looked at before the signature, and count after it.
    fn reports(&self, record: &Record) -> Vec<CheckReport> {
        let mut decided = false;
        let report = |check: &Check| {
            let rule = self.rule(*check)?;
            let seen = record.seen(*check);
            let outcome = match (seen, decided) {
                (Some(None), false) => Outcome::Passed,
                (Some(Some(_)), false) => Outcome::Failed,
                (Some(None), true) => Outcome::WouldPass,
                (Some(Some(_)), true) => Outcome::WouldFail,
                (None, _) => Outcome::NotReached,
            };
            decided |= outcome != Outcome::Passed;
            let refusal = seen.cloned().flatten();
            let Rule { members, expected } = rule;
            Some(CheckReport { check: *check, outcome, refusal, members, expected })
        };
        Check::ALL.iter().filter_map(report).collect()
    }

    fn rule(&self, check: Check) -> Option<Rule> {
        let by_secret = self.is_by_secret();
        Some(match check {
            Check::Form => {
                let (token, header) = (self.limits.token_bytes, self.limits.header_bytes);
                let expected = format!(
                    "three segments of base64url, JSON objects in the first two; at most {token} \
                     bytes, {header} in the header"
                );
                Rule::new(&[], expected)
            }
            Check::Header => Rule::new(&Header::CHECKED_MEMBERS, "an algorithm, and no extension"),
            Check::Algorithm => {
                let names: Vec<_> = self.algorithms.iter().map(|a| a.name()).collect();
                Rule::new(&["alg"], format!("one of: {}", names.join(", ")))
            }
            Check::Key if by_secret => Rule::new(&[], "the shared secret"),
            Check::Key => Rule::new(&["kid", "alg"], "a usable key of the set has them"),
            Check::Signature => Rule::new(&[], "made by that key over header and claims"),
            check => return self.expectations.rule(check, by_secret),
        })
    }

    fn key_url(&self) -> Option<&str> {
        match &self.keys {
            Keys::Published(source) => source.url(),
            Keys::Shared(_) => None,
        }
    }

    /// The set as it is known now; an empty one where there is none.
    fn known_set(&self) -> Arc<KeySet> {
        match &self.keys {
            Keys::Published(source) => source.cached().unwrap_or_default(),
            Keys::Shared(_) => Arc::default(),
        }
    }

    /// The key that has signed, or else those by which the signature was tried.
    async fn used<H: Host>(
        &self,
        token: &str,
        set: &KeySet,
        record: &Record,
        host: &H,
    ) -> Vec<Arc<VerifyingKey>> {
        let Some(tried) = record.seen(Check::Signature) else {
            return Vec::new();
        };
        let Some((jws, algorithm)) = self.read(token).and_then(|jws| {
            let algorithm = self.allowed_algorithm(jws.header()).ok()?;
            Some((jws, algorithm))
        }) else {
            return Vec::new();
        };
        let kid = jws.header().kid();
        let wanted = Wanted { kid, algorithm, since: host.now(), plausible: false };
        let Selection::Keys(keys) = set.select(&wanted) else {
            return Vec::new();
        };
        if tried.is_some() {
            return keys;
        }
        let signer = signer(&keys, host, algorithm, jws.signing_input(), jws.signature()).await;
        signer.into_iter().collect()
    }
}

/// What a verifier decides about a token, and how it came to that.
#[derive(Debug)]
pub struct Explanation {
    /// What [`Verifier::verify`] would have answered
    pub result: Result<Verified, Error>,
    /// All checks in the order in which they count, but for those that nothing is expected of
    pub checks: Vec<CheckReport>,
    /// The header as JSON, if the token could be read; trust it only if the result is good
    pub header: Option<String>,
    /// The claims as JSON, likewise
    pub claims: Option<String>,
    /// The URL of the key set, where it is not given
    pub source: Option<String>,
    /// The usable keys of the set, as far as there is one
    pub keys: Vec<KeyReport>,
    /// Why its other entries are ignored
    pub unusable: Vec<Unusable>,
    /// The time of the decision, in seconds since 1970
    pub now: f64,
    /// By how many seconds clocks may differ
    pub tolerance: u16,
}

/// How a check has ended.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// Which one
    pub check: Check,
    /// How it has ended
    pub outcome: Outcome,
    /// Code and detail, where it has failed or would have
    pub refusal: Option<(Code, String)>,
    /// The members of the header or the claims that it is about
    pub members: Vec<String>,
    /// What it wants to find there, as half a sentence
    pub expected: String,
}

/// How a check has ended. The first that has not passed decides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It is good
    Passed,
    /// It is not, and that is why the token is refused
    Failed,
    /// Another has decided before
    NotReached,
    /// The same, and this one would have been good
    WouldPass,
    /// The same, and this one would have been next
    WouldFail,
}

impl Outcome {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotReached => "not_reached",
            Self::WouldPass => "would_pass",
            Self::WouldFail => "would_fail",
        }
    }
}

/// A usable key of a set.
#[derive(Clone, Debug)]
pub struct KeyReport {
    /// Its id
    pub kid: Option<String>,
    /// `OKP`, `EC` or `RSA`
    pub kty: &'static str,
    /// The curve by its name, or the length of the modulus
    pub size: String,
    /// The `alg` that it is for, if it says so
    pub algorithm: Option<Algorithm>,
    /// RFC 7638, with SHA-256
    pub thumbprint: String,
    /// Whether the token's signature was verified with it
    pub used: bool,
}

impl KeyReport {
    fn new(key: &Arc<VerifyingKey>, used: &[Arc<VerifyingKey>]) -> Self {
        let jwk = key.jwk();
        Self {
            kid: jwk.kid().map(str::to_owned),
            kty: jwk.material().kty(),
            size: jwk.material().size(),
            algorithm: jwk.algorithm(),
            thumbprint: key.thumbprint(),
            used: used.iter().any(|used| Arc::ptr_eq(used, key)),
        }
    }
}

/// How each check has ended last.
#[derive(Default)]
struct Record(Vec<(Check, Option<(Code, String)>)>);

impl Record {
    fn seen(&self, check: Check) -> Option<&Option<(Code, String)>> {
        self.0.iter().rev().find(|(seen, _)| *seen == check).map(|(_, refusal)| refusal)
    }
}

impl Watch for Record {
    fn see<T>(&mut self, check: Check, result: Result<T, Error>) -> Result<T, Error> {
        let refusal = result.as_ref().err();
        self.0.push((check, refusal.map(|error| (error.code(), error.detail().to_owned()))));
        result
    }
}
