//! The client's address, as far as anything but the client says what it is.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::fields::is_token;
use super::head::RequestHead;
use super::reader::Reader;

/// Where the address is read, from the settings.
#[derive(Clone, Debug, Default)]
pub(super) struct ClientAddress {
    /// The header, in lower case, that the operator's own proxy sets
    header: Option<String>,
}

impl ClientAddress {
    /// `CLIENT_IP_HEADER`
    pub(super) fn from_settings(reader: &mut Reader<'_>) -> Self {
        const SETTING: &str = "CLIENT_IP_HEADER";
        let header = reader.text(SETTING).map(|name| name.to_ascii_lowercase());
        if header.as_ref().is_some_and(|name| !is_token(name) || name == "forwarded") {
            reader.fault(SETTING, "is not the name of a header that holds addresses only");
        }
        Self { header }
    }

    /// The address: what the operator's own proxy says, or else Cloudflare. A proxy appends the address
    /// that it has seen to those that it was told, so the last one counts. What is no address is none.
    pub(super) fn of(&self, head: &RequestHead) -> Option<IpAddr> {
        let value = match &self.header {
            Some(name) => head.header(name).last()?.rsplit(',').next()?,
            None if head.is_from_cloudflare() => head.header("cf-connecting-ip").next()?,
            None => return None,
        };
        parse(value.trim_matches([' ', '\t']))
    }
}

/// Some proxies add the port. An IPv4 address that is written as IPv6 is that IPv4 address.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok();
    let address = address.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address| address.to_canonical())
}

/// By which name the requests of an address are counted: an IPv6 address by its /64, since that is what
/// one subscriber gets, and may use 2^64 addresses of.
pub(super) fn counted_as(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string() + "/64"
        }
    }
}
