//! Request paths with one meaning. The upstream must see the path that the edge matches. So the
//! edge decodes a path once to match it, rejects it if it has two readings, and forwards it in one
//! spelling.

use std::borrow::Cow;

use crate::error::{Code, Error};

/// A path in decoded segments (RFC 3986, section 3.3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Path<'r> {
    /// Borrowed unless encoded
    segments: Vec<Cow<'r, str>>,
    /// The path as the edge forwards it; borrowed if that is unchanged
    spelling: Cow<'r, str>,
}

impl<'r> Path<'r> {
    /// Parses a percent-encoded absolute path.
    ///
    /// # Errors
    /// [`Code::AmbiguousPath`] for an encoded slash or percent sign that hides another encoding, a
    /// backslash, a dot segment, an empty segment, a control character, or bytes that are not
    /// UTF-8.
    pub fn parse(raw: &'r str) -> Result<Self, Error> {
        let Some(rest) = raw.strip_prefix('/') else {
            return Err(ambiguous("the path does not begin with a slash"));
        };
        let (rest, trailing_slash) = match rest.strip_suffix('/') {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        if rest.is_empty() {
            return match trailing_slash {
                true => Err(ambiguous(EMPTY_SEGMENT)),
                false => Ok(Self { segments: Vec::new(), spelling: Cow::Borrowed(raw) }),
            };
        }
        let segments = rest.split('/').map(segment).collect::<Result<Vec<_>, _>>()?;
        let is_plain = segments.iter().all(|segment| matches!(segment, Cow::Borrowed(_)));
        let spelling = if is_plain { Cow::Borrowed(raw) } else { spelling(raw) };
        Ok(Self { segments, spelling })
    }

    /// The decoded segments. No segment is empty or contains a slash.
    pub fn segments(&self) -> &[Cow<'r, str>] {
        &self.segments
    }

    /// The path as the edge forwards it (RFC 3986, section 6.2.2): with unreserved characters
    /// decoded and the digits of encodings in upper case. A reserved character stays as the client
    /// sent it, encoded or not, because the two may differ to the upstream.
    pub fn encoded(&self) -> &str {
        &self.spelling
    }
}

const EMPTY_SEGMENT: &str = "the path has an empty segment";

fn segment(raw: &str) -> Result<Cow<'_, str>, Error> {
    if raw.is_empty() {
        return Err(ambiguous(EMPTY_SEGMENT));
    }
    // the fast path, for nearly all segments
    if raw.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Ok(Cow::Borrowed(raw));
    }
    let bytes = percent_decode(raw.as_bytes())
        .ok_or_else(|| ambiguous("the path has a percent sign that encodes nothing"))?;
    let text = String::from_utf8(bytes).map_err(|_| ambiguous("the path is not UTF-8"))?;
    if text.contains(['/', '\\']) {
        return Err(ambiguous("the path has a backslash or an encoded slash"));
    }
    if text.chars().any(char::is_control) {
        return Err(ambiguous("the path has a control character"));
    }
    // some servers cut off parameters at ";" before they resolve dots
    if matches!(text.split(';').next(), Some("" | "." | "..")) {
        return Err(ambiguous("the path has a dot segment or an empty one"));
    }
    if has_percent_encoding(text.as_bytes()) {
        return Err(ambiguous("the path is percent-encoded twice"));
    }
    Ok(Cow::Owned(text))
}

/// The bytes that a percent-encoded text stands for. `None` if a percent sign encodes nothing.
pub(crate) fn percent_decode(raw: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let (byte, behind) = encoded_byte(byte, tail)?;
        decoded.push(byte);
        rest = behind;
    }
    Some(decoded)
}

fn has_percent_encoding(text: &[u8]) -> bool {
    text.windows(3).any(|w| w[0] == b'%' && hex(w[1]).is_some() && hex(w[2]).is_some())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// The path's one spelling. Encodes characters that a path may not contain.
fn spelling(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|byte| byte == b'/' || is_path_character(byte)) {
        return Cow::Borrowed(raw);
    }
    let mut path = String::with_capacity(raw.len() + 8);
    let mut rest = raw.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'/' || is_path_character(byte) {
            path.push(byte.into());
            continue;
        }
        match encoded_byte(byte, tail) {
            Some((decoded, behind)) => {
                rest = behind;
                match is_unreserved(decoded) {
                    true => path.push(decoded.into()),
                    false => push_encoded(decoded, &mut path),
                }
            }
            None => push_encoded(byte, &mut path),
        }
    }
    Cow::Owned(path)
}

/// The byte that a percent sign encodes, and the rest.
fn encoded_byte(first: u8, tail: &[u8]) -> Option<(u8, &[u8])> {
    let ([high, low], behind) = tail.split_first_chunk::<2>()?;
    (first == b'%').then_some(())?;
    Some((hex(*high)? << 4 | hex(*low)?, behind))
}

/// Appends a byte in percent-encoding.
pub(crate) fn push_encoded(byte: u8, path: &mut String) {
    let digit = |bits: u8| char::from(b"0123456789ABCDEF"[usize::from(bits)]);
    path.extend(['%', digit(byte >> 4), digit(byte & 15)]);
}

/// RFC 3986, section 2.3
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Whether a segment may contain a byte unencoded: `pchar` (RFC 3986, section 3.3).
fn is_path_character(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,;=:@".contains(&byte)
}

fn ambiguous(detail: &'static str) -> Error {
    Error::new(Code::AmbiguousPath, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_spelling() {
        for (raw, encoded) in [
            ("/", "/"),
            ("/a", "/a"),
            ("/a/", "/a/"),
            ("/%61pi/x", "/api/x"),
            ("/a%2db", "/a-b"),
            ("/J%c3%bcrgen", "/J%C3%BCrgen"),
            ("/a%20b", "/a%20b"),
            ("/100%25", "/100%25"),
            ("/a:b@c;v=1,2", "/a:b@c;v=1,2"),
            ("/a%3Fb%23c", "/a%3Fb%23c"),
            ("/...", "/..."),
            ("/a|b\"<>", "/a%7Cb%22%3C%3E"),
            ("/%7e%2D%5f%2e%2Ex", "/~-_..x"),
            ("/\u{fc}", "/%C3%BC"),
        ] {
            let path = Path::parse(raw).unwrap();
            assert_eq!(path.encoded(), encoded, "{raw}");
            assert_eq!(Path::parse(encoded).unwrap(), path, "{raw}");
        }
    }

    #[test]
    fn a_reserved_character_is_forwarded_unchanged_and_matched_decoded() {
        for reserved in ":@!$&'()*+,;=?#[]".chars() {
            let code = u32::from(reserved);
            let (upper, lower) = (format!("/a%{code:02X}b/"), format!("/%61%{code:02x}b/"));
            let path = Path::parse(&lower).unwrap();
            assert_eq!(path.encoded(), upper);
            assert_eq!(path.segments(), [format!("a{reserved}b")]);
            if is_path_character(reserved as u8) {
                let literal = format!("/a{reserved}%62/");
                let path = Path::parse(&literal).unwrap();
                assert_eq!(path.encoded(), format!("/a{reserved}b/"));
                assert_eq!(path.segments(), [format!("a{reserved}b")]);
            }
        }
        assert_eq!(Path::parse("/a@b%40c/x").unwrap().encoded(), "/a@b%40c/x");
    }

    #[test]
    fn a_path_with_two_readings_is_rejected() {
        for raw in [
            "",
            "a",
            "//",
            "//a",
            "/a//b",
            "/a//",
            "/a%2Fb",
            "/a%2fb",
            "/a\\b",
            "/a%5Cb",
            "/.",
            "/..",
            "/a/../b",
            "/a/./b",
            "/%2e%2e/b",
            "/.%2E/b",
            "/a/..;/b",
            "/a/.;x=1/b",
            "/;/a",
            "/%252e",
            "/a%252Fb",
            "/%2561",
            "/a%00",
            "/a%0a",
            "/a%7F",
            "/a%C2%85",
            "/%ff",
            "/%c0%ae",
            "/%ed%a0%80",
            "/%",
            "/%4",
            "/%zz",
            "/a%+1",
        ] {
            let error = Path::parse(raw).expect_err(raw);
            assert_eq!(error.code(), Code::AmbiguousPath, "{raw}");
        }
    }
}
