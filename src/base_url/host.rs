//! Hosts as URLs write them (URL Standard, section 3.5): each name or address in one spelling.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::domain::domain_to_ascii;

/// Normalizes a host: lower case, punycode, an IPv4 address as four decimal numbers, an IPv6
/// address compressed and in brackets. As in browsers, a dot at the end of a name remains.
///
/// # Errors
/// The reason why it is not a host; the text follows its name in a sentence.
pub(super) fn parse(text: &str) -> Result<String, &'static str> {
    if let Some(address) = text.strip_prefix('[') {
        let address = address.strip_suffix(']').and_then(|inner| inner.parse().ok());
        return address.map(ipv6).ok_or("has no valid IPv6 address");
    }
    if text.is_empty() {
        return Err("has no host");
    }
    let has_punycode = || text.split('.').any(|label| has_prefix(label, "xn--"));
    let name = match text.is_ascii() && !has_punycode() {
        true => text.to_ascii_lowercase(),
        false => domain_to_ascii(text).ok_or(NO_DOMAIN)?,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let mut labels = name.strip_suffix('.').unwrap_or(&name).split('.');
    if !labels.all(|label| !label.is_empty() && label.bytes().all(plain)) {
        return Err("has no valid host");
    }
    match ends_in_a_number(&name) {
        true => ipv4(&name).map(|address| address.to_string()).ok_or("has no valid IPv4 address"),
        false => Ok(name),
    }
}

const NO_DOMAIN: &str = "has a host that is not a domain name: write it in punycode (xn--…)";

/// Whether the URL Standard requires the host to be an IPv4 address.
fn ends_in_a_number(name: &str) -> bool {
    let last = name.strip_suffix('.').unwrap_or(name).rsplit('.').next().unwrap_or_default();
    last.bytes().all(|byte| byte.is_ascii_digit()) || number(last).is_some()
}

/// One to four numbers; the last fills the rest of the 32 bits.
fn ipv4(name: &str) -> Option<Ipv4Addr> {
    let mut bits = 0;
    let mut parts = name.strip_suffix('.').unwrap_or(name).split('.').peekable();
    for place in 1..=4 {
        let part = number(parts.next()?)?;
        let is_last = parts.peek().is_none();
        let width = if is_last { 8 * (5 - place) } else { 8 };
        if part >= 1 << width {
            return None;
        }
        bits = bits << width | part;
        if is_last {
            return u32::try_from(bits).ok().map(Ipv4Addr::from);
        }
    }
    None
}

/// A number as C writes it: `0x` is hexadecimal, a leading zero octal.
fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    let is_number = !text.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    match is_number {
        // more digits than this are more than 32 bits
        true if digits.trim_start_matches('0').len() > 11 => Some(u64::from(u32::MAX) + 1),
        true if digits.is_empty() => Some(0),
        true => u64::from_str_radix(digits, radix).ok(),
        false => None,
    }
}

/// RFC 5952, except that URLs write embedded IPv4 addresses in hexadecimal.
fn ipv6(address: Ipv6Addr) -> String {
    let pieces = address.segments();
    let zeros = |from: usize| pieces[from..].iter().take_while(|piece| **piece == 0).count();
    // the first of the longest
    let longest = (0..8).rev().max_by_key(|from| zeros(*from)).filter(|from| zeros(*from) > 1);
    let mut text = String::from("[");
    let mut place = 0;
    while place < 8 {
        if Some(place) == longest {
            text.push_str(if place == 0 { "::" } else { ":" });
            place += zeros(place);
            continue;
        }
        text.push_str(&format!("{:x}", pieces[place]));
        place += 1;
        if place < 8 {
            text.push(':');
        }
    }
    text.push(']');
    text
}

fn has_prefix(label: &str, prefix: &str) -> bool {
    label.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
