//! Compares the decision about a request with those that the oracle allows, and counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::body::Body;
use super::echo::{Echo, GOOD, UNCHECKED};
use super::keys::Keys;
use super::oracle::{Case, Decision};
use super::tally::{Count, Counted};
use super::traffic::Kind;
use super::upstream::Upstream;
use super::users::User;

/// A request of the client.
pub(super) struct Request {
    pub(super) kind: Kind,
    /// Unless equal requests are sent again and again
    pub(super) number: Option<u64>,
    pub(super) case: Case,
    /// The user whom the upstream must see; `None` on a public path
    pub(super) user: Option<Arc<User>>,
    /// The address of the client
    pub(super) address: String,
    pub(super) method: &'static str,
    pub(super) target: String,
    /// The body, as the upstream must receive it
    pub(super) body: Body,
    /// The head and, if it is sent at once, the body
    pub(super) bytes: Vec<u8>,
}

/// A response without its body.
#[derive(Clone, Debug, Default)]
pub(super) struct Response {
    pub(super) status: u16,
    /// The code of a problem response
    pub(super) code: String,
    pub(super) echo: Option<Echo>,
    pub(super) has_retry_after: bool,
    pub(super) has_challenge: bool,
}

/// Judges decisions.
pub(super) struct Judge {
    pub(super) keys: Arc<Keys>,
    pub(super) upstream: Arc<Upstream>,
    counts: Vec<Count>,
    by_phase: Vec<Count>,
    forwarded: AtomicU64,
    lost: AtomicU64,
    aborted: Mutex<Vec<u64>>,
    findings: Mutex<Findings>,
}

/// Wrong decisions: the first ones, and how many each kind of request has.
#[derive(Default)]
struct Findings {
    first: Vec<String>,
    lost: BTreeMap<String, u64>,
}

impl Judge {
    pub(super) fn new(keys: Arc<Keys>, upstream: Arc<Upstream>) -> Self {
        let counts = |length: usize| (0..length).map(|_| Count::default()).collect();
        let by_phase = counts(keys.plan.phases.len());
        Self {
            keys,
            upstream,
            counts: counts(Kind::ALL.len()),
            by_phase,
            forwarded: 0.into(),
            lost: 0.into(),
            aborted: Mutex::default(),
            findings: Mutex::default(),
        }
    }

    /// Judges the response to a request, by the times of the run when it was sent and when the
    /// response arrived.
    pub(super) fn judge(&self, request: &Request, response: &Response, sent: f64, received: f64) {
        let decision = match &response.echo {
            Some(_) => Decision::Passed,
            None => Decision::Edge(response.status, response.code.clone()),
        };
        let passed = decision == Decision::Passed;
        self.forwarded.fetch_add(passed.into(), Ordering::SeqCst);
        let reached = request.number.map(|number| self.upstream.take(number));
        let allowed = request.case.allowed(&self.keys, sent, received);
        let is_allowed = allowed.iter().any(|allowed| match (allowed, &decision) {
            // without a body, there is no code
            (Decision::Edge(status, _), Decision::Edge(actual, _)) if request.method == "HEAD" => {
                status == actual
            }
            (allowed, decision) => allowed == decision,
        });
        let wrong = if !is_allowed {
            let allowed: Vec<_> = allowed.iter().map(Decision::to_string).collect();
            Some(format!("not {}", allowed.join(" or ")))
        } else if reached == Some(true) && !passed {
            Some("but the upstream received it".to_owned())
        } else if reached == Some(false) && passed {
            Some("but the upstream did not receive it".to_owned())
        } else {
            match &response.echo {
                Some(echo) => differences(request, response.status, echo),
                None => response.lack(),
            }
        };
        let phase = (sent / self.keys.plan.slot()) as usize;
        let phase = phase.min(self.by_phase.len() - 1);
        let counts = [&self.counts[request.kind as usize], &self.by_phase[phase]];
        for count in counts {
            count.add(passed, response.status == 503, wrong.is_some());
        }
        if let Some(wrong) = wrong {
            let Response { status, code, .. } = response;
            let phase = self.keys.plan.phase(sent).name();
            let took = received - sent;
            self.find(format!(
                "{} at {sent:.2} s ({phase}, {took:.3} s): {}, {wrong}",
                request.kind.title(),
                format!("{status} {code}").trim_end()
            ));
        }
    }

    /// Counts a request that the client has aborted, and which may have reached the upstream.
    pub(super) fn abort(&self, number: u64) {
        self.counts[Kind::Aborted as usize].add_request();
        self.aborted.lock().unwrap_or_else(PoisonError::into_inner).push(number);
    }

    /// Compares, when all responses have arrived, what the upstream received with what the clients
    /// know of.
    pub(super) fn settle(&self) {
        let aborted = self.aborted.lock().unwrap_or_else(PoisonError::into_inner);
        let aborted = aborted.iter().filter(|number| self.upstream.take(**number)).count() as u64;
        let (received, left) = (self.upstream.received(), self.upstream.left());
        let known = self.forwarded() + aborted;
        if received != known || left > 0 {
            self.find_in(
                Kind::Warm,
                &format!("the upstream received {received} requests, not {known}; {left} unknown"),
            );
        }
    }

    /// Counts a wrong decision that no single response shows.
    pub(super) fn find_in(&self, kind: Kind, what: &str) {
        self.counts[kind as usize].add_wrong();
        self.find(format!("{} at {:.2} s: {what}", kind.title(), self.keys.now()));
    }

    fn find(&self, what: String) {
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        if findings.first.len() < SHOWN {
            findings.first.push(what);
        }
    }

    /// Counts a connection that failed before the response was complete.
    pub(super) fn lose(&self, kind: Kind, why: &std::io::Error) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        let what =
            format!("{}, {}: {why}", kind.title(), self.keys.plan.phase(self.keys.now()).name());
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        *findings.lost.entry(what).or_default() += 1;
    }

    /// The requests of each kind.
    pub(super) fn counts(&self) -> impl Iterator<Item = (Kind, Counted)> {
        Kind::ALL.iter().map(|kind| (*kind, self.counts[*kind as usize].counted()))
    }

    /// The requests of each phase, in the order of the plan.
    pub(super) fn by_phase(&self) -> impl Iterator<Item = Counted> {
        self.by_phase.iter().map(Count::counted)
    }

    /// All requests.
    pub(super) fn total(&self) -> Counted {
        self.counts().fold(Counted::default(), |sum, (_, count)| sum.plus(count))
    }

    /// Responses of the upstream that clients received.
    pub(super) fn forwarded(&self) -> u64 {
        self.forwarded.load(Ordering::SeqCst)
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// The first wrong decisions, and the connections lost with their reasons.
    pub(super) fn findings(&self) -> (Vec<String>, Vec<String>) {
        let findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = findings.lost.iter().map(|(what, count)| format!("{count} × {what}"));
        (findings.first.clone(), lost.collect())
    }
}

/// The number of wrong decisions that a run shows.
const SHOWN: usize = 20;

impl Response {
    /// What a problem response lacks.
    fn lack(&self) -> Option<String> {
        match self.status {
            401 if !self.has_challenge => Some("WWW-Authenticate is missing".to_owned()),
            503 if !self.has_retry_after => Some("Retry-After is missing".to_owned()),
            _ => None,
        }
    }
}

/// How what the upstream received differs from what the client sent.
fn differences(request: &Request, status: u16, echo: &Echo) -> Option<String> {
    let absent = || "-".to_owned();
    let user = request.user.as_ref();
    let expected = Echo {
        method: request.method.to_owned(),
        target: request.target.clone(),
        user: user.map_or_else(absent, |user| user.id.clone()),
        email: user.map_or_else(absent, |user| user.email.clone()),
        address: request.address.clone(),
        forged: 0,
        assertion: match &*echo.assertion {
            GOOD | UNCHECKED if user.is_some() => echo.assertion.clone(),
            _ if user.is_some() => GOOD.to_owned(),
            _ => absent(),
        },
        length: request.body.length,
        hash: request.body.hash(),
    };
    let is_status = matches!(status, 200) || (status == 101 && request.kind == Kind::Socket);
    let differs = !is_status || expected != *echo;
    differs.then(|| format!("the upstream received {echo:?}, not {expected:?}"))
}
