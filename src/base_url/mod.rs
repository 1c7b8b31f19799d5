//! Base URLs in settings: `http` or `https`, a host, an optional port and path, and nothing else.

mod domain;
mod host;
mod key_url;
mod network;

use std::fmt;
use std::net::IpAddr;

pub use key_url::KeyUrl;

/// An absolute URL to which the edge appends paths.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BaseUrl {
    origin: String,
    /// Empty, or with a slash at the beginning and none at the end; `/` if the operator has set
    /// the root
    path: String,
}

impl BaseUrl {
    /// Parses a URL as browsers do (URL Standard): lower-cases the scheme, normalizes the
    /// host, and removes a default port and one slash at the end. It rejects what
    /// browsers would repair, because that is probably a mistake.
    ///
    /// # Errors
    /// The reason why it is not a base URL; the text follows its name in a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        no_strays(text)?;
        let (scheme, rest) = text.split_once("://").ok_or_else(|| not_absolute(text))?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => return Err("is neither http nor https".into()),
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        if authority.contains('@') {
            return Err("has a user name or password".into());
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, read_port(port)?),
            _ => (authority, default_port),
        };
        let mut origin = [&scheme, "://", &host::parse(host)?].concat();
        if port != default_port {
            origin.push_str(&format!(":{port}"));
        }
        Ok(Self { origin, path: read_path(path)?.to_owned() })
    }

    /// The same URL with Better Auth's base path (its option `basePath`; `/` for none) as its path.
    ///
    /// # Errors
    /// The reason why it is not a base path, or that the URL has another path already.
    pub fn with_base_path(self, base_path: &str) -> Result<Self, String> {
        if !base_path.starts_with('/') {
            return Err("does not begin with a slash".into());
        }
        no_strays(base_path)?;
        let path = match read_path(base_path)? {
            "" => "/",
            path => path,
        };
        match self.path.is_empty() || self.path == path {
            true => Ok(Self { path: path.to_owned(), ..self }),
            false => Err(["contradicts the path of the base URL, ", &self.path].concat()),
        }
    }

    /// Its origin (RFC 6454): scheme, host, and the port if it is not the default.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Its path without a slash at the end: empty, or with a slash at the beginning.
    pub fn path(&self) -> &str {
        if self.is_root() { "" } else { &self.path }
    }

    /// Whether the operator has set the root as the base path; no path means the default.
    pub fn is_root(&self) -> bool {
        self.path == "/"
    }
}

/// Suggests the URL if the text begins with a host without a scheme: `localhost`, an IP address or
/// a short name with a dot. A path is not repeated, nor a text with upper case letters or a name
/// with digits: it may be a secret that was set by mistake.
fn not_absolute(text: &str) -> String {
    let authority = text.split('/').next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    };
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    let is_local = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    let is_named = is_local || address.is_some() || is_plain_name(host);
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let suggested = is_named && is_lower && port.len() <= 5 && is_host_and_port(authority);
    let (scheme, rest) = match suggested {
        true if is_local || !(port.is_empty() || port.ends_with("443")) => ("http", authority),
        true => ("https", authority),
        false => ("https", "app.example.com"),
    };
    ["is not an absolute URL, such as ", scheme, "://", rest].concat()
}

/// Whether a text is a short name with a dot, of letters only. Keys of services are longer, or
/// contain digits.
fn is_plain_name(host: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || b"-.".contains(&byte);
    host.len() <= 30 && host.contains('.') && host.bytes().all(is_plain)
}

/// Rejects characters that no URL contains, and those that browsers drop or read as a slash.
fn no_strays(text: &str) -> Result<(), String> {
    let stray = text.chars().find(|c| c.is_control() || c.is_whitespace() || STRAYS.contains(*c));
    let what = match stray {
        None => return Ok(()),
        Some('?') => "a query",
        Some('#') => "a fragment",
        Some('\\') => "a backslash",
        Some('"' | '\'' | '`') => "a quote",
        Some(c) if c.is_control() || c.is_whitespace() => "a space, a tab or another blank",
        Some(c) => return Err(format!("has the character {c}")),
    };
    Err(["has ", what].concat())
}

const STRAYS: &str = "?#\\\"'`<>^{|}";

fn read_port(text: &str) -> Result<u16, &'static str> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let digits = text.trim_start_matches('0');
    let port = if digits.is_empty() { Ok(0) } else { digits.parse() };
    port.ok().filter(|_| is_number).ok_or("has no valid port")
}

/// A valid path, without the slash at its end.
fn read_path(text: &str) -> Result<&str, &'static str> {
    let path = text.strip_suffix('/').unwrap_or(text);
    if path.contains("//") || path.ends_with('/') {
        return Err("has a doubled slash");
    }
    let is_dots = |segment: &str| {
        matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
    };
    if path.split('/').any(is_dots) {
        return Err("has . or .. in its path");
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%:@!$&()*+,;=".contains(&byte);
    let is_encoded = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    match path.bytes().all(plain) && path.split('%').skip(1).all(is_encoded) {
        true => Ok(path),
        false => Err("has a path that is not percent-encoded"),
    }
}

impl BaseUrl {
    /// A warning, in one sentence, if an attacker on a public network could replace what the edge
    /// fetches from it: it uses HTTP without TLS, and the host may be public.
    pub fn exposure(&self) -> Option<String> {
        let host_and_port = self.origin.strip_prefix("http://")?;
        let host = match host_and_port.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => host,
            _ => host_and_port,
        };
        (!network::is_private(host)).then(|| [FROM, &self.origin, UNPROTECTED].concat())
    }
}

const FROM: &str = "the keys come from ";
const UNPROTECTED: &str = " without TLS: an attacker on the network can replace them and sign tokens \
                           for any user. Use https";

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path())
    }
}

/// Whether a text is a host with an optional port and nothing else (RFC 3986, section 3.2): no
/// user, path, query, encoding or list.
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

    const BASE_URLS: &str = include_str!("../../tests/vectors/base_urls.json");
    const KEY_URLS: &str = include_str!("../../tests/vectors/key_urls.json");

    #[test]
    fn urls_are_parsed_by_the_url_standard_without_its_repairs() {
        let document = Object::parse(BASE_URLS.as_bytes()).unwrap();
        let cases = document.member("read").and_then(Json::as_array).unwrap();
        for case in cases.iter().filter_map(Json::as_object) {
            let member = |name| case.member(name).and_then(Json::as_str).unwrap();
            let url = BaseUrl::parse(member("url")).map_err(|e| format!("{}: {e}", member("url")));
            let url = url.unwrap();
            assert_eq!((url.origin(), url.path()), (member("origin"), member("path")), "{case:?}");
        }
        let refused = document.member("refused").and_then(Json::as_array).unwrap();
        for text in refused.iter().filter_map(Json::as_str) {
            assert!(BaseUrl::parse(text).is_err(), "{text:?}");
        }
        assert!(cases.len() > 50 && refused.len() > 100);
    }

    #[test]
    fn an_error_says_what_is_wrong() {
        for (text, detail) in [
            ("https:/a", "is not an absolute URL, such as https://app.example.com"),
            ("urn:edge", "is not an absolute URL, such as https://app.example.com"),
            ("auth.example", "is not an absolute URL, such as https://auth.example"),
            ("[::1]:9000", "is not an absolute URL, such as http://[::1]:9000"),
            ("10.0.0.5:8000", "is not an absolute URL, such as http://10.0.0.5:8000"),
            ("auth.example:8443", "is not an absolute URL, such as https://auth.example:8443"),
            ("localhost:9000", "is not an absolute URL, such as http://localhost:9000"),
            ("127.0.0.1", "is not an absolute URL, such as http://127.0.0.1"),
            // these may be secrets, or may contain one
            ("auth.example/x", "is not an absolute URL, such as https://auth.example"),
            ("localhost:9000/x", "is not an absolute URL, such as http://localhost:9000"),
            ("api:8000", "is not an absolute URL, such as https://app.example.com"),
            ("u:p@auth.example", "is not an absolute URL, such as https://app.example.com"),
            ("eyJhbGci.eyJzdWIi.c2ln", "is not an absolute URL, such as https://app.example.com"),
            ("0123456789abcdef", "is not an absolute URL, such as https://app.example.com"),
            ("dp.pt.hunter2hunter2", "is not an absolute URL, such as https://app.example.com"),
            ("dp.pt.hunter_hunter", "is not an absolute URL, such as https://app.example.com"),
            ("john.doe:123456", "is not an absolute URL, such as https://app.example.com"),
            ("john.doe:000001", "is not an absolute URL, such as https://app.example.com"),
            ("127.hunter.two", "is not an absolute URL, such as https://app.example.com"),
            ("[dead:beef]", "is not an absolute URL, such as https://app.example.com"),
            (
                "correct.horse.battery.staple.ab",
                "is not an absolute URL, such as https://app.example.com",
            ),
            ("ftp://a", "is neither http nor https"),
            ("https://a?", "has a query"),
            ("https://a#", "has a fragment"),
            ("https://a\\b", "has a backslash"),
            ("\"https://a\"", "has a quote"),
            ("https://a ", "has a space, a tab or another blank"),
            ("https://u@a", "has a user name or password"),
            ("https://a:x", "has no valid port"),
            ("https://a//", "has a doubled slash"),
            ("https://a/../b", "has . or .. in its path"),
            ("https://a/\u{e4}", "has a path that is not percent-encoded"),
            (
                "https://xn--a",
                "has a host that is not a domain name: write it in punycode (xn--\u{2026})",
            ),
            ("https://a..b", "has no valid host"),
            ("http://256.1.1.1", "has no valid IPv4 address"),
            ("http://[::1", "has no valid IPv6 address"),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap_err(), detail, "{text}");
        }
    }

    #[test]
    fn a_base_path_replaces_no_path_and_never_contradicts_one() {
        let with = |url: &str, path: &str| BaseUrl::parse(url).unwrap().with_base_path(path);
        for (url, base_path, path, is_root) in [
            ("https://a.example", "/", "", true),
            ("https://a.example/", "/", "", true),
            ("https://a.example", "/auth", "/auth", false),
            ("https://a.example/auth", "/auth/", "/auth", false),
        ] {
            let url = with(url, base_path).unwrap();
            assert_eq!((url.path(), url.is_root()), (path, is_root));
            assert_eq!(url.to_string(), format!("https://a.example{path}"));
        }
        for (url, base_path) in [
            ("https://a.example/auth", "/"),
            ("https://a.example/auth", "/api/auth"),
            ("https://a.example", "auth"),
            ("https://a.example", ""),
            ("https://a.example", "//"),
            ("https://a.example", "/a?"),
            ("https://a.example", "/a b"),
            ("https://a.example", "/../a"),
            ("https://a.example", "https://a.example/auth"),
        ] {
            assert!(with(url, base_path).is_err(), "{url} {base_path}");
        }
    }

    #[test]
    fn http_without_tls_is_exposed_if_the_host_may_be_public() {
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
}
