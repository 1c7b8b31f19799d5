//! Explains why a verifier accepts or rejects a token, check by check. It observes the verifier
//! itself, so an explanation reports what the verifier did.

use std::sync::Arc;

use super::{Keys, Verified, Verifier, signer};
use crate::check::{Check, Observer};
use crate::claims::Expectation;
use crate::crypto::VerifyingKey;
use crate::error::{Code, Error};
use crate::host::Host;
use crate::jose::{Algorithm, Header, Segments, Unusable};
use crate::keys::{KeySet, Selection, Wanted};

impl Verifier {
    /// Verifies a compact JWS like [`verify`](Self::verify), but without the cache of tokens, and
    /// returns the result of every check.
    ///
    /// Unlike an [`Error`], an explanation contains claims of an unverified token. Show it only to
    /// the owner of the token, and never log it.
    pub async fn explain<H: Host>(&self, token: &str, host: &H) -> Explanation {
        let mut observed = ObservedChecks::default();
        let result = self.verify_uncached(token, host, &mut observed).await;
        let checks = self.reports(&observed);
        let set = self.known_set();
        let used = self.used(token, &set, &observed, host).await;
        let keys = set.usable().iter().map(|key| KeyReport::new(key, &used)).collect();
        let unusable = set.unusable().to_vec();
        let read = Segments::parse(token, &self.limits).ok();
        let (header, claims) = read.map(|read| (read.header, read.payload)).unzip();
        let tolerance = self.expectations.tolerance();
        let source = self.key_url().map(str::to_owned);
        let now = host.now();
        Explanation { result, checks, header, claims, source, keys, unusable, now, tolerance }
    }

    /// The verifier checks claims before the signature. In a report they follow it.
    fn reports(&self, observed: &ObservedChecks) -> Vec<CheckReport> {
        let mut decided = false;
        let report = |check: &Check| {
            let expectation = self.expectation(*check)?;
            let seen = observed.result(*check);
            let outcome = match (seen, decided) {
                (Some(None), false) => CheckOutcome::Passed,
                (Some(Some(_)), false) => CheckOutcome::Failed,
                (Some(None), true) => CheckOutcome::WouldPass,
                (Some(Some(_)), true) => CheckOutcome::WouldFail,
                (None, _) => CheckOutcome::NotReached,
            };
            decided |= outcome != CheckOutcome::Passed;
            let rejection = seen.cloned().flatten();
            let Expectation { members, expected } = expectation;
            Some(CheckReport { check: *check, outcome, rejection, members, expected })
        };
        Check::ALL.iter().filter_map(report).collect()
    }

    fn expectation(&self, check: Check) -> Option<Expectation> {
        let by_secret = self.is_by_secret();
        Some(match check {
            Check::Form => {
                let (token, header) = (self.limits.token_bytes, self.limits.header_bytes);
                let expected = format!(
                    "three segments of base64url, JSON objects in the first two; at most {token} \
                     bytes, {header} in the header"
                );
                Expectation::new(&[], expected)
            }
            Check::Header => Expectation::new(&Header::COUNTING, "an algorithm, and no extension"),
            Check::Algorithm => {
                let names: Vec<_> = self.algorithms.iter().map(|a| a.name()).collect();
                Expectation::new(&["alg"], format!("one of: {}", names.join(", ")))
            }
            Check::Key if by_secret => Expectation::new(&[], "the shared secret"),
            Check::Key => Expectation::new(&["kid", "alg"], "a usable key of the set has them"),
            Check::Signature => Expectation::new(&[], "made by that key over header and claims"),
            check => return self.expectations.expectation(check, by_secret),
        })
    }

    fn key_url(&self) -> Option<&str> {
        match &self.keys {
            Keys::Published(source) => source.url(),
            Keys::Shared(_) => None,
        }
    }

    /// The cached set, empty if the cache has none.
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
        observed: &ObservedChecks,
        host: &H,
    ) -> Vec<Arc<VerifyingKey>> {
        let Some(tried) = observed.result(Check::Signature) else {
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

/// A verifier's decision about a token, with the results of its checks.
#[derive(Debug)]
pub struct Explanation {
    /// The result of [`Verifier::verify`]
    pub result: Result<Verified, Error>,
    /// All checks in their order, except those that do not apply
    pub checks: Vec<CheckReport>,
    /// The header as JSON, if the token is well-formed. Unverified unless the result is `Ok`
    pub header: Option<String>,
    /// The claims as JSON, like the header
    pub claims: Option<String>,
    /// The URL of the JWK Set, unless it is fixed
    pub source: Option<String>,
    /// The usable keys of the set
    pub keys: Vec<KeyReport>,
    /// Why the verifier ignores the other entries
    pub unusable: Vec<Unusable>,
    /// The time of the decision, in seconds since 1970
    pub now: f64,
    /// The clock tolerance in seconds
    pub tolerance: u16,
}

/// The result of a check.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// The check
    pub check: Check,
    /// Its outcome
    pub outcome: CheckOutcome,
    /// The code and detail of its error, if it failed or would fail
    pub rejection: Option<(Code, String)>,
    /// The header members or claims that it reads
    pub members: Vec<String>,
    /// What it expects of them, as half a sentence
    pub expected: String,
}

/// The outcome of a check. The first check that fails decides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CheckOutcome {
    /// It passed
    Passed,
    /// It failed, so the verifier rejects the token
    Failed,
    /// An earlier check decided, and the verifier did not reach this one
    NotReached,
    /// An earlier check decided; this one would pass
    WouldPass,
    /// An earlier check decided; this one would fail
    WouldFail,
}

impl CheckOutcome {
    /// The stable name.
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
    /// The name of the curve, or the length of the modulus
    pub size: String,
    /// Its `alg`, if it has one
    pub algorithm: Option<Algorithm>,
    /// The thumbprint by SHA-256 (RFC 7638)
    pub thumbprint: String,
    /// Whether it verified the token's signature
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

/// The latest result of each check.
#[derive(Default)]
struct ObservedChecks(Vec<(Check, Option<(Code, String)>)>);

impl ObservedChecks {
    fn result(&self, check: Check) -> Option<&Option<(Code, String)>> {
        self.0.iter().rev().find(|(seen, _)| *seen == check).map(|(_, rejection)| rejection)
    }
}

impl Observer for ObservedChecks {
    fn record<T>(&mut self, check: Check, result: Result<T, Error>) -> Result<T, Error> {
        let rejection = result.as_ref().err();
        self.0.push((check, rejection.map(|error| (error.code(), error.detail().to_owned()))));
        result
    }
}
