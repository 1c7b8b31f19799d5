//! What a request's head must be before anything is asked about it. Whatever is wrong here could make the
//! edge and a server behind it, or the caller of the edge, see two different requests.

use std::net::Ipv6Addr;

use super::head::RequestHead;
use super::reader::Reader;
use crate::error::{Code, Error};

/// What there is to know beside the head, from the settings.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// The origins under which the application is known, where the edge is part of one
    own_origins: Option<Vec<String>>,
}

impl Form {
    /// `TRUSTED_ORIGINS` and Better Auth's, as a fixed origin that a framework gives its URLs.
    pub(super) fn from_settings(reader: &mut Reader<'_>) -> Self {
        let own_origins = reader.is_within_app().then(|| {
            let mut origins = reader.origins("TRUSTED_ORIGINS");
            origins.extend(reader.auth_url().map(|url| url.origin().to_owned()));
            origins
        });
        Self { own_origins }
    }

    /// Checks the method, `Connection` and `Host`.
    ///
    /// # Errors
    /// [`Code::MalformedRequest`]
    pub(super) fn check(&self, head: &RequestHead) -> Result<(), Error> {
        check_head(head)?;
        match &self.own_origins {
            Some(own_origins) => check_authority(head, own_origins),
            None => Ok(()),
        }
    }
}

fn check_head(head: &RequestHead) -> Result<(), Error> {
    if NEVER_PASSED_ON.iter().any(|method| head.method().eq_ignore_ascii_case(method)) {
        return Err(malformed("the method TRACE, TRACK or CONNECT is not passed on"));
    }
    if named_by_connection(head).nth(MOST_NAMED).is_some() {
        return Err(malformed("the Connection header names too many headers"));
    }
    check_host(head)
}

/// TRACE shows the client what the edge has added (RFC 9110, section 9.3.8); IIS calls it TRACK. CONNECT is
/// for proxies.
const NEVER_PASSED_ON: [&str; 3] = ["TRACE", "TRACK", "CONNECT"];

/// The headers that `Connection` names go with it (RFC 9110, section 7.6.1).
pub(super) fn named_by_connection(head: &RequestHead) -> impl Iterator<Item = &str> {
    let names = head.header("connection").flat_map(|value| value.split(','));
    names.map(|name| name.trim_matches([' ', '\t'])).filter(|name| !name.is_empty())
}

/// Every header is held against each of these names. No client needs a tenth of them.
const MOST_NAMED: usize = 100;

/// There is one `Host`, and it is exactly host and port (RFC 9110, section 7.2). With anything else in it
/// a URL that is put together from it has another path: `x/public?`.
fn check_host(head: &RequestHead) -> Result<(), Error> {
    let mut hosts = head.header("host");
    let Some(host) = hosts.next() else { return Ok(()) };
    match is_authority(host) && hosts.next().is_none() {
        true => Ok(()),
        false => Err(malformed("the Host header is not one host with an optional port")),
    }
}

/// An application makes the URL itself, of `Host`, of what a proxy before it says, or of an origin that it is
/// told. So the URL's authority must be one of these, and nothing of which it may be made may hold more than
/// belongs there: `new URL("//api/bob", base)` has another path than the request. Where a runtime has read the
/// request's own target, `Host` does not count beside an absolute one (RFC 9112, section 3.2.2).
fn check_authority(head: &RequestHead, own_origins: &[String]) -> Result<(), Error> {
    let listed = |name| head.header(name).flat_map(|value| value.split(',')).map(trim);
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    // what no parameter of Forwarded holds (RFC 7239, section 4)
    let is_path = |text: &str| text.contains(['/', '\\', '?', '#', '@']);
    if !listed("x-forwarded-host").all(is_authority)
        || !listed("x-forwarded-proto").all(is_word)
        || !listed("x-forwarded-port").all(is_word)
        || head.header("forwarded").any(is_path)
    {
        return Err(malformed("a forwarding header holds more than belongs there"));
    }
    let (_, authority) = head.scheme_and_host();
    if !is_authority(authority) {
        return Err(malformed("the URL has no authority of one host with an optional port"));
    }
    let Some(host) = head.header("host").next() else { return Ok(()) };
    let own = own_origins.iter().filter_map(|origin| Some(origin.split_once("://")?.1));
    let mut named = std::iter::once(host).chain(listed("x-forwarded-host")).chain(own);
    // Next, behind a proxy, has localhost in the URLs of route handlers
    if host_and_port(authority).0.eq_ignore_ascii_case("localhost") {
        return Ok(());
    }
    match named.any(|named| is_same_authority(named, authority)) {
        true => Ok(()),
        false => {
            let detail =
                "the URL's host is not that of Host, X-Forwarded-Host, baseURL or trustedOrigins";
            Err(malformed(detail))
        }
    }
}

/// `host`, `host:port`, `[::1]` or `[::1]:port` (RFC 3986, section 3.2.2), of the characters that names of
/// hosts have: no user, path, query, encoding or list.
fn is_authority(text: &str) -> bool {
    let (host, port) = host_and_port(text);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let is_host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(is_name),
    };
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    is_host && port.is_none_or(is_port)
}

/// Whether both name one server: without regard to case, and to the ports that schemes have by default.
fn is_same_authority(one: &str, other: &str) -> bool {
    let (one, other) = (host_and_port(one), host_and_port(other));
    let port = |port: Option<&str>| {
        port.and_then(|port| port.parse::<u16>().ok()).filter(|port| !matches!(port, 80 | 443))
    };
    let address = |host: &str| host.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let is_same_host = match (address(one.0), address(other.0)) {
        (Some(one), Some(other)) => one == other,
        _ => one.0.eq_ignore_ascii_case(other.0),
    };
    is_same_host && port(one.1) == port(other.1)
}

/// The colons of an IPv6 address stand in brackets.
fn host_and_port(text: &str) -> (&str, Option<&str>) {
    let port = text.rfind(':').filter(|colon| !text[*colon..].contains(']'));
    port.map_or((text, None), |colon| (&text[..colon], Some(&text[colon + 1..])))
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn malformed(detail: &'static str) -> Error {
    Error::new(Code::MalformedRequest, detail)
}
