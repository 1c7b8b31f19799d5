//! What goes to the origin: its URL, and how the request's headers change on the way.

use std::sync::Arc;

use crate::base_url::BaseUrl;
use crate::config::reader::Reader;
use crate::gateway::BY_ITSELF;
use crate::http::edit::{HeaderEdit, header_value};
use crate::http::head::RequestHead;
use crate::policy::client_address::ClientAddress;
use crate::policy::credentials::Credentials;
use crate::policy::request_check::Form;
use crate::policy::rules::Destination;
use crate::proxy::assertion::{Assertions, Occasion};
use crate::proxy::claim_headers;
use crate::proxy::forward_headers;
use crate::proxy::route::{Route, Routing};
use crate::verifier::Verified;

/// How requests are sent on, from the settings.
#[derive(Debug)]
pub(crate) struct Forwarding {
    pub(crate) routing: Routing,
    /// What requests must be to be sent anywhere
    pub(crate) form: Form,
    /// Milliseconds until the origin's answer must have begun
    pub(crate) timeout: u32,
    /// Whether a WebSocket ends when its token does
    ends_websockets: bool,
    /// Whether redirects to the origin become redirects to the edge
    pub(crate) rewrites_redirects: bool,
    /// Whether and how the edge signs who is calling
    pub(crate) assertions: Option<Assertions>,
}

/// A request that has been let through.
#[derive(Clone, Copy)]
pub(crate) struct Passage<'r> {
    pub(crate) head: &'r RequestHead,
    pub(crate) user: Option<&'r Arc<Verified>>,
    /// The user's token, where the request itself had another credential
    pub(crate) token: Option<&'r str>,
    pub(crate) request_id: &'r str,
    /// Gives another id, which no client has chosen
    pub(crate) new_id: &'r dyn Fn() -> String,
    /// The time, in seconds since 1970
    pub(crate) now: &'r dyn Fn() -> f64,
}

impl Forwarding {
    pub(crate) fn from_settings(reader: &mut Reader<'_>) -> Option<Self> {
        let origin = match reader.is_within_app() {
            true => reader.text("ORIGIN_URL"),
            false => reader.required("ORIGIN_URL"),
        };
        let origin = origin.and_then(|url| reader.url("ORIGIN_URL", &url));
        let needs_origin = !reader.is_within_app();
        let timeout = reader.number("ORIGIN_TIMEOUT").unwrap_or(30.0);
        if !(0.001..=600.0).contains(&timeout) {
            reader.error("ORIGIN_TIMEOUT", "is not a number of seconds up to 600");
        }
        let timeout = (timeout * 1_000.0) as u32;
        let ends_websockets = BY_ITSELF && reader.switch("WEBSOCKET_CLOSE_ON_EXPIRY", false);
        let rewrites_redirects = reader.switch("REWRITE_REDIRECTS", true);
        let authorization = reader.switch("FORWARD_AUTHORIZATION", true);
        let claim_headers = claim_headers::read(reader);
        let audience = origin.as_ref().map(BaseUrl::origin);
        let assertions = Assertions::from_settings(reader, audience);
        let credentials = Credentials::from_settings(reader);
        let let_through = forward_headers::read(reader, &claim_headers);
        let client_address = ClientAddress::from_settings(reader);
        let is_whole = origin.is_some() || !needs_origin;
        let routing = Routing {
            origin,
            authorization,
            claim_headers,
            credentials,
            let_through,
            client_address,
        };
        let form = Form::from_settings(reader);
        is_whole.then_some(Self {
            routing,
            form,
            timeout,
            ends_websockets,
            rewrites_redirects,
            assertions,
        })
    }

    /// The request as it goes on: what its head has decided, and who is calling.
    pub(crate) fn forward(&self, route: Route, passage: &Passage<'_>) -> Forward {
        let Passage { user, token, request_id, .. } = *passage;
        let mut edits = Vec::with_capacity(USUAL_EDITS);
        let mut good_until = Some(f64::INFINITY);
        let mut set = |name: &'static str, value| edits.push(HeaderEdit::Set(name.into(), value));
        set("x-request-id", request_id.to_owned());
        if let Some(token) =
            token.filter(|_| self.routing.authorization && route.to == Destination::Origin)
        {
            set("authorization", format!("Bearer {token}"));
        }
        if let Some(user) = user {
            set("x-edge-user", header_value(user.user()));
            if let Some(assertions) = &self.assertions {
                let signed = assertions.assertion(&occasion(user, &route, passage));
                set("x-edge-jwt-assertion", signed.assertion.to_string());
                good_until = signed.use_until;
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
            good_until,
            pass: None,
        }
    }

    /// Whether `forward` has made this request, for an origin that turned out to be the edge.
    pub(crate) fn is_own_request(&self, head: &RequestHead) -> bool {
        self.routing.origin.as_ref().map(BaseUrl::origin).is_some_and(|origin| {
            let mut hosts = head.header("x-forwarded-host");
            let is_scheme = |scheme: &str| scheme.ends_with("://");
            head.origin() == origin
                && hosts.any(|host| origin.strip_suffix(host).is_some_and(is_scheme))
        })
    }

    fn claim_edits(&self, user: &Verified) -> impl Iterator<Item = HeaderEdit> {
        self.routing.claim_headers.iter().filter_map(|(claim, header)| {
            let value = user.claims().claim(claim).and_then(claim_headers::value)?;
            Some(HeaderEdit::Set(header.clone().into(), value))
        })
    }
}

/// What an assertion is made for.
fn occasion<'r>(user: &'r Verified, route: &'r Route, passage: &'r Passage<'_>) -> Occasion<'r> {
    Occasion {
        user,
        now: (passage.now)(),
        new_id: passage.new_id,
        edge: passage.head.origin(),
        method: passage.head.method(),
        url: route.target(),
        within_app: route.to == Destination::App,
    }
}

/// A request that goes on, to the origin or to the application that the edge is part of.
#[derive(Clone, Debug)]
pub struct Forward {
    route: Route,
    /// What to do to the headers once the route has done its part
    edits: Vec<HeaderEdit>,
    /// For the log, and for the answer if the origin fails
    pub request_id: String,
    /// Whether the answer is for one user, so that no cache may keep or give it
    pub private: bool,
    /// Whose request it is, where that is known
    pub user: Option<Arc<Verified>>,
    /// When a WebSocket that it opens is to end, in seconds since 1970, if the edge ends it
    pub ends_at: Option<f64>,
    /// What to tell of it once the answer has begun, if anything, in three lines: where, `log`, `point` or
    /// both; a JSON object, to which `upstream_status` and `upstream_ms` are added; and for `Server-Timing`
    /// what is known already, if that is wanted
    pub report: Option<String>,
    /// When something in it is to be signed anew, in seconds since 1970; nothing where that is each time
    pub(crate) good_until: Option<f64>,
    /// By which [`Gateway::lets_pass`](crate::gateway::Gateway::lets_pass) knows the very same head when it comes
    /// again, where that has nothing else to decide
    pub pass: Option<u32>,
}

impl Forward {
    /// The absolute URL.
    pub fn url(&self) -> &str {
        &self.route.url
    }

    /// Who answers it.
    pub fn to(&self) -> Destination {
        self.route.to
    }

    /// What to do to the headers, in this order.
    pub fn edits(&self) -> impl Iterator<Item = &HeaderEdit> {
        self.route.edits.iter().chain(&self.edits)
    }

    /// What to do to the headers of the answer, in this order.
    pub fn answer_edits(&self) -> &[HeaderEdit] {
        &self.route.answer_edits
    }

    /// How it crosses to the host: the URL and, on lines of their own, the edits of the request's
    /// headers; then, behind an empty line, those of the answer's.
    pub fn as_text(&self) -> String {
        let mut text = String::with_capacity(USUAL_TEXT);
        text += self.url();
        text.push('\n');
        HeaderEdit::write(&self.route.edits, &mut text);
        HeaderEdit::write(&self.edits, &mut text);
        text.push('\n');
        HeaderEdit::write(self.answer_edits(), &mut text);
        text
    }
}

/// What most requests need no more than; it saves growing.
const USUAL_EDITS: usize = 4;
const USUAL_TEXT: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::path::Path;

    fn forwarding() -> Forwarding {
        let routing = Routing {
            origin: BaseUrl::parse("http://origin.example:8000/v1").ok(),
            authorization: true,
            claim_headers: vec![("email".into(), "x-user-email".into())],
            credentials: Credentials::from_settings(&mut Reader::new(&|_| None)),
            let_through: Vec::new(),
            client_address: ClientAddress::default(),
        };
        let (form, timeout) = (Form::default(), 30_000);
        let (ends_websockets, rewrites_redirects, assertions) = (false, true, None);
        Forwarding { routing, form, timeout, ends_websockets, rewrites_redirects, assertions }
    }

    fn forward(forwarding: &Forwarding, head: &str) -> Forward {
        let head = RequestHead::parse(head).unwrap().from_cloudflare();
        let path = Path::parse(head.path()).unwrap();
        let passage = Passage {
            head: &head,
            user: None,
            token: None,
            request_id: "id",
            new_id: &|| unreachable!("nothing is signed"),
            now: &|| unreachable!("nothing is signed"),
        };
        forwarding.forward(forwarding.routing.route(&head, &path, Destination::Origin), &passage)
    }

    fn edits(forwarding: &Forwarding, head: &str) -> String {
        HeaderEdit::as_text(forward(forwarding, head).edits())
    }

    #[test]
    fn the_url_is_the_origins_with_the_path_in_one_spelling_and_the_query_untouched() {
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
    fn hop_by_hop_headers_and_what_connection_names_stay_behind() {
        let head =
            "GET\nhttp://edge/\nconnection: close, X-Secret\nx-secret: a\nte: trailers\nx-b: c";
        let text = edits(&forwarding(), head);
        assert!(text.starts_with("connection\nx-secret\nte\nx-forwarded-host: edge\n"), "{text}");
    }

    #[test]
    fn the_edge_says_where_the_request_came_in_and_nobody_else_does() {
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
    fn only_get_may_ask_for_another_protocol() {
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
    fn the_bearer_token_is_passed_on_only_if_so_set() {
        let head = "GET\nhttp://edge/\nauthorization: Bearer a.b.c";
        assert!(!edits(&forwarding(), head).contains("authorization"));
        let mut keeping = forwarding();
        keeping.routing.authorization = false;
        assert!(edits(&keeping, head).starts_with("authorization\n"));
    }
}
