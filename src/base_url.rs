//! Base URLs in settings: `http` or `https`, a host, perhaps a port and a path, nothing else.

mod network;

use std::fmt;

/// An absolute URL that others are built on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct BaseUrl {
    origin: String,
    /// Empty, or from a slash to no slash
    path: String,
}

impl BaseUrl {
    /// Reads a URL; host and scheme lose their capitals, a default port and slashes at the end go.
    ///
    /// # Errors
    /// What is wrong with it, as half a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once(':').ok_or("is not an absolute URL")?;
        let rest = rest.strip_prefix("//").ok_or("is not an absolute URL")?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "https" => ":443",
            "http" => ":80",
            _ => return Err("is neither http nor https".into()),
        };
        if rest.contains(['?', '#']) {
            return Err("has a query or a fragment".into());
        }
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        if authority.contains('@') {
            return Err("has a user name or password".into());
        }
        let authority = authority.to_ascii_lowercase();
        let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
        if !is_host_and_port(authority) {
            return Err("has no valid host and port (write international names in punycode)".into());
        }
        let path = path.trim_end_matches('/');
        let plain =
            |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%:@!$&'()*+,;=".contains(&byte);
        if !path.bytes().all(plain) || path.as_bytes().windows(2).any(|pair| pair == b"//") {
            return Err("has an unusual path".into());
        }
        Ok(Self { origin: format!("{scheme}://{authority}"), path: path.to_owned() })
    }

    /// Its origin (RFC 6454): scheme, host, and the port if it is not the default.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Its path without a slash at the end: empty, or beginning with a slash.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

impl BaseUrl {
    /// Why what is fetched from it may be another's, as a sentence: whoever is on the way of plain HTTP
    /// over a public network can replace it. `None` where that is not to be feared.
    pub(crate) fn exposure(&self) -> Option<String> {
        let host_and_port = self.origin.strip_prefix("http://")?;
        let host = match host_and_port.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => host,
            _ => host_and_port,
        };
        (!network::is_private(host)).then(|| [FROM, &self.origin, UNPROTECTED].concat())
    }
}

const FROM: &str = "the keys come from ";
const UNPROTECTED: &str = " without TLS: whoever is on the way can replace them, and sign tokens of any \
                           user. Use https";

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

/// Whether a text is a host with an optional port and nothing else (RFC 3986, section 3.2): no user, path,
/// query, encoding or list.
pub(crate) fn is_host_and_port(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let named = |host: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        !host.is_empty() && host.bytes().all(plain)
    };
    let ipv6 = |host: &str| {
        let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let plain = |byte: u8| byte.is_ascii_hexdigit() || b":.".contains(&byte);
        inner.is_some_and(|inner| inner.contains(':') && inner.bytes().all(plain))
    };
    let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    (named(host) || ipv6(host))
        && port.is_none_or(|port| digits(port) && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::json::{Json, Object};

    const KEY_URLS: &str = include_str!("../tests/vectors/key_urls.json");

    #[test]
    fn urls_are_brought_to_one_form() {
        for (text, origin, path) in [
            ("https://App.Example.com", "https://app.example.com", ""),
            ("HTTPS://app.example.com:443/", "https://app.example.com", ""),
            ("http://127.0.0.1:8787/auth/v1/", "http://127.0.0.1:8787", "/auth/v1"),
            ("http://[::1]:80/x", "http://[::1]", "/x"),
            ("http://[::1]", "http://[::1]", ""),
            ("https://app.example.com:8443", "https://app.example.com:8443", ""),
        ] {
            let url = BaseUrl::parse(text).unwrap();
            assert_eq!((url.origin(), url.path()), (origin, path), "{text}");
        }
    }

    #[test]
    fn plain_http_is_exposed_where_the_host_may_be_public() {
        let document = Object::parse(KEY_URLS.as_bytes()).unwrap();
        let cases = document.member("cases").and_then(Json::as_array).unwrap();
        for case in cases.iter().filter_map(Json::as_object) {
            let url = case.member("url").and_then(Json::as_str).unwrap();
            let exposure = BaseUrl::parse(url).unwrap().exposure();
            let is_exposed = case.member("exposed") == Some(&Json::Bool(true));
            assert_eq!(exposure.is_some(), is_exposed, "{url}");
        }
        assert!(cases.len() > 50);
        let exposure = BaseUrl::parse("http://auth.example.com:8080/x").unwrap().exposure();
        assert!(exposure.unwrap().starts_with("the keys come from http://auth.example.com:8080 "));
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for text in [
            "",
            "app.example.com",
            "ftp://a",
            "https://",
            "https:///x",
            "https://a b",
            "https://a:b",
            "https://a:99999",
            "https://u:p@a",
            "https://a?x",
            "https://a/#x",
            "https://a/x y",
            "https://[::1",
            "https://[x]",
            "//a",
            "https://ä",
            "https://a/x//y",
            "https://a:",
            "https://a\\b",
            " https://a",
        ] {
            assert!(BaseUrl::parse(text).is_err(), "{text}");
        }
    }
}
