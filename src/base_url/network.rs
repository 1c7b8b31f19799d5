//! Hosts on this machine or on a private network, as far as their names show.

/// Whether a host, in lower case and without a port, cannot be on the public network. These are
/// loopback and private addresses (RFC 1122, RFC 1918, RFC 3927, RFC 4193, RFC 4291, RFC 6598),
/// names of one label as containers have them, and names under domains that are not delegated (RFC
/// 2606, RFC 6761, RFC 6762, RFC 8375, and `.internal`).
pub(super) fn is_private(host: &str) -> bool {
    let host = host.as_bytes();
    if let Some(address) = host.strip_prefix(b"[") {
        return is_private_ipv6(address);
    }
    let name = host.strip_suffix(b".").unwrap_or(host);
    let Some(dot) = name.iter().rposition(|byte| *byte == b'.') else {
        // by the URL Standard, digits alone are an IPv4 address
        return !name.first().is_some_and(u8::is_ascii_digit);
    };
    // by the URL Standard, a name whose last label begins with a digit is an IPv4 address too
    if name[dot + 1..].first().is_some_and(u8::is_ascii_digit) {
        return is_private_ipv4(name);
    }
    PRIVATE_DOMAINS.split(|byte| *byte == b' ').any(|domain| {
        let above = name.strip_suffix(domain);
        above.is_some_and(|above| above.ends_with(b"."))
    })
}

const PRIVATE_DOMAINS: &[u8] =
    b"localhost localdomain local internal private intranet lan home home.arpa \
                                 corp svc consul flycast test example invalid";

/// The first two numbers decide.
fn is_private_ipv4(address: &[u8]) -> bool {
    let mut numbers = address.split(|byte| *byte == b'.').map(number);
    matches!(
        (numbers.next().flatten(), numbers.next().flatten()),
        (Some(0 | 10 | 127), _)
            | (Some(100), Some(64..=127))
            | (Some(169), Some(254))
            | (Some(172), Some(16..=31))
            | (Some(192), Some(168))
    )
}

/// An IPv4 address in an IPv6 address: two hexadecimal numbers and a bracket. The first number
/// decides.
fn is_private_embedded(address: &[u8]) -> bool {
    let high = address.split(|byte| *byte == b':').next().unwrap_or_default();
    let high = std::str::from_utf8(high).ok().and_then(|text| u16::from_str_radix(text, 16).ok());
    high.is_some_and(|high| {
        let [first, second] = high.to_be_bytes();
        is_private_ipv4(format!("{first}.{second}.0.0").as_bytes())
    })
}

/// A decimal number of up to three digits.
fn number(text: &[u8]) -> Option<u16> {
    let is_decimal = matches!(text, [_] | [b'1'..=b'9', _] | [b'1'..=b'9', _, _])
        && text.iter().all(u8::is_ascii_digit);
    is_decimal.then(|| text.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0')))
}

/// An IPv6 address as a URL contains it, without the first bracket.
fn is_private_ipv6(address: &[u8]) -> bool {
    if let Some(embedded) = address.strip_prefix(b"::ffff:") {
        return is_private_embedded(embedded);
    }
    let is_local = matches!(
        address,
        [b'f', b'c' | b'd', _, _, b':', ..] | [b'f', b'e', b'8'..=b'9' | b'a'..=b'b', _, b':', ..]
    );
    is_local || matches!(address, b"::1]" | b"::]")
}
