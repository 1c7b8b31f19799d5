//! Where a request goes, and the changes to it that depend on its head only, not on the user.

use crate::base_url::BaseUrl;
use crate::config::reader::Reader;
use crate::http::edit::HeaderEdit;
use crate::http::head::RequestHead;
use crate::http::header_names::{
    HOP_BY_HOP, is_forwarding_header, is_identity, is_plain, overrides_request, same_name,
};
use crate::policy::client_address::AddressSource;
use crate::policy::credentials::{Credentials, StrippedCredentials};
use crate::policy::head_check::connection_options;
use crate::policy::path::Path;
use crate::policy::rules::Destination;

/// The destination of a request, and the changes to it.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) to: Destination,
    /// The absolute URL
    pub(crate) url: String,
    /// The length of the URL without the query
    target: usize,
    pub(crate) edits: Vec<HeaderEdit>,
    /// Edits of the response's headers
    pub(crate) response_edits: Vec<HeaderEdit>,
}

impl Route {
    /// The URL without the query.
    pub(crate) fn target(&self) -> &str {
        &self.url[..self.target]
    }

    fn new(to: Destination, base: [&str; 2], path: &Path<'_>) -> Self {
        let mut url = String::with_capacity(USUAL_URL);
        url.extend(base);
        url.push_str(path.encoded());
        let target = url.len();
        let edits = Vec::with_capacity(USUAL_EDITS);
        Self { to, url, target, edits, response_edits: Vec::new() }
    }

    /// Removes the headers that `is_removed` selects.
    fn remove(&mut self, head: &RequestHead, is_removed: impl Fn(&str) -> bool) {
        for (name, _) in head.headers().filter(|(name, _)| is_removed(name)) {
            self.edits.push(HeaderEdit::Remove(name.to_owned().into()));
        }
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.edits.push(HeaderEdit::Set(name.into(), value.to_owned()));
    }

    fn add_query(&mut self, query: Option<&str>) {
        if let Some(query) = query {
            self.url.push('?');
            self.url.push_str(query);
        }
    }
}

/// Where the edge runs.
#[derive(Debug)]
pub(crate) enum Placement {
    /// In front of a server, to which it forwards every request
    Standalone { upstream: BaseUrl },
    /// In an application, which handles every request that no rule sends to the upstream
    WithinApp { upstream: Option<BaseUrl> },
}

impl Placement {
    /// `ORIGIN_URL`, which an edge in an application may omit.
    pub(crate) fn from_settings(reader: &mut Reader<'_>) -> Option<Self> {
        let within_app = reader.is_within_app();
        let url = match within_app {
            true => reader.text("ORIGIN_URL"),
            false => reader.required("ORIGIN_URL"),
        };
        let upstream = url.and_then(|url| reader.url("ORIGIN_URL", &url));
        match within_app {
            true => Some(Self::WithinApp { upstream }),
            false => Some(Self::Standalone { upstream: upstream? }),
        }
    }

    pub(crate) fn upstream(&self) -> Option<&BaseUrl> {
        match self {
            Self::Standalone { upstream } => Some(upstream),
            Self::WithinApp { upstream } => upstream.as_ref(),
        }
    }
}

/// Routes requests, with these settings.
#[derive(Debug)]
pub(crate) struct Routing {
    pub(crate) placement: Placement,
    /// Whether the upstream gets the bearer token
    pub(crate) authorization: bool,
    /// Claims, and the headers in lower case that carry them
    pub(crate) claim_headers: Vec<(String, String)>,
    pub(crate) credentials: Credentials,
    /// `FORWARD_HEADERS`, in lower case: headers of the client that the edge would otherwise remove
    pub(crate) forwarded_headers: Vec<String>,
    pub(crate) address_source: AddressSource,
}

impl Routing {
    /// The route to the upstream, or to the application. Removes forged identity headers from every
    /// request.
    pub(crate) fn route(&self, head: &RequestHead, path: &Path<'_>, to: Destination) -> Route {
        match (&self.placement, to) {
            (Placement::Standalone { upstream }, _)
            | (Placement::WithinApp { upstream: Some(upstream) }, Destination::Upstream) => {
                self.route_to_upstream(head, path, upstream)
            }
            (Placement::WithinApp { .. }, _) => self.route_within_app(head, path, to),
        }
    }

    /// The server behind the edge, if there is one.
    pub(crate) fn upstream(&self) -> Option<&BaseUrl> {
        self.placement.upstream()
    }

    /// Removes `Upgrade` unless the method is GET (RFC 6455, section 4.1): a runtime that opens a
    /// WebSocket sends GET for every method, and the rules may have allowed only the other method.
    fn route_to_upstream(&self, head: &RequestHead, path: &Path<'_>, upstream: &BaseUrl) -> Route {
        let mut route =
            Route::new(Destination::Upstream, [upstream.origin(), upstream.path()], path);
        let named: Vec<_> = connection_options(head).collect();
        route.remove(head, |name| self.is_removed(head, &named, name));
        let (scheme, host) = head.scheme_and_host();
        route.set("x-forwarded-host", host);
        route.set("x-forwarded-proto", scheme);
        if let Some(address) = self.address_source.find(head) {
            route.set("x-forwarded-for", address);
        }
        let StrippedCredentials { edits, response_edits, query } = self.credentials.strip(head);
        route.edits.extend(edits);
        route.response_edits = response_edits;
        route.add_query(query.as_deref().or(head.query()));
        route
    }

    /// The application gets the request unchanged, except for identity headers: it uses the cookies
    /// and tokens itself, and may trust its own proxies' headers.
    fn route_within_app(&self, head: &RequestHead, path: &Path<'_>, to: Destination) -> Route {
        let mut route = Route::new(to, [head.origin(), ""], path);
        route.remove(head, |name| self.is_forged(name));
        route.add_query(head.query());
        route
    }

    fn is_removed(&self, head: &RequestHead, named: &[&str], name: &str) -> bool {
        self.is_forged(name)
            || (is_forwarding_header(name, head.is_from_cloudflare()) && !self.is_forwarded(name))
            || (name == "authorization" && !self.authorization)
            || HOP_BY_HOP.contains(&name)
            || (name != "upgrade" && named.iter().any(|n| n.eq_ignore_ascii_case(name)))
            || (name == "upgrade" && head.method() != "GET")
    }

    /// Whether only the edge may set a header, or the header could turn the request into another
    /// one.
    fn is_forged(&self, name: &str) -> bool {
        let is_strange = !is_plain(name) || overrides_request(name);
        is_identity(name)
            || (is_strange && !self.is_forwarded(name))
            || self.claim_headers.iter().any(|(_, header)| same_name(header, name))
    }

    /// Whether `FORWARD_HEADERS` names a header.
    fn is_forwarded(&self, name: &str) -> bool {
        self.forwarded_headers.iter().any(|forwarded| forwarded == name)
    }
}

/// Capacities for most requests.
const USUAL_EDITS: usize = 4;
const USUAL_URL: usize = 256;
