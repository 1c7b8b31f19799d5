//! How headers change on their way, of a request or of an answer.

use std::borrow::Cow;

/// A change to one header; names are in lower case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum HeaderEdit {
    /// Every header of that name goes
    Remove(Cow<'static, str>),
    /// One header of that name, with this value
    Set(Cow<'static, str>, String),
    /// One more value of that name
    Append(Cow<'static, str>, String),
    /// This value, where there is none of that name
    Default(Cow<'static, str>, String),
}

impl HeaderEdit {
    /// The edits as they cross to the host, one to a line: a name to remove, `name: value` to set,
    /// `,name: value` to append, `?name: value` to set where there is none. Names and values hold
    /// neither colons followed by a space, nor line breaks, and no name has a comma or a question
    /// mark.
    pub fn as_text<'e>(edits: impl IntoIterator<Item = &'e Self>) -> String {
        let mut text = String::with_capacity(USUAL_TEXT);
        Self::write(edits, &mut text);
        text
    }

    /// Adds them to a text.
    pub(super) fn write<'e>(edits: impl IntoIterator<Item = &'e Self>, text: &mut String) {
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

/// What most edits need no more than; it saves growing.
const USUAL_TEXT: usize = 1024;
