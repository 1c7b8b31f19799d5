//! Whether a request may pass: rules, credentials, isolation and rate limits.

use std::sync::Arc;

use crate::error::Error;
use crate::gateway::Gateway;
use crate::gateway::authenticate::AuthenticatedUser;
use crate::host::Host;
use crate::http::head::RequestHead;
use crate::policy::path::Path;
use crate::policy::rules::{Access, Destination};
use crate::policy::{head_check, isolation};
use crate::proxy::route::Route;
use crate::telemetry::RequestTrace;
use crate::verifier::Verified;

/// A request that may pass.
pub(super) struct Admitted {
    pub(super) route: Route,
    pub(super) user: Option<AuthenticatedUser>,
    /// When the user no longer meets the rule's conditions, in seconds since 1970
    pub(super) until: f64,
}

impl Gateway {
    /// Admits a request and counts it against its rate limit, if one applies.
    ///
    /// # Errors
    /// Why the request may not pass.
    pub(super) async fn admit_within_limits<H: Host>(
        &self,
        head: &RequestHead,
        host: &H,
        trace: &mut RequestTrace,
    ) -> Result<Admitted, Error> {
        let admitted = self.admit(head, host, trace).await;
        let admitted =
            admitted.and_then(|admitted| head_check::check_method(head).map(|()| admitted));
        self.within_limits(admitted, trace.user.as_deref(), head, host).await
    }

    /// Counts a request of this user, or its rejection, against the limit that applies, and returns
    /// its result.
    ///
    /// # Errors
    /// That of `result`, or [`Code::RateLimited`](crate::Code::RateLimited) beyond the limit.
    pub(super) async fn within_limits<T, H: Host>(
        &self,
        result: Result<T, Error>,
        user: Option<&Verified>,
        head: &RequestHead,
        host: &H,
    ) -> Result<T, Error> {
        let rejection = result.as_ref().err();
        match self.rate_limits.limit(rejection, user, head) {
            Some((limit, key)) if !host.admits(limit, &key).await => {
                Err(self.rate_limits.rate_limited(limit, rejection))
            }
            _ => result,
        }
    }

    async fn admit<H: Host>(
        &self,
        head: &RequestHead,
        host: &H,
        trace: &mut RequestTrace,
    ) -> Result<Admitted, Error> {
        let path = Path::parse(head.path())?;
        let matched = self.rules.find(head.method(), &path)?;
        trace.rule = matched.rule;
        let route = || self.route(head, &path, matched.to);
        if matched.access == Access::Public || self.cors.forwards_preflight(head) {
            return Ok(Admitted { route: route(), user: None, until: f64::INFINITY });
        }
        let is_optional = matched.access == Access::Optional;
        let user = self.authenticate(head, is_optional, host).await?;
        trace.user = user.as_ref().map(|user| Arc::clone(&user.verified));
        trace.credential = user.as_ref().map(|user| user.kind);
        if let Some(kind) = trace.credential {
            matched.check_credential(kind)?;
        }
        isolation::check(&matched, trace.user.as_deref(), host.now())?;
        let conditions = matched.session_conditions();
        let until = trace.user.as_deref().map(|user| conditions.hold_until(user.session()));
        Ok(Admitted { route: route(), user, until: until.unwrap_or(f64::INFINITY) })
    }

    fn route(&self, head: &RequestHead, path: &Path<'_>, to: Destination) -> Route {
        let mut route = self.forwarding.routing.route(head, path, to);
        route.response_edits.extend(self.cors.edits(head));
        route
    }
}
