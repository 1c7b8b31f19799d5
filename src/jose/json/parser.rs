//! A recursive-descent parser for JSON (RFC 8259).

use super::{Json, JsonError, MAX_DEPTH, Number, Object};

/// A text and the index of the next byte, which is a character boundary.
pub(super) struct Parser<'t> {
    text: &'t str,
    next: usize,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, next: 0 }
    }

    /// Parses one value, which must end the text.
    pub(super) fn parse(mut self) -> Result<Json, JsonError> {
        let value = self.value(MAX_DEPTH)?;
        self.skip_white_space();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(JsonError::Syntax),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.skip_white_space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Json::String),
            Some(b'n') => self.literal("null", Json::Null),
            Some(b't') => self.literal("true", Json::Bool(true)),
            Some(b'f') => self.literal("false", Json::Bool(false)),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonError> {
        let depth = depth.checked_sub(1).ok_or(JsonError::TooDeep)?;
        let mut members = Vec::new();
        self.expect(b'{')?;
        if self.accept(b'}') {
            return Ok(Json::Object(Object::default()));
        }
        loop {
            self.skip_white_space();
            let name = self.string()?;
            self.expect(b':')?;
            let value = self.value(depth)?;
            members.push((name, value));
            if !self.accept(b',') {
                self.expect(b'}')?;
                return Object::distinct(members).map(Json::Object);
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, JsonError> {
        let depth = depth.checked_sub(1).ok_or(JsonError::TooDeep)?;
        let mut elements = Vec::new();
        self.expect(b'[')?;
        if self.accept(b']') {
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.value(depth)?);
            if !self.accept(b',') {
                self.expect(b']')?;
                return Ok(Json::Array(elements));
            }
        }
    }

    /// Parses a string (section 7). Only quotes, backslashes and control characters need escapes.
    fn string(&mut self) -> Result<String, JsonError> {
        if !self.skip(b'"') {
            return Err(JsonError::Syntax);
        }
        // most strings have no escapes
        let mut text = self.plain_text().to_owned();
        while !self.skip(b'"') {
            text.push(self.escaped()?);
            text.push_str(self.plain_text());
        }
        Ok(text)
    }

    /// The characters up to a quote, a backslash or a control character.
    fn plain_text(&mut self) -> &'t str {
        self.take_while(|byte| !matches!(byte, b'"' | b'\\' | ..b' '))
    }

    /// Parses a backslash and what follows it.
    fn escaped(&mut self) -> Result<char, JsonError> {
        if self.peek() != Some(b'\\') {
            return Err(JsonError::Syntax);
        }
        let escape = self.text.as_bytes().get(self.next + 1).copied();
        let escaped = match escape {
            Some(b'"' | b'\\' | b'/') => char::from(escape.unwrap_or_default()),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.escaped_code_point(),
            _ => return Err(JsonError::Syntax),
        };
        self.next += 2;
        Ok(escaped)
    }

    /// Parses the digits of an escape, or of two escapes that form a surrogate pair.
    fn escaped_code_point(&mut self) -> Result<char, JsonError> {
        let first = self.code_unit()?;
        let is_high_surrogate = (0xd800..0xdc00).contains(&first);
        let second = if is_high_surrogate { Some(self.code_unit()?) } else { None };
        let mut decoded = char::decode_utf16([first].into_iter().chain(second));
        decoded.next().and_then(Result::ok).ok_or(JsonError::Syntax)
    }

    fn code_unit(&mut self) -> Result<u16, JsonError> {
        let digits = self.rest().strip_prefix("\\u").and_then(|rest| rest.get(..4));
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = u16::from_str_radix(digits.ok_or(JsonError::Syntax)?, 16);
        self.next += 6;
        unit.map_err(|_| JsonError::Syntax)
    }

    /// Parses a number (section 6) with its spelling.
    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.next;
        self.skip(b'-');
        match self.digits() {
            "" => return Err(JsonError::Syntax),
            digits if digits.len() > 1 && digits.starts_with('0') => return Err(JsonError::Syntax),
            _ => {}
        }
        if self.skip(b'.') && self.digits().is_empty() {
            return Err(JsonError::Syntax);
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _sign = self.skip(b'+') || self.skip(b'-');
            if self.digits().is_empty() {
                return Err(JsonError::Syntax);
            }
        }
        Ok(Json::Number(Number::new(&self.text[start..self.next])))
    }

    fn digits(&mut self) -> &'t str {
        self.take_while(|byte| byte.is_ascii_digit())
    }

    fn literal(&mut self, name: &str, value: Json) -> Result<Json, JsonError> {
        match self.rest().starts_with(name) {
            true => {
                self.next += name.len();
                Ok(value)
            }
            false => Err(JsonError::Syntax),
        }
    }

    /// Skips white space and consumes the next byte if it is this one. Returns whether it was.
    fn accept(&mut self, byte: u8) -> bool {
        self.skip_white_space();
        self.skip(byte)
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        match self.accept(byte) {
            true => Ok(()),
            false => Err(JsonError::Syntax),
        }
    }

    fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.next += usize::from(is_next);
        is_next
    }

    fn skip_white_space(&mut self) {
        while self.peek().is_some_and(is_white_space) {
            self.next += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.next).copied()
    }

    fn rest(&self) -> &'t str {
        &self.text[self.next..]
    }

    /// Consumes bytes as text. They end at a character boundary, because they are ASCII or are
    /// followed by ASCII.
    fn take_while(&mut self, is_taken: impl Fn(u8) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.bytes().position(|byte| !is_taken(byte)).unwrap_or(rest.len());
        self.next += length;
        &rest[..length]
    }
}

pub(super) fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
