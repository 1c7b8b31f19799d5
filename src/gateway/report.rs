//! Problem responses, and the records of decisions for telemetry.

use crate::error::Error;
use crate::gateway::Gateway;
use crate::host::Host;
use crate::http::response::Response;
use crate::telemetry::{
    DecisionRecord, ForwardReport, LoggedUser, MatchedRule, RequestTrace, ReturnedTrace,
    server_timing,
};

/// The request that a record is about.
#[derive(Clone, Copy)]
pub(super) struct LogContext<'d> {
    pub(super) trace: &'d RequestTrace,
    pub(super) method: Option<&'d str>,
    pub(super) request_id: &'d str,
}

impl Gateway {
    /// The response for an error. If the request's `Origin` header names an allowed origin, its
    /// scripts can read the response.
    pub(super) fn problem(
        &self,
        request_origin: Option<&str>,
        error: &Error,
        request_id: &str,
    ) -> Response {
        let mut response = Response::problem(error, request_id);
        self.cors.decorate(request_origin, &mut response);
        response
    }

    /// Reports a response of the edge itself and adds the `Server-Timing` header.
    pub(super) fn report_response<H: Host>(
        &self,
        response: &mut Response,
        error: Option<&Error>,
        context: &LogContext<'_>,
        host: &H,
    ) {
        let status = response.status;
        let record =
            || DecisionRecord { status: Some(status), error, ..self.record(context, host) };
        self.reporter.report_response(status, error.map(Error::code), record, host);
        if let Some(timing) = self.server_timing(context, host) {
            response.headers.push(("server-timing", timing));
        }
    }

    /// Reports a response in place of the upstream's.
    pub(super) fn report_failure<H: Host>(
        &self,
        status: u16,
        error: &Error,
        (trace, method, request_id): (&ReturnedTrace, Option<&str>, &str),
        host: &H,
    ) {
        let context = LogContext { trace: &RequestTrace::default(), method, request_id };
        let record = || DecisionRecord {
            status: Some(status),
            error: Some(error),
            rule: trace.rule().map(|index| self.matched_rule(index)),
            user: trace.user(),
            credential: trace.credential(),
            ..self.record(&context, host)
        };
        self.reporter.report_response(status, Some(error.code()), record, host);
    }

    /// The outcome of a forwarded request, from the host.
    pub(super) fn forward_report<H: Host>(
        &self,
        context: &LogContext<'_>,
        host: &H,
    ) -> Option<ForwardReport> {
        let timing = self.server_timing(context, host);
        self.reporter.forward_report(|| self.record(context, host), timing, host)
    }

    /// The record of a forwarded request.
    fn record<'d, H: Host>(&'d self, context: &LogContext<'d>, host: &H) -> DecisionRecord<'d> {
        let LogContext { trace, method, request_id } = *context;
        let rule = trace.rule.map(|index| self.matched_rule(index));
        DecisionRecord {
            status: None,
            error: None,
            rule,
            method,
            user: trace.user.as_deref().map(LoggedUser::of),
            credential: trace.credential,
            keys_age: self.issuers.keys_age(host.now()),
            revocations_age: self.revocations.as_ref().map(|known| known.age(host.now())),
            request_id,
            naming: self.reporter.naming(),
        }
    }

    fn matched_rule(&self, index: usize) -> MatchedRule<'_> {
        MatchedRule { index, path: self.rules.path(index) }
    }

    fn server_timing<H: Host>(&self, context: &LogContext<'_>, host: &H) -> Option<String> {
        let started = context.trace.started?;
        let now = host.now();
        let keys_age = self.issuers.keys_age(now);
        Some(server_timing(now - started, keys_age, context.trace.credential))
    }
}
