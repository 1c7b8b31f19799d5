//! The client's address, from sources that the client cannot forge.

use crate::config::reader::Reader;
use crate::http::fields::is_token;
use crate::http::head::RequestHead;

/// The header with the client's address, from the settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct AddressSource {
    /// The header, in lower case, that the operator's own proxy sets
    header: Option<String>,
}

impl AddressSource {
    /// `CLIENT_IP_HEADER`
    pub(crate) fn from_settings(reader: &mut Reader<'_>) -> Self {
        const SETTING: &str = "CLIENT_IP_HEADER";
        let header = reader.text(SETTING).map(|name| name.to_ascii_lowercase());
        if header.as_ref().is_some_and(|name| !is_token(name) || FORBIDDEN.contains(&name.as_str()))
        {
            reader.error(SETTING, "is not the name of a header that contains addresses only");
        }
        Self { header }
    }

    /// The address from the operator's own proxy, or else from Cloudflare. A proxy appends the
    /// address of its client to those in the request, so the last one counts. `None` if it is not
    /// an address.
    pub(crate) fn find<'h>(&'h self, head: &'h RequestHead) -> Option<&'h str> {
        let name = match &self.header {
            Some(name) => name,
            None if head.is_from_cloudflare() => "cf-connecting-ip",
            None => return None,
        };
        let value = head.header(name).last()?;
        let text = without_port(value.rsplit(',').next()?.trim_matches([' ', '\t']));
        IpAddress::parse(text).map(|_| text)
    }

    /// The address of the client that sent the request.
    pub(crate) fn client_address(&self, head: &RequestHead) -> ClientAddress {
        ClientAddress(self.find(head).map(str::to_owned))
    }
}

/// The client's address, if it is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClientAddress(Option<String>);

impl ClientAddress {
    pub(crate) fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The key that the client's requests count under: the IPv4 address, or the IPv6 /64. One
    /// subscriber has a whole /64 and may use 2^64 addresses of it.
    pub(crate) fn rate_limit_key(&self) -> Option<String> {
        Some(match IpAddress::parse(self.text()?)? {
            IpAddress::V4([a, b, c, d]) => format!("{a}.{b}.{c}.{d}"),
            IpAddress::V6([a, b, c, d, ..]) => format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"),
        })
    }

    /// The IPv6 /48. Many hosters and providers assign one customer a /48 or a part of it.
    pub(crate) fn network(&self) -> Option<String> {
        match IpAddress::parse(self.text()?)? {
            IpAddress::V4(_) => None,
            IpAddress::V6([a, b, c, ..]) => Some(format!("{a:x}:{b:x}:{c:x}::/48")),
        }
    }
}

/// `AUTH_CLIENT_IP_HEADER`: the header, in lower case, that tells the auth server the client's
/// address.
pub(crate) fn address_header(reader: &mut Reader<'_>) -> String {
    const SETTING: &str = "AUTH_CLIENT_IP_HEADER";
    let header = reader.text(SETTING).map(|name| name.to_ascii_lowercase());
    let header = header.unwrap_or_else(|| "x-forwarded-for".to_owned());
    if !is_token(&header) || FORBIDDEN.contains(&header.as_str()) || is_request_header(&header) {
        reader.error(SETTING, "is not the name of a header that contains an address only");
    }
    header
}

/// Whether a header, in lower case, has a meaning in every request.
pub(crate) fn is_request_header(name: &str) -> bool {
    REQUEST_HEADERS.contains(&name)
}

/// Some proxies add the port: `192.0.2.7:4711`, `[2001:db8::1]:4711`.
fn without_port(text: &str) -> &str {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let has_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let text = if has_port && (!host.contains(':') || host.ends_with(']')) { host } else { text };
    text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text)
}

/// An IP address. An IPv4-mapped IPv6 address is the IPv4 address (RFC 4291, section 2.5.5.2).
enum IpAddress {
    V4([u8; 4]),
    V6([u16; 8]),
}

impl IpAddress {
    /// Parses the text forms of RFC 4291, section 2.2, and dotted decimals. The parser of the
    /// standard library would add 3 kB to the wasm.
    fn parse(text: &str) -> Option<Self> {
        if !text.contains(':') {
            return v4(text).map(Self::V4);
        }
        let mut groups = [0; 8];
        let (front, back) = text.split_once("::").unwrap_or((text, ""));
        let is_short = front.len() < text.len();
        let before = read_groups(front, &mut groups)?;
        let mut behind = [0; 8];
        let count = read_groups(back, &mut behind)?;
        let is_whole = if is_short { before + count < 8 } else { before == 8 };
        if !is_whole {
            return None;
        }
        for (i, group) in behind.iter().take(count).enumerate() {
            groups[8 - count + i] = *group;
        }
        Some(match groups {
            [0, 0, 0, 0, 0, 0xffff, high, low] => {
                let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
                Self::V4([a, b, c, d])
            }
            groups => Self::V6(groups),
        })
    }
}

/// Parses groups, the last two perhaps as dotted decimals. Returns how many.
fn read_groups(text: &str, groups: &mut [u16; 8]) -> Option<usize> {
    let mut count = 0;
    if text.is_empty() {
        return Some(0);
    }
    let mut parts = text.split(':').peekable();
    while let Some(part) = parts.next() {
        if part.contains('.') {
            let [a, b, c, d] = v4(part).filter(|_| parts.peek().is_none())?;
            *groups.get_mut(count)? = u16::from_be_bytes([a, b]);
            count += 1;
            *groups.get_mut(count)? = u16::from_be_bytes([c, d]);
        } else {
            *groups.get_mut(count)? = number(part, 16, 4)?;
        }
        count += 1;
    }
    Some(count)
}

fn v4(text: &str) -> Option<[u8; 4]> {
    let mut bytes = [0; 4];
    let mut parts = text.split('.');
    for byte in &mut bytes {
        let part = parts.next()?;
        // some parsers read a leading zero as octal
        let is_plain = part.len() == 1 || !part.starts_with('0');
        *byte = u8::try_from(number(part, 10, 3).filter(|_| is_plain)?).ok()?;
    }
    parts.next().is_none().then_some(bytes)
}

/// A number of at least one digit, without a sign.
fn number(text: &str, radix: u16, most: usize) -> Option<u16> {
    let is_number = !text.is_empty() && text.len() <= most;
    let digit = |c: char| Some(c.to_digit(radix.into())? as u16);
    let add = |sum: u16, c| Some(sum * radix + digit(c)?);
    is_number.then(|| text.chars().try_fold(0, add))?
}

/// Headers that contain something else, or more than addresses.
const FORBIDDEN: [&str; 5] = ["authorization", "cf-ray", "cookie", "forwarded", "host"];

/// Headers with another meaning in every request, and those that `fetch` sets itself.
const REQUEST_HEADERS: [&str; 12] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "origin",
    "referer",
    "set-cookie",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];
