//! A second implementation of URL path decoding: once, as an upstream does.

/// The decoded segments of an absolute path. A slash at the end is an empty last segment.
pub fn segments(path: &str) -> Option<Vec<Vec<u8>>> {
    path.strip_prefix('/')?.split('/').map(decode).collect()
}

/// Decodes `%XX`; `None` if two digits do not follow a percent sign.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut parts = text.split('%');
    bytes.extend(parts.next()?.bytes());
    for part in parts {
        let digits =
            part.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(part[2..].bytes());
    }
    Some(bytes)
}

/// Encodes any text as a header value: `%`, everything but printable ASCII, and a space at either
/// end become `%XX`.
pub fn header_value(text: &str) -> String {
    let inner = text.len().saturating_sub(1);
    let plain = |(at, byte): (usize, u8)| match byte {
        b'%' | 0..b' ' | 0x7f.. => format!("%{byte:02X}"),
        b' ' if at == 0 || at == inner => "%20".to_owned(),
        _ => char::from(byte).to_string(),
    };
    text.bytes().enumerate().map(plain).collect()
}
