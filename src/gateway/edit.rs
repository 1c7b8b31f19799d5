//! How headers change on their way, of a request or of an answer.

use std::fmt::Write as _;

/// A change to one header; names are in lower case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum HeaderEdit {
    /// Every header of that name goes
    Remove(String),
    /// One header of that name, with this value
    Set(String, String),
    /// One more value of that name
    Append(String, String),
    /// This value, where there is none of that name
    Default(String, String),
}

impl HeaderEdit {
    /// The edits as they cross to the host, one to a line: a name to remove, `name: value` to set,
    /// `,name: value` to append, `?name: value` to set where there is none. Names and values hold
    /// neither colons followed by a space, nor line breaks, and no name has a comma or a question
    /// mark.
    pub fn as_text(edits: &[Self]) -> String {
        let mut text = String::new();
        for edit in edits {
            match edit {
                Self::Remove(name) => writeln!(text, "{name}"),
                Self::Set(name, value) => writeln!(text, "{name}: {value}"),
                Self::Append(name, value) => writeln!(text, ",{name}: {value}"),
                Self::Default(name, value) => writeln!(text, "?{name}: {value}"),
            }
            .expect("writing to a String does not fail");
        }
        text
    }
}
