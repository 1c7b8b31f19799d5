//! Which header names mean the same to some servers, and what some names mean to all.

use super::head::RequestHead;

/// Whether a server that takes `_` for `-`, as CGI's heirs do, sees one name in both.
pub(super) fn same_name(name: &str, other: &str) -> bool {
    name.len() == other.len() && begins_like(name, other)
}

/// The same for how a name begins.
fn begins_like(name: &str, prefix: &str) -> bool {
    let folded = |byte: u8| if byte == b'_' { b'-' } else { byte };
    let mut pairs = name.bytes().zip(prefix.bytes());
    name.len() >= prefix.len() && pairs.all(|(a, b)| folded(a) == folded(b))
}

/// Those that say who is calling.
pub(super) fn is_identity(name: &str) -> bool {
    begins_like(name, "x-edge-")
}

/// Headers by which proxies tell what they have seen. What a client says there is not what anybody has
/// seen.
pub(super) fn is_about_the_way(name: &str) -> bool {
    begins_like(name, "x-forwarded-") || name == "forwarded" || same_name(name, "x-real-ip")
}

/// RFC 9110, section 7.6.1: these speak of one connection.
pub(super) const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
];

/// What `Connection` names goes with it; it must not make the origin's side drop an identity. Every
/// header is held against these, so there must not be as many as a client likes.
pub(super) fn named_by_connection(head: &RequestHead) -> Vec<&str> {
    let names = head.header("connection").flat_map(|value| value.split(','));
    names.map(str::trim).filter(|name| !name.is_empty()).take(MOST_NAMED).collect()
}

/// Far more than anybody names.
const MOST_NAMED: usize = 100;
