//! A recursive-descent parser for JSON (RFC 8259).

use super::{Json, JsonError, MAX_DEPTH, Number, Object};

pub(super) const WHITE_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// The unread text, and the remaining depth, which bounds the recursion.
pub(super) struct Parser<'t> {
    rest: &'t str,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { rest: text }
    }

    /// Parses one value, which must end the text.
    pub(super) fn parse(mut self) -> Result<Json, JsonError> {
        let value = self.value(MAX_DEPTH)?;
        self.skip_white_space();
        match self.rest.is_empty() {
            true => Ok(value),
            false => Err(JsonError::Syntax),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.skip_white_space();
        match self.rest.as_bytes().first() {
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
        self.expect('{')?;
        if self.accept('}') {
            return Ok(Json::Object(Object::default()));
        }
        loop {
            self.skip_white_space();
            let name = self.string()?;
            self.expect(':')?;
            let value = self.value(depth)?;
            members.push((name, value));
            if !self.accept(',') {
                self.expect('}')?;
                return Object::distinct(members).map(Json::Object);
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, JsonError> {
        let depth = depth.checked_sub(1).ok_or(JsonError::TooDeep)?;
        let mut elements = Vec::new();
        self.expect('[')?;
        if self.accept(']') {
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.value(depth)?);
            if !self.accept(',') {
                self.expect(']')?;
                return Ok(Json::Array(elements));
            }
        }
    }

    /// Parses a string (section 7). Only quotes, backslashes and control characters need escapes.
    fn string(&mut self) -> Result<String, JsonError> {
        self.rest = self.rest.strip_prefix('"').ok_or(JsonError::Syntax)?;
        let mut text = String::new();
        loop {
            let plain = self.rest.bytes().take_while(|byte| !matches!(byte, b'"' | b'\\' | ..b' '));
            text.push_str(self.take(plain.count()));
            match self.rest.as_bytes().first() {
                Some(b'"') => {
                    self.take(1);
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escaped()?),
                _ => return Err(JsonError::Syntax),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, JsonError> {
        let escape = self.rest.as_bytes().get(1).copied();
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
        self.take(2);
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
        let digits = self.rest.strip_prefix("\\u").and_then(|rest| rest.get(..4));
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = u16::from_str_radix(digits.ok_or(JsonError::Syntax)?, 16);
        self.take(6);
        unit.map_err(|_| JsonError::Syntax)
    }

    /// Parses a number (section 6) with its spelling.
    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.rest;
        self.skip('-');
        match self.digits() {
            "" => return Err(JsonError::Syntax),
            digits if digits.len() > 1 && digits.starts_with('0') => return Err(JsonError::Syntax),
            _ => {}
        }
        if self.skip('.') && self.digits().is_empty() {
            return Err(JsonError::Syntax);
        }
        if self.skip('e') || self.skip('E') {
            let _sign = self.skip('+') || self.skip('-');
            if self.digits().is_empty() {
                return Err(JsonError::Syntax);
            }
        }
        let written = &start[..start.len() - self.rest.len()];
        Ok(Json::Number(Number::new(written)))
    }

    fn digits(&mut self) -> &'t str {
        self.take(self.rest.bytes().take_while(u8::is_ascii_digit).count())
    }

    fn literal(&mut self, name: &str, value: Json) -> Result<Json, JsonError> {
        self.rest = self.rest.strip_prefix(name).ok_or(JsonError::Syntax)?;
        Ok(value)
    }

    /// Skips white space and consumes the next character if it is this one. Returns whether it was.
    fn accept(&mut self, c: char) -> bool {
        self.skip_white_space();
        self.skip(c)
    }

    fn expect(&mut self, c: char) -> Result<(), JsonError> {
        match self.accept(c) {
            true => Ok(()),
            false => Err(JsonError::Syntax),
        }
    }

    fn skip(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_white_space(&mut self) {
        self.rest = self.rest.trim_start_matches(WHITE_SPACE);
    }

    /// Consumes bytes as text. They end at a character boundary, because they are ASCII or are
    /// followed by ASCII.
    fn take(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }
}
