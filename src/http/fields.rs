//! Header fields in the host's text, one per line, and the syntax of their names.

use std::ops::Range;

/// A byte range in a text.
pub(crate) type Part = Range<usize>;

/// The text of fields, with names in lower case, and the positions of names and values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fields {
    text: String,
    parts: Vec<(Part, Part)>,
    is_ascii: bool,
    announces_body: bool,
}

impl Fields {
    /// Parses lines of `name: value` from the byte `start` on. `None` if a line is malformed.
    pub(crate) fn parse(mut text: String, mut start: usize) -> Option<Self> {
        let mut parts = Vec::new();
        if start < text.len() {
            parts.reserve(USUAL_FIELDS);
        }
        while start < text.len() {
            let line = line(&text, start)?;
            start = line.end + 1;
            if !line.is_empty() {
                let field = field(&text, line)?;
                text[field.0.clone()].make_ascii_lowercase();
                parts.push(field);
            }
        }
        let is_ascii = text.is_ascii();
        let mut names = parts.iter().map(|(name, _)| &text[name.clone()]);
        let announces_body =
            names.any(|name| matches!(name, "content-length" | "transfer-encoding"));
        Some(Self { text, parts, is_ascii, announces_body })
    }

    /// Whether the fields announce a body (RFC 9112, section 6).
    pub(crate) fn announces_body(&self) -> bool {
        self.announces_body
    }

    /// The whole text, including the part before the fields.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The whole text, for parsing it again.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// Whether the whole text is ASCII.
    pub(crate) fn is_ascii(&self) -> bool {
        self.is_ascii
    }

    /// The names, in lower case, and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let part = |part: &Part| &self.text[part.clone()];
        self.parts.iter().map(move |(name, value)| (part(name), part(value)))
    }
}

/// The values of one header, in order. A loop instead of adapters, because most lookups find
/// nothing and must be fast.
#[derive(Clone, Debug)]
pub struct Values<'h> {
    name: &'h str,
    text: &'h str,
    parts: &'h [(Part, Part)],
    /// The fields to search next
    others: Option<&'h Fields>,
}

impl<'h> Values<'h> {
    pub(crate) fn of(name: &'h str, fields: &'h Fields, others: Option<&'h Fields>) -> Self {
        Self { name, text: &fields.text, parts: &fields.parts, others }
    }
}

impl<'h> Iterator for Values<'h> {
    type Item = &'h str;

    fn next(&mut self) -> Option<&'h str> {
        loop {
            while let Some(((name, value), rest)) = self.parts.split_first() {
                self.parts = rest;
                // the length rules out nearly all names
                let is_long_as = name.end - name.start == self.name.len();
                if is_long_as && self.text[name.clone()] == *self.name {
                    return Some(&self.text[value.clone()]);
                }
            }
            let others = self.others.take()?;
            (self.text, self.parts) = (&others.text, &others.parts);
        }
    }
}

/// Capacity for most requests.
const USUAL_FIELDS: usize = 24;

/// The line that begins at `start`, without its end. `None` if it contains NUL or a carriage
/// return, which no host passes.
pub(crate) fn line(text: &str, start: usize) -> Option<Part> {
    let rest = text.as_bytes().get(start..)?;
    // one comparison rules out nearly every byte
    let controls = rest.iter().enumerate().filter(|(_, byte)| **byte <= b'\r');
    for (length, byte) in controls {
        match byte {
            b'\n' => return Some(start..start + length),
            b'\0' | b'\r' => return None,
            _ => {}
        }
    }
    Some(start..text.len())
}

/// A field's name and value.
fn field(text: &str, line: Part) -> Option<(Part, Part)> {
    let bytes = &text.as_bytes()[line.clone()];
    let name = bytes.iter().take_while(|byte| TOKEN[usize::from(**byte)]).count();
    let well_formed = name > 0 && bytes[name..].starts_with(b": ");
    let colon = line.start + name;
    well_formed.then_some((line.start..colon, colon + ": ".len()..line.end))
}

/// Whether a name of a method or a header is a token (RFC 9110, section 5.6.2).
pub(crate) fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_token_byte)
}

/// Whether a token may contain a byte.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

/// A table, for speed: the parser looks up every byte of every name.
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"!#$%&'*+-.^_`|~";
    let mut i = 0;
    while i < others.len() {
        table[others[i] as usize] = true;
        i += 1;
    }
    table
};
