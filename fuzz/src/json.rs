//! A second JSON parser (RFC 8259). It shares no code with the core's and is as strict as the core
//! promises to be.

use better_auth_edge::jose::{Json, Object};

/// How deep objects and arrays may nest. The outermost is level one.
const MAX_DEPTH: usize = 32;

/// A value. An object keeps the order of its members.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number in its original notation
    Number(String),
    /// A string
    String(String),
    /// An array
    Array(Vec<Value>),
    /// An object, its members distinct
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Parses one value: UTF-8, no duplicate members, no lone surrogates, at most 32 levels.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok()?;
        let mut reader = Reader { rest: bytes };
        let value = reader.value(0)?;
        reader.skip_white_space();
        reader.rest.is_empty().then_some(value)
    }

    /// Parses one object.
    pub fn parse_object(bytes: &[u8]) -> Option<Self> {
        Self::parse(bytes).filter(|value| matches!(value, Self::Object(_)))
    }

    /// The member of that name, `null` included.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// The member of that name; `null` counts as absent.
    pub fn member(&self, name: &str) -> Option<&Self> {
        self.get(name).filter(|value| **value != Self::Null)
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// Whether the core parsed the same object.
    pub fn equals(&self, object: &Object) -> bool {
        let Self::Object(members) = self else { return false };
        let names: Vec<_> = object.members().collect();
        names.len() == members.len()
            && names
                .iter()
                .all(|(name, value)| self.get(name).is_some_and(|own| own.matches(value)))
    }

    fn matches(&self, json: &Json) -> bool {
        match (self, json) {
            (Self::Null, Json::Null) => true,
            (Self::Bool(own), Json::Bool(value)) => own == value,
            (Self::Number(own), Json::Number(value)) => *own == value.to_string(),
            (Self::String(own), Json::String(value)) => own == value,
            (Self::Array(own), Json::Array(values)) => {
                own.len() == values.len()
                    && own.iter().zip(values).all(|(own, json)| own.matches(json))
            }
            (Self::Object(_), Json::Object(object)) => self.equals(object),
            _ => false,
        }
    }
}

/// A string as JSON.
pub fn quoted(text: &str) -> String {
    let mut json = String::from('"');
    for unit in text.chars() {
        match unit {
            '"' | '\\' => json.extend(['\\', unit]),
            '\0'..'\x20' => json.push_str(&format!("\\u{:04x}", u32::from(unit))),
            _ => json.push(unit),
        }
    }
    json.push('"');
    json
}

struct Reader<'b> {
    rest: &'b [u8],
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        self.skip_white_space();
        match self.rest.first()? {
            b'{' if depth < MAX_DEPTH => self.object(depth + 1),
            b'[' if depth < MAX_DEPTH => self.array(depth + 1),
            b'"' => self.string().map(Value::String),
            b'n' => self.skip(b"null").then_some(Value::Null),
            b't' => self.skip(b"true").then_some(Value::Bool(true)),
            b'f' => self.skip(b"false").then_some(Value::Bool(false)),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut members: Vec<(String, Value)> = Vec::new();
        self.next()?;
        self.skip_white_space();
        if self.skip(b"}") {
            return Some(Value::Object(members));
        }
        loop {
            self.skip_white_space();
            let name = self.string()?;
            if members.iter().any(|(earlier, _)| *earlier == name) {
                return None;
            }
            self.skip_white_space();
            if !self.skip(b":") {
                return None;
            }
            members.push((name, self.value(depth)?));
            self.skip_white_space();
            match self.next()? {
                b',' => {}
                b'}' => return Some(Value::Object(members)),
                _ => return None,
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        let mut elements = Vec::new();
        self.next()?;
        self.skip_white_space();
        if self.skip(b"]") {
            return Some(Value::Array(elements));
        }
        loop {
            elements.push(self.value(depth)?);
            self.skip_white_space();
            match self.next()? {
                b',' => {}
                b']' => return Some(Value::Array(elements)),
                _ => return None,
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        if !self.skip(b"\"") {
            return None;
        }
        let mut bytes = Vec::new();
        loop {
            match self.next()? {
                b'"' => return String::from_utf8(bytes).ok(),
                b'\\' => {
                    let unit = self.escape()?;
                    bytes.extend(unit.encode_utf8(&mut [0; 4]).bytes());
                }
                0..0x20 => return None,
                byte => bytes.push(byte),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.four_digits()?;
                match first {
                    0xd800..0xdc00 if self.skip(b"\\u") => {
                        let second = self.four_digits()?.checked_sub(0xdc00)?;
                        let high = (first - 0xd800) << 10;
                        return (second < 0x400)
                            .then(|| char::from_u32(0x1_0000 + high + second))?;
                    }
                    _ => return char::from_u32(first),
                }
            }
            plain @ (b'"' | b'\\' | b'/') => plain.into(),
            _ => return None,
        })
    }

    fn four_digits(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |number, _| Some(number << 4 | char::from(self.next()?).to_digit(16)?))
    }

    fn number(&mut self) -> Option<Value> {
        let start = self.rest;
        self.skip(b"-");
        if !self.skip(b"0") {
            self.digits()?;
        }
        if self.skip(b".") {
            self.digits()?;
        }
        if self.skip(b"e") || self.skip(b"E") {
            let _ = self.skip(b"+") || self.skip(b"-");
            self.digits()?;
        }
        let text = &start[..start.len() - self.rest.len()];
        String::from_utf8(text.to_vec()).ok().map(Value::Number)
    }

    /// Skips one or more digits.
    fn digits(&mut self) -> Option<()> {
        let count = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.rest = &self.rest[count..];
        (count > 0).then_some(())
    }

    fn skip(&mut self, text: &[u8]) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn next(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn skip_white_space(&mut self) {
        while self.rest.first().is_some_and(|byte| b" \t\n\r".contains(byte)) {
            self.rest = &self.rest[1..];
        }
    }
}
