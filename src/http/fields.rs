//! Header fields as they cross from the host, one to a line, and what their names are made of.

use std::ops::Range;

/// Where something is in a text.
pub(crate) type Part = Range<usize>;

/// Fields: the text as it came, and where their names, in lower case, and values are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fields {
    text: String,
    parts: Vec<(Part, Part)>,
    is_ascii: bool,
    announces_body: bool,
}

impl Fields {
    /// Reads `name: value` for each field from this byte of the text on. `None` if it is not of that form.
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

    /// Whether they say that a body follows (RFC 9112, section 6).
    pub(crate) fn announces_body(&self) -> bool {
        self.announces_body
    }

    /// All of the text, and what stands before the fields too.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether all of the text is ASCII.
    pub(crate) fn is_ascii(&self) -> bool {
        self.is_ascii
    }

    /// The names, in lower case, and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let part = |part: &Part| &self.text[part.clone()];
        self.parts.iter().map(move |(name, value)| (part(name), part(value)))
    }
}

/// The values of one header, in the order they came. Nearly all that is looked for is not there, so this
/// is no chain of adapters but a loop.
#[derive(Clone, Debug)]
pub struct Values<'h> {
    name: &'h str,
    text: &'h str,
    parts: &'h [(Part, Part)],
    /// Where to go on
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
                // nearly all have another length
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

/// More of them cost one allocation each time they double.
const USUAL_FIELDS: usize = 24;

/// The line that begins there, without its end. `None` if it has what no host hands over.
pub(crate) fn line(text: &str, start: usize) -> Option<Part> {
    let rest = text.as_bytes().get(start..)?;
    // one comparison for nearly every byte
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

/// RFC 9110, section 5.6.2: what names of methods and headers are made of.
pub(crate) fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_token_byte)
}

/// The same of one of its bytes.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

/// A table, because every byte of every name is looked up.
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
