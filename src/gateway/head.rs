//! The head of a request, as it crosses from the host: method, URL and headers in one string.

/// A request without its body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestHead {
    method: String,
    origin: String,
    path: String,
    query: Option<String>,
    headers: Vec<(String, String)>,
}

impl RequestHead {
    /// Reads what a host hands over: the method, the absolute URL as the host serialises it, then
    /// `name: value` for each header, one to a line. Neither URLs nor header values can hold a line
    /// break. `None` if it is not of that form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let method = lines.next().filter(|method| is_token(method))?.to_owned();
        let (origin, path, query) = parts(lines.next()?)?;
        let header = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            // a character is a byte there (Fetch Standard, section 2.2.2)
            let is_byte = |c: char| c <= '\u{ff}' && c != '\0' && c != '\r';
            let well_formed = is_token(name) && value.chars().all(is_byte);
            well_formed.then(|| (name.to_ascii_lowercase(), value.to_owned()))
        };
        let headers = lines.filter(|line| !line.is_empty()).map(header).collect::<Option<_>>()?;
        Some(Self { method, origin, path, query, headers })
    }

    /// The method, upper case.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Scheme, host and port of the URL: `https://edge.example`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The path, percent-encoded as it came.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query without its question mark, as it came.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The names, in lower case, and values of all headers.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The values of one header, by its name in lower case.
    pub fn header<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h str> {
        self.headers.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether a body may follow (RFC 9112, section 6), or the method is one that usually has one.
    pub fn has_body(&self) -> bool {
        let bodiless = matches!(self.method(), "GET" | "HEAD");
        let framed = |(name, _): &(String, String)| {
            matches!(name.as_str(), "content-length" | "transfer-encoding")
        };
        !bodiless || self.headers.iter().any(framed)
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

/// RFC 9110, section 5.6.2: what names of methods and headers are made of.
pub(super) fn is_token(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token)
}

/// The origin, path and query of an absolute URL that a host has serialised (WHATWG URL): printable
/// ASCII, and the first slash behind the authority begins the path.
fn parts(url: &str) -> Option<(String, String, Option<String>)> {
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let authority = url.find("://")? + "://".len();
    let start = url[authority..].find('/').map(|start| authority + start);
    let (origin, target) = url.split_at(start.unwrap_or(url.len()));
    let target = if target.is_empty() { "/" } else { target.split('#').next()? };
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    Some((origin.to_owned(), path.to_owned(), query))
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
        for odd in ["a: b\0", "a: b\rc: d", "a: \u{100}", ": b", "a b: c", "a): c", "\u{e9}: c"] {
            assert!(
                RequestHead::parse(&format!("GET\nhttps://a.example/\n{odd}")).is_none(),
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
            RequestHead::parse(&format!("GET\nhttp://a/\n{header}")).unwrap().request_id()
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
