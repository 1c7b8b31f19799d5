//! Forwarded requests: the URL, and the changes to the headers.

use std::sync::Arc;

use crate::base_url::BaseUrl;
use crate::config::reader::Reader;
use crate::http::edit::{HeaderEdit, header_value};
use crate::http::head::RequestHead;
use crate::policy::client_address::AddressSource;
use crate::policy::credentials::{CredentialKind, Credentials};
use crate::policy::rules::Destination;
use crate::proxy::assertion::{AssertionContext, Assertions};
use crate::proxy::claim_headers;
use crate::proxy::forward_headers;
use crate::proxy::route::{Placement, Route, Routing};
use crate::telemetry::ForwardReport;
use crate::verifier::Verified;

/// Forwards requests, with these settings.
#[derive(Debug)]
pub(crate) struct Forwarding {
    pub(crate) routing: Routing,
    /// Milliseconds until the upstream's response must have begun
    pub(crate) timeout: u32,
    /// Whether the edge closes a WebSocket when its token expires
    ends_websockets: bool,
    /// Whether redirects to the upstream become redirects to the edge
    pub(crate) rewrites_redirects: bool,
    /// `None` without a signing key
    pub(crate) assertions: Option<Assertions>,
}

/// The request to forward.
#[derive(Clone, Copy)]
pub(crate) struct ForwardContext<'r> {
    pub(crate) head: &'r RequestHead,
    pub(crate) user: Option<&'r Arc<Verified>>,
    /// The kind of the user's credential
    pub(crate) credential: Option<CredentialKind>,
    /// The token for the user's session or API key, if the edge got one
    pub(crate) token: Option<&'r str>,
    pub(crate) request_id: &'r str,
    /// Returns another id, which no client has chosen
    pub(crate) new_id: &'r dyn Fn() -> String,
    /// Returns the time, in seconds since 1970
    pub(crate) now: &'r dyn Fn() -> f64,
}

impl Forwarding {
    pub(crate) fn from_settings(reader: &mut Reader<'_>) -> Option<Self> {
        let placement = Placement::from_settings(reader);
        let timeout = reader.number("ORIGIN_TIMEOUT").unwrap_or(30.0);
        if !(0.001..=600.0).contains(&timeout) {
            reader.error("ORIGIN_TIMEOUT", "is not a number of seconds up to 600");
        }
        let timeout = (timeout * 1_000.0) as u32;
        let ends_websockets = reader.switch("WEBSOCKET_CLOSE_ON_EXPIRY", false);
        let rewrites_redirects = reader.switch("REWRITE_REDIRECTS", true);
        let authorization = reader.switch("FORWARD_AUTHORIZATION", true);
        let claim_headers = claim_headers::read(reader);
        let upstream = placement.as_ref().and_then(Placement::upstream);
        let assertions = Assertions::from_settings(reader, upstream.map(BaseUrl::origin));
        let credentials = Credentials::from_settings(reader, &claim_headers);
        let forwarded_headers = forward_headers::read(reader, &claim_headers);
        let address_source = AddressSource::from_settings(reader);
        let routing = Routing {
            placement: placement?,
            authorization,
            claim_headers,
            credentials,
            forwarded_headers,
            address_source,
        };
        Some(Self { routing, timeout, ends_websockets, rewrites_redirects, assertions })
    }

    /// The request on this route, with the headers that identify the user.
    pub(crate) fn forward(&self, route: Route, context: &ForwardContext<'_>) -> Forward {
        let ForwardContext { user, token, request_id, .. } = *context;
        let mut edits = Vec::with_capacity(USUAL_EDITS);
        let mut valid_until = Some(f64::INFINITY);
        let mut set = |name: &'static str, value| edits.push(HeaderEdit::Set(name.into(), value));
        set("x-request-id", request_id.to_owned());
        if let Some(token) =
            token.filter(|_| self.routing.authorization && route.to == Destination::Upstream)
        {
            set("authorization", format!("Bearer {token}"));
        }
        if let Some(user) = user {
            set("x-edge-user", header_value(user.user()));
            if let Some(assertions) = &self.assertions {
                let signed = assertions.assertion(&assertion_context(user, &route, context));
                set("x-edge-jwt-assertion", signed.assertion.to_string());
                valid_until = signed.use_until;
            }
            edits.extend(self.claim_edits(user));
        }
        Forward {
            route,
            edits,
            request_id: request_id.to_owned(),
            private: user.is_some(),
            ends_at: user.filter(|_| self.ends_websockets).map(|user| user.expires()),
            user: user.cloned(),
            report: None,
            trace: NO_TRACE.to_owned(),
            valid_until,
            decision_id: None,
        }
    }

    /// Whether the edge itself has sent this request, because the upstream's URL is the edge's.
    pub(crate) fn is_own_request(&self, head: &RequestHead) -> bool {
        self.routing.upstream().map(BaseUrl::origin).is_some_and(|upstream| {
            let mut hosts = head.header("x-forwarded-host");
            let is_scheme = |scheme: &str| scheme.ends_with("://");
            head.origin() == upstream
                && hosts.any(|host| upstream.strip_suffix(host).is_some_and(is_scheme))
        })
    }

    fn claim_edits(&self, user: &Verified) -> impl Iterator<Item = HeaderEdit> {
        self.routing.claim_headers.iter().filter_map(|(claim, header)| {
            let value = user.claims().claim(claim).and_then(claim_headers::value)?;
            Some(HeaderEdit::Set(header.clone().into(), value))
        })
    }
}

fn assertion_context<'r>(
    user: &'r Verified,
    route: &'r Route,
    context: &'r ForwardContext<'_>,
) -> AssertionContext<'r> {
    AssertionContext {
        user,
        credential: context.credential,
        now: (context.now)(),
        new_id: context.new_id,
        edge: context.head.origin(),
        method: context.head.method(),
        url: route.target(),
        within_app: route.to == Destination::App,
    }
}

/// A request to the upstream, or to the application that the edge runs in.
#[derive(Clone, Debug)]
pub struct Forward {
    route: Route,
    /// Further edits of the headers, after the route's
    edits: Vec<HeaderEdit>,
    /// The id for the log, and for the response if the upstream fails
    pub request_id: String,
    /// Whether the response is for one user, so that shared caches must not store it
    pub private: bool,
    /// The user, if the request is authenticated
    pub user: Option<Arc<Verified>>,
    /// When the host must close a WebSocket that this request opens, in seconds since 1970. `None`
    /// for never
    pub ends_at: Option<f64>,
    /// The host's report once the upstream has responded
    pub report: Option<ForwardReport>,
    /// What the log says about the request if the upstream fails: a text without line breaks, never
    /// empty. The host returns it to [`Gateway::upstream_failed`](crate::gateway::Gateway::upstream_failed)
    pub trace: String,
    /// When the edge must sign another assertion, in seconds since 1970. `None` if each request has
    /// its own
    pub(crate) valid_until: Option<f64>,
    /// The id by which the host asks
    /// [`Gateway::decision_is_valid`](crate::gateway::Gateway::decision_is_valid) when it gets the
    /// same head again. `None` if it must not replay the decision
    pub decision_id: Option<u32>,
}

impl Forward {
    /// The absolute URL.
    pub fn url(&self) -> &str {
        &self.route.url
    }

    /// The destination.
    pub fn to(&self) -> Destination {
        self.route.to
    }

    /// Edits of the headers, in order.
    pub fn edits(&self) -> impl Iterator<Item = &HeaderEdit> {
        self.route.edits.iter().chain(&self.edits)
    }

    /// Edits of the response's headers, in order.
    pub fn response_edits(&self) -> &[HeaderEdit] {
        &self.route.response_edits
    }

    /// The text for the host: a line with the URL, a line with the trace, lines with the edits of
    /// the request's headers, an empty line, and lines with the edits of the response's headers.
    pub fn as_text(&self) -> String {
        let mut text = String::with_capacity(USUAL_TEXT);
        text.extend([self.url(), "\n", &self.trace, "\n"]);
        HeaderEdit::write(&self.route.edits, &mut text);
        HeaderEdit::write(&self.edits, &mut text);
        text.push('\n');
        HeaderEdit::write(self.response_edits(), &mut text);
        text
    }
}

/// The trace of an edge that logs nothing.
const NO_TRACE: &str = "[]";

/// Capacities for most requests.
const USUAL_EDITS: usize = 4;
const USUAL_TEXT: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::path::Path;

    fn forwarding() -> Forwarding {
        let upstream = BaseUrl::parse("http://origin.example:8000/v1").unwrap();
        let routing = Routing {
            placement: Placement::Standalone { upstream },
            authorization: true,
            claim_headers: vec![("email".into(), "x-user-email".into())],
            credentials: Credentials::from_settings(&mut Reader::new(&|_| None), &[]),
            forwarded_headers: Vec::new(),
            address_source: AddressSource::default(),
        };
        let timeout = 30_000;
        let (ends_websockets, rewrites_redirects, assertions) = (false, true, None);
        Forwarding { routing, timeout, ends_websockets, rewrites_redirects, assertions }
    }

    fn forward(forwarding: &Forwarding, head: &str) -> Forward {
        let head = RequestHead::parse(head).unwrap().from_cloudflare();
        let path = Path::parse(head.path()).unwrap();
        let context = ForwardContext {
            head: &head,
            user: None,
            credential: None,
            token: None,
            request_id: "id",
            new_id: &|| unreachable!("nothing is signed"),
            now: &|| unreachable!("nothing is signed"),
        };
        forwarding.forward(forwarding.routing.route(&head, &path, Destination::Upstream), &context)
    }

    fn edits(forwarding: &Forwarding, head: &str) -> String {
        HeaderEdit::as_text(forward(forwarding, head).edits())
    }

    #[test]
    fn the_url_is_the_upstreams_with_a_normalized_path_and_the_same_query() {
        let forward = forward(&forwarding(), "GET\nhttp://edge/%61/b?c=%2F&d\n");
        assert_eq!(forward.url(), "http://origin.example:8000/v1/a/b?c=%2F&d");
    }

    #[test]
    fn forged_identity_headers_are_removed_from_a_request_without_a_user_too() {
        let head = "GET\nhttp://edge/\nX-Edge-User: a\nx_edge_user: b\nx-edge-anything: c\n\
                    X-User_Email: d\nx-edged: e\naccept: f";
        let removed: Vec<_> = forward(&forwarding(), head).edits().cloned().collect();
        let expected = ["x-edge-user", "x_edge_user", "x-edge-anything", "x-user_email"]
            .map(|name| HeaderEdit::Remove(name.into()));
        assert_eq!(removed[..4], expected);
        assert!(removed.contains(&HeaderEdit::Set("x-request-id".into(), "id".into())));
        assert!(removed[4..].iter().all(|edit| matches!(edit, HeaderEdit::Set(..))), "{removed:?}");
    }

    #[test]
    fn hop_by_hop_headers_and_those_that_connection_names_are_removed() {
        let head =
            "GET\nhttp://edge/\nconnection: close, X-Secret\nx-secret: a\nte: trailers\nx-b: c";
        let text = edits(&forwarding(), head);
        assert!(text.starts_with("connection\nx-secret\nte\nx-forwarded-host: edge\n"), "{text}");
    }

    #[test]
    fn only_the_edge_sets_the_forwarding_headers() {
        let head = "GET\nhttps://edge.example:8443/\nforwarded: for=1.2.3.4\nX-Forwarded-For: 1.2.3.4\n\
                    x_forwarded_host: evil\nx_request-id: 12345678\nx-forwarded-prefix: /admin\nx-real-ip: 1.2.3.4\n\
                    cf-connecting-ip: 192.0.2.7";
        let text = edits(&forwarding(), head);
        let (removed, set) = text.split_at(text.find("x-forwarded-host: ").unwrap());
        assert_eq!(
            removed,
            "forwarded\nx-forwarded-for\nx_forwarded_host\nx_request-id\nx-forwarded-prefix\nx-real-ip\n"
        );
        assert_eq!(
            set,
            "x-forwarded-host: edge.example:8443\nx-forwarded-proto: https\n\
             x-forwarded-for: 192.0.2.7\nx-request-id: id\n"
        );
    }

    #[test]
    fn upgrade_is_removed_unless_the_method_is_get() {
        let headers = "http://edge/\nconnection: Upgrade\nUpgrade: websocket";
        for method in ["POST", "HEAD", "PUT"] {
            let text = edits(&forwarding(), &format!("{method}\n{headers}"));
            assert!(
                text.starts_with("connection\nupgrade\nx-forwarded-host: edge\n"),
                "{method} {text}"
            );
        }
        let text = edits(&forwarding(), &format!("GET\n{headers}"));
        assert!(text.starts_with("connection\nx-forwarded-host: edge\n"), "{text}");
    }

    #[test]
    fn forward_authorization_decides_whether_the_upstream_gets_the_bearer_token() {
        let head = "GET\nhttp://edge/\nauthorization: Bearer a.b.c";
        assert!(!edits(&forwarding(), head).contains("authorization"));
        let mut keeping = forwarding();
        keeping.routing.authorization = false;
        assert!(edits(&keeping, head).starts_with("authorization\n"));
    }
}
