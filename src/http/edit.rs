//! Changes to the headers of a request or a response.

use std::borrow::Cow;

/// A change to one header. Names are in lower case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum HeaderEdit {
    /// Remove all headers with that name
    Remove(Cow<'static, str>),
    /// Replace all headers with that name by one with this value
    Set(Cow<'static, str>, String),
    /// Add a header with this value
    Append(Cow<'static, str>, String),
    /// Add a header with this value, unless there is one with that name
    Default(Cow<'static, str>, String),
}

impl HeaderEdit {
    /// The edits as text for the host, one per line: a name to remove, `name: value` to set,
    /// `,name: value` to append, `?name: value` for a default. No name contains a colon, a comma, a
    /// question mark or a line break, and no value contains a line break.
    pub fn as_text<'e>(edits: impl IntoIterator<Item = &'e Self>) -> String {
        let mut text = String::with_capacity(USUAL_TEXT);
        Self::write(edits, &mut text);
        text
    }

    /// Appends them to a text.
    pub(crate) fn write<'e>(edits: impl IntoIterator<Item = &'e Self>, text: &mut String) {
        for edit in edits {
            let (sign, name, value) = match edit {
                Self::Remove(name) => ("", name, None),
                Self::Set(name, value) => ("", name, Some(value)),
                Self::Append(name, value) => (",", name, Some(value)),
                Self::Default(name, value) => ("?", name, Some(value)),
            };
            text.push_str(sign);
            text.push_str(name);
            if let Some(value) = value {
                text.push_str(": ");
                text.push_str(value);
            }
            text.push('\n');
        }
    }
}

/// Capacity for most requests, in bytes.
const USUAL_TEXT: usize = 1024;

/// A header value for any text: printable ASCII unchanged, except that the percent sign, spaces at
/// the ends and all other characters are percent-encoded as UTF-8. Different texts have different
/// values.
pub(crate) fn header_value(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'%';
    // the fast path, for nearly all ids
    if text.bytes().all(is_plain) {
        return text.to_owned();
    }
    let last = text.len().saturating_sub(1);
    let mut value = String::with_capacity(text.len());
    for (i, byte) in text.bytes().enumerate() {
        let space_at_end = byte == b' ' && (i == 0 || i == last);
        match byte {
            b' '..=b'~' if byte != b'%' && !space_at_end => value.push(byte.into()),
            _ => {
                let digit = |bits: u8| char::from(b"0123456789ABCDEF"[usize::from(bits)]);
                value.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_values_are_printable_ascii_and_unique() {
        for (text, value) in [
            ("plain value", "plain value"),
            ("Jürgen", "J%C3%BCrgen"),
            ("a\r\nx-edge-user: b", "a%0D%0Ax-edge-user: b"),
            ("100%", "100%25"),
            ("%41", "%2541"),
            (" a ", "%20a%20"),
            (" ", "%20"),
            ("", ""),
            ("\u{7f}", "%7F"),
        ] {
            assert_eq!(header_value(text), value, "{text:?}");
        }
    }
}
