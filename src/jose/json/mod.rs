//! Strict JSON (RFC 8259): UTF-8 without a byte order mark, no duplicate members at any level, no
//! lone surrogates, at most [`MAX_DEPTH`] levels.
//!
//! JSON libraries accept duplicates and any depth. Tests compare this parser with serde_json.

mod number;
mod parser;
mod size;

use std::fmt;

pub use number::Number;
pub(crate) use size::allocation;

use parser::{Parser, is_white_space};

/// The maximum depth of objects and arrays. The outermost object is level one.
pub(crate) const MAX_DEPTH: usize = 32;

/// A JSON object with distinct members, in the order of the document. A list is faster than a map,
/// because objects have few members.
#[derive(Clone, Debug, Default)]
pub struct Object(Vec<(String, Json)>);

impl Object {
    /// Parses one object.
    ///
    /// # Errors
    /// The reason why the bytes are not an acceptable object.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        let text = std::str::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
        if text.starts_with('\u{feff}') {
            return Err(JsonError::ByteOrderMark);
        }
        let first = text.bytes().find(|byte| !is_white_space(*byte));
        if first != Some(b'{') {
            return Err(JsonError::NotAnObject);
        }
        match Json::parse(text)? {
            Json::Object(object) => Ok(object),
            _ => Err(JsonError::NotAnObject),
        }
    }

    /// The member with this name. A member that is `null` counts as absent.
    pub fn member(&self, name: &str) -> Option<&Json> {
        self.find(name).filter(|value| !matches!(value, Json::Null))
    }

    /// The names and values of all members, in the order of the document.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// An object with these members, such as those of a map. `None` if two have the same name.
    pub fn from_members(members: Vec<(String, Json)>) -> Option<Self> {
        Self::distinct(members).ok()
    }

    /// Adds a member, or replaces its value.
    pub(crate) fn set(&mut self, name: &str, value: Json) {
        match self.0.iter_mut().find(|(own, _)| own == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Whether a member exists, with any value.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// The object with these members, if their names are distinct. Sorts the names of a large
    /// object, because comparing all pairs would take quadratic time.
    fn distinct(members: Vec<(String, Json)>) -> Result<Self, JsonError> {
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        let is_duplicate = match names.len() <= MAX_PAIRWISE {
            true => (1..names.len()).any(|i| names[..i].contains(&names[i])),
            false => {
                names.sort_unstable();
                names.windows(2).any(|pair| pair[0] == pair[1])
            }
        };
        if is_duplicate { Err(JsonError::DuplicateMember) } else { Ok(Self(members)) }
    }
}

/// Objects are equal if their members are equal, in any order.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        let is_present = |(name, value): &(String, Json)| other.find(name) == Some(value);
        self.0.len() == other.0.len() && self.0.iter().all(is_present)
    }
}

/// The maximum number of members whose names are compared in pairs.
const MAX_PAIRWISE: usize = 24;

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
    /// Parses one value of any type.
    ///
    /// # Errors
    /// [`JsonError::Syntax`], [`JsonError::DuplicateMember`] or [`JsonError::TooDeep`].
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        Parser::new(text).parse()
    }

    /// The string, if the value is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The object, if the value is an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The elements, if the value is an array.
    pub fn as_array(&self) -> Option<&[Json]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }
}

/// The value as JSON without white space. Members keep their order, and numbers their spelling.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => f.write_str(if *value { "true" } else { "false" }),
            Self::Number(number) => number.fmt(f),
            Self::String(text) => f.write_str(&quote(text)),
            Self::Array(elements) => {
                for (i, element) in elements.iter().enumerate() {
                    f.write_str(if i == 0 { "[" } else { "," })?;
                    element.fmt(f)?;
                }
                f.write_str(if elements.is_empty() { "[]" } else { "]" })
            }
            Self::Object(object) => {
                f.write_str("{")?;
                for (i, (name, value)) in object.members().enumerate() {
                    f.write_str(if i == 0 { "" } else { "," })?;
                    f.write_str(&quote(name))?;
                    f.write_str(":")?;
                    value.fmt(f)?;
                }
                f.write_str("}")
            }
        }
    }
}

/// The reason why bytes are not an acceptable JSON object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JsonError {
    /// The bytes are not UTF-8.
    NotUtf8,
    /// The text begins with a byte order mark, which RFC 8259, section 8.1, forbids.
    ByteOrderMark,
    /// The text does not begin with an object.
    NotAnObject,
    /// The text is not JSON, or a string has a lone surrogate.
    Syntax,
    /// An object has two members with the same name.
    DuplicateMember,
    /// The nesting is too deep.
    TooDeep,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotUtf8 => "is not UTF-8",
            Self::ByteOrderMark => "begins with a byte order mark",
            Self::NotAnObject => "is not a JSON object",
            Self::Syntax => "is not JSON",
            Self::DuplicateMember => "has a duplicate member",
            Self::TooDeep => "is nested too deep",
        })
    }
}

impl std::error::Error for JsonError {}

/// The text as a JSON string with quotes.
pub(crate) fn quote(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    push_quoted(&mut json, text);
    json
}

/// Appends the text as a JSON string with quotes.
pub(crate) fn push_quoted(json: &mut String, text: &str) {
    let is_escaped = |byte: u8| matches!(byte, b'"' | b'\\' | ..b' ');
    json.push('"');
    let mut rest = text;
    while let Some(index) = rest.bytes().position(is_escaped) {
        let (plain, escaped) = rest.split_at(index);
        json.push_str(plain);
        match escaped.as_bytes()[0] {
            b'\n' => json.push_str("\\n"),
            byte @ ..b' ' => json.push_str(&format!("\\u{byte:04x}")),
            byte => json.extend(['\\', byte.into()]),
        }
        rest = &escaped[1..];
    }
    json.push_str(rest);
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Object, JsonError> {
        Object::parse(text.as_bytes())
    }

    #[test]
    fn members_are_parsed_with_their_types() {
        let object = parse(r#" {"a":"\u00e9","b":[1,{"c":true}],"d":null,"e":1e999} "#).unwrap();
        assert_eq!(object.member("a").unwrap().as_str(), Some("é"));
        assert_eq!(object.member("b").unwrap().as_array().unwrap().len(), 2);
        assert_eq!(object.member("d"), None);
        assert!(object.has("d"));
        let Some(Json::Number(number)) = object.member("e") else { panic!("a number") };
        assert_eq!(number.as_f64(), None);
    }

    #[test]
    fn duplicate_members_are_rejected_at_every_level() {
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
        for text in ["", " ", "[]", "1", "null", "\"{}\"", " \u{feff}{}", "\u{a0}{}"] {
            assert_eq!(parse(text), Err(JsonError::NotAnObject), "{text:?}");
        }
        assert_eq!(parse("\u{feff}{}"), Err(JsonError::ByteOrderMark));
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
    fn numbers_keep_their_spelling() {
        for good in ["0", "-0", "10", "1.5", "1e5", "1E+05", "-1.25e-3", "123456789012345678901"] {
            assert_eq!(Json::parse(good), Ok(Json::Number(Number::new(good))), "{good}");
        }
        for bad in
            ["", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "0x1", "1_0", "١", "Infinity"]
        {
            assert_eq!(Json::parse(bad), Err(JsonError::Syntax), "{bad}");
        }
    }

    #[test]
    fn a_parsed_text_is_serialized_unchanged() {
        for text in [
            r#"{"a":[],"b":{},"c":null,"d":[1,[true,false],{"e":{"f":"\\\"/"}}]}"#,
            r#"{"n":12345678901234567890123,"m":-1.50e+2,"é":"\u0000\u001f😀","__proto__":1}"#,
        ] {
            assert_eq!(Json::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn thirty_two_levels_are_accepted_and_thirty_three_are_rejected() {
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
