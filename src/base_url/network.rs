//! Which hosts are on this machine or on a network that is not the public one, as far as a URL tells.

/// Whether a host, in lower case and without a port, is surely not on the public network: loopback and
/// private addresses (RFC 1122, RFC 1918, RFC 3927, RFC 4193, RFC 4291, RFC 6598), names of one label as
/// containers have them, and names below domains that are not delegated (RFC 2606, RFC 6761, RFC 6762,
/// RFC 8375, and `.internal`).
pub(super) fn is_private(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return is_private_ipv6(address.trim_end_matches(']'));
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next().unwrap_or_default();
    // by the URL standard such a host is an IPv4 address, however it is written
    if last.starts_with(|c: char| c.is_ascii_digit()) {
        return ipv4(name).is_some_and(is_private_ipv4);
    }
    !name.contains('.')
        || PRIVATE_DOMAINS.contains(&last)
        || name.ends_with(".home.arpa")
        || name.ends_with(".localdomain")
}

const PRIVATE_DOMAINS: [&str; 14] = [
    "localhost",
    "local",
    "internal",
    "private",
    "intranet",
    "lan",
    "home",
    "corp",
    "svc",
    "consul",
    "flycast",
    "test",
    "example",
    "invalid",
];

/// The four numbers of an address in its usual form.
fn ipv4(text: &str) -> Option<[u8; 4]> {
    let mut numbers = text.split('.').map(|number| match number {
        "" | "0" => number.parse().ok(),
        // an octal number to some
        _ if number.starts_with('0') => None,
        _ => number.parse().ok(),
    });
    let address = [numbers.next()??, numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(address)
}

fn is_private_ipv4(address: [u8; 4]) -> bool {
    matches!(
        address,
        [0 | 10 | 127, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 168, ..]
    )
}

fn is_private_ipv6(address: &str) -> bool {
    if let Some(embedded) = address.strip_prefix("::ffff:") {
        return ipv4(embedded).is_some_and(is_private_ipv4);
    }
    let (first, _) = address.split_once(':').unwrap_or_default();
    let first = u16::from_str_radix(first, 16).unwrap_or(0);
    matches!(address, "::1" | "::") || first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80
}
