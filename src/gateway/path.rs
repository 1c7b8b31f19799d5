//! Request paths with one meaning. What the edge matches must be what the origin sees, so a path is
//! decoded once, refused if it could be read in two ways, and forwarded in one spelling.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::error::{Code, Error};

/// A path in decoded segments (RFC 3986, section 3.3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Path<'r> {
    /// Borrowed where nothing had to be decoded and nothing has to be encoded
    segments: Vec<Cow<'r, str>>,
    trailing_slash: bool,
}

impl<'r> Path<'r> {
    /// Reads a percent-encoded absolute path.
    ///
    /// # Errors
    /// [`Code::AmbiguousPath`] for an encoded slash or percent sign that hides another encoding, a
    /// backslash, a dot segment, an empty segment, a control character, or bytes that are not UTF-8.
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
                false => Ok(Self { segments: Vec::new(), trailing_slash: true }),
            };
        }
        let segments = rest.split('/').map(segment).collect::<Result<_, _>>()?;
        Ok(Self { segments, trailing_slash })
    }

    /// The decoded segments: none of them is empty, none holds a slash.
    pub fn segments(&self) -> &[Cow<'r, str>] {
        &self.segments
    }

    /// The path in its one spelling.
    pub fn encoded(&self) -> String {
        let mut path = String::new();
        self.encode_into(&mut path);
        path
    }

    /// Adds the path in its one spelling.
    pub(super) fn encode_into(&self, text: &mut String) {
        for segment in &self.segments {
            text.push('/');
            match segment {
                // plain as it came
                Cow::Borrowed(plain) => text.push_str(plain),
                Cow::Owned(segment) => encode(segment, text),
            }
        }
        if self.trailing_slash {
            text.push('/');
        }
    }
}

const EMPTY_SEGMENT: &str = "the path has an empty segment";

fn segment(raw: &str) -> Result<Cow<'_, str>, Error> {
    if raw.is_empty() {
        return Err(ambiguous(EMPTY_SEGMENT));
    }
    // nearly all are; the rest is read with care
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
    // Some servers cut parameters off at ";" before they resolve dots.
    if matches!(text.split(';').next(), Some("" | "." | "..")) {
        return Err(ambiguous("the path has a dot segment or an empty one"));
    }
    if has_percent_encoding(text.as_bytes()) {
        return Err(ambiguous("the path is percent-encoded twice"));
    }
    Ok(Cow::Owned(text))
}

fn percent_decode(raw: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let ([high, low], tail) = rest.split_first_chunk::<2>()?;
        decoded.push(hex(*high)? << 4 | hex(*low)?);
        rest = tail;
    }
    Some(decoded)
}

fn has_percent_encoding(text: &[u8]) -> bool {
    text.windows(3).any(|w| w[0] == b'%' && hex(w[1]).is_some() && hex(w[2]).is_some())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Leaves the characters of RFC 3986's `pchar` as they are and encodes all others.
fn encode(segment: &str, path: &mut String) {
    for byte in segment.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => path.push(byte.into()),
            b'-' | b'.' | b'_' | b'~' | b':' | b'@' => path.push(byte.into()),
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => {
                path.push(byte.into());
            }
            _ => write!(path, "%{byte:02X}").expect("writing to a String does not fail"),
        }
    }
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
        ] {
            let path = Path::parse(raw).unwrap();
            assert_eq!(path.encoded(), encoded, "{raw}");
            assert_eq!(Path::parse(encoded).unwrap(), path, "{raw}");
        }
    }

    #[test]
    fn a_path_that_could_be_read_in_two_ways_is_refused() {
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
