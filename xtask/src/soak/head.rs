//! The head of an HTTP/1.1 message. It is parsed once, because several of its headers are read.

use std::ops::Range;

/// The start line and the headers of a message.
pub(super) struct Head {
    text: String,
    headers: Vec<Header>,
}

/// Where a header is in the text.
struct Header {
    name: Range<usize>,
    value: Range<usize>,
}

impl Head {
    /// Parses the text. A line without a colon is not a header.
    pub(super) fn new(text: String) -> Self {
        let mut headers = Vec::with_capacity(16);
        let mut start = text.find('\n').map_or(text.len(), |end| end + 1);
        while start < text.len() {
            let rest = &text[start..];
            let line = rest.split_once('\n').map_or(rest, |(line, _)| line);
            if let Some((name, value)) = line.split_once(':') {
                let end = start + name.len();
                let blank = value.len() - value.trim_ascii_start().len();
                let from = end + 1 + blank;
                headers.push(Header {
                    name: start..end,
                    value: from..from + value.trim_ascii().len(),
                });
            }
            start += line.len() + 1;
        }
        Self { text, headers }
    }

    /// The words of the start line.
    pub(super) fn word(&self, index: usize) -> &str {
        let line = self.text.split_once('\n').map_or(&*self.text, |(line, _)| line);
        line.split(' ').nth(index).unwrap_or_default().trim_ascii_end()
    }

    /// Names and values of the headers.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let text = |range: &Range<usize>| &self.text[range.clone()];
        self.headers.iter().map(move |it| (text(&it.name), text(&it.value)))
    }

    /// The values of a header.
    pub(super) fn all<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h str> {
        let of_length = self.headers.iter().filter(|header| header.name.len() == name.len());
        of_length
            .filter(|header| self.text[header.name.clone()].eq_ignore_ascii_case(name))
            .map(|header| &self.text[header.value.clone()])
    }

    /// The first value of a header.
    pub(super) fn header<'h>(&'h self, name: &'h str) -> Option<&'h str> {
        self.all(name).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_has_words_and_headers() {
        let text = "GET /api HTTP/1.1\r\nHost: a:1\r\nX-A:  1 \r\nempty:\r\nx-a: 2\r\n\r\n";
        let head = Head::new(text.to_owned());
        assert_eq!([head.word(0), head.word(1), head.word(2)], ["GET", "/api", "HTTP/1.1"]);
        let expected = [("Host", "a:1"), ("X-A", "1"), ("empty", ""), ("x-a", "2")];
        assert_eq!(head.headers().collect::<Vec<_>>(), expected);
        assert_eq!(head.all("X-a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((head.header("host"), head.header("x-b")), (Some("a:1"), None));
        assert!(Head::new(String::new()).headers().next().is_none());
    }
}
