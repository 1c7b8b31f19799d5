//! Sessions that have ended: the check of a user's session, the messages that report the end of
//! sessions, and the feed that other hosts read.

use crate::error::{Code, Error};
use crate::gateway::Gateway;
use crate::gateway::report::LogContext;
use crate::gateway::request_origin;
use crate::gateway::well_known::{EVENTS, LOGOUT, not_found};
use crate::host::{Host, Level};
use crate::http::head::RequestHead;
use crate::http::response::Response;
use crate::jose::json::quote;
use crate::policy::credentials::bearer_token;
use crate::policy::path::percent_decode;
use crate::policy::revocation::{Received, Revocations, Verdict};
use crate::verifier::Verified;

/// The largest body, in bytes.
const MAX_BODY: usize = 16_384;

/// Why a token does not count, although it is verified.
pub(super) struct Ended {
    pub(super) error: Error,
    /// Whether a session that lives on could have another token that counts
    pub(super) may_be_renewed: bool,
}

impl Gateway {
    /// Checks that the session of a token has not ended.
    ///
    /// # Errors
    /// [`Code::SessionRevoked`], [`Code::RevocationsUnavailable`]
    pub(super) async fn check_session<H: Host>(
        &self,
        verified: &Verified,
        host: &H,
    ) -> Result<(), Ended> {
        let Some(revocations) = &self.revocations else { return Ok(()) };
        match revocations.check(verified, host).await {
            Verdict::Valid => Ok(()),
            Verdict::Outdated(warning) => {
                self.reporter.note(Level::Warn, &warning, host);
                Ok(())
            }
            Verdict::Ended { error, may_be_renewed } => Err(Ended { error, may_be_renewed }),
            Verdict::Unavailable(error) => Err(Ended { error, may_be_renewed: false }),
        }
    }

    /// The largest body, in bytes, of a request that [`receive`](Self::receive) handles. `None` if
    /// [`decide`](Self::decide) handles the request, without its body.
    pub fn body_limit(&self, head: &RequestHead) -> Option<usize> {
        let is_own = matches!(head.path(), EVENTS | LOGOUT) && head.method() == "POST";
        let receives = self.revocations.as_ref().is_some_and(Revocations::receives);
        (is_own && receives).then_some(MAX_BODY)
    }

    /// The response to a request for which there is a [`body_limit`](Self::body_limit). The host
    /// reads at most one byte more than the limit, and passes what it has read.
    pub async fn receive<H: Host>(&self, head: &RequestHead, body: &[u8], host: &H) -> Response {
        let trace = self.reporter.trace(host);
        let request_id = head.request_id().unwrap_or_else(|| host.request_id());
        let context =
            LogContext { trace: &trace, method: Some(head.method()), request_id: &request_id };
        let is_logout = head.path() == LOGOUT;
        let received = self.receive_message(head, body, host).await;
        let (mut response, error) = match self.within_limits(received, None, head, host).await {
            Ok(received) => {
                let line = received_line(&received, &request_id);
                self.reporter.note(Level::Info, &line, host);
                (received_response(is_logout), None)
            }
            Err(error) => {
                let status = match error.status() {
                    // OpenID Connect Back-Channel Logout 1.0, section 2.8
                    status if is_logout && status != 429 => 400,
                    status => status,
                };
                let mut response = Response::problem_with_status(&error, status, &request_id);
                self.cors.decorate(request_origin(head), &mut response);
                (response, Some(error))
            }
        };
        self.report_response(&mut response, error.as_ref(), &context, host);
        response
    }

    async fn receive_message<H: Host>(
        &self,
        head: &RequestHead,
        body: &[u8],
        host: &H,
    ) -> Result<Received, Error> {
        self.head_check.check(head)?;
        let Some(revocations) = self.revocations.as_ref().filter(|it| it.receives()) else {
            return Err(malformed("this edge receives no messages"));
        };
        if body.len() > MAX_BODY {
            return Err(Error::new(Code::TokenTooLarge, "the body is too large"));
        }
        let is_logout = head.path() == LOGOUT;
        let expected = if is_logout { FORM } else { "application/jwt" };
        let given = head.header("content-type").next().unwrap_or_default();
        let given = given.split(';').next().unwrap_or_default().trim();
        if !given.eq_ignore_ascii_case(expected) {
            return Err(malformed(format!("the Content-Type is not {expected}")));
        }
        match is_logout {
            true => revocations.receive_logout(body, host).await,
            false => revocations.receive_events(body, host).await,
        }
    }

    /// The response to a request for the feed. 404 if the edge does not publish it.
    pub(super) async fn feed<H: Host>(
        &self,
        head: &RequestHead,
        host: &H,
    ) -> (Response, Option<Error>) {
        let page = self.feed_page(head, host).await;
        match self.within_limits(page, None, head, host).await {
            Ok(response) => (response, None),
            Err(error) => {
                let request_id = head.request_id().unwrap_or_else(|| host.request_id());
                (self.problem(request_origin(head), &error, &request_id), Some(error))
            }
        }
    }

    async fn feed_page<H: Host>(&self, head: &RequestHead, host: &H) -> Result<Response, Error> {
        let Some(revocations) = self.revocations.as_ref().filter(|_| head.method() == "GET") else {
            return Ok(not_found());
        };
        let given = bearer_token(head.header("authorization")).ok().flatten();
        match revocations.is_feed_token(given.unwrap_or_default()) {
            None => return Ok(not_found()),
            Some(false) => {
                let detail = "the feed of revocations requires its own bearer token";
                return Err(Error::new(Code::MissingToken, detail));
            }
            Some(true) => {}
        }
        let shards = revocations.shards();
        let shard = parameter(head, "shard").unwrap_or_else(|| "0".to_owned());
        let shard = shard.parse().ok().filter(|shard: &u32| *shard < shards);
        let shard = shard.ok_or_else(|| malformed("there is no such shard"))?;
        let after = parameter(head, "after").unwrap_or_default();
        if after.len() > 128 || !after.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(malformed("the cursor is malformed"));
        }
        let body = host.read_revocations(shard, &after).await.map_err(|why| {
            let detail = "the store of revocations could not be read";
            let error = Error::new(Code::RevocationsUnavailable, detail);
            error.with_retry_after(1).with_source(why)
        })?;
        let headers = vec![
            ("content-type", "text/plain; charset=utf-8".to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            ("x-revocation-shards", shards.to_string()),
        ];
        Ok(Response { status: 200, headers, body })
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

/// A parameter of the query.
fn parameter(head: &RequestHead, name: &str) -> Option<String> {
    let pairs = head.query()?.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(given, _)| *given == name)?;
    String::from_utf8(percent_decode(value.as_bytes())?).ok()
}

fn received_response(is_logout: bool) -> Response {
    let headers = vec![("cache-control", "no-store".to_owned())];
    Response { status: if is_logout { 200 } else { 204 }, headers, body: String::new() }
}

/// The line of the log about a message: how much it has ended, and no id.
fn received_line(received: &Received, request_id: &str) -> String {
    let Received { issuer, sessions, users, keys } = received;
    [
        r#"{"level":"info","event":"revocations_received","issuer":"#,
        &quote(issuer),
        ",\"sessions\":",
        &sessions.to_string(),
        ",\"users\":",
        &users.to_string(),
        ",\"keys\":",
        &keys.to_string(),
        ",\"request_id\":",
        &quote(request_id),
        "}",
    ]
    .concat()
}

fn malformed(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Code::MalformedRequest, detail)
}
