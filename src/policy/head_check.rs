//! Checks the head of a request. A head that fails could mean one thing to the edge and another to
//! the upstream, or to the application that the edge runs in.

use std::borrow::Cow;

use crate::base_url::is_host_and_port;
use crate::config::origin_pattern::OriginPattern;
use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::http::head::RequestHead;

/// Checks heads before all other stages.
#[derive(Debug)]
pub(crate) struct HeadCheck {
    /// `None` in front of an upstream, because `ORIGIN_URL` decides the upstream's URL
    application: Option<ApplicationUrls>,
}

impl HeadCheck {
    pub(crate) fn from_settings(reader: &mut Reader<'_>) -> Self {
        let is_within_app = reader.is_within_app();
        Self { application: is_within_app.then(|| ApplicationUrls::from_settings(reader)) }
    }

    /// Checks `Connection`, `Host` and the URL's scheme. Within an application, and behind a proxy
    /// that names the scheme, also the URL's authority. Within an application also the headers of
    /// proxies from which the application may build its URL.
    ///
    /// # Errors
    /// [`Code::MalformedRequest`]
    pub(crate) fn check(&self, head: &RequestHead) -> Result<(), Error> {
        check_connection(head)?;
        check_host(head)?;
        check_scheme(head)?;
        match &self.application {
            Some(application) => application.check(head),
            None => check_authority(head),
        }
    }
}

/// Checks that the edge may forward the method. The caller checks this after all other reasons to
/// reject the request, so that a rejection has the same reason for every method.
///
/// # Errors
/// [`Code::MalformedRequest`]
pub(crate) fn check_method(head: &RequestHead) -> Result<(), Error> {
    if head.method().bytes().any(|byte| byte.is_ascii_lowercase()) {
        // methods are case-sensitive (RFC 9110, section 9.1), but some servers ignore case
        return Err(malformed("the method is not in upper case"));
    }
    if NEVER_FORWARDED.contains(&head.method()) {
        return Err(malformed("the edge does not forward TRACE, TRACK and CONNECT"));
    }
    Ok(())
}

/// TRACE shows the client what the edge has added (RFC 9110, section 9.3.8); IIS calls it TRACK.
/// CONNECT is for proxies.
const NEVER_FORWARDED: [&str; 3] = ["TRACE", "TRACK", "CONNECT"];

fn check_connection(head: &RequestHead) -> Result<(), Error> {
    if connection_options(head).count() > MAX_CONNECTION_OPTIONS {
        return Err(malformed("the Connection header names too many headers"));
    }
    Ok(())
}

/// The headers that `Connection` names. They are hop-by-hop headers (RFC 9110, section 7.6.1).
pub(crate) fn connection_options(head: &RequestHead) -> impl Iterator<Item = &str> {
    head.header("connection").flat_map(list_items).filter(|name| !name.is_empty())
}

/// The edge compares every header with each of these names. Clients need fewer than ten.
const MAX_CONNECTION_OPTIONS: usize = 100;

/// Checks that there is at most one `Host` and that it is a host with an optional port (RFC 9110,
/// section 7.2). A URL that a server builds from anything else, such as `x/public?`, has another
/// path. HTTP/2 requests can omit the header.
fn check_host(head: &RequestHead) -> Result<(), Error> {
    let mut hosts = head.header("host");
    let Some(host) = hosts.next() else { return Ok(()) };
    if is_host_and_port(host) && hosts.next().is_none() {
        Ok(())
    } else {
        Err(malformed("the Host header is not one host with an optional port"))
    }
}

/// Checks the scheme, which a proxy in front may have taken from the client.
fn check_scheme(head: &RequestHead) -> Result<(), Error> {
    let (scheme, _) = head.scheme_and_host();
    if head.has_malformed_scheme() {
        let values = head.header("x-forwarded-proto").flat_map(|value| value.split(','));
        let detail = match values.count() {
            1 => "X-Forwarded-Proto is neither http nor https",
            _ => "X-Forwarded-Proto has more than one value",
        };
        return Err(malformed(detail).with_source(ONE_SCHEME));
    }
    match ["http", "https"].contains(&scheme) {
        true => Ok(()),
        false => Err(malformed("the scheme is neither http nor https")),
    }
}

const ONE_SCHEME: &str = "the proxy in front of the edge must replace the client's X-Forwarded-Proto \
                          with one value, http or https";

/// Checks that the URL of a marked request has the authority of `Host`: workerd puts the target `*`
/// behind the host.
fn check_authority(head: &RequestHead) -> Result<(), Error> {
    let (_, authority) = head.scheme_and_host();
    match !head.is_marked() || head.header("host").any(|host| is_same_server(host, authority)) {
        true => Ok(()),
        false => Err(malformed("the URL's host is not that of Host")),
    }
}

/// Checks what an application builds its URL from. If a value contains a path, the URL has another
/// path than the request: `new URL("//api/bob", base)`.
#[derive(Debug)]
struct ApplicationUrls {
    /// `TRUSTED_ORIGINS` and Better Auth's origin, which a framework may use in all URLs
    configured_origins: Vec<OriginPattern>,
}

impl ApplicationUrls {
    fn from_settings(reader: &mut Reader<'_>) -> Self {
        let mut configured_origins = reader.origins("TRUSTED_ORIGINS");
        configured_origins.extend(reader.auth_url().map(|url| OriginPattern::exact(url.origin())));
        Self { configured_origins }
    }

    /// Checks that the URL's authority is that of `Host`, of `X-Forwarded-Host` or of a configured
    /// origin, and that these headers and the other headers of proxies are well-formed. If the
    /// request's target is an absolute URL, a runtime may use its authority in place of `Host` (RFC
    /// 9112, section 3.2.2).
    fn check(&self, head: &RequestHead) -> Result<(), Error> {
        let (_, authority) = head.scheme_and_host();
        let mut is_expected = self.expects(authority) || head.header("host").next().is_none();
        for (name, value) in head.headers() {
            for item in list_items(value) {
                if !is_well_formed(name, item) {
                    return Err(malformed(format!("the {name} header is malformed")));
                }
                if ["host", "x-forwarded-host"].contains(&name) {
                    is_expected |= is_same_server(item, authority);
                }
            }
        }
        if is_expected && is_host_and_port(authority) {
            Ok(())
        } else {
            let detail =
                "the URL's host is not that of Host, X-Forwarded-Host, baseURL or trustedOrigins";
            Err(malformed(detail))
        }
    }

    /// Whether the URL may have this authority for any `Host`.
    fn expects(&self, authority: &str) -> bool {
        // behind a proxy, Next.js uses localhost in the URLs of route handlers
        let is_local = authority == "localhost" || authority.starts_with("localhost:");
        is_local || self.configured_origins.iter().any(|own| own.matches_authority(authority))
    }
}

/// Whether an item of a header is well-formed, if an application may build its URL from the header.
fn is_well_formed(name: &str, item: &str) -> bool {
    match name {
        "host" | "x-forwarded-host" => is_host_and_port(item),
        "x-forwarded-proto" | "x-forwarded-port" => {
            item.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }
        // no parameter contains these characters (RFC 7239, section 4)
        "forwarded" => !item.bytes().any(|byte| b"/\\?#@".contains(&byte)),
        _ => true,
    }
}

/// Whether two authorities are the same server. Ignores case and the ports 80 and 443: a proxy that
/// terminates TLS changes the scheme, so either of them can be the default port.
fn is_same_server(one: &str, other: &str) -> bool {
    without_default_port(one).eq_ignore_ascii_case(without_default_port(other))
}

fn without_default_port(authority: &str) -> &str {
    let host = authority.strip_suffix(":443").or(authority.strip_suffix(":80"));
    host.unwrap_or(authority)
}

/// The items of a comma-separated header value (RFC 9110, section 5.6.1).
fn list_items(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(|item| item.trim_matches([' ', '\t']))
}

fn malformed(detail: impl Into<Cow<'static, str>>) -> Error {
    Error::new(Code::MalformedRequest, detail)
}
