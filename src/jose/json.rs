//! JSON (RFC 8259), strictly: UTF-8 without a byte order mark, no duplicate members at any level, no
//! lone surrogates, at most [`MAX_DEPTH`] levels.
//!
//! JSON libraries let duplicates and depth pass, and are a tenth of a Worker; the tests hold this one
//! against serde_json.

use std::collections::BTreeMap;
use std::fmt;

/// How deep objects and arrays may nest; the outermost object is level one.
pub(crate) const MAX_DEPTH: usize = 32;

/// A JSON object whose members are all distinct.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(BTreeMap<String, Json>);

impl Object {
    /// Reads one object from bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
        if !text.trim_start_matches(WHITE_SPACE).starts_with('{') {
            return Err(JsonError::NotAnObject);
        }
        match Json::parse(text)? {
            Json::Object(object) => Ok(object),
            _ => Err(JsonError::NotAnObject),
        }
    }

    /// The member of that name; a member that is `null` counts as absent.
    pub fn member(&self, name: &str) -> Option<&Json> {
        self.0.get(name).filter(|value| !matches!(value, Json::Null))
    }

    /// The names and values of all members, sorted by name.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether a member of that name is there, whatever its value.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number
    Number(Number),
    /// A string
    String(String),
    /// An array
    Array(Vec<Json>),
    /// An object
    Object(Object),
}

impl Json {
    /// Reads one value of any type.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let mut parser = Parser { rest: text };
        let value = parser.value(MAX_DEPTH)?;
        parser.skip_white_space();
        match parser.rest.is_empty() {
            true => Ok(value),
            false => Err(JsonError::Syntax),
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The object, if it is one.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Json]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }
}

/// A number as it was written: `1e999` is one in JSON, though no `f64` holds it.
#[derive(Clone, Debug)]
pub struct Number(Box<str>);

impl Number {
    /// The nearest `f64`, or `None` where that is not finite.
    pub fn as_f64(&self) -> Option<f64> {
        self.0.parse().ok().filter(|number: &f64| number.is_finite())
    }
}

/// `1` is `1.0`. Beyond what an `f64` holds exactly, only the same digits are the same number.
impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let same_value =
            self.as_f64().is_some_and(|n| n.abs() < EXACT && Some(n) == other.as_f64());
        self.0 == other.0 || same_value
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why bytes are not an acceptable JSON object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JsonError {
    /// Not UTF-8.
    NotUtf8,
    /// Another JSON value, or something before the object.
    NotAnObject,
    /// Not JSON, or a string with a lone surrogate.
    Syntax,
    /// A member's name occurs twice in one object.
    DuplicateMember,
    /// Nested too deep.
    TooDeep,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotUtf8 => "is not UTF-8",
            Self::NotAnObject => "is not a JSON object",
            Self::Syntax => "is not JSON",
            Self::DuplicateMember => "has a duplicate member",
            Self::TooDeep => "is nested too deep",
        })
    }
}

impl std::error::Error for JsonError {}

const WHITE_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// A text as a JSON string, quotes included.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if c < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// What is left to read. Recursion is bounded by the depth that is left.
struct Parser<'t> {
    rest: &'t str,
}

impl<'t> Parser<'t> {
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
        let mut members = BTreeMap::new();
        self.expect('{')?;
        if self.accept('}') {
            return Ok(Json::Object(Object(members)));
        }
        loop {
            self.skip_white_space();
            let name = self.string()?;
            self.expect(':')?;
            let value = self.value(depth)?;
            if members.insert(name, value).is_some() {
                return Err(JsonError::DuplicateMember);
            }
            if !self.accept(',') {
                self.expect('}')?;
                return Ok(Json::Object(Object(members)));
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

    /// Section 7: anything but quotes, backslashes and control characters stands for itself.
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

    /// A code unit, or two of them where they are a surrogate pair.
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

    /// Section 6, kept as it is written.
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
        Ok(Json::Number(Number(written.into())))
    }

    fn digits(&mut self) -> &'t str {
        self.take(self.rest.bytes().take_while(u8::is_ascii_digit).count())
    }

    fn literal(&mut self, name: &str, value: Json) -> Result<Json, JsonError> {
        self.rest = self.rest.strip_prefix(name).ok_or(JsonError::Syntax)?;
        Ok(value)
    }

    /// Whether the next character behind white space is this one; then it is taken.
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

    /// The next bytes, which end between characters: they are ASCII or end before ASCII.
    fn take(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Object, JsonError> {
        Object::parse(text.as_bytes())
    }

    #[test]
    fn members_are_read_with_their_types() {
        let object = parse(r#" {"a":"\u00e9","b":[1,{"c":true}],"d":null,"e":1e999} "#).unwrap();
        assert_eq!(object.member("a").unwrap().as_str(), Some("é"));
        assert_eq!(object.member("b").unwrap().as_array().unwrap().len(), 2);
        assert_eq!(object.member("d"), None);
        assert!(object.has("d"));
        let Some(Json::Number(number)) = object.member("e") else { panic!("a number") };
        assert_eq!(number.as_f64(), None);
    }

    #[test]
    fn duplicate_members_are_refused_at_every_level() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":[{"b":1,"b":2}]}"#,
            r#"{"a":1,"b":2,"a":null}"#,
        ] {
            assert_eq!(parse(text), Err(JsonError::DuplicateMember), "{text}");
        }
    }

    #[test]
    fn only_an_object_in_utf_8_is_accepted() {
        for text in ["", " ", "[]", "1", "null", "\"{}\"", "\u{feff}{}", "\u{a0}{}"] {
            assert_eq!(parse(text), Err(JsonError::NotAnObject), "{text:?}");
        }
        for text in [
            "{",
            "{}}",
            "{} {}",
            "{'a':1}",
            "{a:1}",
            r#"{"a":01}"#,
            r#"{"a":1,}"#,
            r#"{"a":+1}"#,
            r#"{"a":NaN}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\udc00\ud800"}"#,
            r#"{"\ud800":1}"#,
            "{\"a\":\"\n\"}",
            "{\"a\":\"\0\"}",
            r#"{"a":tru}"#,
            r#"{"a":truee}"#,
            r#"{"a":"\x"}"#,
            "{\"a\":1\u{b}}",
            r#"{"a":[1,]}"#,
            r#"{"a":nul}"#,
            "{/**/}",
        ] {
            assert_eq!(parse(text), Err(JsonError::Syntax), "{text:?}");
        }
        assert_eq!(Object::parse(b"{\"a\":\"\xff\"}"), Err(JsonError::NotUtf8));
        assert_eq!(Object::parse(b"{\"a\":\"\xed\xa0\x80\"}"), Err(JsonError::NotUtf8));
    }

    #[test]
    fn strings_are_unescaped() {
        let object = parse(r#"{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀"}"#).unwrap();
        let text = "\"\\/\u{8}\u{c}\n\r\té😀é😀";
        assert_eq!(object.member("a").unwrap().as_str(), Some(text));
        assert_eq!(parse(&format!(r#"{{"a":{}}}"#, quote(text))).unwrap(), object);
    }

    #[test]
    fn numbers_are_kept_as_they_are_written() {
        for good in ["0", "-0", "10", "1.5", "1e5", "1E+05", "-1.25e-3", "123456789012345678901"] {
            assert_eq!(Json::parse(good), Ok(Json::Number(Number(good.into()))), "{good}");
        }
        for bad in
            ["", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "0x1", "1_0", "١", "Infinity"]
        {
            assert_eq!(Json::parse(bad), Err(JsonError::Syntax), "{bad}");
        }
    }

    #[test]
    fn thirty_two_levels_are_accepted_and_thirty_three_are_not() {
        let nested = |levels: usize| {
            format!(r#"{{"a":{}{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1))
        };
        assert!(parse(&nested(32)).is_ok());
        assert_eq!(parse(&nested(33)), Err(JsonError::TooDeep));
        assert_eq!(parse(&nested(8_000)), Err(JsonError::TooDeep));
        let objects =
            |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        assert!(parse(&objects(32)).is_ok());
        assert_eq!(parse(&objects(33)), Err(JsonError::TooDeep));
    }
}
