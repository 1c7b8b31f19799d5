//! The origins that a setting trusts: `https://app.example.com`, those of apps such as
//! `capacitor://localhost`, and patterns such as `https://*.example.com`.

mod domains;

use std::fmt;

use crate::base_url::{BaseUrl, is_host_and_port};
use domains::{is_public_suffix, is_shared};

/// An origin as browsers write it in `Origin` (RFC 6454, section 6.2). Its first label may contain
/// one `*`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct OriginPattern {
    /// In lower case, without a default port: the part before the `*`, or all of it
    start: String,
    /// The part after the `*`
    end: Option<String>,
}

impl OriginPattern {
    /// Parses an origin or a pattern. Letter case does not count.
    ///
    /// # Errors
    /// The reason why it is not a pattern; the text follows its name in a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.matches('*').count() {
            0 => Ok(Self::exact(&exact_origin(text)?)),
            1 => Self::parse_wildcard(text),
            _ => Err("has more than one *".to_owned()),
        }
    }

    /// One origin and no other.
    pub(crate) fn exact(origin: &str) -> Self {
        Self { start: origin.to_ascii_lowercase(), end: None }
    }

    /// Whether the value of an `Origin` header matches.
    pub(crate) fn matches(&self, origin: &str) -> bool {
        matches_parts(&self.start, self.end.as_deref(), origin)
    }

    /// Whether a host and port match, for any scheme. Default ports do not count.
    pub(crate) fn matches_authority(&self, authority: &str) -> bool {
        let start = self.start.split_once("://").map_or("", |(_, start)| start);
        let (start, end) = match &self.end {
            Some(end) => (start, Some(without_default_port(end))),
            None => (without_default_port(start), None),
        };
        matches_parts(start, end, without_default_port(authority))
    }

    /// The shared domain under which strangers can publish a page that matches, if the list
    /// contains it.
    fn shared_domain(&self) -> Option<&str> {
        let (_, domain) = self.end.as_deref()?.split_once('.')?;
        let domain = domain.split(':').next().unwrap_or(domain);
        is_shared(domain).then_some(domain)
    }

    /// A warning about each pattern of a setting that a stranger's page can match.
    pub(crate) fn warnings(setting: &str, origins: &[Self]) -> Vec<String> {
        let shared = origins.iter().filter_map(|origin| Some((origin, origin.shared_domain()?)));
        let warning = |(origin, domain): (&Self, &str)| {
            format!(
                "{setting} names {origin}: any user of {domain} can publish a page whose name matches, and \
                 use your users' sessions from there. Name the pages, or use a domain of your own"
            )
        };
        shared.map(warning).collect()
    }

    fn parse_wildcard(text: &str) -> Result<Self, String> {
        let first = text.split_once("://").and_then(|(_, host)| host.split('.').next());
        if !first.is_some_and(|label| label.contains('*')) {
            return Err(format!("{WILDCARD}: write it in the first label of the host"));
        }
        if first.is_some_and(|label| !label.is_ascii()) {
            return Err(format!("{WILDCARD}: write the label around it in punycode"));
        }
        // with a letter in place of the *, it is an origin
        let origin = exact_origin(&text.replace('*', "x"))?;
        if !is_http(&origin) {
            return Err(format!("{WILDCARD}: only http and https have such hosts"));
        }
        let host = origin.split_once("://").map_or("", |(_, host)| host);
        let (_, domain) = host.split_once('.').unwrap_or_default();
        let domain = domain.split(':').next().unwrap_or(domain);
        // .localhost has no registry
        let is_local = host.split(':').next().is_some_and(|host| host.ends_with(".localhost"));
        if !is_local && (!domain.contains('.') || is_public_suffix(domain)) {
            let rest = "a domain of your own must follow it, such as example.com";
            return Err(format!("{WILDCARD}: {rest}"));
        }
        let lower = text.to_ascii_lowercase();
        let before = lower.split('*').next().unwrap_or_default();
        // a default port is removed
        let end = &origin[before.len() + 1..];
        Ok(Self { start: before.to_owned(), end: Some(end.to_owned()) })
    }
}

const WILDCARD: &str = "has a * where it has no meaning";

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.end {
            Some(end) => write!(f, "{}*{end}", self.start),
            None => f.write_str(&self.start),
        }
    }
}

/// Whether the text is the start, a part of one label, and the end; without an end, only the start.
fn matches_parts(start: &str, end: Option<&str>, text: &str) -> bool {
    let Some(end) = end else { return start.eq_ignore_ascii_case(text) };
    let is_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let middle = text.len().checked_sub(start.len() + end.len()).filter(|length| *length > 0);
    middle.is_some()
        && text.is_ascii()
        && text[..start.len()].eq_ignore_ascii_case(start)
        && text[text.len() - end.len()..].eq_ignore_ascii_case(end)
        && text[start.len()..text.len() - end.len()].bytes().all(is_label)
}

/// One origin in lower case, without a default port.
fn exact_origin(text: &str) -> Result<String, String> {
    if text.eq_ignore_ascii_case("null") {
        return Err(format!("is the origin of {ANY_PAGE}"));
    }
    let (scheme, rest) = text.split_once("://").ok_or("is not an origin: scheme://host")?;
    let scheme = scheme.to_ascii_lowercase();
    if scheme == "http" || scheme == "https" {
        let url = BaseUrl::parse(text)?;
        return match url.path() {
            "" => Ok(url.origin().to_owned()),
            _ => Err("has a path: write the origin only".to_owned()),
        };
    }
    if WITHOUT_ORIGIN.contains(&&*scheme) {
        return Err(format!(
            "has the scheme {scheme}: browsers send \"null\" for it, as for {ANY_PAGE}"
        ));
    }
    if scheme == "ws" || scheme == "wss" {
        return Err("is not the origin of a page: name the page's own origin, with http or https"
            .to_owned());
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if !scheme.starts_with(|c: char| c.is_ascii_lowercase()) || !scheme.bytes().all(plain) {
        return Err("has no valid scheme".to_owned());
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['/', '?', '#', '@']) {
        return Err("has more than a scheme, a host and a port: write the origin only".to_owned());
    }
    match is_host_and_port(rest) {
        true => Ok(format!("{scheme}://{}", rest.to_ascii_lowercase())),
        false => Err("has no valid host".to_owned()),
    }
}

const ANY_PAGE: &str = "every sandboxed page and local file, so that any site could use it";

/// Schemes whose pages have opaque origins (HTML, section 7.1.1).
const WITHOUT_ORIGIN: [&str; 7] =
    ["file", "data", "blob", "javascript", "about", "filesystem", "view-source"];

fn is_http(origin: &str) -> bool {
    origin.starts_with("https://") || origin.starts_with("http://")
}

fn without_default_port(authority: &str) -> &str {
    authority.strip_suffix(":443").or(authority.strip_suffix(":80")).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> OriginPattern {
        OriginPattern::parse(text).unwrap_or_else(|error| panic!("{text} {error}"))
    }

    #[test]
    fn an_origin_matches_only_itself() {
        for (text, origin) in [
            ("https://app.example.com", "https://app.example.com"),
            ("HTTPS://App.Example.com:443/", "https://app.example.com"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("http://tauri.localhost", "http://tauri.localhost"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("ionic://localhost", "ionic://localhost"),
            ("tauri://localhost", "tauri://localhost"),
            ("app://.", "app://."),
            ("app://-", "app://-"),
            ("vscode-webview://1a2b", "vscode-webview://1a2b"),
            (
                "chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb",
                "chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb",
            ),
            (
                "moz-extension://0f8fad5b-d9cb-469f-a165-70867728950e",
                "moz-extension://0f8fad5b-d9cb-469f-a165-70867728950e",
            ),
            (
                "safari-web-extension://0F8FAD5B-D9CB-469F-A165-70867728950E",
                "safari-web-extension://0f8fad5b-d9cb-469f-a165-70867728950e",
            ),
        ] {
            let pattern = pattern(text);
            assert_eq!(pattern.to_string(), origin);
            assert!(pattern.matches(origin) && pattern.matches(&origin.to_uppercase()), "{text}");
            for other in [
                "null",
                "",
                "https://app.example.com.evil.example",
                "http://app.example.com",
                "https://app.example.com:8443",
                "capacitor://localhost:1",
                "https://localhost",
                &format!("{origin}/"),
                &format!("{origin}x"),
            ] {
                assert!(!pattern.matches(other), "{text} and {other}");
            }
        }
    }

    #[test]
    fn a_wildcard_is_a_part_of_one_label() {
        for (text, matching, others) in [
            (
                "https://*.example.com",
                &[
                    "https://a.example.com",
                    "https://A-1.EXAMPLE.com",
                    "https://xn--bcher.example.com",
                ][..],
                &[
                    "https://example.com",
                    "https://.example.com",
                    "https://a.b.example.com",
                    "https://a_b.example.com",
                    "https://a.example.com:8443",
                    "http://a.example.com",
                    "https://a.example.com.evil.example",
                    "https://evil.example/.example.com",
                    "https://evil.example?.example.com",
                    "https://evil.example#.example.com",
                    "https://evil@a.example.com",
                    "https://a:1.example.com",
                    "https://\u{e4}.example.com",
                    "https://aexample.com",
                    "null",
                ][..],
            ),
            (
                "https://preview-*.example.com",
                &["https://preview-1.example.com"],
                &[
                    "https://preview-.example.com",
                    "https://preview.example.com",
                    "https://x.example.com",
                ],
            ),
            (
                "https://app-*-team.vercel.app",
                &["https://app-git-main-team.vercel.app"],
                &["https://app--team.vercel.app.evil.example", "https://app-team.vercel.app"],
            ),
            (
                "https://*.example.com:443",
                &["https://a.example.com"],
                &["https://a.example.com:443"],
            ),
            ("http://*.localhost:3000", &["http://a.localhost:3000"], &["http://a.localhost"]),
            (
                "https://*.example.co.uk",
                &["https://a.example.co.uk"],
                &["https://a.b.example.co.uk"],
            ),
        ] {
            let pattern = pattern(text);
            for origin in matching {
                assert!(pattern.matches(origin), "{text} and {origin}");
            }
            for origin in others {
                assert!(!pattern.matches(origin), "{text} and {origin}");
            }
        }
    }

    #[test]
    fn an_error_says_why_a_text_is_not_an_origin() {
        for (text, why) in [
            ("null", "sandboxed"),
            ("file://", "sandboxed"),
            ("file:///x", "sandboxed"),
            ("data://x", "sandboxed"),
            ("app.example.com", "is not an origin"),
            ("", "is not an origin"),
            ("*", "first label"),
            ("https://a.example.com/x", "has a path"),
            ("capacitor://localhost/x", "write the origin only"),
            ("capacitor://", "no valid host"),
            ("1a://x", "no valid scheme"),
            ("wss://a.example.com", "is not the origin of a page"),
            ("https://*", "of your own"),
            ("https://*.com", "of your own"),
            ("https://*.co.uk", "of your own"),
            ("https://*.com.au", "of your own"),
            ("https://*.in.ua", "of your own"),
            ("https://*.kiev.ua", "of your own"),
            ("https://*.tokyo.jp", "of your own"),
            ("https://*.me.uk", "of your own"),
            ("https://*.id.au", "of your own"),
            ("https://*.0.0.1", "IPv4"),
            ("https://\u{fc}*.example.com", "punycode"),
            ("https://a.*.example.com", "first label"),
            ("https://*a.*.example.com", "more than one"),
            ("https://**.example.com", "more than one"),
            ("*://app.example.com", "first label"),
            ("https*://app.example.com", "first label"),
            ("https://app.example.com:*", "first label"),
            ("https://*.example.com/x", "has a path"),
            ("capacitor://*.localhost", "only http"),
            ("chrome-extension://*", "only http"),
        ] {
            let error = OriginPattern::parse(text).unwrap_err();
            assert!(error.contains(why), "{text} {error}");
        }
    }

    #[test]
    fn authorities_match_without_scheme_and_default_port() {
        let own = pattern("https://*.example.com");
        assert!(
            own.matches_authority("a.example.com") && own.matches_authority("a.example.com:443")
        );
        assert!(!own.matches_authority("a.b.example.com") && !own.matches_authority("example.com"));
        let own = pattern("https://app.example.com");
        assert!(own.matches_authority("App.example.com:80"));
        assert!(!own.matches_authority("app.example.com:8080"));
    }

    #[test]
    fn domains_of_hosting_services_are_known() {
        assert_eq!(pattern("https://*.vercel.app").shared_domain(), Some("vercel.app"));
        assert_eq!(pattern("https://app-*.pages.dev").shared_domain(), Some("pages.dev"));
        assert_eq!(pattern("https://*.app.pages.dev").shared_domain(), None);
        for domain in [
            "csb.app",
            "r2.dev",
            "ngrok-free.dev",
            "gitpod.io",
            "webcontainer.io",
            "loca.lt",
            "repl.co",
            "s3.amazonaws.com",
            "myshopify.com",
            "netlify.com",
            "eu.org",
            "app.github.dev",
            "eu.ngrok.io",
            "ws-eu1.gitpod.io",
            "up.railway.app",
            "workers.dev",
        ] {
            assert_eq!(pattern(&format!("https://*.{domain}")).shared_domain(), Some(domain));
        }
        assert_eq!(pattern("https://*.own-csb.app").shared_domain(), None);
        assert_eq!(pattern("https://app.vercel.app").shared_domain(), None);
        assert_eq!(pattern("https://*.example.com").shared_domain(), None);
        let warnings =
            OriginPattern::warnings("X", &[pattern("https://a"), pattern("https://*.ngrok.io")]);
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].starts_with("X names https://*.ngrok.io: any user of ngrok.io"),
            "{warnings:?}"
        );
    }
}
