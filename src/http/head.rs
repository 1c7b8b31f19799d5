//! The head of a request, as it crosses from the host: method, URL and headers in one string.

use std::sync::Arc;

use crate::http::fields::{Fields, Part, Values, is_token, line};

/// A request without its body: the text as it came, and where its parts are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestHead {
    method: Part,
    origin: Part,
    /// `None` for the root, where a host leaves its slash out: of a request for `*`
    path: Option<Part>,
    query: Option<Part>,
    /// Behind the method and the URL, in the same text
    own: Fields,
    /// Those that other requests have too, if any
    common: Option<Arc<Fields>>,
    /// Whether the host would know the same head again
    may_return: bool,
    /// Whether Cloudflare has received the request, so that its own headers are its own
    from_cloudflare: bool,
}

impl RequestHead {
    /// Reads what a host hands over: the method, the absolute URL as the host serialises it, then
    /// `name: value` for each header, one to a line. Neither URLs nor header values can hold a line
    /// break. `None` if it is not of that form. Values that are not ASCII are whatever the host makes of
    /// them: nothing is decided by those.
    pub fn parse(text: impl Into<String>) -> Option<Self> {
        Self::read(text.into(), 0, None, false)
    }

    /// The same from this byte on, with fields that have been read already.
    pub(crate) fn read(
        text: String,
        start: usize,
        common: Option<Arc<Fields>>,
        may_return: bool,
    ) -> Option<Self> {
        let method = line(&text, start).filter(|method| is_token(&text[method.clone()]))?;
        let url = line(&text, method.end + 1)?;
        let (origin, path, query) = parts(&text[url.clone()])?;
        let within = |part: Part| part.start + url.start..part.end + url.start;
        let (origin, path, query) = (within(origin), path.map(within), query.map(within));
        let own = Fields::parse(text, url.end + 1)?;
        let from_cloudflare = false;
        Some(Self { method, origin, path, query, own, common, may_return, from_cloudflare })
    }

    /// The same head, as Cloudflare hands it to a Worker: then `cf-connecting-ip` is the client's address,
    /// which no client can send. A host that is not on Cloudflare must not say so.
    #[must_use]
    pub fn from_cloudflare(self) -> Self {
        Self { from_cloudflare: true, ..self }
    }

    /// Whether Cloudflare has received the request.
    pub(crate) fn is_from_cloudflare(&self) -> bool {
        self.from_cloudflare
    }

    /// The method, upper case.
    pub fn method(&self) -> &str {
        &self.text()[self.method.clone()]
    }

    /// Scheme, host and port of the URL: `https://edge.example`.
    pub fn origin(&self) -> &str {
        &self.text()[self.origin.clone()]
    }

    /// Scheme, and host with port, of the URL.
    pub(crate) fn scheme_and_host(&self) -> (&str, &str) {
        let (scheme, rest) = self.origin().split_once(':').unwrap_or_default();
        (scheme, rest.trim_start_matches('/'))
    }

    /// The path, percent-encoded as it came.
    pub fn path(&self) -> &str {
        self.path.clone().map_or("/", |path| &self.text()[path])
    }

    /// The query without its question mark, as it came.
    pub fn query(&self) -> Option<&str> {
        self.query.clone().map(|query| &self.text()[query])
    }

    /// The names, in lower case, and values of all headers.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.own.iter().chain(self.common.iter().flat_map(|common| common.iter()))
    }

    /// The values of one header, by its name in lower case.
    pub fn header<'h>(&'h self, name: &'h str) -> Values<'h> {
        Values::of(name, &self.own, self.common.as_deref())
    }

    /// Whether all of it is ASCII.
    pub fn is_ascii(&self) -> bool {
        self.own.is_ascii() && self.common.as_ref().is_none_or(|common| common.is_ascii())
    }

    /// Whether a body may follow, or the method is one that usually has one.
    pub fn has_body(&self) -> bool {
        !matches!(self.method(), "GET" | "HEAD") || self.announces_body()
    }

    /// Whether a body may follow that takes long: of more than a megabyte, or nobody knows how large.
    pub(crate) fn has_long_body(&self) -> bool {
        if !self.announces_body() {
            return false;
        }
        let length = self.header("content-length").next();
        let length = length.map_or(0, |length| length.parse().unwrap_or(u64::MAX));
        length > 1_000_000 || self.header("transfer-encoding").next().is_some()
    }

    fn announces_body(&self) -> bool {
        self.own.announces_body() || self.common.as_ref().is_some_and(|c| c.announces_body())
    }

    /// The request id that the client sent, if it is a plain one that cannot confuse a log.
    pub(crate) fn request_id(&self) -> Option<String> {
        let mut sent = self.header("x-request-id");
        let id = sent.next().filter(|_| sent.next().is_none())?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let length = (8..=64).contains(&id.len());
        (length && id.bytes().all(plain)).then(|| id.to_owned())
    }

    /// Whether the host would know the same head again when it comes again.
    pub(crate) fn may_return(&self) -> bool {
        self.may_return
    }

    fn text(&self) -> &str {
        self.own.text()
    }
}

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
