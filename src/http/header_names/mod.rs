//! Header names: which names some servers read alike, and which headers a client must not send to
//! the upstream.

mod tables;

use tables::{
    FORWARDING, FORWARDING_PREFIXES, OVERRIDE_PREFIXES, OVERRIDES, X_FORWARDING,
    X_FORWARDING_PREFIXES, X_OVERRIDE_PREFIXES, X_OVERRIDES,
};

/// Whether two names are equal to a server that reads `_` as `-`, as CGI and its successors do.
pub(crate) fn same_name(name: &str, other: &str) -> bool {
    name.len() == other.len() && begins_like(name, other)
}

/// Whether a name begins with a prefix, to such a server.
fn begins_like(name: &str, prefix: &str) -> bool {
    let folded = |byte: u8| if byte == b'_' { b'-' } else { byte };
    let mut pairs = name.bytes().zip(prefix.bytes());
    name.len() >= prefix.len() && pairs.all(|(a, b)| folded(a) == folded(b))
}

/// Whether a header carries the user's identity.
pub(crate) fn is_identity(name: &str) -> bool {
    begins_like(name, "x-edge-")
}

/// Headers of one connection (RFC 9110, section 7.6.1).
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

/// Whether all servers read a name alike: it consists of lower-case letters, digits and hyphens
/// (RFC 9110, sections 16.3.2.1 and 17.10). CGI, WSGI, Rack and PHP turn all other characters and
/// hyphens into `_`, so that `script_name` or `x.edge.user` imitates another header. nginx and
/// Apache drop such headers too.
pub(crate) fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Whether a header makes some servers or applications override the request's path, query, method,
/// host or scheme, or a variable of CGI (RFC 3875, section 4.1). `name` is in lower case and plain.
pub(crate) fn overrides_request(name: &str) -> bool {
    // a fast path by the first letters, for nearly all headers of browsers
    match name.as_bytes() {
        [b'a', b'c', ..] | [b's', b'e', b'c', ..] => false,
        [b'x', ..] => match name.strip_prefix("x-") {
            // the router of Next.js prefetches with it
            Some("middleware-prefetch") => false,
            Some(rest) => X_OVERRIDES.contains(&rest) || begins_with_one(rest, X_OVERRIDE_PREFIXES),
            None => false,
        },
        _ => OVERRIDES.contains(&name) || begins_with_one(name, OVERRIDE_PREFIXES),
    }
}

/// Whether a proxy sets a header to forward what it knows about the client: the address, the
/// certificate or the user. From a client, such a header is forged. `name` is in lower case and
/// plain. The edge removes these headers only for an upstream, because an application may have its
/// own proxies.
pub(crate) fn is_forwarding_header(name: &str, from_cloudflare: bool) -> bool {
    match name.as_bytes().first() {
        Some(b'x') => match name.strip_prefix("x-") {
            Some(rest) => {
                X_FORWARDING.contains(&rest) || begins_with_one(rest, X_FORWARDING_PREFIXES)
            }
            None => false,
        },
        Some(b'c') => {
            is_forged_cloudflare_header(name, from_cloudflare) || FORWARDING.contains(&name)
        }
        _ => FORWARDING.contains(&name) || begins_with_one(name, FORWARDING_PREFIXES),
    }
}

/// Whether a client can forge a header of Cloudflare. Cloudflare overwrites its headers before a
/// Worker runs, except for three. On other hosts a client can send all of them. `cf-ray` only names
/// a request in logs.
fn is_forged_cloudflare_header(name: &str, from_cloudflare: bool) -> bool {
    match name {
        "cf-ray" => false,
        "cf-connecting-ipv6" | "cf-pseudo-ipv4" | "cf-access-authenticated-user-email" => true,
        _ => !from_cloudflare && name.starts_with("cf-"),
    }
}

fn begins_with_one(name: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether the edge or the runtime sets or reads a header, so that no setting may forward the
/// client's.
pub(crate) fn is_reserved(name: &str) -> bool {
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
    fn ordinary_headers_are_neither_overrides_nor_forwarding_headers() {
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
            let is_removed = overrides_request(name) || is_forwarding_header(name, false);
            assert!(!is_removed, "{name}");
            assert!(is_plain(name), "{name}");
        }
    }
}
