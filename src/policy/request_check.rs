//! Checks a request's head before all other stages. A request that fails could mean one thing to
//! the edge and another to the upstream or to the application around the edge.

use crate::base_url::is_host_and_port;
use crate::config::origin_pattern::OriginPattern;
use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::http::head::RequestHead;

/// Checks heads, with these settings.
#[derive(Debug, Default)]
pub(crate) struct HeadCheck {
    /// The application's own origins, if the edge runs in one
    own_origins: Option<Vec<OriginPattern>>,
}

impl HeadCheck {
    /// `TRUSTED_ORIGINS` and Better Auth's origin. A framework may use such an origin in all URLs.
    pub(crate) fn from_settings(reader: &mut Reader<'_>) -> Self {
        let own_origins = reader.is_within_app().then(|| {
            let mut origins = reader.origins("TRUSTED_ORIGINS");
            origins.extend(reader.auth_url().map(|url| OriginPattern::exact(url.origin())));
            origins
        });
        Self { own_origins }
    }

    /// Checks `Connection` and `Host`.
    ///
    /// # Errors
    /// [`Code::MalformedRequest`]
    pub(crate) fn check(&self, head: &RequestHead) -> Result<(), Error> {
        check_head(head)?;
        match &self.own_origins {
            Some(own_origins) => check_authority(head, own_origins),
            None => Ok(()),
        }
    }
}

fn check_head(head: &RequestHead) -> Result<(), Error> {
    if named_by_connection(head).nth(MOST_NAMED).is_some() {
        return Err(malformed("the Connection header names too many headers"));
    }
    check_host(head)
}

/// Checks that the edge may forward the method. The caller checks it last, so that a rejected
/// request has the same reason for every method.
///
/// # Errors
/// [`Code::MalformedRequest`]
pub(crate) fn check_method(head: &RequestHead) -> Result<(), Error> {
    if head.method().bytes().any(|byte| byte.is_ascii_lowercase()) {
        // methods are case-sensitive (RFC 9110, section 9.1), but some servers ignore case
        return Err(malformed("the method is not in upper case"));
    }
    match NEVER_FORWARDED.contains(&head.method()) {
        true => Err(malformed("the edge does not forward TRACE, TRACK and CONNECT")),
        false => Ok(()),
    }
}

/// TRACE shows the client what the edge has added (RFC 9110, section 9.3.8); IIS calls it TRACK.
/// CONNECT is for proxies.
const NEVER_FORWARDED: [&str; 3] = ["TRACE", "TRACK", "CONNECT"];

/// The headers that `Connection` names. They are hop-by-hop headers (RFC 9110, section 7.6.1).
pub(crate) fn named_by_connection(head: &RequestHead) -> impl Iterator<Item = &str> {
    let names = head.header("connection").flat_map(|value| value.split(','));
    names.map(|name| name.trim_matches([' ', '\t'])).filter(|name| !name.is_empty())
}

/// The edge compares every header with each of these names. Clients need fewer than ten.
const MOST_NAMED: usize = 100;

/// Checks that there is one `Host` and that it is a host with an optional port (RFC 9110, section
/// 7.2). A URL that a server builds from anything else, such as `x/public?`, has another path.
fn check_host(head: &RequestHead) -> Result<(), Error> {
    let mut hosts = head.header("host");
    let Some(host) = hosts.next() else { return Ok(()) };
    match is_host_and_port(host) && hosts.next().is_none() {
        true => Ok(()),
        false => Err(malformed("the Host header is not one host with an optional port")),
    }
}

/// Checks the URL's authority. An application builds the URL from `Host`, from a proxy's headers or
/// from a configured origin. So the authority must be one of these, and each of the headers must be
/// well-formed: `new URL("//api/bob", base)` has another path than the request. If the request's
/// target is an absolute URL, a runtime may use that in place of `Host` (RFC 9112, section 3.2.2).
fn check_authority(head: &RequestHead, own_origins: &[OriginPattern]) -> Result<(), Error> {
    let (_, authority) = head.scheme_and_host();
    // behind a proxy, Next.js uses localhost in the URLs of route handlers
    let is_local = authority == "localhost" || authority.starts_with("localhost:");
    let mut is_named = is_local || own_origins.iter().any(|own| own.matches_authority(authority));
    for (name, value) in head.headers() {
        for text in value.split(',').map(|text| text.trim_matches([' ', '\t'])) {
            let is_good = match name {
                "host" | "x-forwarded-host" => {
                    is_named |= is_same_server(text, authority);
                    is_host_and_port(text)
                }
                "x-forwarded-proto" | "x-forwarded-port" => {
                    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
                }
                // no parameter contains these characters (RFC 7239, section 4)
                "forwarded" => !text.bytes().any(|byte| b"/\\?#@".contains(&byte)),
                _ => true,
            };
            if !is_good {
                return Err(malformed("a forwarding header is malformed"));
            }
        }
    }
    is_named |= head.header("host").next().is_none();
    match is_named && is_host_and_port(authority) {
        true => Ok(()),
        false => {
            let detail =
                "the URL's host is not that of Host, X-Forwarded-Host, baseURL or trustedOrigins";
            Err(malformed(detail))
        }
    }
}

/// Whether two authorities are the same server. Ignores case and the default ports.
fn is_same_server(named: &str, authority: &str) -> bool {
    let bare = |text| {
        let text: &str = text;
        text.strip_suffix(":443").or(text.strip_suffix(":80")).unwrap_or(text)
    };
    bare(named).eq_ignore_ascii_case(bare(authority))
}

fn malformed(detail: &'static str) -> Error {
    Error::new(Code::MalformedRequest, detail)
}
