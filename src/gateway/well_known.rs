//! The edge's own resources, which are public: its keys, its health and its number of rules. They
//! contain no secrets and no settings.

use crate::error::Error;
use crate::gateway::Gateway;
use crate::host::Host;
use crate::http::head::RequestHead;
use crate::http::response::Response;
use crate::policy::issuers::KnownKeys;
use crate::policy::revocation::{FEED, FeedStatus};

const JWKS: &str = "/.well-known/better-auth-edge/jwks.json";
const HEALTH: &str = "/.well-known/better-auth-edge/health";
/// Where the edge receives messages.
pub(super) const EVENTS: &str = "/.well-known/better-auth-edge/events";
pub(super) const LOGOUT: &str = "/.well-known/better-auth-edge/backchannel-logout";

impl Gateway {
    /// The response to a request for one of these resources, and why the edge is unhealthy.
    pub(super) async fn well_known<H: Host>(
        &self,
        head: &RequestHead,
        host: &H,
    ) -> Option<(Response, Option<Error>)> {
        match head.path() {
            JWKS if is_read(head) => Some((self.jwk_set(), None)),
            HEALTH if is_read(head) => Some(self.health(host).await),
            EVENTS | LOGOUT => Some((not_found(), None)),
            FEED => Some(self.feed(head, host).await),
            _ => None,
        }
    }

    /// The public keys of the edge's assertions, including the next signing key.
    fn jwk_set(&self) -> Response {
        let assertions = self.forwarding.assertions.as_ref();
        let headers = vec![
            ("content-type", "application/jwk-set+json".to_owned()),
            ("cache-control", "public, max-age=300".to_owned()),
            ("access-control-allow-origin", "*".to_owned()),
        ];
        let body = assertions.map_or_else(|| r#"{"keys":[]}"#.to_owned(), |a| a.jwk_set());
        Response { status: 200, headers, body }
    }

    /// 503 if the edge has no keys of at least one issuer, or refuses requests because it does not
    /// know which sessions have ended.
    async fn health<H: Host>(&self, host: &H) -> (Response, Option<Error>) {
        let KnownKeys { issuers, served, usable, age, failure } =
            self.issuers.known_keys(host).await;
        let (rules, isolating) = self.rules.counts();
        // the numbers only: the names of issuers and rules are settings
        let mut counts = format!(r#","rules":{rules},"isolating_rules":{isolating}"#);
        if issuers > 1 {
            counts += &format!(r#","issuers":{issuers},"issuers_with_keys":{served}"#);
        }
        let revocations = match &self.revocations {
            Some(revocations) => Some(revocations.status(host).await),
            None => None,
        };
        if let Some(FeedStatus { age, entries, .. }) = &revocations {
            let age = age.map_or("null".to_owned(), |age| (age as u64).to_string());
            counts += &format!(r#","revocations":{{"age":{age},"entries":{entries}}}"#);
        }
        if served < issuers {
            let response = health(503, format!(r#"{{"status":"keys_unavailable"{counts}}}"#));
            return (response, failure);
        }
        if let Some(failure) = revocations.and_then(|status| status.failure) {
            let response =
                health(503, format!(r#"{{"status":"revocations_unavailable"{counts}}}"#));
            return (response, Some(failure));
        }
        let age = age.map_or("null".to_owned(), |age| format!("{}", age as u64));
        let body = format!(r#"{{"status":"ok","keys":{usable},"keys_age":{age}{counts}}}"#);
        (health(200, body), None)
    }
}

/// Whether a request asks for the edge's health.
pub(super) fn is_health_check(head: &RequestHead) -> bool {
    is_read(head) && head.path() == HEALTH
}

pub(super) fn health(status: u16, body: String) -> Response {
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("cache-control", "no-store".to_owned()),
    ];
    Response { status, headers, body }
}

pub(super) fn not_found() -> Response {
    let headers = vec![("cache-control", "no-store".to_owned())];
    Response { status: 404, headers, body: String::new() }
}

fn is_read(head: &RequestHead) -> bool {
    matches!(head.method(), "GET" | "HEAD")
}
