//! Decides what to do with a request, from its head, the settings, the keys and the time.
//!
//! ```text
//! head check -> rules -> credentials -> verifier -> revocation -> isolation -> rate limits
//! ```
//!
//! Messages of an auth server, which have bodies, have an entry of their own.
//!
//! A decision is data. The host carries it out and streams the bodies.

mod admit;
mod authenticate;
mod decision_cache;
mod misconfigured;
mod report;
mod revocations;
mod settings;
mod upstream;
mod well_known;

pub use crate::config::bindings::{Bindings, RevocationsBinding};
pub use crate::config::error::SettingError;
pub use crate::config::near_miss::Variable;
pub use crate::config::settings_table::{Hosts, Kind, Naming, SETTINGS, Setting};
pub use crate::config::value::{SettingValue, SettingValues};
pub use crate::http::edit::HeaderEdit;
pub use crate::http::head::RequestHead;
pub use crate::http::header_cache::HeaderCache;
pub use crate::http::response::Response;
pub use crate::policy::path::Path;
pub use crate::policy::rules::{Access, Destination, Rule, Rules};
pub use crate::proxy::forward::Forward;
pub use crate::telemetry::ForwardReport;
pub use misconfigured::Misconfigured;
pub use settings::Settings;

use crate::error::Error;
use crate::host::Host;
use crate::policy::credentials::Sessions;
use crate::policy::head_check::HeadCheck;
use crate::policy::issuers::Issuers;
use crate::policy::rate_limits::RateLimits;
use crate::policy::revocation::Revocations;
use crate::proxy::cors::Cors;
use crate::proxy::forward::{ForwardContext, Forwarding};
use crate::telemetry::{Reporter, RequestTrace};
use admit::Admitted;
use decision_cache::DecisionCache;
use report::LogContext;

/// A gateway in front of one upstream.
#[derive(Debug)]
pub struct Gateway {
    head_check: HeadCheck,
    rules: Rules,
    issuers: Issuers,
    sessions: Sessions,
    revocations: Option<Revocations>,
    rate_limits: RateLimits,
    cors: Cors,
    forwarding: Forwarding,
    reporter: Reporter,
    decisions: DecisionCache,
}

/// The decision about a request.
#[derive(Debug)]
pub enum Decision {
    /// Send the request on, with these changes
    Forward(Forward),
    /// Send this response. A rejection has an error
    Respond(Response, Option<Error>),
}

impl Gateway {
    /// A gateway with these settings. Fetches nothing before the first token needs a key.
    pub fn new(settings: Settings) -> Self {
        let Settings {
            head_check,
            rules,
            issuers,
            sessions,
            revocations,
            rate_limits,
            cors,
            forwarding,
            reporter,
            ..
        } = settings;
        Self {
            head_check,
            rules,
            issuers,
            sessions,
            revocations,
            rate_limits,
            cors,
            forwarding,
            reporter,
            decisions: DecisionCache::default(),
        }
    }

    /// Decides about a request. Runs each stage once, in order.
    pub async fn decide<H: Host>(&self, head: &RequestHead, host: &H) -> Decision {
        let mut trace = self.reporter.trace(host);
        let request_id = head.request_id().unwrap_or_else(|| host.request_id());
        let outcome = self.run_stages(head, host, &mut trace).await;
        let context =
            LogContext { trace: &trace, method: Some(head.method()), request_id: &request_id };
        let (mut response, error) = match outcome {
            Ok(StageResult::Admitted(admitted)) => {
                return Decision::Forward(self.forward(head, admitted, &context, host));
            }
            Ok(StageResult::Responded(response, error)) => (response, error),
            Err(error) => (self.problem(request_origin(head), &error, &request_id), Some(error)),
        };
        self.report_response(&mut response, error.as_ref(), &context, host);
        Decision::Respond(response, error)
    }

    async fn run_stages<H: Host>(
        &self,
        head: &RequestHead,
        host: &H,
        trace: &mut RequestTrace,
    ) -> Result<StageResult, Error> {
        self.head_check.check(head)?;
        if let Some((response, error)) = self.well_known(head, host).await {
            return Ok(StageResult::Responded(response, error));
        }
        if let Some(response) = self.cors.preflight(head) {
            return Ok(StageResult::Responded(response, None));
        }
        self.admit_within_limits(head, host, trace).await.map(StageResult::Admitted)
    }

    fn forward<H: Host>(
        &self,
        head: &RequestHead,
        Admitted { route, user, until }: Admitted,
        log: &LogContext<'_>,
        host: &H,
    ) -> Forward {
        let context = ForwardContext {
            head,
            user: user.as_ref().map(|user| &user.verified),
            credential: user.as_ref().map(|user| user.kind),
            token: user.as_ref().and_then(|user| user.exchanged_token.as_deref()),
            request_id: log.request_id,
            new_id: &|| host.request_id(),
            now: &|| host.now(),
        };
        let mut forward = self.forwarding.forward(route, &context);
        forward.report = self.forward_report(log, host);
        if self.reporter.reports_failures() {
            forward.trace = log.trace.to_text();
        }
        let valid_until = forward.valid_until.map(|time| time.min(until));
        forward.decision_id = self.cache_decision(head, user.as_ref(), valid_until);
        forward
    }
}

/// The result of all stages that do not reject the request.
enum StageResult {
    /// The request may pass
    Admitted(Admitted),
    /// The edge itself responds. The error says why it is unhealthy
    Responded(Response, Option<Error>),
}

/// The `Origin` header of a request.
fn request_origin(head: &RequestHead) -> Option<&str> {
    head.header("origin").next()
}
