//! What a request's head must be before anything is asked about it. Whatever is wrong here could make the
//! edge and a server behind it, or the caller of the edge, see two different requests.

use crate::base_url::is_host_and_port;
use crate::config::origin_pattern::OriginPattern;
use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::http::head::RequestHead;

/// What there is to know beside the head, from the settings.
#[derive(Debug, Default)]
pub(crate) struct HeadCheck {
    /// The origins under which the application is known, where the edge is part of one
    own_origins: Option<Vec<OriginPattern>>,
}

impl HeadCheck {
    /// `TRUSTED_ORIGINS` and Better Auth's, as a fixed origin that a framework gives its URLs.
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

/// Checks that the method is one that an origin may get. A request that is refused anyway is refused for
/// the same reason whatever its method is.
///
/// # Errors
/// [`Code::MalformedRequest`]
pub(crate) fn check_method(head: &RequestHead) -> Result<(), Error> {
    if head.method().bytes().any(|byte| byte.is_ascii_lowercase()) {
        // methods are case-sensitive (RFC 9110, section 9.1), but not for every server
        return Err(malformed("the method is not in upper case"));
    }
    match NEVER_PASSED_ON.contains(&head.method()) {
        true => Err(malformed("the method TRACE, TRACK or CONNECT is not passed on")),
        false => Ok(()),
    }
}

/// TRACE shows the client what the edge has added (RFC 9110, section 9.3.8); IIS calls it TRACK. CONNECT is
/// for proxies.
const NEVER_PASSED_ON: [&str; 3] = ["TRACE", "TRACK", "CONNECT"];

/// The headers that `Connection` names go with it (RFC 9110, section 7.6.1).
pub(crate) fn named_by_connection(head: &RequestHead) -> impl Iterator<Item = &str> {
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
    match is_host_and_port(host) && hosts.next().is_none() {
        true => Ok(()),
        false => Err(malformed("the Host header is not one host with an optional port")),
    }
}

/// An application makes the URL itself, of `Host`, of what a proxy before it says, or of an origin that it is
/// told. So the URL's authority must be one of these, and nothing of which it may be made may hold more than
/// belongs there: `new URL("//api/bob", base)` has another path than the request. Where a runtime has read the
/// request's own target, `Host` does not count beside an absolute one (RFC 9112, section 3.2.2).
fn check_authority(head: &RequestHead, own_origins: &[OriginPattern]) -> Result<(), Error> {
    let (_, authority) = head.scheme_and_host();
    // Next, behind a proxy, has localhost in the URLs of route handlers
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
                // what no parameter holds (RFC 7239, section 4)
                "forwarded" => !text.bytes().any(|byte| b"/\\?#@".contains(&byte)),
                _ => true,
            };
            if !is_good {
                return Err(malformed("a forwarding header holds more than belongs there"));
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

/// Whether an authority is that of a URL: without regard to case, and to the ports that schemes
/// have by default.
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
