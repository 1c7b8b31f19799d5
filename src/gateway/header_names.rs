//! Which header names mean the same to some servers, what some names mean to all, and which a client has
//! no business sending to an origin.

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

/// Whether every server reads the same name in it: lower-case letters, digits and hyphens (RFC 9110,
/// sections 16.3.2.1 and 17.10). CGI, WSGI, Rack and PHP turn any other character into `_`, and hyphens
/// too, so that `script_name` or `x.edge.user` would arrive as what it imitates. nginx and Apache drop
/// such headers as well.
pub(super) fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Headers by which a server or an application would take another path, query, method, host or scheme for
/// the request's, or another variable of CGI (RFC 3875, section 4.1). The name is in lower case and plain.
pub(super) fn overrides_request(name: &str) -> bool {
    // nearly all that browsers send are told apart by their first letters
    match name.as_bytes() {
        [b'a', b'c', ..] | [b's', b'e', b'c', ..] => false,
        [b'x', ..] => match name.strip_prefix("x-") {
            // a prefetch of Next's router
            Some("middleware-prefetch") => false,
            Some(rest) => X_OVERRIDES.contains(&rest) || begins_with_one(rest, X_OVERRIDE_PREFIXES),
            None => false,
        },
        [
            b'a' | b'b' | b'c' | b'd' | b'f' | b'g' | b'h' | b'm' | b'o' | b'p' | b'q' | b'r'
            | b's' | b'u' | b'w',
            ..,
        ] => OVERRIDES.contains(&name) || begins_with_one(name, OVERRIDE_PREFIXES),
        _ => false,
    }
}

/// Variables of CGI and of servers that keep its names, and what is read in place of the URL.
const OVERRIDES: &[&str] = &[
    "auth-password",
    "auth-type",
    "auth-user",
    "base-path",
    "base-url",
    "context-path",
    "destination", // RFC 4918, section 10.3: the path that COPY and MOVE write to
    "document-root",
    "document-uri",
    "front-end-https",
    "gateway-interface",
    "http-host",
    "http-method-override",
    "https",
    "method-override",
    "orig-path-info",
    "orig-script-name",
    "original-url",
    "path-info",
    "path-translated",
    "php-self",
    "proxy", // HTTP_PROXY, CVE-2016-5385
    "query-string",
    "raw-uri",
    "request-method",
    "request-path",
    "request-scheme",
    "request-uri",
    "rewrite-url",
    "script-filename",
    "script-name",
    "script-uri",
    "script-url",
    "unencoded-url",
    "url-scheme",
];

const OVERRIDE_PREFIXES: &[&str] = &["remote-", "server-", "redirect-", "wsgi-", "asgi-"];

/// The same behind `x-`.
const X_OVERRIDES: &[&str] = &[
    "accel-mapping",
    "base-path",
    "base-url",
    "context-path",
    "host",
    "host-override",
    "method",
    "method-override",
    "now-route-matches",
    "override-host",
    "override-url",
    "path",
    "path-info",
    "path-prefix",
    "proxy-host",
    "proxy-url",
    "query-string",
    "request-uri",
    "request-url",
    "script-name",
    "scheme",
    "sendfile-type",
    "unencoded-url",
    "uri",
    "url",
    "url-scheme",
    "waws-unencoded-url",
];

const X_OVERRIDE_PREFIXES: &[&str] = &[
    "original-", // IIS, Symfony, Zend, oauth2-proxy: -url, -uri, -host, -method
    "rewrite-",
    "http-method",
    "http-host",
    "http-path",
    "http-url",
    "http-verb",
    "accel-",
    "middleware-", // Next: CVE-2025-29927
];

/// Headers by which proxies tell whom they have seen: the client's address, the user that they have
/// signed in, the certificate. What a client says there is not what any proxy has seen. The name is in
/// lower case and plain. An application's own proxies are between it and them, so this is for an origin.
pub(super) fn is_about_the_way(name: &str, from_cloudflare: bool) -> bool {
    match name.as_bytes().first() {
        Some(b'x') => match name.strip_prefix("x-") {
            Some(rest) => X_WAY.contains(&rest) || begins_with_one(rest, X_WAY_PREFIXES),
            None => false,
        },
        Some(b'c') => is_of_cloudflare(name, from_cloudflare) || WAY.contains(&name),
        Some(b'd' | b'f' | b'i' | b'p' | b's' | b't' | b'v' | b'w') => {
            WAY.contains(&name) || begins_with_one(name, WAY_PREFIXES)
        }
        _ => false,
    }
}

const WAY: &[&str] = &[
    "client-ip",
    "clientip",
    "do-connecting-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "forwarded",
    "forwarded-for",
    "forwarded-for-ip",
    "incap-client-ip",
    "proxy-client-ip",
    "true-client-ip",
    "wl-proxy-client-ip",
];

const WAY_PREFIXES: &[&str] = &["ssl-", "forwarded-"];

/// The same behind `x-`.
const X_WAY: &[&str] = &[
    "auth-email",
    "auth-subject",
    "auth-user",
    "auth-username",
    "client-ip",
    "clientip",
    "cluster-client-ip",
    "forwarded",
    "host-ip",
    "invoke-output",
    "invoke-path",
    "invoke-query",
    "invoke-status",
    "matched-path",
    "nf-client-connection-ip",
    "originating-ip",
    "proxyuser-ip",
    "real-ip",
    "real-port",
    "true-client-ip",
    "true-ip",
    "user-ip",
    "username",
    "wap-client-ip",
];

const X_WAY_PREFIXES: &[&str] = &[
    "amzn-oidc-",
    "appengine-",
    "arr-",
    "auth-request-",
    "authenticated-",
    "azure-",
    "client-cert",
    "client-dn",
    "client-verify",
    "envoy-",
    "forwarded-",
    "goog-authenticated-",
    "middleware-",
    "ms-client-principal",
    "remote-",
    "ssl-",
    "vercel-forwarded-",
    "vercel-ip-",
    "webauth-",
];

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
pub(super) fn is_the_edges(name: &str) -> bool {
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
            "server-timing-allow",
        ] {
            let taken = overrides_request(name) || is_about_the_way(name, false);
            assert_eq!(taken, name == "server-timing-allow", "{name}");
            assert!(is_plain(name), "{name}");
        }
    }
}
