//! Which header names mean the same to some servers, what some names mean to all, and which a client has
//! no business sending to an origin.

mod tables;

use tables::{
    OVERRIDE_PREFIXES, OVERRIDES, WAY, WAY_PREFIXES, X_OVERRIDE_PREFIXES, X_OVERRIDES, X_WAY,
    X_WAY_PREFIXES,
};

/// Whether a server that takes `_` for `-`, as CGI's heirs do, sees one name in both.
pub(crate) fn same_name(name: &str, other: &str) -> bool {
    name.len() == other.len() && begins_like(name, other)
}

/// The same for how a name begins.
fn begins_like(name: &str, prefix: &str) -> bool {
    let folded = |byte: u8| if byte == b'_' { b'-' } else { byte };
    let mut pairs = name.bytes().zip(prefix.bytes());
    name.len() >= prefix.len() && pairs.all(|(a, b)| folded(a) == folded(b))
}

/// Those that say who is calling.
pub(crate) fn is_identity(name: &str) -> bool {
    begins_like(name, "x-edge-")
}

/// RFC 9110, section 7.6.1: these speak of one connection.
pub(crate) const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
];

/// Whether every server reads the same name in it: lower-case letters, digits and hyphens (RFC 9110,
/// sections 16.3.2.1 and 17.10). CGI, WSGI, Rack and PHP turn any other character into `_`, and hyphens
/// too, so that `script_name` or `x.edge.user` would arrive as what it imitates. nginx and Apache drop
/// such headers as well.
pub(crate) fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Headers by which a server or an application would take another path, query, method, host or scheme for
/// the request's, or another variable of CGI (RFC 3875, section 4.1). The name is in lower case and plain.
pub(crate) fn overrides_request(name: &str) -> bool {
    // nearly all that browsers send are told apart by their first letters
    match name.as_bytes() {
        [b'a', b'c', ..] | [b's', b'e', b'c', ..] => false,
        [b'x', ..] => match name.strip_prefix("x-") {
            // a prefetch of Next's router
            Some("middleware-prefetch") => false,
            Some(rest) => X_OVERRIDES.contains(&rest) || begins_with_one(rest, X_OVERRIDE_PREFIXES),
            None => false,
        },
        _ => OVERRIDES.contains(&name) || begins_with_one(name, OVERRIDE_PREFIXES),
    }
}

/// Headers by which proxies tell whom they have seen: the client's address, the user that they have
/// signed in, the certificate. What a client says there is not what any proxy has seen. The name is in
/// lower case and plain. An application's own proxies are between it and them, so this is for an origin.
pub(crate) fn is_forwarding_header(name: &str, from_cloudflare: bool) -> bool {
    match name.as_bytes().first() {
        Some(b'x') => match name.strip_prefix("x-") {
            Some(rest) => X_WAY.contains(&rest) || begins_with_one(rest, X_WAY_PREFIXES),
            None => false,
        },
        Some(b'c') => is_of_cloudflare(name, from_cloudflare) || WAY.contains(&name),
        _ => WAY.contains(&name) || begins_with_one(name, WAY_PREFIXES),
    }
}

/// Cloudflare overwrites its own headers before a Worker runs, but for these; elsewhere any client can send
/// any of them. Nothing is decided by `cf-ray`, which names a request in logs.
fn is_of_cloudflare(name: &str, from_cloudflare: bool) -> bool {
    match name {
        "cf-ray" => false,
        "cf-connecting-ipv6" | "cf-pseudo-ipv4" | "cf-access-authenticated-user-email" => true,
        _ => !from_cloudflare && name.starts_with("cf-"),
    }
}

fn begins_with_one(name: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Headers that the edge itself sets, reads or leaves to the runtime: no setting passes a client's on.
pub(crate) fn is_the_edges(name: &str) -> bool {
    let reserved = HOP_BY_HOP.iter().chain(SET_OR_READ);
    is_identity(name) || reserved.into_iter().any(|reserved| same_name(name, reserved))
}

const SET_OR_READ: &[&str] = &[
    "authorization",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "upgrade",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_headers_are_neither_overrides_nor_about_the_way() {
        for name in [
            "accept",
            "accept-language",
            "authorization",
            "cache-control",
            "content-type",
            "cookie",
            "dpop",
            "origin",
            "priority",
            "prefer",
            "purpose",
            "range",
            "referer",
            "sec-fetch-site",
            "sec-ch-ua",
            "traceparent",
            "user-agent",
            "x-requested-with",
            "x-csrf-token",
            "x-api-key",
            "x-request-id",
            "x-correlation-id",
            "x-custom",
            "x-user-email",
            "idempotency-key",
            "if-match",
            "cf-ray",
            "digest",
            "want-digest",
            "x-amz-date",
            "x-hub-signature-256",
            "stripe-signature",
            "x-client-version",
            "x-real",
            "x-original-filename",
            "x-prerender-revalidate",
            "x-target-env",
            "next-action",
            "next-router-state-tree",
            "rsc",
            "tus-resumable",
            "baggage",
            "b3",
        ] {
            let taken = overrides_request(name) || is_forwarding_header(name, false);
            assert!(!taken, "{name}");
            assert!(is_plain(name), "{name}");
        }
    }
}
