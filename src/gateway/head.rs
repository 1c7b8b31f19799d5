//! The head of a request, as it crosses from the host: method, URL and headers in one string.

use std::ops::Range;

/// A request without its body: the text as it came, and where its parts are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestHead {
    text: String,
    method: Part,
    origin: Part,
    /// `None` for the root, where a host leaves its slash out: of a request for `*`
    path: Option<Part>,
    query: Option<Part>,
    /// Names, in lower case, and values
    headers: Vec<(Part, Part)>,
}

type Part = Range<usize>;

impl RequestHead {
    /// Reads what a host hands over: the method, the absolute URL as the host serialises it, then
    /// `name: value` for each header, one to a line. Neither URLs nor header values can hold a line
    /// break. `None` if it is not of that form. Values that are not ASCII are whatever the host makes of
    /// them: nothing is decided by those.
    pub fn parse(text: impl Into<String>) -> Option<Self> {
        let mut text = text.into();
        let method = line(&text, 0).filter(|method| is_token(&text[method.clone()]))?;
        let url = line(&text, method.end + 1)?;
        let (origin, path, query) = parts(&text[url.clone()])?;
        let within = |part: Part| part.start + url.start..part.end + url.start;
        let (origin, path, query) = (within(origin), path.map(within), query.map(within));
        let mut headers = Vec::with_capacity(USUAL_HEADERS);
        let mut start = url.end + 1;
        while start < text.len() {
            let line = line(&text, start)?;
            start = line.end + 1;
            if !line.is_empty() {
                let header = header(&text, line)?;
                text[header.0.clone()].make_ascii_lowercase();
                headers.push(header);
            }
        }
        Some(Self { text, method, origin, path, query, headers })
    }

    /// The method, upper case.
    pub fn method(&self) -> &str {
        &self.text[self.method.clone()]
    }

    /// Scheme, host and port of the URL: `https://edge.example`.
    pub fn origin(&self) -> &str {
        &self.text[self.origin.clone()]
    }

    /// Scheme, and host with port, of the URL.
    pub(super) fn scheme_and_host(&self) -> (&str, &str) {
        let (scheme, rest) = self.origin().split_once(':').unwrap_or_default();
        (scheme, rest.trim_start_matches('/'))
    }

    /// The path, percent-encoded as it came.
    pub fn path(&self) -> &str {
        self.path.clone().map_or("/", |path| &self.text[path])
    }

    /// The query without its question mark, as it came.
    pub fn query(&self) -> Option<&str> {
        self.query.clone().map(|query| &self.text[query])
    }

    /// The names, in lower case, and values of all headers.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let part = |part: &Part| &self.text[part.clone()];
        self.headers.iter().map(move |(name, value)| (part(name), part(value)))
    }

    /// The values of one header, by its name in lower case.
    pub fn header<'h>(&'h self, name: &'h str) -> Values<'h> {
        Values { text: &self.text, headers: &self.headers, name }
    }

    /// Whether all of it is ASCII.
    pub fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }

    /// Whether a body may follow (RFC 9112, section 6), or the method is one that usually has one.
    pub fn has_body(&self) -> bool {
        let bodiless = matches!(self.method(), "GET" | "HEAD");
        let mut names = self.headers().map(|(name, _)| name);
        !bodiless || names.any(|name| matches!(name, "content-length" | "transfer-encoding"))
    }

    /// Whether a body may follow that takes long: of more than a megabyte, or nobody knows how large.
    pub(super) fn has_long_body(&self) -> bool {
        let length = self.header("content-length").next();
        let length = length.map_or(0, |length| length.parse().unwrap_or(u64::MAX));
        length > 1_000_000 || self.header("transfer-encoding").next().is_some()
    }

    /// The request id that the client sent, if it is a plain one that cannot confuse a log.
    pub(super) fn request_id(&self) -> Option<String> {
        let mut sent = self.header("x-request-id");
        let id = sent.next().filter(|_| sent.next().is_none())?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let length = (8..=64).contains(&id.len());
        (length && id.bytes().all(plain)).then(|| id.to_owned())
    }
}

/// The values of one header, in the order they came. Nearly all that is looked for is not there, so this
/// is no chain of adapters but a loop.
#[derive(Clone, Debug)]
pub struct Values<'h> {
    text: &'h str,
    headers: &'h [(Part, Part)],
    name: &'h str,
}

impl<'h> Iterator for Values<'h> {
    type Item = &'h str;

    fn next(&mut self) -> Option<&'h str> {
        while let Some(((name, value), rest)) = self.headers.split_first() {
            self.headers = rest;
            // nearly all have another length
            let is_long_as = name.end - name.start == self.name.len();
            if is_long_as && self.text[name.clone()] == *self.name {
                return Some(&self.text[value.clone()]);
            }
        }
        None
    }
}

/// More of them cost one allocation each time they double.
const USUAL_HEADERS: usize = 24;

/// The line that begins there, without its end. `None` if it has what no host hands over.
fn line(text: &str, start: usize) -> Option<Part> {
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

/// A header's name and value.
fn header(text: &str, line: Part) -> Option<(Part, Part)> {
    let bytes = &text.as_bytes()[line.clone()];
    let name = bytes.iter().take_while(|byte| TOKEN[usize::from(**byte)]).count();
    let well_formed = name > 0 && bytes[name..].starts_with(b": ");
    let colon = line.start + name;
    well_formed.then_some((line.start..colon, colon + ": ".len()..line.end))
}

/// RFC 9110, section 5.6.2: what names of methods and headers are made of.
pub(super) fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| TOKEN[usize::from(byte)])
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

/// The origin, path and query of an absolute URL that a host has serialised (WHATWG URL): printable
/// ASCII, and the first slash behind the authority begins the path.
fn parts(url: &str) -> Option<(Part, Option<Part>, Option<Part>)> {
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let find = |byte, from: usize| Some(from + url[from..].bytes().position(|b| b == byte)?);
    let authority = find(b':', 0)? + "://".len();
    if !url.get(..authority)?.ends_with("://") {
        return None;
    }
    let Some(start) = find(b'/', authority) else {
        return Some((0..url.len(), None, None));
    };
    let end = find(b'#', start).unwrap_or(url.len());
    let query = find(b'?', start).filter(|mark| *mark < end);
    let path = start..query.unwrap_or(end);
    Some((0..start, Some(path), query.map(|mark| mark + 1..end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_the_host_hands_it_over() {
        let head =
            RequestHead::parse("GET\nhttps://a.example/x/y?q=1?2#f\nHost: a\nb: c: d\ne: \n");
        let head = head.unwrap();
        assert_eq!(head.origin(), "https://a.example");
        assert_eq!((head.method(), head.path(), head.query()), ("GET", "/x/y", Some("q=1?2")));
        assert_eq!(head.header("b").collect::<Vec<_>>(), ["c: d"]);
        assert_eq!(head.header("host").count(), 1);
        assert_eq!(head.header("e").next(), Some(""));
        assert_eq!(RequestHead::parse("GET\nhttps://a.example").unwrap().path(), "/");
        assert!(RequestHead::parse("GET\nhttps://a.example/\nnonsense").is_none());
        assert!(RequestHead::parse("GET").is_none());
        for odd in ["a: b\0", "a: b\rc: d", ": b", "a b: c", "a): c", "\u{e9}: c"] {
            assert!(
                RequestHead::parse(format!("GET\nhttps://a.example/\n{odd}")).is_none(),
                "{odd:?}"
            );
        }
        for odd in
            ["G T\nhttps://a/", "GET\nhttps://a/ b", "GET\nhttps://a/?\0", "GET\nhttps://a/é"]
        {
            assert!(RequestHead::parse(odd).is_none(), "{odd:?}");
        }
    }

    #[test]
    fn a_request_id_is_kept_only_if_it_is_plain() {
        let id = |header: &str| {
            RequestHead::parse(format!("GET\nhttp://a/\n{header}")).unwrap().request_id()
        };
        assert_eq!(id("x-request-id: 0123-abc_D.e").as_deref(), Some("0123-abc_D.e"));
        for odd in [
            "",
            "x-request-id: short",
            "x-request-id: with space in it",
            "x-request-id: <script>alert",
            "x-request-id: 12345678\nx-request-id: 12345678",
        ] {
            assert_eq!(id(odd), None, "{odd}");
        }
        assert_eq!(id(&format!("x-request-id: {}", "a".repeat(65))), None);
    }
}
