//! Rewrites redirects, so that they lead the client to the edge. An upstream writes its own host
//! into `Location`, and a client may not even reach that.

use std::borrow::Cow;

use crate::base_url::BaseUrl;
use crate::http::edit::HeaderEdit;

/// The edits that replace the upstream's URL with the edge's. `fields` are the response's
/// `location`, `content-location` and `refresh`, each as `name: value` on a line. Ignores other
/// fields. `url` is the request's URL as the client called it.
pub(crate) fn edits(fields: &str, upstream: &BaseUrl, url: &str) -> Vec<HeaderEdit> {
    let rewriter = Rewriter { upstream, edge: edge_origin(url) };
    let named = fields.lines().filter_map(|line| line.split_once(": "));
    let changed = named.filter_map(|(name, value)| {
        let (name, value) = match name {
            "location" => ("location", rewriter.list(value)?),
            "content-location" => ("content-location", rewriter.list(value)?),
            "refresh" => ("refresh", rewriter.refresh(value)?),
            _ => return None,
        };
        Some(HeaderEdit::Set(name.into(), value))
    });
    changed.collect()
}

/// Replaces references to the upstream with references to the edge.
struct Rewriter<'r> {
    upstream: &'r BaseUrl,
    /// The edge's own origin
    edge: &'r str,
}

impl Rewriter<'_> {
    /// A header's value. Hosts join headers with the same name by a comma and a space, which no URL
    /// contains.
    fn list(&self, value: &str) -> Option<String> {
        if !value.contains(", ") {
            return self.reference(value);
        }
        let mut is_changed = false;
        let references = value.split(", ").map(|reference| {
            let changed = self.reference(reference);
            is_changed |= changed.is_some();
            changed.map_or(Cow::Borrowed(reference), Cow::Owned)
        });
        let references: Vec<_> = references.collect();
        is_changed.then(|| references.join(", "))
    }

    /// `5; url=…`, as browsers read it (HTML, section 4.2.5.3, shared declarative refresh steps).
    fn refresh(&self, value: &str) -> Option<String> {
        let is_digit = |c: char| c.is_ascii_digit() || c == '.';
        let rest = value.trim_start().trim_start_matches(is_digit);
        let rest = rest.trim_start();
        let rest = rest.strip_prefix([';', ',']).unwrap_or(rest).trim_start();
        let reference = match rest.split_at_checked(3) {
            Some((name, rest)) if name.eq_ignore_ascii_case("url") => {
                rest.trim_start().strip_prefix('=').map(str::trim_start)
            }
            _ => None,
        };
        let reference = reference.unwrap_or(rest);
        let unquoted = reference.strip_prefix(['"', '\'']);
        let reference = match unquoted {
            Some(rest) => rest.split(&reference[..1]).next().unwrap_or(rest),
            None => reference,
        };
        // `reference` is a slice of `value`
        let start = reference.as_ptr() as usize - value.as_ptr() as usize;
        let changed = self.reference(reference)?;
        Some([&value[..start], &changed, &value[start + reference.len()..]].concat())
    }

    /// A URL reference, as browsers parse it (WHATWG URL): a backslash may replace a slash. `None`
    /// if it does not lead to the upstream.
    fn reference(&self, text: &str) -> Option<String> {
        let text: Cow<'_, str> = match text.contains('\t') {
            true => text.replace('\t', "").into(),
            false => text.into(),
        };
        let text = text.trim_matches(|c: char| c <= ' ');
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_http(scheme) => (Some(scheme), rest),
            _ => (None, text),
        };
        let after_slashes = rest.trim_start_matches(SLASHES);
        match rest.len() - after_slashes.len() {
            0 => None,
            1 if scheme.is_some() => None,
            1 => self.path(rest, true),
            _ => {
                let end = after_slashes.find(['/', '\\', '?', '#']).unwrap_or(after_slashes.len());
                let (authority, rest) = after_slashes.split_at(end);
                let scheme = scheme.or_else(|| Some(self.edge.split_once(':')?.0))?;
                let is_upstream = is_same_server(scheme, authority, self.upstream.origin());
                is_upstream.then(|| self.path(rest, false))?
            }
        }
    }

    /// The edge's path for a path of the upstream, including the query and the fragment.
    fn path(&self, rest: &str, is_relative: bool) -> Option<String> {
        let prefix = self.upstream.path();
        if is_relative && prefix.is_empty() {
            return None;
        }
        let end = rest.find(['?', '#']).unwrap_or(rest.len());
        let (path, rest) = rest.split_at(end);
        let mut path = path.replace('\\', "/");
        if !prefix.is_empty() {
            path = without_dots(&path);
        }
        let path = path.strip_prefix(prefix)?;
        if !path.is_empty() && !path.starts_with('/') {
            return None;
        }
        let path = if path.is_empty() { "/" } else { path };
        // two slashes would begin an authority
        let is_path = is_relative && !path.starts_with("//");
        let edge = if is_path { "" } else { self.edge };
        Some([edge, path, rest].concat())
    }
}

const SLASHES: [char; 2] = ['/', '\\'];

/// The origin of an absolute URL.
fn edge_origin(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |colon| colon + 3);
    let end = url[authority..].find(['/', '?', '#']).map_or(url.len(), |end| authority + end);
    &url[..end]
}

fn is_http(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// Whether an authority, which may begin with a user name, is that of an origin. The schemes may
/// differ: behind a server that terminates TLS, the upstream takes its own URL for `http`.
fn is_same_server(scheme: &str, authority: &str, origin: &str) -> bool {
    let host_and_port = authority.rsplit('@').next().unwrap_or(authority);
    let (own_scheme, own) = origin.split_once("://").unwrap_or_default();
    let (Some((host, port)), Some((own_host, own_port))) =
        (host_and_port_of(scheme, host_and_port), host_and_port_of(own_scheme, own))
    else {
        return false;
    };
    let are_default = port == default_port(scheme) && own_port == default_port(own_scheme);
    host.eq_ignore_ascii_case(own_host) && (port == own_port || are_default)
}

fn host_and_port_of<'a>(scheme: &str, authority: &'a str) -> Option<(&'a str, u16)> {
    match authority.rsplit_once(':') {
        Some((host, "")) => Some((host, default_port(scheme))),
        Some((host, port)) if !port.contains(']') => Some((host, port.parse().ok()?)),
        _ => Some((authority, default_port(scheme))),
    }
}

fn default_port(scheme: &str) -> u16 {
    if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 }
}

/// Removes dot segments from a path (RFC 3986, section 5.2.4), including encoded ones.
fn without_dots(path: &str) -> String {
    let decoded = |segment: &str| segment.replace("%2e", ".").replace("%2E", ".");
    if !path.split('/').any(|segment| matches!(&*decoded(segment), "." | "..")) {
        return path.to_owned();
    }
    let mut segments = Vec::new();
    let mut ends_in_dots = false;
    for segment in path.split('/').skip(1) {
        let decoded = decoded(segment);
        ends_in_dots = matches!(&*decoded, "." | "..");
        match &*decoded {
            "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    if ends_in_dots {
        segments.push("");
    }
    ["/", &segments.join("/")].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The `Location` header for a client that has called `https://edge.example:8443/a/b?c`.
    fn location(origin: &str, value: &str) -> Option<String> {
        header(origin, "location", value)
    }

    fn header(origin: &str, name: &str, value: &str) -> Option<String> {
        let origin = BaseUrl::parse(origin).unwrap();
        let url = "https://edge.example:8443/a/b?c=//d";
        match &edits(&format!("{name}: {value}\n"), &origin, url)[..] {
            [] => None,
            [HeaderEdit::Set(edited, value)] if edited == name => Some(value.clone()),
            other => panic!("{other:?}"),
        }
    }

    const EDGE: &str = "https://edge.example:8443";

    #[test]
    fn a_redirect_to_the_upstream_leads_to_the_edge() {
        for (origin, value, rest) in [
            ("https://api.internal", "https://api.internal/x/", "/x/"),
            ("https://api.internal", "http://api.internal/x/?a=b#c", "/x/?a=b#c"),
            ("http://api.internal", "https://api.internal/x", "/x"),
            ("https://api.internal", "HTTPS://API.Internal:443/X", "/X"),
            ("https://api.internal", "http://api.internal:80/x", "/x"),
            ("https://api.internal", "http://api.internal:443/x", "/x"),
            ("https://api.internal", "https://api.internal:/x", "/x"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000/x", "/x"),
            ("http://api:8000", "https://api:8000/x", "/x"),
            ("http://[::1]:8000", "http://[::1]:8000/x", "/x"),
            ("http://[::1]", "http://[::1]/x", "/x"),
            ("https://api.internal", "https://api.internal", "/"),
            ("https://api.internal", "https://api.internal?a", "/?a"),
            ("https://api.internal", "https://api.internal#a", "/#a"),
            ("https://api.internal", "//api.internal/x", "/x"),
            ("https://api.internal", "https://user:p@ss@api.internal/x", "/x"),
            ("https://api.internal", "https:\\\\api.internal\\x", "/x"),
            ("https://api.internal", "/\\api.internal/x", "/x"),
            ("https://api.internal", "https://api.internal\\@b.example/", "/@b.example/"),
            ("https://api.internal", "  https://api.internal/x ", "/x"),
            ("https://api.internal", "/\t/api.internal/x", "/x"),
            ("https://api.internal", "https://api.internal//b.example", "//b.example"),
            ("https://api.internal/v1", "https://api.internal/v1/x", "/x"),
            ("https://api.internal/v1", "http://api.internal/v1/x?y=/v1/", "/x?y=/v1/"),
            ("https://api.internal/v1", "https://api.internal/v1", "/"),
            ("https://api.internal/v1", "https://api.internal/v1/", "/"),
            ("https://api.internal/v1", "https://api.internal/v1?a", "/?a"),
            ("https://api.internal/v1", "https://api.internal/a/../v1/./x/..", "/"),
            ("https://api.internal/v1", "/v1//b.example/x", "//b.example/x"),
            ("https://api.internal/v1", "/v1\\\\b.example/x", "//b.example/x"),
        ] {
            assert_eq!(location(origin, value), Some([EDGE, rest].concat()), "{value} of {origin}");
        }
    }

    #[test]
    fn paths_lose_the_prefix_of_the_upstreams_url() {
        for (value, path) in [
            ("/v1/x", "/x"),
            ("/v1", "/"),
            ("/v1/", "/"),
            ("/v1?a=b", "/?a=b"),
            ("/v1#a", "/#a"),
            ("/v1/x/../y", "/y"),
            ("/v1/%2E%2e/v1/y", "/y"),
        ] {
            assert_eq!(location("http://api/v1", value).as_deref(), Some(path), "{value}");
        }
    }

    #[test]
    fn a_redirect_elsewhere_is_unchanged() {
        for (origin, value) in [
            ("https://api.internal", "https://b.example/x"),
            ("https://api.internal", "https://api.internal.example/x"),
            ("https://api.internal", "https://api.internal@b.example/x"),
            ("https://api.internal", "https://b.example/https://api.internal/x"),
            ("https://api.internal", "https://b.example?https://api.internal/x"),
            ("https://api.internal", "https://api.internal:8443/x"),
            ("https://api.internal", "https://api.internal:x/x"),
            ("https://api.internal", "https://api.internal:99999/x"),
            ("http://api.internal:8000", "http://api.internal/x"),
            ("http://api.internal:8000", "http://api.internal:8001/x"),
            ("https://api.internal", "ftp://api.internal/x"),
            ("https://api.internal", "https:x"),
            ("https://api.internal", "https:/x"),
            ("https://api.internal", "/x"),
            ("https://api.internal", "/"),
            ("https://api.internal", "x/y"),
            ("https://api.internal", "?page=2"),
            ("https://api.internal", "#a"),
            ("https://api.internal", ""),
            ("https://api.internal", "//b.example/x"),
            ("https://api.internal", "mailto:a@api.internal"),
            ("https://api.internal/v1", "https://api.internal/x"),
            ("https://api.internal/v1", "https://api.internal/v10/x"),
            ("https://api.internal/v1", "https://api.internal/v1/../x"),
            ("https://api.internal/v1", "/v10/x"),
            ("https://api.internal/v1", "/V1/x"),
            ("https://api.internal/v1", "/x"),
            ("https://api.internal/v1", "v1/x"),
        ] {
            assert_eq!(location(origin, value), None, "{value} of {origin}");
        }
    }

    #[test]
    fn content_location_refresh_and_joined_headers_are_rewritten_too() {
        let api = "https://api.internal/v1";
        let seen = |name, value| header(api, name, value);
        assert_eq!(seen("content-location", "/v1/x").as_deref(), Some("/x"));
        assert_eq!(seen("link", "</v1/x>"), None);
        for (value, refresh) in [
            ("5; url=https://api.internal/v1/x", "5; url=https://edge.example:8443/x"),
            ("0;URL='http://api.internal/v1/x'", "0;URL='https://edge.example:8443/x'"),
            ("1.5 , url = \"/v1/x\"; a", "1.5 , url = \"/x\"; a"),
            ("0 /v1/x", "0 /x"),
            ("3;https://api.internal/v1", "3;https://edge.example:8443/"),
        ] {
            assert_eq!(seen("refresh", value).as_deref(), Some(refresh), "{value}");
        }
        for value in ["5", "", "5;", "5; url=", "5; url=\"", "5; url=/x", "\u{fc}; \u{fc}\u{fc}"] {
            assert_eq!(seen("refresh", value), None, "{value}");
        }
        assert_eq!(
            location(api, "/v1/a, https://b.example/v1/b, /v1/c").as_deref(),
            Some("/a, https://b.example/v1/b, /c")
        );
        assert_eq!(location(api, "https://b.example/a, /b"), None);
    }
}
