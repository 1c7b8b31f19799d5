//! Explains why the verifier accepts or rejects a token, check by check.
//!
//! An observer records the checks of the verifier itself, so an explanation cannot differ from the
//! decision.

use std::sync::Arc;

use super::{Keys, Verified, Verifier, signing_key};
use crate::check::{Check, Observer};
use crate::claims::Requirement;
use crate::crypto::VerifyingKey;
use crate::error::{Code, Error};
use crate::host::Host;
use crate::jose::{Algorithm, Header, Segments, Unusable};
use crate::keys::{KeySet, Selection, Wanted};

impl Verifier {
    /// Verifies a compact JWS as [`verify`](Self::verify) does, without the cache, and returns the
    /// result of each check.
    ///
    /// Unlike an [`Error`], an explanation contains the content of an unverified token. Show it
    /// only to the client that sent the token, and never log it.
    pub async fn explain<H: Host>(&self, token: &str, host: &H) -> Explanation {
        let mut recorded = RecordedChecks::default();
        let result = self.verify_uncached(token, host, &mut recorded).await;
        let checks = self.reports(&recorded);
        let set = self.cached_set();
        let used = self.used_keys(token, &set, &recorded, host).await;
        let keys = set.usable().iter().map(|key| KeyReport::new(key, &used)).collect();
        let unusable = set.unusable().to_vec();
        let segments = Segments::parse(token, &self.limits).ok();
        let (header, claims) = segments.map(|segments| (segments.header, segments.payload)).unzip();
        let tolerance = self.expectations.tolerance();
        let source = self.key_url().map(str::to_owned);
        let now = host.now();
        Explanation { result, checks, header, claims, source, keys, unusable, now, tolerance }
    }

    /// The reports in the order of [`Check::ALL`]. The verifier checks claims before the signature,
    /// but their results count after it.
    fn reports(&self, recorded: &RecordedChecks) -> Vec<CheckReport> {
        let mut decided = false;
        let report = |check: &Check| {
            let requirement = self.requirement(*check)?;
            let result = recorded.result_of(*check);
            let outcome = match (result, decided) {
                (Some(None), false) => CheckOutcome::Passed,
                (Some(Some(_)), false) => CheckOutcome::Failed,
                (Some(None), true) => CheckOutcome::WouldPass,
                (Some(Some(_)), true) => CheckOutcome::WouldFail,
                (None, _) => CheckOutcome::NotReached,
            };
            decided |= outcome != CheckOutcome::Passed;
            let rejection = result.cloned().flatten();
            let Requirement { members, expected } = requirement;
            Some(CheckReport { check: *check, outcome, rejection, members, expected })
        };
        Check::ALL.iter().filter_map(report).collect()
    }

    fn requirement(&self, check: Check) -> Option<Requirement> {
        let by_secret = self.is_by_secret();
        Some(match check {
            Check::Form => {
                let (token, header) = (self.limits.token_bytes, self.limits.header_bytes);
                let expected = format!(
                    "three segments of base64url, JSON objects in the first two; at most {token} \
                     bytes, {header} in the header"
                );
                Requirement::new(&[], expected)
            }
            Check::Header => {
                Requirement::new(&Header::CHECKED_MEMBERS, "an algorithm, and no extension")
            }
            Check::Algorithm => {
                let names: Vec<_> = self.algorithms.iter().map(|a| a.name()).collect();
                Requirement::new(&["alg"], format!("one of: {}", names.join(", ")))
            }
            Check::Key if by_secret => Requirement::new(&[], "the shared secret"),
            Check::Key => Requirement::new(&["kid", "alg"], "a usable key of the set has them"),
            Check::Signature => Requirement::new(&[], "made by that key over header and claims"),
            check => return self.expectations.requirement(check, by_secret),
        })
    }

    fn key_url(&self) -> Option<&str> {
        match &self.keys {
            Keys::Published(source) => source.url(),
            Keys::Shared(_) => None,
        }
    }

    /// The cached key set. Empty if no set is cached or the key is a shared secret.
    fn cached_set(&self) -> Arc<KeySet> {
        match &self.keys {
            Keys::Published(source) => source.cached().unwrap_or_default(),
            Keys::Shared(_) => Arc::default(),
        }
    }

    /// The key that verified the signature. If no key verified it, the keys that the verifier
    /// tried.
    async fn used_keys<H: Host>(
        &self,
        token: &str,
        set: &KeySet,
        recorded: &RecordedChecks,
        host: &H,
    ) -> Vec<Arc<VerifyingKey>> {
        let Some(tried) = recorded.result_of(Check::Signature) else {
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
        let signed_by =
            signing_key(&keys, host, algorithm, jws.signing_input(), jws.signature()).await;
        signed_by.into_iter().collect()
    }
}

/// The decision of a verifier about a token, and the results of the checks that led to it.
#[derive(Debug)]
pub struct Explanation {
    /// The result that [`Verifier::verify`] returns for this token
    pub result: Result<Verified, Error>,
    /// The checks in order, without those that this verifier does not require
    pub checks: Vec<CheckReport>,
    /// The header as JSON, if the token is readable. Unverified unless `result` is `Ok`
    pub header: Option<String>,
    /// The claims as JSON, if the token is readable. Unverified unless `result` is `Ok`
    pub claims: Option<String>,
    /// The URL of the key set, if the verifier fetches it
    pub source: Option<String>,
    /// The usable keys of the set. Empty if no set is available
    pub keys: Vec<KeyReport>,
    /// Why the verifier ignores the other entries of the set
    pub unusable: Vec<Unusable>,
    /// The time of the decision, in seconds since 1970
    pub now: f64,
    /// The clock tolerance, in seconds
    pub tolerance: f64,
}

/// The result of one check.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// The check
    pub check: Check,
    /// Its outcome
    pub outcome: CheckOutcome,
    /// Code and detail, if the outcome is `Failed` or `WouldFail`
    pub rejection: Option<(Code, String)>,
    /// The members of the header or the claims that the check reads
    pub members: Vec<String>,
    /// The requirement, as half a sentence
    pub expected: String,
}

/// The outcome of a check. The first check that does not pass decides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CheckOutcome {
    /// The token passed the check
    Passed,
    /// The token failed the check and is rejected for this reason
    Failed,
    /// An earlier check rejected the token, so this check did not run
    NotReached,
    /// An earlier check rejected the token, which passed this check
    WouldPass,
    /// An earlier check rejected the token, which failed this check too
    WouldFail,
}

impl CheckOutcome {
    /// The stable name of the outcome.
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
    /// The `kid` of the key (RFC 7517, section 4.5)
    pub kid: Option<String>,
    /// `OKP`, `EC` or `RSA`
    pub kty: &'static str,
    /// The name of the curve, or the length of the RSA modulus
    pub size: String,
    /// The `alg` of the key, if it has one
    pub algorithm: Option<Algorithm>,
    /// The thumbprint with SHA-256 (RFC 7638)
    pub thumbprint: String,
    /// Whether the verifier used the key for the token's signature
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
            thumbprint: key.thumbprint().to_owned(),
            used: used.iter().any(|used| Arc::ptr_eq(used, key)),
        }
    }
}

/// The recorded result of each check, in the order of the calls. The last result of a check counts.
#[derive(Default)]
struct RecordedChecks(Vec<(Check, Option<(Code, String)>)>);

impl RecordedChecks {
    fn result_of(&self, check: Check) -> Option<&Option<(Code, String)>> {
        self.0.iter().rev().find(|(name, _)| *name == check).map(|(_, rejection)| rejection)
    }
}

impl Observer for RecordedChecks {
    fn record<T>(&mut self, check: Check, result: Result<T, Error>) -> Result<T, Error> {
        let rejection = result.as_ref().err();
        self.0.push((check, rejection.map(|error| (error.code(), error.detail().to_owned()))));
        result
    }
}
