//! The timeouts and errors around a request to the upstream.

use crate::error::Error;
use crate::gateway::Gateway;
use crate::host::Host;
use crate::http::edit::HeaderEdit;
use crate::http::head::RequestHead;
use crate::http::response::Response;
use crate::policy::path::Path;
use crate::policy::rules::Destination;
use crate::proxy::redirects;
use crate::telemetry::ReturnedTrace;

impl Gateway {
    /// The time limit, in milliseconds, until the upstream's response must have begun. 0 for no
    /// limit: a long upload takes its time, and no event tells the host that it is complete.
    pub fn time_limit(&self, head: &RequestHead) -> u32 {
        if head.has_long_body() { 0 } else { self.forwarding.timeout }
    }

    /// The destination that the rules give a request, whether or not the request may pass.
    pub fn destination(&self, head: &RequestHead) -> Destination {
        let path = Path::parse(head.path());
        path.map_or_else(
            |_| self.rules.to(),
            |path| self.rules.first_match(head.method(), &path).to,
        )
    }

    /// The edits that replace the upstream's URL with the edge's in headers of the response.
    ///
    /// `fields` are the response's `location`, `content-location` and `refresh`, each as `name:
    /// value` on a line. `url` is the request's absolute URL as the client called it.
    pub fn redirect_edits(&self, fields: &str, url: &str) -> Vec<HeaderEdit> {
        match self.forwarding.routing.upstream() {
            Some(upstream) if self.forwarding.rewrites_redirects => {
                redirects::edits(fields, upstream, url)
            }
            _ => Vec::new(),
        }
    }

    /// Whether the edge has sent this request to itself, because `ORIGIN_URL` is its own URL. Not
    /// each such URL loops: a Worker on a route reaches the server behind the route by the same
    /// URL.
    pub fn is_own_request(&self, head: &RequestHead) -> bool {
        self.forwarding.is_own_request(head)
    }

    /// The response to a request that the upstream failed to answer. `request_origin` is the
    /// request's `Origin` header, and `trace` is [`Forward::trace`](super::Forward::trace). The
    /// error's source, which only the log contains, says what the edge requested.
    pub fn upstream_failed<H: Host>(
        &self,
        request_origin: Option<&str>,
        method: Option<&str>,
        error: Error,
        request_id: &str,
        trace: &str,
        host: &H,
    ) -> Response {
        let response = self.problem(request_origin, &error, request_id);
        let trace = ReturnedTrace::parse(trace);
        self.report_failure(response.status, &error, (&trace, method, request_id), host);
        response
    }
}
