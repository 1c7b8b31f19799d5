//! What goes to the origin: its URL, and how the request's headers change on the way.

use std::fmt::Write as _;

use super::head::RequestHead;
use super::path::Path;
use crate::base_url::BaseUrl;
use crate::jose::Json;
use crate::verifier::Verified;

/// How requests are sent on, from the settings.
#[derive(Clone, Debug)]
pub(super) struct Forwarding {
    pub(super) origin: BaseUrl,
    /// Whether the origin gets the bearer token too
    pub(super) authorization: bool,
    /// Claims and the headers, in lower case, that carry them
    pub(super) claim_headers: Vec<(String, String)>,
}

impl Forwarding {
    /// Forged identity headers are removed from every request, whoever sends it.
    pub(super) fn forward(
        &self,
        head: &RequestHead,
        path: &Path,
        user: Option<&Verified>,
        request_id: &str,
    ) -> Forward {
        let mut edits: Vec<_> = head
            .headers()
            .iter()
            .filter(|(name, _)| self.is_removed(head, name))
            .map(|(name, _)| HeaderEdit::Remove(name.clone()))
            .collect();
        let mut set = |name: &str, value: String| edits.push(HeaderEdit::Set(name.into(), value));
        set("x-request-id", request_id.to_owned());
        if let Some(user) = user {
            set("x-edge-user", header_value(user.user()));
            for (claim, header) in &self.claim_headers {
                if let Some(value) = user.claims().claim(claim).and_then(claim_value) {
                    set(header, value);
                }
            }
        }
        Forward { url: self.url(head, path), edits }
    }

    fn url(&self, head: &RequestHead, path: &Path) -> String {
        let mut url = format!("{}{}", self.origin, path.encoded());
        if let Some(query) = head.query() {
            url.push('?');
            url.push_str(query);
        }
        url
    }

    fn is_removed(&self, head: &RequestHead, name: &str) -> bool {
        is_identity(name)
            || self.claim_headers.iter().any(|(_, header)| same_name(header, name))
            || (name == "authorization" && !self.authorization)
            || HOP_BY_HOP.contains(&name)
            || is_named_by_connection(head, name)
    }
}

/// A request to the origin.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Forward {
    /// The absolute URL
    pub url: String,
    /// What to do to the headers, in this order
    pub edits: Vec<HeaderEdit>,
}

impl Forward {
    /// The edits as they cross to the host, one to a line: a name to remove, or `name: value` to
    /// set. Names and values hold neither colons followed by a space, nor line breaks.
    pub fn edits_as_text(&self) -> String {
        let mut text = String::new();
        for edit in &self.edits {
            match edit {
                HeaderEdit::Remove(name) => writeln!(text, "{name}"),
                HeaderEdit::Set(name, value) => writeln!(text, "{name}: {value}"),
            }
            .expect("writing to a String does not fail");
        }
        text
    }
}

/// A change to one header; names are in lower case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum HeaderEdit {
    /// Every header of that name goes
    Remove(String),
    /// One header of that name, with this value
    Set(String, String),
}

/// Whether a server that takes `_` for `-`, as CGI's heirs do, sees one name in both.
fn same_name(name: &str, other: &str) -> bool {
    let folded = |name: &str| name.replace('_', "-");
    folded(name) == folded(other)
}

/// Headers in which only the edge may speak.
fn is_identity(name: &str) -> bool {
    name.replace('_', "-").starts_with("x-edge-")
}

/// A header value for any text: printable ASCII as it is, all else, the percent sign and spaces at
/// the ends percent-encoded UTF-8. Two different texts never give the same value.
pub(super) fn header_value(text: &str) -> String {
    let last = text.len().saturating_sub(1);
    let mut value = String::with_capacity(text.len());
    for (i, byte) in text.bytes().enumerate() {
        let space_at_end = byte == b' ' && (i == 0 || i == last);
        match byte {
            b' '..=b'~' if byte != b'%' && !space_at_end => value.push(byte.into()),
            _ => write!(value, "%{byte:02X}").expect("writing to a String does not fail"),
        }
    }
    value
}

/// RFC 9110, section 7.6.1: these speak of one connection.
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
];

/// What `Connection` names goes with it; it must not make the origin's side drop an identity.
fn is_named_by_connection(head: &RequestHead, name: &str) -> bool {
    name != "upgrade"
        && head
            .header("connection")
            .flat_map(|value| value.split(','))
            .any(|named| named.trim().eq_ignore_ascii_case(name))
}

/// Simple values only: an object or an array has no one form in a header.
fn claim_value(claim: &Json) -> Option<String> {
    match claim {
        Json::String(text) => Some(header_value(text)),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarding() -> Forwarding {
        Forwarding {
            origin: BaseUrl::parse("http://origin.example:8000/v1").unwrap(),
            authorization: true,
            claim_headers: vec![("email".into(), "x-user-email".into())],
        }
    }

    fn forward(forwarding: &Forwarding, head: &str) -> Forward {
        let head = RequestHead::parse(head).unwrap();
        let path = Path::parse(head.path()).unwrap();
        forwarding.forward(&head, &path, None, "id")
    }

    #[test]
    fn the_url_is_the_origins_with_the_path_in_one_spelling_and_the_query_untouched() {
        let forward = forward(&forwarding(), "GET\nhttp://edge/%61/b?c=%2F&d\n");
        assert_eq!(forward.url, "http://origin.example:8000/v1/a/b?c=%2F&d");
    }

    #[test]
    fn forged_identity_headers_are_removed_from_a_request_without_a_user_too() {
        let head = "GET\nhttp://edge/\nX-Edge-User: a\nx_edge_user: b\nx-edge-anything: c\n\
                    X-User_Email: d\nx-edged: e\naccept: f";
        let removed: Vec<_> = forward(&forwarding(), head).edits.into_iter().collect();
        let expected = ["x-edge-user", "x_edge_user", "x-edge-anything", "x-user_email"]
            .map(|name| HeaderEdit::Remove(name.into()));
        assert_eq!(removed[..4], expected);
        assert_eq!(removed[4..], [HeaderEdit::Set("x-request-id".into(), "id".into())]);
    }

    #[test]
    fn hop_by_hop_headers_and_what_connection_names_stay_behind() {
        let head =
            "GET\nhttp://edge/\nconnection: close, X-Secret\nx-secret: a\nte: trailers\nx-b: c";
        let text = forward(&forwarding(), head).edits_as_text();
        assert_eq!(text, "connection\nx-secret\nte\nx-request-id: id\n");
    }

    #[test]
    fn the_bearer_token_is_passed_on_only_if_so_set() {
        let head = "GET\nhttp://edge/\nauthorization: Bearer a.b.c";
        assert!(!forward(&forwarding(), head).edits_as_text().contains("authorization"));
        let keeping = Forwarding { authorization: false, ..forwarding() };
        assert!(forward(&keeping, head).edits_as_text().starts_with("authorization\n"));
    }

    #[test]
    fn header_values_are_printable_ascii_and_unique() {
        for (text, value) in [
            ("plain value", "plain value"),
            ("Jürgen", "J%C3%BCrgen"),
            ("a\r\nx-edge-user: b", "a%0D%0Ax-edge-user: b"),
            ("100%", "100%25"),
            ("%41", "%2541"),
            (" a ", "%20a%20"),
            (" ", "%20"),
            ("", ""),
            ("\u{7f}", "%7F"),
        ] {
            assert_eq!(header_value(text), value, "{text:?}");
        }
    }
}
