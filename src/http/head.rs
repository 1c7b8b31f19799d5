//! The head of a request: method, URL and headers. The host passes it as one string.

use std::sync::Arc;

use crate::http::fields::{Fields, Part, Values, is_token, line};

/// A request without its body: the host's text, and the positions of its parts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestHead {
    method: Part,
    origin: Part,
    /// `None` for the root without a slash, as some hosts write it in a request for `*`
    path: Option<Part>,
    query: Option<Part>,
    /// The fields after the method and the URL, in the same text
    own: Fields,
    /// Cached fields that other requests of the client have too
    common: Option<Arc<Fields>>,
    /// Whether the host recognizes the same head when it gets it again
    may_return: bool,
    /// Whether Cloudflare has received the request, so that its headers are not forged
    from_cloudflare: bool,
    scheme: Scheme,
}

/// What a proxy in front of the edge has done to the scheme of the URL.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Scheme {
    AsReceived,
    Replaced,
    /// It has sent no header, so the scheme is as received
    Missing,
    /// It has named none, or more than one
    Malformed,
}

impl RequestHead {
    /// Parses the text of a host: the method, the absolute URL as the host serializes it, then
    /// `name: value` for each header, one per line. Neither URLs nor header values can contain a
    /// line break. `None` if the text is malformed. Hosts decode non-ASCII values differently, so
    /// no decision depends on those.
    pub fn parse(text: impl Into<String>) -> Option<Self> {
        Self::read(text.into(), 0, None, false)
    }

    /// Parses a head from the byte `start` on. `common` are cached fields.
    pub(crate) fn read(
        mut text: String,
        start: usize,
        common: Option<Arc<Fields>>,
        may_return: bool,
    ) -> Option<Self> {
        let method = line(&text, start).filter(|method| is_token(&text[method.clone()]))?;
        let url = line(&text, method.end + 1)?;
        let (origin, path, query) = parts(&text[url.clone()])?;
        let within = |part: Part| part.start + url.start..part.end + url.start;
        let (origin, path, query) = (within(origin), path.map(within), query.map(within));
        let scheme = text[origin.clone()].find(':')?;
        // the origin is compared with others (RFC 6454, section 4)
        text[origin.start..origin.start + scheme].make_ascii_lowercase();
        let own = Fields::parse(text, url.end + 1)?;
        let (from_cloudflare, scheme) = (false, Scheme::AsReceived);
        Some(Self { method, origin, path, query, own, common, may_return, from_cloudflare, scheme })
    }

    /// The same head, received by Cloudflare. Then `cf-connecting-ip` is the client's address,
    /// which no client can forge. A host that is not on Cloudflare must not call this.
    #[must_use]
    pub fn from_cloudflare(self) -> Self {
        Self { from_cloudflare: true, ..self }
    }

    /// Whether Cloudflare has received the request.
    pub(crate) fn is_from_cloudflare(&self) -> bool {
        self.from_cloudflare
    }

    /// The same head, whose URL has the scheme in `X-Forwarded-Proto` if the host has marked the
    /// request: then a proxy in front of the edge sets this header. Only its scheme is taken,
    /// because the proxy may have passed on a client's value. Without the header, the URL stays.
    pub(crate) fn behind_proxy(self) -> Option<Self> {
        if !self.is_marked() {
            return Some(self);
        }
        let mut named = self.header("x-forwarded-proto");
        let (scheme, default_port) = match (named.next(), named.next()) {
            (None, _) => return Some(Self { scheme: Scheme::Missing, ..self }),
            (Some(scheme), None) if scheme.eq_ignore_ascii_case("http") => ("http", ":80"),
            (Some(scheme), None) if scheme.eq_ignore_ascii_case("https") => ("https", ":443"),
            _ => return Some(Self { scheme: Scheme::Malformed, ..self }),
        };
        let (received, host) = self.scheme_and_host();
        if received == scheme {
            return Some(self);
        }
        let host = host.strip_suffix(default_port).unwrap_or(host);
        let origin = [scheme, "://", host].concat();
        let mut text = self.own.into_text();
        text.replace_range(self.origin, &origin);
        let head = Self::read(text, self.method.start, self.common, self.may_return)?;
        Some(Self { scheme: Scheme::Replaced, ..head })
    }

    /// Whether the host has marked the request. At Cloudflare, only a client can have done so.
    pub(crate) fn is_marked(&self) -> bool {
        !self.from_cloudflare && self.header(SCHEME_BY_PROXY).next().is_some()
    }

    /// Whether the URL has another scheme than the host has received, because of a proxy.
    pub fn has_scheme_of_proxy(&self) -> bool {
        self.scheme == Scheme::Replaced
    }

    /// Whether the proxy in front of the edge has not named exactly one scheme.
    pub(crate) fn has_malformed_scheme(&self) -> bool {
        self.scheme == Scheme::Malformed
    }

    /// Whether the proxy in front of the edge should have named the scheme and has not. Requests
    /// for the edge itself need no proxy.
    pub fn lacks_scheme_of_proxy(&self) -> bool {
        self.scheme == Scheme::Missing && !self.path().starts_with("/.well-known/better-auth-edge/")
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

    /// The path, percent-encoded as the client sent it.
    pub fn path(&self) -> &str {
        self.path.clone().map_or("/", |path| &self.text()[path])
    }

    /// The query without its question mark, as the client sent it.
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

    /// Whether the whole head is ASCII.
    pub fn is_ascii(&self) -> bool {
        self.own.is_ascii() && self.common.as_ref().is_none_or(|common| common.is_ascii())
    }

    /// Whether the request may have a body: it announces one, or its method usually has one.
    pub fn has_body(&self) -> bool {
        !matches!(self.method(), "GET" | "HEAD") || self.announces_body()
    }

    /// Whether the body may take long: it has more than a megabyte, or an unknown length.
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

    /// The client's request id, if its characters and length are safe for a log.
    pub(crate) fn request_id(&self) -> Option<String> {
        let mut sent = self.header("x-request-id");
        let id = sent.next().filter(|_| sent.next().is_none())?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let length = (8..=64).contains(&id.len());
        (length && id.bytes().all(plain)).then(|| id.to_owned())
    }

    /// Whether the host recognizes the same head when it gets it again when it comes again.
    pub(crate) fn may_return(&self) -> bool {
        self.may_return
    }

    fn text(&self) -> &str {
        self.own.text()
    }
}

/// The header with which `better-auth-edge serve` marks each request if a proxy in front names the
/// scheme. It removes the header that a client sends. At Cloudflare, the header means nothing.
const SCHEME_BY_PROXY: &str = "x-edge-scheme-by-proxy";

/// The origin, path and query of an absolute URL that a host has serialized (WHATWG URL): printable
/// ASCII, where the first slash after the authority begins the path.
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
    fn a_head_is_parsed_from_the_text_of_a_host() {
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
    fn the_scheme_is_in_lower_case() {
        let head = RequestHead::parse("GET\nHTTPS://A.example/X").unwrap();
        assert_eq!((head.origin(), head.path()), ("https://A.example", "/X"));
    }

    /// The URL of a marked request with these further headers; `None` if they do not name one
    /// scheme.
    fn url_behind_proxy(url: &str, headers: &str) -> Option<String> {
        let text = format!("GET\n{url}\nx-edge-scheme-by-proxy: 1\n{headers}a: b\n");
        let head = RequestHead::parse(text).unwrap().behind_proxy().unwrap();
        let url = [head.origin(), head.path(), "?", head.query().unwrap_or_default()].concat();
        assert_eq!(head.has_scheme_of_proxy(), !url.starts_with("http:"));
        assert_eq!((head.method(), head.header("a").next()), ("GET", Some("b")));
        (!head.has_malformed_scheme()).then_some(url)
    }

    #[test]
    fn the_scheme_of_a_marked_request_is_what_the_proxy_names() {
        for (url, proto, expected) in [
            ("http://a.example/x?y", "https", "https://a.example/x?y"),
            ("http://a.example/x?y", "HTTPS", "https://a.example/x?y"),
            ("http://a.example/x?y", "http", "http://a.example/x?y"),
            ("http://a.example:443/x?y", "https", "https://a.example/x?y"),
            ("http://a.example:8443/x?y", "https", "https://a.example:8443/x?y"),
            ("http://[::1]/x?y", "https", "https://[::1]/x?y"),
            ("http://a.example", "https", "https://a.example/?"),
        ] {
            let headers = format!("x-forwarded-proto: {proto}\n");
            assert_eq!(url_behind_proxy(url, &headers).as_deref(), Some(expected), "{url} {proto}");
        }
        assert_eq!(url_behind_proxy("http://a/x", "").as_deref(), Some("http://a/x?"));
    }

    #[test]
    fn no_other_value_of_the_proxy_reaches_the_url() {
        let values = [
            "",
            " ",
            "ftp",
            "https:",
            "https://",
            "https, http",
            "https,https",
            "https://a/public?",
            "https://a/public#",
            "http\t",
        ];
        let headers = values.map(|value| format!("x-forwarded-proto: {value}\n"));
        let twice = "x-forwarded-proto: https\nx-forwarded-proto: https\n".to_owned();
        for headers in headers.into_iter().chain([twice]) {
            assert_eq!(url_behind_proxy("http://a/x", &headers), None, "{headers:?}");
        }
    }

    #[test]
    fn a_proxy_that_names_no_scheme_is_noted_unless_the_request_is_for_the_edge() {
        let lacks = |path: &str, headers: &str| {
            let head = RequestHead::parse(format!("GET\nhttp://a{path}\n{headers}")).unwrap();
            head.behind_proxy().unwrap().lacks_scheme_of_proxy()
        };
        let mark = "x-edge-scheme-by-proxy: 1\n";
        assert!(lacks("/x", mark));
        assert!(!lacks("/.well-known/better-auth-edge/health", mark));
        assert!(!lacks("/x", ""));
        assert!(!lacks("/x", &format!("{mark}x-forwarded-proto: http\n")));
    }

    #[test]
    fn without_the_mark_the_scheme_stays() {
        let head = "GET\nhttp://a/x\nx-forwarded-proto: https\n";
        let head = RequestHead::parse(head).unwrap().behind_proxy().unwrap();
        assert_eq!((head.origin(), head.has_scheme_of_proxy()), ("http://a", false));
    }

    #[test]
    fn a_request_id_counts_only_if_it_is_plain() {
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
